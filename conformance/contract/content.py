"""The media type of a successful answer: documented, the one that was asked for, and well-formed."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.contract.body import Body, accepted, declared, excerpt
from conformance.contract.media import JSON, YAML, MediaType
from conformance.contract.observation import Observation
from conformance.contract.openapi import Answer
from conformance.model import Exchange, HttpResponse

_RULES = ((JSON, "CMF-CONTENT-JSON"), (YAML, "CMF-CONTENT-YAML"))
_UTF8 = frozenset({None, "utf-8", "utf8", "us-ascii"})


def contents(
    exchange: Exchange, response: HttpResponse, documented: Answer, body: Body
) -> Iterator[Observation]:
    """What the declared media type and the text of a body say, whatever it means."""
    essence = declared(response)
    yield Observation(
        "CMF-CONTENT-TYPE",
        "" if essence in documented.media_types else f"the body is declared as {essence or 'nothing'}",
        expected=" or ".join(documented.media_types),
        got=essence or "no Content-Type",
    )
    wanted = accepted(exchange)
    for media_type, rule in _RULES:
        promised = media_type in documented.media_types
        if promised and media_type in {wanted, essence if wanted is None else None}:
            message = _problem(response, media_type, body)
            yield Observation(rule, message, f"well-formed {media_type}", excerpt(response))


def missing(response: HttpResponse, documented: Answer, rule: str) -> Iterator[Observation]:
    """That a body is declared but empty, held against the requirement of its schema."""
    if not response.body and declared(response) in documented.media_types:
        yield Observation(rule, "the body is empty", f"a {documented.schema}", "no content")


def _problem(response: HttpResponse, media_type: str, body: Body) -> str:
    parsed = MediaType.parse(response.header("content-type"))
    if parsed is None or parsed.essence != media_type:
        return f"asked for {media_type}, the body is declared as {parsed.essence if parsed else 'nothing'}"
    if body.problem:
        return f"the body is {body.problem}"
    if parsed.charset not in _UTF8:
        return f"the body is declared to be in {parsed.charset}"
    return ""
