"""From a generated request to what goes over the wire: names bound, path and body written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from conformance.contract import media
from conformance.properties.names import SAMPLE_NEEDED, bind
from conformance.properties.request import GeneratedRequest, NoBody

_NOTHING: Mapping[str, str] = {}


class Encoded(NamedTuple):
    """A request as ``Wire.send`` takes it."""

    path: str
    """Percent-encoded."""
    query: tuple[tuple[str, str], ...]
    """Not yet percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    content: bytes | None
    """None when the operation has no body, empty when its body is left out on purpose."""


def encode(
    request: GeneratedRequest,
    *,
    name: str,
    namespace: str = "default",
    live: Mapping[str, str] = _NOTHING,
    needed: str = SAMPLE_NEEDED,
) -> Encoded:
    """Bind the placeholders and write the request.

    ``name`` is a fresh legal name of this run, of at most 200 characters; ``live`` gives the resources
    for the path parameters that the request does not vary.  For a PUT that does not vary its path,
    ``{name}`` in the body is the resource in the path, so ``name`` should be that resource.  ``needed`` is the
    live resource that the body refers to.

    Raises ``ValueError`` when a path parameter has no value, or when the body cannot be written.
    """

    def bound(value: Any) -> Any:
        return bind(value, name=name, namespace=namespace, needed=needed)

    def segment(match: re.Match[str]) -> str:
        parameter = match[1]
        if parameter in request.path_parameters:
            return _segment(bound(request.path_parameters[parameter]))
        if parameter in live:
            return _segment(live[parameter])
        raise ValueError(f"{request.operation}: no live resource for {{{parameter}}}")

    headers = [("Accept", request.accept)]
    lie = any(key.casefold() == "content-type" for key, _ in request.headers)
    if request.media_type is not None and not lie:
        headers.append(("Content-Type", request.media_type))
    content = b"" if request.media_type is not None else None
    if not isinstance(request.body, NoBody):
        content = write(bound(request.body), request.media_type or media.JSON, escape=request.ascii)
    return Encoded(
        path=re.sub(r"\{(\w+)\}", segment, request.template),
        query=tuple((bound(key), bound(value)) for key, value in request.query),
        headers=(*headers, *request.headers),
        content=content,
    )


def write(value: object, media_type: str, *, escape: bool) -> bytes:
    """A body of one of the two media types; raises ``ValueError`` for what JSON cannot express."""
    text = json.dumps(value, ensure_ascii=escape, allow_nan=False)
    # YAML could express NaN, but the value of a body is one that JSON has too.
    return text.encode("utf-8") if media_type == media.JSON else media.write(value, media_type)


def _segment(value: str) -> str:
    # A segment of dots alone would be resolved away by every client and proxy.
    return value.replace(".", "%2E") if value.strip(".") == "" else quote(value, safe="")
