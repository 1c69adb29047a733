"""What differs between two operations: parameters, request body, answers, and what is said about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from conformance.drift.difference import NOTHING, Difference, Direction, Effect
from conformance.drift.document import Document, Node, below
from conformance.drift.pair import notes
from conformance.drift.schemas import Schemas
from conformance.drift.shape import Rule, Schema, text

_PLACES = ("path", "query", "header", "cookie")
_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
_TOLD = ("summary", "description", "operationId", "tags", "externalDocs")
_SERVER_ERROR = re.compile(r"5\d\d|5XX", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation of a document, and the path that it is on."""

    document: Document
    template: str
    method: str
    path: Node
    node: Node

    @property
    def name(self) -> str:
        """Its ``operationId``, or method and path."""
        return str(self.node.value.get("operationId") or self.title)

    @property
    def title(self) -> str:
        """Method and path."""
        return f"{self.method.upper()} {self.template}"

    def parameters(self) -> dict[tuple[str, str], Node]:
        """The parameters by place and name; those of the path are known by their position in it."""
        names = re.findall(r"\{([^{}]*)\}", self.template)
        found = {}
        for holder in (self.path, self.node):
            for entry in holder.list("parameters"):
                node = self.document.resolve(entry)
                place, name = str(node.value.get("in")), str(node.value.get("name"))
                if place == "path":
                    found[place, str(names.index(name)) if name in names else name] = node
                elif place in _PLACES:
                    found[place, name.lower() if place == "header" else name] = node
        return found


