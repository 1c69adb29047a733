"""One HTTP/1.1 request on a socket, and the whole response within the limits, or why there is none.

``httpcore`` speaks the protocol; this module lends it sockets that keep a clock for each call, so that a
response which drips in byte by byte ends with the same time-out as one that never comes, and that know how
much was sent and received, which decides whether a request may be repeated.

A write gets a connection of its own.  A kept-alive one may have been closed by the target at the very moment
it is used, and then nobody can tell whether the write had effect; repeating it could turn a correct target's
answer into a 409.  Reads keep connections alive, and are repeated.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpcore

from conformance.config import Limits
from conformance.model import HttpResponse
from conformance.target.proxy import proxy_for

_KEEP_ALIVE = 4.0
"""Seconds after which an idle connection is given up; below the 5 s that common servers grant."""
_MOST_CONNECTIONS = 64
_HEAD_KEPT = 128 * 1024
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[0-9] 1[0-9][0-9]")
_LATE_BODY = 0.05
"""Seconds granted after a 304 to a body that must not be there, so that it is seen with its own response."""
UNFINISHED = "its headers came, but not the whole body"
"""What the error of a target says that answered, and did not end its answer."""
_PROTOCOL = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)
_ZLIB_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class Failure(Exception):
    """There is no whole response."""

    def __init__(self, error: str, *, sent: int, received: int, timed_out: bool = False) -> None:
        """``sent`` and ``received`` are bytes on the wire of this call."""
        super().__init__(error)
        self.error = error
        self.sent = sent
        self.received = received
        self.timed_out = timed_out


class Unsendable(Exception):
    """The request cannot be written as HTTP/1.1; nothing was sent."""


@dataclass(slots=True)
class _Call:
    """The clock and the counters of one call."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    read_by: float | None = None
    sent: int = 0
    received: int = 0
    head: bytearray = field(default_factory=bytearray)
    answered: bool = False
    """Whether the status and all headers of the response have arrived."""
    stream: _Stream | None = None
    certificates: dict[str | None, Mapping[str, Any]] = field(default_factory=dict)
    """What each server that TLS was begun with has shown, by its name."""

    def seconds_to_connect(self) -> float:
        return self.started + self.limits.connect_timeout - time.monotonic()

    def seconds_to_read(self) -> float:
        if self.read_by is None:
            self.read_by = time.monotonic() + self.limits.read_timeout
        return self.read_by - time.monotonic()


_CURRENT = threading.local()


class _Stream(httpcore.NetworkStream):
    """A socket that obeys the clock of the call it serves."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self.spoilt = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the call's clock rules
        call = _current()
        data = self._inner.read(max_bytes, _positive(call.seconds_to_read(), httpcore.ReadTimeout))
        call.stream = self
        call.received += len(data)
        if len(call.head) < _HEAD_KEPT:
            call.head += data
        return data

    def read_on(self) -> None:
        """Take in what comes within a moment."""
        call = _current()
        with suppress(httpcore.NetworkError, httpcore.TimeoutException):
            data = self._inner.read(_HEAD_KEPT, _LATE_BODY)
            call.received += len(data)
            call.head += data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        call = _current()
        seconds = _positive(call.seconds_to_read(), httpcore.WriteTimeout)
        call.sent += len(buffer)
        self._inner.write(buffer, seconds)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _positive(_current().seconds_to_connect(), httpcore.ConnectTimeout)
        secure = self._inner.start_tls(ssl_context, server_hostname, min(seconds, timeout or seconds))
        _current().certificates[server_hostname] = secure.get_extra_info("ssl_object").getpeercert() or {}
        return _Stream(secure)

    def get_extra_info(self, info: str) -> Any:
        return (self.spoilt and info == "is_readable") or self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """What opens those sockets."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _positive(_current().seconds_to_connect(), httpcore.ConnectTimeout)
        seconds = min(seconds, timeout or seconds)
        return _Stream(self._inner.connect_tcp(host, port, seconds, local_address, socket_options))


class Caller(Protocol):
    """What gives answers to requests."""

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """What the target has shown in the last TLS handshake, as ``ssl`` describes it; None before, and without TLS."""

    def call(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], content: bytes, *, fresh: bool
    ) -> HttpResponse:
        """As ``Connections.call``."""

    def close(self) -> None:
        """Let go of what is held."""


