"""Where a bearer token comes from: an environment variable, a file, or a command that prints it.

A source can be asked again and again.  What it cannot give is a ``ConfigurationError`` with a hint, in which no
token, and nothing that a command said, ever stands.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from conformance.errors import ConfigurationError

COMMAND_CEILING = 30.0
"""Seconds within which a command must have printed its token and ended."""
MOST_BYTES = 64 * 1024
"""The longest token that is taken; no server accepts headers of this length."""
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_JWT_PARTS = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and for how long it is good."""

    text: str = field(repr=False)
    seconds: float | None = field(default=None, compare=False)
    """From the moment when it was given; None when nothing says so."""


class Source(Protocol):
    """What gives tokens."""

    name: str
    """What it is called in messages; holds no secret."""
    renewable: bool
    """Whether it may give another token when asked again."""
    costly: bool
    """Whether asking it costs a process or a request."""

    def fetch(self) -> Token | None:
        """A token, or None when none is configured; raises ``HarnessError`` when there should be one."""


def checked(text: str, source: str) -> str:
    """The token in a text; raises ``ConfigurationError`` when it is none that can be sent."""
    token = text.strip()
    if not _PRINTABLE.fullmatch(token) or len(token) > MOST_BYTES:
        message = f"{source} holds no token that can be sent"
        raise ConfigurationError(message, "a token is one line of printable ASCII without spaces")
    return token


class VariableSource:
    """An environment variable; one that is empty or not there holds no token."""

    renewable = costly = False

    def __init__(self, variable: str, environment: Mapping[str, str]) -> None:
        self.name = f"environment variable {variable}"
        self._variable = variable
        self._environment = environment

    def fetch(self) -> Token | None:
        """The token in it; raises ``ConfigurationError``."""
        text = self._environment.get(self._variable, "")
        return Token(checked(text, self.name)) if text.strip() else None


class FileSource:
    """A file, which may be replaced during the run."""

    renewable, costly = True, False

    def __init__(self, file: Path) -> None:
        self.name = f"token file {file}"
        self._file = file

    def fetch(self) -> Token:
        """The token in it; raises ``ConfigurationError``."""
        return Token(checked(text_of(self._file, self.name), self.name))


class CommandSource:
    """A command that prints a token on standard output and ends with 0.

    It is run without a shell, without standard input, and in a session of its own, so that it and all that it
    started can be ended.  What it says on standard error is shown to nobody, as nobody knows what it holds.
    """

    renewable = costly = True

    def __init__(self, command: str, ceiling: float = COMMAND_CEILING) -> None:
        """Raises ``ConfigurationError`` when the command cannot be read as words."""
        try:
            self._words = shlex.split(command)
        except ValueError as problem:
            message = f"the token command cannot be read: {problem}"
            raise ConfigurationError(message, "quote it as for a shell; it is run without one") from None
        if not self._words or "\0" in command:
            message = "the token command names no program"
            raise ConfigurationError(
                message, "for example --token-command 'vault read -field=token cmf/token'"
            )
        # The other words may hold what should not be shown.
        self.name = f"token command {self._words[0]!r}"
        self._ceiling = ceiling

    def fetch(self) -> Token:
        """Run it; raises ``ConfigurationError``."""
        hint = "run it by hand to see what it says: it must print the token, and nothing else, and end with 0"
        try:
            process = subprocess.Popen(  # noqa: S603 - what the user has asked for
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            message = f"{self.name} cannot be started: {reason}"
            raise ConfigurationError(
                message, "name a program that can be found; it is run without a shell"
            ) from None
        printed = None
        try:
            printed = self._read(process)
        finally:
            _end(process, early=printed is None)
        if printed is None:
            message = f"{self.name} has not ended after {self._ceiling:g} s"
            raise ConfigurationError(message, hint)
        if process.returncode:
            message = f"{self.name} failed with exit code {process.returncode}"
            raise ConfigurationError(message, hint)
        try:
            text = checked(printed.decode("ascii", "replace"), self.name)
        except ConfigurationError:
            message = f"{self.name} printed no token that can be sent"
            raise ConfigurationError(message, hint) from None
        return Token(text, seconds_left(text))

    def _read(self, process: subprocess.Popen[bytes]) -> bytes | None:
        """What it prints until it ends; None when that takes too long."""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        deadline = time.monotonic() + self._ceiling
        printed = b""
        while len(printed) <= MOST_BYTES:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                return None
            chunk = os.read(process.stdout.fileno(), MOST_BYTES)
            if not chunk:
                break
            printed += chunk
        else:
            return printed
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        return printed


def text_of(file: Path, name: str) -> str:
    """The text of a file that holds one secret; raises ``ConfigurationError``."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1).decode("utf-8")
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "it is not text"
        message = f"{name} cannot be read: {reason}"
        raise ConfigurationError(message, "name a file that holds it and nothing else") from None


def seconds_left(token: str) -> float | None:
    """For how long a token is still good by its own words, when it is a JWT; None when it does not say so.

    A token that seems to have expired comes from another clock, and says nothing either.
    """
    expires = expiry(token)
    left = None if expires is None else expires - time.time()
    return left if left is not None and left > 0 else None


def expiry(token: str) -> float | None:
    """When a token ends by its own words, in seconds since 1970, when it is a JWT; None when it does not say so.

    Nothing is verified: that is for the target.
    """
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    expires = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        return None
    return expires


def _end(process: subprocess.Popen[bytes], *, early: bool) -> None:
    """Wait until a command is gone; when ``early``, or when it still runs, end it and all that it started.

    What a command that ended by itself has left running, such as an agent, is its own affair.
    """
    if early or process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
