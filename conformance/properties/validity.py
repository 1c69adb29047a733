"""Our own judgement of a request: whether the contract allows it, forbids it, or leaves it open.

Schemathesis has an opinion too (its generation mode), but it judges by the schema alone.  Here the
prose counts (the rule for names holds for every kind), and what a correct server may do either way is
*unsure*, never a reason to fail it:

* null for an optional field, unknown properties, whole numbers written as 1.0;
* parts that belong to the server (``status``, ``result``, uid and times, everything read-only), whatever is
  in them;
* objects of which the contract says nothing, unless our own strategies made what is in them;
* resources of kinds whose acceptable values we have no strategies for, even if the schema allows them;
* query parameters of a wrong type: the contract documents no 400 for the lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.properties.document import Document, Operation, Schema
from conformance.properties.names import (
    LONGEST,
    SAMPLE_NAME,
    SAMPLE_NAMESPACE,
    SHORTEST,
    bind,
    fault,
    shown,
)
from conformance.properties.request import NoBody, Validity

SERVER_OWNED = frozenset(
    {"/status", "/result", "/metadata/uid", "/metadata/creationTimestamp", "/metadata/updateTimestamp"}
)
"""What every schema describes, but only some declare read-only."""
_SORTABLE = frozenset({"getEnvironments", "getApplications"})
_SORTS = frozenset({"name", "name,asc", "name,desc"})
_LARGEST_PAGE, _LARGEST_SIZE = 1_000, 100


@dataclass(frozen=True, slots=True)
class Judgement:
    """A validity with its reason and place."""

    validity: Validity
    why: str = ""
    where: str = ""
    keyword: str = ""
    """The keyword of JSON Schema that forbids it, when it is invalid; of the prose, the one that says the same."""


VALID = Judgement(Validity.VALID)


def judge_body(document: Document, operation: Operation, body: object, *, domain: bool) -> Judgement:
    """What the contract says of a body whose names are placeholders.

    ``domain`` tells that the free parts of the body come from our strategies.
    """
    if isinstance(body, NoBody):
        if operation.body_required:
            return Judgement(Validity.INVALID, "the required body is missing", keyword="required")
        return VALID
    if operation.body is None or operation.validator is None:
        return Judgement(Validity.UNSURE, "a body where the contract has none")
    bound = bind(body, name=SAMPLE_NAME, namespace=SAMPLE_NAMESPACE)
    if not isinstance(bound, dict):
        return Judgement(Validity.INVALID, f"the body is {shown(bound)}, not an object", keyword="type")
    broken = list(_name_faults(document, operation, bound))
    doubts: list[Judgement] = []
    for error in operation.validator.iter_errors(bound):
        place = [str(step) for step in error.instance_path]
        judgement = _of_error(document, operation, bound, place, error)
        (broken if judgement.validity is Validity.INVALID else doubts).append(judgement)
    doubts.extend(_doubts(document, operation.body, bound, "", domain=domain))
    if not domain and operation.body_name != "PostEnvironment":
        doubts.append(Judgement(Validity.UNSURE, f"which values a {operation.body_name} may have is open"))
    return next(iter((*broken, *doubts)), VALID)


def _of_error(
    document: Document,
    operation: Operation,
    body: Mapping[str, Any],
    place: list[str],
    error: Any,
) -> Judgement:
    where = _pointer(place)
    missing = error.kind.as_dict().get("property") if error.kind.name == "required" else None
    if missing is not None:
        where, why = f"{where}/{missing}", f"{missing}: required, but missing"
    else:
        why = f"{place[-1] if place else 'body'}: {_short(error.message)}"
    schema: Schema | None = operation.body
    value: Any = body
    for depth, step in enumerate(place):
        shape = document.shape(schema or {})
        last = depth == len(place) - 1
        schema = shape.items if isinstance(value, list) else shape.properties.get(step, shape.additional)
        required = isinstance(value, list) or step in shape.required
        value = value[int(step)] if isinstance(value, list) else value[step]
        if _pointer(place[: depth + 1]) in SERVER_OWNED or document.shape(schema or {}).read_only:
            return Judgement(Validity.UNSURE, f"{why} (a part that belongs to the server)", where)
        if last and value is None and not required:
            return Judgement(Validity.UNSURE, f"{step}: null for an optional field", where)
    return Judgement(Validity.INVALID, why, where, error.kind.name)


def _name_faults(document: Document, operation: Operation, body: Mapping[str, Any]) -> Iterator[Judgement]:
    """The name of the resource by the rule for all kinds; the schema has it for environments only."""
    shape = document.shape(operation.body or {})
    flat = "name" in shape.properties
    holder, where = (body, "/name") if flat else (body.get("metadata"), "/metadata/name")
    if not isinstance(holder, dict):
        return
    name = holder.get("name")
    if isinstance(name, str):
        if reason := fault(name):
            yield Judgement(Validity.INVALID, f"name: {reason}", where, _name_keyword(name))
    elif flat or "metadata" in shape.required:
        reason = f"{shown(name)} is not a name" if "name" in holder else "required, but missing"
        keyword = "type" if "name" in holder else "required"
        yield Judgement(Validity.INVALID, f"name: {reason}", where, keyword)


def _name_keyword(name: str) -> str:
    if len(name) < SHORTEST:
        return "minLength"
    return "maxLength" if len(name) > LONGEST else "pattern"


def _doubts(
    document: Document, schema: Schema, value: Any, where: str, *, domain: bool
) -> Iterator[Judgement]:
    """What the schema allows, but a correct server may refuse all the same."""
    shape = document.shape(schema)
    if isinstance(value, float) and shape.type == "integer" and value.is_integer():
        yield Judgement(Validity.UNSURE, f"{shown(value)} as a whole number", where)
    elif isinstance(value, list) and shape.items is not None:
        for index, item in enumerate(value):
            yield from _doubts(document, shape.items, item, f"{where}/{index}", domain=domain)
    elif isinstance(value, dict) and shape.free:
        # Of the metadata, the prose says that there is a name; nothing is open when that is all.
        if value and not domain and (where, *value) != ("/metadata", "name"):
            yield Judgement(Validity.UNSURE, "the contract does not say what may be in here", where)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{where}{_pointer([key])}"
            part = shape.properties.get(key, shape.additional)
            if part is None:
                yield Judgement(Validity.UNSURE, f"{shown(key)} is an unknown property", inner)
            else:
                yield from _property_doubts(document, part, item, inner, domain=domain)


def _property_doubts(
    document: Document, schema: Schema, value: Any, where: str, *, domain: bool
) -> Iterator[Judgement]:
    if where in SERVER_OWNED or document.shape(schema).read_only:
        yield Judgement(Validity.UNSURE, f"{where.rsplit('/', 1)[-1]} belongs to the server", where)
    elif where == "/kubernetesNamespace" and value != SAMPLE_NAMESPACE:
        yield Judgement(Validity.UNSURE, "not the configured Kubernetes namespace", where)
    else:
        yield from _doubts(document, schema, value, where, domain=domain)


def judge_query(document: Document, operation: Operation, query: tuple[tuple[str, str], ...]) -> Judgement:
    """What the contract says of query parameters: allowed, or open (it forbids none for sure)."""
    seen: set[str] = set()
    for key, value in query:
        where = f"query {shown(key)[1:-1]}"
        schema = operation.query.get(key)
        if schema is None:
            return Judgement(Validity.UNSURE, f"{shown(key)} is an unknown parameter", where)
        shape = document.shape(schema)
        if key in seen and shape.type != "array":
            return Judgement(Validity.UNSURE, f"{key} is given twice", where)
        seen.add(key)
        if not _acceptable(operation, document.resolve(schema), key, value):
            return Judgement(Validity.UNSURE, f"{key}={shown(value)[1:-1]}", where)
    return VALID


def _acceptable(operation: Operation, schema: Schema, key: str, value: str) -> bool:
    if key == "sort":
        return operation.id in _SORTABLE and value in _SORTS
    if schema.get("type") == "integer":
        low, high = (1, _LARGEST_SIZE) if key == "size" else (0, _LARGEST_PAGE)
        return re.fullmatch(r"0|[1-9][0-9]{0,5}", value) is not None and low <= int(value) <= high
    return value in schema.get("enum", ())


def _pointer(place: list[str]) -> str:
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in place)


def _short(message: str, limit: int = 160) -> str:
    line = message.encode("ascii", "backslashreplace").decode()
    return line if len(line) <= limit else f"{line[: limit - 3]}..."
