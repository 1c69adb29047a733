"""Violations that only a detour shows: coming back, sorting by what is equal, looking below."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.faults.routes import APPLICATION_LENGTH
from conformance.reference.replacing import around, own_paging, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request

fault = Registry()


@fault(
    "env-create-adopts-refused",
    "Gives a new environment the applications that were refused because it did not exist.",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    reason=r"nor is it there once the environment is created: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    refused: list[Call] = []

    def post(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            refused.append(call)
        return original(call)

    def create(original: Any, draft: Any) -> Environment:
        made: Environment = original(draft)
        for call in refused:
            if call.path["envName"] == made.name:
                with suppress(Refusal):
                    server.applications.post(call)
        return made

    around(server, ["createOrUpdateApplication"], post)
    replace(server.environments, "create", create)


@fault(
    "page-sort-ties-turned",
    "Turns the order of environments in the same namespace around on every page but the first, when sorted by it.",
    "CMF-PAGE-PARTITION",
    reason=r"pages sorted by what is the same for all hold each once: (with sort=kubernetesNamespace .* occurs twice|sorted pages miss some)",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        tied = tuple(request.parameters("sort")) == ("kubernetesNamespace",)
        later = request.parameter("page") not in {None, "0"}
        return original(request, items[::-1] if tied and later else items, properties, view)  # type: ignore[no-any-return]

    replace(own_paging(server, server.environments), "page", page)


@fault(
    "error-route-below-application-200",
    "Answers any path below an existing application with the application.",
    "CMF-ERR-ROUTE",
    "CMF-ERR-ROUTE-BODY",
    reason=r"GET .*/applications/\{application\}/hello is not found: the answer of GET .*/hello came with status 200",
)
def _(server: Server) -> None:
    def call(original: Any, request: Request) -> Call:
        try:
            return original(request)  # type: ignore[no-any-return]
        except Refusal as refusal:
            below = len(request.segments) == APPLICATION_LENGTH + 1 and request.segments[5] == "applications"
            if refusal.status != 404 or not below:
                raise
            parts = dict(zip(("envName", "appName"), request.segments[4:7:2], strict=True))
            environment = server.store.environment(parts["envName"])
            if environment is None or server.store.application(environment, parts["appName"]) is None:
                raise
            return Call(request, "getApplication", parts)

    replace(server.router, "call", call)
