"""A server that publishes whatever it is given, and the command as a process of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

Done = subprocess.CompletedProcess[str]


@dataclass
class Pages:
    """What is published, and what was asked for."""

    url: str
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Status and body, or the place of a redirection, by path and query."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Method and path of each request, and the credentials that came with it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def answer(self) -> None:
        pages: Pages = self.server.pages  # type: ignore[attr-defined]
        pages.asked.append((f"{self.command} {self.path}", self.headers.get("authorization")))
        status, body = pages.answers.get(self.path, (404, b"<html>no such page</html>"))
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", body.decode())
            body = b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815 - names are the base class's

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def publish() -> Iterator[Callable[..., Pages]]:
    """Start a server, over TLS when there is a context."""
    started: list[tuple[ThreadingHTTPServer, Thread]] = []

    def start(context: ssl.SSLContext | None = None) -> Pages:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        pages = Pages(f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}")
        server.pages = pages  # type: ignore[attr-defined]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return pages

    yield start
    for server, thread in started:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def drift(tmp_path: Path) -> Callable[..., Done]:
    """Run the command in a folder of its own; keyword arguments are environment variables."""

    def start(*words: str | Path, **variables: str) -> Done:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("CMF_", "CONFLUENT_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "conformance", "drift", *words],
            cwd=tmp_path,
            env={**kept, "NO_PROXY": "*", **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return start
