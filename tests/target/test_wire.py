"""The wire, against targets that say exactly what the test says."""

# ruff: noqa: S105, FBT001, FBT003 - the token is none, and parameters are flags
from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from conformance.config import Auth, Limits, Mode, Target
from conformance.errors import ConfigurationError
from conformance.model import Exchange, Resource
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import USER_AGENT, BudgetSpent, GuardRefusal, NoAnswer, Wire

from .conftest import OURS, RUN, Api, Handler, Received, Server, answer

Serve: TypeAlias = Callable[[Handler], Server]
Connect: TypeAlias = Callable[..., Wire]
ENVIRONMENTS = "/cmf/api/v1/environments"
JSON = ("Content-Type", "application/json")


def ok(_request: Received, _socket: socket.socket) -> bytes:
    return answer(200, b"{}", "Content-Type: application/json")


def named(name: str) -> bytes:
    return json.dumps({"name": name}).encode()


@pytest.mark.parametrize(
    "path",
    ["/hello", "/a/../b/./c", "/%7e/%2F%2f/%zz", "/a//b/", '/a;x=1/[b]|{c}^`"<>\\', "/a#b", "/%00", "//x"],
)
def test_paths_reach_the_socket_byte_for_byte(serve: Serve, connect: Connect, path: str) -> None:
    server = serve(ok)
    exchange = connect(server.url + "/gateway/").send("GET", path)
    assert server.received[0].target == b"/gateway" + path.encode()
    assert exchange.request.url == f"{server.url}/gateway{path}"


def test_the_query_is_percent_encoded(serve: Serve, connect: Connect) -> None:
    server = serve(ok)
    connect(server.url).send(
        "GET", "/x", query=[("sort", "name,desc"), ("sort", "é &=#+"), ("a b", "\ud800")]
    )
    assert server.received[0].target == b"/x?sort=name%2Cdesc&sort=%C3%A9%20%26%3D%23%2B&a%20b=%ED%A0%80"


def test_no_headers_but_the_necessary_ones(serve: Serve, connect: Connect) -> None:
    server = serve(ok)
    wire = connect(server.url)
    wire.send("GET", "/x")
    wire.send(
        "GET",
        "/x",
        headers=[("ACCEPT", "application/yaml"), ("user-agent", "me"), ("Accept-Encoding", "gzip")],
    )
    wire.send("POST", ENVIRONMENTS, headers=[JSON], content=named(OURS))
    host = server.url.removeprefix("http://").encode()
    assert server.received[0].raw_headers == [
        (b"Host", host),
        (b"User-Agent", USER_AGENT.encode()),
        (b"Accept-Encoding", b"identity"),
    ]
    assert server.received[1].raw_headers == [
        (b"Host", host),
        (b"ACCEPT", b"application/yaml"),
        (b"user-agent", b"me"),
        (b"Accept-Encoding", b"gzip"),
    ]
    assert server.received[2].headers["content-length"] == str(len(named(OURS)))


def test_an_exchange_says_what_was_sent_and_what_came(
    serve: Serve, connect: Connect, evidence: EvidenceLog
) -> None:
    server = serve(lambda *_: answer(201, b"\xff\x00", "X-Y: z\xe9"))
    seen: list[Exchange] = []
    wire = connect(server.url, identify=lambda method, path: f"{method} of {path}", on_exchange=seen.append)
    exchange = wire.send("GET", "/x", headers=[("Accept", "a/b")])
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.body) == (201, b"\xff\x00")
    assert exchange.response.header("x-y") == "z\u00c3\u00a9"
    assert (exchange.id, exchange.operation, exchange.attempt) == ("x000001", "GET of /x", 1)
    assert ("Accept", "a/b") in exchange.request.headers
    assert exchange.started.endswith("Z")
    assert 0 < exchange.elapsed_ms < 2000
    assert seen == [exchange]
    assert evidence.get("x000001") == exchange


def test_redirects_are_not_followed_and_cookies_not_kept(serve: Serve, connect: Connect) -> None:
    server = serve(lambda *_: answer(302, b"", "Location: http://[", "Set-Cookie: a=b"))
    wire = connect(server.url)
    for _ in range(2):
        assert wire.send("GET", "/x").response is not None
    assert [request.headers.get("cookie") for request in server.received] == [None, None]