class Operations:
    """Compares operations of a contract with those of a document."""

    def __init__(self, contract: Document, document: Document) -> None:
        self._schemas = Schemas(contract, document)

    def compare(self, old: Endpoint, new: Endpoint) -> Iterator[Difference]:
        """All differences between two operations on the same path; raises ``UsageError``."""
        for difference in self._all(old, new):
            yield replace(difference, operations=(old.name,))

    def _all(self, old: Endpoint, new: Endpoint) -> Iterator[Difference]:
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._answers(old, new)
        yield from _told(old.node, new.node, _TOLD)
        if old.template != new.template:
            at = (old.path.pointer, new.path.pointer)
            message = "the path is written differently"
            yield Difference(Effect.EDITORIAL, "path-renamed", message, *at, old.template, new.template)
        if bool(old.node.value.get("deprecated")) is not bool(new.node.value.get("deprecated")):
            at = (old.node.pointer, new.node.pointer)
            word = "deprecated" if new.node.value.get("deprecated") else "no longer deprecated"
            yield Difference(Effect.COMPATIBLE, "deprecation-changed", f"the operation is {word}", *at)
        yield from _security(old, new)

    def _parameters(self, old: Endpoint, new: Endpoint) -> Iterator[Difference]:
        olds, news = old.parameters(), new.parameters()
        for key, before in olds.items():
            if key in news:
                yield from self._parameter(before, news[key])
            elif key[0] != "path":  # that one is in the path, described or not
                at = (before.pointer, below(new.node.pointer, "parameters"))
                message = f"the {key[0]} parameter {before.value.get('name')} is gone"
                yield _of_requests(Effect.BREAKING, "parameter-removed", message, at, old=_named(before))
        for key, now in news.items():
            if key not in olds and key[0] != "path":
                demanded = now.value.get("required") is True
                message = f"the {'required' if demanded else 'optional'} {key[0]} parameter {now.value.get('name')} is new"
                effect = Effect.BREAKING if demanded else Effect.COMPATIBLE
                at = (below(old.node.pointer, "parameters"), now.pointer)
                yield _of_requests(effect, "parameter-added", message, at, new=_named(now))

    def _parameter(self, old: Node, new: Node) -> Iterator[Difference]:
        yield from _demanded(old, new, f"the {old.value['in']} parameter {old.value.get('name')}")
        if _written(old) != _written(new):
            message = "the parameter is written differently"
            at = (old.pointer, new.pointer)
            yield _of_requests(
                Effect.BREAKING, "style-changed", message, at, old=_written(old), new=_written(new)
            )
        if old.value.get("in") == "path" and old.value.get("name") != new.value.get("name"):
            at = (below(old.pointer, "name"), below(new.pointer, "name"))
            values = (old.value.get("name"), new.value.get("name"))
            yield Difference(Effect.EDITORIAL, "parameter-renamed", "name", *at, *values)
        at = (below(old.pointer, "schema"), below(new.pointer, "schema"))
        yield from self._schemas.compare(
            _parameter_schema(old), _parameter_schema(new), Direction.REQUEST, at
        )
        yield from _told(old, new, ("description", "example", "examples"))

    def _body(self, old: Endpoint, new: Endpoint) -> Iterator[Difference]:
        before, now = (each.document.resolve(each.node.at("requestBody")) for each in (old, new))
        at = (before.pointer, now.pointer)
        if before.value and not now.value:
            yield _of_requests(Effect.BREAKING, "body-removed", "the request has no body any more", at)
        elif now.value and not before.value:
            demanded = now.value.get("required") is True
            effect = Effect.BREAKING if demanded else Effect.COMPATIBLE
            message = f"the request has a new, {'required' if demanded else 'optional'} body"
            yield _of_requests(effect, "body-added", message, at)
        elif before.value:
            yield from _demanded(before, now, "the request body")
            yield from self._content(before, now, Direction.REQUEST)
            yield from _told(before, now, ("description",))

    def _answers(self, old: Endpoint, new: Endpoint) -> Iterator[Difference]:
        olds, news = old.node.entries("responses"), new.node.entries("responses")
        at = (below(old.node.pointer, "responses"), below(new.node.pointer, "responses"))
        met = set()
        for status, node in olds.items():
            found = next((name for name in _statuses(status) if name in news), None)
            if found is None:
                # A client loses nothing with a failure that it is spared.
                spared = _SERVER_ERROR.fullmatch(status)
                effect = Effect.COMPATIBLE if spared else Effect.BREAKING
                message = f"the status {status} is gone"
                places = (node.pointer, at[1])
                yield Difference(
                    effect, "status-removed", message, *places, status, NOTHING, Direction.RESPONSE
                )
                continue
            met.add(found)
            before, now = old.document.resolve(node), new.document.resolve(news[found])
            yield from self._content(before, now, Direction.RESPONSE)
            yield from self._headers(old.document, new.document, before, now)
            yield from _told(before, now, ("description",))
        for status in [name for name in news if name not in met]:
            message = f"the status {status} is new"
            places = (at[0], news[status].pointer)
            yield Difference(
                Effect.COMPATIBLE, "status-added", message, *places, NOTHING, status, Direction.RESPONSE
            )

    def _content(self, old: Node, new: Node, direction: Direction) -> Iterator[Difference]:
        olds, news = old.entries("content"), new.entries("content")
        at = (below(old.pointer, "content"), below(new.pointer, "content"))
        met = set()
        for media_type, node in olds.items():
            found = _matching(media_type, news)
            if found is None:
                message = f"the media type {media_type} is gone"
                places = (node.pointer, at[1])
                yield Difference(
                    Effect.BREAKING, "media-type-removed", message, *places, media_type, NOTHING, direction
                )
                continue
            met.add(found)
            yield from self._schemas.compare(
                _schema(node),
                _schema(news[found]),
                direction,
                (below(node.pointer, "schema"), below(news[found].pointer, "schema")),
            )
            yield from _told(node, news[found], ("example", "examples"))
        for media_type in [name for name in news if name not in met]:
            message = f"the media type {media_type} is new"
            places = (at[0], news[media_type].pointer)
            yield Difference(
                Effect.COMPATIBLE, "media-type-added", message, *places, NOTHING, media_type, direction
            )

    def _headers(
        self, old_document: Document, new_document: Document, old: Node, new: Node
    ) -> Iterator[Difference]:
        olds = {name.lower(): node for name, node in old.entries("headers").items()}
        news = {name.lower(): node for name, node in new.entries("headers").items()}
        for name in dict.fromkeys((*olds, *news)):
            if name in olds and name in news:
                before, now = old_document.resolve(olds[name]), new_document.resolve(news[name])
                at = (below(before.pointer, "schema"), below(now.pointer, "schema"))
                yield from self._schemas.compare(
                    _parameter_schema(before), _parameter_schema(now), Direction.RESPONSE, at
                )
                yield from _told(before, now, ("description", "example"))
                continue
            gone = name in olds
            yield Difference(
                Effect.BREAKING if gone else Effect.COMPATIBLE,
                f"header-{'removed' if gone else 'added'}",
                f"the response header {name} is {'gone' if gone else 'new'}",
                olds[name].pointer if gone else below(old.pointer, "headers"),
                below(new.pointer, "headers") if gone else news[name].pointer,
                name if gone else NOTHING,
                NOTHING if gone else name,
                Direction.RESPONSE,
            )


