"""``cmf-conformance replay``: failures that a run has seen, sent again to real servers, faulty and mended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from conformance.reference.launch import ReferenceServer

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith(("CONFLUENT_", "CMF_"))}
LABELS, UNIQUE, LIST = "CMF-APP-GET", "CMF-ENV-UNIQUE", "CMF-APP-LIST"
FAULTS = ("app-get-labels-lost", "env-third-post-duplicates", "secret-get-labels-lost-later")
REQUIREMENTS = (LABELS, UNIQUE, LIST, "CMF-SECRET-GET")


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of ours in a process of its own, and nothing of a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *words],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@dataclass(frozen=True)
class Seen:
    """A run against a faulty server that is still there."""

    folder: Path
    url: str

    @property
    def document(self) -> dict[str, object]:
        loaded: dict[str, object] = json.loads((self.folder / "report.json").read_text("utf-8"))
        return loaded


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("seen")
    with ReferenceServer(FAULTS, pace=0.3) as server:
        only = [word for name in REQUIREMENTS for word in ("--requirement", name)]
        done = command(
            folder,
            "run",
            "--url",
            server.url,
            "--report-dir",
            "report",
            "--seed",
            "4",
            "--effort",
            "quick",
            *only,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"replay    cmf-conformance replay {folder / 'report'} --check {UNIQUE}" in done.stdout
        yield Seen(folder / "report", server.url)


@pytest.fixture(scope="module")
def mended() -> Iterator[str]:
    with ReferenceServer(pace=0.3) as server:
        yield server.url


def is_clean(url: str) -> bool:
    """Whether a target holds nothing of a run."""
    answers = [
        httpx.get(f"{url}/cmf/api/v1/{path}") for path in ("environments", "secrets", "catalogs/kafka")
    ]
    return all(answer.json()["items"] == [] for answer in answers)


@pytest.mark.parametrize("requirement", [LABELS, UNIQUE, "CMF-SECRET-GET"])
def test_a_failure_comes_again_as_long_as_it_is_there(seen: Seen, tmp_path: Path, requirement: str) -> None:
    done = command(tmp_path, "replay", str(seen.folder), "--check", requirement)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The failure came again: " in done.stdout
    assert f"requests of {requirement}, to {seen.url}, as cmfc-" in done.stdout
    assert is_clean(seen.url)


@pytest.mark.parametrize("requirement", [LABELS, UNIQUE, "CMF-SECRET-GET"])
def test_a_failure_does_not_come_again_once_it_is_mended(
    seen: Seen, mended: str, tmp_path: Path, requirement: str
) -> None:
    words = ("--check", requirement, "--url", mended, "--report-dir", "again")
    done = command(tmp_path, "replay", str(seen.folder / "evidence.ndjson"), *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "The failure did not come again" in done.stdout
    assert (tmp_path / "again" / "evidence.ndjson").stat().st_size
    assert is_clean(mended)


def test_names_are_new_and_secrets_fresh(seen: Seen, mended: str, tmp_path: Path) -> None:
    run_id = seen.document["run"]["id"]  # type: ignore[index]
    words = ("--check", "CMF-SECRET-GET", "--url", mended, "--report-dir", "again")
    command(tmp_path, "replay", str(seen.folder), *words)
    sent = [
        json.loads(line)["request"]
        for line in (tmp_path / "again" / "evidence.ndjson").read_text().splitlines()
    ]
    text = json.dumps(sent)
    assert f"cmfc-{run_id}-" not in text
    assert "cmfc-" in text
    assert "REDACTED" not in json.dumps([each["body"] for each in sent])


def test_a_counterexample_is_replayed_as_a_whole(seen: Seen, mended: str, tmp_path: Path) -> None:
    (file,) = (seen.folder / "counterexamples").glob(f"{LABELS}.1.ndjson")
    again = command(tmp_path, "replay", str(file))
    assert again.returncode == 1, again.stdout + again.stderr
    assert f" requests of {LABELS}, to {seen.url}" in again.stdout
    assert "The failure came again: the application" in again.stdout
    gone = command(tmp_path, "replay", str(file), "--url", mended)
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert is_clean(seen.url)
    assert is_clean(mended)


def test_the_report_tells_the_sequence_with_a_curl_line_for_each_request(seen: Seen) -> None:
    results = {each["id"]: each for each in seen.document["requirements"]}  # type: ignore[attr-defined]
    (check,) = (
        each
        for each in results[LABELS]["checks"]
        if each["name"] == "sequences of requests" and each["message"]
    )
    lines = check["curl"].splitlines()
    assert f", after {len(lines)} requests: POST /environments 201; " in check["message"]
    assert all(line.startswith("curl -i ") for line in lines)
    assert len(lines) <= 6
    assert len(check["evidence"]) >= len(lines)


def test_an_exchange_can_be_named(seen: Seen, mended: str, tmp_path: Path) -> None:
    results = {each["id"]: each for each in seen.document["requirements"]}  # type: ignore[attr-defined]
    check = next(each for each in results[UNIQUE]["checks"] if each["outcome"] == "fail")
    page = check["evidence"][-2]
    assert command(tmp_path, "replay", str(seen.folder), "--exchange", page).returncode == 1
    done = command(tmp_path, "replay", str(seen.folder), "--exchange", page, "--url", mended)
    assert done.returncode == 0, done.stdout


def test_wrong_words_are_told_in_one_line(seen: Seen, tmp_path: Path) -> None:
    evidence = seen.folder / "evidence.ndjson"
    content = evidence.read_bytes()
    (tmp_path / "empty.ndjson").write_bytes(b"")
    (tmp_path / "damaged.ndjson").write_bytes(content.replace(b'"method"', b'"m', 3).replace(b"{", b"<", 2))
    (tmp_path / "middle.ndjson").write_bytes(b"\n".join([*content.splitlines()[:3], b"{oops", b""]))
    (tmp_path / "cut.ndjson").write_bytes(content[: content.index(b"\n") * 2])
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(evidence, alone)
    said = {
        (str(tmp_path / "nowhere"),): "cannot be read: No such file",
        (__file__,): "is no evidence of a run",
        (str(tmp_path / "empty.ndjson"),): "holds no exchange",
        (str(tmp_path / "damaged.ndjson"),): "is no evidence of a run",
        (str(tmp_path / "middle.ndjson"),): "is damaged at line 4",
        (str(tmp_path / "cut.ndjson"), "--exchange", "x000002"): "its last line was cut",
        (str(seen.folder), "--exchange", "x999999"): "x999999 is not in",
        (str(seen.folder), "--check", "CMF-NONE"): "CMF-NONE is not in the report",
        (str(seen.folder), "--check", "CMF-ENV-GET"): "CMF-ENV-GET is not in the report",
        (str(seen.folder),): "requirements were seen broken there",
        (str(seen.folder), "--check", UNIQUE, "--exchange", "x000001"): "exclude each other",
        (str(alone), "--check", UNIQUE): "report.json is not there",
        (str(alone),): "exchanges and no report lies beside it",
        (
            str(seen.folder),
            "--check",
            UNIQUE,
            "--report-dir",
            str(alone),
        ): "holds the evidence of another run",
    }
    for words, expected in said.items():
        done = command(tmp_path, "replay", *words)
        told = done.stderr.splitlines()
        assert (done.returncode, done.stdout, len(told)) == (2, "", 2), (words, done)
        assert expected in done.stderr, done.stderr
        assert told[0].startswith("cmf-conformance: ")
        assert told[1].startswith("  hint: ")


def test_what_is_of_somebody_else_is_not_sent(seen: Seen, tmp_path: Path) -> None:
    line = (seen.folder / "evidence.ndjson").read_text().splitlines()[0]
    exchange = json.loads(line)
    exchange["request"] |= {"method": "DELETE", "url": f"{seen.url}/cmf/api/v1/environments/prod", "body": ""}
    (tmp_path / "foreign.ndjson").write_text(json.dumps(exchange) + "\n")
    done = command(tmp_path, "replay", "foreign.ndjson")
    assert done.returncode == 2
    assert "can't be replayed: environments 'prod' is not this run's" in done.stderr
    assert "nothing was sent" in done.stderr


def test_a_target_that_is_gone_is_told(seen: Seen, tmp_path: Path) -> None:
    done = command(tmp_path, "replay", str(seen.folder), "--check", UNIQUE, "--url", "http://127.0.0.1:1")
    assert done.returncode == 3
    assert "can't be reached" in done.stderr


def test_a_target_that_keeps_us_out_is_told(seen: Seen, tmp_path: Path) -> None:
    with ReferenceServer(token="of somebody else") as server:  # noqa: S106 - a test's
        done = command(tmp_path, "replay", str(seen.folder), "--check", UNIQUE, "--url", server.url)
    assert done.returncode == 3
    assert "401" in done.stderr