def test_what_the_guard_refuses_never_leaves(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    server = serve(ok)
    wire = connect(server.url)
    for method, path, content in (
        ("DELETE", f"{ENVIRONMENTS}/prod", None),
        ("POST", ENVIRONMENTS, named("prod")),
        ("GET", "x", None),
    ):
        with pytest.raises(GuardRefusal, match=f"{method} "):
            wire.send(method, path, content=content)
    with pytest.raises(GuardRefusal, match="read-only"):
        connect(server.url, mode=Mode.READ_ONLY).send("POST", ENVIRONMENTS, content=named(OURS))
    with pytest.raises(GuardRefusal, match="ledger"):
        connect(server.url, ledger=None).send("DELETE", f"{ENVIRONMENTS}/{OURS}")
    assert server.received == []
    assert server.connections == 0
    assert ledger.open == ()


# The ledger


def test_a_creation_is_on_the_disk_before_it_is_sent(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    on_disk: list[str] = []

    def handler(request: Received, _: socket.socket) -> bytes:
        on_disk.append(ledger.path.read_text())
        return answer(201, request.body, "Content-Type: application/json")

    wire = connect(serve(handler).url)
    wire.send("POST", ENVIRONMENTS, headers=[JSON], content=named(OURS))
    assert f'"event":"intend","kind":"environments","name":"{OURS}"' in on_disk[0]
    assert "created" not in on_disk[0]
    assert ledger.created == ledger.open == (Resource("environments", OURS, f"{ENVIRONMENTS}/{OURS}"),)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (201, "created"),
        (200, "created"),
        (400, "refused"),
        (422, "refused"),
        (408, "unknown"),
        (500, "unknown"),
        (302, "unknown"),
    ],
)
def test_the_answer_is_noted(serve: Serve, connect: Connect, ledger: Ledger, status: int, state: str) -> None:
    wire = connect(serve(lambda *_: answer(status)).url)
    wire.send("POST", f"{ENVIRONMENTS}/{OURS}/applications", content=b'{"metadata": {"name": "abcd"}}')
    path = f"{ENVIRONMENTS}/{OURS}/applications/abcd"
    assert ledger.state(path) == state
    assert [resource.path for resource in ledger.open] == [path]


def test_no_answer_is_unknown_and_no_connection_is_a_refusal(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    with pytest.raises(NoAnswer):
        connect(serve(lambda *_: None).url).send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}") == "unknown"
    with pytest.raises(NoAnswer, match=r"ConnectError: \[Errno \d+\] Connection refused"):
        connect(unused_url()).send("POST", ENVIRONMENTS, content=named(f"{OURS}b"))
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}b") == "refused"