def _of_requests(
    effect: Effect, kind: str, message: str, at: tuple[str, str], old: Any = NOTHING, new: Any = NOTHING
) -> Difference:
    return Difference(effect, kind, message, *at, old, new, Direction.REQUEST)


def _demanded(old: Node, new: Node, what: str) -> Iterator[Difference]:
    before, now = old.value.get("required") is True, new.value.get("required") is True
    if before is not now:
        at = (below(old.pointer, "required"), below(new.pointer, "required"))
        message = f"{what} is {'required' if now else 'no longer required'}"
        effect = Effect.BREAKING if now else Effect.COMPATIBLE
        yield _of_requests(effect, "required-changed", message, at, old=before, new=now)


def _told(old: Node, new: Node, keywords: tuple[str, ...]) -> Iterator[Difference]:
    said = [
        {key: Rule(node.value[key], below(node.pointer, key)) for key in keywords if key in node.value}
        for node in (old, new)
    ]
    yield from notes(said[0], said[1], (old.pointer, new.pointer))


def _named(node: Node) -> str:
    return str(node.value.get("name"))


def _written(parameter: Node) -> dict[str, Any]:
    """How the value of a parameter becomes text."""
    style = parameter.value.get("style", _STYLES.get(str(parameter.value.get("in"))))
    written: dict[str, Any] = {"style": style}
    if parameter.at("schema").value.get("type") in {"array", "object"}:
        written["explode"] = parameter.value.get("explode", style == "form")
    return written


def _parameter_schema(node: Node) -> Schema:
    content = list(node.entries("content").values())
    return _schema(content[0]) if content else _schema(node)


def _schema(holder: Node) -> Schema:
    return (holder.at("schema"),) if holder.at("schema").value else ()


def _statuses(status: str) -> tuple[str, ...]:
    """What may describe a status, the most exact first."""
    return (status, f"{status[:1]}XX", f"{status[:1]}xx", "default")


def _matching(media_type: str, content: dict[str, Node]) -> str | None:
    """The entry that a media type falls under, the most exact first."""
    essence = _essence(media_type)
    known = {_essence(name): name for name in content}
    return next(
        (known[name] for name in (essence, f"{essence.partition('/')[0]}/*", "*/*") if name in known), None
    )


def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _security(old: Endpoint, new: Endpoint) -> Iterator[Difference]:
    """Credentials that are asked for: the contract leaves them to the configuration of the server."""
    before, now = (
        each.node.value.get("security", each.document.root.value.get("security")) or [] for each in (old, new)
    )
    if text(before) != text(now):
        at = (below(old.node.pointer, "security"), below(new.node.pointer, "security"))
        message = "other credentials are asked for"
        yield Difference(
            Effect.COMPATIBLE, "security-changed", message, *at, before or NOTHING, now or NOTHING
        )
