"""Violations that show only in what few clients send: much of something, odd names, YAML where it is seldom used."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.application_updates import Update, store_instead
from conformance.reference.faults.applications import POST
from conformance.reference.faults.names import LABEL
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import MAPPING, SECRET, STATEMENT
from conformance.reference.lifecycle import merged, part
from conformance.reference.media import JSON, YAML
from conformance.reference.replacing import EVENTS, READ_APPLICATIONS, around, at, replace, reshape_each, walk
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()

LONGEST_VALUE = 255
MOST_KEYS = 50
READS = ("getEnvironment", "getEnvironments", *READ_APPLICATIONS)


@fault(
    "app-update-answers-old-as-yaml",
    "Answers an update with the application as it was before, when YAML is accepted.",
    "CMF-APP-UPDATE",
    reason=r"update .*, which accepts application/yaml, sent as .*, answers 201 and holds: the answer/metadata/labels/revision is not as stored",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        name = server.applications.draft(server.applications.body(call)).name
        environment = server.store.environment(call.path["envName"])
        before = server.store.application(environment, name) if environment is not None else None
        old = server.applications.view(before) if before is not None else None
        answer = original(call)
        as_yaml = server.media.wanted(call.request.headers.get("accept")) == YAML
        return Answer(answer.status, old) if as_yaml and old is not None else answer

    around(server, POST, post)


def _default_of_yaml(server: Server, key: str, value: Any) -> None:
    """Fill in what a YAML body of an application lacks."""

    def parse_yaml(original: Any, text: str) -> Any:
        body = original(text)
        ours = isinstance(body, dict) and ("metadata" in body or "spec" in body)
        return {key: value, **body} if ours else body

    replace(server.media, "parse_yaml", parse_yaml)


@fault(
    "app-body-yaml-without-kind",
    "Takes an application without a kind when it comes as YAML.",
    "CMF-APP-BODY",
    reason=r"a creation as application/yaml with no kind is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    _default_of_yaml(server, "kind", "FlinkApplication")


@fault(
    "app-body-yaml-without-spec",
    "Takes an application without a spec when it comes as YAML.",
    "CMF-APP-BODY",
    reason=r"a creation as application/yaml with no spec is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    _default_of_yaml(server, "spec", {})


@fault(
    "app-update-merges-resources",
    "Merges the resources of an update into those that there were.",
    "CMF-APP-REPLACE",
    reason=r"a value of a resource left out of an update is gone: the old cpu is still there",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        return {
            **new,
            **{key: merged(part(old, key), new[key]) for key in ("taskManager",) if part(new, key)},
        }

    store_instead(server, change)


@fault(
    "app-update-merges-job",
    "Keeps what an update leaves out of the job.",
    "CMF-APP-REPLACE",
    reason=r"a list of the job left out of an update is gone: the old args is still there",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        return {**new, "job": {**part(old, "job"), **part(new, "job")}} if part(new, "job") else new

    store_instead(server, change)


@fault(
    "app-update-merges-annotations",
    "Adds the annotations of an update, where it has any, to those that there were.",
    "CMF-APP-REPLACE",
    reason=r"of configuration, labels and annotations all but one are gone: old annotations are still there",
)
def _(server: Server) -> None:
    def update(original: Update, environment: Any, application: Any, draft: Any) -> Any:
        before, now = (part(each.metadata, "annotations") for each in (application, draft))
        if now:
            metadata = {**draft.metadata, "annotations": {**before, **now}}
            draft = type(draft)(draft.name, metadata, draft.spec)
        return original(environment, application, draft)

    replace(server.applications, "update", update)


@fault(
    "app-update-empty-configuration-kept",
    "Takes a configuration that an update empties for one that is to stay.",
    "CMF-APP-REPLACE",
    reason=r"of configuration, labels and annotations all are gone: old flinkConfiguration are still there",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        emptied = new.get("flinkConfiguration") == {}
        return {**new, "flinkConfiguration": part(old, "flinkConfiguration")} if emptied else new

    store_instead(server, change)


@fault(
    "app-annotations-cut",
    "Shows the first 255 characters of an annotation.",
    "CMF-APP-GET",
    reason=r"an application with much of everything is read as it was posted: the application/metadata/annotations/long is not as stored",
)
def _(server: Server) -> None:
    def cut(annotations: Any) -> Any:
        return walk(lambda text: text[:LONGEST_VALUE] if isinstance(text, str) else text, annotations)

    reshape_each(server, READ_APPLICATIONS, at(cut, "metadata", "annotations"))


@fault(
    "app-configuration-cut",
    "Shows 50 entries of the Flink configuration.",
    "CMF-APP-GET",
    reason=r"an application with much of everything is read as it was posted: the application/spec/flinkConfiguration/key\.number-50 is not as stored",
)
def _(server: Server) -> None:
    def cut(configuration: Any) -> Any:
        return (
            dict([*configuration.items()][:MOST_KEYS]) if isinstance(configuration, dict) else configuration
        )

    reshape_each(server, READ_APPLICATIONS, at(cut, "spec", "flinkConfiguration"))


@fault(
    "content-fractions-single",
    "Shows fractions as they are with single precision.",
    "CMF-CONTENT-TYPES",
    "CMF-CONTENT-TYPE",
    reason=r"numbers in the spec of an application: a value, sent as .*, read as .*: /spec/jobManager/resource/cpu is not as stored",
)
def _(server: Server) -> None:
    def single(value: Any) -> Any:
        if not isinstance(value, float) or abs(value) > 1e38:  # noqa: PLR2004 - the largest there is
            return value
        return struct.unpack("f", struct.pack("f", value))[0]

    reshape_each(server, READS, lambda value: walk(single, value))


@fault(
    "content-json-empty-objects-lost",
    "Loses empty objects in the defaults of an environment that comes as JSON.",
    "CMF-CONTENT-TYPES",
    reason=r"an empty object in the defaults of an environment, sent as application/json: the empty object is gone",
)
def _(server: Server) -> None:
    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: pruned(one) for key, one in value.items() if one != {}}
        return [pruned(one) for one in value] if isinstance(value, list) else value

    def parse(original: Any, request: Request) -> Any:
        value = original(request)
        as_json = request.headers.get("content-type", "").startswith(JSON)
        key = "flinkApplicationDefaults"
        defaults = as_json and isinstance(value, dict) and isinstance(value.get(key), dict)
        return {**value, key: pruned(value[key])} if defaults else value

    replace(server.media, "parse", parse)


@fault(
    "app-name-of-digits-refused",
    "Refuses an application name of nothing but digits.",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name with nothing but digits: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"(?![0-9]+\Z){LABEL}(\.{LABEL})*")


@fault(
    "app-name-dotted-not-started",
    "Finds no application to start that has a dot in its name.",
    "CMF-APP-START",
    reason=r"an application with dots in its name is started by it: the answer of startApplication came with status 404",
)
def _(server: Server) -> None:
    _not_found(server, ["startApplication"], "appName")


@fault(
    "env-name-dotted-without-events",
    "Finds no events in an environment that has a dot in its name.",
    "CMF-ENV-NAME-LEGAL",
    reason=r"a name with dots between labels is found by what belongs to it: the answer of getApplicationEvents came with status 404",
)
def _(server: Server) -> None:
    _not_found(server, EVENTS, "envName")


def _not_found(server: Server, operations: Any, parameter: str) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        if "." in call.path[parameter]:
            raise Refusal(404, f"There is no {call.path[parameter]}.")
        return original(call)

    around(server, operations, behaviour)


@fault(
    "content-json-comma-too-many",
    "Takes JSON with a comma behind the last of an object or array.",
    "CMF-CONTENT-MALFORMED",
    reason=r"JSON with a comma too many as application/json in place of one environment: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _mended(server, r",(?=\s*[\]}])")


@fault(
    "content-json-comments",
    "Takes JSON with comments.",
    "CMF-CONTENT-MALFORMED",
    reason=r"JSON with a comment as application/json in place of one environment: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _mended(server, r"/\*.*?\*/")


def _mended(server: Server, pattern: str) -> None:
    """Take JSON that is broken once more without what the pattern matches."""

    def parse_json(original: Any, text: str) -> Any:
        try:
            return original(text)
        except Refusal:
            return original(re.sub(pattern, "", text))

    replace(server.media, "parse_json", parse_json)


@fault(
    "secret-unreadable-quoted",
    "Quotes a secret that it can't parse in the refusal.",
    "CMF-SECRET-HIDDEN",
    reason=r"a POST and a PUT of JSON that is cut, accepting application/json: the answer of createSecret shows what is in a secret",
)
def _(server: Server) -> None:
    _quoted(server, lambda _call, refusal: "not valid" in refusal.message)


@fault(
    "secret-other-type-quoted",
    "Quotes a secret of an unknown media type in the refusal.",
    "CMF-SECRET-HIDDEN",
    reason=r"a POST and a PUT of another media type, accepting application/json: the answer of createSecret shows what is in a secret",
)
def _(server: Server) -> None:
    _quoted(server, lambda _call, refusal: refusal.status == 415)  # noqa: PLR2004 - what it is about


@fault(
    "secret-update-yaml-quoted",
    "Quotes an update of a secret that comes as YAML in the refusal.",
    "CMF-SECRET-HIDDEN",
    reason=r"a POST and a PUT with no kind, accepting application/json: the answer of updateSecret shows what is in a secret",
)
def _(server: Server) -> None:
    def yaml_update(call: Call, refusal: Refusal) -> bool:
        return call.operation == SECRET.update and tools.is_yaml(call) and "required" in refusal.message

    _quoted(server, yaml_update)


def _quoted(server: Server, when: Callable[[Call, Refusal], bool]) -> None:
    """Show the whole body in the refusal of a secret."""

    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if not when(call, refusal):
                raise
            raise Refusal(refusal.status, f"{refusal.message} {call.request.body.decode()}") from None

    around(server, [SECRET.create, SECRET.update], behaviour)


@fault(
    "stmt-update-unread",
    "Answers 200 to an update of a statement in broken YAML or another media type.",
    "CMF-STMT-UPDATE-BODY",
    "CMF-CONTENT-MALFORMED",
    "CMF-CONTENT-MEDIA-TYPE",
    reason=r"an update with YAML with an open bracket as application/yaml of one statement: the answer of updateStatement came with status 200",
)
def _(server: Server) -> None:
    def put(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if "not valid YAML" in refusal.message or "Content-Type" in refusal.message:
                return Answer(200)
            raise

    around(server, [STATEMENT.update], put)


@fault(
    "stmt-update-empty-done",
    "Answers 200 to an update of a statement with null, an empty string or a number.",
    "CMF-STMT-UPDATE-BODY",
    "CMF-CONTENT-NOT-OBJECT",
    reason=r"an update with null as application/json of one statement: the answer of updateStatement came with status 200",
)
def _(server: Server) -> None:
    def put(original: Handler, call: Call) -> Answer:
        server.statements.statement(call)
        value = server.media.parse(call.request)
        return Answer(200) if value in (None, "") or type(value) is int else original(call)

    around(server, [STATEMENT.update], put)


@fault(
    "map-update-array",
    "Updates a secret mapping with the first of an array, and with nothing for a string.",
    "CMF-MAP-BODY",
    "CMF-CONTENT-NOT-OBJECT",
    reason=r"an update with an array as application/json of one secret mapping: the answer of updateEnvironmentSecretMapping came with status 200",
)
def _(server: Server) -> None:
    def put(original: Handler, call: Call) -> Answer:
        mapping = server.mappings.mapping(call)
        value = server.media.parse(call.request)
        if isinstance(value, str):
            return Answer(200, server.mappings.view(mapping))
        first = isinstance(value, list) and value and isinstance(value[0], dict)
        return original(tools.with_body(call, value[0]) if first else call)

    around(server, [MAPPING.update], put)


@fault(
    "stmt-update-answers-json",
    "Answers the update of a statement in JSON whatever is asked for, and moves no update time.",
    "CMF-STMT-UPDATED-MOVES",
    "CMF-CONTENT-YAML",
    reason=r"what creating and updating one statement answers comes as asked for: the answer is of another media type",
)
def _(server: Server) -> None:
    def put(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        before = statement.updated
        original(call)
        statement.updated = before
        return Answer(200, server.statements.view(statement))

    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        ours = operation == STATEMENT.update and answer.status < 300  # noqa: PLR2004 - a class of statuses
        return original(request, operation, answer, JSON if ours else media_type)  # type: ignore[no-any-return]

    around(server, [STATEMENT.update], put)
    replace(server, "deliver", deliver)
