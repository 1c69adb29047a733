"""Violations by listing, deleting and re-creating environments, and by refused updates."""

from __future__ import annotations

from typing import Any

from conformance.reference.clock import rfc3339
from conformance.reference.faults.environments import DEFAULTS
from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import answer_with, around, drop, replace, reshape, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


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
    "env-delete-readable",
    "Lets a deleted environment be read.",
    "CMF-ENV-DELETE",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"afterwards it can't be read and is not listed: the answer of getEnvironment came with status 200 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[str, JsonObject] = {}

    def remove(original: Any, environment: Environment) -> None:
        ghosts[environment.name] = server.environments.view(environment)
        original(environment)

    def get(original: Handler, call: Call) -> Answer:
        name = call.path["envName"]
        if name in ghosts and server.store.environment(name) is None:
            return Answer(200, ghosts[name])
        return original(call)

    replace(server.environments, "remove", remove)
    around(server, ["getEnvironment"], get)


@fault(
    "env-delete-202",
    "Answers the deletion of an environment with 202.",
    "CMF-ENV-DELETE",
    "CMF-ERR-STATUS",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"a DELETE answers 200: the answer of deleteEnvironment came with status 202",
)
def _(server: Server) -> None:
    answer_with(server, ["deleteEnvironment"], 202)


def _delete_again(server: Server, *, only_known: bool) -> None:
    deleted: set[str] = set()

    def delete(original: Handler, call: Call) -> Answer:
        name = call.path["envName"]
        if server.store.environment(name) is None and (name in deleted or not only_known):
            return Answer(200)
        answer = original(call)
        deleted.add(name)
        return answer

    around(server, ["deleteEnvironment"], delete)


@fault(
    "env-delete-unknown-200",
    "Answers 200 to the deletion of an unknown environment.",
    "CMF-ENV-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteEnvironment came with status 200",
)
def _(server: Server) -> None:
    _delete_again(server, only_known=False)


@fault(
    "env-delete-again-200",
    "Answers 200 to the second deletion of an environment.",
    "CMF-ENV-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteEnvironment came with status 200",
)
def _(server: Server) -> None:
    _delete_again(server, only_known=True)


def _return_of(server: Server, restore: Any) -> None:
    """Let something of a deleted environment come back when its name is created anew."""
    ghosts: dict[str, Environment] = {}

    def remove(original: Any, environment: Environment) -> None:
        ghosts[environment.name] = environment
        original(environment)

    def create(original: Any, draft: Draft) -> Environment:
        made: Environment = original(draft)
        if made.name in ghosts:
            restore(made, ghosts[made.name])
        return made

    replace(server.environments, "remove", remove)
    replace(server.environments, "create", create)


