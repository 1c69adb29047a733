"""Violations that show only when requests overlap, or directly after a write."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.media import JSON
from conformance.reference.replacing import around, replace
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()

GAP = 0.02
"""Seconds between looking and writing, during which other requests come in."""

COLLECTIONS = (4, 6)
"""Segments of the paths to which environments and applications are posted."""


def _resource(
    server: Server, segments: tuple[str, ...], body: JsonObject
) -> Environment | Application | None:
    """The resource that a body posted there names, if it exists."""
    if len(segments) == COLLECTIONS[0]:
        name = body.get("name")
        return server.store.environment(name) if isinstance(name, str) else None
    environment = server.store.environment(segments[4])
    metadata = body.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return (
        server.store.application(environment, name)
        if environment is not None and isinstance(name, str)
        else None
    )


Resource = Environment | Application


def _overlapped(server: Server, behaviour: Callable[[Resource, Resource], Wire | None]) -> None:
    """Do something when a creation overlaps with another one of the same name.

    ``behaviour`` gets the resource after both were stored, and what the other one had stored.
    """

    async def handle(original: Any, request: Request) -> Wire:
        post = request.method == "POST" and len(request.segments) in COLLECTIONS
        try:
            body = server.media.parse(request) if post else None
        except Refusal:
            body = None
        if not isinstance(body, dict) or _resource(server, request.segments, body) is not None:
            return await original(request)  # type: ignore[no-any-return]
        await asyncio.sleep(GAP)
        resource = _resource(server, request.segments, body)
        before = copy.copy(resource)
        wire: Wire = await original(request)
        if resource is None or before is None or wire.status >= 400:
            return wire
        return behaviour(resource, before) or wire

    replace(server, "handle", handle)


@fault(
    "conc-upsert-duplicates",
    "Lists a resource twice when two requests at once created it.",
    "CMF-CONC-UPSERT",
    reason=r".* parallel upserts of one new environment, round .*: the environment is listed .* times",
)
def _(server: Server) -> None:
    twice: set[Resource] = set()

    def behaviour(resource: Resource, _before: Resource) -> None:
        twice.add(resource)

    def listing(original: Any, *where: Any) -> list[Any]:
        return [again for one in original(*where) for again in ([one, one] if one in twice else [one])]

    _overlapped(server, behaviour)
    replace(server.store, "list_environments", listing)
    replace(server.store, "list_applications", listing)


@fault(
    "conc-upsert-mixes",
    "Mixes what two requests at once said of one resource.",
    "CMF-CONC-UPSERT",
    reason=r".* parallel upserts of one new (?:application|environment), round .*: what is stored is none of what was sent",
)
def _(server: Server) -> None:
    def mixed(new: JsonObject, old: JsonObject) -> JsonObject:
        """Every second part of the new value, the others of the old one."""
        return {
            key: old.get(key, part) if place % 2 else part for place, (key, part) in enumerate(new.items())
        }

    def behaviour(resource: Resource, before: Resource) -> None:
        if isinstance(resource, Environment) and isinstance(before, Environment):
            resource.settings = mixed(resource.settings, before.settings)
            resource.namespace = before.namespace
        elif isinstance(resource, Application) and isinstance(before, Application):
            resource.spec = mixed(resource.spec, before.spec)
            resource.metadata = before.metadata

    _overlapped(server, behaviour)


@fault(
    "conc-upsert-500",
    "Answers 500 to the second of two creations at once.",
    "CMF-CONC-UPSERT",
    "CMF-ERR-SERVER",
    reason=r".* parallel upserts of one new environment, round .*: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    def behaviour(_resource: Resource, _before: Resource) -> Wire:
        return server.render(server.error(500, "Duplicate key."), JSON)

    _overlapped(server, behaviour)


@fault(
    "conc-upsert-lost",
    "Loses a resource that two requests at once create.",
    "CMF-CONC-UPSERT",
    reason=r".* parallel upserts of one new environment, round .*: the environment is listed .* times",
)
def _(server: Server) -> None:
    def behaviour(resource: Resource, _before: Resource) -> None:
        for environment in server.store.list_environments():
            if environment is resource:
                server.store.remove_environment(environment)
            elif environment.applications.get(resource.name) is resource:
                del environment.applications[resource.name]

    _overlapped(server, behaviour)


@fault(
    "conc-update-stale-list",
    "Lists an application as it was before for 100 ms after an update.",
    "CMF-CONC-READ",
    reason=r"an update of an application is there at once, round .*: in the list, the updated application: /spec/flinkConfiguration/version is not as",
)
def _(server: Server) -> None:
    before: dict[str, tuple[int, Any]] = {}

    def update(
        original: Any, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        before[application.uid] = (server.clock.now() + 100, application.spec)
        return original(environment, application, draft)  # type: ignore[no-any-return]

    def view_in_list(original: Any, application: Application) -> JsonObject:
        until, spec = before.get(application.uid, (0, None))
        view: JsonObject = original(application)
        return {**view, "spec": spec} if server.clock.now() < until else view

    replace(server.applications, "update", update)
    replace(server.applications, "view_in_list", view_in_list)


@fault(
    "conc-create-late-list",
    "Lists a new application only when its list is read the second time.",
    "CMF-CONC-READ",
    "CMF-APP-LIST",
    "CMF-APP-LIST-SCOPE",
    "CMF-APP-NAME-MAX",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-RECREATE",
    "CMF-APP-UNIQUE",
    "CMF-CONC-UPSERT",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-ZERO",
    reason=r"a new application is there at once, round .*: the new application is not in the list",
)
def _(server: Server) -> None:
    looked: set[str] = set()

    def list_applications(original: Any, environment: Environment) -> list[Application]:
        there: list[Application] = original(environment)
        known = [one for one in there if one.uid in looked]
        looked.update(one.uid for one in there)
        return known

    replace(server.store, "list_applications", list_applications)


@fault(
    "conc-update-stale-read",
    "Shows an application as it was before at the first reading after an update.",
    "CMF-CONC-READ",
    "CMF-APP-UPDATE",
    "CMF-APP-REFUSED",
    "CMF-APP-REPLACE",
    "CMF-CONC-UPSERT",
    reason=r"an update of an application is there at once, round .*: the updated application: /spec/flinkConfiguration/version is not as stored",
)
def _(server: Server) -> None:
    before: dict[str, Any] = {}

    def update(
        original: Any, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        before[application.uid] = application.spec
        return original(environment, application, draft)  # type: ignore[no-any-return]

    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        old = before.pop(answer.value["metadata"]["uid"], None)
        return answer if old is None else Answer(200, {**answer.value, "spec": old})

    replace(server.applications, "update", update)
    around(server, ["getApplication"], get)