def test_a_resource_is_gone_when_404_follows_its_deletion(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api = Api()
    wire = connect(serve(api).url)
    path = f"{ENVIRONMENTS}/{OURS}"
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    wire.send("POST", f"{path}/applications", content=b'{"metadata": {"name": "abcd"}}')
    api.status["GET", path] = [404]
    wire.send("GET", path)
    assert ledger.state(path) == "created", "a 404 without a deletion proves nothing"
    wire.send("DELETE", path)
    assert ledger.state(path) == "created", "an acknowledged deletion may still be under way"
    wire.send("GET", path)
    assert ledger.open == (), "what was inside the environment is gone with it"
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.state(path) == "created"
    assert len(ledger.created) == 2
    api.status["GET", path] = [404]
    wire.send("GET", path)
    assert ledger.state(path) == "created", "the deletion was of the one before"


def test_a_404_does_not_close_what_is_being_created(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    path = f"{ENVIRONMENTS}/{OURS}"
    go_on = threading.Event()
    posts = []

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.method != "POST":
            return answer(404)
        posts.append(request)
        if len(posts) == 1:
            return answer(400)
        go_on.wait(5)
        return answer(201)

    wire = connect(serve(handler).url, limits={"read_timeout": 10.0})
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    with ThreadPoolExecutor(1) as pool:
        creation = pool.submit(wire.send, "POST", ENVIRONMENTS, content=named(OURS))
        while len(posts) < 2:
            time.sleep(0.005)
        for method in ("GET", "DELETE", "GET"):
            wire.send(method, path)
            assert ledger.state(path) == "refused"
        go_on.set()
        creation.result()
    assert ledger.state(path) == "created"


def test_a_404_to_a_question_from_before_the_deletion_proves_nothing(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    path = f"{ENVIRONMENTS}/{OURS}"
    asked, go_on = threading.Event(), threading.Event()

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.method == "GET":
            asked.set()
            go_on.wait(5)
            return answer(404)
        return answer(201 if request.method == "POST" else 202)

    wire = connect(serve(handler).url, limits={"read_timeout": 10.0})
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    with ThreadPoolExecutor(1) as pool:
        question = pool.submit(wire.send, "GET", path)
        assert asked.wait(5)
        wire.send("DELETE", path)
        go_on.set()
        question.result()
    assert ledger.state(path) == "created"
    wire.send("GET", path)
    assert ledger.state(path) == "gone"


def test_a_name_that_the_target_changed_is_entered_too(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    wire = connect(serve(lambda *_: answer(201, named(OURS), "Content-Type: application/json")).url)
    wire.send("POST", ENVIRONMENTS, content=named(f" {OURS.upper()}"))
    assert {resource.name for resource in ledger.open} == {f" {OURS.upper()}", OURS}


def test_a_name_that_the_target_chose_is_entered_too(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(lambda *_: answer(201, b"name: 'null'", "Content-Type: application/yaml")).url)
    wire.send("POST", ENVIRONMENTS, content=b'{"name": null}')
    assert ledger.open == (Resource("environments", "null", f"{ENVIRONMENTS}/null"),)


def test_of_two_names_the_answered_one_was_created(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(lambda *_: answer(201, named(f"{OURS}b"), "Content-Type: application/json")).url)
    wire.send("POST", ENVIRONMENTS, content=f'{{"name": "{OURS}a", "name": "{OURS}b"}}'.encode())
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}a") == "unknown"
    assert [resource.name for resource in ledger.created] == [f"{OURS}b"]


def test_a_write_to_a_resource_is_entered_as_it_may_create_it(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    wire = connect(serve(lambda *_: answer(200)).url)
    wire.send("PUT", f"{ENVIRONMENTS}/{OURS}", content=named(OURS))
    wire.send("POST", f"{ENVIRONMENTS}/{OURS}/applications/abcd/start")
    assert [resource.name for resource in ledger.created] == [OURS]


def test_a_claimed_name_must_have_been_seen_to_be_free(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    ownership = Ownership(RUN)
    wire = connect(serve(Api()).url, ownership=ownership)
    ownership.claim("abc")
    for method, path, content in (
        ("POST", ENVIRONMENTS, named("abc")),
        ("DELETE", f"{ENVIRONMENTS}/abc", None),
        ("PUT", f"{ENVIRONMENTS}/abc", None),
    ):
        with pytest.raises(GuardRefusal, match="not seen to be free"):
            wire.send(method, path, content=content)
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    with pytest.raises(GuardRefusal, match="not seen to be free"):
        wire.send("DELETE", f"{ENVIRONMENTS}/abc")
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    wire.send("DELETE", f"{ENVIRONMENTS}/abc")
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    assert ledger.open == ()


def test_a_claimed_name_that_somebody_took_meanwhile_is_given_up(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    ownership = Ownership(RUN)
    wire = connect(
        serve(lambda request, _: answer(404 if request.method == "GET" else 409)).url, ownership=ownership
    )
    ownership.claim("abc")
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    assert not ownership.owns("abc")
    assert ledger.open == ()


# Responses that are none, or not whole


def test_a_silent_target_times_out(serve: Serve, connect: Connect, evidence: EvidenceLog) -> None:
    over = threading.Event()

    def silent(*_: object) -> None:
        over.wait(5)

    wire = connect(serve(silent).url, limits={"read_timeout": 0.3})
    began = time.monotonic()
    with pytest.raises(NoAnswer) as caught:
        wire.send("GET", "/x")
    assert time.monotonic() - began < 1
    assert caught.value.exchange.error == "ReadTimeout after 0.3 s"
    assert caught.value.exchange.response is None
    assert evidence.get(caught.value.exchange.id) == caught.value.exchange
    assert len(evidence) == 1, "a time-out is not repeated"
    over.set()


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_a_dripping_target_times_out_as_a_whole(serve: Serve, connect: Connect, start: bytes) -> None:
    def drip(_: Received, client: socket.socket) -> None:
        client.sendall(start or b"HTTP/1.1 200 O")
        for _number in range(40):
            client.sendall(b"K")
            time.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(NoAnswer, match=r"ReadTimeout after 0.4 s, with \d+ bytes of a response"):
        connect(serve(drip).url, limits={"read_timeout": 0.4}).send("GET", "/x")
    assert time.monotonic() - began < 1


def test_a_response_shorter_than_announced_is_none(serve: Serve, connect: Connect) -> None:
    def short(_: Received, client: socket.socket) -> None:
        client.sendall(answer(200, b"abc", length=100))

    with pytest.raises(NoAnswer, match=r"RemoteProtocolError: .*after \d+ bytes of a response"):
        connect(serve(short).url).send("GET", "/x")


def test_a_response_longer_than_announced_does_not_spoil_the_next(serve: Serve, connect: Connect) -> None:
    server = serve(lambda *_: answer(200, b"abcHTTP/1.1 500 Faked\r\nContent-Length: 0\r\n\r\n", length=3))
    wire = connect(server.url)
    for _ in range(3):
        exchange = wire.send("GET", "/x")
        assert exchange.response is not None
        assert (exchange.response.status, exchange.response.body) == (200, b"abc")


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("status", [304, 204])
def test_a_body_that_must_not_be_is_seen_with_its_own_response(
    serve: Serve,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    late: bool,
) -> None:
    monkeypatch.setattr("conformance.target.connection._LATE_BODY", 2.0)

    def handler(request: Received, client: socket.socket) -> bytes:
        if request.target == b"/next":
            return answer(200, b"next")
        client.sendall(f"HTTP/1.1 {status} X\r\n\r\n".encode())
        time.sleep(0.005 if late else 0)
        return b"surplus"

    wire = connect(serve(handler).url)
    first, second = wire.send("GET", "/x").response, wire.send("GET", "/next").response
    assert first is not None
    assert second is not None
    assert second.body == b"next"
    if status == 304:
        assert first.body == b"surplus"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_bodiless_response_has_no_body(serve: Serve, connect: Connect, method: str) -> None:
    server = serve(
        lambda request, _: (
            b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n"
            if request.method == "GET"
            else b"HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\n"
        )
    )
    wire = connect(server.url)
    for _ in range(3):
        response = wire.send(method, "/x").response
        assert response is not None
        assert response.body == b""


def test_garbage_is_no_answer(serve: Serve, connect: Connect) -> None:
    with pytest.raises(NoAnswer, match="RemoteProtocolError: "):
        connect(serve(lambda *_: b"SSH-2.0-OpenSSH\r\n\r\n").url).send("GET", "/x")


def test_an_early_answer_to_a_large_body_is_an_answer(connect: Connect) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        client, _ = listener.accept()
        with client:
            client.recv(1000)
            client.sendall(answer(413))
            client.settimeout(2)
            while client.recv(65536):
                pass

    thread = threading.Thread(target=refuse)
    thread.start()
    wire = connect(f"http://127.0.0.1:{listener.getsockname()[1]}")
    body = json.dumps({"metadata": {"name": OURS}, "x": "y" * 3_000_000}).encode()
    response = wire.send("POST", ENVIRONMENTS, content=body).response
    assert response is not None
    assert response.status == 413
    wire.close()
    thread.join(5)
    listener.close()


def test_a_huge_body_is_cut(serve: Serve, connect: Connect) -> None:
    def endless(_: Received, client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _number in range(500):
            client.sendall(b"x" * 65536)

    response = connect(serve(endless).url, limits={"max_response_bytes": 1000}).send("GET", "/x").response
    assert response is not None
    assert (response.body, response.truncated) == (b"x" * 1000, True)


def test_a_body_of_exactly_the_limit_is_whole(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(lambda *_: answer(200, b"x" * 1000)).url, limits={"max_response_bytes": 1000})
    response = wire.send("GET", "/x").response
    assert response is not None
    assert (len(response.body), response.truncated) == (1000, False)


def test_a_packed_body_is_unpacked_within_the_limit(serve: Serve, connect: Connect) -> None:
    packed = {b"/bomb": gzip.compress(bytes(50_000_000)), b"/small": gzip.compress(b"abc"), b"/lie": b"abc"}
    server = serve(lambda request, _: answer(200, packed[request.target], "Content-Encoding: gzip"))
    wire = connect(server.url, limits={"max_response_bytes": 100_000})
    bomb, small, lie = (wire.send("GET", path.decode()).response for path in packed)
    assert bomb is not None and small is not None and lie is not None  # noqa: PT018
    assert (len(bomb.body), bomb.truncated) == (100_000, True)
    assert (small.body, small.truncated) == (b"abc", False)
    assert lie.body == b"abc"


# Repetition


def test_reads_survive_a_connection_that_was_closed_while_idle(serve: Serve, connect: Connect) -> None:
    def once(request: Received, client: socket.socket) -> None:
        client.sendall(answer(200, str(request.connection).encode()))

    server = serve(once)
    wire = connect(server.url)
    bodies = [
        exchange.response.body for exchange in (wire.send("GET", "/x") for _ in range(5)) if exchange.response
    ]
    assert len(bodies) == 5


def test_writes_never_meet_a_stale_connection(serve: Serve, connect: Connect, evidence: EvidenceLog) -> None:
    """The target answers one request a connection, and closes only when the next one arrives."""

    def stale(_: Received, client: socket.socket) -> bytes | None:
        if client in used:
            return None
        used.append(client)
        return answer(201)

    used: list[socket.socket] = []
    server = serve(stale)
    wire = connect(server.url)
    wire.send("GET", "/x")
    for number in range(5):
        exchange = wire.send("POST", ENVIRONMENTS, content=named(f"{OURS}{number}"))
        assert exchange.attempt == 1
    exchange = wire.send("GET", "/x")
    assert exchange.attempt == 2, "the read was repeated, and it shows"
    failed = evidence.get("x000007")
    assert failed.error is not None
    assert "disconnected" in failed.error
    assert sum(request.method == "POST" for request in server.received) == 5


def test_a_read_that_fails_three_times_is_no_answer_and_a_write_is_sent_once(
    serve: Serve, connect: Connect, evidence: EvidenceLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.target.wire._PAUSES", (0.0, 0.0))
    server = serve(lambda *_: None)
    wire = connect(server.url)
    with pytest.raises(NoAnswer) as caught:
        wire.send("GET", "/x")
    assert caught.value.exchange.attempt == len(evidence) == 3
    with pytest.raises(NoAnswer):
        wire.send("DELETE", f"{ENVIRONMENTS}/{OURS}")
    assert [request.method for request in server.received] == ["GET"] * 3 + ["DELETE"]


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_target_is_asked_again_when_it_says(
    serve: Serve, connect: Connect, evidence: EvidenceLog, status: int
) -> None:
    answers = [answer(status, b"", "Retry-After: 0"), answer(status, b"", "Retry-After: 0"), answer(200)]
    wire = connect(serve(lambda *_: answers.pop(0)).url)
    exchange = wire.send("GET", "/x")
    assert exchange.response is not None
    assert (exchange.response.status, exchange.attempt, len(evidence)) == (200, 3, 3)


def test_the_third_429_one_without_retry_after_and_one_to_a_write_are_answers(
    serve: Serve, connect: Connect
) -> None:
    server = serve(
        lambda request, _: answer(429, b"", *(["Retry-After: 0"] if request.target != b"/no" else []))
    )
    wire = connect(server.url)
    assert wire.send("GET", "/x").attempt == 3
    assert wire.send("GET", "/no").attempt == 1
    assert wire.send("DELETE", f"{ENVIRONMENTS}/{OURS}").attempt == 1


# Limits


def test_the_budget_of_requests_and_of_time(serve: Serve, connect: Connect) -> None:
    server = serve(ok)
    wire = connect(server.url, limits={"total_requests": 2})
    wire.send("GET", "/x")
    wire.send("GET", "/x")
    with pytest.raises(BudgetSpent, match="2 requests"):
        wire.send("GET", "/x")
    wire.budget.lift()
    wire.send("GET", "/x")
    assert len(server.received) == 3
    with pytest.raises(BudgetSpent, match="0 s"):
        connect(server.url, limits={"max_time": 0.0}).send("GET", "/x")


def test_nothing_is_entered_when_the_budget_is_spent(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(ok).url, limits={"total_requests": 0})
    with pytest.raises(BudgetSpent):
        wire.send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.open == ()


def test_the_pace_is_kept_by_all_threads_together(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(ok).url, limits={"requests_per_second": 50.0})
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(wire.send, "GET", "/x") for _ in range(11)]:
            future.result()
    assert time.monotonic() - began >= 0.2


def test_a_connection_that_does_not_come_about_times_out(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        wire = connect(f"http://127.0.0.1:{address[1]}", limits={"connect_timeout": 0.2, "read_timeout": 0.2})
        with pytest.raises(NoAnswer, match=r"ConnectTimeout after 0.2 s|ReadTimeout after 0.2 s"):
            wire.send("DELETE", f"{ENVIRONMENTS}/{OURS}")
        for filler in fillers:
            filler.close()


# Credentials and secrets


def test_the_token_is_sent_and_never_stored(
    serve: Serve, connect: Connect, evidence: EvidenceLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "s3cr3t/tok+en=="
    monkeypatch.setenv("CMF_CONFORMANCE_TOKEN", token)
    echo = {"plain": token, "again": [f"Bearer {token}"]}
    server = serve(
        lambda *_: answer(401, json.dumps(echo).encode(), f"X-Echo: {token}", "Set-Cookie: session=abcdef")
    )
    wire = connect(server.url)
    wire.redact.add("canary-42", "secret-data")
    exchange = wire.send("GET", f"/x/{token}", query=[("token", token), ("c", "canary-42")])
    assert server.received[0].headers["authorization"] == f"Bearer {token}"
    assert exchange.response is not None
    assert json.loads(exchange.response.body) == {
        "plain": "REDACTED-token",
        "again": ["Bearer REDACTED-token"],
    }
    assert ("Authorization", "Bearer REDACTED") in exchange.request.headers
    assert exchange.response.header("Set-Cookie") == "REDACTED"
    assert exchange.request.url.endswith("/x/REDACTED-token?token=REDACTED-token&c=REDACTED-secret-data")
    stored = evidence.path.read_text()
    assert "s3cr3t" not in stored
    assert "canary" not in stored
    assert "abcdef" not in stored


def test_credentials_can_be_left_out_or_be_wrong(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMF_CONFORMANCE_TOKEN", "token-1")
    server = serve(ok)
    wire = connect(server.url)
    wire.send("GET", "/x", authenticate=False)
    exchange = wire.send("GET", "/x", headers=[("authorization", "Bearer wrong")])
    assert [request.headers.get("authorization") for request in server.received] == [None, "Bearer wrong"]
    assert ("authorization", "Bearer REDACTED") in exchange.request.headers


def test_a_new_token_is_tried_once_after_401(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("token-1\n")

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.headers["authorization"] != "Bearer token-2":
            file.write_text("token-2\n" if request.target != b"/never" else "token-3\n")
            return answer(401)
        return answer(200, b"token-2")

    server = serve(handler)
    wire = connect(server.url, auth=Auth(token_file=file))
    exchange = wire.send("DELETE", f"{ENVIRONMENTS}/{OURS}")
    assert exchange.response is not None
    assert (exchange.response.status, exchange.attempt) == (200, 2)
    assert exchange.response.body == b"REDACTED-token"
    file.write_text("token-4")
    wire._credentials.renew("token-2")
    assert wire.send("GET", "/never").attempt == 2


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cmf.example",
        "ftp://cmf.example",
        "http://",
        "http://user:secret@cmf.example",
        "http://cmf.example/?a=b",
        "http://cmf.example/#a",
        "http://cmf.example/a/../b",
        "http://cmf.example/a b",
        "http://cmf.example:99999",
        "http://cmf.example:0",
        "http://a..b",
        "http://[::1",
    ],
)
def test_a_url_that_cannot_be_used_is_a_configuration_error(url: str, evidence: EvidenceLog) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Wire(Target(url, limits=Limits()), ownership=Ownership(RUN), ledger=None, evidence=evidence)
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_many_threads_share_a_wire(serve: Serve, connect: Connect, evidence: EvidenceLog) -> None:
    def echo(request: Received, _: socket.socket) -> bytes:
        return answer(200, request.target)

    wire = connect(serve(echo).url)

    def ask(number: int) -> bool:
        response = wire.send("GET", f"/{number}").response
        return response is not None and response.body == f"/{number}".encode()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
    assert len({json.loads(line)["id"] for line in evidence.path.read_text().splitlines()}) == 200


def test_a_wire_closes_with_its_block(serve: Serve, ledger: Ledger, evidence: EvidenceLog) -> None:
    options: dict[str, Any] = {"ownership": Ownership(RUN), "ledger": ledger, "evidence": evidence}
    with Wire(Target(serve(ok).url), **options) as wire:
        assert wire.send("GET", "/x").response is not None


def unused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
