"""Two reports: what got worse, what got better, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.certification.compare import compare, lines
from conformance.model import RequirementResult, Verdict
from conformance.report import document

from .conftest import Call
from .samples import NAME, POST, judged, report_of

OTHER = "CMF-ENV-GET"


def one(verdict: Verdict) -> RequirementResult:
    return judged(NAME, *([] if verdict is Verdict.NOT_TESTED else [(verdict, POST)]))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (Verdict.PASS, Verdict.FAIL, "failing"),
        (Verdict.WARN, Verdict.FAIL, "failing"),
        (Verdict.NOT_TESTED, Verdict.FAIL, "failing"),
        (Verdict.PASS, Verdict.NOT_TESTED, "unseen"),
        (Verdict.FAIL, Verdict.ERROR, "unseen"),
        (Verdict.FAIL, Verdict.PASS, "fixed"),
        (Verdict.WAIVED, Verdict.PASS, "fixed"),
        (Verdict.WAIVED, Verdict.FAIL, "other"),
        (Verdict.FAIL, Verdict.WAIVED, "other"),
        (Verdict.PASS, Verdict.WAIVED, "other"),
        (Verdict.PASS, Verdict.WARN, "other"),
        (Verdict.NOT_TESTED, Verdict.PASS, "other"),
        (Verdict.NOT_APPLICABLE, Verdict.NOT_TESTED, "other"),
    ],
)
def test_each_change_has_one_kind(old: Verdict, new: Verdict, kind: str) -> None:
    found = compare(report_of(one(old)), report_of(one(new)))
    kinds = {name: len(getattr(found, name)) for name in ("failing", "unseen", "fixed", "other")}
    assert {name for name, count in kinds.items() if count} == {kind}
    assert bool(found.regressions) is (kind in {"failing", "unseen"})


def test_nothing_changed() -> None:
    report = report_of(one(Verdict.FAIL))
    assert list(lines(compare(report, report))) == ["no regression"]


def test_requirements_come_and_go() -> None:
    kept, gone = one(Verdict.PASS), judged(OTHER, (Verdict.FAIL, POST))
    found = compare(report_of(kept), report_of(kept, gone))
    assert (found.added, found.removed, found.regressions) == ((gone,), (), ())
    found = compare(report_of(kept, gone), report_of(kept))
    assert (found.added, found.removed, found.regressions) == ((), (gone,), ())


def test_runs_that_cannot_be_compared_say_so() -> None:
    old = report_of(one(Verdict.PASS))
    new = replace(
        old, run=old.run | {"profile": "core"}, harness=old.harness | {"catalogue_sha256": "c" * 64}
    )
    assert compare(old, new).remarks == (
        "the reports were made with different catalogues of requirements",
        "the runs differ in their profile",
    )


def test_the_command(call: Call, tmp_path: Path) -> None:
    document.write(report_of(one(Verdict.PASS)), tmp_path / "old.json")
    document.write(report_of(one(Verdict.FAIL)), tmp_path / "new.json")
    worse = call("compare", "old.json", "new.json")
    assert (worse.returncode, worse.stderr) == (1, "")
    assert worse.stdout == (
        f"newly failing (1):\n  {NAME}: pass -> fail (a look: it is wrong)\n1 regression\n"
    )
    better = call("compare", "new.json", "old.json")
    assert (better.returncode, "fixed (1)" in better.stdout) == (0, True)
    lost = call("compare", "old.json", "none.json")
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "there is no report" in lost.stderr
