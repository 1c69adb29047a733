"""One exchange as text for a reader: harmless, and short however large the bodies were."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus

from conformance.model import Exchange
from conformance.report.clean import one_line, short

BODY_LIMIT = 8_000
"""Characters of a body that the long renderings show."""
_HEADERS_LIMIT = 40
_HEADER_LENGTH = 500
_INDENTED_UP_TO = 100_000
_WORTH_INDENTING = 80
_DEEPEST = 30
_OPENING = ("{", "[")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+')
"""A token of a text that is known to be JSON: a string, a bracket or separator, or a number or word."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """The two halves of an exchange as text, with a line that says what it was."""

    summary: str
    request: str
    response: str


def transcript(exchange: Exchange, body_limit: int = BODY_LIMIT) -> Transcript:
    """The exchange as text, each body cut at ``body_limit`` characters."""
    request, response = exchange.request, exchange.response
    asked = f"{one_line(request.method, 40)} {one_line(request.url, 2_000)}"
    sent = [asked, *_headers(request.headers), *_body(request.body, body_limit)]
    attempt = f", attempt {exchange.attempt}" if exchange.attempt > 1 else ""
    took = f"{exchange.elapsed_ms:,.0f} ms{attempt}"
    if response is None:
        why = one_line(exchange.error or "no response", 1_000)
        return Transcript(f"{asked} → no response ({took})", "\n".join(sent), f"No response: {why}")
    came = [status_line(response.status), *_headers(response.headers), *_body(response.body, body_limit)]
    if response.truncated:
        came.append("(The harness stopped reading here: the body was larger than its limit.)")
    return Transcript(f"{asked} → {status_line(response.status)} ({took})", "\n".join(sent), "\n".join(came))


def status_line(status: int) -> str:
    """The status with its registered phrase, if it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def readable_body(body: bytes, limit: int) -> str:
    """The body as text: long lines of JSON are indented, bytes that are no UTF-8 spelt out, the rest cut."""
    if len(body) > limit * 4:
        head = body[: limit * 4].decode("utf-8", "backslashreplace")[:limit]
        note = f"\n(cut: the body has {len(body):,} bytes; all that was kept is in evidence.ndjson)"
        return short(head, limit) + note
    text = body.decode("utf-8", "backslashreplace")
    longest = max((len(line) for line in text.splitlines()), default=0)
    if longest > _WORTH_INDENTING and len(text) <= _INDENTED_UP_TO:
        text = indent_json(text)
    if len(text) <= limit:
        return short(text, limit)
    note = f"\n(cut: the body has {len(body):,} bytes; all that was kept is in evidence.ndjson)"
    return short(text[:limit], limit) + note


def indent_json(text: str) -> str:
    """The JSON text with line feeds and blanks put between its tokens.

    The tokens themselves, doubled keys and odd numbers included, stay as they are.  Text that is not JSON
    comes back unchanged.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    pieces: list[str] = []
    depth = 0
    before = ""
    for part in _TOKEN.findall(text):
        if part in "}]":
            depth -= 1
            pieces.append(part if before in _OPENING else _line_start(depth) + part)
        else:
            if before in {*_OPENING, ","}:
                pieces.append(_line_start(depth))
            pieces.append(": " if part == ":" else part)
            depth += part in _OPENING
        before = part
    return "".join(pieces)


def _line_start(depth: int) -> str:
    return "\n" + "  " * min(depth, _DEEPEST)


def _headers(headers: tuple[tuple[str, str], ...]) -> list[str]:
    lines = [
        f"{one_line(name, 100)}: {one_line(value, _HEADER_LENGTH)}"
        for name, value in headers[:_HEADERS_LIMIT]
    ]
    if len(headers) > _HEADERS_LIMIT:
        lines.append(f"({len(headers) - _HEADERS_LIMIT} more headers)")
    return lines


def _body(body: bytes, limit: int) -> list[str]:
    return ["", readable_body(body, limit)] if body else []
