"""Violations by deleting environments, and creating them again."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.faults.state_changes import suspend_all
from conformance.reference.lifecycle import part
from conformance.reference.replacing import answer_with, around, drop, replace
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


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
    "CMF-APP-RECREATE",
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
    _empty_longer_names(server)


def _empty_longer_names(server: Server) -> None:
    def remove(original: Any, environment: Environment) -> None:
        original(environment)
        for other in server.store.list_environments():
            if other.name.startswith(environment.name):
                other.applications.clear()

    replace(server.environments, "remove", remove)


@fault(
    "env-recreate-old-part-of-defaults",
    "Gives a new environment a part of the defaults of a deleted namesake.",
    "CMF-ENV-RECREATE",
    reason=r"nothing of the old environment is left: a part of statementDefaults of the old environment is back",
)
def _(server: Server) -> None:
    def restore(made: Environment, ghost: Environment) -> None:
        detached = part(ghost.settings, "statementDefaults", "detached")
        if detached:
            made.settings = {"statementDefaults": {"detached": detached}, **made.settings}

    _return_of(server, restore)


@fault(
    "env-delete-refused-suspends",
    "Refuses to delete a full environment, but suspends its applications.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: .*/spec/job/state is not as stored",
)
def _(server: Server) -> None:
    _refuse_full(server, lambda environment: suspend_all(server, environment))


@fault(
    "env-delete-refused-annotations-lost",
    "Refuses to delete a full environment, but takes the annotations from its applications.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: .*/metadata/annotations is not as stored",
)
def _(server: Server) -> None:
    def strip(environment: Environment) -> None:
        for application in environment.applications.values():
            application.metadata = drop("annotations")(dict(application.metadata))

    _refuse_full(server, strip)


@fault(
    "env-delete-refused-defaults-lost",
    "Refuses to delete a full environment, but clears its defaults.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"either all is gone, or it was refused and all is there: the environment/.*Defaults is not as expected",
)
def _(server: Server) -> None:
    def clear(environment: Environment) -> None:
        environment.settings = {}

    _refuse_full(server, clear)


@fault(
    "env-delete-empty-longer-names-emptied",
    "Deletes empty environments only, and with them the applications of all whose name begins with theirs.",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"a namesake of a child in one with a longer name is still there, once it could be deleted: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _empty_longer_names(server)
    _refuse_full(server, lambda _environment: None)
