"""The example in docs/, run both ways."""

from __future__ import annotations

from pathlib import Path

from conformance.report import document

from .conftest import EXAMPLE, Call, environments

ANY = ("--requirement", "CMF-CAT-GET", "--quiet", "--report-dir", "report")
IDS = ["EXAMPLE-APP-LABELS", "EXAMPLE-ENV-QUICK", "EXAMPLE-APP-SUSPENDED"]


def test_under_pytest(plain: Call, url: str, tmp_path: Path) -> None:
    done = plain(EXAMPLE, "--cmf-url", url, config=EXAMPLE / "pyproject.toml")
    assert (done.returncode, "3 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert f"cmf-conformance: target {url}\n" in done.stdout
    assert "resources created, nothing left behind" in done.stdout
    (folder,) = (tmp_path / "cmf-conformance-runs").iterdir()
    assert {each.name for each in folder.iterdir()} == {"ledger.ndjson", "evidence.ndjson"}
    assert environments(url) == []


def test_under_pytest_against_a_server_that_loses_labels(plain: Call, without_labels: str) -> None:
    done = plain(EXAMPLE, "--cmf-url", without_labels, config=EXAMPLE / "pyproject.toml")
    assert (done.returncode, "1 failed, 2 passed" in done.stdout) == (1, True)
    for part in (
        "FAIL EXAMPLE-APP-LABELS (MUST, private)\n  An application is given back with the labels",
        "  check     the labels of a new application\n",
        "  expected  a field metadata.labels\n",
        "    < ",
        "  repeat    curl -i --path-as-is ",
    ):
        assert part in done.stdout, done.stdout
    assert "Traceback" not in done.stdout


def test_beside_a_run(command: Call, url: str, tmp_path: Path) -> None:
    done = command("run", "--url", url, "--scenarios", EXAMPLE, *ANY)
    assert (done.returncode, done.stderr) == (0, "")
    assert "say nothing of the contract: 3 requirements, 3 pass.\n" in done.stdout
    report = document.read(tmp_path / "report" / "report.json")
    assert [each.requirement.id for each in report.requirements] == ["CMF-CAT-GET"]
    assert sum(report.counts.values()) == 1
    assert [(each.requirement.id, each.requirement.area) for each in report.private] == [
        (name, "private") for name in IDS
    ]
    (folder,) = report.run["private"]
    assert (folder["folder"], [each["id"] for each in folder["requirements"]]) == ("example-vendor", IDS)


def test_beside_a_run_against_a_server_that_loses_labels(
    command: Call, without_labels: str, tmp_path: Path
) -> None:
    done = command("run", "--url", without_labels, "--scenarios", EXAMPLE, *ANY)
    assert (done.returncode, done.stderr) == (1, "")
    assert "CONFORMANT, BUT THE GATE IS CLOSED" in done.stdout
    assert "Note: Broken private requirements: EXAMPLE-APP-LABELS\n" in done.stdout
    report = document.read(tmp_path / "report" / "report.json")
    assert (report.verdict.value, report.counts["fail"]) == ("conformant", 0)
    (check,) = report.private[0].checks
    assert check.scenario == "private/example-vendor/test_example.py::test_labels_are_kept"
    assert (check.outcome.value, bool(check.evidence), check.curl[:4]) == ("fail", True, "curl")
