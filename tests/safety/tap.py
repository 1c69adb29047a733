"""What goes over the socket to a target, byte for byte: a relay between a run and a server that keeps what it relays."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from typing import Self
from urllib.parse import urlsplit

_LINE = re.compile(rb"(?m)^([A-Za-z]+) (\S+) HTTP/1\.1\r$")


class Tap:
    """A relay on a loopback port, for as long as a ``with`` block lasts."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname, parts.port)
        self._sent: list[bytearray] = []
        self._sockets: list[socket.socket] = []
        self.url = ""

    @property
    def connections(self) -> int:
        return len(self._sent)

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Method and target of each request that came, in the order of their connections."""
        return [
            (method.decode(), target.decode())
            for sent in list(self._sent)
            for method, target in _LINE.findall(bytes(sent))
        ]

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                sent = bytearray()
                self._sent.append(sent)
                self._sockets += [client, server]
                for source, sink, kept in ((client, server, sent), (server, client, bytearray())):
                    threading.Thread(target=_relay, args=(source, sink, kept), daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            kept += data
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
