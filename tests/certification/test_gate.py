"""The gate of a pipeline: whole runs of the command, with waivers drafted, completed, worn out and wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from conformance.certification import waivers
from conformance.certification.draft import draft
from conformance.certification.gate import Gate
from conformance.certification.waivers import Baseline, Waiver
from conformance.errors import ConfigurationError
from conformance.model import Verdict
from conformance.report import document

from .conftest import Call
from .samples import GET, NAME, POST, judged, report_of

TODAY = datetime.now(UTC).date()
SELECTED = (
    *("--requirement", NAME, "--requirement", "CMF-ENV-GET", "--effort", "quick"),
    *("--quiet", "--report-dir", "report"),
)


def test_a_draft_is_refused_until_it_is_completed(tmp_path: Path) -> None:
    report = report_of(
        judged(NAME, (Verdict.FAIL, POST), (Verdict.FAIL, POST), (Verdict.FAIL, GET)),
        judged("CMF-ENV-GET", (Verdict.FAIL, None), (Verdict.FAIL, GET)),
        judged("CMF-ENV-CREATE", (Verdict.PASS, POST)),
    )
    file = tmp_path / "waivers.yaml"
    file.write_text(draft(report, TODAY))
    with pytest.raises(ConfigurationError, match="wrong at waivers/0/reason"):
        waivers.read(file)
    file.write_text(
        file.read_text()
        .replace('reason: ""', "reason: fixed in release 3")
        .replace('link: ""', "link: https://tracker.example/17")
    )
    known = waivers.read(file).waivers
    assert [(each.requirement, each.operation) for each in known] == [
        (NAME, POST),
        (NAME, GET),
        ("CMF-ENV-GET", None),
    ]
    assert {each.expires for each in known} == {TODAY + timedelta(days=30)}
    assert draft(report_of(judged(NAME, (Verdict.PASS, POST))), TODAY).endswith("\nwaivers: []\n")


def test_a_draft_keeps_what_was_known_and_is_still_needed() -> None:
    known = Waiver(NAME, 'it is "slow"', "https://tracker.example/17", TODAY, POST)
    gone = Waiver("CMF-ENV-CREATE", "it was slow once", "https://tracker.example/18", TODAY)
    report = report_of(
        judged(NAME, (Verdict.FAIL, POST), (Verdict.FAIL, GET)),
        judged("CMF-ENV-CREATE", (Verdict.PASS, POST)),
    )
    after = Gate(baseline=Baseline("w", "a" * 64, (known, gone))).settle(report, finished=True)
    entries = yaml.safe_load(draft(after, TODAY))["waivers"]
    assert [(each["operation"], each["reason"]) for each in entries] == [(POST, 'it is "slow"'), (GET, "")]


def test_hostile_words_stay_in_their_comment() -> None:
    result = judged(NAME, (Verdict.FAIL, POST))
    (check,) = result.checks
    object.__setattr__(check, "message", "x\nwaivers: []\r\n\u2028- requirement: CMF-ENV-GET\x1b[2J")
    text = draft(report_of(result), TODAY)
    assert len(yaml.safe_load(text)["waivers"]) == 1
    assert "\x1b" not in text


def test_the_life_of_a_baseline(call: Call, forgetful: str, tmp_path: Path) -> None:
    target = ("--url", forgetful)
    assert call("run", *target, *SELECTED).returncode == 1
    drafted = call("baseline", "report/report.json", "--output", "waivers.yaml")
    assert (drafted.returncode, drafted.stdout) == (0, "waivers.yaml\n")
    assert call("baseline", "report/report.json").stdout == (tmp_path / "waivers.yaml").read_text()
    assert call("baseline", "report/report.json", "--output", "waivers.yaml").returncode == 2

    before = (tmp_path / "report" / "report.json").read_bytes()
    unfinished = call("run", *target, *SELECTED, "--baseline", "waivers.yaml")
    assert (unfinished.returncode, "wrong at waivers/0/reason" in unfinished.stderr) == (2, True)
    assert (tmp_path / "report" / "report.json").read_bytes() == before

    file = tmp_path / "waivers.yaml"
    file.write_text(
        file.read_text()
        .replace('reason: ""', "reason: fixed in release 3")
        .replace('link: ""', "link: https://tracker.example/17")
    )
    opened = call("run", *target, *SELECTED, "--baseline", "waivers.yaml")
    assert (opened.returncode, "CONFORMANT EXCEPT FOR WAIVERS" in opened.stdout) == (0, True)
    report = document.read(tmp_path / "report" / "report.json")
    assert {each.requirement.id: each.verdict for each in report.requirements} == {
        NAME: Verdict.WAIVED,
        "CMF-ENV-GET": Verdict.PASS,
    }
    assert all(each["state"] == "used" for each in report.run["baseline"]["waivers"])

    file.write_text(file.read_text().replace(f"{TODAY + timedelta(days=30)}", "2026-01-01"))
    expired = call("run", *target, *SELECTED, "--baseline", "waivers.yaml")
    assert (expired.returncode, "expired on 2026-01-01" in expired.stdout) == (1, True)


def test_a_waiver_that_is_not_needed_closes_the_gate_of_a_conformant_target(
    call: Call, tmp_path: Path
) -> None:
    entry = {
        "requirement": NAME,
        "reason": "fixed in release 3",
        "link": "https://tracker.example/17",
        "expires": str(TODAY),
    }
    (tmp_path / "waivers.yaml").write_text(json.dumps({"waivers": [entry]}))
    closed = call("run", *SELECTED, "--baseline", "waivers.yaml")
    assert closed.returncode == 1
    assert "CONFORMANT, BUT THE GATE IS CLOSED" in closed.stdout
    assert f"The waiver of {NAME} is not needed" in closed.stdout
    assert call("run", *SELECTED, "--baseline", "waivers.yaml", "--fail-on", "new").returncode == 0
    assert (
        call("run", "--requirement", "CMF-ENV-GET", "--quiet", "--baseline", "waivers.yaml").returncode == 0
    )


def test_only_new_failures_needs_a_baseline(call: Call, tmp_path: Path) -> None:
    done = call("run", "--fail-on", "new")
    assert (done.returncode, "needs a baseline" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
