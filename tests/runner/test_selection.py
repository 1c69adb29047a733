"""A selection by operation runs what is about those operations, and leaves nothing selected without a check."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest

from conformance import resources
from conformance.config import Selection
from conformance.contract.judgement import UNIVERSAL
from conformance.registry import catalogue
from conformance.runner.plugin import about, declare_markers, declared_by, needed_by
from conformance.runner.recorder import HIDDEN
from conformance.runner.selection import Choice
from conformance.runner.surroundings import own_pytest

KNOWN = catalogue()
OPERATIONS = sorted({name for each in KNOWN.requirements.values() for name in each.operations})


@dataclass
class Collected:
    """What pytest finds under ``scenarios/``."""

    items: list[pytest.Item] = field(default_factory=list)

    def pytest_configure(self, config: pytest.Config) -> None:
        declare_markers(config)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = session.items


@pytest.fixture(scope="module")
def scenarios() -> list[pytest.Item]:
    collected = Collected()
    folder = str(resources.scenarios_folder())
    options = ["-c", os.devnull, "--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:terminal"]
    with own_pytest():
        pytest.main(
            [folder, f"--rootdir={folder}", "--collect-only", "-p", "conformance.runner.fixtures", *options],
            plugins=[collected],
        )
    assert len(collected.items) > 250
    return collected.items


def kept(scenarios: list[pytest.Item], *operations: str) -> tuple[set[str], list[pytest.Item]]:
    """What is selected by these operations, and the scenarios that then run."""
    selection = Selection(operations=operations)
    selected = KNOWN.select(selection)
    choice = Choice.of(selected, KNOWN.select(Selection()), UNIVERSAL, frozenset(), operations)
    ran = []
    for item in scenarios:
        declared = declared_by(item)
        areas = {KNOWN.requirements[name].area for name in declared}
        if choice.wants(declared, areas, needed_by(item), about(item)):
            ran.append(item)
    return {each.id for each in selected}, ran


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_selected_by_an_operation_is_left_unchecked(
    scenarios: list[pytest.Item], operation: str
) -> None:
    selected, ran = kept(scenarios, operation)
    assert ran
    checked = {name for item in ran for name in declared_by(item)}
    assert sorted(selected - checked - UNIVERSAL - {HIDDEN}) == []


def test_other_kinds_of_resource_are_left_alone(scenarios: list[pytest.Item]) -> None:
    _, ran = kept(scenarios, "getComputePools")
    names = {item.name for item in ran}
    assert "test_pages[compute-pools]" in names
    assert not {"test_pages[statements]", "test_pages[environments]"} & names
    assert [name for name in names if name.startswith("test_generated_requests")] == [
        "test_generated_requests[getComputePools]"
    ]
