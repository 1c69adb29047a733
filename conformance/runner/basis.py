"""What a run is judged by: the contract, or another document that describes the API of another version.

Scenarios and what is known of an operation rest on the contract.  Of another document they are used for the operations
that it has in the same way; all others are met by what the document alone tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from conformance import registry, resources
from conformance.contract.description import Description
from conformance.contract.openapi import Contract, Operation
from conformance.contract.shape import OTHER
from conformance.errors import ConfigurationError
from conformance.model import Level, Requirement, Source
from conformance.properties import campaign
from conformance.properties.document import Document
from conformance.properties.document import of_description as described_document
from conformance.registry import Catalogue
from conformance.target.chart import chart
from conformance.target.layout import Layout

NO_CERTIFICATION = (
    "Judged by another document than the contract: whatever the verdict, this is no certification"
)
UNSERVED = "nothing that the document has, in the way of the contract, shows whether it is kept"
_SUCCESS = 2
_SCHEMA = Requirement(
    id=OTHER,
    level=Level.MUST,
    area="content",
    title="Answers obey the schemas of the document",
    sentence="A body that an operation answers with obeys the schema that the document gives for it.",
    sources=(Source("openapi", "#/components/schemas"),),
    operations=(),
)


@dataclass(frozen=True)
class Basis:
    """A catalogue, the document that answers are held against, and what follows for a run."""

    catalogue: Catalogue
    contract: Contract
    document: Callable[[], Document]
    """What requests are generated from; loaded when it is first needed."""
    layout: Layout = field(default_factory=Layout)
    spec: Mapping[str, Any] | None = None
    """What identifies a document that is not the contract, as the report has it."""
    known: frozenset[str] = frozenset()
    """The operations that scenarios may use."""
    described: tuple[str, ...] = ()
    """The operations of which nothing is known but the document."""
    inapplicable: Mapping[str, str] = field(default_factory=dict)
    """The requirements that say nothing about this document, and why."""


@cache
def of_contract() -> Basis:
    """The contract itself."""
    known = registry.catalogue()
    contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")
    return Basis(
        known, contract, lambda: campaign.document(known.version), known=frozenset(contract.operations)
    )


def of_description(description: Description) -> Basis:
    """Another document.  Raises ``ConfigurationError`` when nothing can be generated from it."""
    ours, contract = of_contract(), Contract(description.document)
    differing = {
        name: difference
        for name, operation in ours.contract.operations.items()
        if (difference := _difference(operation, contract.operations.get(name)))
    }
    same = frozenset(ours.contract.operations.keys() - differing.keys())
    described = tuple(name for name in contract.operations if name not in same)
    known = registry.described(ours.catalogue, description.sha256, described, _SCHEMA)
    document = cache(lambda: _loaded(description))
    return Basis(
        catalogue=known,
        contract=contract,
        document=document,
        layout=chart(contract),
        spec={
            "origin": description.origin,
            "sha256": description.sha256,
            "title": description.title,
            "version": description.version,
            "openapi": description.openapi,
            "operations": len(contract.operations),
            "as_in_contract": sorted(same),
            "differing": {name: why for name, why in differing.items() if name in contract.operations},
            "only_here": [name for name in described if name not in ours.contract.operations],
            "not_here": sorted(differing.keys() - contract.operations.keys()),
            "left_out": list(description.notes),
        },
        known=same,
        described=described,
        inapplicable={
            requirement.id: "; ".join(f"{name}: {differing[name]}" for name in requirement.operations)
            for requirement in ours.catalogue.requirements.values()
            if requirement.operations and differing.keys() >= set(requirement.operations)
        },
    )


def _loaded(description: Description) -> Document:
    try:
        return described_document(description.document)
    except Exception as problem:
        line = " ".join(str(problem).split())[:200]
        raise ConfigurationError(
            f"{description.origin} can't be used for generation: {line}", "check it with a linter of OpenAPI"
        ) from problem


def _difference(ours: Operation, theirs: Operation | None) -> str:
    """In what an operation differs from that of the contract so that scenarios can't judge it; empty when in nothing."""
    if theirs is None:
        return "the document has no such operation"
    wanted = {status for status in ours.answers if status // 100 == _SUCCESS}
    found = {status for status in theirs.answers if status // 100 == _SUCCESS}
    if not wanted <= found:
        lacking = ", ".join(map(str, sorted(wanted - found)))
        return f"the document does not have {lacking} as a success, but {', '.join(map(str, sorted(found))) or 'none'}"
    return ""
