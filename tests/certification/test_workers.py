"""Workers: the verdicts of one process, one report, and nothing left however they end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from conformance.certification.workers import execute
from conformance.cli.worker import command
from conformance.config import Effort, Selection
from conformance.errors import HarnessError
from conformance.reference.launch import ReferenceServer
from conformance.report import document
from conformance.report.evidence import Evidence
from conformance.runner.options import Options
from conformance.settings import load

from .conftest import Call
from .test_merge import SELECTED, verdicts


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    with ReferenceServer(pace=0.1) as started:
        yield started


def environments(url: str) -> list[str]:
    with urlopen(f"{url}/cmf/api/v1/environments?size=100") as answer:  # noqa: S310 - loopback
        return [each["name"] for each in json.load(answer)["items"]]


def test_the_verdicts_of_the_reference_server_are_those_of_one_process(call: Call, tmp_path: Path) -> None:
    whole = call("run", *SELECTED, "--quiet", "--report-dir", "whole")
    split = call("run", *SELECTED, "--workers", "2", "--report-dir", "split")
    assert (whole.returncode, split.returncode, split.stderr) == (0, 0, "")
    one, two = (document.read(tmp_path / name / "report.json") for name in ("whole", "split"))
    assert verdicts(two) == verdicts(one)
    assert (two.verdict, two.counts, two.left_behind) == (one.verdict, one.counts, ())
    assert two.run["limits"] == one.run["limits"]
    assert [each["shard"] for each in two.run["shards"]] == ["1/2", "2/2"]
    named = {name for each in two.requirements for check in each.checks for name in check.evidence}
    assert named <= set(Evidence(tmp_path / "split" / "evidence.ndjson"))
    assert re.search("\n[12]/2 environments ", split.stdout)
    assert split.stdout.count("\nCONFORMANT: ") == 1
    kept = {path.name for path in (tmp_path / "split").iterdir()}
    ledgers = {f"ledger-{each['id']}.ndjson" for each in two.run["shards"]}
    assert kept == {"report.json", "report.html", "report.md", "junit.xml", "evidence.ndjson"} | ledgers | {
        "allure-results"
    }
    results = list((tmp_path / "split" / "allure-results").glob("*-result.json"))
    assert len(results) == one.run["scenarios"]["planned"]


def test_the_verdicts_of_a_server_with_a_fault_are_those_of_one_process(
    call: Call, forgetful: str, tmp_path: Path
) -> None:
    target = ("run", "--url", forgetful, *SELECTED, "--report-dir")
    whole = call(*target, "whole", "--quiet")
    split = call(*target, "split", "-n", "3")
    assert (whole.returncode, split.returncode) == (1, 1)
    one, two = (document.read(tmp_path / name / "report.json") for name in ("whole", "split"))
    assert verdicts(two) == verdicts(one)
    assert two.run["gate"] == one.run["gate"]
    assert "FAIL CMF-ENV-UPDATE" in split.stdout


def test_what_was_generated_is_put_together(call: Call, tmp_path: Path) -> None:
    operations = ("--operation", "getApplicationEvents", "--operation", "createOrUpdateEnvironment")
    selected = ("--requirement", "CMF-ERR-SERVER", *operations, "--seed", "7", "--effort", "quick")
    for name, words in (("whole", ()), ("split", ("-n", "2"))):
        assert call("run", *selected, *words, "--quiet", "--report-dir", name).returncode == 0
    one, two = (document.read(tmp_path / name / "report.json") for name in ("whole", "split"))
    assert {each.operation for each in one.coverage.generated} == set(operations[1::2])
    # Names are numbered by each worker for itself, so the bytes that were sent differ.
    assert [replace(each, sha256="") for each in two.coverage.generated] == [
        replace(each, sha256="") for each in one.coverage.generated
    ]


def test_a_limit_is_one_for_all_workers(call: Call, server: ReferenceServer, tmp_path: Path) -> None:
    (tmp_path / "cmf.yaml").write_text("limits:\n  total_requests: 60\n")
    done = call("run", "--url", server.url, "--config", "cmf.yaml", *SELECTED, "-n", "2", "--report-dir", "r")
    assert done.returncode == 3
    report = document.read(tmp_path / "r" / "report.json")
    assert "the limit of 60 requests is reached" in report.run["ended"]
    cleaning = sum(
        exchange.request.method == "DELETE"
        for exchange in Evidence(tmp_path / "r" / "evidence.ndjson").values()
    )
    assert report.coverage.requests <= 60 + 2 * cleaning + 10
    assert environments(server.url) == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--client-cert", "none.pem"), 2, "none.pem"),
        (("--shard", "1/2"), 2, "shard 1/2 can't have workers"),
        (("--url", "http://127.0.0.1:9"), 3, "can't be reached"),
    ],
)
def test_what_is_wrong_is_said_once(
    call: Call, server: ReferenceServer, tmp_path: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    done = call("run", "--url", server.url, *words, *SELECTED, "-n", "2", "--report-dir", "r", "--quiet")
    assert (done.returncode, done.stderr.count(says)) == (code, 1), done.stderr
    assert (tmp_path / "r").exists() is (code == 3)
    if code == 3:
        assert document.read(tmp_path / "r" / "report.json").counts["error"] > 0


OVERLAP = "Share.of = lambda self, scenarios: frozenset(scenarios)"
LOSS = """
def execute(target, options, console, run=worker.execute):
    outcome = run(target, options, console)
    if str(options.shard) == "2/2":
        while not (outcome.folder.parent / "1" / "report.json").exists():
            time.sleep(0.05)
        (outcome.folder / "report.json").unlink()
    return outcome
