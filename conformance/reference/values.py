"""What goes in and out of an operation: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

JsonObject = dict[str, Any]
"""An object of JSON or YAML after parsing: text keys, JSON values."""


class Absent:
    """The type of ``ABSENT``, which is not any JSON value, not even null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""An answer without a body."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came from the wire, its body read to the end."""

    method: str
    segments: tuple[str, ...]
    """The path split at its slashes *before* percent-decoding, so that ``%2F`` stays inside a name."""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Lower-case names; repeated fields joined with a comma."""
    body: bytes = b""
    oversized: bool = False
    """The body was longer than the server reads; ``body`` is then empty."""

    @property
    def path(self) -> str:
        """The decoded path without its leading slash, for messages."""
        return "/".join(self.segments)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter, or None."""
        return next((value for key, value in self.query if key == name), None)

    def parameters(self, name: str) -> tuple[str, ...]:
        """Every value of a query parameter, in their order."""
        return tuple(value for key, value in self.query if key == name)


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was recognised as one of the operations of the contract."""

    request: Request
    operation: str
    path: Mapping[str, str] = field(default_factory=dict)
    """The path parameters."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation answers, before it is put into a media type."""

    status: int
    value: Any = ABSENT
    headers: Headers = ()

    @property
    def has_value(self) -> bool:
        """Whether the answer has a body."""
        return self.value is not ABSENT


@dataclass(frozen=True, slots=True)
class Wire:
    """An answer as bytes."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class Refusal(Exception):
    """An operation refuses: becomes a RestError with this status (contract: schema RestError)."""

    def __init__(self, status: int, message: str, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
