"""A dry run: it says what would be sent, and at the socket nothing is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer

from .running import Ran, run
from .tap import Tap

WORDS = ("--dry-run", "--requirement", "CMF-ENV-GET", "--seed", "3", "--effort", "quick")
NAMES = re.compile(r"cmfc-[a-z0-9]{8}-")


@pytest.fixture(scope="module")
def ran(populated: ReferenceServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Tap]:
    folder = tmp_path_factory.mktemp("dry")
    witness = folder / "witness"
    with Tap(populated.url) as tap:
        config = folder / "settings.yaml"
        config.write_text(f"auth: {{token_command: 'touch {witness}'}}\nlimits: {{total_requests: 777}}\n")
        done = run(tap.url, folder / "report", *WORDS, "--config", str(config))
    assert not witness.exists(), "the command for a token was not run"
    return done, tap


def test_nothing_reaches_the_target(ran: tuple[Ran, Tap]) -> None:
    done, tap = ran
    assert (done.code, done.complaint) == (0, "")
    assert tap.connections == 0


def test_nothing_is_written_to_the_disk(ran: tuple[Ran, Tap]) -> None:
    assert not ran[0].folder.exists()


def test_it_says_what_would_be_sent_where(ran: tuple[Ran, Tap]) -> None:
    done, tap = ran
    assert f"nothing is sent to {tap.url}" in done.said
    assert re.search(
        rf"Requests to {re.escape(tap.url)}: about [0-9,]+ \(.*GET [0-9]+.*POST [0-9]+.*DELETE", done.said
    )
    assert re.search(r"  createOrUpdateEnvironment +POST +[0-9]+", done.said)
    assert "at most 777 requests in 1800 s" in done.said
    assert "15 s until a promised change shows, 60 s where it takes Flink" in done.said
    assert re.search(r"Creates [0-9]+ resources, .*environments [0-9]+", done.said)
    assert "Leaves behind: 0 resources" in done.said
    lines = [line.strip() for line in done.said.splitlines() if line.strip().startswith("curl ")]
    assert len(lines) == 6
    assert all(tap.url in line for line in lines)
    assert set(NAMES.findall(done.said)) == {"cmfc-xxxxxxxx-"}


def test_what_it_says_is_what_a_run_sends(
    ran: tuple[Ran, Tap], tmp_path: Path, server: ReferenceServer
) -> None:
    told = {
        name: int(count.replace(",", ""))
        for name, count in re.findall(r"(?m)^  (\w+) +[A-Z]+ +([0-9,]+)$", ran[0].said)
    }
    real = run(server.url, tmp_path / "report", *WORDS[1:])
    sent: dict[str, int] = {}
    for pair in real.document["coverage"]["pairs"]:
        sent[pair["operation"]] = sent.get(pair["operation"], 0) + pair["count"]
    assert set(told) == set(sent)
    assert all(abs(told[name] - sent[name]) <= max(5, sent[name] // 5) for name in sent)


def test_a_dry_run_that_may_only_read_says_that_it_creates_nothing(
    populated: ReferenceServer, tmp_path: Path
) -> None:
    with Tap(populated.url) as tap:
        done = run(tap.url, tmp_path / "report", *WORDS, "--mode", "read-only")
    assert (done.code, tap.connections) == (0, 0)
    assert "Creates nothing" in done.said
    assert " POST " not in done.said
