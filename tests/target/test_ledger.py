"""The ledger: on the disk before anything else happens, and readable after whatever happened."""

# ruff: noqa: FBT001 - parameters are flags
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conformance.errors import ReportError
from conformance.model import Resource
from conformance.target.ledger import Event, Ledger

from .conftest import OURS, RUN

ENVIRONMENT = Resource("environments", f"{OURS}a", f"/cmf/api/v1/environments/{OURS}a")
APPLICATION = Resource("applications", "abcd", f"{ENVIRONMENT.path}/applications/abcd")
NEIGHBOUR = Resource("environments", f"{OURS}ab", f"/cmf/api/v1/environments/{OURS}ab")


def again(ledger: Ledger) -> Ledger:
    read = Ledger.read(ledger.path)
    read.close()
    return read


def test_the_first_line_is_the_header(ledger: Ledger) -> None:
    header = json.loads(ledger.path.read_text().splitlines()[0])
    assert header == ledger.header
    assert set(header) == {"run", "prefix", "target", "started", "harness"}
    assert (header["run"], header["prefix"]) == (RUN, f"cmfc-{RUN}-")
    read = again(ledger)
    assert (read.run_id, read.prefix, read.target_url) == (RUN, f"cmfc-{RUN}-", "http://target.example")
    assert read.started == ledger.started


def test_an_intention_is_synced_before_it_returns(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr("os.fsync", lambda _: synced.append(ledger.path.read_text()))
    ledger.intend(ENVIRONMENT)
    assert ENVIRONMENT.path in synced[0]


@pytest.mark.parametrize(
    ("events", "state", "created"),
    [
        ((), "intended", False),
        (("created",), "created", True),
        (("refused",), "refused", False),
        (("unknown",), "unknown", False),
        (("created", "refused"), "created", True),
        (("created", "unknown"), "created", True),
        (("unknown", "refused"), "unknown", False),
        (("refused", "unknown"), "unknown", False),
        (("refused", "created"), "created", True),
        (("created", "gone"), "gone", True),
        (("created", "gone", "refused"), "gone", True),
        (("created", "gone", "created"), "created", True),
        (("gone", "unknown"), "unknown", False),
    ],
)
def test_what_is_known_of_a_resource(
    ledger: Ledger, events: tuple[Event, ...], state: str, created: bool
) -> None:
    ledger.intend(ENVIRONMENT)
    for event in events:
        ledger.note(ENVIRONMENT, event)
    for one in (ledger, again(ledger)):
        assert one.state(ENVIRONMENT.path) == state
        assert one.open == (() if state == "gone" else (ENVIRONMENT,))
        assert one.created == ((ENVIRONMENT,) if created else ())


def test_what_is_inside_an_environment_is_gone_with_it(ledger: Ledger) -> None:
    for resource in (ENVIRONMENT, APPLICATION, NEIGHBOUR):
        ledger.intend(resource)
        ledger.note(resource, "created")
    ledger.note(ENVIRONMENT, "gone")
    for one in (ledger, again(ledger)):
        assert one.open == (NEIGHBOUR,)
        assert one.created == (ENVIRONMENT, APPLICATION, NEIGHBOUR)


def test_nothing_is_written_twice(ledger: Ledger) -> None:
    ledger.intend(ENVIRONMENT)
    ledger.note(ENVIRONMENT, "created")
    size = ledger.path.stat().st_size
    ledger.intend(ENVIRONMENT)
    ledger.note(ENVIRONMENT, "created")
    ledger.note(ENVIRONMENT, "refused")
    assert ledger.path.stat().st_size == size
    ledger.note(ENVIRONMENT, "gone")
    ledger.intend(ENVIRONMENT)
    assert ledger.state(ENVIRONMENT.path) == again(ledger).state(ENVIRONMENT.path) == "intended"


def test_odd_names_survive(ledger: Ledger) -> None:
    odd = Resource("environments", f"{OURS}\ud800\n\0\u2028", "/cmf/api/v1/environments/x")
    ledger.intend(odd)
    assert again(ledger).open == (odd,)


def test_a_ledger_is_never_overwritten(ledger: Ledger) -> None:
    with pytest.raises(ReportError, match="exists already") as caught:
        Ledger.create(ledger.path, run_id=RUN, target_url="http://x")
    assert "cleanup" in caught.value.hint


def test_a_ledger_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be written"):
        Ledger.create(tmp_path / "none" / "ledger", run_id=RUN, target_url="http://x")


@pytest.mark.parametrize("cut", range(1, 40, 7))
def test_a_cut_last_line_is_ignored_and_the_ledger_goes_on(ledger: Ledger, cut: int) -> None:
    ledger.intend(ENVIRONMENT)
    ledger.intend(NEIGHBOUR)
    os.truncate(ledger.path, ledger.path.stat().st_size - cut)
    read = Ledger.read(ledger.path)
    assert read.open == (ENVIRONMENT,)
    read.intend(APPLICATION)
    read.close()
    assert again(ledger).open == (ENVIRONMENT, APPLICATION)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b"\x00\xff\n",
        b'{"run": 1, "prefix": "", "target": "", "started": "", "harness": ""}\n',
        b'{"run": "ab12cd34", "prefix": "prod-", "target": "", "started": "", "harness": ""}\n',
        b"[" * 100_000 + b"\n",
    ],
    ids=range(8),
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger").write_bytes(content)
    with pytest.raises(ReportError, match="is not a ledger"):
        Ledger.read(tmp_path / "ledger")
    with pytest.raises(ReportError, match="cannot be read"):
        Ledger.read(tmp_path / "none")


@pytest.mark.parametrize(
    "line", [b"garbage", b"", b"{}", b'{"event":"intend","kind":1}', b'{"event":"x","path":"y"}']
)
def test_a_damaged_line_is_refused(ledger: Ledger, line: bytes) -> None:
    ledger.intend(ENVIRONMENT)
    with ledger.path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(ReportError, match="damaged in line 3"):
        Ledger.read(ledger.path)


def test_only_what_was_intended_can_be_noted(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="never intended"):
        ledger.note(ENVIRONMENT, "created")
    ledger.close()
    ledger.close()
    with pytest.raises(ValueError, match="closed"):
        ledger.intend(ENVIRONMENT)


def test_many_threads_write_whole_lines(ledger: Ledger) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            resource = Resource("secrets", f"{thread}-{number}", f"/cmf/api/v1/secrets/{thread}-{number}")
            ledger.intend(resource)
            ledger.note(resource, "created")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(again(ledger).created) == 100


_VICTIM = """
import sys, time
from conformance.model import Resource
from conformance.target.ledger import Ledger
ledger = Ledger.create(sys.argv[1], run_id="ab12cd34", target_url="http://x")
for number in range(100_000):
    ledger.intend(Resource("secrets", str(number), f"/cmf/api/v1/secrets/{number}"))
    print(number, flush=True)
"""


def test_a_killed_run_leaves_a_ledger_with_everything_it_could_have_created(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(path)], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        told = [victim.stdout.readline() for _ in range(20)]
        victim.send_signal(signal.SIGKILL)
        told += victim.stdout.readlines()
    ledger = Ledger.read(path)
    ledger.close()
    assert {int(line) for line in told if line.endswith("\n")} <= {
        int(resource.name) for resource in ledger.open
    }
