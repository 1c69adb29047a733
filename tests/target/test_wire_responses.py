"""Responses that are none, that are not whole, or that do not end."""

# ruff: noqa: FBT001 - a parameter is a flag
from __future__ import annotations

import gzip
import json
import socket
import threading
import time

import pytest

from conformance.target.evidence import EvidenceLog
from conformance.target.wire import NoAnswer

from .conftest import ENVIRONMENTS, OURS, Connect, Received, Serve, answer


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
    with pytest.raises(NoAnswer, match=r"ReadTimeout after 0.4 s, with \d+ bytes of a response") as caught:
        connect(serve(drip).url, limits={"read_timeout": 0.4}).send("GET", "/x")
    assert time.monotonic() - began < 1
    whole_head = start.endswith(b"\r\n\r\n")
    assert ("headers came, but not the whole body" in str(caught.value.exchange.error)) is whole_head


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
