"""Violations that only a server that demands a token can commit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from conformance.reference.faults.registry import Registry
from conformance.reference.server import Server
from conformance.reference.values import Refusal, Request

fault = Registry()


def _let_in(server: Server, whom: Callable[[Request], bool]) -> None:
    """Demand no valid token of some requests."""
    authenticate = server.authenticate

    def checked(request: Request) -> None:
        if not whom(request):
            authenticate(request)

    server.authenticate = checked  # type: ignore[method-assign]


def _before_refusing(server: Server, act: Callable[[Request, Refusal], object]) -> None:
    """Do something before a request without a valid token is refused; what that refuses itself is forgotten."""
    authenticate = server.authenticate

    def checked(request: Request) -> None:
        try:
            authenticate(request)
        except Refusal as refusal:
            with suppress(Refusal):
                act(request, refusal)
            raise

    server.authenticate = checked  # type: ignore[method-assign]


def _given(request: Request) -> str:
    return request.headers.get("authorization", "")


@fault(
    "auth-read-open",
    "Answers anybody who asks for a single environment.",
    "CMF-AUTH-MISSING",
    "CMF-AUTH-WRONG",
    "CMF-AUTH-HIDDEN",
    reason=r"reading an existing environment as application/json with no credentials is refused: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    _let_in(server, lambda request: request.method == "GET" and len(request.segments) == 5)  # noqa: PLR2004


@fault(
    "auth-unknown-404",
    "Tells anybody that an environment is unknown.",
    "CMF-AUTH-MISSING",
    "CMF-AUTH-WRONG",
    reason=r"reading an unknown environment as application/json with no credentials is refused: the answer of getEnvironment came with status 404",
)
def _(server: Server) -> None:
    def unknown(request: Request) -> bool:
        single = len(request.segments) == 5  # noqa: PLR2004 - the length of the path of an environment
        return single and server.store.environment(request.segments[4]) is None

    _let_in(server, unknown)


@fault(
    "auth-any-token",
    "Takes any bearer token.",
    "CMF-AUTH-WRONG",
    "CMF-AUTH-REFUSED",
    "CMF-AUTH-HIDDEN",
    reason=r"reading the list of environments as application/json with a token that is not valid is refused: the answer of getEnvironments came with",
)
def _(server: Server) -> None:
    _let_in(server, lambda request: _given(request).startswith("Bearer "))


@fault(
    "auth-delete-done",
    "Refuses a deletion without a token, and deletes.",
    "CMF-AUTH-REFUSED",
    reason=r"an existing environment is as it was after requests with no credentials: the answer of getEnvironment came with status 404",
)
def _(server: Server) -> None:
    def delete(request: Request, _refusal: Refusal) -> None:
        if request.method == "DELETE":
            server.perform(server.router.call(request))

    _before_refusing(server, delete)


@fault(
    "auth-refusal-shows",
    "Shows in a refusal what was asked for.",
    "CMF-AUTH-HIDDEN",
    reason=r"the answer about the list of environments with no credentials shows nothing of it: the answer shows what was asked for",
)
def _(server: Server) -> None:
    def show(request: Request, refusal: Refusal) -> None:
        if request.method == "GET":
            refusal.message += f" {server.perform(server.router.call(request)).value}"

    _before_refusing(server, show)


@fault(
    "auth-instance-open",
    "Answers anybody who asks for a single instance of an application.",
    "CMF-AUTH-MISSING",
    "CMF-AUTH-WRONG",
    reason=r"reading an instance with no credentials is refused: the answer of getApplicationInstance came with status 404",
)
def _(server: Server) -> None:
    def single(request: Request) -> bool:
        return len(request.segments) == 9 and request.segments[7] == "instances"  # noqa: PLR2004

    _let_in(server, single)
