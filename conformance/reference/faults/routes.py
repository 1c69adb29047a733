"""Violations by routes and methods that the contract does not have."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import replace
from conformance.reference.server import Server
from conformance.reference.values import Call, Refusal, Request, Wire

fault = Registry()

ENVIRONMENT_LENGTH, APPLICATION_LENGTH = 5, 7


def _route(server: Server, status: int, *, inside: bool) -> None:
    def unknown_route(original: Any, request: Request) -> Refusal:
        refusal: Refusal = original(request)
        ours = (request.segments[:2] == ("cmf", "api")) is inside
        return Refusal(status, refusal.message) if ours else refusal

    replace(server.router, "unknown_route", unknown_route)


@fault(
    "error-route-outside-200",
    "Answers 200 to an unknown route outside the API.",
    "CMF-ERR-ROUTE",
    reason=r"GET /hello is not found: the answer of GET http://.*\..*:.*/hello came with status 200",
)
def _(server: Server) -> None:
    def respond(original: Any, request: Request) -> Wire:
        wire: Wire = original(request)
        outside = request.segments[:2] != ("cmf", "api") and wire.status == 404 and request.method == "GET"
        return Wire(200, wire.headers, wire.body) if outside else wire

    replace(server, "respond", respond)


@fault(
    "error-route-inside-400",
    "Answers 400 to an unknown route inside the API.",
    "CMF-ERR-ROUTE",
    reason=r"GET /cmf/api/v.*/hello is not found: the answer of GET http://.*\..*:.*/cmf/api/v.*/hello came with status 400",
)
def _(server: Server) -> None:
    _route(server, 400, inside=True)


@fault(
    "error-route-message",
    "Says of an unknown route only that it is not found.",
    "CMF-ERR-ROUTE-BODY",
    reason=r"GET /hello says so: the message does not begin with Resource not found",
)
def _(server: Server) -> None:
    replace(server.router, "unknown_route", lambda _original, _request: Refusal(404, "Not Found"))


@fault(
    "error-route-slash",
    "Names an unknown route with the slash it begins with.",
    "CMF-ERR-ROUTE-BODY",
    reason=r"GET /hello says what the example of the documentation says: it is not the message of the example",
)
def _(server: Server) -> None:
    def unknown(_original: Any, request: Request) -> Refusal:
        return Refusal(404, f"Resource not found: [/{request.path}]")

    replace(server.router, "unknown_route", unknown)


@fault(
    "error-route-root",
    "Says of the root of the server something else than of other unknown routes.",
    "CMF-ERR-ROUTE-BODY",
    reason=r"GET / says what the example of the documentation says: it is not the message of the example",
)
def _(server: Server) -> None:
    def unknown(original: Any, request: Request) -> Refusal:
        return original(request) if request.path else Refusal(404, "Resource not found: [index]")

    replace(server.router, "unknown_route", unknown)


@fault(
    "error-route-empty",
    "Answers an unknown route without a body.",
    "CMF-ERR-ROUTE-BODY",
    reason=r"GET /hello says so: the answer of GET http://.*\..*:.*/hello has no readable body",
)
def _(server: Server) -> None:
    def respond(original: Any, request: Request) -> Wire:
        wire: Wire = original(request)
        return Wire(404) if wire.body.startswith(b'{"errors":[{"message":"Resource not found: [') else wire

    replace(server, "respond", respond)


def _accept_method(server: Server, method: str, length: int, accept: Any) -> None:
    """Let a method that the contract does not have do something."""

    def call(original: Any, request: Request) -> Call:
        ours = request.segments[:4] == ("cmf", "api", "v1", "environments")
        if request.method != method or len(request.segments) != length or not ours:
            return original(request)  # type: ignore[no-any-return]
        return accept(request, original)  # type: ignore[no-any-return]

    replace(server.router, "call", call)


@fault(
    "error-put-updates",
    "Updates an application with PUT.",
    "CMF-ERR-METHOD",
    reason=r"PUT on a single application is refused: it was not refused",
)
def _(server: Server) -> None:
    def accept(request: Request, _original: Any) -> Call:
        return Call(request, "createOrUpdateApplication", {"envName": request.segments[4]})

    _accept_method(server, "PUT", APPLICATION_LENGTH, accept)


@fault(
    "error-patch-updates",
    "Updates an environment with PATCH.",
    "CMF-ERR-METHOD",
    reason=r"PATCH on a single environment is refused: it was not refused",
)
def _(server: Server) -> None:
    _accept_method(
        server,
        "PATCH",
        ENVIRONMENT_LENGTH,
        lambda request, _original: Call(request, "createOrUpdateEnvironment", {}),
    )


@fault(
    "error-post-reads",
    "Answers POST on a single environment like GET.",
    "CMF-ERR-METHOD",
    reason=r"POST on a single environment is refused: it was not refused",
)
def _(server: Server) -> None:
    def accept(request: Request, _original: Any) -> Call:
        return Call(request, "getEnvironment", {"envName": request.segments[4]})

    _accept_method(server, "POST", ENVIRONMENT_LENGTH, accept)


@fault(
    "error-put-refused-deletes",
    "Refuses PUT on an application and deletes it.",
    "CMF-ERR-METHOD",
    reason=r"PUT on a single application changes nothing: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    def accept(request: Request, original: Any) -> Call:
        environment = server.store.environment(request.segments[4])
        if environment is not None:
            environment.applications.pop(request.segments[6], None)
        return original(request)  # type: ignore[no-any-return]

    _accept_method(server, "PUT", APPLICATION_LENGTH, accept)
