"""Violations by errors: their status and their body."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.media import JSON, YAML
from conformance.reference.replacing import answer_with, around, replace, with_header
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, Refusal, Request, Wire
from conformance.reference.wire import Send, begin

fault = Registry()

"""Segments of the path of one environment, and of one application."""


class Cut(Wire):
    """An answer that ends before its body."""


def _cut(server: Server, wanted: Any) -> None:
    """Close the connection instead of answering the wanted requests."""

    async def handle(original: Any, request: Request) -> Wire:
        return Cut(200) if wanted(request) else await original(request)

    async def transmit(original: Any, send: Send, wire: Wire) -> None:
        if isinstance(wire, Cut):
            await begin(send, wire, 1)
        else:
            await original(send, wire)

    replace(server, "handle", handle)
    replace(server, "transmit", transmit)


@fault(
    "error-deep-body-closes",
    "Closes the connection when a body is nested deeply.",
    "CMF-ERR-ANSWER",
    reason=r"answers to POST: no answer to POST http://.*\..*:.*/cmf/api/v.*/environments",
)
def _(server: Server) -> None:
    _cut(server, lambda request: max(request.body.count(b"["), request.body.count(b"{")) > 60)


@fault(
    "error-long-path-closes",
    "Closes the connection when a path is longer than 280 characters.",
    "CMF-ERR-ANSWER",
    reason=r"answers to GET: no answer to GET",
)
def _(server: Server) -> None:
    _cut(server, lambda request: request.method == "GET" and len(request.path) > 310)


@fault(
    "error-long-name-500",
    "Answers 500 when a path names more than 253 characters.",
    "CMF-ERR-SERVER",
    reason=r"answers of getEnvironment: a request was answered with 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda call: any(len(name) > 253 for name in call.path.values()))


@fault(
    "error-non-ascii-path-500",
    "Answers 500 when a path names characters outside ASCII.",
    "CMF-ERR-SERVER",
    reason=r"answers of getEnvironment: a request was answered with 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda call: not all(name.isascii() for name in call.path.values()))


def _fall_over(server: Server, hostile: Any) -> None:
    def perform(original: Any, call: Call) -> Answer:
        if hostile(call):
            raise Refusal(500, "Internal error.")
        return original(call)  # type: ignore[no-any-return]

    replace(server, "perform", perform)


@fault(
    "error-patch-501",
    "Answers 501 to PATCH.",
    "CMF-ERR-SERVER",
    "CMF-ERR-METHOD",
    reason=r"answers of other routes: a request was answered with 501",
)
def _(server: Server) -> None:
    def wrong_method(original: Any, request: Request, allowed: list[str]) -> Refusal:
        if request.method == "PATCH":
            return Refusal(501, "PATCH is not implemented.")
        return original(request, allowed)  # type: ignore[no-any-return]

    replace(server.router, "wrong_method", wrong_method)


@fault(
    "error-get-203",
    "Answers the reading of an environment with 203.",
    "CMF-ERR-STATUS",
    "CMF-ENV-GET",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-CHARSET",
    "CMF-CONTENT-HOSTILE",
    "CMF-CONTENT-SAME",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-TYPE",
    "CMF-CONTENT-TYPES",
    "CMF-CONTENT-UNICODE",
    "CMF-CONTENT-YAML-BODY",
    "CMF-ENV-LIST",
    "CMF-ENV-NAME-LEGAL",
    "CMF-ENV-NAME-MAX",
    "CMF-ENV-NAME-MIN",
    "CMF-ENV-REPLACE",
    "CMF-ENV-UPDATE",
    "CMF-TIME-READ",
    reason=r"answers of getEnvironment: getEnvironment answered the undocumented status 203",
)
def _(server: Server) -> None:
    answer_with(server, ["getEnvironment"], 203)


@fault(
    "error-list-206",
    "Answers a page of environments that is not the whole list with 206.",
    "CMF-ERR-STATUS",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-MALFORMED",
    "CMF-ENV-DELETE",
    "CMF-ENV-LIST",
    "CMF-ENV-NAME-MAX",
    "CMF-ENV-NAME-REFUSED",
    "CMF-ENV-UNIQUE",
    "CMF-PAGE-HOSTILE",
    "CMF-PAGE-SORT-MULTIPLE",
    "CMF-TIME-READ",
    reason=r"answers of getEnvironments: getEnvironments answered the undocumented status 206",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        part = len(answer.value["items"]) < answer.value["metadata"]["size"]
        return Answer(206 if part else 200, answer.value)

    around(server, ["getEnvironments"], listing)


@fault(
    "error-unknown-410",
    "Answers 410 for an unknown application.",
    "CMF-ERR-STATUS",
    "CMF-APP-GET-UNKNOWN",
    "CMF-APP-DELETE",
    reason=r"answers of getApplication: getApplication answered the undocumented status 410",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            raise Refusal(410, refusal.message) from None

    around(server, ["getApplication"], get)


def _error(server: Server, change: Any, *statuses: int) -> None:
    """Change the body of the errors with these statuses, of all when none is named."""

    def error(original: Any, status: int, *details: Any) -> Answer:
        answer: Answer = original(status, *details)
        if statuses and status not in statuses:
            return answer
        return Answer(status, change(answer.value["errors"][0]["message"]), answer.headers)

    replace(server, "error", error)


@fault(
    "error-spring",
    "Shows errors in the form of a framework.",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-ROUTE-BODY",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of getApplication: 404: it holds no message",
)
def _(server: Server) -> None:
    def error(original: Any, status: int, *details: Any) -> Answer:
        answer: Answer = original(status, *details)
        message = answer.value["errors"][0]["message"]
        return Answer(status, {"status": status, "error": message, "path": "/"}, answer.headers)

    replace(server, "error", error)


@fault(
    "error-flat",
    "Shows a 400 as one message without a list.",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of createOrUpdateApplication: 400: it holds no message",
)
def _(server: Server) -> None:
    _error(server, lambda message: {"message": message}, 400)


@fault(
    "error-texts",
    "Gives the errors of a 404 as strings.",
    "CMF-ERR-BODY",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-ROUTE-BODY",
    reason=r"answers of getApplication: 404: /errors/.*: .* is not of type .*",
)
def _(server: Server) -> None:
    _error(server, lambda message: {"errors": [message]}, 404)


@fault(
    "error-list",
    "Gives the errors of a 422 as an array at the top.",
    "CMF-ERR-BODY",
    reason=r"answers of createOrUpdateApplication: 422: the body is no object",
)
def _(server: Server) -> None:
    _error(server, lambda message: [{"message": message}], 422)


@fault(
    "error-message-object",
    "Gives the message of a 422 as an object.",
    "CMF-ERR-BODY",
    reason=r"answers of createOrUpdateApplication: 422: /errors/.*/message: \{.*:.*\} is not of type .*",
)
def _(server: Server) -> None:
    _error(server, lambda message: {"errors": [{"message": {"text": message}}]}, 422)


@fault(
    "error-html",
    "Shows a 400 as an HTML page.",
    "CMF-ERR-BODY",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-BODY-HTTP",
    "CMF-ERR-NEGOTIATED",
    reason=r"answers of createOrUpdateApplication: 400: the body is declared as text/html",
)
def _(server: Server) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        page = Wire(wire.status, wire.headers, b"<html><body><h1>400 Bad Request</h1></body></html>")
        return with_header(page, "content-type", "text/html") if wire.status == 400 else wire

    replace(server, "deliver", deliver)


@fault(
    "error-without-body",
    "Answers the deletion of an unknown environment without a body.",
    "CMF-ERR-BODY",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-NEGOTIATED",
    reason=r"answers of deleteEnvironment: 404: the body is not declared by a Content-Type",
)
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            return Answer(refusal.status)

    around(server, ["deleteEnvironment"], delete)


@fault(
    "error-empty",
    "Shows a 404 without any error.",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-ROUTE-BODY",
    reason=r"answers of getApplication: 404: it holds no message",
)
def _(server: Server) -> None:
    _error(server, lambda _message: {"errors": []}, 404)


@fault(
    "error-blank",
    "Shows a 400 with a blank message.",
    "CMF-ERR-MESSAGE",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of createOrUpdateApplication: 400: it holds no message",
)
def _(server: Server) -> None:
    _error(server, lambda _message: {"errors": [{"message": " "}]}, 400)


def _without_body(server: Server, *statuses: int) -> None:
    def error(original: Any, status: int, *details: Any) -> Answer:
        answer: Answer = original(status, *details)
        return Answer(status, headers=answer.headers) if status in statuses else answer

    replace(server, "error", error)


@fault(
    "error-405-without-body",
    "Answers 405 without a body.",
    "CMF-ERR-BODY-HTTP",
    reason=r"the refusal of PUT on a single environment says something: the answer of PUT",
)
def _(server: Server) -> None:
    _without_body(server, 405)


@fault(
    "error-406-without-body",
    "Answers 406 without a body.",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of getEnvironment: 406: the body is not declared by a Content-Type",
)
def _(server: Server) -> None:
    _without_body(server, 406)


@fault(
    "error-415-plain",
    "Answers 415 with a body of another form.",
    "CMF-ERR-BODY-HTTP",
    reason=r"answers of createOrUpdateEnvironment: 415: it holds no message",
)
def _(server: Server) -> None:
    _error(server, lambda message: {"title": "Unsupported Media Type", "detail": message}, 415)


@fault(
    "error-no-message",
    "Shows a 422 whose error has no message.",
    "CMF-ERR-MESSAGE",
    reason=r"answers of createOrUpdateApplication: 422: it holds no message",
)
def _(server: Server) -> None:
    _error(server, lambda _message: {"errors": [{}]}, 422)


@fault(
    "error-always-json",
    "Shows errors in JSON when YAML is asked for.",
    "CMF-ERR-NEGOTIATED",
    reason=r"answers of getEnvironment: asked for application/yaml, the error is declared as application/json",
)
def _(server: Server) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        return original(request, operation, answer, JSON if answer.status >= 400 else media_type)  # type: ignore[no-any-return]

    replace(server, "deliver", deliver)


@fault(
    "error-yaml-declared-json",
    "Declares errors in YAML as JSON.",
    "CMF-ERR-NEGOTIATED",
    "CMF-ERR-BODY",
    "CMF-ERR-BODY-HTTP",
    reason=r"an unknown environment, accepting application/yaml: the error is not of the type asked for",
)
def _(server: Server) -> None:
    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        wrong = answer.status >= 400 and media_type == YAML
        return with_header(wire, "content-type", JSON) if wrong else wire

    replace(server, "deliver", deliver)
