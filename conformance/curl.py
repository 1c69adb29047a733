"""A command line that repeats an exchange, byte for byte, in a POSIX shell (with control characters, in bash)."""

from __future__ import annotations

import shlex

from conformance.model import Exchange

_LEFT_OUT = {"host", "content-length", "user-agent", "connection", "accept-encoding", "transfer-encoding"}
_OF_CURL = {"accept": "Accept:", "content-type": "Content-Type:"}
"""Headers that curl adds by itself, and how it is told not to."""
_LONGEST_BODY = 8_000
_PLAIN = range(0x20, 0x7F)


def curl_line(exchange: Exchange) -> str:
    """The ``curl`` command that sends the same request; credentials come from the environment again.

    A body that is not text, or very long, is left to a file.
    """
    request = exchange.request
    words = ["curl", "-i", "--path-as-is", "--globoff"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != "GET" or request.body:
        words += ["-X", shlex.quote(request.method)]
    missing = dict(_OF_CURL) if request.body else {"accept": _OF_CURL["accept"]}
    for name, value in request.headers:
        missing.pop(name.lower(), None)
        if name.lower() == "authorization":
            words += ["-H", '"Authorization: Bearer $CMF_CONFORMANCE_TOKEN"']
        elif name.lower() not in _LEFT_OUT:
            words += ["-H", _header(name, value)]
    words += [word for header in missing.values() for word in ("-H", shlex.quote(header))]
    if request.body:
        words += _body(request.body, exchange.id)
    words.append(_quoted(request.url.encode("utf-8", "surrogatepass")))
    return " ".join(words)


def _header(name: str, value: str) -> str:
    # To curl "Name:" means to leave the header out, and "Name;" to send it without a value.
    text = f"{name}: {value}" if value.strip() else f"{name};"
    try:
        return _quoted(text.encode("latin-1"))
    except UnicodeEncodeError:
        return _quoted(text.encode("utf-8", "surrogatepass"))


def _body(body: bytes, exchange: str) -> list[str]:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        in_line = False
    else:
        in_line = len(body) <= _LONGEST_BODY and b"\0" not in body
    # Unlike --data-binary, --data-raw takes a leading @ as it is.
    return ["--data-raw", _quoted(body)] if in_line else ["--data-binary", shlex.quote(f"@{exchange}.body")]


def _quoted(data: bytes) -> str:
    """Quoted for a shell: as it is where a reader can see what it is, else with bash's escapes."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not data):
        return shlex.quote(text)
    escaped = _escaped(text) if text else "".join(map(_escape, data))
    return f"$'{escaped}'"


def _escaped(text: str) -> str:
    return "".join(
        character
        if character.isprintable() and character not in "\\'"
        else "".join(map(_escape, character.encode("utf-8")))
        for character in text
    )


def _escape(byte: int) -> str:
    if byte in b"\\'":
        return "\\" + chr(byte)
    if byte == ord("\n"):
        return r"\n"
    return chr(byte) if byte in _PLAIN else f"\\x{byte:02x}"
