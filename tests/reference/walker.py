"""Who walks through a server in this process, and keeps everything that it answers.

Time and identifiers are made up, so two servers that behave alike give equal transcripts: what differs is what a
fault or a variation does.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from conformance.reference.asgi import Wiring

from .samples import JSON

START = 1_750_000_000_000


@dataclass
class FakeClock:
    """Time that passes only when it is told to."""

    at: int = START

    def now(self) -> int:
        return self.at

    def stamp(self) -> int:
        self.at += 1
        return self.at


@dataclass
class Reply:
    """One answer as it went out."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Walker:
    """Sends requests and keeps every answer."""

    wiring: Wiring
    clock: FakeClock
    transcript: list[tuple[str, Reply]] = field(default_factory=list)

    async def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Reply:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        given = {"content-type": JSON} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self.wiring(scope, receive, send)
        last = [message for message in sent if message["type"] == "http.response.body"]
        reply = Reply(
            sent[0]["status"],
            {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]},
            b"".join(message.get("body", b"") for message in last),
            bool(last) and not last[-1].get("more_body", False),
        )
        self.transcript.append((f"{method} {path}?{query} {given}", reply))
        return reply

    def wait(self, milliseconds: int) -> None:
        self.clock.at += milliseconds


@contextmanager
def made_up_identifiers() -> Iterator[None]:
    """Let UUIDs be counted instead of drawn."""
    count = itertools.count(1)
    with mock.patch.object(
        uuid, "uuid4", side_effect=lambda: uuid.UUID(int=next(count) << 64 | 4 << 76 | 1 << 63)
    ):
        yield
