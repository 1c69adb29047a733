"""Violations of negotiation, and of what JSON and YAML mean."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import json
from typing import Any

from conformance.reference.faults.tools import (
    EVENTS,
    Registry,
    around,
    drop,
    put,
    replace,
    reshape,
    reshape_each,
    walk,
    with_header,
)
from conformance.reference.media import JSON, YAML
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()

READS = ("getEnvironment", "getEnvironments", "getApplication", "getApplications")


def _deliver(server: Server, change: Any, *operations: str) -> None:
    """Change the bytes or headers of the answers of these operations, of all when none is named."""

    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        if not wire.body or (operations and operation not in operations):
            return wire
        return change(request, wire)  # type: ignore[no-any-return]

    replace(server, "deliver", deliver)


def _media_type(wire: Wire) -> str:
    return dict(wire.headers).get("content-type", "")


@fault("content-json-latin1", "Writes JSON in ISO 8859-1.", "CMF-CONTENT-JSON", "CMF-CONTENT-UNICODE")
def _(server: Server) -> None:
    replace(
        server.media,
        "render_json",
        lambda original, value: original(value).decode().encode("latin-1", "replace"),
    )


@fault("content-json-bom", "Begins JSON with a byte order mark.", "CMF-CONTENT-JSON")
def _(server: Server) -> None:
    replace(server.media, "render_json", lambda original, value: b"\xef\xbb\xbf" + original(value))


@fault(
    "content-json-declared-hal",
    "Declares lists as application/hal+json.",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-TYPE",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        listed = wire.status == 200 and _media_type(wire) == JSON
        return with_header(wire, "content-type", "application/hal+json") if listed else wire

    _deliver(server, change, "getEnvironments", "getApplications")


@fault("content-yaml-declared-text", "Declares YAML as text/yaml.", "CMF-CONTENT-YAML", "CMF-CONTENT-TYPE")
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        yaml = wire.status < 300 and _media_type(wire) == YAML
        return with_header(wire, "content-type", "text/yaml") if yaml else wire

    _deliver(server, change)


@fault("content-yaml-lists-json", "Answers lists in JSON when YAML is asked for.", "CMF-CONTENT-YAML")
def _(server: Server) -> None:
    _json_instead(
        server, "getEnvironments", "getApplications", "getApplicationEvents", "getApplicationInstances"
    )


def _json_instead(server: Server, *operations: str) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        ours = operation in operations and answer.status < 300
        return original(request, operation, answer, JSON if ours else media_type)  # type: ignore[no-any-return]

    replace(server, "deliver", deliver)


@fault("content-yaml-creation-json", "Answers a creation in JSON when YAML is asked for.", "CMF-CONTENT-YAML")
def _(server: Server) -> None:
    _json_instead(server, "createOrUpdateEnvironment", "createOrUpdateApplication")


@fault("content-yaml-tabs", "Indents the YAML of events with tabs.", "CMF-CONTENT-YAML", "CMF-CONTENT-SAME")
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        yaml = wire.status == 200 and _media_type(wire) == YAML
        return Wire(wire.status, wire.headers, wire.body.replace(b"\n  ", b"\n\t")) if yaml else wire

    _deliver(server, change, *EVENTS)


@fault(
    "content-default-plain",
    "Declares an environment as text/plain when no type is asked for.",
    "CMF-CONTENT-TYPE",
)
def _(server: Server) -> None:
    def change(request: Request, wire: Wire) -> Wire:
        asked = request.headers.get("accept", "*/*") != "*/*"
        return wire if asked else with_header(wire, "content-type", "text/plain")

    _deliver(server, change, "getEnvironment")


@fault(
    "content-suspend-undeclared",
    "Does not declare the type of the answer to suspend.",
    "CMF-CONTENT-TYPE",
    "CMF-CONTENT-JSON",
)
def _(server: Server) -> None:
    def change(_request: Request, wire: Wire) -> Wire:
        return Wire(wire.status, tuple(one for one in wire.headers if one[0] != "content-type"), wire.body)

    _deliver(server, change, "suspendApplication")


def _yaml_value(server: Server, change: Any) -> None:
    """Let YAML answers show another value than JSON answers."""
    replace(server.media, "render_yaml", lambda original, value: original(change(value)))


@fault(
    "content-yaml-integers-text",
    "Writes integers as strings in YAML.",
    "CMF-CONTENT-SAME",
    "CMF-CONTENT-TYPES",
)
def _(server: Server) -> None:
    _yaml_value(server, lambda value: walk(lambda one: str(one) if type(one) is int else one, value))


@fault("content-yaml-empty-lost", "Leaves empty objects and arrays out of YAML.", "CMF-CONTENT-SAME")
def _(server: Server) -> None:
    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: pruned(one) for key, one in value.items() if one not in ({}, [])}
        return [pruned(one) for one in value] if isinstance(value, list) else value

    _yaml_value(server, pruned)


@fault("content-yaml-labels-lost", "Leaves the labels of an application out of YAML.", "CMF-CONTENT-SAME")
def _(server: Server) -> None:
    def change(value: Any) -> Any:
        if not isinstance(value, dict) or "labels" not in value.get("metadata", {}):
            return value
        metadata = {key: part for key, part in value["metadata"].items() if key != "labels"}
        return {**value, "metadata": metadata}

    _yaml_value(server, change)


def _yaml_body(server: Server, change: Any) -> None:
    """Let a YAML body mean something else."""
    replace(server.media, "parse_yaml", lambda original, text: change(original(text)))


@fault(
    "content-yaml-body-labels-lost",
    "Loses the labels of an application that comes as YAML.",
    "CMF-CONTENT-YAML-BODY",
)
def _(server: Server) -> None:
    _yaml_body(server, drop("metadata", "labels"))


@fault(
    "content-yaml-body-defaults-lost",
    "Loses the statement defaults of an environment that comes as YAML.",
    "CMF-CONTENT-YAML-BODY",
)
def _(server: Server) -> None:
    _yaml_body(server, lambda value: drop("statementDefaults")(value) if isinstance(value, dict) else value)


@fault(
    "content-yaml-body-dots-nested",
    "Splits the keys of a YAML application at their dots.",
    "CMF-CONTENT-YAML-BODY",
    "CMF-APP-EXAMPLE",
)
def _(server: Server) -> None:
    def nested(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        result: JsonObject = {}
        for key, one in value.items():
            *parents, last = key.split(".")
            place = result
            for parent in parents:
                below = place.setdefault(parent, {})
                place = below if isinstance(below, dict) else {}
            place[last] = nested(one)
        return result

    def change(value: Any) -> Any:
        return (
            {**value, "spec": nested(value["spec"])} if isinstance(value, dict) and "spec" in value else value
        )

    _yaml_body(server, change)


def _content_type(server: Server, change: Any) -> None:
    replace(server.media, "type_of_body", change)


@fault("content-charset-refused", "Refuses a Content-Type with a charset.", "CMF-CONTENT-CHARSET")
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        if content_type is not None and ";" in content_type:
            raise Refusal(415, f"Content-Type '{content_type}' is not supported.")
        return original(content_type)  # type: ignore[no-any-return]

    _content_type(server, type_of_body)


@fault("content-any-media-type", "Reads a body of any media type.", "CMF-CONTENT-MEDIA-TYPE")
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        try:
            return original(content_type)  # type: ignore[no-any-return]
        except Refusal:
            return YAML

    _content_type(server, type_of_body)


@fault("content-text-plain-read", "Reads a body declared as text/plain.", "CMF-CONTENT-MEDIA-TYPE")
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        plain = (content_type or "").startswith("text/plain")
        return YAML if plain else original(content_type)

    _content_type(server, type_of_body)


@fault(
    "content-json-lenient",
    "Takes JSON that is cut off, or followed by something else.",
    "CMF-CONTENT-MALFORMED",
)
def _(server: Server) -> None:
    def parse_json(original: Any, text: str) -> Any:
        for ending in ("", "}", '"}', "}}", '"}}', "]}", "}}}", '"}}}'):
            try:
                return original(json.dumps(json.JSONDecoder().raw_decode(text.strip() + ending)[0]))
            except ValueError:
                continue
            except RecursionError:
                break
        return original(text)

    replace(server.media, "parse_json", parse_json)


@fault(
    "content-yaml-lenient", "Takes the part of a YAML text before its first mistake.", "CMF-CONTENT-MALFORMED"
)
def _(server: Server) -> None:
    def parse_yaml(original: Any, text: str) -> Any:
        lines = text.splitlines()
        for count in range(len(lines), max(0, len(lines) - 50), -1):
            try:
                return original("\n".join(lines[:count]))
            except Refusal:
                continue
        return original(text)

    replace(server.media, "parse_yaml", parse_yaml)


@fault("content-empty-500", "Answers 500 for an empty body.", "CMF-CONTENT-MALFORMED", "CMF-ERR-SERVER")
def _(server: Server) -> None:
    def parse(original: Any, request: Request) -> Any:
        if not request.body:
            raise Refusal(500, "Internal error.")
        return original(request)

    replace(server.media, "parse", parse)


@fault(
    "content-malformed-created",
    "Refuses a malformed environment, but creates it if its name can be made out.",
    "CMF-CONTENT-MALFORMED",
)
def _(server: Server) -> None:
    def parse_json(original: Any, text: str) -> Any:
        try:
            return original(text)
        except Refusal:
            _, _, rest = text.partition('"name"')
            name = rest.partition('"')[2].partition('"')[0]
            if (
                server.environments.name_rule.complaint(name) is None
                and server.store.environment(name) is None
            ):
                server.environments.create(server.environments.draft({"name": name}))
            raise

    replace(server.media, "parse_json", parse_json)


@fault("content-malformed-409", "Refuses broken YAML with 409.", "CMF-CONTENT-MALFORMED")
def _(server: Server) -> None:
    def parse_yaml(original: Any, text: str) -> Any:
        try:
            return original(text)
        except Refusal as refusal:
            raise Refusal(409, refusal.message) from None

    replace(server.media, "parse_yaml", parse_yaml)


@fault("content-array-accepted", "Takes the first resource of an array.", "CMF-CONTENT-NOT-OBJECT")
def _(server: Server) -> None:
    def parse(original: Any, request: Request) -> Any:
        value = original(request)
        return value[0] if isinstance(value, list) and value else value

    replace(server.media, "parse", parse)


@fault(
    "content-string-accepted", "Takes a string as the name of a new environment.", "CMF-CONTENT-NOT-OBJECT"
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        value = server.media.parse(call.request)
        if not isinstance(value, str):
            return original(call)
        name = (
            value
            if server.environments.name_rule.complaint(value) is None
            else f"text-{server.clock.stamp()}"
        )
        return Answer(
            201,
            server.environments.view(server.environments.create(server.environments.draft({"name": name}))),
        )

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "content-null-500",
    "Answers 500 for null in place of a resource.",
    "CMF-CONTENT-NOT-OBJECT",
    "CMF-ERR-SERVER",
)
def _(server: Server) -> None:
    def parse(original: Any, request: Request) -> Any:
        value = original(request)
        if value is None:
            raise Refusal(500, "Internal error.")
        return value

    replace(server.media, "parse", parse)


@fault(
    "content-accept-500",
    "Answers 500 when no type that it has is accepted.",
    "CMF-CONTENT-ACCEPT",
    "CMF-ERR-SERVER",
)
def _(server: Server) -> None:
    replace(server, "unacceptable", lambda _original: Refusal(500, "Internal error."))


@fault(
    "content-accept-echoed",
    "Declares JSON as whatever is accepted.",
    "CMF-CONTENT-ACCEPT",
    "CMF-CONTENT-TYPE",
)
def _(server: Server) -> None:
    replace(server.media, "wanted", lambda original, accept: original(accept) or JSON)

    def change(request: Request, wire: Wire) -> Wire:
        accept = request.headers.get("accept", "*/*")
        other = "*" not in accept and JSON not in accept and YAML not in accept and wire.status == 200
        return with_header(wire, "content-type", accept) if other else wire

    _deliver(server, change, "getEnvironment", "getApplication")


@fault("content-null-pageable", "Gives null for the pageable of events.", "CMF-CONTENT-NULL")
def _(server: Server) -> None:
    reshape(server, EVENTS, put(None, "pageable"))


@fault(
    "content-null-defaults",
    "Gives null for the defaults of an environment that has none.",
    "CMF-CONTENT-NULL",
)
def _(server: Server) -> None:
    nothing = dict.fromkeys(("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults"))
    reshape_each(server, ("createOrUpdateEnvironment", "getEnvironment"), lambda value: {**nothing, **value})


@fault("content-null-labels", "Gives null for the labels and annotations of events.", "CMF-CONTENT-NULL")
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return {**value, "metadata": {**value["metadata"], "labels": None, "annotations": None}}

    reshape_each(server, EVENTS, change)
