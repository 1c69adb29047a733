"""Liberties that the contract leaves to a server: a correct harness fails none of them."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace as with_changes
from typing import Any

from conformance.reference.faults.tools import (
    APPLICATIONS,
    ENVIRONMENTS,
    EVENTS,
    INSTANCES,
    Apply,
    around,
    replace,
    reshape,
    reshape_each,
)
from conformance.reference.paging import Criterion
from conformance.reference.resources.common import Handler
from conformance.reference.routes import BODILESS
from conformance.reference.server import Server
from conformance.reference.shapes import refuse
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire
from conformance.reference.wire import BODILESS as EMPTY
from conformance.reference.wire import Send, begin, send_whole


@dataclass(frozen=True, slots=True)
class Variation:
    """One legal way to differ."""

    name: str
    title: str
    """In one sentence, what the server does otherwise."""
    warns: tuple[str, ...]
    """SHOULD requirements that it may be warned about."""
    apply: Apply


VARIATIONS: dict[str, Variation] = {}
"""Every variation by its name."""


def variation(name: str, title: str, *warns: str) -> Callable[[Apply], Apply]:
    """Register the decorated function as the variation of that name."""

    def register(apply: Apply) -> Apply:
        VARIATIONS[name] = Variation(name, title, warns, apply)
        return apply

    return register


LISTS = ("getEnvironments", "getApplications", "getApplicationInstances", "getApplicationEvents")
OPTIONAL: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...] = (
    (ENVIRONMENTS, (("created_time",), ("updated_time",), ("secrets",))),
    (
        APPLICATIONS,
        (
            ("metadata", "uid"),
            ("metadata", "creationTimestamp"),
            ("metadata", "updateTimestamp"),
            ("status",),
        ),
    ),
    (
        INSTANCES,
        (("metadata", "creationTimestamp"), ("metadata", "updateTimestamp"), ("status", "jobStatus")),
    ),
    (
        EVENTS,
        (
            ("metadata", "creationTimestamp"),
            ("metadata", "flinkApplicationInstance"),
            ("metadata", "labels"),
            ("metadata", "annotations"),
            ("status", "message"),
            ("status", "data"),
        ),
    ),
)
"""Fields without which an answer still obeys its schema, by the operations that give them."""


def _parent(value: Any, path: tuple[str, ...]) -> JsonObject:
    for key in path[:-1]:
        value = value[key]
    return value  # type: ignore[no-any-return]


@variation("fields-absent", "Leaves out every field that the schemas do not require.")
def _(server: Server) -> None:
    def without(paths: tuple[tuple[str, ...], ...]) -> Any:
        def change(value: JsonObject) -> JsonObject:
            for path in paths:
                # The secrets of an environment may be left out only when there are none.
                if path != ("secrets",) or not value.get("secrets"):
                    _parent(value, path).pop(path[-1], None)
            return value

        return change

    for operations, paths in OPTIONAL:
        reshape_each(server, operations, without(paths))
    reshape(server, LISTS, lambda value: {"items": value["items"]})


@variation("fields-null", "Gives null for optional fields that have no value.", "CMF-CONTENT-NULL")
def _(server: Server) -> None:
    def nulled(paths: tuple[tuple[str, ...], ...]) -> Any:
        def change(value: JsonObject) -> JsonObject:
            for path in paths:
                _parent(value, path).setdefault(path[-1], None)
            return value

        return change

    nothing = (("flinkApplicationDefaults",), ("computePoolDefaults",), ("statementDefaults",))
    reshape_each(server, ENVIRONMENTS, nulled((*nothing, ("secrets",))))
    reshape_each(server, APPLICATIONS, nulled((("status",),)))
    reshape_each(
        server,
        INSTANCES,
        nulled((("metadata", "labels"), ("metadata", "annotations"), ("status", "jobStatus"))),
    )
    reshape_each(server, EVENTS, nulled((("metadata", "labels"), ("metadata", "annotations"))))
    reshape(server, LISTS, lambda value: {**value, "pageable": None})


@variation("fields-extra", "Adds fields that no schema knows to every object.")
def _(server: Server) -> None:
    extra = {"x-note": "none of the contract's", "x-links": {"self": "/", "more": []}}

    def in_resource(value: JsonObject) -> JsonObject:
        parts = {
            key: {**value[key], **extra} for key in ("metadata", "status") if isinstance(value.get(key), dict)
        }
        return {**value, **parts, **extra}

    for operations, _paths in OPTIONAL:
        reshape_each(server, operations, in_resource)
    reshape(server, LISTS, lambda value: {**value, "pageable": {**value["pageable"], **extra}, **extra})

    def error(original: Any, *details: Any) -> Answer:
        answer: Answer = original(*details)
        return Answer(
            answer.status,
            {
                "errors": [{**one, **extra} for one in answer.value["errors"]],
                "status": answer.status,
                **extra,
            },
            answer.headers,
        )

    replace(server, "error", error)


@variation("slow-transitions", "Takes six times as long for every change of state.")
def _(server: Server) -> None:
    server.lifecycle.pace *= 6


@variation("page-default", "Lists 5 items when no size is asked for.")
def _(server: Server) -> None:
    server.paging.default_size = 5


@variation("no-etag", "Gives no ETag and never answers 304.")
def _(server: Server) -> None:
    replace(server.conditional, "apply", lambda _original, _operation, wire, _if_none_match: wire)


@variation("weak-etag", "Gives weak ETags.")
def _(server: Server) -> None:
    replace(server.conditional, "tag", lambda original, wire: f"W/{original(wire)}")


@variation("chunked-bodies", "Sends bodies in chunks, without their length.")
def _(server: Server) -> None:
    async def transmit(_original: Any, send: Send, wire: Wire) -> None:
        if wire.status in EMPTY:
            await send_whole(send, wire)
            return
        await begin(send, wire, None)
        third = len(wire.body) // 3 + 1
        for start in range(0, len(wire.body), third):
            await send(
                {"type": "http.response.body", "body": wire.body[start : start + third], "more_body": True}
            )
        await send({"type": "http.response.body", "body": b""})

    replace(server, "transmit", transmit)


@variation("no-cascade", "Refuses to delete an environment that holds something.")
def _(server: Server) -> None:
    def remove(original: Any, environment: Environment) -> None:
        if environment.applications or environment.pools or environment.statements or environment.mappings:
            raise Refusal(409, f"Environment '{environment.name}' is not empty.")
        original(environment)

    replace(server.environments, "remove", remove)


@variation("page-refused", "Refuses a nonsensical page or size with 400.")
def _(server: Server) -> None:
    def strictly(least: int, most: int) -> Any:
        def number(original: Any, text: str | None) -> int:
            sound = text is None or (text.isascii() and text.isdecimal() and len(text) <= len(str(most)))
            if not sound or (text is not None and not least <= int(text) <= most):
                raise Refusal(400, f"'{text}' is no page number or page size.")
            return original(text)  # type: ignore[no-any-return]

        return number

    replace(server.paging, "number", strictly(0, 2**31 - 1))
    replace(server.paging, "size", strictly(1, server.paging.max_size))


@variation("sort-unknown-ignored", "Ignores sort properties that it does not know.")
def _(server: Server) -> None:
    def criteria(original: Any, text: str, properties: Any) -> list[Criterion]:
        try:
            return original(text, properties)  # type: ignore[no-any-return]
        except Refusal:
            return []

    replace(server.paging, "criteria", criteria)


@variation("strict-bodies", "Refuses properties that the schema does not have with 400.")
def _(server: Server) -> None:
    def check(value: Any, known: set[str], where: str = "") -> None:
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                raise refuse(f"{where}{key}", "is not known")

    def environment(original: Any, body: JsonObject) -> Any:
        check(
            body,
            {
                "name",
                "kubernetesNamespace",
                "flinkApplicationDefaults",
                "computePoolDefaults",
                "statementDefaults",
            },
        )
        defaults = body.get("statementDefaults")
        check(defaults, {"detached", "interactive"}, "statementDefaults.")
        for key in ("detached", "interactive"):
            part = defaults.get(key) if isinstance(defaults, dict) else None
            check(part, {"flinkConfiguration"}, f"statementDefaults.{key}.")
        return original(body)

    def application(original: Any, body: JsonObject) -> Any:
        check(body, {"apiVersion", "kind", "metadata", "spec", "status"})
        return original(body)

    replace(server.environments, "draft", environment)
    replace(server.applications, "draft", application)


@variation("size-is-page-length", "Counts the items of the page, not of the list, in the metadata.")
def _(server: Server) -> None:
    replace(server.paging, "total", lambda _original, _items, shown: len(shown))


@variation("delete-body", "Answers a deletion with a body.")
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        answer = original(call)
        return Answer(answer.status, {"deleted": list(call.path.values())[-1]})

    around(
        server,
        [operation for operation in BODILESS if operation in {"deleteEnvironment", "deleteApplication"}],
        delete,
    )


@variation("app-422-vs-400", "Refuses applications with illegal content with 400.")
def _(server: Server) -> None:
    server.applications.content_status = 400


@variation("env-422", "Refuses environments with illegal content with 422.")
def _(server: Server) -> None:
    def draft(original: Any, body: JsonObject) -> Any:
        try:
            return original(body)
        except Refusal as refusal:
            raise Refusal(422, refusal.message) from None

    replace(server.environments, "draft", draft)


def _again(server: Server, outcome: Callable[[], Answer]) -> None:
    """Answer the start of what runs, and the suspension of what is suspended, in another way."""

    def behaviour(original: Handler, call: Call) -> Answer:
        wanted = call.operation == "startApplication"
        return outcome() if server.applications.application(call).running is wanted else original(call)

    around(server, ["startApplication", "suspendApplication"], behaviour)


@variation("start-304", "Answers 304 when there is nothing to start or suspend.")
def _(server: Server) -> None:
    _again(server, lambda: Answer(304))


@variation("start-409", "Refuses with 409 when there is nothing to start or suspend.")
def _(server: Server) -> None:
    def refused() -> Answer:
        raise Refusal(409, "The application is in this state already.")

    _again(server, refused)


@variation("text-404", "Answers unknown routes in plain text.", "CMF-ERR-ROUTE-BODY")
def _(server: Server) -> None:
    def respond(original: Any, request: Request) -> Wire:
        wire: Wire = original(request)
        if wire.status == 404 and b"Resource not found: [" in wire.body:
            return Wire(404, (("content-type", "text/plain; charset=utf-8"),), b"404 page not found")
        return wire

    replace(server, "respond", respond)


@variation(
    "text-errors-of-http",
    "Answers 405, 406 and 415 in plain text.",
    "CMF-ERR-BODY-HTTP",
    "CMF-ERR-NEGOTIATED",
)
def _(server: Server) -> None:
    def respond(original: Any, request: Request) -> Wire:
        wire: Wire = original(request)
        if wire.status not in {405, 406, 415}:
            return wire
        kept = tuple(header for header in wire.headers if header[0] == "allow")
        return Wire(wire.status, (*kept, ("content-type", "text/plain; charset=utf-8")), b"Not supported")

    replace(server, "respond", respond)


@variation("any-accept", "Answers in JSON when nothing that it has is accepted.")
def _(server: Server) -> None:
    replace(server.media, "wanted", lambda original, accept: original(accept) or "application/json")


@variation("yaml-like-json", "Writes YAML in the notation of JSON.")
def _(server: Server) -> None:
    replace(server.media, "render_yaml", lambda _original, value: server.media.render_json(value))


@variation("newest-first", "Lists environments and applications from the newest to the oldest.")
def _(server: Server) -> None:
    for listing in ("list_environments", "list_applications"):
        replace(server.store, listing, lambda original, *where: original(*where)[::-1])


@variation("namespace-fixed", "Keeps the Kubernetes namespace of an environment whatever an update says.")
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Any) -> Any:
        return original(environment, with_changes(draft, namespace=None))

    replace(server.environments, "update", update)


@variation("namespace-required", "Refuses an environment without a Kubernetes namespace.")
def _(server: Server) -> None:
    def draft(original: Any, body: JsonObject) -> Any:
        if "kubernetesNamespace" not in body:
            raise refuse("kubernetesNamespace", "is required")
        return original(body)

    replace(server.environments, "draft", draft)


@variation("delete-unknown-304", "Answers 304 to the deletion of an unknown application.")
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        environment = server.store.environment(call.path["envName"])
        if environment is not None and server.store.application(environment, call.path["appName"]) is None:
            return Answer(304)
        return original(call)

    around(server, ["deleteApplication"], delete)


@variation("times-in-nanoseconds", "Gives times with nanoseconds and the offset +00:00.")
def _(server: Server) -> None:
    fields = ("created_time", "updated_time", "creationTimestamp", "updateTimestamp")

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            key: f"{one.removesuffix('Z')}000000+00:00"
            if key in fields and isinstance(one, str)
            else change(one)
            for key, one in value.items()
            if key != "spec"
        } | ({"spec": value["spec"]} if "spec" in value else {})

    for operations, _paths in OPTIONAL:
        reshape_each(server, operations, change)


@variation("statement-delete-202", "Deletes statements with 202, and only some time later in fact.")
def _(server: Server) -> None:
    def delete(_original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if server.statements.phase(statement).name != "DELETING":
            server.statements.begin(statement, ((0, "DELETING"), (0.3, "GONE")))
        return Answer(202)

    def existing(original: Any, environment: Environment, name: str) -> Any:
        statement = original(environment, name)
        if statement is not None and server.statements.phase(statement).name == "GONE":
            del environment.statements[name]
            return None
        return statement

    around(server, ["deleteStatement"], delete)
    replace(server.statements, "existing", existing)


@variation("secret-spec-empty", "Shows the spec of a secret as an empty object.")
def _(server: Server) -> None:
    replace(server.secrets, "view", lambda original, secret: {**original(secret), "spec": {}})


@variation(
    "mapping-spec-hidden", "Does not show the spec of a secret mapping, which the schema calls write-only."
)
def _(server: Server) -> None:
    def view(original: Any, mapping: Any) -> JsonObject:
        return {key: part for key, part in original(mapping).items() if key != "spec"}

    replace(server.mappings, "view", view)
