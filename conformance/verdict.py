"""The rules of judgement: pure functions from values to values.

The lattice only rises.  A requirement takes the highest verdict of its checks::

    not_applicable < pass < waived < warn < not_tested < error < fail

* ``warn`` is a broken SHOULD.
* ``not_tested`` is a selected requirement that no check reached; it counts against the run.
* ``error`` is a defect of the harness or an unreachable target, never the target's fault.  It hides no ``fail``:
  what was seen broken stays broken, whatever could not be looked at besides.

The verdict of a run, and the exit code that tells it to a machine::

    conformant      0   every selected requirement is pass, warn, waived or not_applicable, and one was judged
    non_conformant  1   at least one fail
    incomplete      3   no fail, but something selected was not judged, or the run did not end
    (interrupted)   130 whatever was measured, the user stopped it
    (usage)         2   nothing was run
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum

from conformance.model import CheckResult, Level, Requirement, RunVerdict, Verdict

LATTICE: tuple[Verdict, ...] = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.WAIVED,
    Verdict.WARN,
    Verdict.NOT_TESTED,
    Verdict.ERROR,
    Verdict.FAIL,
)
_RANK = {verdict: rank for rank, verdict in enumerate(LATTICE)}


class ExitCode(IntEnum):
    """What the process tells its caller."""

    CONFORMANT = 0
    NON_CONFORMANT = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERRUPTED = 130


def highest(verdicts: Iterable[Verdict]) -> Verdict:
    """The highest verdict, or ``not_tested`` when there is none: nothing seen is never green."""
    return max(verdicts, key=_RANK.__getitem__, default=Verdict.NOT_TESTED)


def broken(level: Level) -> Verdict:
    """The verdict of a check whose sentence of this level was seen broken (MAY cannot be broken)."""
    return {Level.MUST: Verdict.FAIL, Level.SHOULD: Verdict.WARN, Level.MAY: Verdict.PASS}[level]


def of_requirement(requirement: Requirement, checks: Sequence[CheckResult]) -> tuple[Verdict, str]:
    """The verdict of a requirement, and in one line the reason for it; checks of others say nothing."""
    checks = [check for check in checks if check.requirement == requirement.id]
    verdict = highest(check.outcome for check in checks)
    if not checks:
        return verdict, "no check reached this requirement"
    decisive = [check for check in checks if check.outcome is verdict]
    if verdict is Verdict.PASS:
        seen = sum(check.count for check in checks)
        return verdict, f"{seen} observation{'s' if seen != 1 else ''} agree with it"
    first = decisive[0]
    more = f" (and {len(decisive) - 1} more)" if len(decisive) > 1 else ""
    return verdict, f"{first.name}: {first.message}{more}" if first.message else f"{first.name}{more}"


def of_run(verdicts: Sequence[Verdict], *, finished: bool, whole: bool = True) -> RunVerdict:
    """The verdict of a run over the selected requirements.

    ``finished`` is False when the run was interrupted or the target was lost, ``whole`` when it is one of
    several shards or may only read: such a run may show non-conformance, but never conformance.
    """
    seen = set(verdicts)
    if Verdict.FAIL in seen:
        return RunVerdict.NON_CONFORMANT
    judged = seen - {Verdict.NOT_APPLICABLE, Verdict.NOT_TESTED, Verdict.ERROR}
    if not finished or not whole or not judged or seen & {Verdict.NOT_TESTED, Verdict.ERROR}:
        return RunVerdict.INCOMPLETE
    return RunVerdict.CONFORMANT


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many requirements have each verdict, every verdict named."""
    seen = Counter(verdicts)
    return {verdict.value: seen[verdict] for verdict in LATTICE}


def exit_code(
    verdict: RunVerdict,
    *,
    interrupted: bool = False,
    closed: bool = False,
    part_done: bool = False,
    private: Iterable[Verdict] = (),
) -> ExitCode:
    """The exit code of a run that was judged.

    ``closed`` when a gate is, whatever the verdict.  ``part_done`` when a shard has run its part to the end and
    nothing in it counts against the run: it has done what was asked of it, and merging says what it proves.
    ``private`` are the verdicts of private requirements: what was not judged of them is not green either.
    """
    if interrupted:
        return ExitCode.INTERRUPTED
    if closed:
        return ExitCode.NON_CONFORMANT
    unjudged = not {Verdict.NOT_TESTED, Verdict.ERROR}.isdisjoint(private)
    if unjudged and verdict is not RunVerdict.NON_CONFORMANT:
        return ExitCode.INCOMPLETE
    if part_done and verdict is RunVerdict.INCOMPLETE:
        return ExitCode.CONFORMANT
    return {
        RunVerdict.CONFORMANT: ExitCode.CONFORMANT,
        RunVerdict.NON_CONFORMANT: ExitCode.NON_CONFORMANT,
        RunVerdict.INCOMPLETE: ExitCode.INCOMPLETE,
    }[verdict]
