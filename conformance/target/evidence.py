"""What was said, on disk: every exchange as one line of NDJSON, in the format of ``evidence_format``.

Exchanges leave memory as soon as they are written, a few recent ones excepted; older ones are read back
from the file when somebody asks.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from pathlib import Path

from conformance import evidence_format
from conformance.errors import ReportError
from conformance.model import Exchange

_RECENT = 64
_RECENT_BYTES = 4 * 1024 * 1024


class EvidenceLog:
    """The evidence of one run.  Safe to use from several threads."""

    def __init__(self, path: Path | str, *, prefix: str = "x") -> None:
        """Begin a file, replacing an older one.

        ``prefix`` begins every id, so that the evidence of several processes can be put together.  Raises
        ``ReportError`` when the file cannot be written.
        """
        self.path = Path(path)
        self._prefix = prefix
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._places: dict[str, tuple[int, int]] = {}
        self._recent: OrderedDict[str, tuple[Exchange, int]] = OrderedDict()
        self._recent_bytes = 0
        self._end = 0
        try:
            self._file = self.path.open("w+b", buffering=0)
        except OSError as problem:
            message = f"evidence {path} cannot be written: {problem.strerror or problem}"
            raise ReportError(message, "name a file in a folder that exists and is writable") from None

    def next_id(self) -> str:
        """An id that no other exchange of this log has: ``x000001``, ``x000002``, .."""
        with self._lock:
            return f"{self._prefix}{next(self._numbers):06d}"

    def append(self, exchange: Exchange) -> None:
        """Write an exchange, already redacted; it is with the operating system when this returns."""
        line = evidence_format.to_line(exchange).encode("ascii") + b"\n"
        with self._lock:
            self._file.seek(self._end)
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._places[exchange.id] = (self._end, len(line))
            self._end += len(line)
            self._remember(exchange, len(line))

    def get(self, exchange_id: str) -> Exchange:
        """The exchange of an id; raises ``KeyError`` when this log has none."""
        with self._lock:
            if exchange_id in self._recent:
                return self._recent[exchange_id][0]
            start, length = self._places[exchange_id]
            self._file.seek(start)
            line = bytearray()
            while len(line) < length and (more := self._file.read(length - len(line))):
                line += more
        return evidence_format.from_line(line.decode("ascii"))

    def __len__(self) -> int:
        """How many exchanges were written."""
        with self._lock:
            return len(self._places)

    def close(self) -> None:
        """Sync the file to the disk and close it; ``get`` then knows the recent exchanges only."""
        with self._lock:
            if not self._file.closed:
                os.fsync(self._file.fileno())
                self._file.close()

    def _remember(self, exchange: Exchange, size: int) -> None:
        self._recent[exchange.id] = (exchange, size)
        self._recent_bytes += size
        while self._recent and (len(self._recent) > _RECENT or self._recent_bytes > _RECENT_BYTES):
            self._recent_bytes -= self._recent.popitem(last=False)[1][1]
