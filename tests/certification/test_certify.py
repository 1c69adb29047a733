"""The commands certify and verify, as processes, against real servers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance import verdict
from conformance.certification import bundle
from conformance.certification.finding import ASPECTS
from conformance.model import Verdict
from conformance.reference.launch import ReferenceServer
from conformance.report import document

from .forging import COMMAND, DESCRIBED, Certified, Forged, certify


def call(at: Path, *words: str | Path) -> tuple[int, str]:
    done = subprocess.run([COMMAND, *words], cwd=at, capture_output=True, text=True, timeout=100, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_the_reference_server_is_certified(certified: Certified) -> None:
    assert (certified.code, "Bundle: reports/cmf-2.0/" in certified.said) == (0, True)
    assert {each.name for each in certified.folder.iterdir()} == {*bundle.SIGNED, bundle.ATTESTATION}


def test_certification_has_a_pace_of_its_own_and_no_selection(certified: Certified, tmp_path: Path) -> None:
    limits = document.read(certified.folder / bundle.REPORT).run["limits"]
    assert (limits["max_time"], limits["read_timeout"]) == (1200, 25)
    assert (limits["settle"], limits["requests_per_second"]) == (14, 5000)
    for words in (
        ("--area", "caching"),
        ("--requirement", "CMF-ENV-GET"),
        ("--level", "must"),
        ("--operation", "getEnvironment"),
        ("--baseline", "waivers.yaml"),
        ("--effort", "quick"),
        ("--shard", "1/2"),
    ):
        done = certify(tmp_path, "--reference", *words)
        assert (done.code, "No such option" in done.said) == (2, True), done.said


def test_verify_says_one_line_for_each_aspect(certified: Certified) -> None:
    code, said = call(certified.key.parent, "verify", certified.folder, "--trust", f"{certified.key}.pub")
    assert code == 0
    assert f"\n{said}".count("\nok ") == len(ASPECTS)
    assert "nobody says whose key" not in said
    assert said.endswith("VALID: Example Corp Reference Server 0.1.0, profile core\n")


def test_verify_of_what_is_wrong_and_of_what_is_nothing(forged: Forged, tmp_path: Path) -> None:
    (forged.folder / bundle.HTML).write_text("<script>", "utf-8")
    code, said = call(tmp_path, "verify", forged.folder)
    assert (code, "WRONG   digests: report.html is not the file that was signed" in said) == (1, True)
    assert "\nNOT VALID: " in said
    assert "without --trust nobody says whose key that is" in said
    assert call(tmp_path, "verify", tmp_path / "none")[0] == 2
    assert call(tmp_path, "verify", forged.folder, "--trust", tmp_path / "none")[0] == 2


def test_a_signed_bundle_is_not_replaced_by_mistake(certified: Certified, tmp_path: Path) -> None:
    again = certify(shutil.copytree(certified.key.parent, tmp_path / "again"), "--reference")
    assert (again.code, "holds a signed bundle" in again.said) == (2, True)


@pytest.mark.parametrize(
    ("described", "words", "message"),
    [
        (DESCRIBED, (), "certify needs either --url or --reference"),
        (DESCRIBED.replace("flink: true", "flink: false"), ("--reference",), "declares no flink, but"),
        (DESCRIBED.replace("Example Corp", "../x"), ("--reference",), "is wrong at vendor"),
        (DESCRIBED.replace("contact", "Contact"), ("--reference",), "is wrong at the top"),
        ("[" * 10_000, ("--reference",), "can't be used"),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    tmp_path: Path, described: str, words: tuple[str, ...], message: str
) -> None:
    done = certify(tmp_path, *words, described=described)
    assert (done.code, message in done.said) == (2, True), done.said
    assert not (tmp_path / "reports").exists()


def passed(report: dict[str, Any]) -> None:
    """Every failure edited into a pass, with all that follows from it."""
    for each in report["requirements"]:
        for check in each["checks"]:
            if check["outcome"] == "fail":
                check.update(outcome="pass", message="", expected="", got="", curl="")
    for each, result in zip(report["requirements"], document.from_document(report).requirements, strict=True):
        if each["verdict"] == "fail":
            outcome, each["reason"] = verdict.of_requirement(result.requirement, result.checks)
            each["verdict"] = str(outcome)
    report["counts"] = verdict.counts(Verdict(each["verdict"]) for each in report["requirements"])
    report["verdict"] = "conformant"


@pytest.mark.parametrize(
    ("fault", "aspect", "message"),
    [
        # One exchange shows it by itself; the other only to who knows what was sent before.
        ("env-secrets-array", "replay", "CMF-ENV-SCHEMA is fail by x"),
        (
            "env-update-lost-on-second",
            "again",
            "CMF-ENV-UPDATE is said to be pass, its evidence makes it fail: ",
        ),
    ],
)
def test_a_server_with_a_fault_gets_a_report_but_no_attestation_and_cannot_forge_one(
    tmp_path: Path, fault: str, aspect: str, message: str
) -> None:
    described = DESCRIBED.replace("authentication: true", "authentication: false")
    with ReferenceServer(faults=[fault], pace=0.1) as server:
        done = certify(tmp_path, "--url", server.url, described=described)
    assert (done.code, "not certified: verdict: " in done.said) == (1, True)
    assert {each.name for each in done.folder.iterdir()} == set(bundle.SIGNED)
    assert json.loads((done.folder / bundle.REPORT).read_text("utf-8"))["verdict"] == "non_conformant"
    assert call(tmp_path, "verify", done.folder)[0] == 1
    forged = Forged(done.folder, done.key)
    forged.edit(passed)
    wrong = forged.wrong(again=True)
    assert set(wrong) == {aspect}
    assert wrong[aspect].startswith(message)
