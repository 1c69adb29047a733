"""Targets made of a bare socket each: what they send is what the test says, byte for byte."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import pytest

from conformance.config import Auth, Limits, Target
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire

RUN = "ab12cd34"
OURS = f"cmfc-{RUN}-"
ENVIRONMENTS = "/cmf/api/v1/environments"
JSON = ("Content-Type", "application/json")


@dataclass
class Received:
    """One request as it arrived."""

    line: bytes
    headers: dict[str, str]
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        return self.line.split(b" ")[0].decode()

    @property
    def target(self) -> bytes:
        return self.line.split(b" ")[1]


def answer(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """The bytes of a response; ``length`` lies about the body."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        *headers,
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


Handler: TypeAlias = Callable[[Received, socket.socket], bytes | None]
"""Returns what to send; None closes the connection."""


@dataclass
class Server:
    """A target on a loopback port."""

    handler: Handler
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for client in self._open:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for client in self._open:
            client.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(client)
            thread = threading.Thread(target=self._serve, args=(client, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, number: int) -> None:
        pending = b""
        with contextlib.suppress(OSError):
            while True:
                while b"\r\n\r\n" not in pending:
                    more = client.recv(65536)
                    if not more:
                        return
                    pending += more
                head, _, pending = pending.partition(b"\r\n\r\n")
                line, *rest = head.split(b"\r\n")
                raw = [(name, value.strip()) for name, _, value in (entry.partition(b":") for entry in rest)]
                headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
                length = int(headers.get("content-length", 0))
                while len(pending) < length:
                    pending += client.recv(65536)
                body, pending = pending[:length], pending[length:]
                request = Received(line, headers, raw, body, number)
                self.received.append(request)
                response = self.handler(request, client)
                if response is None:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(response)


def ok(_request: Received, _socket: socket.socket) -> bytes:
    """A handler: an empty object in answer to everything."""
    return answer(200, b"{}", "Content-Type: application/json")


def named(name: str) -> bytes:
    """The body of an environment of that name."""
    return json.dumps({"name": name}).encode()


class Api:
    """A small, correct, stateful API: what is posted can be read and deleted."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}
        self.deletions: list[str] = []
        self.status: dict[tuple[str, str], list[int]] = {}
        """Statuses to answer with instead, by method and path, one after the other."""

    def __call__(self, request: Received, _: socket.socket) -> bytes:
        path = unquote(request.target.decode())
        if forced := self.status.get((request.method, path)):
            return answer(forced.pop(0))
        if request.method == "POST":
            body = json.loads(request.body)
            name = body.get("name") or body["metadata"]["name"]
            self.resources[f"{path}/{name}"] = body
            return answer(201, request.body, "Content-Type: application/json")
        if path not in self.resources:
            return answer(404, b'{"errors":[{"message":"no"}]}', "Content-Type: application/json")
        if request.method == "DELETE":
            self.deletions.append(path)
            for inside in [
                known for known in self.resources if known == path or known.startswith(f"{path}/")
            ]:
                del self.resources[inside]
            return answer(204)
        return answer(200, json.dumps(self.resources[path]).encode(), "Content-Type: application/json")


Serve: TypeAlias = Callable[[Handler], Server]
"""What the fixture ``serve`` is."""
Connect: TypeAlias = Callable[..., Wire]
"""What the fixture ``connect`` is."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a target that answers as the handler says."""
    servers: list[Server] = []

    def start(handler: Handler) -> Server:
        servers.append(Server(handler))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """The ledger of the run."""
    book = Ledger.create(tmp_path / "ledger.ndjson", run_id=RUN, target_url="http://target.example")
    yield book
    book.close()


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[EvidenceLog]:
    """The evidence of the run."""
    log = EvidenceLog(tmp_path / "evidence.ndjson")
    yield log
    log.close()


@pytest.fixture
def connect(ledger: Ledger, evidence: EvidenceLog) -> Iterator[Connect]:
    """Open a wire to a URL; keyword arguments are limits, ``auth`` and arguments of ``Wire``."""
    wires: list[Wire] = []

    def start(
        url: str, *, auth: Auth | None = None, limits: dict[str, Any] | None = None, **how: Any
    ) -> Wire:
        limited = Limits(**{"connect_timeout": 2.0, "read_timeout": 2.0, **(limits or {})})
        how = {"ownership": Ownership(RUN), "ledger": ledger, "evidence": evidence, **how}
        wires.append(Wire(Target(url, auth=auth or Auth(), limits=limited), **how))
        return wires[-1]

    yield start
    for wire in wires:
        wire.close()
