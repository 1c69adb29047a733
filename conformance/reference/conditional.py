"""Conditional reading (contract: the 304 answers and their ETag header; RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus

from conformance.reference.values import Wire

TAGGED = frozenset({"getEnvironments", "getApplications", "getApplication", "getSecrets"})
"""The reading operations for which the contract documents 304."""

_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Conditional:
    """Tags answers, and spares those who have them already."""

    def tag(self, wire: Wire) -> str:
        """A strong validator: equal for equal bodies of the same media type only."""
        media_type = dict(wire.headers).get("content-type", "")
        return f'"{hashlib.sha256(media_type.encode() + b":" + wire.body).hexdigest()[:32]}"'

    def matches(self, if_none_match: str, tag: str) -> bool:
        """Whether the header names the tag, or is ``*``; what can't be read names nothing."""
        opaque = tag.removeprefix("W/")
        return if_none_match.strip() == "*" or opaque in _TAG.findall(if_none_match)

    def apply(self, operation: str, wire: Wire, if_none_match: str | None) -> Wire:
        """The answer with its tag, or 304 without a body when the client has it."""
        if wire.status != HTTPStatus.OK or operation not in TAGGED:
            return wire
        tag = self.tag(wire)
        headers = (*wire.headers, ("etag", tag))
        if if_none_match is not None and self.matches(if_none_match, tag):
            return self.not_modified(headers)
        return Wire(wire.status, headers, wire.body)

    def not_modified(self, headers: tuple[tuple[str, str], ...]) -> Wire:
        """The answer to those who have the content already."""
        kept = tuple(header for header in headers if header[0] != "content-type")
        return Wire(304, kept)
