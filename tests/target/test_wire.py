"""The wire: what arrives at the target is what was asked for, and what comes back is told whole."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance.config import Limits, Mode, Target
from conformance.errors import ConfigurationError
from conformance.model import Exchange
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import USER_AGENT, GuardRefusal, Wire

from .conftest import ENVIRONMENTS, JSON, OURS, RUN, Connect, Received, Serve, answer, named, ok


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
