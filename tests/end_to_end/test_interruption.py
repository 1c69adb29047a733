"""Runs that are ended from outside leave nothing on the target, or a ledger that is enough to remove it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer
from conformance.report.document import read
from conformance.target.ledger import Ledger

from .conftest import COMMAND
from .people import at_rest, everything, settle_in


@contextlib.contextmanager
def running(url: str, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [COMMAND, "run", "--url", url, "--report-dir", folder, "--requests-per-second", "150", *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def half_way(process: subprocess.Popen[str], folder: Path) -> None:
    """Wait until the run has things on the target."""
    deadline = time.monotonic() + 60
    ledger = folder / "ledger.ndjson"
    while not (ledger.exists() and ledger.read_bytes().count(b'"created"') >= 6):
        assert process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "it created nothing"
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_run_that_is_interrupted_leaves_nothing_but_its_report(
    server: ReferenceServer, tmp_path: Path, number: int
) -> None:
    settle_in(server.url)
    before = at_rest(server.url)
    with running(server.url, tmp_path) as process:
        half_way(process, tmp_path)
        process.send_signal(number)
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in complaint
    assert "INCOMPLETE" in said
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (document["complete"], document["verdict"]) == (True, "incomplete")
    assert document["run"]["interrupted"] is True
    assert document["created"]
    assert document["left_behind"] == []
    assert "The run was interrupted" in document["notes"]
    assert read(tmp_path / "report.json").verdict == "incomplete"
    assert (tmp_path / "report.html").exists()
    assert everything(server.url) == before


def test_an_impatient_user_still_gets_a_report(server: ReferenceServer, tmp_path: Path) -> None:
    with running(server.url, tmp_path) as process:
        half_way(process, tmp_path)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    with contextlib.closing(Ledger.read(tmp_path / "ledger.ndjson")) as ledger:
        assert {each["path"] for each in document["left_behind"]} == {each.path for each in ledger.open}


def test_cleanup_finishes_what_a_killed_run_left(server: ReferenceServer, tmp_path: Path) -> None:
    settle_in(server.url)
    before = at_rest(server.url)
    with running(server.url, tmp_path) as process:
        half_way(process, tmp_path)
        process.kill()
        process.wait(20)
    assert not (tmp_path / "report.json").exists()
    assert everything(server.url) != before, "it was killed while it had things on the target"
    done = subprocess.run(
        [COMMAND, "cleanup", tmp_path / "ledger.ndjson"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is left behind\n", "")
    assert everything(server.url) == before
    again = subprocess.run(
        [COMMAND, "cleanup", tmp_path / "ledger.ndjson"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (again.returncode, again.stdout) == (0, "nothing is left behind\n")


def test_control_c_in_a_terminal_reaches_the_embedded_server_too(tmp_path: Path) -> None:
    command = [COMMAND, "run", "--report-dir", tmp_path]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        half_way(process, tmp_path)
        os.killpg(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in complaint
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert document["left_behind"] == []
