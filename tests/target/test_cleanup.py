"""Cleaning up: everything of ours, nothing else, and never an exception."""

# ruff: noqa: FBT001 - parameters are flags
from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conformance.config import Limits, Target
from conformance.errors import ReportError
from conformance.model import Resource
from conformance.target.cleanup import clean_up, from_ledger
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire

from .conftest import ENVIRONMENTS, OURS, RUN, Api, Connect, Received, Serve, answer

HOME = f"{ENVIRONMENTS}/{OURS}e"


def metadata(name: str) -> bytes:
    return json.dumps({"metadata": {"name": name}}).encode()


def furnish(wire: Wire) -> None:
    """One of everything."""
    wire.send("POST", "/cmf/api/v1/secrets", content=metadata(f"{OURS}s"))
    wire.send("POST", "/cmf/api/v1/catalogs/kafka", content=metadata(f"{OURS}c"))
    wire.send("POST", ENVIRONMENTS, content=json.dumps({"name": f"{OURS}e"}).encode())
    for kind in ("secret-mappings", "compute-pools", "applications", "statements"):
        wire.send("POST", f"{HOME}/{kind}", content=metadata("abcd"))


def test_children_go_first(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    api.resources[f"{ENVIRONMENTS}/prod"] = {}
    wire = connect(serve(api).url)
    furnish(wire)
    assert clean_up(wire, ledger, settle=5) == ledger.open == ()
    assert api.deletions == [
        f"{HOME}/statements/abcd",
        f"{HOME}/applications/abcd",
        f"{HOME}/compute-pools/abcd",
        f"{HOME}/secret-mappings/abcd",
        HOME,
        f"/cmf/api/v1/catalogs/kafka/{OURS}c",
        f"/cmf/api/v1/secrets/{OURS}s",
    ]
    assert list(api.resources) == [f"{ENVIRONMENTS}/prod"]
    assert len(ledger.created) == 7
    assert clean_up(wire, ledger, settle=5) == ()


def test_cleaning_goes_beyond_the_budget(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(Api()).url, limits={"total_requests": 7})
    furnish(wire)
    assert clean_up(wire, ledger, settle=5) == ()


def test_a_slow_deletion_is_awaited_and_not_repeated(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    gone_at = [float("inf")]

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.method == "DELETE":
            gone_at[0] = time.monotonic() + 0.4
            return answer(202)
        if request.method == "POST":
            return answer(201)
        return answer(404 if time.monotonic() > gone_at[0] else 200)

    server = serve(handler)
    wire = connect(server.url)
    wire.send("POST", f"{HOME}/statements", content=metadata("abcd"))
    assert clean_up(wire, ledger, settle=5) == ()
    assert sum(request.method == "DELETE" for request in server.received) == 1


def test_what_is_in_use_is_tried_again(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    wire = connect(serve(api).url)
    furnish(wire)
    api.status["DELETE", f"{HOME}/compute-pools/abcd"] = [409, 500, 503]
    api.status["GET", HOME] = [500, 404, 500]
    assert clean_up(wire, ledger, settle=5) == ()


def test_what_does_not_go_is_left_behind(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    wire = connect(serve(api).url)
    furnish(wire)
    secret = f"/cmf/api/v1/secrets/{OURS}s"
    api.status["DELETE", secret] = [409] * 1000
    began = time.monotonic()
    assert clean_up(wire, ledger, settle=0.4) == (Resource("secrets", f"{OURS}s", secret),)
    assert time.monotonic() - began < 3


def test_a_refused_creation_is_looked_at_only(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    server = serve(api)
    wire = connect(server.url)
    api.status["POST", ENVIRONMENTS] = [400, 400, 400]
    for name in ("_a", "_b", "_c"):
        wire.send("POST", ENVIRONMENTS, content=json.dumps({"name": OURS + name}).encode())
    api.resources[f"{ENVIRONMENTS}/{OURS}_b"] = {}
    api.status["GET", f"{ENVIRONMENTS}/{OURS}_c"] = [400]
    assert clean_up(wire, ledger, settle=5) == ()
    assert api.deletions == [f"{ENVIRONMENTS}/{OURS}_b"]
    assert sum(request.method == "DELETE" for request in server.received) == 1


def test_an_environment_that_is_gone_takes_everything_in_it_along(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api = Api()
    server = serve(api)
    wire = connect(server.url)
    furnish(wire)
    for path in [path for path in api.resources if path.startswith(HOME)]:
        del api.resources[path]
    before = len(server.received)
    assert clean_up(wire, ledger, settle=5) == ()
    assert not any(b"abcd" in request.target for request in server.received[before:])


def test_names_that_no_path_can_hold_go_with_their_environment(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api = Api()
    wire = connect(serve(api).url)
    furnish(wire)
    wire.send("POST", f"{HOME}/applications", content=metadata(".."))
    wire.send("POST", f"{HOME}/applications", content=metadata("a/b%2f\ud800"))
    assert clean_up(wire, ledger, settle=1) == ()
    assert api.resources == {}


def test_a_target_that_comes_back_is_waited_for(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    back_at = [0.0]
    server = serve(lambda request, client: api(request, client) if time.monotonic() > back_at[0] else None)
    wire = connect(server.url)
    furnish(wire)
    back_at[0] = time.monotonic() + 1.2
    assert clean_up(wire, ledger, settle=20) == ()


def test_a_target_that_is_lost_costs_no_more_than_a_restart_takes(connect: Connect, ledger: Ledger) -> None:
    for number in range(50):
        resource = Resource("environments", f"{OURS}{number}", f"{ENVIRONMENTS}/{OURS}{number}")
        ledger.intend(resource)
        ledger.note(resource, "created")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    began = time.monotonic()
    assert len(clean_up(connect(url), ledger, settle=0.5)) == 50
    assert time.monotonic() - began < 10


def test_a_target_that_is_away_for_longer_than_changes_take_is_waited_for(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api, told = Api(), list[str]()
    back_at = [0.0]
    server = serve(lambda request, client: api(request, client) if time.monotonic() > back_at[0] else None)
    wire = connect(server.url)
    furnish(wire)
    back_at[0] = time.monotonic() + 3
    assert clean_up(wire, ledger, settle=0.8, waiting=told.append) == ()
    assert api.resources == {}
    assert told == ["the target does not answer; waiting up to 4.8 s for it to come back"]


def test_a_target_that_fails_at_everything_costs_no_more_than_twice_the_time_to_settle(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api = Api()
    failing = [False]
    server = serve(lambda request, client: answer(500) if failing[0] else api(request, client))
    wire = connect(server.url)
    furnish(wire)
    for number in range(20):
        wire.send("POST", ENVIRONMENTS, content=json.dumps({"name": f"{OURS}{number}"}).encode())
    failing[0] = True
    began = time.monotonic()
    left = clean_up(wire, ledger, settle=0.8)
    assert time.monotonic() - began < 4
    assert {each.path for each in left} == set(api.resources), "exactly what is there"
    failing[0] = False
    assert clean_up(wire, ledger, settle=5) == ()
    assert clean_up(wire, ledger, settle=5) == ()
    assert api.resources == {}


def test_a_deletion_that_takes_long_is_not_given_up_because_others_are_in_vain(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    """What another kind waits for in vain is not taken from the time of those that do go."""
    api, going = Api(), dict[str, float]()

    def handler(request: Received, client: socket.socket) -> bytes:
        path = request.target.decode()
        if path.startswith(f"{HOME}/applications") and request.method == "DELETE":
            return answer(409)
        if request.method == "DELETE":
            going.setdefault(path, time.monotonic() + 0.5)
            return answer(202)
        if request.method == "GET" and time.monotonic() > going.get(path, float("inf")):
            api.resources = {
                known: body for known, body in api.resources.items() if not known.startswith(path)
            }
        return api(request, client)

    wire = connect(serve(handler).url)
    furnish(wire)
    assert clean_up(wire, ledger, settle=0.8) == ()


def test_it_is_done_for_several_at_once(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api, under_way, most = Api(), [0], [0]
    lock = threading.Lock()

    def handler(request: Received, client: socket.socket) -> bytes:
        if request.method != "DELETE":
            return api(request, client)
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.1)
        with lock:
            under_way[0] -= 1
            return api(request, client)

    wire = connect(serve(handler).url)
    for number in range(8):
        wire.send("POST", ENVIRONMENTS, content=json.dumps({"name": f"{OURS}{number}"}).encode())
    assert clean_up(wire, ledger, settle=5) == ()
    assert most[0] == 4


def test_stop_ends_the_work_at_once(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    server = serve(api)
    wire = connect(server.url)
    furnish(wire)
    before = len(server.received)
    assert len(clean_up(wire, ledger, settle=5, stop=lambda: len(server.received) >= before + 4)) > 0
    assert len(server.received) <= before + 8
    assert clean_up(wire, ledger, settle=5) == ()


def test_nothing_that_goes_wrong_is_raised(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(Api()).url)
    furnish(wire)
    wire.evidence.close()
    assert clean_up(wire, ledger, settle=0.3) == (), (
        "what is gone is known to be, though nobody could write it down"
    )


def test_ctrl_c_ends_the_work(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    api = Api()
    main = threading.get_ident()
    asked = 0

    def interrupt_once() -> bool:
        nonlocal asked
        asked += 1
        if asked == 3:
            signal.pthread_kill(main, signal.SIGINT)
            time.sleep(0.2)
        return False

    wire = connect(serve(api).url)
    furnish(wire)
    with pytest.raises(KeyboardInterrupt):
        clean_up(wire, ledger, settle=5, stop=interrupt_once)
    assert ledger.open != ()
    assert asked < 6
    assert clean_up(wire, ledger, settle=5) == ()


# From the ledger of a process that is no more

_VICTIM = """
import json, os, signal, sys
from pathlib import Path
from conformance.config import Target
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire
url, folder = sys.argv[1], Path(sys.argv[2])
ledger = Ledger.create(folder / "ledger.ndjson", run_id="ab12cd34", target_url=url)
ownership = Ownership("ab12cd34")
wire = Wire(Target(url), ownership=ownership, ledger=ledger, evidence=EvidenceLog(folder / "evidence.ndjson"),
            on_exchange=lambda exchange: exchange.request.body == b"" or exchange.response.status == 201 or None)
for number in range(5):
    wire.send("POST", "/cmf/api/v1/environments", content=json.dumps({"name": f"cmfc-ab12cd34-{number}"}).encode())
wire.send("GET", "/cmf/api/v1/environments/abc")
ownership.claim("abc")
wire.send("POST", "/cmf/api/v1/environments", content=b'{"name": "abc"}')
wire.send("POST", "/cmf/api/v1/environments", content=b'{"name": "cmfc-ab12cd34-killer"}')
"""


def test_a_killed_run_is_finished_from_its_ledger(serve: Serve, tmp_path: Path) -> None:
    api = Api()
    victims: list[subprocess.Popen[bytes]] = []
    started = threading.Event()

    def handler(request: Received, client: socket.socket) -> bytes:
        response = api(request, client)
        if b"killer" in request.body:
            started.wait(10)
            victims[0].kill()
        return response

    url = serve(handler).url
    with subprocess.Popen([sys.executable, "-c", _VICTIM, url, str(tmp_path)]) as victim:
        victims.append(victim)
        started.set()
        assert victim.wait(30) == -9
    assert len(api.resources) == 7
    api.resources[f"{ENVIRONMENTS}/prod"] = {}
    assert from_ledger(tmp_path / "ledger.ndjson", Target(url, limits=Limits(settle=5))) == ()
    assert list(api.resources) == [f"{ENVIRONMENTS}/prod"]
    assert (tmp_path / "ledger.ndjson.cleanup.ndjson").read_text().startswith('{"id":"c000001"')


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("event", ["created", "unknown"])
def test_a_claimed_name_is_deleted_only_when_it_was_surely_ours(
    serve: Serve,
    tmp_path: Path,
    same: bool,
    event: str,
) -> None:
    api = Api()
    api.resources[f"{ENVIRONMENTS}/abc"] = {}
    url = serve(api).url
    ledger = Ledger.create(
        tmp_path / "ledger", run_id=RUN, target_url=f"{url}/" if same else "http://other.example"
    )
    claimed = Resource("environments", "abc", f"{ENVIRONMENTS}/abc")
    ledger.intend(claimed)
    ledger.note(claimed, "created" if event == "created" else "unknown")
    ledger.close()
    left = from_ledger(tmp_path / "ledger", Target(url, limits=Limits(settle=0.3)))
    assert left == (() if same and event == "created" else (claimed,))
    assert (api.resources == {}) is (left == ())


def test_a_forged_ledger_deletes_nothing_foreign(serve: Serve, tmp_path: Path) -> None:
    api = Api()
    url = serve(api).url
    ledger = Ledger.create(tmp_path / "ledger", run_id=RUN, target_url=url)
    for kind, name, path in (
        ("environments", "production", f"{ENVIRONMENTS}/production-of-somebody"),
        ("environments", f"{OURS}a", f"{ENVIRONMENTS}/prod"),
        ("applications", "abcd", f"{ENVIRONMENTS}/prod/applications/abcd"),
        ("environments", f"{OURS}b", f"{ENVIRONMENTS}/{OURS}/../prod"),
        ("environments", "a-name-too-long-to-claim", f"{ENVIRONMENTS}/a-name-too-long-to-claim"),
    ):
        api.resources[path] = {}
        resource = Resource(kind, name, path)
        ledger.intend(resource)
        ledger.note(resource, "created")
    ledger.close()
    assert len(from_ledger(tmp_path / "ledger", Target(url, limits=Limits(settle=0.3)))) == 5
    assert api.deletions == []


def test_what_is_no_ledger_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("no\n")
    with pytest.raises(ReportError):
        from_ledger(tmp_path / "ledger", Target("http://x"))


def test_ownership_is_of_the_run_in_the_ledger() -> None:
    assert Ownership(RUN).prefix == f"cmfc-{RUN}-"
