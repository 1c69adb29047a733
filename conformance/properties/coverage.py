"""The coverage cases of Schemathesis as drafts with one deviation each.

Schemathesis builds a negative body from the one branch of an ``allOf`` that it violates, so the body
lacks what the other branches require and would be refused for that.  Here the deviation alone is
taken, by its place, and put into a body with which nothing else is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CoveragePhaseData, CoverageScenario

from conformance.config import Features
from conformance.properties.document import Document, Operation
from conformance.properties.drafts import STARTING, Draft, base_body, identified
from conformance.properties.drawing import reproducible
from conformance.properties.names import NAME, SHORTEST, tamed
from conformance.properties.request import NO_BODY

AnyCase = Case[Any]
Dropped = list[tuple[str, str]]
Covered = tuple[tuple[Draft, ...], Any, tuple[tuple[str, str], ...]]

_MISSING = re.compile(r"Missing required property: (.+)$", re.DOTALL)
_CONTENT_TYPE = frozenset(
    {CoverageScenario.MALFORMED_CONTENT_TYPE, CoverageScenario.UNSUPPORTED_CONTENT_TYPE}
)
_NAMES = (["name"], ["metadata", "name"])
_NOTHING: Any = object()
_COMBINED = frozenset({"allOf", "anyOf", "oneOf"})


@lru_cache(maxsize=128)
def coverage(document: Document, operation: Operation, features: Features) -> Covered:
    """The drafts, the body that their deviations were put into, and what was left out with its reason.

    No seed has a part in it, so it is worked out once.
    """
    schema = document.schema
    with reproducible():
        cases = list(
            schema.iter_coverage_cases(
                operation.raw,
                generation_modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
                generation_config=schema.config.generation_for(operation=operation.raw, phase="coverage"),
            )
        )
    dropped: Dropped = []
    if operation.body is None:
        if operation.id in STARTING:
            dropped.append(("path, live", "starting what exists would start pods"))
        return _unique(_without_body(operation, cases)), NO_BODY, tuple(dropped)
    # Cases come once for each media type; which one a request is written in is decided later.
    cases = [case for case in cases if case.media_type in {None, operation.media_types[0]}]
    first = next((case.body for case in cases if isinstance(case.body, dict)), {})
    base = base_body(operation, features, first)
    drafts = _unique(_with_body(operation, base, cases, dropped))
    return drafts, base, tuple(dropped)


def flat_query(query: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Query parameters as pairs: a list repeats its name, other values are written as in JSON."""
    return tuple(
        (key, item if isinstance(item, str) else json.dumps(item))
        for key, value in (query or {}).items()
        for item in (value if isinstance(value, list) else [value])
    )


def _without_body(operation: Operation, cases: Iterable[AnyCase]) -> Iterator[Draft]:
    for case in cases:
        data = _data(case)
        if data.scenario in _CONTENT_TYPE:
            path = {operation.path[-1]: NAME} if operation.id in STARTING else {}
            yield _content_type(data, case, path=path)
        elif case.query:
            # The case gives every other parameter its simplest value too, and 0 is no sensible size.
            alone = {data.parameter: case.query.get(data.parameter)} if data.parameter else case.query
            query = flat_query(alone)
            source = data.scenario.value
            way = f"{source}: {_kind_of_text(query[-1][1])}" if query else source
            yield Draft(source, way, f"query {data.parameter or 'several'}", query=query)


def _with_body(
    operation: Operation, base: Any, cases: Iterable[AnyCase], dropped: Dropped
) -> Iterator[Draft]:
    for case in cases:
        data = _data(case)
        source = data.scenario.value
        if data.scenario in _CONTENT_TYPE:
            draft = _content_type(data, case, body=base)
            if "form" in draft.headers[0][1]:
                dropped.append((source, f"{draft.reason}: a form can be read as naming what is not ours"))
            else:
                yield draft
        elif isinstance(case.body, NotSet):
            yield Draft(source, source, "no body")
        elif _positive(case):
            body = tamed(operation.body_name, identified(operation, case.body))
            yield Draft(source, source, "valid", body=body)
        else:
            outcome = _deviation(operation, base, case.body, data)
            if isinstance(outcome, str):
                dropped.append((f"{source} at {data.location}", outcome))
            else:
                yield outcome


