"""A target that means harm: what it sends is bytes on a socket, with no framework that would put them right.

A misdeed is a coroutine that is given a ``Turn``, one request on one connection, and does with it what it likes.
Before a real server stands a hostile one as a proxy, so that it can answer correctly where a case needs that.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self, TypeAlias
from urllib.parse import urlsplit

_LARGEST = 16 * 1024 * 1024
_HOP = re.compile(rb"\r\n(?:connection|transfer-encoding|content-length|date): [^\r]*", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """What the real server answered: the head without what is about the connection, and the whole body."""

    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        """It as it may be sent on."""
        length = b"" if self.status in {204, 304} else b"\r\ncontent-length: %d" % len(self.body)
        return self.head + length + b"\r\n\r\n" + self.body

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])


@dataclass
class Turn:
    """One request on one connection."""

    server: HostileServer
    method: str
    target: str
    head: bytes
    body: bytes
    number: int
    """Which request this is, of all that the server was sent, from 1."""
    writer: asyncio.StreamWriter
    keep: bool = False
    """Whether the connection stays when the turn is over."""

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self) -> Reply:
        """What the real server says to this request."""
        parts = urlsplit(self.server.upstream)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(self.head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + self.body)
            await writer.drain()
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        finally:
            writer.close()
        if b"transfer-encoding: chunked" in head.lower():
            body = _joined(body)
        return Reply(_HOP.sub(b"", head), body)

    async def relay(self) -> None:
        """Answer as the real server does."""
        await self.send((await self.ask()).raw)
        self.keep = True


Misdeed: TypeAlias = Callable[[Turn], Awaitable[None]]


@dataclass
class HostileServer:
    """A target on a loopback port, in a thread of its own for as long as a ``with`` block lasts."""

    misdeed: Misdeed
    upstream: str = ""
    """The URL of the real server that ``Turn.ask`` asks."""
    requests: list[str] = field(default_factory=list)
    """Method, target and head of each request that came."""
    connections: int = 0
    url: str = ""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None
        self._port = 0
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._on_loop(self.listen())
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._on_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _on_loop(self, work: Awaitable[None]) -> None:
        async def do() -> None:
            await work

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(20)

    async def listen(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._listening = await asyncio.start_server(self._accept, sock=listener, limit=_LARGEST, backlog=256)

    async def die(self) -> None:
        """Listen no more, and close every connection but that of the turn which calls this."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _close(self) -> None:
        await self.die()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                async for turn in self._turns(reader, writer):
                    await self.misdeed(turn)
                    if not turn.keep:
                        return
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _turns(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[Turn]:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            announced = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(announced[1])) if announced else b""
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            self.requests.append(head.decode("latin-1"))
            yield Turn(self, method, target, head, body, len(self.requests), writer)


def _joined(chunks: bytes) -> bytes:
    body = b""
    while chunks:
        size, _, chunks = chunks.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        body, chunks = body + chunks[:length], chunks[length + 2 :]
    return body
