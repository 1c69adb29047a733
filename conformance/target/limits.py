"""What a run may cost the target: a budget of requests and time, a pace, and patience with an overloaded one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from conformance.config import Limits

LONGEST_WAIT = 30.0
"""Seconds that a ``Retry-After`` is obeyed for at most."""


class BudgetSpent(Exception):
    """The run has used up its requests or its time; nothing was sent."""


class Account(Protocol):
    """What several processes of one run draw on together."""

    def spend(self, most: int) -> bool:
        """Count one request; False, and nothing counted, when there were ``most`` of them already."""

    def turn(self, gap: float, now: float) -> float:
        """Take the next turn, at least ``gap`` seconds after the one before and not earlier than ``now``."""


class Budget:
    """The requests and seconds of one run, counted from its making.  Safe to use from several threads."""

    def __init__(
        self, limits: Limits, clock: Callable[[], float] = time.monotonic, account: Account | None = None
    ) -> None:
        """``clock`` gives seconds that never run backwards; with an ``account`` the requests are counted there."""
        self._limits = limits
        self._account = account
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._lifted = False
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        with self._lock:
            return self._requests

    @property
    def seconds_left(self) -> float:
        """Seconds until the time is over; infinite when the budget was lifted."""
        return float("inf") if self._lifted else self._started + self._limits.max_time - self._clock()

    def spend(self) -> None:
        """Count one request; raises ``BudgetSpent`` when it may not be sent any more."""
        with self._lock:
            if not self._lifted:
                if self.seconds_left <= 0:
                    message = f"the limit of {self._limits.max_time:g} s is reached"
                    raise BudgetSpent(message)
                if not self._may_send():
                    message = f"the limit of {self._limits.total_requests} requests is reached"
                    raise BudgetSpent(message)
            self._requests += 1

    def lift(self) -> None:
        """Limit nothing any more: cleaning up must end whatever it costs."""
        self._lifted = True

    def _may_send(self) -> bool:
        most = self._limits.total_requests
        return self._account.spend(most) if self._account else self._requests < most


class Pace:
    """At most so many requests a second, evenly spaced.  Safe to use from several threads."""

    def __init__(
        self,
        requests_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        account: Account | None = None,
    ) -> None:
        """None means as fast as possible; with an ``account`` the turns are taken there."""
        self._account = account
        self._gap = 1 / requests_per_second if requests_per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Return when the next request may be sent."""
        if not self._gap:
            return
        if self._account:
            turn = self._account.turn(self._gap, self._clock())
        else:
            with self._lock:
                turn = max(self._next, self._clock())
                self._next = turn + self._gap
        if (pause := turn - self._clock()) > 0:
            self._sleep(pause)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, if it is not more than 30; None when it asks for nothing.

    ``now`` is the time by the clock of who sent it; when it is None, that is taken to be ours.  Who asks for more gets no second request: one that comes earlier is not what was asked for.

    RFC 9110, section 10.2.3: a number of seconds, or a date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return _if_short(float(text[:9]))
    moment = http_date(text)
    if moment is None:
        return None
    return _if_short(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0))


def http_date(value: str | None) -> datetime | None:
    """The moment that a ``Date`` header gives, or None when it gives none."""
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _if_short(seconds: float) -> float | None:
    return seconds if seconds <= LONGEST_WAIT else None
