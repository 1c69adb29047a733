"""Violations that show only when requests overlap, or directly after a write."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from conformance.reference.faults.tools import Registry, around, replace
from conformance.reference.lifecycle import merged
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()

GAP = 0.03
"""Seconds between looking and writing, during which other requests come in."""

COLLECTIONS = (4, 6)
"""Segments of the paths to which environments and applications are posted."""


def _resource(server: Server, segments: tuple[str, ...], body: Any) -> Environment | Application | None:
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


def _overlapped(
    server: Server, behaviour: Callable[[Environment | Application, JsonObject], Wire | None]
) -> None:
    """Do something when a creation overlaps with another creation of the same name, after it was stored."""

    async def handle(original: Any, request: Request) -> Wire:
        post = request.method == "POST" and len(request.segments) in COLLECTIONS
        try:
            body = server.media.parse(request) if post else None
        except Refusal:
            body = None
        if not isinstance(body, dict) or _resource(server, request.segments, body) is not None:
            return await original(request)  # type: ignore[no-any-return]
        await asyncio.sleep(GAP)
        other = _resource(server, request.segments, body)
        before = copy.copy(other)
        wire: Wire = await original(request)
        if other is None or before is None or wire.status >= 400:
            return wire
        return behaviour(other, body if isinstance(other, Environment) else before.__dict__) or wire

    replace(server, "handle", handle)


@fault(
    "conc-upsert-duplicates",
    "Lists a resource twice when it was created by two requests at once.",
    "CMF-CONC-UPSERT",
)
def _(server: Server) -> None:
    twice: set[Environment | Application] = set()

    def behaviour(resource: Environment | Application, _body: JsonObject) -> None:
        twice.add(resource)

    def listing(original: Any, *where: Any) -> list[Any]:
        return [again for one in original(*where) for again in ([one, one] if one in twice else [one])]

    _overlapped(server, behaviour)
    replace(server.store, "list_environments", listing)
    replace(server.store, "list_applications", listing)


@fault("conc-upsert-mixes", "Mixes what two requests at once said of one resource.", "CMF-CONC-UPSERT")
def _(server: Server) -> None:
    first: dict[str, Any] = {}

    def add_environment(original: Any, environment: Environment) -> None:
        first[environment.name] = environment.settings
        original(environment)

    def behaviour(resource: Environment | Application, before: JsonObject) -> None:
        if isinstance(resource, Environment):
            resource.settings = merged(resource.settings, first.get(resource.name, {}))
            resource.namespace = "mixed"
        else:
            old: JsonObject = before["spec"]
            keys = list(resource.spec)
            resource.spec = {
                **resource.spec,
                **{key: old[key] for key in keys[len(keys) // 2 :] if key in old},
            }
            resource.metadata = before["metadata"]

    replace(server.store, "add_environment", add_environment)
    _overlapped(server, behaviour)


@fault(
    "conc-upsert-500",
    "Answers 500 to the second of two creations at once.",
    "CMF-CONC-UPSERT",
    "CMF-ERR-SERVER",
)
def _(server: Server) -> None:
    def behaviour(_resource: Environment | Application, _body: JsonObject) -> Wire:
        return server.render(server.error(500, "Duplicate key."), "application/json")

    _overlapped(server, behaviour)


@fault("conc-upsert-lost", "Loses a resource that two requests at once create.", "CMF-CONC-UPSERT")
def _(server: Server) -> None:
    def behaviour(resource: Environment | Application, _body: JsonObject) -> None:
        for environment in server.store.list_environments():
            if environment is resource:
                server.store.remove_environment(environment)
            elif resource in environment.applications.values():
                server.store.remove_application(
                    environment,
                    server.applications.store.application(environment, resource.name)
                    or Application("", {}, {}, 0, 0),
                )

    _overlapped(server, behaviour)


@fault(
    "conc-update-stale-list",
    "Lists an application as it was before for 100 ms after an update.",
    "CMF-CONC-READ",
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


@fault("conc-create-late-list", "Lists a new application only after 100 ms.", "CMF-CONC-READ", "CMF-APP-LIST")
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        return [one for one in original(environment) if one.created + 100 < server.clock.now()]

    replace(server.store, "list_applications", list_applications)


@fault(
    "conc-delete-late",
    "Lists a deleted application for another 100 ms.",
    "CMF-CONC-READ",
)
def _(server: Server) -> None:
    ghosts: list[tuple[int, Environment, Application]] = []

    def remove(original: Any, environment: Environment, application: Application) -> None:
        ghosts.append((server.clock.now() + 100, environment, application))
        original(environment, application)

    def list_applications(original: Any, environment: Environment) -> list[Application]:
        now = server.clock.now()
        late = [one for until, where, one in ghosts if now < until and where is environment]
        return [*original(environment), *(one for one in late if one.name not in environment.applications)]

    replace(server.applications, "remove", remove)
    replace(server.store, "list_applications", list_applications)


@fault(
    "conc-update-stale-read",
    "Shows an application as it was before at the first reading after an update.",
    "CMF-CONC-READ",
    "CMF-APP-UPDATE",
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
