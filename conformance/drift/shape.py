"""What a schema demands in the end, however it is put together: references, ``allOf``, and both ways to say null.

Two documents rarely have the same components: a generator writes out in place what somebody had put together from parts.
So schemas are compared by what they demand, and each demand remembers where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeGuard

from conformance.drift.difference import Direction
from conformance.drift.document import Document, Node, below
from conformance.errors import UsageError

Schema: TypeAlias = tuple[Node, ...]
"""Objects that all hold for the same value; none at all means that anything goes."""

LOWEST = ("minLength", "minItems", "minProperties", "minimum")
HIGHEST = ("maxLength", "maxItems", "maxProperties", "maximum")
_EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
EDITORIAL = ("title", "description", "example", "examples", "externalDocs", "xml", "discriminator")
_OTHER = (
    *("not", "if", "then", "else", "contains", "minContains", "maxContains", "prefixItems", "propertyNames"),
    *(
        "patternProperties",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
    ),
)
_IMPLIED = {"properties": "object", "additionalProperties": "object", "items": "array"}
_MOST_PARTS = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What a keyword says, and where."""

    value: Any
    pointer: str


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of a number, a length or a count."""

    value: float
    exclusive: bool
    pointer: str

    @property
    def shown(self) -> Any:
        """The limit for people."""
        return f"{self.value:g} (exclusive)" if self.exclusive else self.value


@dataclass(slots=True)
class Shape:
    """What all parts of a schema demand together."""

    pointer: str
    types: frozenset[str] | None = None
    """None when nothing is said of them."""
    types_at: str = ""
    bounds: dict[str, Bound] = field(default_factory=dict)
    enum: Rule | None = None
    """Its values by their JSON, in order."""
    rules: dict[str, Rule] = field(default_factory=dict)
    """Everything else that must hold: patterns, formats, and what can only be compared as it stands."""
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    """Where each required property is said to be so."""
    items: list[Node] = field(default_factory=list)
    extra: list[Node] = field(default_factory=list)
    """The schema of properties that are not named; empty when they may be anything."""
    closed: str | None = None
    """Where properties that are not named are forbidden."""
    alternatives: tuple[Schema, ...] = ()
    """One of them must hold besides; empty when there is no choice."""
    alternatives_at: str = ""
    default: Rule | None = None
    deprecated: str | None = None
    notes: dict[str, Rule] = field(default_factory=dict)
    """What is said for readers only."""

    def named(self, document: Document, direction: Direction) -> dict[str, Schema]:
        """The properties that travel in a direction: not the read-only ones of requests, nor the write-only of answers."""
        hidden = "readOnly" if direction is Direction.REQUEST else "writeOnly"
        return {
            name: tuple(parts)
            for name, parts in self.properties.items()
            if not any(part.value.get(hidden) is True for part in flattened(document, tuple(parts)))
        }


def flattened(document: Document, schema: Schema) -> list[Node]:
    """All parts that hold for the value, references and ``allOf`` followed, outer ones first; each once.

    Raises ``UsageError`` when there are too many.
    """
    parts: list[Node] = []
    seen: set[str] = set()
    pending = list(reversed(schema))
    while pending:
        part = pending.pop()
        if len(parts) >= _MOST_PARTS:
            raise UsageError(f"{document.source}: {part.pointer} is put together from too many parts")
        if part.pointer in seen:
            continue
        seen.add(part.pointer)
        if isinstance(part.value.get("$ref"), str):
            pending.append(document.resolve(part))
            if not document.siblings:
                continue
        parts.append(part)
        inner = [*part.list("allOf"), *_only_alternative(document, part)]
        pending.extend(reversed(inner))
    return parts


def shape_of(document: Document, schema: Schema, pointer: str) -> Shape:
    """The shape of a schema; ``pointer`` is where it stands when it has no part."""
    parts = flattened(document, schema)
    shape = Shape(schema[0].pointer if schema else pointer)
    for part in parts:
        _types(shape, part)
        _limits(shape, part)
        _members(shape, part)
        _alternatives(shape, part, document)
        for keyword in EDITORIAL:
            if keyword in part.value:
                shape.notes.setdefault(keyword, Rule(part.value[keyword], below(part.pointer, keyword)))
        if "default" in part.value and shape.default is None:
            shape.default = Rule(part.value["default"], below(part.pointer, "default"))
        if part.value.get("deprecated") is True:
            shape.deprecated = below(part.pointer, "deprecated")
    if shape.types is None:
        implied = {name for part in parts for keyword, name in _IMPLIED.items() if keyword in part.value}
        shape.types = frozenset(implied) or None
    if shape.types is not None and any(_is_nullable(document, part) for part in parts[:1]):
        shape.types |= {"null"}
    return shape


def text(value: Any) -> str:
    """A JSON value as text, equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _types(shape: Shape, part: Node) -> None:
    said = part.value.get("type")
    listed = said if isinstance(said, list) else [said]
    names = {name for name in listed if isinstance(name, str)}
    if not names:
        return
    if part.value.get("nullable") is True:
        names.add("null")
    if "number" in names:
        names.add("integer")
    shape.types = frozenset(names) if shape.types is None else shape.types & names
    shape.types_at = shape.types_at or below(part.pointer, "type")


