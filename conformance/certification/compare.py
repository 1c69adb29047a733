"""What changed between two reports: what broke, what was repaired, what was added and removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.model import RequirementResult, RunReport, Verdict
from conformance.report.clean import one_line
from conformance.report.wording import LABEL, plural

_BROKEN = frozenset({Verdict.FAIL, Verdict.WAIVED})
_UNSEEN = frozenset({Verdict.NOT_TESTED, Verdict.ERROR})
_SAME = ("profile", "selection", "strict", "mode", "shard")


@dataclass(frozen=True, slots=True)
class Change:
    """One requirement that both reports judge, differently."""

    old: RequirementResult
    new: RequirementResult

    def __str__(self) -> str:
        rule = self.new.requirement
        reason = one_line(self.new.reason, 300)
        return f"{rule.id}: {LABEL[self.old.verdict]} -> {LABEL[self.new.verdict]} ({reason})"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between two reports, the older one first."""

    failing: tuple[Change, ...]
    """A MUST that was not broken is, and no waiver excuses it: a regression."""
    unseen: tuple[Change, ...]
    """What was judged no longer is: a regression as well, as anything may hide in it."""
    fixed: tuple[Change, ...]
    """A MUST that was broken, excused or not, no longer is."""
    other: tuple[Change, ...]
    """Any other verdict that is no longer the same."""
    added: tuple[RequirementResult, ...]
    removed: tuple[RequirementResult, ...]
    remarks: tuple[str, ...]
    """In what else the two runs differ, so that the changes may not be of the target's making."""

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What must not happen between two releases."""
        return (*self.failing, *self.unseen)


def compare(old: RunReport, new: RunReport) -> Comparison:
    """What changed from an older report to a newer one."""
    before = {result.requirement.id: result for result in old.requirements}
    after = {result.requirement.id: result for result in new.requirements}
    changes = [
        Change(before[name], result)
        for name, result in after.items()
        if name in before and before[name].verdict is not result.verdict
    ]
    failing = tuple(each for each in changes if _newly_failing(each))
    unseen = tuple(
        each
        for each in changes
        if each.new.verdict in _UNSEEN and each.old.verdict not in _UNSEEN | {Verdict.NOT_APPLICABLE}
    )
    fixed = tuple(
        each
        for each in changes
        if each.old.verdict in _BROKEN and each.new.verdict in {Verdict.PASS, Verdict.WARN}
    )
    named = {*failing, *unseen, *fixed}
    return Comparison(
        failing=failing,
        unseen=unseen,
        fixed=fixed,
        other=tuple(each for each in changes if each not in named),
        added=tuple(result for name, result in after.items() if name not in before),
        removed=tuple(result for name, result in before.items() if name not in after),
        remarks=tuple(_remarks(old, new)),
    )


def lines(comparison: Comparison) -> Iterator[str]:
    """The comparison as text, one line a requirement; what needs a reader first comes first."""
    for remark in comparison.remarks:
        yield f"note: {remark}"
    for title, changes in (
        ("newly failing", comparison.failing),
        ("no longer judged", comparison.unseen),
        ("fixed", comparison.fixed),
        ("changed otherwise", comparison.other),
    ):
        if changes:
            yield f"{title} ({len(changes)}):"
            yield from (f"  {change}" for change in changes)
    for title, results in (("added", comparison.added), ("removed", comparison.removed)):
        if results:
            yield f"requirements {title} ({len(results)}):"
            yield from (f"  {each.requirement.id}: {LABEL[each.verdict]}" for each in results)
    worse = len(comparison.regressions)
    yield plural(worse, "regression") if worse else "no regression"


def _newly_failing(change: Change) -> bool:
    """A failure is new when it was not there; one whose waiver has ended was there."""
    return change.new.verdict is Verdict.FAIL and change.old.verdict not in _BROKEN


def _remarks(old: RunReport, new: RunReport) -> Iterator[str]:
    for key, what in (
        ("contract_sha256", "contracts"),
        ("catalogue_sha256", "catalogues of requirements"),
        ("version", "versions of the harness"),
    ):
        if old.harness[key] != new.harness[key]:
            yield f"the reports were made with different {what}"
    for key in _SAME:
        if (old.run.get(key) or None) != (new.run.get(key) or None):
            yield f"the runs differ in their {key}"
    if old.target["declared_features"] != new.target["declared_features"]:
        yield "the targets declare different features"
