"""Timestamps as the section *Timestamps* of the contract wants them: RFC 3339, in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from conformance.expectations import Unmet, require

_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


class NotATimestamp(ValueError):
    """The text is no RFC 3339 timestamp in UTC; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, with the number of fraction digits it was given with (0 to 9)."""

    moment: datetime
    """UTC, to the second."""
    nanoseconds: int
    digits: int

    def truncated(self, digits: int) -> tuple[datetime, int]:
        """The moment with at most so many fraction digits, for comparing."""
        step = 10 ** (9 - min(digits, self.digits))
        return self.moment, self.nanoseconds // step * step


class Moment(str):
    """A time as one answer gave it: equal to the same moment given elsewhere.

    Answers may differ in precision and in how they write UTC (erratum ERR-TIME-ZONE), so two moments are compared at
    the coarser precision of the two.  What is no timestamp is compared as text: its form is another requirement's
    matter.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Moment):
            with suppress(Unmet):
                return is_same(self, other)
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        # Equal moments may differ below the second, and nowhere else.
        try:
            return hash(parse(self).moment)
        except NotATimestamp:
            return str.__hash__(self)


def as_moment(given: Any) -> Any:
    """What was given for a time, so that it can be held against the same time in another answer."""
    return Moment(given) if isinstance(given, str) else given


def parse(text: str) -> Instant:
    """Read a timestamp; raises ``NotATimestamp``."""
    # What was read before is found by the very same text, and not by one that means the same.
    return _parse(str(text))


@lru_cache(maxsize=16_384)
def _parse(text: str) -> Instant:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise NotATimestamp(f"{text!r} is not of the form 2025-03-31T11:34:01.503Z")
    date, time, fraction, offset = match.groups()
    if offset is None:
        raise NotATimestamp(f"{text!r} has no offset, RFC 3339 needs one")
    if offset.upper() != "Z" and offset[1:] != "00:00":
        raise NotATimestamp(f"{text!r} is not in UTC")
    leap = time.endswith(":60")
    clock = time[:-2] + "59" if leap else time
    try:
        moment = datetime.strptime(f"{date}T{clock}", "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        moment += timedelta(seconds=int(leap))
    except (ValueError, OverflowError) as error:
        raise NotATimestamp(f"{text!r} is not a date and time: {error}") from error
    return Instant(moment, int((fraction or "").ljust(9, "0")), len(fraction or ""))


def is_before(earlier: str, later: str) -> bool:
    """Whether one timestamp is before another, at the coarser precision of the two.

    Raises ``Unmet`` when one of them is no timestamp: what is wrong then is its form, not its value.
    """
    return _compare(earlier, later) < 0


def is_same(one: str, other: str) -> bool:
    """Whether two timestamps are the same moment, at the coarser precision of the two; raises as ``is_before``."""
    return _compare(one, other) == 0


def require_newer(old: Any, new: Any) -> None:
    """Raise ``Broken`` unless a resource was created after its deleted namesake, as far as both times tell.

    On a clock that counts whole seconds both may be the same.  Times that are not given tell nothing.
    """
    if not isinstance(old, str) or not isinstance(new, str):
        return
    coarse = parse(old).nanoseconds == 0 if is_same(old, new) else False
    require(
        is_before(old, new) or coarse,
        "it was not created after the old one",
        expected=f"later than {old}",
        got=new,
    )


def tick(given: Iterable[Any]) -> float:
    """The seconds after which the clock that gave these times gives others; what is no timestamp tells nothing."""
    fractions = []
    for text in given:
        with suppress(NotATimestamp, TypeError):
            fractions.append(parse(text).nanoseconds)
    return 1.1 if fractions and not any(fractions) else 0.02


def _compare(one: str, other: str) -> int:
    try:
        first, second = parse(one), parse(other)
    except NotATimestamp as unreadable:
        raise Unmet(f"times can't be compared: {unreadable}") from unreadable
    digits = min(_precision(first), _precision(second))
    left, right = first.truncated(digits), second.truncated(digits)
    return (left > right) - (left < right)


def _precision(instant: Instant) -> int:
    # Writers drop trailing zeros, so few digits may be chance; below milliseconds that is not worth telling apart.
    return max(instant.digits, 3) if instant.digits else 0
