"""The reference server as a process of its own, for as long as a ``with`` block lasts."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

READY = "listening on "
START_CEILING = 20.0
"""Seconds within which the server must be ready."""
STOP_CEILING = 5.0
"""Seconds after which a server that does not stop is killed."""


class NotStarted(Exception):
    """The server did not get ready; the message holds what it said on stderr."""


class ReferenceServer:
    """A reference server on a free loopback port.

    It ends with this process, however this process ends, because it watches the pipe between them.
    """

    def __init__(
        self,
        faults: Sequence[str] = (),
        variations: Sequence[str] = (),
        *,
        pace: float = 1.0,
        latency: float = 0.0,
        token: str | None = None,
        ceiling: float = START_CEILING,
    ) -> None:
        self.faults = tuple(faults)
        self.variations = tuple(variations)
        self.pace = pace
        self.latency = latency
        self.token = token
        self.ceiling = ceiling
        self._process: subprocess.Popen[bytes] | None = None
        self._token_file: Path | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens, e.g. ``http://127.0.0.1:43210``; empty while it does not run."""
        return self._url

    @property
    def token_file(self) -> Path | None:
        """A file with the token that it demands, while it runs and demands one."""
        return self._token_file

    @property
    def pid(self) -> int | None:
        """Its process id, or None while it does not run."""
        return self._process.pid if self._process else None

    def __enter__(self) -> Self:
        """Start it; raises NotStarted."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def command(self) -> list[str]:
        """The command line that starts it."""
        # -P keeps a file of the current folder from standing in for a module.
        line = [sys.executable, "-P", "-m", "conformance.reference", "--with-parent", "--port", "0"]
        line += [f"--fault={fault}" for fault in self.faults]
        line += [f"--variation={variation}" for variation in self.variations]
        line += [f"--pace={self.pace}", f"--latency={self.latency}"]
        if self._token_file is not None:
            line.append(f"--token-file={self._token_file}")
        return line

    def start(self) -> Self:
        """Start it and wait until it is ready; raises NotStarted."""
        if self.token is not None:
            handle, name = tempfile.mkstemp(prefix="cmf-reference-token-")
            os.write(handle, self.token.encode())
            os.close(handle)
            self._token_file = Path(name)
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
        with tempfile.TemporaryFile() as said:
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
                self.command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for the harness, which still has to clean up here
            )
            assert self._process.stdout is not None  # noqa: S101 - it is a pipe
            line = _first_line(self._process.stdout, self.ceiling)
            if not line.startswith(READY):
                self.stop()
                said.seek(0)
                words = said.read().decode("utf-8", "replace").strip()
                raise NotStarted(f"the reference server did not start: {words or line or 'it said nothing'}")
        self._url = line.removeprefix(READY)
        return self

    def stop(self) -> None:
        """Stop it, and wait until it is gone; harmless when it does not run."""
        process, self._process, self._url = self._process, None, ""
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_CEILING)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        if self._token_file is not None:
            self._token_file.unlink(missing_ok=True)
            self._token_file = None


def _first_line(pipe: IO[bytes], ceiling: float) -> str:
    """The first line of a pipe without its end; what there is of it when time or the pipe ends before."""
    deadline = time.monotonic() + ceiling
    text = b""
    while b"\n" not in text:
        left = deadline - time.monotonic()
        ready = select.select([pipe], [], [], left)[0] if left > 0 else []
        chunk = os.read(pipe.fileno(), 4096) if ready else b""
        if not chunk:
            break
        text += chunk
    return text.partition(b"\n")[0].decode("utf-8", "replace").strip()
