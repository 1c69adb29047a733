"""Violations by listing, deleting and re-creating applications, and by refused updates."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.applications import POST, is_creation, known_applications
from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import merged, part
from conformance.reference.replacing import answer_with, around, drop, replace, reshape_each, walk_texts
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "app-list-without-configuration",
    "Lists applications without their Flink configuration.",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"each is listed with the values that are read of it alone: in the list, the application/spec/flinkConfiguration is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("spec", "flinkConfiguration"))


@fault(
    "app-list-without-annotations",
    "Lists applications without their annotations.",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"each is listed with the values that are read of it alone: in the list, the application/metadata/annotations is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("metadata", "annotations"))


@fault(
    "app-list-without-dotted",
    "Lists no application with a dot in its name.",
    "CMF-APP-LIST",
    reason=r"names of every legal shape are listed as they are: an existing name is not listed",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        return [one for one in original(environment) if "." not in one.name]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-stale",
    "Lists applications with the spec they were created with.",
    "CMF-CONC-READ",
    reason=r"an update of an application is there at once, round .*: in the list, the updated application: /spec/flinkConfiguration/version is not as",
)
def _(server: Server) -> None:
    first: dict[str, Any] = {}

    def add(original: Any, environment: Environment, application: Application) -> None:
        first[application.uid] = application.spec
        original(environment, application)

    replace(server.store, "add_application", add)
    replace(
        server.applications,
        "view_in_list",
        lambda original, one: {**original(one), "spec": first.get(one.uid, one.spec)},
    )


@fault(
    "app-list-keeps-deleted",
    "Keeps a deleted application in the list.",
    "CMF-APP-DELETE",
    "CMF-APP-LIST",
    "CMF-PAGE-TOTAL",
    reason=r"afterwards it can't be read and is not listed: a deleted application is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[tuple[Environment, str], Application] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        ghosts[environment, application.name] = application
        original(environment, application)

    def list_applications(original: Any, environment: Environment) -> list[Application]:
        gone = [
            one
            for (where, name), one in ghosts.items()
            if where is environment and name not in where.applications
        ]
        return [*original(environment), *gone]

    replace(server.applications, "remove", remove)
    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-elsewhere-at-first",
    "Lists an application in every environment for the first 300 ms.",
    "CMF-APP-LIST-SCOPE",
    "CMF-APP-LIST",
    "CMF-APP-NAME-SCOPE",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"no application of another environment is listed: an application of another environment is listed",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        young = server.clock.now() - 300
        others = [other for other in server.store.list_environments() if other is not environment]
        return [
            *original(environment),
            *(one for other in others for one in original(other) if one.created > young),
        ]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-namesakes",
    "Lists the namesakes of an application in other environments beside it.",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-LIST",
    "CMF-APP-LIST-SCOPE",
    reason=r"the second environment can hold the same name: after the second was created, the first namesake is not listed once",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        others = [other for other in server.store.list_environments() if other is not environment]
        return [
            *original(environment),
            *(one for other in others for one in original(other) if one.name in environment.applications),
        ]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-unknown-empty",
    "Answers an empty list for an unknown environment.",
    "CMF-APP-LIST-UNKNOWN",
    reason=r"an environment that does not exist has no list: the answer of getApplications came with status 200",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            return server.applications.listed(call, [], {}, server.applications.view)
        return original(call)

    around(server, ["getApplications"], listing)


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


@fault(
    "app-environment-created",
    "Creates the environment of an application that it refuses because there is none.",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    reason=r"it creates no application and no environment: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            name = call.path["envName"]
            if (
                server.store.environment(name) is None
                and server.environments.name_rule.complaint(name) is None
            ):
                now = server.clock.stamp()
                server.store.add_environment(Environment(name, "default", {}, now, now))
            raise

    around(server, POST, post)


@fault(
    "app-environment-unknown-accepted",
    "Accepts an application for an unknown environment and forgets it.",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    reason=r"it is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is not None:
            return original(call)
        draft = server.applications.draft(server.applications.body(call))
        return Answer(
            201, {**server.applications.head(), "metadata": {"name": draft.name}, "spec": draft.spec}
        )

    around(server, POST, post)


def _spoil_refused(server: Server, spoil: Any) -> None:
    """Let a refused update have an effect on the application it names."""

    def post(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            body = server.media.parse(call.request)
            environment = server.environments.environment(call)
            name = part(body, "metadata").get("name")
            application = server.store.application(environment, name) if isinstance(name, str) else None
            if application is not None:
                spoil(application, body)
            raise

    around(server, POST, post)


@fault(
    "app-refused-update-applied",
    "Applies the spec of an update that it refuses.",
    "CMF-APP-REFUSED",
    reason=r"a refused update with no apiVersion changes nothing: after a refused update, the application/spec/job/parallelism is not as expected",
)
def _(server: Server) -> None:
    def spoil(application: Application, body: JsonObject) -> None:
        if isinstance(body.get("spec"), dict):
            application.spec = body["spec"]

    _spoil_refused(server, spoil)


@fault(
    "app-refused-update-erases-labels",
    "Erases the labels when it refuses an update.",
    "CMF-APP-REFUSED",
    reason=r"a refused update with no apiVersion changes nothing: after a refused update, the application/metadata/labels is not as expected",
)
def _(server: Server) -> None:
    def spoil(application: Application, _body: JsonObject) -> None:
        application.metadata = drop("labels")(dict(application.metadata))

    _spoil_refused(server, spoil)


@fault(
    "app-refused-update-resets-job",
    "Suspends an application and sets it to one task when it refuses an update.",
    "CMF-APP-REFUSED",
    reason=r"a refused update with no apiVersion changes nothing: after a refused update, the application/spec/job/parallelism is not as expected",
)
def _(server: Server) -> None:
    def spoil(application: Application, _body: JsonObject) -> None:
        job = {**part(application.spec, "job"), "parallelism": 1, "state": "suspended"}
        application.spec = {**application.spec, "job": job}

    _spoil_refused(server, spoil)


@fault(
    "app-list-status-text",
    "Lists applications with a string for their status.",
    "CMF-APP-SCHEMA",
    reason=r"answers of getApplications: .* .* is not of type .*",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return {**value, "status": part(value, "status").get("lifecycleState", "UNKNOWN")}

    reshape_each(server, ["getApplications"], change)


@fault(
    "app-list-without-version",
    "Lists applications without an apiVersion.",
    "CMF-APP-SCHEMA",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"answers of getApplications: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("apiVersion"))


@fault(
    "app-suspend-answer-without-kind",
    "Answers suspend with an application without a kind.",
    "CMF-APP-SCHEMA",
    reason=r"answers of suspendApplication: /: .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["suspendApplication"], drop("kind"))


@fault(
    "app-update-answer-spec-text",
    "Answers an update with the spec as a string.",
    "CMF-APP-SCHEMA",
    "CMF-APP-UPDATE",
    reason=r"""answers of createOrUpdateApplication: /spec: "\{.*: .*, .*: .*, .*:""",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        known = known_applications(server)
        answer = original(call)
        if is_creation(call, answer, known):
            return answer
        return Answer(201, {**answer.value, "spec": str(walk_texts(str.lower, answer.value["spec"]))})

    around(server, POST, post)
