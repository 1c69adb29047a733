"""Violations by the operations on applications."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import part
from conformance.reference.replacing import (
    READ_APPLICATIONS,
    around,
    drop,
    put,
    replace,
    reshape_each,
)
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

POST = ["createOrUpdateApplication"]


def is_creation(call: Call, answer: Answer, known: set[tuple[str, str]]) -> bool:
    """Whether the answer is that of a creation; ``known`` is what existed before the call."""
    return (call.path["envName"], answer.value["metadata"]["name"]) not in known


def known_applications(server: Server) -> set[tuple[str, str]]:
    """Environment and name of every application that exists."""
    return {(one.name, name) for one in server.store.environments.values() for name in one.applications}


def _change_create_answer(server: Server, change: Any, status: int = 201) -> None:
    def post(original: Handler, call: Call) -> Answer:
        known = known_applications(server)
        answer = original(call)
        if not is_creation(call, answer, known):
            return answer
        return Answer(status, change(copy.deepcopy(answer.value)))

    around(server, POST, post)


@fault(
    "app-create-202",
    "Answers the creation of an application with 202.",
    "CMF-APP-CREATE",
    "CMF-ERR-STATUS",
    "CMF-APP-EXAMPLE",
    "CMF-APP-RECREATE",
    "CMF-CONTENT-HOSTILE",
    reason=r"an application with labels, annotations and configuration answers 201: the answer of createOrUpdateApplication came with status 202",
)
def _(server: Server) -> None:
    _change_create_answer(server, lambda value: value, 202)


@fault(
    "app-create-answer-empty-spec",
    "Answers the creation of an application with an empty spec.",
    "CMF-APP-CREATE",
    reason=r"an application with labels, annotations and configuration answers 201: the answer/spec/image is not as stored",
)
def _(server: Server) -> None:
    _change_create_answer(server, put({}, "spec"))


@fault(
    "app-create-answer-other-kind",
    "Answers the creation of an application with another kind.",
    "CMF-APP-CREATE",
    reason=r"an application with labels, annotations and configuration answers 201: the answer/kind is not as stored",
)
def _(server: Server) -> None:
    _change_create_answer(server, put("FlinkDeployment", "kind"))


def _change_stored_spec(server: Server, change: Any) -> None:
    """Store another spec than was sent."""

    def draft(original: Any, body: JsonObject) -> Draft:
        asked: Draft = original(body)
        return Draft(asked.name, asked.metadata, change(copy.deepcopy(asked.spec)))

    replace(server.applications, "draft", draft)


@fault(
    "app-parallelism-capped",
    "Stores no parallelism above 2.",
    "CMF-APP-EXAMPLE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-APP-UPDATE",
    "CMF-CONTENT-TYPES",
    reason=r"flink-application\.yaml creates the application it describes: the application/spec/job/parallelism is not as stored",
)
def _(server: Server) -> None:
    def change(spec: JsonObject) -> JsonObject:
        parallelism = part(spec, "job").get("parallelism")
        return (
            put(2, "job", "parallelism")(spec) if isinstance(parallelism, int) and parallelism > 2 else spec
        )

    _change_stored_spec(server, change)


@fault(
    "app-example-refused-without-accept",
    "Refuses a YAML application of a client that says no Accept of its own.",
    "CMF-APP-EXAMPLE",
    reason=r"flink-application\.yaml creates the application it describes: the answer of createOrUpdateApplication came with status 400",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        headers = call.request.headers
        yaml = headers.get("content-type", "").startswith("application/yaml")
        if yaml and headers.get("accept", "*/*") == "*/*":
            raise Refusal(400, "Say which media type you accept.")
        return original(call)

    around(server, POST, post)


@fault(
    "app-get-labels-lost",
    "Shows no labels of an application.",
    "CMF-APP-GET",
    "CMF-APP-SUSPEND-SPEC",
    "CMF-APP-UPDATE",
    reason=r"an application with labels, annotations and configuration is read as it was posted: the application/metadata/labels is not as stored",
)
def _(server: Server) -> None:
    reshape_each(server, READ_APPLICATIONS, drop("metadata", "labels"))


@fault(
    "app-get-configuration-lost",
    "Shows only the first entry of the Flink configuration.",
    "CMF-APP-GET",
    "CMF-APP-UPDATE",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-YAML-BODY",
    reason=r"an application with labels, annotations and configuration is read as it was posted: the",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        first = dict(list(part(value, "spec", "flinkConfiguration").items())[:1])
        return put(first, "spec", "flinkConfiguration")(value) if first else value

    reshape_each(server, READ_APPLICATIONS, change)


@fault(
    "app-get-task-manager-lost",
    "Shows the resources of the job manager as those of the task manager.",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPES",
    reason=r"generated requests of createOrUpdateApplication: sent as application/yaml: the application/spec/taskManager/resource/memory is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        spec = part(value, "spec")
        both = "jobManager" in spec and "taskManager" in spec
        return put(spec["jobManager"], "spec", "taskManager")(value) if both else value

    reshape_each(server, READ_APPLICATIONS, change)


@fault(
    "app-get-metadata-stale",
    "Shows the labels and annotations that an application was created with.",
    "CMF-APP-UPDATE",
    "CMF-APP-REPLACE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer/metadata/labels/revision is not as stored",
)
def _(server: Server) -> None:
    def update(
        original: Any, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        return original(environment, application, Draft(draft.name, application.metadata, draft.spec))  # type: ignore[no-any-return]

    replace(server.applications, "update", update)


@fault(
    "app-get-by-joined-names",
    "Finds an application by its environment's name and its own, joined by a hyphen.",
    "CMF-APP-GET-UNKNOWN",
    reason=r"is not cmfc-.* in cmfc-.*: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        here, name = server.environments.environment(call), call.path["appName"]
        for environment in server.store.list_environments():
            for application in server.store.list_applications(environment):
                if f"{environment.name}-{application.name}" == f"{here.name}-{name}":
                    path = {"envName": environment.name, "appName": application.name}
                    return original(Call(call.request, call.operation, path))
        return original(call)

    around(server, ["getApplication"], get)


@fault(
    "app-get-other-environment",
    "Finds an application below an environment that is not its own.",
    "CMF-APP-GET-UNKNOWN",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    "CMF-APP-START-UNKNOWN",
    "CMF-APP-SUSPEND-UNKNOWN",
    "CMF-ENV-DELETE-CHILDREN",
    "CMF-APP-DELETE",
    reason=r"an existing name in another environment: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        name = call.path["appName"]
        here = server.environments.environment(call)
        for environment in (here, *server.store.list_environments()):
            if server.store.application(environment, name) is not None:
                return original(
                    Call(call.request, call.operation, {"envName": environment.name, "appName": name})
                )
        return original(call)

    around(server, ["getApplication"], get)


@fault(
    "app-get-unknown-environment",
    "Finds an application below an environment that does not exist.",
    "CMF-APP-GET-UNKNOWN",
    "CMF-APP-ENVIRONMENT-UNKNOWN",
    "CMF-APP-START-UNKNOWN",
    "CMF-APP-SUSPEND-UNKNOWN",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"an existing name in an environment that does not exist: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is not None:
            return original(call)
        for environment in server.store.list_environments():
            if server.store.application(environment, call.path["appName"]) is not None:
                return original(
                    Call(call.request, call.operation, {**call.path, "envName": environment.name})
                )
        return original(call)

    around(server, ["getApplication"], get)


@fault(
    "app-get-unknown-200",
    "Answers 200 with an empty application for a name that never existed.",
    "CMF-APP-GET-UNKNOWN",
    "CMF-APP-REFUSED",
    "CMF-APP-START-UNKNOWN",
    "CMF-APP-SUSPEND-UNKNOWN",
    "CMF-CONTENT-HOSTILE",
    reason=r"a name that was never used, as application/json: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    known: set[str] = set()

    def add(original: Any, environment: Environment, application: Application) -> None:
        known.add(application.name)
        original(environment, application)

    def get(original: Handler, call: Call) -> Answer:
        name = call.path["appName"]
        legal = server.applications.name_rule.complaint(name) is None
        if server.store.environment(call.path["envName"]) is not None and legal and name not in known:
            return Answer(200, {**server.applications.head(), "metadata": {"name": name}, "spec": {}})
        return original(call)

    replace(server.store, "add_application", add)
    around(server, ["getApplication"], get)


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
