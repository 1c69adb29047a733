"""Sequences as a part of a run: which of them are walked, and what a run makes of what they show."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.config import Features, Limits, Selection, Target
from conformance.model import RunReport
from conformance.reference.launch import ReferenceServer
from conformance.runner.options import Options
from conformance.runner.run import execute

ASKED = ("CMF-APP-LIST-UNKNOWN", "CMF-APP-LIST", "CMF-AGREE-SECRET", "CMF-APP-SUSPEND")
CORE, ALL, RUNS = (
    f"test_sequences.py::test_{word}" for word in ("environments_and_applications", "all_kinds", "what_runs")
)


def certify(folder: Path, *faults: str, features: Features | None = None, **options: Any) -> RunReport:
    with ReferenceServer(faults, pace=0.3) as server:
        target = Target(server.url, features=features or Features(), limits=Limits(settle=2.0, deploy=2.0))
        options = {"selection": Selection(requirements=ASKED), **options}
        chosen = Options(report_dir=folder, seed=3, quiet=True, **options)
        return execute(target, chosen, Console(file=io.StringIO())).report


@pytest.mark.parametrize(
    ("features", "profile", "walked"),
    [
        (Features(), "full", {CORE, ALL, RUNS}),
        (Features(sql=False), "full", {CORE, RUNS}),
        (Features(flink=False), "full", {CORE, ALL}),
        (Features(sql=False, flink=False), "full", {CORE}),
    ],
    ids=["everything", "no sql", "no flink", "neither"],
)
def test_what_the_target_lacks_is_not_walked(
    tmp_path: Path, features: Features, profile: str, walked: set[str]
) -> None:
    selection = Selection(profile=profile, requirements=ASKED)
    report = certify(tmp_path, features=features, selection=selection)
    assert {name for name in report.run["scenarios"]["seconds"] if "test_sequences" in name} == walked
    assert report.verdict.value == "conformant"
    assert report.left_behind == ()
    assert not (tmp_path / "counterexamples").exists()


def test_a_run_can_do_without(tmp_path: Path) -> None:
    report = certify(tmp_path, sequences=False)
    assert not any("test_sequences" in name for name in report.run["scenarios"]["seconds"])
    assert report.verdict.value == "conformant"


def test_what_was_not_reached_after_a_divergence_is_left_to_the_scenarios(tmp_path: Path) -> None:
    report = certify(tmp_path, "env-create-answer-without-defaults")
    verdicts = {result.requirement.id: result.verdict.value for result in report.requirements}
    assert verdicts["CMF-APP-LIST"] == "pass"
    (check,) = (
        check
        for result in report.requirements
        for check in result.checks
        if "test_sequences" in check.scenario and result.requirement.id == "CMF-APP-LIST" and check.message
    )
    assert check.name == "nothing to judge"
    assert check.message == "sequences ended where the target broke CMF-ENV-CREATE"
    (file,) = (tmp_path / "counterexamples").glob("CMF-ENV-CREATE.1.ndjson")
    assert json.loads(file.read_text().splitlines()[0])["request"]["method"] == "POST"