@fault(
    "env-recreate-old-defaults",
    "Gives a new environment the defaults of a deleted namesake.",
    "CMF-ENV-RECREATE",
    reason=r"nothing of the old environment is left: flinkApplicationDefaults of the old environment is back",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.settings = {**ghost.settings, **made.settings}

    _return_of(server, restore)


@fault(
    "env-recreate-old-applications",
    "Gives a new environment the applications of a deleted namesake.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"an environment of the same name has none of the old applications: applications of the deleted environment are back",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.applications.update(ghost.applications)

    _return_of(server, restore)


@fault(
    "env-recreate-old-created-time",
    "Gives a new environment the creation time of a deleted namesake.",
    "CMF-ENV-RECREATE",
    reason=r"nothing of the old environment is left: it was not created after the old one",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.created = ghost.created

    _return_of(server, restore)


@fault(
    "env-delete-leaves-applications",
    "Deletes an environment, but lets its applications be read on.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: the answer of getApplication came with status 200 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[tuple[str, str], JsonObject] = {}

    def remove(original: Any, environment: Environment) -> None:
        for application in server.store.list_applications(environment):
            ghosts[environment.name, application.name] = server.applications.view(application)
        original(environment)

    def get(original: Handler, call: Call) -> Answer:
        key = call.path["envName"], call.path["appName"]
        if key in ghosts and server.store.environment(key[0]) is None:
            return Answer(200, ghosts[key])
        return original(call)

    replace(server.environments, "remove", remove)
    around(server, ["getApplication"], get)


def _refuse_full(server: Server, spoil: Any) -> None:
    def remove(original: Any, environment: Environment) -> None:
        if environment.applications:
            spoil(environment)
            raise Refusal(409, f"Environment '{environment.name}' has applications.")
        original(environment)

    replace(server.environments, "remove", remove)


@fault(
    "env-delete-refused-first-gone",
    "Refuses to delete a full environment after the first of its applications was deleted.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _refuse_full(
        server, lambda environment: environment.applications.pop(next(iter(environment.applications)))
    )


@fault(
    "env-delete-refused-all-gone",
    "Refuses to delete a full environment, but deletes all its applications.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _refuse_full(server, lambda environment: environment.applications.clear())


@fault(
    "env-delete-longer-names-emptied",
    "Deletes the applications of every environment whose name begins with that of a deleted one.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"a namesake of a child in one with a longer name is still there: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    def remove(original: Any, environment: Environment) -> None:
        original(environment)
        for other in server.store.list_environments():
            if other.name.startswith(environment.name):
                other.applications.clear()

    replace(server.environments, "remove", remove)


@fault(
    "env-refused-update-applied",
    "Applies the legal parts of an update that it refuses.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, body: JsonObject) -> None:
        for key in DEFAULTS[:2]:
            if isinstance(body.get(key), dict):
                environment.settings = {**environment.settings, key: body[key]}

    _spoil_refused(server, spoil)


def _spoil_refused(server: Server, spoil: Any) -> None:
    def draft(original: Any, body: JsonObject) -> Draft:
        try:
            return original(body)  # type: ignore[no-any-return]
        except Refusal:
            name = body.get("name")
            environment = server.store.environment(name) if isinstance(name, str) else None
            if environment is not None:
                spoil(environment, body)
            raise

    replace(server.environments, "draft", draft)


@fault(
    "env-refused-update-erases",
    "Erases the statement defaults when it refuses an update.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the environment/statementDefaults is",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.settings = drop("statementDefaults")(dict(environment.settings))

    _spoil_refused(server, spoil)


@fault(
    "env-refused-update-moves-time",
    "Moves the update time when it refuses an update.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the environment/updated_time is not as",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.updated = server.clock.stamp()

    _spoil_refused(server, spoil)


@fault(
    "env-secrets-array",
    "Shows the secrets of an environment as an array.",
    "CMF-ENV-SCHEMA",
    reason=r"answers of createOrUpdateEnvironment: /secrets: \[\] is not of type .*",
)
def _(server: Server) -> None:
    replace(server.environments, "view_secrets", lambda original, one: list(original(one)))


@fault(
    "env-list-without-namespace",
    "Lists environments without their Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-LIST",
    "CMF-CONC-READ",
    reason=r"answers of getEnvironments: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["getEnvironments"], drop("kubernetesNamespace"))


@fault(
    "env-update-answer-without-namespace",
    "Answers an update without the Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-UPDATE",
    reason=r"answers of createOrUpdateEnvironment: /: .* is a required property",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("kubernetesNamespace")(value) if value["created_time"] != value["updated_time"] else value

    reshape(server, ["createOrUpdateEnvironment"], change)


@fault(
    "env-created-time-date",
    "Gives the creation time of an environment as a date without a time.",
    "CMF-TIME-FORMAT",
    "CMF-ENV-LIST",
    reason=r"answers of getEnvironment: .* is not of the form .*-.*-.*T.*:.*:.*Z",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        environment = server.store.environment(value["name"])
        day = rfc3339(environment.created)[:10] if environment is not None else "1970-01-01"
        return {**value, "created_time": day}

    reshape(server, ["getEnvironment"], change)