class Connections:
    """The connections to one target.  Safe to use from several threads."""

    def __init__(self, scheme: str, host: str, port: int, context: ssl.SSLContext, limits: Limits) -> None:
        """``host`` is in ASCII and without brackets.  Raises ``ConfigurationError`` for an unusable proxy."""
        self._origin = (scheme.encode("ascii"), host.encode("ascii"), port)
        self._limits = limits
        self.certificate: Mapping[str, Any] | None = None
        proxy = proxy_for(scheme, host, context)
        common: dict[str, Any] = {
            "ssl_context": context,
            "proxy": proxy,
            "max_connections": _MOST_CONNECTIONS,
            "keepalive_expiry": _KEEP_ALIVE,
            "network_backend": _Network(),
        }
        self._kept = httpcore.ConnectionPool(**common)
        self._fresh = httpcore.ConnectionPool(**common, max_keepalive_connections=0)

    def call(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], content: bytes, *, fresh: bool
    ) -> HttpResponse:
        """Send one request once and read the whole response; ``fresh`` asks for a connection of its own.

        Raises ``Failure`` when no whole response arrives in time, ``Unsendable`` when there was nothing to send.
        """
        scheme, host, port = self._origin
        request = httpcore.Request(
            method,
            httpcore.URL(scheme=scheme, host=host, port=port, target=target),
            headers=headers,
            content=content,
            extensions={
                "timeout": {"connect": self._limits.connect_timeout, "pool": self._limits.read_timeout}
            },
        )
        call = _CURRENT.call = _Call(self._limits)
        try:
            with _as_failures(call):
                return self._receive(
                    method, (self._fresh if fresh else self._kept).handle_request(request), call
                )
        finally:
            self.certificate = call.certificates.get(host.decode("ascii"), self.certificate)
            del _CURRENT.call

    def close(self) -> None:
        """Close every connection."""
        self._kept.close()
        self._fresh.close()

    def _receive(self, method: str, response: httpcore.Response, call: _Call) -> HttpResponse:
        limit = self._limits.max_response_bytes
        call.answered = True
        body = bytearray()
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
        try:
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > limit:
                    break
            # Before the connection goes back to the pool, which closes one that has something to read.
            surplus = _surplus(method, response.status, headers, call)
        finally:
            response.close()
        raw = bytes(body) or surplus
        whole = decoded(raw[:limit], headers, limit)
        return HttpResponse(response.status, headers, whole[:limit], len(raw) > limit or len(whole) > limit)


def decoded(body: bytes, headers: Iterable[tuple[str, str]], limit: int) -> bytes:
    """A body without gzip or deflate, of which at most one byte more than ``limit`` is unpacked.

    A body that is not packed the way its header says is left as it is: the target is to be judged by it.
    """
    codings = [value.strip().lower() for name, value in headers if name.lower() == "content-encoding"]
    for coding in reversed(",".join(codings).split(",")):
        window = _ZLIB_WINDOWS.get(coding.strip())
        if window is None:
            return body
        try:
            body = zlib.decompressobj(window).decompress(body, limit + 1)
        except zlib.error:
            return body
    return body


def _surplus(method: str, status: int, headers: tuple[tuple[str, str], ...], call: _Call) -> bytes:
    """What came after the response ended by the rules of HTTP; its connection is not used again.

    After 204, 304 and HEAD this is a body that must not be: it is returned, so that it is judged with its own
    response instead of spoiling the next one.
    """
    length = _head_length(bytes(call.head))
    if length is None or call.stream is None:
        return b""
    bodiless = method == "HEAD" or status in {204, 304}
    if not bodiless:
        announced = [value for name, value in headers if name.lower() == "content-length"]
        if len(announced) == 1 and announced[0].isdigit() and call.received > length + int(announced[0]):
            call.stream.spoilt = True
        return b""
    if call.received == length and (status == 304 or call.stream.get_extra_info("is_readable")):  # noqa: PLR2004
        call.stream.read_on()
    surplus = bytes(call.head[length:])
    call.stream.spoilt = True  # more may come at any later moment
    return b"" if surplus.startswith(b"0\r\n") else surplus


def _head_length(received: bytes) -> int | None:
    at = 0
    while found := _HEAD_END.search(received, at):
        if not _INTERIM.match(received, at):
            return found.end()
        at = found.end()
    return None


@contextmanager
def _as_failures(call: _Call) -> Iterator[None]:
    try:
        yield
    except httpcore.LocalProtocolError as problem:
        raise Unsendable(str(problem)) from None
    except httpcore.TimeoutException as problem:
        limits = call.limits
        seconds = (
            limits.connect_timeout if isinstance(problem, httpcore.ConnectTimeout) else limits.read_timeout
        )
        error = f"{type(problem).__name__} after {seconds:g} s{_arrived(call, 'with')}"
        raise Failure(error, sent=call.sent, received=call.received, timed_out=True) from None
    except (*_PROTOCOL, UnicodeError, OSError) as problem:
        text = " ".join(str(problem).split()) or "the connection was closed"
        name = type(problem).__name__ if isinstance(problem, _PROTOCOL) else "ConnectError"
        error = f"{name}: {text}{_arrived(call, 'after')}"
        raise Failure(error, sent=call.sent, received=call.received) from None


def _arrived(call: _Call, word: str) -> str:
    """What there is of a response that did not arrive as a whole."""
    if not call.received:
        return ""
    return f", {word} {call.received} bytes of a response{f': {UNFINISHED}' if call.answered else ''}"


def _current() -> _Call:
    call: _Call = _CURRENT.call
    return call


def _positive(seconds: float, otherwise: type[Exception]) -> float:
    if seconds <= 0:
        raise otherwise
    return seconds
