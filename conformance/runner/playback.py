"""A run against the answers that another run was given: nothing is sent, and time passes as it did then.

A run is a function of its seed, its id and the answers that it gets.  So the same harness, given the recorded
answers, sends the same requests and draws the same conclusions.  An answer is given to the very request that it
was recorded for; like requests get like answers in their order, whichever thread sends them.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.config import Auth, Limits
from conformance.evidence_format import from_line
from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.runner.clock import Clock
from conformance.target.address import Address
from conformance.target.auth import Credentials
from conformance.target.connection import Failure

_TELLING = frozenset({"accept", "authorization", "content-type", "if-none-match"})
"""The headers that tell requests apart; others depend on the surroundings."""
_ARRIVED = re.compile(r"\b(\d+) bytes of a response")
_MOST_UNKNOWN = 20
"""Requests that nothing was recorded for, after which it is plain that this is another run."""
_PASSES = 0.1
"""Seconds that a request takes of which nothing is known, so that whoever waits comes to an end."""
_VARIABLE, _TOKEN = "TOKEN", "cmf-conformance-playback-token"


class Diverged(BaseException):
    """This is another run than the one that was recorded; nothing more can be learnt from it."""


class Playback:
    """What was recorded of a run, in place of its target.  Safe to use from several threads."""

    def __init__(
        self, evidence: Path, url: str, run_id: str, started: datetime, clock: Clock, *, token: bool
    ) -> None:
        """``url`` is that of the target; ``token`` whether the run had credentials.

        Raises ``ValueError`` when the evidence holds a line that is no exchange.
        """
        self.run_id = run_id
        self.credentials: Credentials = _Credentials(self, token=token)
        self.redact: Callable[[Exchange], Exchange] = lambda exchange: exchange
        """How requests are made as they stand in the evidence."""
        self.certificate: Mapping[str, Any] | None = None
        self.unknown: list[str] = []
        """Requests that nothing was recorded for."""
        self._origin = Address(url).origin
        self._started = started
        self._clock = clock
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._file = evidence.open("rb")
        self._ids: defaultdict[bytes, list[str]] = defaultdict(list)
        self._places: defaultdict[bytes, deque[int]] = defaultdict(deque)
        self._given: dict[bytes, int] = {}
        place = 0
        for line in self._file:
            exchange = from_line(line.decode("ascii"))
            key = _key(exchange.request)
            self._ids[key].append(exchange.id)
            self._places[key].append(place)
            place += len(line)

    def call(
        self,
        method: str,
        target: bytes,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        *,
        fresh: bool,  # noqa: ARG002 - there is no connection
    ) -> HttpResponse:
        """The answer that was recorded for this request; raises ``Failure`` when it had none, and ``Diverged``."""
        request = HttpRequest(
            method,
            self._origin + target.decode("ascii"),
            tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in headers),
            content,
        )
        key = _key(self.redact(Exchange("", None, request, None, None, "", 0.0)).request)
        with self._lock:
            exchange = self._next(key)
        if exchange is None:
            self.unknown.append(f"{method} {target.decode('ascii')}")
            if len(self.unknown) > _MOST_UNKNOWN:
                raise Diverged
            self._clock.sleep(_PASSES)
            raise Failure("nothing was recorded for this request", sent=1, received=1)
        self._thread.last = key, exchange.attempt
        if exchange.response is None:
            error = exchange.error or ""
            arrived = _ARRIVED.search(error)
            raise Failure(
                error, sent=1, received=int(arrived[1]) if arrived else 0, timed_out="Timeout" in error
            )
        return exchange.response

    def close(self) -> None:
        """Let go of the evidence."""
        self._file.close()

    def was_sent_again(self) -> bool:
        """Whether the last request of this thread was sent once more, by the same call."""
        key, attempt = getattr(self._thread, "last", (b"", 0))
        with self._lock:
            places = self._places.get(key)
            return places is not None and len(places) > 0 and self._at(places[0]).attempt == attempt + 1

    @property
    def unsent(self) -> tuple[str, ...]:
        """The ids of exchanges whose request was never sent; one that was sent less often than before is not among them.

        It can be told after ``close``.
        """
        return tuple(name for key, names in self._ids.items() if key not in self._given for name in names)

    def _next(self, key: bytes) -> Exchange | None:
        places = self._places.get(key)
        if places:
            place = self._given[key] = places.popleft()
            exchange = self._at(place)
            passed = datetime.fromisoformat(exchange.started) - self._started
            self._clock.reach(passed.total_seconds() + exchange.elapsed_ms / 1000)
            return exchange
        # Who waits asks again and again, and may ask once more than it did.
        self._clock.sleep(_PASSES)
        return self._at(self._given[key]) if key in self._given else None

    def _at(self, place: int) -> Exchange:
        self._file.seek(place)
        return from_line(self._file.readline().decode("ascii"))


class _Credentials(Credentials):
    """A token that is renewed when the one of the run was."""

    def __init__(self, playback: Playback, *, token: bool) -> None:
        super().__init__(
            Auth(token_variable=_VARIABLE), {_VARIABLE: _TOKEN} if token else {}, limits=Limits()
        )
        self._playback = playback

    def renew(self, refused: str | None) -> bool:  # noqa: ARG002 - what counts is what was done then
        return self._playback.was_sent_again()


def _key(request: HttpRequest) -> bytes:
    telling = sorted((name.lower(), value) for name, value in request.headers if name.lower() in _TELLING)
    digest = hashlib.sha256(repr((request.method, request.url, telling)).encode("utf-8", "surrogatepass"))
    digest.update(request.body)
    return digest.digest()
