"""Credentials go to the target, and neither they nor other secrets into the evidence."""

# ruff: noqa: S105 - the token is none
from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from conformance.config import Auth
from conformance.target.evidence import EvidenceLog

from .conftest import ENVIRONMENTS, OURS, Connect, Received, Serve, answer, ok


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
