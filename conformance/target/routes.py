"""Which path is which resource of the API, and which paths are canonical enough to be written to.

A path is *canonical* when every server must understand it alike: each segment, percent-decoded once, is a
name without anything that separates, climbs, or would be decoded again.  Only such paths have a ``Place``.

Contract: the paths of the OpenAPI document.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from conformance.model import Resource

BASE = "/cmf/api/v1"
GLOBAL_COLLECTIONS = {
    "environments": f"{BASE}/environments",
    "secrets": f"{BASE}/secrets",
    "catalogs": f"{BASE}/catalogs/kafka",
}
CHILD_COLLECTIONS = ("applications", "statements", "compute-pools", "secret-mappings")
ACTIONS = ("start", "suspend")

_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})+")
_SEPARATING = frozenset("/\\%;?#")


class NotCanonical(ValueError):
    """Servers may differ about which resource a path means; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """A collection, a resource in it, or an action on that resource."""

    kind: str
    """The word of the collection in its path, e.g. ``compute-pools``; ``catalogs`` for the Kafka catalogs."""
    environment: str | None
    """The environment that the collection is in; None for a global collection."""
    name: str | None
    """None for the collection itself."""
    action: str | None = None
    path: str = ""
    """The path of the collection, or of the action, where it is one that another document than the contract describes."""
    owner: tuple[str, str] | None = None
    """Of such a place, kind and name of the outermost resource around it."""

    @property
    def resource(self) -> Resource | None:
        """The resource of this place, or None for a collection."""
        return None if self.name is None else self.named(self.name)

    def named(self, name: str) -> Resource:
        """The resource of this name in the collection of this place."""
        if self.path:
            return Resource(self.kind, name, f"{self.path}/{encoded(name)}")
        return Resource(self.kind, name, item_path(self.kind, name, self.environment))


def item_path(kind: str, name: str, environment: str | None = None) -> str:
    """The one path by which a resource is known to the ledger: each name wholly percent-encoded."""
    if environment is None:
        return f"{GLOBAL_COLLECTIONS[kind]}/{encoded(name)}"
    return f"{GLOBAL_COLLECTIONS['environments']}/{encoded(environment)}/{kind}/{encoded(name)}"


def encoded(name: str) -> str:
    """A name as one path segment; a lone surrogate is encoded like any other code point."""
    return quote(name, safe="", errors="surrogatepass")


def locate(raw_path: str) -> Place | None:
    """The place of a canonical path, or None when it is no route that the contract lets anyone write to.

    Raises ``NotCanonical`` when a segment could be understood in more than one way.
    """
    for kind, collection in GLOBAL_COLLECTIONS.items():
        if raw_path == collection:
            return Place(kind, None, None)
        if raw_path.startswith(collection + "/"):
            first, *rest = raw_path[len(collection) + 1 :].split("/")
            name = decoded(first)
            if not rest:
                return Place(kind, None, name)
            return _below(name, rest) if kind == "environments" else None
    return None


def _below(environment: str, segments: list[str]) -> Place | None:
    kind, *rest = segments
    if kind not in CHILD_COLLECTIONS:
        return None
    if not rest:
        return Place(kind, environment, None)
    name = decoded(rest[0])
    if len(rest) == 1:
        return Place(kind, environment, name)
    if kind == "applications" and rest[1:] in ([action] for action in ACTIONS):
        return Place(kind, environment, name, rest[1])
    return None


def decoded(segment: str) -> str:
    """The name that a path segment stands for; raises ``NotCanonical``.

    Control characters are tolerated at the end only: a server that wrongly accepted a name with a trailing
    line feed must be rid of it again, while what stands before them is the name in any reading.
    """
    if not _SEGMENT.fullmatch(segment):
        message = f"path segment {segment!r} is empty or holds a character that must be encoded"
        raise NotCanonical(message)
    try:
        name = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError:
        message = f"path segment {segment!r} is not UTF-8"
        raise NotCanonical(message) from None
    for form in (name, unicodedata.normalize("NFKC", name)):
        shown = form.rstrip("".join(filter(_is_control, form)))
        if not shown.strip(" .\u3002"):
            message = f"path segment {segment!r} is no name"
            raise NotCanonical(message)
        if _SEPARATING & set(form) or any(map(_is_control, shown)):
            message = f"path segment {segment!r} holds a character that separates or would be decoded again"
            raise NotCanonical(message)
    return name


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}
