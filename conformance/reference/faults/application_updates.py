"""Violations by updates of applications."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from conformance.reference.faults.applications import POST, is_creation, known_applications
from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import merged, part
from conformance.reference.media import YAML
from conformance.reference.replacing import around, drop, replace
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

Update = Callable[[Environment, Application, Draft], Application]


def store_instead(server: Server, change: Callable[[JsonObject, JsonObject], JsonObject]) -> None:
    """Let an update store ``change(old spec, new spec)``."""

    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        spec = change(application.spec, draft.spec)
        return original(environment, application, Draft(draft.name, draft.metadata, spec))

    replace(server.applications, "update", update)


@fault(
    "app-update-lost-on-second",
    "Loses every update of an application after the first.",
    "CMF-APP-UPDATE",
    "CMF-CONC-UPSERT",
    "CMF-APP-REPLACE",
    reason=r"update .*, sent as application/yaml, answers 201 and holds: the answer/spec/flinkConfiguration/restart-strategy\.fixed-delay\.attempts is not",
)
def _(server: Server) -> None:
    updated: set[Application] = set()

    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        if application in updated:
            draft = Draft(draft.name, draft.metadata, application.spec)
        updated.add(application)
        return original(environment, application, draft)

    replace(server.applications, "update", update)


@fault(
    "app-update-running-keeps-configuration",
    "Keeps the Flink configuration of an application that runs when it is updated.",
    "CMF-APP-UPDATE",
    reason=r"an update of an application that runs holds, unless it is refused: the answer to the update/spec/flinkConfig",
)
def _(server: Server) -> None:
    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        spec = draft.spec
        if application.spec["job"].get("state") == "running":
            spec = {**spec, "flinkConfiguration": application.spec.get("flinkConfiguration", {})}
        return original(environment, application, Draft(draft.name, draft.metadata, spec))

    replace(server.applications, "update", update)


@fault(
    "app-update-not-stored",
    "Shows an update of an application in its answer only.",
    "CMF-APP-UPDATE",
    "CMF-APP-REPLACE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-INST-SPEC",
    reason=r"update .*, sent as application/json, answers 201 and holds: the application/spec/flinkConfiguration/taskmanager\.numberOfTaskSlots is not as",
)
def _(server: Server) -> None:
    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        original(environment, application, Draft(draft.name, draft.metadata, application.spec))
        shown = copy.copy(application)
        shown.spec = draft.spec
        return shown

    replace(server.applications, "update", update)


@fault(
    "app-update-answers-old",
    "Answers an update with the application as it was before.",
    "CMF-APP-UPDATE",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer/metadata/labels/revision is not as stored",
)
def _(server: Server) -> None:
    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        before = copy.copy(application)
        original(environment, application, draft)
        return before

    replace(server.applications, "update", update)


@fault(
    "app-update-loses-parallelism",
    "Does not update the parallelism of an application.",
    "CMF-APP-UPDATE",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer/spec/job/parallelism is not as stored",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        before, job = part(old, "job"), part(new, "job")
        both = "parallelism" in before and "parallelism" in job
        return {**new, "job": {**job, "parallelism": before["parallelism"]}} if both else new

    store_instead(server, change)


@fault(
    "app-update-loses-configuration",
    "Does not update Flink configuration values that were there.",
    "CMF-APP-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer/spec/flinkConfiguration/taskmanager\.numberOfTaskSlots is not as stored",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        before = part(old, "flinkConfiguration")
        values = {key: before.get(key, value) for key, value in part(new, "flinkConfiguration").items()}
        return {**new, "flinkConfiguration": values} if values else new

    store_instead(server, change)


@fault(
    "app-update-202",
    "Answers the update of an application with 202.",
    "CMF-APP-UPDATE",
    "CMF-ERR-STATUS",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-YAML",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer of createOrUpdateApplication came with status 202",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        known = known_applications(server)
        answer = original(call)
        return Answer(201 if is_creation(call, answer, known) else 202, answer.value)

    around(server, POST, post)


@fault(
    "app-update-merges",
    "Merges an update into the spec of an application.",
    "CMF-APP-REPLACE",
    reason=r"a configuration left out of an update as application/json is gone: the old configuration is still there",
)
def _(server: Server) -> None:
    store_instead(server, merged)


@fault(
    "app-update-keeps-service-account",
    "Keeps top-level parts of the spec that an update leaves out.",
    "CMF-APP-REPLACE",
    reason=r"a whole part of the spec left out of an update is gone: the old logConfiguration is still there",
)
def _(server: Server) -> None:
    store_instead(server, lambda old, new: {**old, **new})


@fault(
    "app-update-keeps-configuration",
    "Keeps Flink configuration that an update leaves out.",
    "CMF-APP-REPLACE",
    reason=r"a configuration left out of an update as application/json is gone: the old configuration is still there",
)
def _(server: Server) -> None:
    def change(old: JsonObject, new: JsonObject) -> JsonObject:
        both = {**part(old, "flinkConfiguration"), **part(new, "flinkConfiguration")}
        return {**new, "flinkConfiguration": both} if both else new

    store_instead(server, change)


@fault(
    "app-update-yaml-keeps-labels",
    "Keeps labels that an update as YAML leaves out.",
    "CMF-APP-REPLACE",
    reason=r"labels and annotations left out of an update as application/yaml are gone: old labels are still there",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        name = server.applications.draft(server.applications.body(call)).name
        before = _labels(server, call.path["envName"], name)
        answer = original(call)
        if before and call.request.headers.get("content-type") == YAML:
            application = server.store.environments[call.path["envName"]].applications[name]
            labels = {**before, **application.metadata.get("labels", {})}
            application.metadata = {**application.metadata, "labels": labels}
        return answer

    around(server, POST, post)


def _labels(server: Server, environment: str, name: str) -> JsonObject:
    """The labels that the application has now."""
    held = server.store.environment(environment)
    application = held.applications.get(name) if held is not None else None
    return part(application.metadata, "labels") if application is not None else {}


def _duplicate_after(server: Server, posts: int) -> None:
    count: dict[Application, int] = {}

    def update(
        original: Update, environment: Environment, application: Application, draft: Draft
    ) -> Application:
        count[application] = count.get(application, 1) + 1
        return original(environment, application, draft)

    def list_applications(original: Any, environment: Environment) -> list[Application]:
        return [
            again
            for one in original(environment)
            for again in [one] * (2 if count.get(one, 1) >= posts else 1)
        ]

    replace(server.applications, "update", update)
    replace(server.store, "list_applications", list_applications)


@fault(
    "app-second-post-duplicates",
    "Lists an application twice after it was updated.",
    "CMF-APP-UNIQUE",
    "CMF-APP-LIST",
    "CMF-CONC-UPSERT",
    reason=r"after many updates it is listed once: it is listed .* times",
)
def _(server: Server) -> None:
    _duplicate_after(server, 2)


@fault(
    "app-third-post-duplicates",
    "Lists an application twice after its second update.",
    "CMF-APP-UNIQUE",
    "CMF-CONC-UPSERT",
    reason=r"after many updates it is listed once: it is listed .* times",
)
def _(server: Server) -> None:
    _duplicate_after(server, 3)


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
