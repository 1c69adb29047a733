"""The differences between the contract and a document, as lines for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.drift.difference import NOTHING, Difference, Drift, Effect
from conformance.drift.document import Document
from conformance.expectations import shown
from conformance.report.clean import one_line

_MOST_OPERATIONS = 3
_LONGEST_VALUE = 90


def lines(drift: Drift, contract: Document, document: Document, least: Effect) -> Iterator[str]:
    """One line for each difference that means at least as much as ``least``, and one that counts them all."""
    order = list(Effect)
    for difference in drift.differences:
        if order.index(difference.effect) <= order.index(least):
            yield _line(difference)
    counts = ", ".join(f"{count} {effect}" for effect, count in drift.counts.items())
    yield (
        f"{counts} differences between {contract.source} and {one_line(document.source)} "
        f"(OpenAPI {one_line(document.version, 20)}, {one_line(document.title, 80)})"
    )


def as_json(drift: Drift, contract: Document, document: Document, contract_sha256: str) -> dict[str, Any]:
    """All differences as a JSON object; what one side does not have is left out.

    Its schema is ``differences.schema.json``.
    """
    return {
        "schema_version": "1.0",
        "contract": {"name": contract.source.removeprefix("the contract "), "sha256": contract_sha256},
        "document": {"source": document.source, "openapi": document.version, "title": document.title},
        "counts": {effect.value: count for effect, count in drift.counts.items()},
        "differences": [_object(difference) for difference in drift.differences],
    }


def _line(difference: Difference) -> str:
    values = [
        one_line(shown(value), _LONGEST_VALUE) if value is not NOTHING else "nothing"
        for value in (difference.old, difference.new)
    ]
    said = f": {values[0]} -> {values[1]}" if values != ["nothing", "nothing"] else ""
    names = [one_line(name, 60) for name in difference.operations]
    more = len(names) - _MOST_OPERATIONS
    listed = ", ".join(names[:_MOST_OPERATIONS]) + (f" and {more} more" if more > 0 else "")
    where = f" ({listed})" if listed else ""
    place = difference.contract if difference.contract != "#/paths" else difference.document
    return f"{difference.effect:<11}{one_line(place)}  {one_line(difference.message)}{said}{where}"


def _object(difference: Difference) -> dict[str, Any]:
    values = {"old": difference.old, "new": difference.new}
    return {
        "effect": difference.effect.value,
        "kind": difference.kind,
        "message": difference.message,
        "contract": difference.contract,
        "document": difference.document,
        **{name: value for name, value in values.items() if value is not NOTHING},
        "direction": difference.direction.value if difference.direction else None,
        "operations": list(difference.operations),
    }
