from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from conformance.reference import __main__ as command
from conformance.reference.faults import FAULTS
from conformance.reference.launch import NotStarted, ReferenceServer
from conformance.reference.variations import VARIATIONS

ENVIRONMENTS = "/cmf/api/v1/environments"
ROOT = Path(command.__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conformance.reference", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            # A zombie is gone as well: it only waits for whoever inherits it.
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_unknown_names_are_one_line_and_two() -> None:
    for option, name in (("--fault", "no-such"), ("--variation", "no-such")):
        ended = run(option, name)
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr == f"unknown {option[2:]} 'no-such' (--list prints them all)\n"


def test_a_document_that_cannot_be_read_is_one_line_and_two() -> None:
    ended = run("--publish", "nowhere.yaml")
    assert ended.returncode == 2
    assert ended.stderr == "cannot read the document nowhere.yaml: No such file or directory\n"


def test_an_unknown_fault_is_told_by_the_launcher() -> None:
    with pytest.raises(NotStarted, match="unknown fault 'no-such'"):
        ReferenceServer(faults=["no-such"]).start()


def test_list_names_everything() -> None:
    listed = json.loads(run("--list").stdout)
    assert [one["id"] for one in listed["faults"]] == list(FAULTS)
    assert [one["name"] for one in listed["variations"]] == list(VARIATIONS)


def test_a_taken_port_is_refused(reference: ReferenceServer) -> None:
    ended = run("--port", reference.url.rpartition(":")[2])
    assert ended.returncode == 2
    assert ended.stderr.startswith("cannot listen on 127.0.0.1:")


def test_it_applies_faults_and_variations() -> None:
    with ReferenceServer(["env-create-202"], ["page-default"]) as server:
        assert httpx.post(server.url + ENVIRONMENTS, json={"name": "abcd"}).status_code == 202
        assert httpx.get(server.url + ENVIRONMENTS).json()["pageable"]["size"] == 5


def test_a_token_is_demanded() -> None:
    with ReferenceServer(token="s3cret") as server:  # noqa: S106 - made up
        url = server.url + ENVIRONMENTS
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Basic s3cret"},
            {"Authorization": "Bearer é"},
        ):
            encoded = {name: value.encode() for name, value in headers.items()}
            answer = httpx.post(url, json={"name": "abcd"}, headers=encoded)
            assert answer.status_code == 401
            assert answer.json()["errors"][0]["message"]
            assert answer.headers["www-authenticate"] == "Bearer"
        assert httpx.get(url, headers={"Authorization": "bearer s3cret"}).json()["items"] == []


def test_a_token_comes_from_a_file_that_holds_one(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff")
    for name, complaint in {
        "none": "cannot read the token file {}: No such file or directory\n",
        "binary": "cannot read the token file {}: it is not text\n",
        "empty": "the token file {} is empty\n",
    }.items():
        ended = run("--token-file", str(tmp_path / name))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == complaint.format(tmp_path / name)
    assert "unrecognized arguments" in run("--no-such").stderr
    assert run("--token", "on-argv").returncode == 2


def test_latency_delays() -> None:
    with ReferenceServer(latency=0.05) as server, httpx.Client(base_url=server.url) as client:
        began = time.monotonic()
        for _ in range(20):
            client.get(ENVIRONMENTS)
        assert time.monotonic() - began > 0.1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_and_well(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance.reference"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("listening on http://127.0.0.1:")
    process.send_signal(number)
    said, complained = process.communicate(timeout=5)
    assert (process.returncode, said, complained) == (0, "", "")


def test_it_does_not_outlive_its_parent() -> None:
    script = (
        "import os, signal\n"
        "from conformance.reference.launch import ReferenceServer\n"
        "server = ReferenceServer().start()\n"
        "print(server.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert gone(int(parent.stdout))


def test_the_launcher_cleans_up() -> None:
    server = ReferenceServer(token="x")  # noqa: S106 - made up
    with server:
        pid = server.pid
        assert pid is not None
    assert gone(pid)
    assert server.url == ""
    server.stop()
