"""The body of one answer: what it is declared to be, what it turns out to be, and what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.contract import media
from conformance.contract.media import MEDIA_TYPES, Malformed, MediaType
from conformance.model import Exchange, HttpResponse

_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class Body:
    """A response body as far as it could be read."""

    value: Any = None
    media_type: str | None = None
    """The media type it was read as."""
    problem: str | None = None
    """Why it could not be read as what it is declared to be, to go on after *it is*."""


def read_body(response: HttpResponse) -> Body:
    """The body as it is declared; when that fails, as whatever it turns out to be."""
    essence = declared(response)
    if response.truncated:
        return Body(problem="larger than the limit of this run, and was cut")
    problem: str | None
    if essence in MEDIA_TYPES:
        try:
            return Body(media.read(response.body, essence), essence)
        except Malformed as error:
            problem = f"declared as {essence}, but {error}"
    else:
        problem = f"declared as {essence}" if essence else "not declared by a Content-Type"
    for media_type in MEDIA_TYPES:
        try:
            value = media.read(response.body, media_type)
        except Malformed:
            continue
        if isinstance(value, (dict, list)):
            return Body(value, media_type, problem)
    return Body(None, None, problem)


def declared(response: HttpResponse) -> str | None:
    """The media type of the Content-Type, without parameters and in lower case."""
    parsed = MediaType.parse(response.header("content-type"))
    return parsed.essence if parsed else None


def accepted(exchange: Exchange) -> str | None:
    """The one documented media type that a request accepts, or None when it leaves a choice."""
    accept = [value for key, value in exchange.request.headers if key.lower() == "accept"]
    return accept[0] if len(accept) == 1 and accept[0] in MEDIA_TYPES else None


def accepts_neither(exchange: Exchange) -> bool:
    """Whether a request says what it accepts, and neither of the documented media types is among it."""
    accept = ",".join(value for key, value in exchange.request.headers if key.lower() == "accept").lower()
    return bool(accept.strip()) and not any(word in accept for word in (*MEDIA_TYPES, "*/*", "application/*"))


def error_messages(value: Any) -> list[str]:
    """The messages of a RestError that are not blank."""
    errors = value.get("errors") if isinstance(value, dict) else None
    if not isinstance(errors, list):
        return []
    messages = [error.get("message") for error in errors if isinstance(error, dict)]
    return [message for message in messages if isinstance(message, str) and message.strip()]


def excerpt(response: HttpResponse) -> str:
    """The answer in one line: status, declared type, and how its body begins."""
    head = f"{response.status}, {response.header('content-type') or 'no Content-Type'}"
    text = response.body[: 4 * _EXCERPT].decode("utf-8", "replace")
    if not text:
        return f"{head}, no content"
    return f"{head}, {text[:_EXCERPT]!r}{'…' if len(text) > _EXCERPT else ''}"
