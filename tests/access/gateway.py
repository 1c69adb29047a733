"""A gateway in front of a CMF, as a test tool: it issues tokens for client credentials, and lets in who has one.

It can demand a header as well, and be indiscreet: then each answer repeats the credentials and the body that came with
its request, written in several ways.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote_plus, urlsplit


@dataclass
class Rules:
    """What the gateway demands and does."""

    backend: str
    client: tuple[str, str] = ("client id", "s3cret/wi:th+odd%chars")
    scope: str | None = None
    lifetime: float = 60.0
    """Seconds for which a token opens."""
    announced: Any = 60
    """What ``expires_in`` says; None leaves it out."""
    key: tuple[str, str] | None = None
    """A header that every request must carry."""
    indiscreet: bool = False
    token_answer: tuple[int, bytes, dict[str, str]] | None = None
    """What the token endpoint answers instead."""
    pause: float = 0.0
    """Seconds before the token endpoint answers."""


@dataclass
class Seen:
    """What came."""

    issued: dict[str, float] = field(default_factory=dict)
    """When each token was issued."""
    token_requests: list[dict[str, str]] = field(default_factory=list)
    authorized: list[str] = field(default_factory=list)
    """The token of each request that was let in."""
    refused: int = 0
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


class Gateway(ThreadingHTTPServer):
    """Listens on a loopback port, over TLS when there is a context."""

    daemon_threads = True

    def __init__(self, rules: Rules, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rules, self.seen = rules, Seen()
        self.lock = threading.Lock()
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_port}"
        self.token_url = f"{self.url}/oauth2/token"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def handle_error(self, *_: object) -> None:
        """Say nothing about clients that leave."""

    def issue(self) -> str:
        token = f"issued-{secrets.token_urlsafe(24)}"
        with self.lock:
            self.seen.issued[token] = time.monotonic()
        return token

    def is_open_to(self, token: str) -> bool:
        with self.lock:
            issued = self.seen.issued.get(token)
        return issued is not None and time.monotonic() < issued + self.rules.lifetime

    def revoke_all(self) -> None:
        with self.lock:
            self.seen.issued = dict.fromkeys(self.seen.issued, float("-inf"))

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Gateway

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.body = body[:MOST_ECHOED]
        rules, seen = self.server.rules, self.server.seen
        if self.path.startswith("/oauth2/"):
            time.sleep(rules.pause)
            self.answer(*(rules.token_answer or self.token(body)))
            return
        seen.bodies.append(body)
        scheme, _, token = (self.headers.get("authorization") or "").partition(" ")
        key = rules.key and self.headers.get(rules.key[0])
        seen.keys.append(key)
        if rules.key is not None and key != rules.key[1]:
            self.refuse(403, "the gateway wants its key")
        elif scheme.lower() != "bearer" or not self.server.is_open_to(token):
            seen.refused += 1
            self.refuse(401, f"no such token: {token}" if rules.indiscreet else "no such token")
        else:
            seen.authorized.append(token)
            self.forward(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any  # noqa: N815

    def token(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        rules, form = self.server.rules, parse_qs(body.decode("ascii"))
        self.server.seen.token_requests.append({name: values[0] for name, values in form.items()})
        scheme, _, login = (self.headers.get("authorization") or "").partition(" ")
        client, _, secret = base64.b64decode(login).decode("ascii").partition(":")
        if (scheme, unquote_plus(client), unquote_plus(secret)) != ("Basic", *rules.client):
            echo = {"error": "invalid_client", "error_description": f"{login} {unquote_plus(secret)}"}
            return 401, json.dumps(echo).encode(), {}
        if form.get("grant_type") != ["client_credentials"]:
            return 400, b'{"error": "unsupported_grant_type"}', {}
        if rules.scope is not None and form.get("scope") != [rules.scope]:
            return 400, b'{"error": "invalid_scope"}', {}
        answer = {"access_token": self.server.issue(), "token_type": "Bearer"}
        if rules.announced is not None:
            answer["expires_in"] = rules.announced
        return 200, json.dumps(answer).encode(), {"Cache-Control": "no-store"}

    def refuse(self, status: int, message: str) -> None:
        self.answer(status, json.dumps({"errors": [{"message": message}]}).encode(), {})

    def forward(self, body: bytes) -> None:
        backend = http.client.HTTPConnection(urlsplit(self.server.rules.backend).netloc, timeout=20)
        left_out = {"host", "authorization", "connection"}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        backend.request(self.command, self.path, body or None, headers)
        answer = backend.getresponse()
        given = answer.read()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_THE_HOP}
        self.answer(answer.status, given, kept)
        backend.close()

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        if self.server.rules.indiscreet and not self.path.startswith("/oauth2/"):
            said = "|".join(value for name, value in self.headers.items() if name.lower() in _CREDENTIALS)
            said += f"|{self.server.rules.client[1]}"
            self.send_header("X-Plain", said)
            self.send_header("X-Base64", base64.b64encode(said.encode()).decode())
            self.send_header("X-Url", quote(said, safe=""))
            self.send_header("X-Json", json.dumps(said))
            self.send_header("Set-Cookie", f"session={quote(said)}")
            self.send_header("X-Body-Base64", base64.b64encode(self.body).decode())
            self.send_header("X-Body-Url", quote(self.body, safe=""))
            self.send_header("X-Body-Json", json.dumps(self.body.decode("utf-8", "replace")))
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in {204, 304} and self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


MOST_ECHOED = 4096
_CREDENTIALS = {"authorization", "x-api-key"}
_OF_THE_HOP = {"content-length", "transfer-encoding", "connection", "keep-alive", "date", "server"}
