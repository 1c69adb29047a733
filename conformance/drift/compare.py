"""What differs between the contract and a document: whole operations first, then each that both have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from conformance.drift.difference import NOTHING, Difference, Drift, Effect, gathered
from conformance.drift.document import Document, below
from conformance.drift.operations import Endpoint, Operations

_TOLD = ("title", "version", "description", "termsOfService", "contact", "license", "summary")
Endpoints = dict[tuple[str, str], Endpoint]


def compare(contract: Document, document: Document, base: str = "") -> Drift:
    """All differences of a document from the contract; ``base`` is the path of the target's URL.

    Raises ``UsageError`` when a document can't be followed to the end.
    """
    return gathered(_differences(contract, document, base))


def _differences(contract: Document, document: Document, base: str) -> Iterator[Difference]:
    ours = _endpoints(contract, "", "")
    theirs = max(
        (_endpoints(document, add, drop) for add, drop in _placements(document, base)),
        key=lambda endpoints: len(endpoints.keys() & ours.keys()),
    )
    operations = Operations(contract, document)
    for key, old in ours.items():
        if key in theirs:
            yield from operations.compare(old, theirs[key])
        else:
            yield _gone(old)
    for key, new in theirs.items():
        if key not in ours:
            yield _new(new)
    yield from _about(contract, document)
    orders = [[ours[key].name for key in each if key in ours and key in theirs] for each in (ours, theirs)]
    if orders[0] != orders[1]:
        message = "the order of operations"
        yield Difference(
            Effect.EDITORIAL, "paths-reordered", message, "#/paths", "#/paths", orders[0], orders[1]
        )


def _gone(old: Endpoint) -> Difference:
    return Difference(
        effect=Effect.BREAKING,
        kind="operation-removed",
        message="the operation is gone",
        contract=old.node.pointer,
        document="#/paths",
        old=old.title,
        operations=(old.name,),
    )


def _new(new: Endpoint) -> Difference:
    return Difference(
        effect=Effect.COMPATIBLE,
        kind="operation-added",
        message="the operation is new",
        contract="#/paths",
        document=new.node.pointer,
        new=new.title,
    )


def _placements(document: Document, base: str) -> Iterator[tuple[str, str]]:
    """What its paths may have to begin with, or not to begin with, to be those of the contract."""
    yield "", ""
    for server in ("", *document.bases):
        yield server, base
        yield server, ""


def _endpoints(document: Document, add: str, drop: str) -> Endpoints:
    """The operations by method and path without the names of its parameters."""
    found = {}
    for template, method, node in document.operations():
        whole = (add + template).removeprefix(drop)
        shape = re.sub(r"\{[^{}]*\}", "{}", whole.rstrip("/"))
        found[method, shape] = Endpoint(document, whole, method, document.path_of(template), node)
    return found


def _about(contract: Document, document: Document) -> Iterator[Difference]:
    """What the documents say of themselves."""
    old, new = contract.root.at("info").value, document.root.at("info").value
    for key in _TOLD:
        before, now = old.get(key, NOTHING), new.get(key, NOTHING)
        if before != now:
            where = below("#/info", key)
            yield Difference(Effect.EDITORIAL, f"{key}-changed", key, where, where, before, now)
    if contract.version != document.version:
        values = (contract.version, document.version)
        message = "the version of OpenAPI"
        yield Difference(Effect.EDITORIAL, "openapi-changed", message, "#/openapi", "#/openapi", *values)
