"""One exchange as one line of ``evidence.ndjson``, and back: the only place that knows the format.

A line is a JSON object in pure ASCII, so that it cuts at line feeds only and is harmless on a terminal::

    {"id", "operation": str | null,
     "request": {"method", "url", "headers": [[name, value], ..], "body"},
     "response": null | {"status", "headers", "body", "truncated"},
     "error": str | null, "started", "elapsed_ms", "attempt"}

A body is a JSON string when its bytes are UTF-8, otherwise ``{"base64": ".."}`` of its bytes.  The same form
carries any other string that holds a lone surrogate (which JSON readers elsewhere refuse): there the bytes
are the string in UTF-8 with its surrogates kept.  Reading a line that was written here gives an equal value.
"""

from __future__ import annotations

import base64
import json
from typing import Any, TypeAlias

from conformance.model import Exchange, HttpRequest, HttpResponse

Json: TypeAlias = Any
"""What ``json`` reads: its shape is unknown until a function below has looked at it."""


def to_line(exchange: Exchange) -> str:
    """The exchange as one line, without a line end.

    Raises ``ValueError`` when ``elapsed_ms`` is not a finite number.
    """
    response = exchange.response
    document = {
        "id": _text_out(exchange.id),
        "operation": _optional_out(exchange.operation),
        "request": {
            "method": _text_out(exchange.request.method),
            "url": _text_out(exchange.request.url),
            "headers": _headers_out(exchange.request.headers),
            "body": _body_out(exchange.request.body),
        },
        "response": None
        if response is None
        else {
            "status": response.status,
            "headers": _headers_out(response.headers),
            "body": _body_out(response.body),
            "truncated": response.truncated,
        },
        "error": _optional_out(exchange.error),
        "started": _text_out(exchange.started),
        "elapsed_ms": exchange.elapsed_ms,
        "attempt": exchange.attempt,
    }
    return json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def from_line(line: str) -> Exchange:
    """The exchange of a line.

    Raises ``ValueError`` when the line is not one that ``to_line`` can have written, e.g. because it was cut.
    """
    try:
        document = json.loads(line)
    except RecursionError:
        message = "the line nests too deeply"
        raise ValueError(message) from None
    try:
        response = document["response"]
        return Exchange(
            id=_text_in(document["id"]),
            operation=_optional_in(document["operation"]),
            request=HttpRequest(
                method=_text_in(document["request"]["method"]),
                url=_text_in(document["request"]["url"]),
                headers=_headers_in(document["request"]["headers"]),
                body=_body_in(document["request"]["body"]),
            ),
            response=None
            if response is None
            else HttpResponse(
                status=_whole_in(response["status"]),
                headers=_headers_in(response["headers"]),
                body=_body_in(response["body"]),
                truncated=response["truncated"] is True,
            ),
            error=_optional_in(document["error"]),
            started=_text_in(document["started"]),
            elapsed_ms=float(document["elapsed_ms"]),
            attempt=_whole_in(document["attempt"]),
        )
    except (KeyError, TypeError, IndexError, OverflowError) as problem:
        message = f"not an exchange: {problem!r}"
        raise ValueError(message) from None


def _text_out(text: str) -> Json:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return {"base64": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")}
    return text


def _optional_out(text: str | None) -> Json:
    return None if text is None else _text_out(text)


def _body_out(body: bytes) -> Json:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}


def _headers_out(headers: tuple[tuple[str, str], ...]) -> Json:
    return [[_text_out(name), _text_out(value)] for name, value in headers]


def _text_in(value: Json) -> str:
    if isinstance(value, str):
        return value
    return base64.b64decode(value["base64"], validate=True).decode("utf-8", "surrogatepass")


def _optional_in(value: Json) -> str | None:
    return None if value is None else _text_in(value)


def _body_in(value: Json) -> bytes:
    if isinstance(value, str):
        # A foreign writer may have left a lone surrogate in the text; keeping it beats losing the exchange.
        return value.encode("utf-8", "surrogatepass")
    return base64.b64decode(value["base64"], validate=True)


def _headers_in(value: Json) -> tuple[tuple[str, str], ...]:
    pairs = ((_text_in(pair[0]), _text_in(pair[1])) for pair in value)
    return tuple(pairs)


def _whole_in(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{value!r} is not a whole number"
        raise TypeError(message)
    return value
