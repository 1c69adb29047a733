"""Known failures: read from a baseline file, applied to a report, and judged themselves.

A waiver excuses what was seen broken of one requirement, or of one operation of it.  It never excuses what was
not tested.  A waiver that is no longer needed, that has expired, or that names something unknown is reported,
so that the file can only shrink or be renewed by a human.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from conformance import documents
from conformance import verdict as rules
from conformance.errors import ConfigurationError
from conformance.model import CheckResult, RequirementResult, Verdict
from conformance.registry import Catalogue, suggestions
from conformance.report.clean import one_line

BROKEN = frozenset({Verdict.FAIL, Verdict.WARN})
_UNJUDGED = frozenset({Verdict.NOT_APPLICABLE, Verdict.NOT_TESTED, Verdict.ERROR})
_HINT = "docs/ci.md shows a file of waivers"


class State(StrEnum):
    """What a run has shown of a waiver."""

    USED = "used"
    """It excused a failure."""
    STALE = "stale"
    """What it excuses was looked at and is not broken."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """It names a requirement or an operation that does not exist."""
    NOT_JUDGED = "not_judged"
    """What it is about was not selected or not looked at."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One known failure."""

    requirement: str
    reason: str
    link: str
    expires: date
    """The last day, in UTC, on which the failure is excused."""
    operation: str | None = None

    def __str__(self) -> str:
        return f"{self.requirement} on {self.operation}" if self.operation else self.requirement

    def covers(self, check: CheckResult) -> bool:
        """Whether the check is one that this waiver speaks of."""
        return check.requirement == self.requirement and self.operation in {None, check.operation}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A file of waivers."""

    file: str
    sha256: str
    waivers: tuple[Waiver, ...]

    def document(self, states: Mapping[Waiver, State]) -> dict[str, Any]:
        """The baseline as it stands in a report, with what the run has shown of each waiver."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "waivers": [
                {
                    "requirement": waiver.requirement,
                    "operation": waiver.operation,
                    "reason": waiver.reason,
                    "link": waiver.link,
                    "expires": waiver.expires.isoformat(),
                    "state": states[waiver].value,
                }
                for waiver in self.waivers
            ],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Baseline:
        """The baseline that a valid report holds."""
        return cls(
            document["file"], document["sha256"], tuple(_waiver(entry) for entry in document["waivers"])
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a selection a run has looked at, so that waivers are judged among nothing else."""

    operations: tuple[str, ...] = ()
    """The operations that were selected; empty means all."""
    finished: bool = True
    """False when the run ended early or is one shard: what is not broken so far may still be."""


def read(file: Path) -> Baseline:
    """The waivers in a file.

    Raises ``ConfigurationError`` when it can't be read, breaks its schema, has a day that is none, or says the
    same thing twice.
    """
    content = documents.read(file, "The baseline", "--baseline names a YAML file")
    document = documents.parse(content, f"The baseline {file}", "waivers", _HINT)
    waivers: dict[tuple[str, str | None], Waiver] = {}
    for at, entry in enumerate(document["waivers"]):
        try:
            waiver = _waiver(entry)
        except ValueError as error:
            raise ConfigurationError(
                f"The baseline {file} is wrong at waivers/{at}/expires: {error}", "a day such as 2027-01-31"
            ) from error
        if (waiver.requirement, waiver.operation) in waivers:
            raise ConfigurationError(f"The baseline {file} waives {waiver} twice", "keep one of them")
        waivers[waiver.requirement, waiver.operation] = waiver
    return Baseline(str(file), hashlib.sha256(content).hexdigest(), tuple(waivers.values()))


def apply(
    results: Iterable[RequirementResult], waivers: Iterable[Waiver], today: date
) -> tuple[RequirementResult, ...]:
    """The results with what living waivers excuse as ``waived``."""
    living = [waiver for waiver in waivers if waiver.expires >= today]
    return tuple(_excused(result, living) for result in results)


def lifted(results: Iterable[RequirementResult]) -> tuple[RequirementResult, ...]:
    """The results as they were before waivers were applied."""
    return tuple(_lifted(result) for result in results)


def states(
    waivers: Iterable[Waiver],
    results: Iterable[RequirementResult],
    known: Catalogue,
    today: date,
    scope: Scope,
) -> dict[Waiver, State]:
    """What a run has shown of each waiver; ``results`` are those before waivers were applied."""
    found = {result.requirement.id: result for result in results}
    return {waiver: _state(waiver, found.get(waiver.requirement), known, today, scope) for waiver in waivers}


def complaints(judged: Mapping[Waiver, State], known: Catalogue) -> Iterator[str]:
    """One line for each waiver that must be looked at."""
    for waiver, state in judged.items():
        if state is State.STALE:
            yield f"The waiver of {waiver} is not needed: it no longer fails; remove it"
        elif state is State.EXPIRED:
            yield f"The waiver of {waiver} expired on {waiver.expires}: {waiver.link}"
        elif state is State.UNKNOWN and waiver.requirement not in known.requirements:
            yield _unknown("requirement", waiver.requirement, known.requirements)
        elif state is State.UNKNOWN:
            yield f"{_unknown('operation', waiver.operation or '', _operations(known))}, for {waiver.requirement}"


def _unknown(what: str, name: str, names: Iterable[str]) -> str:
    close = suggestions(name, names)
    return f"A waiver names the unknown {what} {one_line(name, 100)}" + (
        f"; did you mean {' or '.join(close)}?" if close else ""
    )


def _waiver(entry: Mapping[str, Any]) -> Waiver:
    return Waiver(
        requirement=entry["requirement"],
        operation=entry.get("operation"),
        reason=entry["reason"],
        link=entry["link"],
        expires=date.fromisoformat(entry["expires"]),
    )


def _operations(known: Catalogue) -> frozenset[str]:
    return frozenset(name for requirement in known.requirements.values() for name in requirement.operations)


def _state(
    waiver: Waiver, result: RequirementResult | None, known: Catalogue, today: date, scope: Scope
) -> State:
    named = waiver.operation is None or waiver.operation in _operations(known)
    if waiver.requirement not in known.requirements or not named:
        return State.UNKNOWN
    if result is None or (scope.operations and waiver.operation and waiver.operation not in scope.operations):
        return State.NOT_JUDGED
    if waiver.expires < today:
        return State.EXPIRED
    if any(waiver.covers(check) and check.outcome in BROKEN for check in result.checks):
        return State.USED
    if not scope.finished or result.verdict in _UNJUDGED or not _whole(waiver, result, scope):
        return State.NOT_JUDGED
    return State.STALE


def _whole(waiver: Waiver, result: RequirementResult, scope: Scope) -> bool:
    """Whether a selection by operation leaves nothing out of what the waiver excuses."""
    if not scope.operations or waiver.operation:
        return True
    about = set(result.requirement.operations)
    return bool(about) and about <= set(scope.operations)


def _excused(result: RequirementResult, living: list[Waiver]) -> RequirementResult:
    used: list[Waiver] = []
    checks: list[CheckResult] = []
    for check in result.checks:
        waiver = next((each for each in living if each.covers(check)), None)
        if waiver is None or check.outcome not in BROKEN:
            checks.append(check)
            continue
        checks.append(replace(check, outcome=Verdict.WAIVED))
        used.append(waiver)
    if not used:
        return result
    verdict, reason = rules.of_requirement(result.requirement, checks)
    if verdict is Verdict.WAIVED:
        excuses = "; ".join(
            f"until {waiver.expires}: {one_line(waiver.reason, 300)} ({one_line(waiver.link, 300)})"
            for waiver in dict.fromkeys(used)
        )
        reason = f"excused {excuses}. {reason}"
    return replace(result, verdict=verdict, reason=reason, checks=tuple(checks))


def _lifted(result: RequirementResult) -> RequirementResult:
    if all(check.outcome is not Verdict.WAIVED for check in result.checks):
        return result
    outcome = rules.broken(result.requirement.level)
    checks = tuple(
        replace(check, outcome=outcome) if check.outcome is Verdict.WAIVED else check
        for check in result.checks
    )
    verdict, reason = rules.of_requirement(result.requirement, checks)
    return replace(result, verdict=verdict, reason=reason, checks=checks)
