"""One account of requests and turns for the processes of one run on one machine, kept in a file."""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FORMAT = struct.Struct("<Qd")
"""Requests sent so far, and when the next one may be sent on the clock that never runs backwards."""


class SharedAccount:
    """Draws on the account in a file, which begins empty.  Safe to use from several threads and processes.

    All of them must be on one machine: they compare times of its monotonic clock.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._lock = threading.Lock()

    def spend(self, most: int) -> bool:
        """Count one request; False, and nothing counted, when there were ``most`` of them already."""
        with self._held() as (requests, turn):
            if requests >= most:
                return False
            self._write(requests + 1, turn)
            return True

    def turn(self, gap: float, now: float) -> float:
        """Take the next turn, at least ``gap`` seconds after the one before and not earlier than ``now``."""
        with self._held() as (requests, turn):
            mine = max(turn, now)
            self._write(requests, mine + gap)
            return mine

    @contextmanager
    def _held(self) -> Iterator[tuple[int, float]]:
        with self._lock:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                content = os.pread(self._descriptor, _FORMAT.size, 0)
                yield _FORMAT.unpack(content) if content else (0, 0.0)
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _write(self, requests: int, turn: float) -> None:
        os.pwrite(self._descriptor, _FORMAT.pack(requests, turn), 0)
