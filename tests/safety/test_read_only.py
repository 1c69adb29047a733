"""A run that may only read: what it sends, shown at the socket, and what it makes of what is there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer
from conformance.target.ledger import Ledger

from . import people
from .running import Ran, run
from .tap import Tap

READ_ONLY = ("--mode", "read-only", "--effort", "quick", "--seed", "3")
JUDGED = {
    "CMF-ENV-LIST",
    "CMF-APP-LIST",
    "CMF-STMT-LIST",
    "CMF-POOL-LIST",
    "CMF-SECRET-LIST",
    "CMF-MAP-LIST",
    "CMF-CAT-LIST",
    "CMF-ENV-GET-UNKNOWN",
    "CMF-APP-LIST-UNKNOWN",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-SORT-DESC",
    "CMF-PAGE-HOSTILE",
    "CMF-CONTENT-SAME",
    "CMF-CONTENT-YAML",
    "CMF-CONTENT-ACCEPT",
    "CMF-CACHE-UNCONDITIONAL",
    "CMF-TIME-READ",
    "CMF-TIME-FORMAT",
    "CMF-ERR-SERVER",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-ROUTE",
    "CMF-SECRET-SCHEMA",
}
"""Some of what reading alone can judge."""


@pytest.fixture(scope="module")
def tap(populated: ReferenceServer) -> Tap:
    return Tap(populated.url)


@pytest.fixture(scope="module")
def ran(populated: ReferenceServer, tap: Tap, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One whole run, of which the socket is watched."""
    before = people.everything(populated.url)
    with tap:
        done = run(tap.url, tmp_path_factory.mktemp("read-only") / "report", *READ_ONLY)
    assert people.everything(populated.url) == before, "byte for byte"
    return done


@pytest.mark.usefixtures("ran")
def test_nothing_but_reads_leaves_the_process(tap: Tap) -> None:
    assert {method for method, _ in tap.requests} <= {"GET", "HEAD"}
    assert len(tap.requests) > 500


def test_every_request_is_in_the_evidence(ran: Ran, tap: Tap) -> None:
    assert len(tap.requests) == ran.document["coverage"]["requests"]


def test_a_correct_server_is_incomplete_and_never_conformant(ran: Ran) -> None:
    document = ran.document
    assert (ran.code, document["verdict"], document["run"]["mode"]) == (3, "incomplete", "read-only")
    assert (document["counts"]["fail"], document["counts"]["error"], document["counts"]["warn"]) == (0, 0, 0)
    assert document["run"]["ended"] is None
    assert any("Read-only mode" in note for note in document["notes"])
    assert "INCOMPLETE" in ran.said


def test_what_exists_is_judged(ran: Ran) -> None:
    assert {name: ran.verdicts[name] for name in JUDGED} == dict.fromkeys(JUDGED, "pass")
    assert ran.document["counts"]["pass"] > 60
    assert {"getEnvironment", "getApplication", "getSecret", "getStatement", "getKafkaCatalog"} <= set(
        ran.document["coverage"]["operations"]
    )


def test_what_needs_a_creation_is_not_tested_and_says_so(ran: Ran) -> None:
    assert ran.verdicts["CMF-SECRET-HIDDEN"] == "not_tested", "nothing was planted"
    assert ran.verdicts["CMF-ENV-CREATE"] == ran.verdicts["CMF-STMT-DELETE"] == "not_tested"
    untested = [each for each in ran.document["requirements"] if each["verdict"] == "not_tested"]
    silent = [each["id"] for each in untested if "--mode read-only" not in each["reason"]]
    assert silent == []


def test_nothing_is_entered_or_cleaned(ran: Ran) -> None:
    assert ran.document["created"] == ran.document["left_behind"] == []
    with contextlib.closing(Ledger.read(ran.folder / "ledger.ndjson")) as ledger:
        assert ledger.open == ledger.created == ()


