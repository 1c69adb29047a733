"""The server on the wire: an ASGI application without a framework.

Routing works on the raw path (a framework would decode it first and lose the difference between ``/`` and
``%2F``), and one request is one synchronous step, so a framework would only add time.
"""

from __future__ import annotations

import asyncio
import random
from urllib.parse import parse_qsl, unquote

from conformance.reference.server import Server
from conformance.reference.values import Request
from conformance.reference.wire import Message, Receive, Send

MAX_BODY = 4 * 1024 * 1024


class Disconnected(Exception):
    """The client is gone before its request was whole."""


class Wiring:
    """Reads requests, asks the server, sends what it answers."""

    def __init__(self, server: Server, latency: float = 0.0) -> None:
        self.server = server
        self.latency = latency
        """Every answer takes a random time up to this many seconds longer."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request (the ASGI entry point)."""
        if scope["type"] != "http":
            return
        try:
            body, oversized = await read_body(receive)
        except Disconnected:
            return
        request = read_request(scope, body, oversized=oversized)
        # Part of the delay comes before the effect and part after it, as on a real network.
        delay = random.uniform(0, self.latency) if self.latency else 0.0
        before = random.uniform(0, delay) if delay else 0.0
        if delay:
            await asyncio.sleep(before)
        wire = await self.server.handle(request)
        if delay:
            await asyncio.sleep(delay - before)
        await self.server.transmit(send, wire)


async def read_body(receive: Receive) -> tuple[bytes, bool]:
    """The body, and whether it was too long and therefore thrown away."""
    chunks: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        length += len(chunk)
        if length <= MAX_BODY:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body", False):
            return b"".join(chunks), length > MAX_BODY


def read_request(scope: Message, body: bytes, *, oversized: bool = False) -> Request:
    """The request of an ASGI scope; whatever can't be decoded is replaced, never an error."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1").removeprefix("/")
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return Request(
        method=scope["method"],
        segments=tuple(unquote(segment) for segment in path.split("/")),
        query=tuple(query),
        headers=headers,
        body=body,
        oversized=oversized,
    )
