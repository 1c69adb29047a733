"""The few ways to replace one behaviour of a server that was built, for faults and variations."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from conformance.reference.media import YAML
from conformance.reference.paging import Paging
from conformance.reference.resources.common import Handler, Resources
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, Headers, JsonObject, Refusal, Request, Wire

Apply = Callable[[Server], None]
Change = Callable[[Any], Any]

READ_ENVIRONMENTS = ("getEnvironment", "getEnvironments")
ENVIRONMENTS = ("createOrUpdateEnvironment", *READ_ENVIRONMENTS)
READ_APPLICATIONS = ("getApplication", "getApplications")
APPLICATIONS = ("createOrUpdateApplication", *READ_APPLICATIONS, "startApplication", "suspendApplication")
INSTANCES = ("getApplicationInstance", "getApplicationInstances")
EVENTS = ("getApplicationEvents",)


def replace(owner: object, name: str, behaviour: Callable[..., Any]) -> None:
    """Let the owner do ``behaviour(original, ...)`` where it did ``original(...)``."""
    setattr(owner, name, partial(behaviour, getattr(owner, name)))


def around(server: Server, operations: Iterable[str], behaviour: Callable[[Handler, Call], Answer]) -> None:
    """Let the operations do ``behaviour(original, call)``."""
    for operation in operations:
        server.handlers[operation] = partial(behaviour, server.handlers[operation])


def reshape(server: Server, operations: Iterable[str], change: Change) -> None:
    """Change the whole value that the operations answer; ``change`` gets a copy of its own."""

    def behaviour(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if not answer.has_value:
            return answer
        return Answer(answer.status, change(copy.deepcopy(answer.value)), answer.headers)

    around(server, operations, behaviour)


def reshape_each(server: Server, operations: Iterable[str], change: Change) -> None:
    """Change every resource that the operations answer, alone or in the items of a list."""

    def each(value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("items"), list):
            return {**value, "items": [change(item) for item in value["items"]]}
        return change(value)

    reshape(server, operations, each)


def own_paging(server: Server, *kinds: Resources) -> Paging:
    """Give the lists of these kinds a paging of their own, and return it.

    Without kinds: those of environments, applications, instances and events.
    """
    paging = copy.copy(server.paging)
    for kind in kinds or (server.environments, server.applications, server.instances, server.events):
        kind.tools = dataclasses.replace(kind.tools, paging=paging)
    return paging


def answer_with(server: Server, operations: Iterable[str], status: int) -> None:
    """Answer a success of the operations with another status."""

    def behaviour(original: Handler, call: Call) -> Answer:
        answer = original(call)
        return Answer(status, answer.value, answer.headers)

    around(server, operations, behaviour)


def unknown_as_yaml(server: Server, operations: Iterable[str]) -> None:
    """Answer 200 with an empty document for what does not exist, when it is asked for as YAML."""

    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            wanted = server.media.wanted(call.request.headers.get("accept"))
            if refusal.status != 404 or wanted != YAML:  # noqa: PLR2004
                raise
            return Answer(200, {})

    around(server, operations, behaviour)


def drop(*path: str) -> Change:
    """A change that takes away what lies at the path."""

    def change(value: Any) -> Any:
        parent = _parent(value, path)
        if parent is not None:
            parent.pop(path[-1], None)
        return value

    return change


def put(new: Any, *path: str) -> Change:
    """A change that puts a value at the path, if there is a place for it."""

    def change(value: Any) -> Any:
        parent = _parent(value, path)
        if parent is not None:
            parent[path[-1]] = new
        return value

    return change


def at(function: Change, *path: str) -> Change:
    """A change that puts ``function(old)`` in the place of what lies at the path."""

    def change(value: Any) -> Any:
        parent = _parent(value, path)
        if parent is not None and path[-1] in parent:
            parent[path[-1]] = function(parent[path[-1]])
        return value

    return change


def walk(function: Change, value: Any) -> Any:
    """The value with ``function`` applied to everything in it that is neither object nor array."""
    if isinstance(value, dict):
        return {key: walk(function, item) for key, item in value.items()}
    if isinstance(value, list):
        return [walk(function, item) for item in value]
    return function(value)


def walk_texts(function: Callable[[str], Any], value: Any) -> Any:
    """The value with ``function`` applied to every string in it."""
    return walk(lambda item: function(item) if isinstance(item, str) else item, value)


def with_header(wire: Wire, name: str, text: str) -> Wire:
    """The answer with the header set to the text."""
    others: Headers = tuple(header for header in wire.headers if header[0] != name)
    return Wire(wire.status, (*others, (name, text)), wire.body)


def with_query(call: Call, change: Any) -> Call:
    """The call with another query; ``change`` gets name and value and gives the pairs to put there."""
    query = tuple(pair for name, value in call.request.query for pair in change(name, value))
    old = call.request
    return Call(Request(old.method, old.segments, query, old.headers, old.body), call.operation, call.path)


def change_wire(server: Server, change: Any, *operations: str) -> None:
    """Change the bytes or headers of the answers of these operations, of all when none is named."""

    def deliver(original: Any, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        wire: Wire = original(request, operation, answer, media_type)
        if not wire.body or (operations and operation not in operations):
            return wire
        return change(request, wire)  # type: ignore[no-any-return]

    replace(server, "deliver", deliver)


def _parent(value: Any, path: tuple[str, ...]) -> JsonObject | None:
    for key in path[:-1]:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None
