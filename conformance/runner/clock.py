"""Time that is told what it is: for a run that is played back, in a process of its own."""

from __future__ import annotations

import threading
import time
from typing import SupportsIndex


class Clock:
    """Seconds since the run began, in place of those of the system.  Safe to use from several threads."""

    def __init__(self) -> None:
        self._now = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Seconds that never run backwards."""
        return self._now

    def sleep(self, seconds: float | SupportsIndex, /) -> None:
        """Let time pass without waiting."""
        with self._lock:
            self._now += max(float(seconds), 0.0)

    def reach(self, seconds: float) -> None:
        """Let it be so many seconds since the beginning, or later."""
        with self._lock:
            self._now = max(self._now, seconds)

    def rule(self) -> None:
        """Be the clock of this process from now on; for modules that are imported afterwards."""
        time.monotonic = self.now
        time.sleep = self.sleep
        wait = threading.Event.wait

        def passes(event: threading.Event, timeout: float | None = None) -> bool:
            if timeout is None:
                return wait(event)
            self.sleep(timeout)
            return event.is_set()

        threading.Event.wait = passes  # type: ignore[method-assign,assignment]  # what waits for time, too
