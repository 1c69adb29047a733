"""Violations of conditional reading."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import hashlib
import json
from typing import Any

from conformance.reference.conditional import TAGGED
from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import around, replace, with_header
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, Headers, JsonObject, Request, Wire
from conformance.reference.wire import Send

fault = Registry()


def _tag_by(server: Server, operations: tuple[str, ...], essence: Any) -> None:
    """Tag the answers of the operations by something less than their whole content."""

    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        if operation not in operations or answer.status != 200:
            return original(request, operation, answer, media_type)  # type: ignore[no-any-return]
        known = json.dumps([request.segments, request.query, media_type, essence(answer.value)], default=str)
        tag = f'"{hashlib.sha256(known.encode()).hexdigest()[:32]}"'
        wire = with_header(server.render(answer, media_type), "etag", tag)
        asked = request.headers.get("if-none-match")
        if asked is not None and server.conditional.matches(asked, tag):
            return server.conditional.not_modified(wire.headers)
        return wire

    replace(server, "deliver", deliver)


@fault(
    "cache-tag-by-name",
    "Gives an application the same ETag for ever.",
    "CMF-CACHE-CHANGED",
    reason=r"getApplication after an update: the answer of getApplication came with status 304",
)
def _(server: Server) -> None:
    _tag_by(server, ("getApplication",), lambda _value: None)


@fault(
    "cache-tag-by-generation",
    "Makes the ETag of an application of its name and the number of its updates, which begin anew with each.",
    "CMF-CACHE-CHANGED",
    reason=r"getApplication after a deletion and a creation anew: the answer of getApplication came with status 304",
)
def _(server: Server) -> None:
    updates: dict[str, int] = {}

    def count(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if answer.status == 201:
            uid = answer.value["metadata"]["uid"]
            updates[uid] = updates.get(uid, 0) + 1
        return answer

    around(server, ["createOrUpdateApplication"], count)
    _tag_by(
        server,
        ("getApplication",),
        lambda value: [updates.get(value["metadata"]["uid"]), value["spec"].get("job"), value.get("status")],
    )


@fault(
    "cache-tag-by-spec",
    "Does not change the ETag of an application with its labels and annotations.",
    "CMF-CACHE-CHANGED",
    reason=r"getApplication after a change of labels alone: the answer of getApplication came with status 304",
)
def _(server: Server) -> None:
    _tag_by(server, ("getApplication",), lambda value: value["spec"])


@fault(
    "cache-tag-by-state",
    "Does not change the ETag of an application with its spec.",
    "CMF-CACHE-CHANGED",
    reason=r"getApplication after an update: the answer of getApplication came with status 304",
)
def _(server: Server) -> None:
    _tag_by(server, ("getApplication",), lambda value: [value["metadata"]["uid"], value["spec"].get("job")])


@fault(
    "cache-list-tag-by-spec",
    "Does not change the ETag of a list of applications with their labels and annotations.",
    "CMF-CACHE-CHANGED",
    reason=r"getApplications after a change of the labels of one alone: the answer of getApplications came with status 304",
)
def _(server: Server) -> None:
    def essence(value: JsonObject) -> list[Any]:
        return [[item["metadata"]["name"], item["spec"], item.get("status")] for item in value["items"]]

    _tag_by(server, ("getApplications",), essence)


@fault(
    "cache-list-tag-without-statement-defaults",
    "Does not change the ETag of a list of environments with their statement defaults.",
    "CMF-CACHE-CHANGED",
    reason=r"getEnvironments after an update of the statement defaults of one alone: the answer of getEnvironments came",
)
def _(server: Server) -> None:
    unseen = ("statementDefaults", "updated_time")

    def essence(value: JsonObject) -> list[Any]:
        return [{key: part for key, part in item.items() if key not in unseen} for item in value["items"]]

    _tag_by(server, ("getEnvironments",), essence)


@fault(
    "cache-list-tag-by-size",
    "Does not change the ETag of a list with an update.",
    "CMF-CACHE-CHANGED",
    reason=r"getEnvironments after an update of one: the answer of getEnvironments came with status 304",
)
def _(server: Server) -> None:
    _tag_by(server, ("getEnvironments", "getApplications"), lambda value: value["metadata"]["size"])


@fault(
    "cache-list-tag-by-first",
    "Does not change the ETag of a list unless its first item changes.",
    "CMF-CACHE-CHANGED",
    reason=r"getEnvironments after an update of one: the answer of getEnvironments came with status 304",
)
def _(server: Server) -> None:
    _tag_by(server, ("getEnvironments", "getApplications"), lambda value: value["items"][:1])


@fault(
    "cache-list-tag-by-newest",
    "Does not change the ETag of a list with a deletion.",
    "CMF-CACHE-CHANGED",
    reason=r"getEnvironments after a deletion: the answer of getEnvironments came with status 304",
)
def _(server: Server) -> None:
    def essence(_value: Any) -> Any:
        every = server.store.list_environments()
        applications = [one.updated for environment in every for one in environment.applications.values()]
        newest.append(
            max([environment.updated for environment in every] + applications + newest[-1:], default=0)
        )
        return newest[-1]

    newest: list[int] = []
    _tag_by(server, ("getEnvironments", "getApplications"), essence)


def _matches(server: Server, matches: Any) -> None:
    replace(server.conditional, "matches", matches)


@fault(
    "cache-any-tag-matches",
    "Answers 304 to any If-None-Match.",
    "CMF-CACHE-UNCONDITIONAL",
    "CMF-CACHE-CHANGED",
    reason=r"getEnvironments without condition, and with a tag never given: the answer of getEnvironments came with status 304",
)
def _(server: Server) -> None:
    _matches(server, lambda _original, _if_none_match, _tag: True)


@fault(
    "cache-foreign-tag-matches",
    "Answers 304 to an ETag that it never gave.",
    "CMF-CACHE-UNCONDITIONAL",
    reason=r"getEnvironments without condition, and with a tag never given: the answer of getEnvironments came with status 304",
)
def _(server: Server) -> None:
    given: set[str] = set()

    def apply(original: Any, operation: str, wire: Wire, if_none_match: str | None) -> Wire:
        if wire.status == 200 and operation in TAGGED:
            given.add(server.conditional.tag(wire))
        return original(operation, wire, if_none_match)  # type: ignore[no-any-return]

    def matches(original: Any, if_none_match: str, tag: str) -> bool:
        return bool(original(if_none_match, tag)) or if_none_match not in given

    replace(server.conditional, "apply", apply)
    _matches(server, matches)


@fault(
    "cache-304-once-asked",
    "Answers 304 to a reading without condition, once it has told somebody so who had one.",
    "CMF-CACHE-UNCONDITIONAL",
    reason=r"answers of getApplication: 304 in answer to a request without condition",
)
def _(server: Server) -> None:
    told: set[tuple[Any, ...]] = set()

    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        if operation != "getApplication":
            return wire
        key = (request.segments, dict(wire.headers).get("etag"))
        if wire.status == 304:
            told.add(key)
        elif key in told and "if-none-match" not in request.headers:
            return server.conditional.not_modified(wire.headers)
        return wire

    replace(server, "deliver", deliver)


@fault(
    "cache-304-without-tag",
    "Sends no ETag with 304.",
    "CMF-CACHE-ETAG",
    reason=r"answers of getEnvironments: a 304 came without ETag",
)
def _(server: Server) -> None:
    def not_modified(original: Any, headers: Headers) -> Wire:
        return original(tuple(header for header in headers if header[0] != "etag"))  # type: ignore[no-any-return]

    replace(server.conditional, "not_modified", not_modified)


@fault(
    "cache-304-other-tag",
    "Sends another ETag with 304 than with the answer it stands for.",
    "CMF-CACHE-ETAG",
    reason=r"a 304 of getEnvironments carries the ETag: a 304 came without the ETag of the answer it stands for",
)
def _(server: Server) -> None:
    def not_modified(original: Any, headers: Headers) -> Wire:
        return with_header(original(headers), "etag", '"not-modified"')

    replace(server.conditional, "not_modified", not_modified)


@fault(
    "cache-304-with-body",
    "Sends the content along with 304.",
    "CMF-CACHE-BODY",
    reason=r"answers of getEnvironments: a 304 came with [0-9]+ bytes of content",
)
def _(server: Server) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        if wire.status != 304:
            return wire
        # The connection ends with it, so that the next answer on it is not taken for a part of this one.
        headers = (*wire.headers, ("content-type", media_type), ("connection", "close"))
        return Wire(304, headers, server.render(answer, media_type).body)

    async def transmit(original: Any, send: Send, wire: Wire) -> None:
        if wire.status == 304 and wire.body:
            length = (b"content-length", str(len(wire.body)).encode())
            headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in wire.headers]
            await send({"type": "http.response.start", "status": 304, "headers": [*headers, length]})
            await send({"type": "http.response.body", "body": wire.body})
        else:
            await original(send, wire)

    replace(server, "deliver", deliver)
    replace(server, "transmit", transmit)
