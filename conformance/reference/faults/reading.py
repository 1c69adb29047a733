"""Violations in reading request bodies, and by fields without a value."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import json
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.media import JSON, YAML
from conformance.reference.replacing import (
    EVENTS,
    around,
    change_wire,
    drop,
    put,
    replace,
    reshape,
    reshape_each,
    with_header,
)
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()


def _yaml_body(server: Server, change: Any) -> None:
    """Let a YAML body mean something else."""
    replace(server.media, "parse_yaml", lambda original, text: change(original(text)))


@fault(
    "content-yaml-body-labels-lost",
    "Loses the labels of an application that comes as YAML.",
    "CMF-CONTENT-YAML-BODY",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-APP-UPDATE",
    reason=r"one application as YAML is stored like its JSON twin: the YAML twin/metadata/labels is not as expected",
)
def _(server: Server) -> None:
    _yaml_body(server, drop("metadata", "labels"))


@fault(
    "content-yaml-body-defaults-lost",
    "Loses the statement defaults of an environment that comes as YAML.",
    "CMF-CONTENT-YAML-BODY",
    "CMF-ENV-CREATE",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    "CMF-ENV-BODY-NESTED",
    "CMF-ENV-GET",
    "CMF-ENV-UPDATE",
    reason=r"one environment as YAML is stored like its JSON twin: the YAML twin/statementDefaults is not as expected",
)
def _(server: Server) -> None:
    _yaml_body(server, lambda value: drop("statementDefaults")(value) if isinstance(value, dict) else value)


@fault(
    "content-yaml-body-dots-nested",
    "Splits the keys of a YAML application at their dots.",
    "CMF-CONTENT-YAML-BODY",
    "CMF-APP-EXAMPLE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-APP-UPDATE",
    "CMF-CONTENT-TYPES",
    reason=r"one application as YAML is stored like its JSON twin: the YAML twin/spec/flinkConfiguration/key\.with\.dots is not as expected",
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


@fault(
    "content-charset-refused",
    "Refuses a Content-Type with a charset.",
    "CMF-CONTENT-CHARSET",
    reason=r"a body sent as application/json; charset=utf-.*: the answer of createOrUpdateEnvironment came with status 415",
)
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        if content_type is not None and ";" in content_type:
            raise Refusal(415, f"Content-Type '{content_type}' is not supported.")
        return original(content_type)  # type: ignore[no-any-return]

    _content_type(server, type_of_body)


@fault(
    "content-any-media-type",
    "Reads a body of any media type.",
    "CMF-CONTENT-MEDIA-TYPE",
    reason=r"the right JSON as text/plain in place of (?:an|one) environment: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        try:
            return original(content_type)  # type: ignore[no-any-return]
        except Refusal:
            return YAML

    _content_type(server, type_of_body)


@fault(
    "content-text-plain-read",
    "Reads a body declared as text/plain.",
    "CMF-CONTENT-MEDIA-TYPE",
    reason=r"the right JSON as text/plain in place of one environment: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def type_of_body(original: Any, content_type: str | None) -> str:
        plain = (content_type or "").startswith("text/plain")
        return YAML if plain else original(content_type)

    _content_type(server, type_of_body)


@fault(
    "content-json-lenient",
    "Takes JSON that is cut off, or followed by something else.",
    "CMF-CONTENT-MALFORMED",
    reason=r"JSON cut in half as application/json in place of (?:an|one) environment: the answer of createOrUpdateEnvironment came with status 201",
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
    "content-yaml-lenient",
    "Takes the part of a YAML text before its first mistake.",
    "CMF-CONTENT-MALFORMED",
    reason=r"YAML with a tab for indentation as application/yaml in place of one environment: the answer of createOrUpdateEnvironment came with status",
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


@fault(
    "content-empty-500",
    "Answers 500 for an empty body.",
    "CMF-CONTENT-MALFORMED",
    "CMF-ERR-SERVER",
    reason=r"nothing as application/json in place of one environment: the answer of createOrUpdateEnvironment came with status 500",
)
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
    "CMF-CONTENT-HOSTILE",
    reason=r"none of them created one environment: a refused body created a resource",
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


@fault(
    "content-malformed-409",
    "Refuses broken YAML with 409.",
    "CMF-CONTENT-MALFORMED",
    "CMF-CONTENT-HOSTILE",
    reason=r"YAML with a tab for indentation as application/yaml in place of one environment: the answer of createOrUpdateEnvironment came with status",
)
def _(server: Server) -> None:
    def parse_yaml(original: Any, text: str) -> Any:
        try:
            return original(text)
        except Refusal as refusal:
            raise Refusal(409, refusal.message) from None

    replace(server.media, "parse_yaml", parse_yaml)


@fault(
    "content-array-accepted",
    "Takes the first resource of an array.",
    "CMF-CONTENT-NOT-OBJECT",
    "CMF-CONTENT-MALFORMED",
    reason=r"an array as application/json in place of (?:an|one) environment: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def parse(original: Any, request: Request) -> Any:
        value = original(request)
        return value[0] if isinstance(value, list) and value else value

    replace(server.media, "parse", parse)


@fault(
    "content-string-accepted",
    "Takes a string as the name of a new environment.",
    "CMF-CONTENT-NOT-OBJECT",
    reason=r"a string as application/json in place of one environment: the answer of createOrUpdateEnvironment came with status 201",
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
    reason=r"null as application/json in place of one environment: the answer of createOrUpdateEnvironment came with status 500",
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
    reason=r"getEnvironment accepting only text/html: the answer of getEnvironment came with status 500",
)
def _(server: Server) -> None:
    replace(server, "unacceptable", lambda _original: Refusal(500, "Internal error."))


@fault(
    "content-accept-echoed",
    "Declares JSON as whatever is accepted.",
    "CMF-CONTENT-ACCEPT",
    "CMF-CONTENT-TYPE",
    reason=r"getEnvironment accepting only text/html: the answer is of no documented type",
)
def _(server: Server) -> None:
    replace(server.media, "wanted", lambda original, accept: original(accept) or JSON)

    def change(request: Request, wire: Wire) -> Wire:
        accept = request.headers.get("accept", "*/*")
        other = "*" not in accept and JSON not in accept and YAML not in accept and wire.status == 200
        return with_header(wire, "content-type", accept) if other else wire

    change_wire(server, change, "getEnvironment", "getApplication")


@fault(
    "content-null-pageable",
    "Gives null for the pageable of events.",
    "CMF-CONTENT-NULL",
    reason=r"answers of getApplicationEvents: null in place of an absent field",
)
def _(server: Server) -> None:
    reshape(server, EVENTS, put(None, "pageable"))


@fault(
    "content-null-defaults",
    "Gives null for the defaults of an environment that has none.",
    "CMF-CONTENT-NULL",
    reason=r"answers of createOrUpdateEnvironment: null in place of an absent field",
)
def _(server: Server) -> None:
    nothing = dict.fromkeys(("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults"))
    reshape_each(server, ("createOrUpdateEnvironment", "getEnvironment"), lambda value: {**nothing, **value})


@fault(
    "content-null-labels",
    "Gives null for the labels and annotations of events.",
    "CMF-CONTENT-NULL",
    reason=r"answers of getApplicationEvents: null in place of an absent field",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return {**value, "metadata": {**value["metadata"], "labels": None, "annotations": None}}

    reshape_each(server, EVENTS, change)
