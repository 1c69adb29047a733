"""A command line that repeats an exchange."""

from __future__ import annotations

import re
import shlex

from conformance.model import Exchange

_LEFT_OUT = {"host", "content-length", "user-agent", "connection", "accept-encoding", "transfer-encoding"}
_LONGEST_BODY = 8_000


def curl_line(exchange: Exchange) -> str:
    """The ``curl`` command that sends the same request; credentials come from the environment again.

    A body that is not text, or very long, is left to a file.
    """
    request = exchange.request
    parts = ["curl", "-i", "--path-as-is"]
    if request.method == "HEAD":
        parts.append("--head")
    elif request.method != "GET" or request.body:
        parts += ["-X", request.method]
    words = [shlex.quote(part) for part in parts]
    for name, value in request.headers:
        if name.lower() == "authorization":
            words += ["-H", '"Authorization: Bearer $CMF_CONFORMANCE_TOKEN"']
        elif name.lower() not in _LEFT_OUT:
            words += ["-H", _quoted(f"{name}: {value}")]
    if request.body:
        words += ["--data-binary", _body(request.body, exchange.id)]
    words.append(_quoted(request.url))
    return " ".join(words)


def _body(body: bytes, exchange: str) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is None or len(body) > _LONGEST_BODY or "\0" in text:
        return shlex.quote(f"@{exchange}.body")
    return _quoted(text if not text.startswith("@") else "\n" + text)


def _quoted(text: str) -> str:
    """Quoted for a POSIX shell; with control characters, for bash."""
    if not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text):
        return shlex.quote(text)
    escaped = "".join(_escape(character) for character in text)
    return f"$'{escaped}'"


def _escape(character: str) -> str:
    if character in "\\'":
        return "\\" + character
    if character == "\n":
        return r"\n"
    code = ord(character)
    if code < 0x20 or code == 0x7F:  # noqa: PLR2004 - the ASCII control characters
        return f"\\x{code:02x}"
    if not character.isprintable() and character != " ":
        return f"\\U{code:08x}"
    return character
