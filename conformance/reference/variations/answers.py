"""Liberties in how answers look and how they are sent."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from conformance.reference.replacing import (
    APPLICATIONS,
    ENVIRONMENTS,
    EVENTS,
    INSTANCES,
    around,
    replace,
    reshape,
    reshape_each,
)
from conformance.reference.resources.common import Handler
from conformance.reference.routes import BODILESS
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject, Request, Wire
from conformance.reference.variations.registry import variation
from conformance.reference.wire import BODILESS as EMPTY
from conformance.reference.wire import Send, begin, send_whole

LISTS = ("getEnvironments", "getApplications", "getApplicationInstances", "getApplicationEvents")
SQL_LISTS = (
    "getStatements",
    "getComputePools",
    "getSecrets",
    "getEnvironmentSecretMappings",
    "getKafkaCatalogs",
)
TIMES = (("metadata", "creationTimestamp"), ("metadata", "updateTimestamp"))
POOLS = ("createComputePool", "getComputePool", "getComputePools")
CATALOGS = ("createKafkaCatalog", "getKafkaCatalog", "getKafkaCatalogs")
SECRETS = ("createSecret", "getSecret", "getSecrets", "updateSecret")
MAPPINGS = (
    "createEnvironmentSecretMapping",
    "getEnvironmentSecretMapping",
    "getEnvironmentSecretMappings",
    "updateEnvironmentSecretMapping",
)
STATEMENTS = ("createStatement", "getStatement", "getStatements")
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
    (INSTANCES, (*TIMES, ("status",))),
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
    (POOLS, (*TIMES, ("metadata", "uid"), ("status",))),
    (CATALOGS, (*TIMES, ("metadata", "uid"))),
    (SECRETS, (*TIMES, ("metadata", "uid"), ("status",))),
    (MAPPINGS, (*TIMES, ("metadata", "uid"))),
    (STATEMENTS, (*TIMES, ("metadata", "uid"), ("status", "detail"), ("status", "traits"))),
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


@variation("defaults-framed", "Shows the frame of the statement defaults of an environment that has none.")
def _(server: Server) -> None:
    def framed(value: JsonObject) -> JsonObject:
        frame: JsonObject = {kind: {"flinkConfiguration": {}} for kind in ("detached", "interactive")}
        return {**value, "statementDefaults": {**frame, **(value.get("statementDefaults") or {})}}

    reshape_each(server, ENVIRONMENTS, framed)


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

    def in_page(value: JsonObject) -> JsonObject:
        pageable = value.get("pageable")
        return {**value, **({"pageable": {**pageable, **extra}} if pageable else {}), **extra}

    reshape(server, LISTS, in_page)

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


@variation(
    "front-refuses-paths",
    "Has a web server in front, which refuses names that it takes for an attack with a page of its own.",
    "CMF-ERR-BODY-HTTP",
)
def _(server: Server) -> None:
    def respond(original: Any, request: Request) -> Wire:
        odd = any(letter == "/" or not "!" <= letter <= "~" for name in request.segments for letter in name)
        if not odd:
            return original(request)  # type: ignore[no-any-return]
        page = b"<!doctype html><h1>HTTP Status 400 - Bad Request</h1>"
        return Wire(400, (("content-type", "text/html;charset=utf-8"),), page)

    replace(server, "respond", respond)


@variation("yaml-like-json", "Writes YAML in the notation of JSON.")
def _(server: Server) -> None:
    replace(server.media, "render_yaml", lambda _original, value: server.media.render_json(value))


@variation("newest-first", "Lists environments and applications from the newest to the oldest.")
def _(server: Server) -> None:
    for listing in ("list_environments", "list_applications"):
        replace(server.store, listing, lambda original, *where: original(*where)[::-1])


def _rewrite_times(
    server: Server, rewrite: Callable[[str], str], operations: Iterable[str] | None = None
) -> None:
    """Write times otherwise in the answers of these operations; without any, in all about applications."""
    fields = ("created_time", "updated_time", "creationTimestamp", "updateTimestamp")

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(one) for one in value]
        if not isinstance(value, dict):
            return value
        return {
            key: rewrite(one) if key in fields and isinstance(one, str) else change(one)
            for key, one in value.items()
            if key != "spec"
        } | ({"spec": value["spec"]} if "spec" in value else {})

    told = [name for names, _paths in OPTIONAL for name in names] if operations is None else operations
    reshape_each(server, told, change)


@variation("times-in-nanoseconds", "Gives times with nanoseconds and the offset +00:00.")
def _(server: Server) -> None:
    _rewrite_times(server, lambda time: f"{time.removesuffix('Z')}000000+00:00")


@variation("times-in-seconds", "Gives times in whole seconds.")
def _(server: Server) -> None:
    _rewrite_times(server, lambda time: f"{time.partition('.')[0]}Z")


@variation(
    "times-of-lists", "Gives times in lists in whole seconds and with +00:00, as it does not elsewhere."
)
def _(server: Server) -> None:
    _rewrite_times(server, lambda time: f"{time.partition('.')[0]}+00:00", (*LISTS, *SQL_LISTS))


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
