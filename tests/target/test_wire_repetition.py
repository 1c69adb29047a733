"""What is sent again, and what is not."""

from __future__ import annotations

import socket

import pytest

from conformance.target.evidence import EvidenceLog
from conformance.target.wire import NoAnswer

from .conftest import ENVIRONMENTS, OURS, Connect, Received, Serve, answer, named


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
