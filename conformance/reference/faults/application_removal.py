"""Violations by deleting applications, and creating them again."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import merged
from conformance.reference.replacing import answer_with, around, replace
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "app-delete-readable",
    "Lets a deleted application be read.",
    "CMF-APP-DELETE",
    reason=r"afterwards it can't be read and is not listed: the answer of getApplication came with status 200 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[tuple[str, str], JsonObject] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        ghosts[environment.name, application.name] = server.applications.view(application)
        original(environment, application)

    def get(original: Handler, call: Call) -> Answer:
        key = call.path["envName"], call.path["appName"]
        environment = server.store.environment(key[0])
        if (
            environment is not None
            and key in ghosts
            and server.store.application(environment, key[1]) is None
        ):
            return Answer(200, ghosts[key])
        return original(call)

    replace(server.applications, "remove", remove)
    around(server, ["getApplication"], get)


@fault(
    "app-delete-takes-next",
    "Deletes the application that was created next, too.",
    "CMF-APP-DELETE",
    "CMF-APP-DELETE-UNKNOWN",
    "CMF-APP-LIST",
    reason=r"its neighbours and its namesake in another environment are as they were: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _delete_more(server, 1)


@fault(
    "app-delete-takes-previous",
    "Deletes the application that was created before, too.",
    "CMF-APP-DELETE",
    "CMF-APP-LIST",
    "CMF-PAGE-TOTAL",
    reason=r"its neighbours and its namesake in another environment are as they were: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _delete_more(server, -1)


def _delete_more(server: Server, step: int) -> None:
    def remove(original: Any, environment: Environment, application: Application) -> None:
        everything = server.store.list_applications(environment)
        other = everything.index(application) + step
        original(environment, application)
        if 0 <= other < len(everything):
            original(environment, everything[other])

    replace(server.applications, "remove", remove)


@fault(
    "app-delete-202",
    "Answers the deletion of an application with 202.",
    "CMF-APP-DELETE",
    "CMF-ERR-STATUS",
    reason=r"a DELETE answers 200: the answer of deleteApplication came with status 202",
)
def _(server: Server) -> None:
    answer_with(server, ["deleteApplication"], 202)


@fault(
    "app-delete-unknown-200",
    "Answers 200 to the deletion of an unknown application.",
    "CMF-APP-DELETE-UNKNOWN",
    reason=r"a second DELETE does not claim success: the answer of deleteApplication came with status 200",
)
def _(server: Server) -> None:
    _delete_again(server, only_known=False)


@fault(
    "app-delete-again-200",
    "Answers 200 to the second deletion of an application.",
    "CMF-APP-DELETE-UNKNOWN",
    reason=r"a second DELETE does not claim success: the answer of deleteApplication came with status 200",
)
def _(server: Server) -> None:
    _delete_again(server, only_known=True)


def _delete_again(server: Server, *, only_known: bool) -> None:
    deleted: set[str] = set()

    def delete(original: Handler, call: Call) -> Answer:
        environment, name = server.environments.environment(call), call.path["appName"]
        if server.store.application(environment, name) is None and (name in deleted or not only_known):
            return Answer(200)
        answer = original(call)
        deleted.add(name)
        return answer

    around(server, ["deleteApplication"], delete)


def _return_of(server: Server, restore: Any) -> None:
    """Let something of a deleted application come back when its name is created anew."""
    ghosts: dict[tuple[Environment, str], Application] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        ghosts[environment, application.name] = application
        original(environment, application)

    def create(original: Any, environment: Environment, draft: Draft) -> Application:
        ghost = ghosts.get((environment, draft.name))
        return original(environment, draft if ghost is None else restore(draft, ghost))  # type: ignore[no-any-return]

    replace(server.applications, "remove", remove)
    replace(server.applications, "create", create)


@fault(
    "app-recreate-old-labels",
    "Gives a new application the labels of a deleted namesake.",
    "CMF-APP-RECREATE",
    reason=r"nothing of the old application is left: labels of the old application are back",
)
def _(server: Server) -> None:
    def restore(draft: Draft, ghost: Application) -> Draft:
        return Draft(draft.name, {**ghost.metadata, **draft.metadata}, draft.spec)

    _return_of(server, restore)


@fault(
    "app-recreate-old-spec",
    "Merges the spec of a deleted namesake into that of a new application.",
    "CMF-APP-RECREATE",
    reason=r"nothing of the old application is left: configuration of the old application is back",
)
def _(server: Server) -> None:
    def restore(draft: Draft, ghost: Application) -> Draft:
        return Draft(draft.name, draft.metadata, merged(ghost.spec, draft.spec))

    _return_of(server, restore)


@fault(
    "app-recreate-name-of-run-taken",
    "Refuses an application with the name of one that was run and deleted.",
    "CMF-APP-RECREATE",
    reason=r"the name of an application that was run can be used again: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    taken: set[tuple[Environment, str]] = set()

    def remove(original: Any, environment: Environment, application: Application) -> None:
        if application.instances:
            taken.add((environment, application.name))
        original(environment, application)

    def create(original: Any, environment: Environment, draft: Draft) -> Application:
        if (environment, draft.name) in taken:
            raise Refusal(422, f"The name '{draft.name}' is taken.")
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.applications, "remove", remove)
    replace(server.applications, "create", create)