def _limits(shape: Shape, part: Node) -> None:
    for keyword in (*LOWEST, *HIGHEST):
        for bound in _bounds(part, keyword):
            known = shape.bounds.get(keyword)
            if known is None or is_narrower(keyword, bound, known):
                shape.bounds[keyword] = bound
    values = part.value.get("enum", [part.value["const"]] if "const" in part.value else None)
    if isinstance(values, list):
        where = below(part.pointer, "enum" if "enum" in part.value else "const")
        listed = {text(value): value for value in values}
        known_values = shape.enum.value if shape.enum else listed
        shape.enum = Rule({key: listed[key] for key in known_values if key in listed}, where)
    for keyword in ("pattern", "format", "multipleOf", "uniqueItems", *_OTHER):
        value = part.value.get(keyword)
        if value is None or (keyword == "uniqueItems" and value is not True):
            continue
        name = keyword
        while name in shape.rules and shape.rules[name].value != value:
            name += "+"  # two patterns may hold at once
        shape.rules.setdefault(name, Rule(value, below(part.pointer, keyword)))


def _bounds(part: Node, keyword: str) -> list[Bound]:
    """The limits that a part sets; a boolean beside it makes one exclusive in 3.0, a number of its own in 3.1."""
    found = []
    value, exclusive = part.value.get(keyword), part.value.get(_EXCLUSIVE.get(keyword, ""))
    if _is_number(value):
        found.append(Bound(value, exclusive is True, below(part.pointer, keyword)))
    if _is_number(exclusive):
        found.append(Bound(exclusive, exclusive=True, pointer=below(part.pointer, _EXCLUSIVE[keyword])))
    return found


def is_narrower(keyword: str, one: Bound, other: Bound) -> bool:
    """Whether a limit leaves less room than another of the same keyword."""
    if one.value == other.value:
        return one.exclusive and not other.exclusive
    return one.value > other.value if keyword in LOWEST else one.value < other.value


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _members(shape: Shape, part: Node) -> None:
    for name, node in part.entries("properties").items():
        shape.properties.setdefault(name, []).append(node)
    required = part.value.get("required")
    for name in required if isinstance(required, list) else ():
        shape.required.setdefault(str(name), below(part.pointer, "required"))
    if isinstance(part.value.get("items"), Mapping):
        shape.items.append(part.at("items"))
    extra = part.value.get("additionalProperties")
    if extra is False:
        shape.closed = below(part.pointer, "additionalProperties")
    elif isinstance(extra, Mapping) and extra:
        shape.extra.append(part.at("additionalProperties"))


def _choices(document: Document, part: Node) -> tuple[str, list[Node], bool]:
    """The keyword, the alternatives without null, and whether null is one."""
    for keyword in ("oneOf", "anyOf"):
        nodes = part.list(keyword)
        if nodes:
            kept = [node for node in nodes if document.resolve(node).value.get("type") != "null"]
            return keyword, kept, len(kept) < len(nodes)
    return "", [], False


def _only_alternative(document: Document, part: Node) -> list[Node]:
    """The schema of which a choice says only that it may be null."""
    _, nodes, nullable = _choices(document, part)
    return nodes if nullable and len(nodes) == 1 else []


def _is_nullable(document: Document, part: Node) -> bool:
    """Whether null is allowed by the outermost part: what it is put together from often forgets to say so."""
    return part.value.get("nullable") is True or bool(_only_alternative(document, part))


def _alternatives(shape: Shape, part: Node, document: Document) -> None:
    keyword, nodes, nullable = _choices(document, part)
    if not nodes or (nullable and len(nodes) == 1):
        return
    if shape.alternatives:
        shape.rules.setdefault(keyword, Rule(part.value[keyword], below(part.pointer, keyword)))
        return
    shape.alternatives = tuple((node,) for node in nodes)
    shape.alternatives_at = below(part.pointer, keyword)
