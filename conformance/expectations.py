"""The vocabulary of checks: what is expected, what came, and waiting for it.

    Broken   the target was seen to break a sentence; inside a check this makes the check fail
    Unmet    what a check needs first could not be had; its requirements stay untested (``Undescribed``: do not apply)
    NeedsWriting  what it needs first would have to be written, in a run that only reads

Anything else that escapes a scenario is a defect of the harness.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from conformance.model import Exchange

T = TypeVar("T")
_LONGEST = 300
_TOLD_OFTEN = 3
"""How often the same must have been waited for in vain before less is waited for it."""
_SHORTENED = 0.1
_RESTLESS = 20.0
"""Seconds for which it is waited, beyond the usual time, until others leave alone what is looked at."""
_STOPPED = "/spec/stopped"
_NAMES = re.compile(r"cmfc-[\w.-]+|'[^']*'|\"[^\"]*\"")


class Broken(AssertionError):
    """An observation contradicts the contract: one line, with what was expected and what came."""

    def __init__(
        self, message: str, *, expected: str = "", got: str = "", exchange: Exchange | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.got = got
        self.exchange = exchange
        """The exchange that shows it, when it is not simply the last one."""


class Unmet(Exception):
    """A prerequisite of a check could not be established, so nothing can be said."""


class NeedsWriting(Unmet):
    """A scenario wants to write to the target, in a run that only reads."""


class Undescribed(Unmet):
    """A check needs an operation that the document, by which the run is judged, does not have: it says nothing of it."""


def shown(value: Any) -> str:
    """A value as a reader wants to see it: JSON, and not endless."""
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def require(condition: object, message: str, *, expected: str = "", got: str = "") -> None:
    """Raise ``Broken`` unless the condition holds."""
    if not condition:
        raise Broken(message, expected=expected, got=got)


def require_equal(got: Any, expected: Any, what: str) -> None:
    """Raise ``Broken`` unless two JSON-like values are equal, types included; names the first difference."""
    if difference := first_difference(expected, got):
        where, wanted, came = difference
        raise Broken(f"{what}{where} is not as expected", expected=wanted, got=came)


def first_difference(expected: Any, got: Any, where: str = "") -> tuple[str, str, str] | None:
    """Where two JSON-like values first differ: pointer, expected, got.  1 and 1.0 are equal, 1 and true are not."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return _difference_of_objects(expected, got, where)
    if isinstance(expected, list) and isinstance(got, list):
        for index, (one, other) in enumerate(zip(expected, got, strict=False)):
            if found := first_difference(one, other, f"{where}/{index}"):
                return found
        if len(expected) != len(got):
            return where, f"{len(expected)} entries", f"{len(got)} entries"
        return None
    if isinstance(expected, bool) is not isinstance(got, bool) or expected != got:
        return where, shown(expected), shown(got)
    return None


def _difference_of_objects(
    expected: Mapping[str, Any], got: Mapping[str, Any], where: str
) -> tuple[str, str, str] | None:
    for key in (*expected, *(key for key in got if key not in expected)):
        place = f"{where}/{key}"
        if key not in got:
            return place, shown(expected[key]), "nothing"
        if key not in expected:
            return place, "nothing", shown(got[key])
        if found := first_difference(expected[key], got[key], place):
            return found
    return None


def require_contains(got: Any, expected: Any, what: str) -> None:
    """Raise ``Broken`` unless everything in ``expected`` is in ``got``.

    A target may add fields of its own (defaults, status, annotations); what was asked for must be there
    unchanged.  A field that was asked for as an empty object may be left out, and so may the ``stopped`` of a
    statement that is not.
    """
    if difference := first_loss(expected, got):
        where, wanted, came = difference
        raise Broken(f"{what}{where} is not as stored", expected=wanted, got=came)


def first_loss(expected: Any, got: Any, where: str = "") -> tuple[str, str, str] | None:
    """Where ``got`` first lacks something of ``expected``: pointer, expected, got."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            if key not in got:
                if value == {} or value is None or (value is False and f"{where}/{key}" == _STOPPED):
                    continue
                return f"{where}/{key}", shown(value), "nothing"
            if found := first_loss(value, got[key], f"{where}/{key}"):
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            if found := first_loss(one, other, f"{where}/{index}"):
                return found
        return None
    return first_difference(expected, got, where)


def field(value: Any, *path: str) -> Any:
    """A field deep inside a returned value; raises ``Broken`` when it is not there."""
    for depth, key in enumerate(path):
        if not isinstance(value, Mapping) or key not in value:
            place = ".".join(path[: depth + 1])
            raise Broken(f"there is no {place}", expected=f"a field {'.'.join(path)}", got=shown(value))
        value = value[key]
    return value


def optional(value: Any, *path: str) -> Any:
    """A field deep inside a returned value, or None when it is absent or null."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def require_unique(values: Iterable[T], what: str) -> list[T]:
    """The values; raises ``Broken`` when one of them occurs twice."""
    seen: list[T] = []
    for value in values:
        if value in seen:
            raise Broken(f"{what} {value!r} occurs twice", expected="each once", got=f"{value!r} again")
        seen.append(value)
    return seen


_IN_VAIN: ContextVar[dict[str, list[float]] | None] = ContextVar("in_vain", default=None)


@contextmanager
def patience() -> Iterator[None]:
    """While this is open, what was often waited for in vain is waited for less long (see ``eventually``).

    For one run against one target; outside of it, every wait has its full time.
    """
    token = _IN_VAIN.set({})
    try:
        yield
    finally:
        _IN_VAIN.reset(token)


def eventually(observe: Callable[[], T], *, within: float, moving: Callable[[], object] | None = None) -> T:
    """Repeat an observation until it raises no ``Broken``, at most so many seconds, and return what it returns.

    Everything that must hold belongs into one ``observe``, so that all of it is seen to hold at once.
    Raises the last ``Broken`` when the time is over.  Once a run (see ``patience``) has waited three times at
    least as long, and each time seen the very same at the end but for names, only a tenth of the time is granted
    to what shows the same again.

    ``moving`` looks at what others may be changing.  An observation during which that changed says nothing and takes
    no time; raises ``Unmet`` when it is never at rest.
    """
    in_vain = _IN_VAIN.get()
    began = first = time.monotonic()
    pause = 0.02
    watched = None
    while True:
        tried = time.monotonic()
        try:
            return observe()
        except Broken as broken:
            if moving is not None and (now := moving()) != watched:
                watched = now
                if time.monotonic() > first + within + _RESTLESS:
                    raise Unmet(f"others change it all the time: {broken.message}") from broken
                began += time.monotonic() - tried
                continue
            same = _NAMES.sub("*", f"{broken.message} {broken.got}")
            known = [] if in_vain is None else in_vain.setdefault(same, [])
            told = sum(earlier >= within for earlier in known) >= _TOLD_OFTEN
            granted = within * _SHORTENED if told else within
            if time.monotonic() + pause > began + granted:
                if not told:
                    known.append(within)
                raise Broken(
                    f"{broken.message} (after waiting {granted:g} s)",
                    expected=broken.expected,
                    got=broken.got,
                    exchange=broken.exchange,
                ) from broken
        time.sleep(pause)
        pause = min(pause * 1.6, 1.0)


def settled(read: Callable[[], T], *, within: float, pause: float = 0.4) -> T:
    """Repeat a reading until it gives the same twice, at most so many seconds; returns the last one.

    For what goes on by itself, such as the events of an application that is starting.
    """
    deadline = time.monotonic() + within
    last = read()
    while time.monotonic() < deadline:
        time.sleep(pause)
        now = read()
        if now == last:
            break
        last = now
    return last
