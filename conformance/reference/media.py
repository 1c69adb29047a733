"""The two media types of the contract: which one is meant, and JSON values from and to bytes.

A parsed body is plain JSON data within bounds (depth, size, magnitude of numbers), whichever type it came
in; everything else is refused with 400 or 415, so that nothing hostile gets past this module.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from conformance.reference import yaml_text
from conformance.reference.values import Refusal, Request

JSON = "application/json"
YAML = "application/yaml"
SUPPORTED = (JSON, YAML)

MAX_DEPTH = 100
MAX_BITS = 4096
"""Of an integer: far below the length at which Python refuses to print it."""

_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_RANGE = re.compile(r"([!#$%&'*+.^_`|~0-9a-z-]+)/([!#$%&'*+.^_`|~0-9a-z-]+)")
_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


class Media:
    """Negotiation, parsing and rendering."""

    def wanted(self, accept: str | None) -> str | None:
        """The supported type that the ``Accept`` header prefers, or None if it accepts neither.

        Higher quality wins, then the more specific range, then the one named first, then JSON.
        """
        if accept is None or not accept.strip():
            return JSON
        ranges = [found for part in accept.split(",") if (found := _accept_range(part))]
        best: tuple[float, int, int] | None = None
        chosen: str | None = None
        for media_type in SUPPORTED:
            # The most specific range that matches decides about a type.
            fitting = [
                (specificity, -position, quality)
                for position, (pattern, specificity, quality) in enumerate(ranges)
                if pattern in (media_type, "application/*", "*/*")
            ]
            if not fitting:
                continue
            specificity, position, quality = max(fitting)
            rank = (quality, specificity, position)
            if quality > 0 and (best is None or rank > best):
                best, chosen = rank, media_type
        return chosen

    def type_of_body(self, content_type: str | None) -> str:
        """The media type that a request body is declared as; raises Refusal 415 for any other."""
        declared, _, rest = (content_type or "").partition(";")
        media_type = declared.strip().lower()
        if media_type not in SUPPORTED:
            raise Refusal(415, f"Content-Type '{content_type or ''}' is not supported.")
        charset = _parameters(rest).get("charset", "utf-8")
        if charset.lower() not in _CHARSETS:
            raise Refusal(415, f"Charset '{charset}' is not supported.")
        return media_type

    def parse(self, request: Request) -> Any:
        """The value of a request body; raises Refusal 400, 413 or 415."""
        if request.oversized:
            raise Refusal(413, "The request body is too large.")
        if not request.body.strip():
            raise Refusal(400, "A request body is required.")
        media_type = self.type_of_body(request.headers.get("content-type"))
        try:
            text = request.body.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as wrong:
            raise Refusal(400, f"The request body is not UTF-8 (byte {wrong.start}).") from None
        value = self.parse_json(text) if media_type == JSON else self.parse_yaml(text)
        _check(value)
        return value

    def parse_json(self, text: str) -> Any:
        """The value of a JSON text; raises Refusal 400."""
        try:
            return json.loads(text, parse_constant=_no_constant)
        except RecursionError:
            raise Refusal(400, "The request body is nested too deeply.") from None
        except ValueError as wrong:
            raise Refusal(400, f"The request body is not valid JSON: {wrong}") from None

    def parse_yaml(self, text: str) -> Any:
        """The value of a YAML text; raises Refusal 400."""
        try:
            return yaml_text.load(text, MAX_DEPTH)
        except yaml_text.NotYaml as wrong:
            raise Refusal(400, f"The request body is not valid YAML: {wrong}") from None

    def render(self, value: Any, media_type: str) -> bytes:
        """The value in one of the supported types."""
        return self.render_json(value) if media_type == JSON else self.render_yaml(value)

    def render_json(self, value: Any) -> bytes:
        """The value as JSON in UTF-8."""
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    def render_yaml(self, value: Any) -> bytes:
        """The value as YAML in UTF-8."""
        return yaml_text.dump(value)


def _accept_range(part: str) -> tuple[str, int, float] | None:
    """A media range as (range, specificity, quality); None when it is malformed."""
    name, _, rest = part.partition(";")
    name = name.strip().lower()
    match = _RANGE.fullmatch(name)
    if not match:
        return None
    quality = _parameters(rest).get("q", "1")
    if not _QUALITY.fullmatch(quality):
        return None
    return name, (match[1] != "*") + (match[2] != "*"), float(quality)


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _check(value: Any) -> None:
    """Raise Refusal 400 for what could not be stored and given back in both media types."""
    level = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    _check_scalar(key)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
            else:
                _check_scalar(item)
        if not deeper:
            return
        level = deeper
    raise Refusal(400, "The request body is nested too deeply.")


def _check_scalar(value: Any) -> None:
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise Refusal(400, "The request body holds half a surrogate pair.") from None
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Refusal(400, "The request body holds a number that is too large.")
    elif isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise Refusal(400, "The request body holds a number that is too large.")
