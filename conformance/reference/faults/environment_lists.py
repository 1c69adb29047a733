"""Violations by lists of environments."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.environments import DEFAULTS
from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import around, drop, replace, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()

UPDATES = 2
"""After as many updates a list that is not kept goes stale."""


@fault(
    "env-list-without-defaults",
    "Lists environments without their statement defaults.",
    "CMF-ENV-LIST",
    "CMF-CONC-READ",
    reason=r"each is listed with the values that are read of it alone: in the list, .*/statementDefaults is not as expected",
)
def _(server: Server) -> None:
    replace(
        server.environments, "view_in_list", lambda original, one: drop("statementDefaults")(original(one))
    )
    replace(server.environments, "view", _whole())


def _whole() -> Any:
    """The view of an environment alone, whatever the list shows."""
    return lambda original, one: {**original(one), **one.settings}


@fault(
    "env-list-later-pages-as-created",
    "Lists environments with the update time that they were created with, but on the first page.",
    "CMF-ENV-LIST",
    reason=r"each is on its page with the values that are read of it alone: on its page, .*/updated_time is not as",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if dict(call.request.query).get("page", "0") == "0":
            return answer
        items = [{**item, "updated_time": item["created_time"]} for item in answer.value["items"]]
        return Answer(200, {**answer.value, "items": items})

    around(server, ["getEnvironments"], listing)


@fault(
    "env-list-stale-defaults",
    "Lists environments with the application defaults they were created with.",
    "CMF-CONC-READ",
    "CMF-ENV-LIST",
    reason=r"an update of an environment is there at once, round .*: in the list, the updated environment:",
)
def _(server: Server) -> None:
    first: dict[Environment, Any] = {}

    def view_in_list(original: Any, one: Environment) -> JsonObject:
        value: JsonObject = original(one)
        key = "flinkApplicationDefaults"
        defaults = first.setdefault(one, one.settings.get(key))
        return {**value, key: defaults} if key in value and defaults is not None else value

    def create(original: Any, draft: Draft) -> Environment:
        made: Environment = original(draft)
        first[made] = made.settings.get("flinkApplicationDefaults")
        return made

    replace(server.environments, "create", create)
    replace(server.environments, "view_in_list", view_in_list)
    replace(server.environments, "view", _whole())


@fault(
    "env-list-without-dotted",
    "Lists no environment with a dot in its name.",
    "CMF-ENV-LIST",
    reason=r"names of every legal shape are listed as they are: an existing name is not listed",
)
def _(server: Server) -> None:
    replace(
        server.store,
        "list_environments",
        lambda original: [one for one in original() if "." not in one.name],
    )


@fault(
    "env-list-keeps-deleted",
    "Keeps a deleted environment in the list.",
    "CMF-ENV-DELETE",
    reason=r"afterwards it can't be read and is not listed: a deleted environment is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[str, Environment] = {}

    def remove(original: Any, environment: Environment) -> None:
        ghosts[environment.name] = environment
        original(environment)

    def list_environments(original: Any) -> list[Environment]:
        return [
            *original(),
            *(ghost for name, ghost in ghosts.items() if server.store.environment(name) is None),
        ]

    replace(server.environments, "remove", remove)
    replace(server.store, "list_environments", list_environments)


@fault(
    "env-list-stale-after-second-update",
    "Lists an environment that was updated twice with the defaults it was created with.",
    "CMF-ENV-LIST",
    reason=r"each is on its page with the values that are read of it alone: on its page, .*Defaults/.* is not as expected",
)
def _(server: Server) -> None:
    first: dict[str, JsonObject] = {}
    updates: dict[str, int] = {}

    def create(original: Any, draft: Draft) -> Environment:
        first[draft.name], updates[draft.name] = draft.settings, 0
        return original(draft)  # type: ignore[no-any-return]

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        updates[environment.name] += 1
        return original(environment, draft)  # type: ignore[no-any-return]

    def stale(item: JsonObject) -> JsonObject:
        name = item["name"]
        if updates.get(name, 0) < UPDATES:
            return item
        return {**{key: value for key, value in item.items() if key not in DEFAULTS}, **first[name]}

    replace(server.environments, "create", create)
    replace(server.environments, "update", update)
    reshape_each(server, ["getEnvironments"], stale)
