"""The kill matrix: each fault turns exactly the requirements red that it names, and no variation any.

The runs are made side by side in processes of their own, each of which makes many.  A fault is judged among the
requirements on the kinds of resource that it is about.  Without ``--own`` and ``--all`` few faults are run that
together break every requirement, and the variations several at a time.  Sequences are left out: they would turn a requirement red by chance of the seed,
and hide that no scenario does.  The variations are not spared them.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field

import pytest
from chosen import BINDING, COVERING, HELD, TASTES
from runs import Seen, neighbourhood, observe

from conformance.model import Level, Verdict
from conformance.reference.faults import FAULTS
from conformance.reference.variations import VARIATIONS
from conformance.registry import catalogue

RED = (Verdict.FAIL, Verdict.WARN)
AT_ONCE = 2 * (os.cpu_count() or 2) + 1
"""Runs wait for the server longer than they work, so this many keep all processors busy."""


@dataclass
class Runs:
    """The runs that the selected tests need, under way in the background."""

    pool: ProcessPoolExecutor
    faults: dict[str, Future[Seen]] = field(default_factory=dict)
    variations: dict[str, Future[Seen]] = field(default_factory=dict)


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Begin every run that a selected test asks for, in the order of the tests."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(AT_ONCE, mp_context=context) as pool:
        begun = Runs(pool)
        for item in request.session.items:
            parameters = getattr(getattr(item, "callspec", None), "params", {})
            if "taste" in parameters:
                taste = parameters["taste"]
                begun.variations[taste] = pool.submit(observe, (), TASTES[taste])
            elif "fault" in parameters:
                fault = parameters["fault"]
                begun.faults[fault] = pool.submit(
                    observe, [fault], sql=touches_sql(fault), operations=neighbourhood(fault)
                )
        yield begun
        pool.shutdown(cancel_futures=True)


def touches_sql(fault: str) -> bool:
    """Whether a fault breaks a requirement of the statement family; the others are run without it."""
    return any("sql" in catalogue().requirements[name].features for name in FAULTS[fault].breaks)


def shown(seen: Seen, requirements: set[str]) -> str:
    """What was said of some requirements, for a person to read."""
    return "\n".join(
        f"{name}: {message}" for name in sorted(requirements) for message in seen.messages[name][:3]
    )


@pytest.mark.matrix
@pytest.mark.parametrize("taste", TASTES)
def test_taste_is_conformant(runs: Runs, taste: str) -> None:
    seen = runs.variations[taste].result()
    allowed = {name for variation in TASTES[taste] for name in VARIATIONS[variation].warns}
    unexpected = (seen.having(*RED) - allowed) | seen.having(Verdict.ERROR, Verdict.NOT_TESTED)
    assert not unexpected, shown(seen, unexpected)
    assert not seen.having(Verdict.FAIL), shown(seen, seen.having(Verdict.FAIL))
    assert seen.verdict == "conformant"
    assert seen.left_behind == 0


@pytest.mark.matrix
@pytest.mark.parametrize("fault", HELD)
def test_fault_is_caught(runs: Runs, fault: str, record_property: pytest.RecordProperty) -> None:
    seen = runs.faults[fault].result()
    named = set(FAULTS[fault].breaks) & set(seen.verdicts)
    red = seen.having(*RED)
    record_property("red", sorted(red))
    assert named <= red, f"not caught: {sorted(named - red)}\n{shown(seen, red)}"
    assert red <= named, f"red without being named:\n{shown(seen, red - named)}"
    assert not seen.having(Verdict.ERROR), shown(seen, seen.having(Verdict.ERROR))
    binding = {name for name in named if catalogue().requirements[name].level is Level.MUST}
    assert seen.verdict == ("non_conformant" if binding else seen.verdict)
    reason = FAULTS[fault].reason
    told = [message for name in named for message in seen.messages[name]]
    assert any(re.search(reason, message) for message in told), (
        f"another reason than {reason!r}:\n" + "\n".join(told[:5])
    )


@pytest.mark.matrix
def test_every_binding_requirement_has_a_fault_of_its_own() -> None:
    known = catalogue().requirements
    broken = {name for fault in FAULTS.values() for name in fault.breaks}
    assert sorted(BINDING - broken) == []
    assert sorted(broken - set(known)) == []
    assert sorted(BINDING - {fault.breaks[0] for fault in HELD.values()}) == []
    assert sorted(BINDING - {name for fault in COVERING for name in FAULTS[fault].breaks}) == []


@pytest.mark.matrix
def test_every_variation_is_run() -> None:
    assert sorted({name for taste in TASTES.values() for name in taste}) == sorted(VARIATIONS)
