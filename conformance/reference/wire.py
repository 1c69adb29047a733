"""Sending an answer through ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from conformance.reference.values import Wire

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Transmit = Callable[[Send, Wire], Awaitable[None]]

BODILESS = (204, 304)
"""Statuses whose answers have neither a body nor a length (RFC 9110, sections 15.3.5 and 15.4.5)."""


async def begin(send: Send, wire: Wire, length: int | None) -> None:
    """Send status and headers; without a length the body goes out in chunks."""
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in wire.headers]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": wire.status, "headers": headers})


async def send_whole(send: Send, wire: Wire) -> None:
    """Send an answer with its length, its body in one piece."""
    await begin(send, wire, None if wire.status in BODILESS else len(wire.body))
    await send({"type": "http.response.body", "body": wire.body})
