"""A front before a reference server that does what real gateways do, and examinations of it."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.config import Auth, Features, Limits, Target
from conformance.doctor.examination import Options, examine
from conformance.doctor.finding import Finding, State, exit_code
from conformance.reference.launch import ReferenceServer

Done = subprocess.CompletedProcess[str]


@dataclass
class Rules:
    """What the front does besides passing on."""

    token: str | None = None
    """The one that opens."""
    ahead: float | None = 0.0
    """By how many seconds its clock is ahead; None leaves ``Date`` out."""
    delay: float = 0.0
    answers: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Pattern of method and path, and what is answered instead."""
    asked: list[str] = field(default_factory=list)
    """Method and path of each request that came."""


class Front(ThreadingHTTPServer):
    """Listens on a loopback port, over TLS when there is a context."""

    daemon_threads = True

    def __init__(self, backend: str, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend, self.rules = urlsplit(backend).netloc, Rules()
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def handle_error(self, *_: object) -> None:
        """Say nothing about clients that leave."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Front

    def handle_any(self) -> None:
        rules = self.server.rules
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        asked = f"{self.command} {self.path}"
        rules.asked.append(asked)
        time.sleep(rules.delay)
        given = self.headers.get("authorization")
        if rules.token is not None and given != f"Bearer {rules.token}":
            self.answer(401, b'{"errors": [{"message": "who are you?"}]}')
            return
        for pattern, status, content in rules.answers:
            if re.fullmatch(pattern, asked):
                self.answer(status, content)
                return
        backend = http.client.HTTPConnection(self.server.backend, timeout=20)
        headers = {
            key: value for key, value in self.headers.items() if key.lower() in {"accept", "content-type"}
        }
        backend.request(self.command, self.path, body or None, headers)
        passed = backend.getresponse()
        content = passed.read()
        backend.close()
        self.answer(passed.status, content, passed.getheader("content-type"))

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - names are the base class's

    def answer(self, status: int, body: bytes, media_type: str | None = "application/json") -> None:
        self.send_response_only(status)
        if self.server.rules.ahead is not None:
            self.send_header("Date", formatdate(time.time() + self.server.rules.ahead, usegmt=True))
        if media_type and body:
            self.send_header("Content-Type", media_type)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Stock:
    """A reference server of one test, and what is put on it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, f"/cmf/api/v1{path}", content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def environment(self, name: str) -> None:
        status, _ = self.send("POST", "/environments", {"name": name, "kubernetesNamespace": "default"})
        assert status == 201

    def names(self) -> list[str]:
        return [item["name"] for item in self.send("GET", "/environments")[1]["items"]]


@pytest.fixture(scope="session")
def shared() -> Iterator[ReferenceServer]:
    """A reference server that nothing stays on."""
    with ReferenceServer(pace=0.1) as server:
        yield server


@pytest.fixture
def stock() -> Iterator[Stock]:
    """A reference server of its own."""
    with ReferenceServer(pace=0.1) as server:
        yield Stock(server.url)


@pytest.fixture
def front(shared: ReferenceServer) -> Iterator[Callable[..., Front]]:
    """Start a front; keyword arguments are its rules."""
    started: list[Front] = []

    def start(context: ssl.SSLContext | None = None, backend: str = "", **rules: Any) -> Front:
        started.append(Front(backend or shared.url, context))
        started[-1].rules = Rules(**rules)
        return started[-1]

    yield start
    for one in started:
        one.stop()


class Findings:
    """What an examination found."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.all = list(findings)
        self.exit_code = int(exit_code(findings))

    def __getitem__(self, subject: str) -> Finding:
        (found,) = [each for each in self.all if each.subject == subject]
        return found

    def __contains__(self, subject: str) -> bool:
        return any(each.subject == subject for each in self.all)

    def told(self, subject: str, state: State, message: str, hint: str = "") -> None:
        """That there is exactly this to say of a subject."""
        found = self[subject]
        assert found.state is state, found
        assert re.search(message, found.message), found
        assert hint in found.hint, found
        assert bool(found.hint) is (state is not State.OK)
        assert all("\n" not in line for line in found.lines)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Findings]:
    """Examine a target in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("CMF_", "CONFLUENT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "*")

    def start(
        url: str,
        *,
        auth: Auth | None = None,
        limits: dict[str, Any] | None = None,
        features: dict[str, Any] | None = None,
        token: str | None = None,
        **options: Any,
    ) -> Findings:
        if token is not None:
            monkeypatch.setenv("CMF_CONFORMANCE_TOKEN", token)
        limited = Limits(**{"connect_timeout": 3.0, "read_timeout": 3.0, "settle": 1.0, **(limits or {})})
        target = Target(url, auth=auth or Auth(), limits=limited, features=Features(**(features or {})))
        return Findings(list(examine(target, Options(**options))))

    return start


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of the command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CMF_", "CONFLUENT_"))}
    return {**kept, "NO_PROXY": "*"}


@pytest.fixture
def call(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Done]:
    """Run the command in a folder of its own; keyword arguments are environment variables."""

    def start(*words: str | Path, **variables: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *words],
            cwd=tmp_path,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return start
