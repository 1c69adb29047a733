"""Runs of a part of the requirements, or for a part of the time: what a run is told changes what it does."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.evidence_format import from_line
from conformance.reference.launch import ReferenceServer

from .conftest import COMMAND


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
        document = run(guarded.url, 0, "--requirement", "CMF-ENV-DELETE", CMF_CONFORMANCE_TOKEN=token)
        assert document["verdict"] == "conformant"
        for path in (tmp_path / "report").rglob("*"):
            assert path.is_dir() or token.encode() not in path.read_bytes(), path
        document = run(guarded.url, 3, "--requirement", "CMF-ENV-DELETE", CMF_CONFORMANCE_TOKEN="wrong")  # noqa: S106
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