def test_rows_of_other_peoples_statements_are_not_read(ran: Ran, tap: Tap) -> None:
    assert "getStatementResult" not in ran.document["coverage"]["operations"]
    assert not [target for _, target in tap.requests if "theirs" in target and "/results" in target]


def test_alone_it_may_still_be_selected_and_is_not_conformant(
    populated: ReferenceServer, tmp_path: Path
) -> None:
    ran = run(populated.url, tmp_path / "report", *READ_ONLY, "--requirement", "CMF-ENV-LIST")
    assert (ran.code, ran.verdicts) == (3, {"CMF-ENV-LIST": "pass"})
    assert ran.document["verdict"] == "incomplete"


def test_shards_that_only_read_make_no_conformant_whole(populated: ReferenceServer, tmp_path: Path) -> None:
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, part in enumerate(parts, 1):
        words = ("--requirement=CMF-ENV-LIST", f"--shard={number}/2")
        assert run(populated.url, part, *READ_ONLY, *words).code in {0, 3}
    command = [sys.executable, "-m", "conformance", "merge", *parts, "--report-dir", tmp_path / "whole"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    whole = Ran(done.returncode, done.stdout, done.stderr, tmp_path / "whole")
    assert (whole.code, whole.document["verdict"], whole.verdicts) == (
        3,
        "incomplete",
        {"CMF-ENV-LIST": "pass"},
    )


def test_waivers_make_no_conformant_run_and_are_not_called_unneeded(
    populated: ReferenceServer, tmp_path: Path
) -> None:
    waivers = tmp_path / "waivers.yaml"
    entry = "{requirement: CMF-ENV-LIST, reason: fixed in the next release, link: 'https://t.example/1', expires: 2999-01-01}"
    waivers.write_text(f"waivers: [{entry}]\n")
    words = ("--requirement=CMF-ENV-LIST", "--baseline", str(waivers))
    ran = run(populated.url, tmp_path / "report", *READ_ONLY, *words)
    assert (ran.code, ran.document["verdict"]) == (3, "incomplete")
    assert ran.document["run"]["gate"]["closed_by"] == []


def test_an_empty_target_leaves_it_all_untested(server: ReferenceServer, tmp_path: Path) -> None:
    ran = run(server.url, tmp_path / "report", *READ_ONLY, "--requirement", "CMF-ENV-LIST")
    assert (ran.code, ran.verdicts) == (3, {"CMF-ENV-LIST": "not_tested"})
    (only,) = ran.document["requirements"]
    assert "there are no environments to read" in only["reason"]


FAULTS = (
    {"page-last-loses-item": "CMF-PAGE-PARTITION"},
    {
        "page-negative-500": "CMF-PAGE-HOSTILE",
        "cache-any-tag-matches": "CMF-CACHE-UNCONDITIONAL",
        "time-reading-updates": "CMF-TIME-READ",
        "env-get-unknown-400": "CMF-ENV-GET-UNKNOWN",
        "error-route-inside-400": "CMF-ERR-ROUTE",
        "env-list-without-namespace": "CMF-ENV-LIST",
    },
    {
        "page-sort-descending-ignored": "CMF-PAGE-SORT-DESC",
        "page-past-end-404": "CMF-PAGE-PAST-END",
        "app-get-unknown-environment": "CMF-APP-GET-UNKNOWN",
        "error-empty": "CMF-ERR-MESSAGE",
    },
)
"""Faults that one server can have at once, and the requirement that each breaks."""


@pytest.mark.parametrize("faults", FAULTS)
def test_faults_of_what_exists_are_found(tmp_path: Path, faults: dict[str, str]) -> None:
    selected = [f"--requirement={name}" for name in faults.values()]
    with ReferenceServer(faults=list(faults), pace=0.05) as faulty:
        people.settle_in(faulty.url, 42)
        ran = run(faulty.url, tmp_path / "report", *READ_ONLY, *selected)
    assert ran.verdicts == dict.fromkeys(faults.values(), "fail")
    assert (ran.code, ran.document["created"]) == (1, [])
