"""What a hostile target does to a request, each misdeed by a name of its own."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

from .server import Misdeed, Reply, Turn

JSON, YAML = b"application/json", b"application/yaml"
SCRIPT = "<script>alert('hostile')</script><img src=x onerror=alert(1)>"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31m\u202e\x9b5m\r\x00"
POISON = f"{SCRIPT}{ESCAPES}"
_ITEM = re.compile(r"/cmf/api/v1/environments/[^/?]+$")
_MEGABYTE = b" " * 1_000_000


# -- when ----------------------------------------------------------------------------------------------


def is_read_of_environment(turn: Turn) -> bool:
    """Whether one environment is read."""
    return turn.method == "GET" and _ITEM.search(turn.target) is not None


def to(when: Callable[[Turn], bool], misdeed: Misdeed, *, most: int | None = None) -> Misdeed:
    """The misdeed for some requests, at most so many of them, and the right answer for all others."""
    done = 0

    async def act(turn: Turn) -> None:
        nonlocal done
        if not when(turn) or (most is not None and done >= most):
            await turn.relay()
            return
        done += 1
        await misdeed(turn)

    return act


def after(right: int, misdeed: Misdeed) -> Misdeed:
    """So many right answers, and then nothing but the misdeed."""
    return to(lambda turn: turn.number > right, misdeed)


# -- answers as bytes ----------------------------------------------------------------------------------


def says(data: bytes, *, then_hangs: bool = False) -> Misdeed:
    """These bytes, and then the end of the connection, or of all news on it."""

    async def act(turn: Turn) -> None:
        await turn.send(data)
        if then_hangs:
            await asyncio.sleep(3600)

    return act


def answer(body: bytes, media_type: bytes = JSON, *headers: bytes, status: int = 200) -> Misdeed:
    """A well-formed answer with this body."""
    lines = [b"HTTP/1.1 %d Whatever" % status, b"Content-Type: " + media_type, *headers]
    lines.append(b"Content-Length: %d" % len(body))
    return says(b"\r\n".join([*lines, b"", b""]) + body)


def endless(head: bytes, more: bytes) -> Misdeed:
    """A beginning, and then the same again and again for as long as somebody reads."""

    async def act(turn: Turn) -> None:
        await turn.send(head)
        while True:
            await turn.send(more)

    return act


def drips(data: bytes) -> Misdeed:
    """One byte a second."""

    async def act(turn: Turn) -> None:
        for byte in data:
            await turn.send(bytes([byte]))
            await asyncio.sleep(1)

    return act


async def gigabyte(turn: Turn) -> None:
    """A body of 1 GB, as announced."""
    await turn.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
    )
    for _ in range(1000):
        await turn.send(_MEGABYTE)


@cache
def bomb() -> bytes:
    """Some 1 MB of gzip that is 1 GB when it is unpacked."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"[" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * 1000


# -- answers as values ---------------------------------------------------------------------------------


def changed(change: Callable[[Any], Any], *headers: bytes) -> Misdeed:
    """What the real server says, changed by a function of its body, with more headers."""

    async def act(turn: Turn) -> None:
        reply = await turn.ask()
        body = reply.body
        if b"application/json" in reply.head and body:
            body = json.dumps(change(json.loads(body))).encode()
        await turn.send(Reply(b"\r\n".join([reply.head, *headers]), body).raw)
        turn.keep = True

    return act


def everywhere(text: str) -> Callable[[Any], Any]:
    """A change that adds a text to every string, key and list."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change(entry) for key, entry in value.items()} | {text: text}
        if isinstance(value, list):
            return [change(entry) for entry in value]
        return value + text if isinstance(value, str) else value

    return change


def renamed(name: str) -> Callable[[Any], Any]:
    """A change that gives everything another name."""

    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: name if key == "name" and isinstance(entry, str) else change(entry)
                for key, entry in value.items()
            }
        return [change(entry) for entry in value] if isinstance(value, list) else value

    return change
