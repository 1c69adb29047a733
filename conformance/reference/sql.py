"""As much SQL as the server needs: what kind of statement a text is, and what comes of it.

There is no engine.  A statement that names a table gets made-up rows of one column; literals are not computed.
What matters to the API is whether a statement compiles, ends, fails, and gives rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEADING = re.compile(r"\s*([A-Za-z]+)(?:\s+([A-Za-z]+))?")
_LIMIT = re.compile(r"\blimit\s+([0-9]{1,6})\b", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\b", re.IGNORECASE)
_VALUES = re.compile(r"\bvalues\b", re.IGNORECASE)
_FAILS = re.compile(r"/\s*0\b(?!\.)|cast\s*\(\s*'[^'0-9]*'\s+as\s+(?:int|integer|bigint)\s*\)", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^']|'')*'")

IMMEDIATE = frozenset(
    {"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "USE", "SET", "RESET", "CREATE", "ALTER", "DROP"}
)
"""Statements that are done when they are created."""
WITH_ROWS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN"})
UNBOUNDED_ROWS = 1_000_000
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Query:
    """What is known of a statement from its text."""

    kind: str
    """As in the trait ``sqlKind``; empty when the text does not compile."""
    problem: str = ""
    """Why it does not compile."""
    immediate: bool = False
    """It is done at once, and its rows, if any, are part of the statement."""
    streams: bool = False
    """Its rows are read page by page as the statement's result."""
    bounded: bool = True
    fails: bool = False
    """It compiles, and fails when it runs."""
    rows: int = 0


def analysed(text: str) -> Query:
    """What the statement is."""
    statements = [part for part in _TEXT.sub("''", text).split(";") if part.strip()]
    leading = _LEADING.match(text)
    if len(statements) > 1:
        return Query("", problem="Statement compilation failed: only single statement supported")
    if not statements or leading is None:
        return Query("", problem="Statement compilation failed: no statement")
    first, second = leading[1].upper(), (leading[2] or "").upper()
    if first in IMMEDIATE:
        kind = f"{first}_{second}" if second else first
        return Query(kind, immediate=True, rows=2 if first in WITH_ROWS else 0)
    if first == "SELECT":
        return _select(text)
    if first == "INSERT":
        return Query("INSERT_INTO", bounded=_VALUES.search(text) is not None)
    return Query("", problem=f"Statement compilation failed: '{first}' is not expected here")


def _select(text: str) -> Query:
    limit, source = _LIMIT.search(text), _FROM.search(text)
    bounded = limit is not None or source is None or _VALUES.search(text) is not None
    if limit is not None:
        rows = min(int(limit[1]), MAX_ROWS)
    elif not bounded:
        rows = UNBOUNDED_ROWS
    else:
        values = _VALUES.search(text)
        rows = text.count("(", values.end()) if values else 1
    return Query("SELECT", streams=True, bounded=bounded, fails=_FAILS.search(text) is not None, rows=rows)
