"""Time in whole milliseconds since 1970, UTC, which never runs backwards."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Wall-clock time that a change of the system clock can't disturb."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()
        self._last = 0
        self.skew = 0
        """Milliseconds by which it is ahead of everybody else's; set before the first stamp is given."""

    def now(self) -> int:
        """The present, in milliseconds; not before any stamp that was given."""
        return max(self._read(), self._last)

    def stamp(self) -> int:
        """The present as a time of creation or update: strictly later than the stamp before it."""
        self._last = max(self._read(), self._last + 1)
        return self._last

    def _read(self) -> int:
        return int((time.monotonic() + self._offset) * 1000) + self.skew


def rfc3339(instant: int) -> str:
    """The instant as RFC 3339 in UTC with milliseconds and ``Z`` (contract: Timestamps)."""
    seconds, milliseconds = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"
