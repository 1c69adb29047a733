"""Violations that show only in what is seldom asked of an application that runs."""

from __future__ import annotations

import dataclasses
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.faults.state_changes import after_state
from conformance.reference.lifecycle import merged, part
from conformance.reference.replacing import around, drop, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Instance
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


def _without_job_options(application: Application) -> None:
    job = part(application.spec, "job")
    kept = {key: value for key, value in job.items() if key != "allowNonRestoredState"}
    application.spec = {**application.spec, "job": kept}


@fault(
    "app-suspend-drops-job-options",
    "Drops what a job may do without at suspend.",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"the first suspend changes nothing but the state: after suspend, the application/spec/job/allowNonRestoredState is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "suspended", _without_job_options)


@fault(
    "app-start-old-annotations",
    "Goes back at start to the annotations with which an application was created.",
    "CMF-APP-START-SPEC",
    reason=r"the first start changes nothing but the state: after start, the application/metadata/annotations/note is not as stored",
)
def _(server: Server) -> None:
    first: dict[str, Any] = {}

    def created(original: Any, environment: Environment, application: Application) -> None:
        first[application.uid] = part(application.metadata, "annotations")
        original(environment, application)

    def spoil(application: Application) -> None:
        if annotations := first.get(application.uid):
            application.metadata = {**application.metadata, "annotations": annotations}

    replace(server.lifecycle, "created", created)
    after_state(server, "running", spoil)


@fault(
    "app-update-state-ignored",
    "Keeps an application suspended when an update says that it is to run.",
    "CMF-APP-UPDATE",
    reason=r"an update that is to start an application holds: the application/spec/job/state is not as stored",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, application: Application, draft: Any) -> Any:
        if not application.running and part(draft.spec, "job").get("state") == "running":
            job = {**part(draft.spec, "job"), "state": "suspended"}
            draft = dataclasses.replace(draft, spec={**draft.spec, "job": job})
        return original(environment, application, draft)

    replace(server.applications, "update", update)


@fault(
    "app-suspend-without-job-500",
    "Answers 500 to the suspension of an application whose spec names no job.",
    "CMF-ERR-SERVER",
    reason=r"answers of suspendApplication: a request was answered with 500",
)
def _(server: Server) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        if "job" in server.applications.application(call).spec:
            return original(call)
        raise Refusal(500, "no job")

    around(server, ["suspendApplication"], behaviour)


@fault(
    "inst-get-yaml-without-job-status",
    "Leaves the job status out of an instance that is read alone as YAML.",
    "CMF-INST-LIST",
    reason=r"each is read alone as it is listed as application/yaml: the instance read alone has no job status",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.media.wanted(call.request.headers.get("accept")) != "application/yaml":
            return answer
        return Answer(200, drop("status", "jobStatus")(answer.value))

    around(server, ["getApplicationInstance"], get)


@fault(
    "inst-third-start-reuses",
    "Makes a new instance for the first two starts of an application only.",
    "CMF-INST-NEW",
    reason=r"a third start makes a new instance and keeps the old: the third start made no new instance \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        instances = application.instances
        return instances[-1] if len(instances) > 1 else original(environment, application)

    replace(server.lifecycle, "new_instance", new_instance)


@fault(
    "inst-of-predecessor-read",
    "Reads an instance of a deleted application under a new one of its name.",
    "CMF-APP-RECREATE",
    reason=r"no instance of the old application is read under the new one: the answer of getApplicationInstance came with status 200",
)
def _(server: Server) -> None:
    gone: dict[tuple[str, str, str], Instance] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        for instance in application.instances:
            gone[environment.name, application.name, instance.uid] = instance
        original(environment, application)

    def get(original: Handler, call: Call) -> Answer:
        server.applications.application(call)
        old = gone.get((call.path["envName"], call.path["appName"], call.path["instName"]))
        return Answer(200, server.instances.view(old)) if old else original(call)

    replace(server.applications, "remove", remove)
    around(server, ["getApplicationInstance"], get)


@fault(
    "inst-spec-deep-defaults-win",
    "Lets the environment's defaults win over the application's spec in the resources of the task managers.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: the spec of the instance/taskManager/resource/memory is not as stored",
)
def _(server: Server) -> None:
    def instance_spec(original: Any, environment: Environment, application: Application) -> JsonObject:
        spec: JsonObject = original(environment, application)
        usual = part(environment.settings, "flinkApplicationDefaults", "spec", "taskManager", "resource")
        return merged(spec, {"taskManager": {"resource": usual}}) if usual else spec

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault(
    "inst-spec-lists-joined",
    "Puts the arguments of the application's job behind those of the environment's defaults.",
    "CMF-INST-SPEC",
    reason=r"the application's list is not mixed with the environment's: it is another list",
)
def _(server: Server) -> None:
    def instance_spec(original: Any, environment: Environment, application: Application) -> JsonObject:
        spec: JsonObject = original(environment, application)
        usual = part(environment.settings, "flinkApplicationDefaults", "spec", "job").get("args", [])
        own = part(application.spec, "job").get("args")
        return merged(spec, {"job": {"args": [*usual, *own]}}) if own else spec

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault(
    "inst-spec-of-old-defaults",
    "Makes an instance of the last defaults that an environment had when it has none any more.",
    "CMF-INST-SPEC",
    reason=r"the next instance has the defaults of its start, gone: in the instance, execution\.checkpointing\.interval is not as",
)
def _(server: Server) -> None:
    last: dict[str, JsonObject] = {}

    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        defaults = part(environment.settings, "flinkApplicationDefaults", "spec")
        last[environment.name] = defaults or last.get(environment.name, {})
        return merged(last[environment.name], application.spec)

    replace(server.lifecycle, "instance_spec", instance_spec)
