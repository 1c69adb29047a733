"""Private scenarios beside a run: shown and heard, and of no account for the contract."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.certification.merge import exit_code, merge, read_shards
from conformance.errors import ReportError
from conformance.model import RunReport
from conformance.report import document
from conformance.report.evidence import Evidence

from .conftest import Call, Write, environments

ONE = ("--requirement", "CMF-CAT-GET", "--seed", "7")
HOLDS = """
@requirement("{0}")
def test_it(cmf, environment, check):
    answer = cmf.environments.get(environment)
    with check("{0}", "it is there"):
        answer.expect({1})
"""


def read(folder: Path) -> RunReport:
    return document.read(folder / "report.json")


def private(report: RunReport) -> dict[str, str]:
    return {each.requirement.id: each.verdict.value for each in report.private}


def contract(report: RunReport) -> tuple[Any, ...]:
    """All that a report says of the contract, apart from names, ids and times."""
    return (
        report.verdict,
        report.counts,
        [(each.requirement.id, each.verdict, each.reason, len(each.checks)) for each in report.requirements],
        report.coverage,
        report.run["ended"],
    )


def test_the_report_without_them_is_the_same(command: Call, write: Write, url: str, tmp_path: Path) -> None:
    text = HOLDS.format("A-ONE", 200) + HOLDS.format("A-TWO", 418).replace("_it", "_two")
    folder = write("mine", text, A_ONE="MUST", A_TWO="MUST")
    alone = command("run", "--url", url, *ONE, "--report-dir", "alone", "--quiet")
    both = command("run", "--url", url, *ONE, "--report-dir", "both", "--scenarios", folder)
    assert (alone.returncode, both.returncode, both.stderr) == (0, 1, "")
    report = read(tmp_path / "both")
    assert contract(report) == contract(read(tmp_path / "alone"))
    assert private(report) == {"A-ONE": "pass", "A-TWO": "fail"}
    assert report.run["gate"]["closed_by"] == ["Broken private requirements: A-TWO"]
    assert "FAIL A-TWO (MUST, private)" in both.stdout
    assert "\nprivate 2 scenarios in " in both.stdout
    named = {name for each in report.private for check in each.checks for name in check.evidence}
    assert named <= set(Evidence(tmp_path / "both" / "evidence.ndjson"))
    assert report.left_behind == ()
    assert environments(url) == []
    suites = ET.parse(tmp_path / "both" / "junit.xml").getroot()  # noqa: S314 - our own file
    found = {suite.get("name"): suite.get("failures") for suite in suites}
    assert (found["catalogs"], found["private"], found["gate"]) == ("0", "1", "1")
    assert "## Private scenarios (2)" in (tmp_path / "both" / "report.md").read_text("utf-8")
    page = (tmp_path / "both" / "report.html").read_text("utf-8")
    assert '<section id="private"' in page
    assert '<article id="A-TWO" class="fail"' in page
    results = (tmp_path / "both" / "allure-results").glob("*-result.json")
    assert any("A-TWO" in path.read_text("utf-8") for path in results)


ENDS = {
    "a broken SHOULD": (HOLDS.format("A-ONE", 418), "SHOULD", (), "warn", 0),
    "a broken SHOULD that is to close the gate": (
        HOLDS.format("A-ONE", 418),
        "SHOULD",
        ("--fail-on", "should"),
        "warn",
        1,
    ),
    "a defect": ("@requirement('A-ONE')\ndef test_it(cmf): 1 // 0", "MUST", (), "error", 3),
    "a fixture that is not there": (
        "@requirement('A-ONE')\ndef test_it(nobody): pass",
        "MUST",
        (),
        "error",
        3,
    ),
    "a step before it": (
        "@requirement('A-ONE')\ndef test_it(): raise Unmet('no')",
        "MUST",
        (),
        "not_tested",
        3,
    ),
    "an interrupt": (
        "@requirement('A-ONE')\ndef test_it(environment): raise KeyboardInterrupt",
        "MUST",
        (),
        "not_tested",
        130,
    ),
    "a feature that is not there": (
        "@needs_flink\n@requirement('A-ONE')\ndef test_it(): 1 // 0",
        "MUST flink",
        ("--config", "cmf.yaml"),
        "not_applicable",
        0,
    ),
}


@pytest.mark.parametrize(("text", "level", "words", "verdict", "code"), ENDS.values(), ids=list(ENDS))
def test_ends(
    command: Call,
    write: Write,
    url: str,
    tmp_path: Path,
    text: str,
    level: str,
    words: tuple[str, ...],
    verdict: str,
    code: int,
) -> None:
    (tmp_path / "cmf.yaml").write_text("features:\n  flink: false\n")
    folder = write("mine", text, A_ONE=level)
    done = command("run", "--url", url, *ONE, *words, "--scenarios", folder, "--report-dir", "r", "--quiet")
    assert done.returncode == code, done.stdout
    report = read(tmp_path / "r")
    assert private(report) == {"A-ONE": verdict}
    assert report.verdict.value == ("incomplete" if code == 130 else "conformant")
    assert report.counts["pass"] == 1
    assert environments(url) == []


def test_folders_and_modules_of_the_same_name_are_told_apart(
    command: Call, write: Write, url: str, tmp_path: Path
) -> None:
    one = write("a/mine", HOLDS.format("A-ONE", 200), "test_catalogs.py", A_ONE="MUST")
    two = write("b/mine", HOLDS.format("A-TWO", 200), "test_catalogs.py", A_TWO="MUST")
    done = command("run", "--url", url, *ONE, "--scenarios", one, "--scenarios", two, "--report-dir", "r")
    assert done.returncode == 0, done.stdout
    report = read(tmp_path / "r")
    assert private(report) == {"A-ONE": "pass", "A-TWO": "pass"}
    assert [each["folder"] for each in report.run["private"]] == ["mine", "mine-2"]
    assert set(report.run["scenarios"]["part"]) >= {
        "private/mine/test_catalogs.py::test_it",
        "private/mine-2/test_catalogs.py::test_it",
    }
    assert not list(tmp_path.rglob("__pycache__"))


def test_shards_and_workers_judge_them_as_one_process_does(
    command: Call, write: Write, url: str, tmp_path: Path
) -> None:
    names = ["A-ONE", "A-TWO", "A-THREE"]
    text = "".join(HOLDS.format(name, 200).replace("_it", name[1:].replace("-", "_")) for name in names)
    folder = write("mine", text.replace("200", "418", 1), A_ONE="MUST", A_TWO="MUST", A_THREE="MUST")
    run = ("run", "--url", url, *ONE, "--scenarios", folder, "--quiet", "--report-dir")
    assert command(*run, "whole").returncode == 1
    assert command(*run, "workers", "-n", "2").returncode == 1
    assert {command(*run, f"part-{index}", "--shard", f"{index}/2").returncode for index in (1, 2)} == {0, 1}
    whole, workers = read(tmp_path / "whole"), read(tmp_path / "workers")
    parts = [tmp_path / "part-1", tmp_path / "part-2"]
    merged = merge(read_shards(parts))
    assert private(whole) == {"A-ONE": "fail", "A-TWO": "pass", "A-THREE": "pass"}
    assert private(merged) == private(workers) == private(whole)
    assert merged.counts == workers.counts == whole.counts
    assert merged.run["gate"] == whole.run["gate"]
    assert (exit_code(merged), merged.verdict.value) == (1, "conformant")
    assert sum(len(read(part).private) for part in parts) == 3
    other = json.loads((parts[1] / "report.json").read_text())
    other["run"]["private"][0]["sha256"] = "a" * 64
    (parts[1] / "report.json").write_text(json.dumps(other))
    with pytest.raises(ReportError, match="their private scenarios differ"):
        read_shards(parts)


PASSES = "@requirement('{0}')\ndef test_it(check): pass\n"
WRONG = {
    "no folder": ({}, "There is no folder of scenarios at"),
    "no requirements": (
        {"test_a.py": PASSES.format("A-B")},
        "requirements.yaml' can't be read: No such file",
    ),
    "no YAML": ({"requirements.yaml": "requirements: ["}, "requirements.yaml can't be used: "),
    "another shape": ({"requirements.yaml": "requirements: [{id: A-B}]"}, "is wrong at requirements/0: "),
    "an id of the contract": (
        {"requirements.yaml": "CMF-ENV-GET"},
        "declare CMF-ENV-GET, but CMF-... belongs to the contract",
    ),
    "an id twice": ({"requirements.yaml": "A-B A-B"}, "declare A-B twice"),
    "a broken module": (
        {"requirements.yaml": "A-B", "test_a.py": "import nothing_such"},
        "test_a.py can't be read: ModuleNotFoundError: No module named 'nothing_such'",
    ),
    "a module that is no Python": (
        {"requirements.yaml": "A-B", "test_a.py": "def"},
        "test_a.py can't be read: SyntaxError: ",
    ),
    "an unknown marker": (
        {"requirements.yaml": "A-B", "test_a.py": "import pytest\n@pytest.mark.oops\ndef test_a(): pass\n"},
        "'oops' not found in `markers` configuration option",
    ),
    "an unknown id": (
        {"requirements.yaml": "A-B", "test_a.py": PASSES.format("A-C")},
        "test_a.py::test_it checks A-C, which ",
    ),
    "a requirement of the contract": (
        {"requirements.yaml": "A-B", "test_a.py": PASSES.format("CMF-ENV-GET")},
        "test_a.py::test_it checks CMF-ENV-GET, which ",
    ),
    "a test without requirement": (
        {"requirements.yaml": "A-B", "test_a.py": "def test_it(): pass"},
        'test_a.py::test_it has no @requirement("..."), so no report could tell of it',
    ),
    "a requirement without test": (
        {"requirements.yaml": "A-B A-C", "test_a.py": PASSES.format("A-B")},
        "No scenario in ",
    ),
    "no tests": ({"requirements.yaml": "A-B"}, "No scenario in "),
}


@pytest.mark.parametrize(("files", "says"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_told_before_anything_is_sent(
    command: Call, tmp_path: Path, files: dict[str, str], says: str
) -> None:
    workers = ("-n", "2") if says == WRONG["a broken module"][1] else ()
    folder = tmp_path / "mine"
    for name, content in files.items():
        folder.mkdir(exist_ok=True)
        if name == "requirements.yaml" and "requirements" not in content:
            entries = [
                {"id": each, "level": "MUST", "title": "A title", "sentence": "It holds."}
                for each in content.split()
            ]
            content = json.dumps({"requirements": entries})  # noqa: PLW2901
        elif name.endswith(".py"):
            content = f"from conformance.scenario import requirement\n{content}"  # noqa: PLW2901
        (folder / name).write_text(content)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        done = command("run", "--url", url, "--scenarios", folder, "--report-dir", "r", *workers)
        listening.setblocking(False)  # noqa: FBT003 - its name is in the method
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert (done.returncode, done.stdout) == (2, ""), done.stdout
    complaint, hint = done.stderr.splitlines()
    assert says in complaint
    assert hint.startswith("  hint: ")
    assert not (tmp_path / "r").exists()


def test_two_folders_can_not_declare_the_same(command: Call, write: Write) -> None:
    one, two = (write(name, HOLDS.format("A-ONE", 200), A_ONE="MUST") for name in ("one", "two"))
    done = command("run", "--scenarios", one, "--scenarios", two)
    assert (done.returncode, "A-ONE is declared in" in done.stderr) == (2, True)


def test_certify_takes_none(command: Call, write: Write) -> None:
    done = command("certify", "--reference", "--scenarios", write("one", "", A_ONE="MUST"))
    assert (done.returncode, "certify takes no private scenarios" in done.stderr) == (2, True)


def test_the_command_itself_reads_no_conftest_above_them(
    command: Call, write: Write, url: str, tmp_path: Path
) -> None:
    (tmp_path / "conftest.py").write_text("1 // 0")
    folder = write("mine", HOLDS.format("A-ONE", 200), A_ONE="MUST")
    (folder / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef mine(): return 200\n")
    own = HOLDS.format("A-ONE", "mine").replace("check)", "check, mine)")
    write("mine", own, A_ONE="MUST")
    done = command("run", "--url", url, *ONE, "--scenarios", folder, "--report-dir", "r", "--quiet")
    assert (done.returncode, private(read(tmp_path / "r"))) == (0, {"A-ONE": "pass"})


def test_a_run_in_a_project_of_pytest_minds_nothing_of_it(
    command: Call, write: Write, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    folder = write("mine", HOLDS.format("A-ONE", 200), A_ONE="MUST")
    done = command("run", *ONE, "--scenarios", folder, "--report-dir", "r", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