worker.execute = execute"""


@pytest.mark.parametrize(
    ("defect", "faulty", "says", "hint"),
    [
        (OVERLAP, True, "could not be merged: The shards overlap: ", "is in {folder}/workers"),
        (OVERLAP, False, "could not be merged: The shards overlap: ", "is in {folder}/workers"),
        (OVERLAP + LOSS, True, "Worker 2/2 ended without a report", "nothing was left on the target"),
    ],
    ids=["overlap", "overlap, nothing broken", "loss"],
)
def test_what_was_seen_broken_is_said_though_there_is_no_merged_report(
    server: ReferenceServer,
    forgetful: str,
    tmp_path: Path,
    defect: str,
    says: str,
    hint: str,
    *,
    faulty: bool,
) -> None:
    *start, program = command()
    own = f"import time\nfrom conformance.certification.shards import Share\n{defect}\nworker.main()"
    selected = Selection(requirements=("CMF-ENV-UPDATE",))
    with pytest.raises(HarnessError) as caught:
        execute(
            load(None, {"url": forgetful if faulty else server.url}),
            Options(selected, report_dir=tmp_path, effort=Effort.QUICK, sequences=False),
            2,
            (*start, program.replace("worker.main()", f"\n{own}")),
            lambda _: None,
        )
    assert says in caught.value.message
    assert hint.format(folder=tmp_path) in caught.value.hint
    assert ("the workers saw CMF-ENV-UPDATE broken" in caught.value.message) is faulty
    assert caught.value.exit_code == (1 if faulty else 3)
    assert {path.name for path in (tmp_path / "workers").iterdir()} >= {"1", "2"}


@contextlib.contextmanager
def running(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "conformance", "run", "--url", url, "--report-dir", folder, "-n", "2"]
    process = subprocess.Popen(
        [*command, "--requests-per-second", "100", "--profile", "core"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(holds: Callable[[], Any], within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def at_work(folder: Path) -> None:
    ledgers = [folder / "workers" / index / "ledger.ndjson" for index in "12"]
    until(lambda: all(each.exists() and each.read_bytes().count(b'"created"') >= 2 for each in ledgers))


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@pytest.mark.parametrize("how", ["Ctrl-C in a terminal", "SIGTERM", "while they start"])
def test_interrupted_workers_clean_up_and_leave_one_report(
    server: ReferenceServer, tmp_path: Path, how: str
) -> None:
    with running(server.url, tmp_path) as process:
        if how == "while they start":
            until(lambda: len(children(process.pid)) == 2)
        else:
            at_work(tmp_path)
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            os.killpg(process.pid, signal.SIGINT)
        said, complaint = process.communicate(timeout=60)
    assert (process.returncode, complaint) == (130, "")
    assert said.count("\nINCOMPLETE: ") == 1
    report = document.read(tmp_path / "report.json")
    assert (report.run["interrupted"], report.verdict.value, report.left_behind) == (True, "incomplete", ())
    assert bool(report.created) is (how != "while they start")
    assert environments(server.url) == []


def test_a_worker_that_is_killed_ends_the_others_and_says_what_to_do(
    server: ReferenceServer, tmp_path: Path
) -> None:
    with running(server.url, tmp_path) as process:
        at_work(tmp_path)
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 3
    ledger = tmp_path / "workers" / "1" / "ledger.ndjson"
    assert complaint.startswith("cmf-conformance: Worker 1/2 ended without a report (exit code -9)\n")
    assert f"cmf-conformance cleanup {ledger}\n" in complaint
    done = subprocess.run([sys.executable, "-m", "conformance", "cleanup", ledger], timeout=60, check=False)
    assert done.returncode == 0
    assert environments(server.url) == []


def test_workers_that_lose_their_run_clean_up(server: ReferenceServer, tmp_path: Path) -> None:
    with running(server.url, tmp_path) as process:
        at_work(tmp_path)
        workers = children(process.pid)
        process.kill()
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert environments(server.url) == []
    reports = [document.read(tmp_path / "workers" / index / "report.json") for index in "12"]
    assert all(report.run["interrupted"] and not report.left_behind for report in reports)
