"""Shards of real runs, merged: exactly the verdicts of one whole run, and nothing that was not one run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.certification.merge import exit_code, merge, read_shards, write
from conformance.errors import ReportError
from conformance.model import RunReport
from conformance.plan import digest
from conformance.report import document
from conformance.report.evidence import Evidence

from .conftest import Call
from .samples import NAME

SELECTED = ("--area", "environments", "--area", "timestamps", "--effort", "quick", "--seed", "7")


def verdicts(report: RunReport) -> dict[str, str]:
    return {each.requirement.id: each.verdict.value for each in report.requirements}


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, forgetful_for_all: str, call_in: Callable[..., Call]
) -> Path:
    """A whole run against a target with a fault, and the same one in two and five shards."""
    folder = tmp_path_factory.mktemp("runs")
    waivers = {
        "waivers": [
            {
                "requirement": name,
                "reason": "fixed in release 3",
                "link": "https://t.example/1",
                "expires": "2999-01-01",
            }
            for name in (NAME, "CMF-ENV-GET")
        ]
    }
    (folder / "waivers.yaml").write_text(json.dumps(waivers))
    call = call_in(folder)
    run = ("run", "--url", forgetful_for_all, "--quiet", *SELECTED)
    for name, more in (
        ("whole", ()),
        *(
            (f"{index}of{count}", ("--shard", f"{index}/{count}"))
            for count in (2, 5)
            for index in range(1, count + 1)
        ),
        ("waived", ("--baseline", "waivers.yaml")),
        ("waived1of2", ("--baseline", "waivers.yaml", "--shard", "1/2")),
        ("waived2of2", ("--baseline", "waivers.yaml", "--shard", "2/2")),
    ):
        done = call(*run, "--report-dir", name, *more)
        assert done.returncode in {0, 1}, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize(
    "parts",
    [["whole"], ["1of2", "2of2"], ["5of5", "1of5", "3of5", "2of5", "4of5"]],
    ids=["1", "2", "5"],
)
def test_merging_gives_the_verdicts_of_one_whole_run(runs: Path, tmp_path: Path, parts: list[str]) -> None:
    whole = document.read(runs / "whole" / "report.json")
    shards = read_shards(runs / part for part in parts)
    merged = merge(shards)
    assert verdicts(merged) == verdicts(whole)
    assert "fail" in verdicts(whole).values()
    assert (merged.verdict, merged.counts) == (whole.verdict, whole.counts)
    assert [pair.status for pair in merged.coverage.pairs] == [pair.status for pair in whole.coverage.pairs]
    write(merged, shards, tmp_path)
    assert document.read(tmp_path / "report.json") == merged
    known = Evidence(tmp_path / "evidence.ndjson")
    named = {name for each in merged.requirements for check in each.checks for name in check.evidence}
    assert named
    assert named <= set(known)
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "junit.xml", "report.md"}


def test_a_shard_says_nothing_of_what_it_did_not_observe_and_proves_nothing(runs: Path) -> None:
    whole = document.read(runs / "whole" / "report.json")
    for count in (2, 5):
        shards = [document.read(runs / f"{index}of{count}" / "report.json") for index in range(1, count + 1)]
        assert all("not_tested" not in verdicts(shard).values() for shard in shards)
        assert any(len(shard.requirements) < len(whole.requirements) for shard in shards)
        assert {shard.verdict.value for shard in shards} <= {"incomplete", "non_conformant"}


def test_waivers_are_judged_over_all_shards(runs: Path) -> None:
    whole = document.read(runs / "waived" / "report.json")
    merged = merge(read_shards([runs / "waived1of2", runs / "waived2of2"]))
    assert verdicts(merged) == verdicts(whole)
    assert merged.run["baseline"]["waivers"] == whole.run["baseline"]["waivers"]
    assert merged.run["gate"] == whole.run["gate"]
    assert [each["state"] for each in whole.run["baseline"]["waivers"]] == ["used", "stale"]
    for index in (1, 2):
        part = document.read(runs / f"waived{index}of2" / "report.json")
        assert part.run["gate"]["closed_by"] == []


def test_the_command(runs: Path, call: Call) -> None:
    done = call("merge", runs / "1of2", runs / "2of2", "--report-dir", "merged", "--quiet")
    assert (done.returncode, done.stderr) == (1, "")
    assert "NOT CONFORMANT" in done.stdout
    gap = call("merge", runs / "1of2", "--report-dir", "other")
    assert (gap.returncode, gap.stdout) == (2, "")
    assert "Shard 2/2 is missing" in gap.stderr


def edited(folder: Path, to: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    shutil.copytree(folder, to)
    report = json.loads((to / "report.json").read_text())
    edit(report)
    (to / "report.json").write_text(json.dumps(report))
    return to


@pytest.mark.parametrize(
    ("part", "key", "value", "says"),
    [
        ("run", "seed", 8, "their seed differ"),
        ("run", "profile", "core", "their profile differ"),
        ("run", "strict", True, "their strictness differ"),
        ("run", "selection", {}, "their selection differ"),
        ("run", "shard", "2/3", "their number of shards differ"),
        ("run", "limits", {"settle": 1}, "their limits differ"),
        ("run", "gate", {"fail_on": "new", "closed_by": []}, "their gate differ"),
        ("harness", "contract_sha256", "a" * 64, "their contract differ"),
        ("harness", "catalogue_sha256", "a" * 64, "their catalogue differ"),
        ("harness", "version", "9", "their harness differ"),
        ("target", "url", "https://another.example", "their target differ"),
        ("target", "declared_features", {}, "their declared features differ"),
    ],
)
def test_shards_of_different_runs_are_refused(
    runs: Path, tmp_path: Path, part: str, key: str, value: object, says: str
) -> None:
    other = edited(runs / "2of2", tmp_path / "other", lambda report: report[part].update({key: value}))
    with pytest.raises(ReportError, match=says):
        read_shards([runs / "1of2", other])


def test_gaps_and_overlaps_are_refused(runs: Path, tmp_path: Path) -> None:
    one, two = runs / "1of2", runs / "2of2"
    with pytest.raises(ReportError, match="Shard 1/2 is there more than once"):
        read_shards([one, two, one])
    with pytest.raises(ReportError, match="Shard 2/2 is missing"):
        read_shards([one])
    with pytest.raises(ReportError, match="their baseline differ"):
        read_shards([one, runs / "waived2of2"])

    def lose(report: dict[str, Any]) -> None:
        report["run"]["scenarios"]["part"].pop()

    with pytest.raises(ReportError, match="have a gap"):
        read_shards([one, edited(two, tmp_path / "gap", lose)])
    first = document.read(one / "report.json").run["scenarios"]["part"][0]

    def take(report: dict[str, Any]) -> None:
        report["run"]["scenarios"]["part"].append(first)

    with pytest.raises(ReportError, match=r"overlap: test_\w+\.py"):
        read_shards([one, edited(two, tmp_path / "overlap", take)])

    def swap(report: dict[str, Any]) -> None:
        report["run"]["scenarios"]["part"][0] = "test_other.py::test_other"

    with pytest.raises(ReportError, match="have a gap"):
        read_shards([one, edited(two, tmp_path / "swap", swap)])


def test_a_shard_that_ended_before_it_had_a_plan_makes_the_whole_incomplete(
    runs: Path, tmp_path: Path
) -> None:
    def end(report: dict[str, Any]) -> None:
        plan = {"planned": 0, "sha256": digest(()), "part": [], "seconds": {}}
        report["run"].update(scenarios=plan, ended="The run was interrupted", interrupted=True)
        report["requirements"] = []

    def clean(report: dict[str, Any]) -> None:
        for requirement in report["requirements"]:
            requirement["checks"] = [each for each in requirement["checks"] if each["outcome"] == "pass"]
        unseen.append(
            report["requirements"].pop(0)["id"]
        )  # how the scenarios are divided is a matter of their durations

    unseen: list[str] = []
    ended = edited(runs / "1of2", tmp_path / "ended", end)
    report = merge(read_shards([ended, edited(runs / "2of2", tmp_path / "clean", clean)]))
    assert (report.verdict.value, exit_code(report)) == ("incomplete", 130)
    assert verdicts(report)[unseen[0]] == "not_tested"
    report = merge(read_shards([ended, runs / "2of2"]))
    assert report.run["ended"] == "shard 1: The run was interrupted"


def test_what_was_judged_otherwise_is_refused(runs: Path, tmp_path: Path) -> None:
    def old(report: dict[str, Any]) -> None:
        report["harness"]["catalogue_sha256"] = "a" * 64

    shards = read_shards([edited(runs / "whole", tmp_path / "old", old)])
    with pytest.raises(ReportError, match="another catalogue than this harness has"):
        merge(shards)
    with pytest.raises(ReportError, match="is the folder of a shard"):
        write(merge(read_shards([runs / "whole"])), read_shards([runs / "whole"]), runs / "whole")
