"""Drafts: what a request varies, before it is given media types and a judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance import bodies
from conformance.config import Features
from conformance.properties.document import Operation
from conformance.properties.names import NAME, NAMESPACE, NEEDED, padded
from conformance.properties.request import NO_BODY, NoBody

IN_USE = frozenset({"computePoolName"})
"""Path parameters of resources whose deletion the contract refuses while others need them."""
STARTING = frozenset({"startApplication"})
"""Operations that start pods when their resource exists."""

NEEDS_RUNNING = frozenset({"getApplicationInstance", "getStatementResult"})
"""Operations whose resource is there only when something runs."""

# fmt: off
ILLEGAL_SHAPES = (
    f"{NAME}-", f"{NAME}.", f"-{NAME}", f".{NAME}", f"{NAME}..a", f"{NAME}.-a", f"{NAME}-.a",
    f"{NAME}A", f"{NAME}_", f"{NAME}_a", f"{NAME} ", f"{NAME} a", f"{NAME}\n", f"{NAME}\t", f"{NAME}\0",
    f"{NAME}\u00e9", f"{NAME}\u0430", f"{NAME}\U0001f642", f"{NAME}/a", f"{NAME}%2Fa", f"{NAME}:a",
)
LEGAL_SHAPES = (f"{NAME}.a", f"{NAME}--a", f"{NAME}.0.a", padded(252), padded(253))
TOO_LONG = (padded(254), padded(300))
_NO_TEXT: tuple[object, ...] = (None, [], [NAME], {}, {NAME: NAME})
_HOSTILE_SEGMENTS = {
    "characters outside ASCII": f"{NAME}\u00e9\u6f22\U0001f642",
    "300 characters": f"{NAME}{'x' * 300}",
    "an encoded slash": f"{NAME}/a",
    "an encoded slash, encoded again": f"{NAME}%2Fa",
    "an encoded backslash": f"{NAME}\\a",
    "an encoded dot segment": f"{NAME}/../a",
    "a space": f"{NAME} a",
    "a line break": f"{NAME}\n",
    "a NUL": f"{NAME}\0",
    "a semicolon": f"{NAME};a=b",
    "a question mark and a hash": f"{NAME}?a=b#c",
    "markup and quotes": f"{NAME}<\"'>",
    "upper case": f"{NAME}A",
    "a format string": f"{NAME}%s%n$",
    "an expression": f"{NAME}${{7*7}}",
}
PARAMETER_VALUES: Mapping[str, tuple[str, ...]] = {
    "page": (
        "0", "1", "1000", "-1", "2147483647", "2147483648", "99999999999999999999", "", "1.0", "1e3", "0x1",
    ),
    "size": (
        "1", "2", "100", "0", "-1", "2147483647", "2147483648", "99999999999999999999",
        "", "1.5", "\u0663", " 1",
    ),
    "sort": (
        "name", "name,asc", "name,desc", "name,sideways", ",", ",desc", "no-such-property", "name,asc,desc",
        "\u6f22,asc", "x" * 300, "name;DROP TABLE x", "name'\"<>", "metadata.name,asc", "a" + ".a" * 50,
    ),
    "phase": ("RUNNING", "no-such-phase", ""),
    "compute-pool": (NAME, "", f"{NAME}\u00e9\n"),
    "page-token": (NAME, "", "x" * 300),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Draft:
    """One variation of an operation, and what it is a variation of."""

    source: str
    way: str
    """How it deviates, or which valid form it takes: one of the things to keep at least once."""
    target: str
    """Which property or parameter it is about: the other thing to keep at least once."""
    path: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Any | NoBody = NO_BODY
    accept: str | None = None
    """The media type to ask for; None leaves it open."""
    domain: bool = False
    reason: str = ""
    """What is open about it, when body and query do not tell."""


def _environment(features: Features) -> dict[str, Any]:
    kinds = ("detached", "interactive")
    defaults = {kind: {"flinkConfiguration": {"parallelism.default": "1"}} for kind in kinds}
    return bodies.environment(NAME, features, kubernetesNamespace=NAMESPACE, statementDefaults=defaults)


_GOOD: Mapping[str, Callable[[Features], dict[str, Any]]] = {
    "PostEnvironment": _environment,
    "FlinkApplication": lambda features: bodies.application(NAME, features),
    "Statement": lambda features: bodies.statement(
        NAME, features, pool=NEEDED, configuration={"note": "as it was"}
    ),
    "ComputePool": lambda features: bodies.compute_pool(NAME, features),
    "Secret": lambda _: bodies.secret(NAME, {"sasl.mechanism": "PLAIN"}),
    "EnvironmentSecretMapping": lambda _: bodies.secret_mapping(NAME, secret=NEEDED),
    "KafkaCatalog": lambda _: bodies.catalog(NAME),
}
"""A good body of each schema of which we know one."""


def base_body(operation: Operation, features: Features, first: Any) -> Any:
    """A body with which nothing is wrong as far as we know, to put single deviations into.

    ``first`` is a body that the schema allows, for the kinds of which we know no more.
    """
    known = _GOOD.get(operation.body_name or "")
    return known(features) if known else identified(operation, first)


def identified(operation: Operation, body: Any) -> Any:
    """The body with the ``apiVersion``, ``kind`` and name that every resource of its kind bears."""
    if not isinstance(body, dict) or operation.body_name in {None, "PostEnvironment"}:
        return body
    if operation.body_name not in _GOOD:
        return _named(body)
    result = {**body, "apiVersion": bodies.API_VERSION, "kind": operation.body_name}
    metadata = body.get("metadata", {})
    if isinstance(metadata, dict):
        result["metadata"] = {**metadata, "name": NAME}
    return result


def _named(body: dict[str, Any]) -> dict[str, Any]:
    """A body of which nothing is known, with our name in every place where it has one."""
    result = {key: NAME if key == "name" else value for key, value in body.items()}
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and "name" in metadata:
        result["metadata"] = {**metadata, "name": NAME}
    return result


def path_drafts(operation: Operation, *, runs: bool = False) -> list[Draft]:
    """The live resource, an unknown one in each place of the path and, only for reading, hostile ones.

    ``runs`` tells that the live resource is one that runs, or may.
    """
    drafts: list[Draft] = []
    if runs or operation.id not in STARTING:
        drafts.extend(
            Draft("path", "live", f"accept {accept}", accept=accept) for accept in operation.accepts
        )
    if runs:
        return drafts
    if operation.harmless and operation.conditional:
        drafts += [
            Draft(
                "path",
                "in whatever state it is",
                "header If-None-Match",
                headers=(("If-None-Match", "*"),),
                accept=accept,
                reason="the target may answer that nothing has changed",
            )
            for accept in operation.accepts
        ]
    if operation.method == "DELETE" and operation.path[-1] in IN_USE:
        path = {operation.path[-1]: NEEDED}
        drafts.append(Draft("path", "in use", f"path {operation.path[-1]}", path, reason="it is in use"))
    for parameter in operation.path:
        target = f"path {parameter}"
        drafts.append(Draft("path", "unknown", target, {parameter: NAME}, reason="no such resource"))
        if operation.harmless:
            for what, value in _HOSTILE_SEGMENTS.items():
                drafts.append(
                    Draft("path", what, target, {parameter: value}, reason=f"{parameter} with {what}")
                )
    return drafts


def query_drafts(operation: Operation) -> list[Draft]:
    """Sensible and nonsensical values of the query parameters that the operation has."""
    queries: list[tuple[tuple[str, str], ...]] = [
        ((key, value),)
        for key, values in PARAMETER_VALUES.items()
        if key in operation.query
        for value in values
    ]
    several: tuple[tuple[tuple[str, str], ...], ...] = (
        (("page", "0"), ("size", "2")),
        (("page", "1"), ("size", "1"), ("sort", "name,desc")),
        (("sort", "name,asc"), ("sort", "name,desc")),
    )
    queries += [query for query in several if {key for key, _ in query} <= set(operation.query)]
    return [
        Draft("query", f"values {[value[:20] for _, value in query]}", f"query {query[-1][0]}", query=query)
        for query in queries
    ]


def parent_drafts(operation: Operation, base: Any) -> list[Draft]:
    """A good body sent to where its parent, or the resource itself, does not exist."""
    return [
        Draft("path", "unknown", f"path {parameter}", {parameter: NAME}, body=base, reason="no such resource")
        for parameter in operation.path
    ]


def name_drafts(operation: Operation, base: Any) -> list[Draft]:
    """Names of every legal and illegal shape, and values that are no names, in an otherwise good body."""
    if not isinstance(base, dict):
        return []
    flat = operation.body_name == "PostEnvironment"
    target = "/name" if flat else "/metadata/name"

    def named(value: object) -> Any:
        if flat:
            return {**base, "name": value}
        return {**base, "metadata": {**base.get("metadata", {}), "name": value}}

    domain = operation.body_name in _GOOD
    menu: dict[str, tuple[object, ...]] = {
        "name legal": LEGAL_SHAPES,
        "name too long": TOO_LONG,
        "name outside the pattern": ILLEGAL_SHAPES,
        "name no text": _NO_TEXT,
    }
    drafts = [
        Draft("names", way, target, body=named(value), domain=domain)
        for way, kind in menu.items()
        for value in kind
    ]
    absent = named(None)
    del (absent if flat else absent["metadata"])["name"]
    drafts.append(Draft("names", "name absent", target, body=absent))
    return drafts
