"""Whole runs of the installed command against the reference server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.evidence_format import from_line
from conformance.reference.launch import ReferenceServer
from conformance.registry import catalogue
from conformance.report.document import read
from conformance.target.ledger import Ledger

COMMAND = Path(sys.executable).with_name("cmf-conformance")
ENVIRONMENTS = "/cmf/api/v1/environments"
FOREIGN = 250


# -- a whole run ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    folder: Path
    code: int
    said: str
    document: dict[str, Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The embedded default, once for all tests that look at what it left."""
    folder = tmp_path_factory.mktemp("run")
    done = subprocess.run(
        [COMMAND, "run", "--report-dir", "report", "--seed", "7"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert "Traceback" not in done.stderr
    document = json.loads((folder / "report" / "report.json").read_text("utf-8"))
    return Ran(folder / "report", done.returncode, done.stdout, document)


def test_the_reference_server_is_conformant(ran: Ran) -> None:
    wrong = {each["id"]: each["reason"] for each in ran.document["requirements"] if each["verdict"] != "pass"}
    assert wrong == {}
    assert (ran.code, ran.document["verdict"]) == (0, "conformant")
    assert "\nCONFORMANT: " in ran.said


def test_the_report_holds_what_was_agreed(ran: Ran) -> None:
    document = ran.document
    assert document["schema_version"] == "1.0"
    known = catalogue()
    assert document["harness"]["contract_sha256"] == known.contract_sha256
    assert document["harness"]["catalogue_sha256"] == known.catalogue_sha256
    assert {
        "id",
        "seed",
        "started",
        "finished",
        "profile",
        "mode",
        "shard",
        "limits",
        "argv_redacted",
    } <= set(document["run"])
    assert (document["run"]["seed"], document["run"]["profile"]) == (7, "full")
    assert document["run"]["argv_redacted"] == ["run", "--report-dir", "report", "--seed", "7"]
    assert {"url", "declared_features", "product", "observed_headers"} <= set(document["target"])
    assert list(document["counts"]) == [
        "not_applicable",
        "pass",
        "waived",
        "warn",
        "not_tested",
        "error",
        "fail",
    ]
    assert sum(document["counts"].values()) == len(document["requirements"])
    assert [each["id"] for each in document["requirements"]] == list(known.profiles["full"].requirements)
    assert list(document)[-1] == "complete"
    assert document["complete"] is True
    assert document["left_behind"] == document["notes"] == []
    assert document["created"]
    assert all(
        f"cmfc-{document['run']['id']}-" in each["path"]
        for each in document["created"]
        if len(each["name"]) > 8
    )
    assert read(ran.folder / "report.json").counts == document["counts"]


def test_every_check_names_exchanges_that_are_in_the_evidence(ran: Ran) -> None:
    with (ran.folder / "evidence.ndjson").open(encoding="ascii") as lines:
        known = {from_line(line).id for line in lines}
    assert len(known) == ran.document["coverage"]["requests"]
    named = {
        name
        for each in ran.document["requirements"]
        for check in each["checks"]
        for name in check["evidence"]
    }
    assert named <= known
    bare = [
        each["id"]
        for each in ran.document["requirements"]
        if not any(check["evidence"] for check in each["checks"])
    ]
    assert bare == []


def test_coverage_reaches_every_operation_of_the_catalogue(ran: Ran) -> None:
    wanted = {name for requirement in catalogue().requirements.values() for name in requirement.operations}
    assert wanted <= set(ran.document["coverage"]["operations"])
    undocumented = [pair for pair in ran.document["coverage"]["pairs"] if not pair["documented"]]
    assert all(pair["status"] < 500 for pair in undocumented)


def test_the_renderings_lie_beside_it(ran: Ran) -> None:
    for name in ("report.html", "junit.xml", "report.md", "ledger.ndjson"):
        assert (ran.folder / name).stat().st_size > 0
    with contextlib.closing(Ledger.read(ran.folder / "ledger.ndjson")) as ledger:
        assert ledger.open == ()


def test_allure_results_name_every_requirement_that_scenarios_check(ran: Ran) -> None:
    results = [
        json.loads(path.read_text("utf-8")) for path in (ran.folder / "allure-results").glob("*-result.json")
    ]
    assert results
    labels = [{(label["name"], label["value"]) for label in result["labels"]} for result in results]
    for each in labels:
        names = {name for name, _ in each}
        assert {"requirement", "level", "area", "severity"} <= names
    assert {result["status"] for result in results} == {"passed"}
    named = {value for each in labels for name, value in each if name == "requirement"}
    assert named <= set(catalogue().requirements)
    assert {value for each in labels for name, value in each if name == "severity"} <= {
        "critical",
        "normal",
        "minor",
    }


# -- runs that are ended from outside ------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    """A reference server that is not the run's own."""
    with ReferenceServer(pace=0.1) as started:
        yield started


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> tuple[int, bytes]:
    content = None if body is None else json.dumps(body).encode()
    headers = {
        "Accept": "application/json",
        **({"Content-Type": "application/json"} if body is not None else {}),
    }
    connection.request(method, path, content, headers)
    response = connection.getresponse()
    return response.status, response.read()


@contextlib.contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def application(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": "FlinkApplication",
        "metadata": {"name": name},
        "spec": {"image": "x", "job": {"state": "suspended", "jarURI": "local:///x.jar", "parallelism": 1}},
    }


def settle_in(url: str) -> None:
    """Put somebody else's environments and applications on the target, some with names like ours."""
    with connected(url) as connection:
        for number in range(FOREIGN):
            name = f"cmfc-other123-env-{number}" if number % 5 == 0 else f"foreign-{number}"
            status, _ = ask(connection, "POST", ENVIRONMENTS, {"name": name, "kubernetesNamespace": "theirs"})
            assert status == 201
        for number in range(FOREIGN):
            status, said = ask(
                connection, "POST", f"{ENVIRONMENTS}/foreign-1/applications", application(f"app-{number}")
            )
            assert status == 201, said


def at_rest(url: str) -> list[bytes]:
    """All that is on the target, once what was created has found its state."""
    deadline = time.monotonic() + 20
    seen = everything(url)
    while time.monotonic() < deadline:
        time.sleep(1)
        again = everything(url)
        if again == seen:
            return seen
        seen = again
    pytest.fail("it never comes to rest")


def everything(url: str) -> list[bytes]:
    """All that is on the target, byte for byte."""
    with connected(url) as connection:
        pages = []
        for path in (ENVIRONMENTS, f"{ENVIRONMENTS}/foreign-1/applications", "/cmf/api/v1/secrets"):
            for page in range(20):
                status, body = ask(connection, "GET", f"{path}?page={page}&size=100&sort=name")
                assert status == 200
                if not json.loads(body)["items"]:
                    break
                pages.append(body)
        assert len(pages) >= 2 * FOREIGN // 100
        return pages


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


# -- other runs ----------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Run a selection and give the report, after a look at the exit code."""

    def start(url: str, code: int, *words: str, **variables: str) -> dict[str, Any]:
        done = subprocess.run(
            [COMMAND, "run", "--url", url, "--report-dir", tmp_path / "report", "--quiet", *words],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        loaded: dict[str, Any] = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
        return loaded

    return start


def test_a_fault_is_found_and_named(run: Callable[..., dict[str, Any]]) -> None:
    with ReferenceServer(faults=["env-update-lost-on-second"], pace=0.1) as faulty:
        document = run(faulty.url, 1, "--requirement", "CMF-ENV-UPDATE")
    (result,) = document["requirements"]
    assert (document["verdict"], result["id"], result["verdict"]) == (
        "non_conformant",
        "CMF-ENV-UPDATE",
        "fail",
    )
    failed = [check for check in result["checks"] if check["outcome"] == "fail"]
    assert all(check["message"] and check["expected"] and check["got"] and check["curl"] for check in failed)
    assert document["left_behind"] == []


def test_a_token_is_used_and_never_stored(run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    token = "t0p-s3cret-t0ken-of-this-test"  # noqa: S105 - it is
    with ReferenceServer(token=token, pace=0.1) as guarded:
        document = run(guarded.url, 0, "--requirement", "CMF-ENV-CREATE", CMF_CONFORMANCE_TOKEN=token)
        assert document["verdict"] == "conformant"
        for path in (tmp_path / "report").rglob("*"):
            assert path.is_dir() or token.encode() not in path.read_bytes(), path
        document = run(guarded.url, 3, "--requirement", "CMF-ENV-CREATE", CMF_CONFORMANCE_TOKEN="wrong")  # noqa: S106
    assert document["requirements"][0]["verdict"] == "error"
    assert "refuses these credentials with 401" in document["requirements"][0]["reason"]


def test_the_same_seed_sends_the_same_requests(
    server: ReferenceServer, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    def posted() -> list[tuple[str, bytes]]:
        document = run(server.url, 0, "--requirement", "CMF-ENV-NAMESPACE", "--seed", "11")
        mine = document["run"]["id"]
        with (tmp_path / "report" / "evidence.ndjson").open(encoding="ascii") as lines:
            requests = [from_line(line).request for line in lines]
        # Deletions wait for each other's effect, and take as many reads as that takes.
        return [
            (each.url.replace(mine, "-"), each.body.replace(mine.encode(), b"-"))
            for each in requests
            if each.method == "POST"
        ]

    first = posted()
    assert len(first) > 5
    assert posted() == first


def test_a_run_that_comes_to_its_time_limit_keeps_what_it_has(
    server: ReferenceServer, run: Callable[..., dict[str, Any]]
) -> None:
    words = ("--max-time", "3s", "--effort", "quick")
    began = time.monotonic()
    document = run(server.url, 3, *words)
    assert time.monotonic() - began < 60
    assert (document["verdict"], document["run"]["effort"]) == ("incomplete", "quick")
    assert (document["run"]["limits"]["max_time"], document["run"]["interrupted"]) == (3.0, False)
    assert document["notes"] == ["The run ended early: the limit of 3 s is reached"]
    assert document["counts"]["pass"] > 0
    assert document["counts"]["not_tested"] > 0
    assert [one for one in document["requirements"] if one["verdict"] == "error"] == []
    assert document["created"]
    assert document["left_behind"] == []
