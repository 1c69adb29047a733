"""A small server of collections as another document describes them; what it does not know it hands on.

A path is a resource when the path before its last segment is a collection and somebody has created it there.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

Reply = tuple[int, Any]


@dataclass
class Behaviour:
    """What a server has, and what it does wrong."""

    collections: tuple[str, ...]
    """Paths with ``{}`` for each name; resources are in them and below them."""
    by_id: tuple[str, ...] = ()
    """Those whose resources are addressed by a uid."""
    flat: bool = False
    """Whether the name of a resource stands at the top of its body."""
    actions: tuple[str, ...] = ("detach",)
    fixed: dict[str, Any] = field(default_factory=dict)
    """What a GET of these paths answers."""
    existing: dict[str, Any] = field(default_factory=dict)
    """Resources of somebody else, by path."""
    twist: Callable[[str, str, Reply], Reply] = lambda _method, _path, reply: reply
    """Makes a fault of an answer."""


class Versioned(ThreadingHTTPServer):
    """Listens on a loopback port."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour, backend: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour, self.backend = behaviour, backend
        self.resources: dict[str, Any] = dict(behaviour.existing)
        self.writes: list[tuple[str, str, bytes]] = []
        """Every write that came."""
        self.lock = threading.RLock()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def handle_error(self, *_: object) -> None:
        """Say nothing about clients that leave."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Versioned

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = urlsplit(self.path).path
        with self.server.lock:
            if self.command not in {"GET", "HEAD"}:
                self.server.writes.append((self.command, path, body))
        reply = self.own(path, body)
        if reply is None:
            self.hand_on(body)
            return
        status, value = self.server.behaviour.twist(self.command, path, reply)
        self.answer(status, b"" if value is None else json.dumps(value).encode(), "application/json")

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815

    def own(self, path: str, body: bytes) -> Reply | None:
        """The answer to what is ours; None for what is not."""
        behaviour = self.server.behaviour
        if path in behaviour.fixed:
            return 200, behaviour.fixed[path]
        if self.collection(path):
            return self.of_collection(path, body)
        parent, _, last = path.rpartition("/")
        if self.collection(parent):
            return self.of_item(path, body)
        if last in behaviour.actions and self.collection(parent.rpartition("/")[0]):
            return (204, None) if parent in self.server.resources else refusal(404)
        return None

    def collection(self, path: str) -> str:
        for template in self.server.behaviour.collections:
            if re.fullmatch(template.replace("{}", "[^/]+"), path):
                return template
        return ""

    def of_collection(self, path: str, body: bytes) -> Reply:
        server, template = self.server, self.collection(path)
        if not self.there(path.rpartition("/")[0]):
            return refusal(404)
        if self.command == "GET":
            inside = [each for at, each in server.resources.items() if at.rpartition("/")[0] == path]
            return 200, inside if server.behaviour.flat else {"items": inside}
        found = self.read(body)
        if self.command != "POST" or found is None:
            return refusal(400)
        value, name = found
        uid = str(uuid.uuid4())
        if not server.behaviour.flat:
            value["metadata"] = {**value["metadata"], "uid": uid}
        with server.lock:
            at = f"{path}/{uid if template in server.behaviour.by_id else name}"
            if at in server.resources:
                return refusal(409)
            server.resources[at] = value
        return 201, value

    def of_item(self, path: str, body: bytes) -> Reply:
        server = self.server
        with server.lock:
            if path not in server.resources:
                return refusal(404)
            if self.command == "DELETE":
                for at in [at for at in server.resources if at == path or at.startswith(f"{path}/")]:
                    del server.resources[at]
                return 204, None
            if self.command == "GET":
                return 200, server.resources[path]
            found = self.read(body)
            if self.command not in {"PUT", "PATCH"} or found is None:
                return refusal(400)
            server.resources[path] = found[0]
            return 200, found[0]

    def there(self, path: str) -> bool:
        """Whether what a collection lies in exists; ``path`` is that of a resource, or of nothing in particular."""
        if self.collection(path.rpartition("/")[0]):
            return path in self.server.resources
        if "{}" not in self.collection(self.path) or not self.server.backend:
            return True
        return self.ask("GET", path, b"")[0] == 200

    def read(self, body: bytes) -> tuple[Any, str] | None:
        try:
            value = json.loads(body)
            name = value["name"] if self.server.behaviour.flat else value["metadata"]["name"]
            spec = value.get("spec", {}) if self.server.behaviour.flat else value["spec"]
            size = spec.get("size", 1)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        # What the schema does not bind is not kept, so that every answer obeys it.
        value = (
            {"name": name}
            if self.server.behaviour.flat
            else {"metadata": {"name": name}, "spec": {"size": size}}
        )
        good = isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= 9
        legal = isinstance(name, str) and re.fullmatch(r"[a-z0-9.-]{1,253}", name)
        return (value, name) if good and legal else None

    def ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        backend = http.client.HTTPConnection(urlsplit(self.server.backend).netloc, timeout=20)
        kept = {"accept", "content-type", "if-none-match"}
        headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
        backend.request(method, path, body or None, headers)
        response = backend.getresponse()
        given = response.status, response.read(), response.getheader("content-type") or ""
        self.tag = response.getheader("etag")
        backend.close()
        return given

    def hand_on(self, body: bytes) -> None:
        if not self.server.backend:
            status, value = refusal(404)
            self.answer(status, json.dumps(value).encode(), "application/json")
            return
        status, given, declared = self.ask(self.command, self.path, body)
        self.answer(status, given, declared)

    tag: str | None = None

    def answer(self, status: int, body: bytes, declared: str) -> None:
        self.send_response_only(status)
        if body:
            self.send_header("Content-Type", declared)
        if self.tag:
            self.send_header("ETag", self.tag)
            self.tag = None
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in {204, 304}:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def refusal(status: int) -> Reply:
    return status, {"errors": [{"message": f"refused with {status}"}]}
