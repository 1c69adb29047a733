"""Violations by the operations on environments."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.clock import rfc3339
from conformance.reference.faults.tools import (
    READ_ENVIRONMENTS,
    Registry,
    answer_with,
    around,
    drop,
    put,
    replace,
    reshape,
    reshape_each,
)
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

DEFAULTS = ("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults")


@fault(
    "env-create-202", "Answers the creation of an environment with 202.", "CMF-ENV-CREATE", "CMF-ERR-STATUS"
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        return Answer(202 if answer.value["name"] not in before else 201, answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


def _change_create_answer(server: Server, change: Any) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        new = answer.value["name"] not in before
        return Answer(201, change(copy.deepcopy(answer.value)) if new else answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-create-answer-without-defaults",
    "Leaves the defaults out of the answer to a creation.",
    "CMF-ENV-CREATE",
)
def _(server: Server) -> None:
    _change_create_answer(server, drop("flinkApplicationDefaults"))


@fault(
    "env-create-answer-namespace",
    "Shows the default namespace in the answer to a creation.",
    "CMF-ENV-CREATE",
)
def _(server: Server) -> None:
    _change_create_answer(server, put("default", "kubernetesNamespace"))


@fault(
    "env-get-pool-defaults-lost",
    "Shows no compute pool defaults where there are statement defaults.",
    "CMF-ENV-GET",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("computePoolDefaults")(value) if "statementDefaults" in value else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-interactive-lost",
    "Shows no interactive statement defaults where there are detached ones.",
    "CMF-ENV-GET",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("statementDefaults", {})
        return drop("statementDefaults", "interactive")(value) if "detached" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault("env-get-application-metadata-lost", "Shows only the spec of the application defaults.", "CMF-ENV-GET")
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("flinkApplicationDefaults", {})
        return drop("flinkApplicationDefaults", "metadata")(value) if "spec" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-unknown-400",
    "Answers 400 for the name of an environment that never existed.",
    "CMF-ENV-GET-UNKNOWN",
)
def _(server: Server) -> None:
    known: set[str] = set()

    def add(original: Any, environment: Environment) -> None:
        known.add(environment.name)
        original(environment)

    def get(original: Handler, call: Call) -> Answer:
        if call.path["envName"] not in known:
            raise Refusal(400, "There is no such environment.")
        return original(call)

    replace(server.store, "add_environment", add)
    around(server, ["getEnvironment"], get)


@fault("env-get-prefix", "Finds an environment by the beginning of its name.", "CMF-ENV-GET-UNKNOWN")
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        name = call.path["envName"]
        longer = [known for known in server.store.environments if known.startswith(name)]
        found = name if name in longer or not longer else longer[0]
        return original(Call(call.request, call.operation, {"envName": found}))

    around(server, ["getEnvironment"], get)


@fault("env-get-any-case", "Finds an environment by its name in upper case.", "CMF-ENV-GET-UNKNOWN")
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        return original(Call(call.request, call.operation, {"envName": call.path["envName"].lower()}))

    around(server, ["getEnvironment"], get)


@fault("env-update-lost-on-second", "Loses every update of an environment after the first.", "CMF-ENV-UPDATE")
def _(server: Server) -> None:
    updated: set[Environment] = set()

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        if environment in updated:
            draft = Draft(draft.name, None, environment.settings)
        updated.add(environment)
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault("env-update-not-stored", "Shows an update of an environment in its answer only.", "CMF-ENV-UPDATE")
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        draft = server.environments.draft(server.environments.body(call))
        environment = server.store.environment(draft.name)
        if environment is None:
            return original(call)
        environment.updated = server.clock.stamp()
        shown = {**server.environments.view(environment), **draft.settings}
        return Answer(201, {**shown, "kubernetesNamespace": draft.namespace or environment.namespace})

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-update-pool-defaults-kept",
    "Does not update compute pool defaults that were there before.",
    "CMF-ENV-UPDATE",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        old, new = environment.settings, dict(draft.settings)
        if "computePoolDefaults" in old and "computePoolDefaults" in new:
            new["computePoolDefaults"] = old["computePoolDefaults"]
        return original(environment, Draft(draft.name, draft.namespace, new))  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault("env-update-answers-old", "Answers an update with the environment as it was before.", "CMF-ENV-UPDATE")
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        name = server.environments.draft(server.environments.body(call)).name
        environment = server.store.environment(name)
        before = server.environments.view(environment) if environment is not None else None
        answer = original(call)
        return answer if before is None else Answer(201, before)

    around(server, ["createOrUpdateEnvironment"], post)


@fault("env-update-202", "Answers the update of an environment with 202.", "CMF-ENV-UPDATE", "CMF-ERR-STATUS")
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        return Answer(202 if answer.value["name"] in before else 201, answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


def _keep(server: Server, *keys: str) -> None:
    """Keep these settings when an update leaves them out."""

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        kept = {key: value for key, value in environment.settings.items() if key in keys}
        return original(environment, Draft(draft.name, draft.namespace, {**kept, **draft.settings}))  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-update-merges", "Keeps the defaults that an update of an environment leaves out.", "CMF-ENV-REPLACE"
)
def _(server: Server) -> None:
    _keep(server, *DEFAULTS)


@fault(
    "env-update-keeps-statement-defaults",
    "Keeps statement defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
)
def _(server: Server) -> None:
    _keep(server, "statementDefaults")


@fault(
    "env-update-keeps-pool-defaults",
    "Keeps compute pool defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
)
def _(server: Server) -> None:
    _keep(server, "computePoolDefaults")


def _duplicate_after(server: Server, posts: int) -> None:
    count: dict[Environment, int] = {}

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        count[environment] = count.get(environment, 1) + 1
        return original(environment, draft)  # type: ignore[no-any-return]

    def list_environments(original: Any) -> list[Environment]:
        return [again for one in original() for again in [one] * (2 if count.get(one, 1) >= posts else 1)]

    replace(server.environments, "update", update)
    replace(server.store, "list_environments", list_environments)


@fault("env-second-post-duplicates", "Lists an environment twice after it was updated.", "CMF-ENV-UNIQUE")
def _(server: Server) -> None:
    _duplicate_after(server, 2)


@fault("env-third-post-duplicates", "Lists an environment twice after its second update.", "CMF-ENV-UNIQUE")
def _(server: Server) -> None:
    _duplicate_after(server, 3)


@fault(
    "env-created-time-reset",
    "Sets the creation time of an environment anew at every update.",
    "CMF-ENV-CREATED-KEPT",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        original(environment, draft)
        environment.created = environment.updated
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-created-time-follows", "Sets the creation time to the last update before.", "CMF-ENV-CREATED-KEPT"
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        environment.created = environment.updated
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-stays", "Leaves the update time of an environment as it was.", "CMF-ENV-UPDATED-MOVES"
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        environment.updated = before
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-moves-once",
    "Moves the update time of an environment only once.",
    "CMF-ENV-UPDATED-MOVES",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        if before != environment.created:
            environment.updated = before
        return environment

    replace(server.environments, "update", update)


@fault("env-list-without-defaults", "Lists environments without their statement defaults.", "CMF-ENV-LIST")
def _(server: Server) -> None:
    replace(
        server.environments, "view_in_list", lambda original, one: drop("statementDefaults")(original(one))
    )
    replace(server.environments, "view", _whole())


def _whole() -> Any:
    """The view of an environment alone, whatever the list shows."""
    return lambda original, one: {**original(one), **one.settings}


@fault(
    "env-list-stale-defaults",
    "Lists environments with the application defaults they were created with.",
    "CMF-ENV-LIST",
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


@fault("env-list-without-dotted", "Lists no environment with a dot in its name.", "CMF-ENV-LIST")
def _(server: Server) -> None:
    replace(
        server.store,
        "list_environments",
        lambda original: [one for one in original() if "." not in one.name],
    )


@fault("env-list-keeps-deleted", "Keeps a deleted environment in the list.", "CMF-ENV-DELETE", "CMF-ENV-LIST")
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


@fault("env-delete-readable", "Lets a deleted environment be read.", "CMF-ENV-DELETE")
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
    "env-delete-202", "Answers the deletion of an environment with 202.", "CMF-ENV-DELETE", "CMF-ERR-STATUS"
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
)
def _(server: Server) -> None:
    _delete_again(server, only_known=False)


@fault(
    "env-delete-again-200", "Answers 200 to the second deletion of an environment.", "CMF-ENV-DELETE-UNKNOWN"
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
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.settings = {**ghost.settings, **made.settings}

    _return_of(server, restore)


@fault(
    "env-recreate-old-applications",
    "Gives a new environment the applications of a deleted namesake.",
    "CMF-ENV-RECREATE",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.applications.update(ghost.applications)

    _return_of(server, restore)


@fault(
    "env-recreate-old-created-time",
    "Gives a new environment the creation time of a deleted namesake.",
    "CMF-ENV-RECREATE",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        made.created = ghost.created

    _return_of(server, restore)


@fault(
    "env-delete-leaves-applications",
    "Deletes an environment, but lets its applications be read on.",
    "CMF-ENV-DELETE-CHILDREN",
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
)
def _(server: Server) -> None:
    _refuse_full(
        server, lambda environment: environment.applications.pop(next(iter(environment.applications)))
    )


@fault(
    "env-delete-refused-all-gone",
    "Refuses to delete a full environment, but deletes all its applications.",
    "CMF-ENV-DELETE-CHILDREN",
)
def _(server: Server) -> None:
    _refuse_full(server, lambda environment: environment.applications.clear())


@fault(
    "env-refused-update-applied",
    "Applies the legal parts of an update that it refuses.",
    "CMF-ENV-REFUSED",
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
    "env-refused-update-erases", "Erases the statement defaults when it refuses an update.", "CMF-ENV-REFUSED"
)
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.settings = drop("statementDefaults")(dict(environment.settings))

    _spoil_refused(server, spoil)


@fault("env-refused-update-moves-time", "Moves the update time when it refuses an update.", "CMF-ENV-REFUSED")
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.updated = server.clock.stamp()

    _spoil_refused(server, spoil)


@fault("env-secrets-array", "Shows the secrets of an environment as an array.", "CMF-ENV-SCHEMA")
def _(server: Server) -> None:
    replace(server.environments, "view_secrets", lambda original, one: list(original(one)))


@fault(
    "env-list-without-namespace",
    "Lists environments without their Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-LIST",
)
def _(server: Server) -> None:
    reshape_each(server, ["getEnvironments"], drop("kubernetesNamespace"))


@fault(
    "env-update-answer-without-namespace",
    "Answers an update without the Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-UPDATE",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("kubernetesNamespace")(value) if value["created_time"] != value["updated_time"] else value

    reshape(server, ["createOrUpdateEnvironment"], change)


@fault(
    "env-created-time-date",
    "Gives the creation time of an environment as a date without a time.",
    "CMF-ENV-SCHEMA",
    "CMF-TIME-FORMAT",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        environment = server.store.environment(value["name"])
        day = rfc3339(environment.created)[:10] if environment is not None else "1970-01-01"
        return {**value, "created_time": day}

    reshape(server, ["getEnvironment"], change)
