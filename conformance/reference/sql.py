"""As much SQL as the server needs: what kind of statement a text is, and what comes of it.

There is no engine.  Rows of ``VALUES`` are the literals that stand there; a statement that names a table gets
made-up rows of one column.  What matters to the API is whether a statement compiles, ends, fails, and gives rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r"""(?P<skip> \s+ | --[^\n]* | /\*(?:.*?\*/|.*) )
      | (?P<text> '(?:[^']|'')*' )
      | (?P<name> `(?:[^`]|``)+` | "(?:[^"]|"")+" )
      | (?P<number> [0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)? )
      | (?P<word> [^\W0-9]\w* )
      | (?P<sign> . )""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)

IMMEDIATE = frozenset(
    {"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "USE", "SET", "RESET", "CREATE", "ALTER", "DROP"}
)
"""Statements that are done when they are created."""
WITH_ROWS = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN"})
EXPECTANT = frozenset(
    {
        "LIKE",
        "SELECT",
        "FROM",
        "WHERE",
        "INTO",
        "VALUES",
        "LIMIT",
        "AND",
        "OR",
        "NOT",
        "AS",
        "BY",
        ",",
        "(",
        "=",
    }
)
"""After these a statement can't end."""
CLAUSES = frozenset({"FROM", "WHERE", "GROUP", "ORDER", "LIMIT", "HAVING"})
"""These can't stand directly after one of SELECT, FROM and WHERE."""
UNBOUNDED_ROWS = 1_000_000
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """A word, literal or sign of a statement; words in capitals."""

    kind: str
    text: str


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
    values: tuple[tuple[str, ...], ...] = ()
    """The rows, where they are known; otherwise they are made up."""

    def row(self, number: int) -> tuple[str, ...]:
        """The row of that number."""
        return self.values[number] if self.values else (f"row {number}",)


def analysed(text: str) -> Query:
    """What the statement is."""
    tokens = _tokens(text)
    problem = _problem(tokens)
    if problem:
        return Query("", problem=f"Statement compilation failed: {problem}")
    tokens = [token for token in tokens if token.text != ";"]
    first = tokens[0].text
    if first in IMMEDIATE:
        second = tokens[1].text if len(tokens) > 1 and tokens[1].kind == "word" else ""
        return Query(
            f"{first}_{second}" if second else first, immediate=True, rows=2 if first in WITH_ROWS else 0
        )
    if first == "SELECT":
        return _select(tokens)
    if first == "INSERT":
        return Query("INSERT_INTO", bounded=_place(tokens, "VALUES") is not None)
    return Query("", problem=f"Statement compilation failed: '{first}' is not expected here")


def _tokens(text: str) -> list[Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "sign"
        if kind != "skip":
            found.append(Token(kind, match[0].upper() if kind == "word" else match[0]))
    return found


def _problem(tokens: list[Token]) -> str:
    """Why no statement can be made of the tokens; empty if one can."""
    while tokens and tokens[-1].text == ";":
        tokens = tokens[:-1]
    words = [token.text for token in tokens]
    if not words:
        return "no statement"
    if ";" in words:
        return "only single statement supported"
    if "'" in words or words.count("(") != words.count(")"):
        return "a quote or a parenthesis is not closed"
    if words[-1] in EXPECTANT:
        return f"unexpected end after '{words[-1]}'"
    for before, after in pairwise(words):
        if before in {"SELECT", "FROM", "WHERE"} and after in CLAUSES:
            return f"unexpected '{after}' after '{before}'"
    return ""


def _place(tokens: list[Token], word: str) -> int | None:
    return next((n for n, token in enumerate(tokens) if token == Token("word", word)), None)


def _select(tokens: list[Token]) -> Query:
    source, values, limit = (_place(tokens, word) for word in ("FROM", "VALUES", "LIMIT"))
    known = _values(tokens[values + 1 :]) if values is not None else ()
    most = None
    if limit is not None and limit + 1 < len(tokens) and tokens[limit + 1].text.isdecimal():
        most = min(int(tokens[limit + 1].text[:6]), MAX_ROWS)
    bounded = most is not None or source is None or values is not None
    rows = len(known) if known else 1 if source is None else UNBOUNDED_ROWS
    if most is not None:
        rows = min(rows, most)
    return Query("SELECT", streams=True, bounded=bounded, fails=_fails(tokens), rows=rows, values=known)


def _values(tokens: list[Token]) -> tuple[tuple[str, ...], ...]:
    """The literals of each parenthesis after ``VALUES``."""
    rows: list[tuple[str, ...]] = []
    row: list[str] | None = None
    for token in tokens:
        if token.text == "(" and row is None:
            row = []
        elif token.text == ")" and row is not None:
            rows.append(tuple(row))
            row = None
        elif row is not None and token.kind in {"text", "number", "word"}:
            row.append(token.text[1:-1].replace("''", "'") if token.kind == "text" else token.text)
        elif row is None and token.text != ",":
            break
    return tuple(rows)


def _fails(tokens: list[Token]) -> bool:
    """Whether an expression can't be evaluated: a division by zero, or text without digits as a number."""
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.text == "/" and after.text == "0":
            return True
        cast = before.text == "(" and token.kind == "text" and after.text == "AS"
        if cast and Token("word", "CAST") in tokens and not any(letter.isdigit() for letter in token.text):
            return bool({"INT", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL"} & {one.text for one in tokens})
    return False
