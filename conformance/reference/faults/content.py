"""Violations of negotiation, and of what JSON and YAML mean."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.media import JSON, YAML
from conformance.reference.replacing import EVENTS, change_wire, replace, reshape_each, walk, with_header
from conformance.reference.server import Server
from conformance.reference.values import Answer, Request, Wire

fault = Registry()

READS = ("getEnvironment", "getEnvironments", "getApplication", "getApplications")


def _media_type(wire: Wire) -> str:
    return dict(wire.headers).get("content-type", "")


@fault(
    "content-json-latin1",
    "Writes JSON in ISO 8859-1.",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-UNICODE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-CONTENT-CHARSET",
    "CMF-CONTENT-SAME",
    "CMF-ENV-CREATE",
    "CMF-ENV-GET",
    "CMF-ERR-BODY",
    reason=r"answers of createOrUpdateEnvironment: the body is declared as application/json, but not UTF-.* at byte \d+",
)
def _(server: Server) -> None:
    replace(
        server.media,
        "render_json",
        lambda original, value: original(value).decode().encode("latin-1", "replace"),
    )


@fault(
    "content-json-bom",
    "Begins JSON with a byte order mark.",
    "CMF-CONTENT-JSON",
    "CMF-ERR-BODY",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of getEnvironments: the body is declared as application/json, but not JSON: Unexpected UTF-.* BOM \(decode using utf-.*-sig\) at",
)
def _(server: Server) -> None:
    replace(server.media, "render_json", lambda original, value: b"\xef\xbb\xbf" + original(value))


@fault(
    "content-json-declared-hal",
    "Declares lists as application/hal+json.",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-TYPE",
    reason=r"answers of getEnvironments: asked for application/json, the body is declared as application/hal\+json",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        listed = wire.status == 200 and _media_type(wire) == JSON
        return with_header(wire, "content-type", "application/hal+json") if listed else wire

    change_wire(server, change, "getEnvironments", "getApplications")


@fault(
    "content-yaml-declared-text",
    "Declares YAML as text/yaml.",
    "CMF-CONTENT-YAML",
    "CMF-CONTENT-TYPE",
    reason=r"answers of getEnvironment: asked for application/yaml, the body is declared as text/yaml",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        yaml = wire.status < 300 and _media_type(wire) == YAML
        return with_header(wire, "content-type", "text/yaml") if yaml else wire

    change_wire(server, change)


@fault(
    "content-yaml-lists-json",
    "Answers lists in JSON when YAML is asked for.",
    "CMF-CONTENT-YAML",
    reason=r"answers of getEnvironments: asked for application/yaml, the body is declared as application/json",
)
def _(server: Server) -> None:
    _json_instead(
        server, "getEnvironments", "getApplications", "getApplicationEvents", "getApplicationInstances"
    )


def _json_instead(server: Server, *operations: str) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        ours = operation in operations and answer.status < 300
        return original(request, operation, answer, JSON if ours else media_type)  # type: ignore[no-any-return]

    replace(server, "deliver", deliver)


@fault(
    "content-yaml-creation-json",
    "Answers a creation in JSON when YAML is asked for.",
    "CMF-CONTENT-YAML",
    reason=r"answers of createOrUpdateApplication: asked for application/yaml, the body is declared as application/json",
)
def _(server: Server) -> None:
    _json_instead(server, "createOrUpdateEnvironment", "createOrUpdateApplication")


@fault(
    "content-yaml-tabs",
    "Indents the YAML of events with tabs.",
    "CMF-CONTENT-YAML",
    "CMF-CONTENT-SAME",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-SIZE",
    reason=r"answers of getApplicationEvents: the body is declared as application/yaml, but not YAML: found character that cannot start any token in",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        yaml = wire.status == 200 and _media_type(wire) == YAML
        return Wire(wire.status, wire.headers, wire.body.replace(b"\n  ", b"\n\t")) if yaml else wire

    change_wire(server, change, *EVENTS)


@fault(
    "content-default-plain",
    "Declares an environment as text/plain when no type is asked for.",
    "CMF-CONTENT-TYPE",
    "CMF-ERR-BODY",
    reason=r"answers of getEnvironment: the body is declared as text/plain",
)
def _(server: Server) -> None:
    def change(request: Request, wire: Wire) -> Wire:
        asked = request.headers.get("accept", "*/*") != "*/*"
        return wire if asked else with_header(wire, "content-type", "text/plain")

    change_wire(server, change, "getEnvironment")


@fault(
    "content-suspend-undeclared",
    "Does not declare the type of the answer to suspend.",
    "CMF-CONTENT-TYPE",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-YAML",
    "CMF-ERR-BODY",
    reason=r"answers of suspendApplication: the body is declared as nothing",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        return Wire(wire.status, tuple(one for one in wire.headers if one[0] != "content-type"), wire.body)

    change_wire(server, change, "suspendApplication")


def _yaml_value(server: Server, change: Any) -> None:
    """Let YAML answers show another value than JSON answers."""
    replace(server.media, "render_yaml", lambda original, value: original(change(value)))


@fault(
    "content-yaml-integers-text",
    "Writes integers as strings in YAML.",
    "CMF-CONTENT-SAME",
    "CMF-CONTENT-TYPES",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-APP-UPDATE",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    "CMF-ENV-CREATE",
    "CMF-ENV-GET",
    "CMF-PAGE-SCHEMA",
    reason=r"an environment as JSON and as YAML: as YAML, an environment/flinkApplicationDefaults/spec/job/parallelism is not as expected \(after waiting",
)
def _(server: Server) -> None:
    _yaml_value(server, lambda value: walk(lambda one: str(one) if type(one) is int else one, value))


@fault(
    "content-yaml-empty-lost",
    "Leaves empty objects and arrays out of YAML.",
    "CMF-CONTENT-SAME",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-APP-SCHEMA",
    "CMF-CONTENT-TYPES",
    reason=r"an environment as JSON and as YAML: as YAML, an environment/flinkApplicationDefaults/spec/podTemplate/spec/containers/.*/env is not as",
)
def _(server: Server) -> None:
    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: pruned(one) for key, one in value.items() if one not in ({}, [])}
        return [pruned(one) for one in value] if isinstance(value, list) else value

    _yaml_value(server, pruned)


@fault(
    "content-yaml-labels-lost",
    "Leaves the labels of an application out of YAML.",
    "CMF-CONTENT-SAME",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    reason=r"an application as JSON and as YAML: as YAML, an application/metadata/labels is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def change(value: Any) -> Any:
        if not isinstance(value, dict) or "labels" not in value.get("metadata", {}):
            return value
        metadata = {key: part for key, part in value["metadata"].items() if key != "labels"}
        return {**value, "metadata": metadata}

    _yaml_value(server, change)


@fault(
    "content-depth-cut-late",
    "Cuts off what lies more than eight levels deep.",
    "CMF-CONTENT-TYPES",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    "CMF-ENV-GET",
    reason=r"a deep template of pods in the spec of an application: the application/spec/podTemplate/spec/affinity/.* is not as stored",
)
def _(server: Server) -> None:
    def cut(value: Any, level: int = 0) -> Any:
        if isinstance(value, dict):
            return {key: cut(one, level + 1) for key, one in value.items()} if level < 8 else {}
        if isinstance(value, list):
            return [cut(one, level + 1) for one in value] if level < 8 else []
        return value

    reshape_each(server, READS, cut)
