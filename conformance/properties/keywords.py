"""Which keywords of the schemas of an operation bind what is at each place of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.properties.document import BINDING, Document, Operation, Schema

KEYWORDS = (*BINDING, "format", "oneOf", "anyOf")
"""The keywords that forbid something, in the order in which they are shown."""
NAMES = ("pattern", "minLength", "maxLength")
"""What the documentation says of the names of all resources, where the schema says less."""
_DEEPEST = 6


def declared(document: Document, operation: Operation) -> Mapping[str, frozenset[str]]:
    """The keywords at each place: ``path envName``, ``query page``, or a pointer into the body."""
    found: dict[str, frozenset[str]] = {f"path {name}": frozenset({"type"}) for name in operation.path}
    found |= {f"query {name}": _of(document, schema) for name, schema in operation.query.items()}
    if operation.body is not None:
        for place, keywords in _body(document, operation.body, "", _DEEPEST):
            found[place] = found.get(place, frozenset()) | keywords
        name = "/name" if "/name" in found else "/metadata/name" if "/metadata" in found else ""
        if name:
            # Of the metadata of some kinds the schema says only that they are an object.
            found[name] = found.get(name, frozenset()) | frozenset(NAMES)
    return found


def _of(document: Document, schema: Schema) -> frozenset[str]:
    keys = {key for part in document.parts(schema) for key in part}
    return frozenset(keys.intersection(KEYWORDS))


def _body(document: Document, schema: Schema, where: str, depth: int) -> Iterator[tuple[str, frozenset[str]]]:
    yield where, _of(document, schema)
    if depth == 0:
        return
    shape = document.shape(schema)
    if shape.items is not None:
        yield from _body(document, shape.items, f"{where}/*", depth - 1)
    for name, part in shape.properties.items():
        yield from _body(document, part, f"{where}/{name}", depth - 1)