def _deviation(operation: Operation, base: Any, body: Any, data: CoveragePhaseData) -> Draft | str:
    """The one deviation of a case in a good body, or why there is no such draft."""
    source = data.scenario.value
    place = _place(data.location or "")
    missing = _MISSING.search(data.description)
    if missing:
        place = [*place, missing[1]]
    way = source
    depth = _array(body, place)
    if missing and depth is None:
        grafted = _without(base, place)
    else:
        # What is wrong inside an array is put into the good body together with the array.
        place = place[:depth]
        value = _at(body, place)
        if value is _NOTHING:
            return f"the case has nothing at {_pointer(place)}"
        if data.scenario is CoverageScenario.INCORRECT_TYPE:
            way = f"{source}: {_kind(value)}"
        if place in _NAMES and (reason := _not_ours(value)):
            return reason
        grafted = _graft(base, body, place, value)
    if grafted is _NOTHING:
        return f"{_pointer(place)} is not in the body to begin with"
    return Draft(source, way, _pointer(place), body=tamed(operation.body_name, grafted))


def _not_ours(name: Any) -> str:
    """Why a deviating name can't be made ours without losing what deviates; empty when it can."""
    if isinstance(name, (bool, int, float)):
        return "a number or boolean as a name could be read as the name of somebody's resource"
    if isinstance(name, str) and len(name) < SHORTEST:
        return "a name this short can't carry our prefix"
    return ""


def _place(location: str) -> list[str]:
    """The place in the body that a pointer into the schema speaks of, its last keyword left off."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in location.split("/") if step]
    place: list[str] = []
    index = 0
    while index < len(steps):
        step = steps[index]
        if step in {"properties", "additionalProperties"} and index + 1 < len(steps):
            place.append(steps[index + 1])
            index += 2
        elif step in _COMBINED:
            index += 2
        else:
            if step == "items":
                place.append("0")
            index += 1
    return place


def _pointer(place: list[str]) -> str:
    return "".join(f"/{step}" for step in place)


def _array(body: Any, place: list[str]) -> int | None:
    """How far down the place one meets an array, if one does."""
    return next((depth for depth in range(len(place)) if isinstance(_at(body, place[:depth]), list)), None)


def _at(body: Any, place: list[str]) -> Any:
    for step in place:
        if not isinstance(body, dict) or step not in body:
            return _NOTHING
        body = body[step]
    return body


def _without(base: Any, place: list[str]) -> Any:
    step, rest = place[0], place[1:]
    if not isinstance(base, dict) or step not in base:
        return _NOTHING
    if not rest:
        return {key: value for key, value in base.items() if key != step}
    inner = _without(base[step], rest)
    return inner if inner is _NOTHING else {**base, step: inner}


def _graft(base: Any, body: Any, place: list[str], value: Any) -> Any:
    """The base with the value in its place; where the base has no such part, that of the case is taken."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    around = base if isinstance(base, dict) else body
    return {**around, step: _graft(around.get(step), body.get(step), rest, value)}


def _content_type(
    data: CoveragePhaseData,
    case: AnyCase,
    *,
    path: Mapping[str, str] | None = None,
    body: Any = NO_BODY,
) -> Draft:
    declared = next(value for key, value in (case.headers or {}).items() if key.lower() == "content-type")
    return Draft(
        data.scenario.value,
        f"declared as {declared}",
        "header Content-Type",
        path or {},
        headers=(("Content-Type", str(declared)),),
        body=body,
        reason=f"declared as {declared}",
    )


def _data(case: AnyCase) -> CoveragePhaseData:
    data = case.meta.phase.data if case.meta else None
    if not isinstance(data, CoveragePhaseData):
        raise TypeError(f"not a coverage case: {type(data).__name__}")
    return data


def _positive(case: AnyCase) -> bool:
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


def _kind(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _kind_of_text(text: str) -> str:
    if text in {"null", "true", "false", ""}:
        return text or "empty"
    return "number" if re.fullmatch(r"-?[0-9.]+", text) else "string"


def _unique(drafts: Iterable[Draft]) -> tuple[Draft, ...]:
    """The drafts without those that would send the same request as an earlier one."""
    seen: dict[str, Draft] = {}
    for draft in drafts:
        body = None if draft.body is NO_BODY else draft.body
        key = json.dumps([dict(draft.path), draft.query, draft.headers, draft.body is NO_BODY, body])
        seen.setdefault(key, draft)
    return tuple(seen.values())
