"""Violations by start and suspend, and by instances."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import uuid
from typing import Any

from conformance.reference.faults.tools import (
    INSTANCES,
    Registry,
    answer_with,
    around,
    at,
    drop,
    replace,
    reshape_each,
)
from conformance.reference.lifecycle import merged, part
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Instance
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

START, SUSPEND = ["startApplication"], ["suspendApplication"]


@fault(
    "app-start-answer-only",
    "Shows in the answer to start only that an application is to run.",
    "CMF-APP-START",
    "CMF-APP-START-AGAIN",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        application = server.applications.application(call)
        if application.running:
            return original(call)
        view = server.applications.view(application)
        job = {**part(view, "spec", "job"), "state": "running"}
        return Answer(200, {**view, "spec": {**view["spec"], "job": job}})

    around(server, START, start)


@fault("app-start-202", "Answers start with 202.", "CMF-APP-START", "CMF-ERR-STATUS")
def _(server: Server) -> None:
    answer_with(server, START, 202)


@fault(
    "app-start-other-application",
    "Answers start with another application of the environment.",
    "CMF-APP-START",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        answer = original(call)
        value = dict(answer.value)
        value["metadata"] = {**value["metadata"], "name": f"{value['metadata']['name']}-1"}
        return Answer(200, value)

    around(server, START, start)


@fault(
    "app-start-again-suspends", "Suspends a started application at the second start.", "CMF-APP-START-AGAIN"
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        running = server.applications.application(call).running
        return server.applications.suspend(call) if running else original(call)

    around(server, START, start)


@fault("app-start-again-400", "Refuses the second start with 400.", "CMF-APP-START-AGAIN")
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        if server.applications.application(call).running:
            raise Refusal(400, "The application is running already.")
        return original(call)

    around(server, START, start)


def _after_state(server: Server, state: str, spoil: Any) -> None:
    def set_state(original: Any, application: Application, new: str) -> None:
        original(application, new)
        if new == state:
            spoil(application)

    replace(server.applications, "set_state", set_state)


def _without_metadata(key: str) -> Any:
    def spoil(application: Application) -> None:
        application.metadata = drop(key)(dict(application.metadata))

    return spoil


def _reset_parallelism(application: Application) -> None:
    job = part(application.spec, "job")
    if "parallelism" in job:
        application.spec = {**application.spec, "job": {**job, "parallelism": 1}}


def _reset_upgrade_mode(application: Application) -> None:
    job = part(application.spec, "job")
    if "upgradeMode" in job:
        application.spec = {**application.spec, "job": {**job, "upgradeMode": "savepoint"}}


def _first_configuration(application: Application) -> None:
    first = dict(list(part(application.spec, "flinkConfiguration").items())[:1])
    application.spec = {**application.spec, "flinkConfiguration": first}


@fault("app-start-drops-labels", "Drops the labels of an application when it starts.", "CMF-APP-START-SPEC")
def _(server: Server) -> None:
    _after_state(server, "running", _without_metadata("labels"))


@fault(
    "app-start-resets-parallelism",
    "Sets the parallelism to 1 when an application starts.",
    "CMF-APP-START-SPEC",
)
def _(server: Server) -> None:
    _after_state(server, "running", _reset_parallelism)


@fault(
    "app-start-drops-configuration",
    "Keeps only the first Flink configuration entry at a start.",
    "CMF-APP-START-SPEC",
)
def _(server: Server) -> None:
    _after_state(server, "running", _first_configuration)


@fault(
    "app-start-stores-defaults",
    "Writes the environment's defaults into the spec at a start.",
    "CMF-APP-START-SPEC",
)
def _(server: Server) -> None:
    def started(original: Any, environment: Environment, application: Application) -> None:
        application.spec = server.lifecycle.instance_spec(environment, application)
        original(environment, application)

    replace(server.lifecycle, "started", started)


@fault(
    "app-suspend-drops-annotations",
    "Drops the annotations of an application at suspend.",
    "CMF-APP-SUSPEND-SPEC",
)
def _(server: Server) -> None:
    _after_state(server, "suspended", _without_metadata("annotations"))


@fault(
    "app-suspend-sets-upgrade-mode", "Sets the upgrade mode to savepoint at suspend.", "CMF-APP-SUSPEND-SPEC"
)
def _(server: Server) -> None:
    _after_state(server, "suspended", _reset_upgrade_mode)


@fault("app-suspend-resets-parallelism", "Sets the parallelism to 1 at suspend.", "CMF-APP-SUSPEND-SPEC")
def _(server: Server) -> None:
    _after_state(server, "suspended", _reset_parallelism)


def _unknown_200(server: Server, operations: list[str]) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            name = call.path["appName"]
            return Answer(200, {**server.applications.head(), "metadata": {"name": name}, "spec": {}})

    around(server, operations, behaviour)


@fault(
    "app-start-unknown-200", "Answers 200 to the start of an unknown application.", "CMF-APP-START-UNKNOWN"
)
def _(server: Server) -> None:
    _unknown_200(server, START)


@fault(
    "app-suspend-unknown-200",
    "Answers 200 to the suspension of an unknown application.",
    "CMF-APP-SUSPEND-UNKNOWN",
)
def _(server: Server) -> None:
    _unknown_200(server, SUSPEND)


def _create_unknown(server: Server, operations: list[str]) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            environment, name = server.store.environment(call.path["envName"]), call.path["appName"]
            if environment is not None and server.applications.name_rule.complaint(name) is None:
                now = server.clock.stamp()
                spec: JsonObject = {"job": {"state": "suspended"}}
                server.store.add_application(environment, Application(name, {}, spec, now, now))
            raise

    around(server, operations, behaviour)


@fault(
    "app-start-unknown-created",
    "Creates an unknown application whose start it refuses.",
    "CMF-APP-START-UNKNOWN",
)
def _(server: Server) -> None:
    _create_unknown(server, START)


@fault(
    "app-suspend-unknown-created",
    "Creates an unknown application whose suspension it refuses.",
    "CMF-APP-SUSPEND-UNKNOWN",
)
def _(server: Server) -> None:
    _create_unknown(server, SUSPEND)


@fault(
    "app-start-unknown-environment",
    "Starts an application below an environment that does not exist.",
    "CMF-APP-START-UNKNOWN",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            for environment in server.store.list_environments():
                if server.store.application(environment, call.path["appName"]) is not None:
                    return original(
                        Call(call.request, call.operation, {**call.path, "envName": environment.name})
                    )
        return original(call)

    around(server, START, start)


@fault(
    "app-suspend-ignored",
    "Answers 200 to suspend and lets the application run.",
    "CMF-APP-SUSPEND",
    "CMF-INST-NEW",
)
def _(server: Server) -> None:
    def suspend(_original: Handler, call: Call) -> Answer:
        return Answer(200, server.applications.view(server.applications.application(call)))

    around(server, SUSPEND, suspend)


@fault(
    "app-suspend-answer-only", "Shows the suspension in the answer only.", "CMF-APP-SUSPEND", "CMF-INST-NEW"
)
def _(server: Server) -> None:
    def suspend(_original: Handler, call: Call) -> Answer:
        view = server.applications.view(server.applications.application(call))
        job = {**part(view, "spec", "job"), "state": "suspended"}
        return Answer(200, {**view, "spec": {**view["spec"], "job": job}})

    around(server, SUSPEND, suspend)


@fault("app-suspend-202", "Answers suspend with 202.", "CMF-APP-SUSPEND", "CMF-ERR-STATUS")
def _(server: Server) -> None:
    answer_with(server, SUSPEND, 202)


@fault(
    "app-suspend-again-starts",
    "Starts a suspended application at the second suspend.",
    "CMF-APP-SUSPEND-AGAIN",
)
def _(server: Server) -> None:
    def suspend(original: Handler, call: Call) -> Answer:
        running = server.applications.application(call).running
        return original(call) if running else server.applications.start(call)

    around(server, SUSPEND, suspend)


@fault("app-suspend-again-400", "Refuses the second suspend with 400.", "CMF-APP-SUSPEND-AGAIN")
def _(server: Server) -> None:
    def suspend(original: Handler, call: Call) -> Answer:
        if not server.applications.application(call).running:
            raise Refusal(400, "The application is suspended already.")
        return original(call)

    around(server, SUSPEND, suspend)


@fault(
    "inst-list-without-newest",
    "Does not list the newest instance of an application.",
    "CMF-INST-LIST",
    "CMF-INST-NEW",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        newest = [one.uid for one in server.applications.application(call).instances[-1:]]
        answer = original(call)
        items = [item for item in answer.value["items"] if item["metadata"]["uid"] not in newest]
        return Answer(200, {**answer.value, "items": items, "metadata": {"size": len(items)}})

    around(server, ["getApplicationInstances"], listing)


@fault("inst-list-without-spec", "Lists instances without their spec.", "CMF-INST-LIST")
def _(server: Server) -> None:
    reshape_each(server, ["getApplicationInstances"], drop("status", "spec"))


@fault("inst-list-twice", "Lists the newest instance twice.", "CMF-INST-LIST")
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        items = answer.value["items"]
        return Answer(200, {**answer.value, "items": items[:1] + items, "metadata": {"size": len(items) + 1}})

    around(server, ["getApplicationInstances"], listing)


def _empty_for_unknown(server: Server, operation: str) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return server.instances.listed(call, [], {}, server.instances.view)

    around(server, [operation], listing)


@fault("inst-list-unknown-empty", "Lists no instances for an unknown application.", "CMF-INST-LIST-UNKNOWN")
def _(server: Server) -> None:
    _empty_for_unknown(server, "getApplicationInstances")


@fault(
    "inst-list-unknown-environment",
    "Lists instances below an environment that does not exist.",
    "CMF-INST-LIST-UNKNOWN",
)
def _(server: Server) -> None:
    _any_environment(server, "getApplicationInstances")


def _any_environment(server: Server, operation: str) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            for environment in server.store.list_environments():
                if server.store.application(environment, call.path["appName"]) is not None:
                    return original(
                        Call(call.request, call.operation, {**call.path, "envName": environment.name})
                    )
        return original(call)

    around(server, [operation], behaviour)


def _instances_of_all(server: Server, wanted: Any) -> None:
    """List instances of other applications, too."""

    def listing(original: Handler, call: Call) -> Answer:
        here, own = server.environments.environment(call), server.applications.application(call)
        items = list(own.instances)
        for environment in server.store.list_environments():
            for other in server.store.list_applications(environment):
                if other is not own and wanted(here, environment, own, other):
                    items += other.instances
        if len(items) == len(own.instances):
            return original(call)
        items.sort(key=lambda one: one.created, reverse=True)
        return server.instances.listed(call, items, {}, server.instances.view)

    around(server, ["getApplicationInstances"], listing)


@fault("inst-list-siblings", "Lists the instances of the sibling applications, too.", "CMF-INST-LIST-SCOPE")
def _(server: Server) -> None:
    _instances_of_all(server, lambda here, there, _own, _other: here is there)


@fault(
    "inst-list-namesakes",
    "Lists the instances of namesakes in other environments, too.",
    "CMF-INST-LIST-SCOPE",
)
def _(server: Server) -> None:
    _instances_of_all(server, lambda _here, _there, own, other: own.name == other.name)


def _find_instance(server: Server, found: Any) -> None:
    def get(original: Handler, call: Call) -> Answer:
        application = server.applications.application(call)
        try:
            return original(call)
        except Refusal:
            instance = found(application, call.path["instName"])
            if instance is None:
                raise
            return Answer(200, server.instances.view(instance))

    around(server, ["getApplicationInstance"], get)


@fault("inst-get-unknown-newest", "Answers the newest instance for an unknown one.", "CMF-INST-GET-UNKNOWN")
def _(server: Server) -> None:
    _find_instance(
        server, lambda application, _name: application.instances[-1] if application.instances else None
    )


@fault(
    "inst-get-other-application",
    "Finds an instance below another application than its own.",
    "CMF-INST-GET-UNKNOWN",
)
def _(server: Server) -> None:
    def found(_application: Application, name: str) -> Instance | None:
        for environment in server.store.list_environments():
            for application in server.store.list_applications(environment):
                for instance in application.instances:
                    if instance.uid == name:
                        return instance
        return None

    _find_instance(server, found)


@fault("inst-name-not-uid", "Gives an instance another uid than its name.", "CMF-INST-NAME")
def _(server: Server) -> None:
    reshape_each(
        server, INSTANCES, at(lambda name: str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "metadata", "uid")
    )


@fault("inst-name-without-hyphens", "Names instances by a number instead of a UUID.", "CMF-INST-NAME")
def _(server: Server) -> None:
    count: list[int] = []

    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        instance: Instance = original(environment, application)
        count.append(1)
        instance.uid = f"{application.name}-{len(count)}"
        return instance

    replace(server.lifecycle, "new_instance", new_instance)


@fault(
    "inst-list-name-upper-case",
    "Lists the names of instances in capitals, under which none can be read.",
    "CMF-INST-NAME",
    "CMF-INST-LIST",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        name = value["metadata"]["name"].upper()
        return {**value, "metadata": {**value["metadata"], "name": name, "uid": name}}

    reshape_each(server, ["getApplicationInstances"], change)


@fault("inst-restart-reuses", "Uses the old instance again at a restart.", "CMF-INST-NEW")
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        return application.instances[-1] if application.instances else original(environment, application)

    replace(server.lifecycle, "new_instance", new_instance)


@fault("inst-restart-forgets", "Forgets the old instances at a restart.", "CMF-INST-NEW")
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        application.instances.clear()
        return original(environment, application)  # type: ignore[no-any-return]

    replace(server.lifecycle, "new_instance", new_instance)


@fault(
    "inst-spec-without-defaults",
    "Leaves the environment's defaults out of the spec of an instance.",
    "CMF-INST-SPEC",
)
def _(server: Server) -> None:
    replace(server.lifecycle, "instance_spec", lambda _original, _environment, application: application.spec)


@fault(
    "inst-spec-defaults-win",
    "Lets the environment's defaults win over the application's spec.",
    "CMF-INST-SPEC",
)
def _(server: Server) -> None:
    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        defaults = part(environment.settings, "flinkApplicationDefaults", "spec")
        spec = merged(application.spec, defaults)
        job = part(application.spec, "job")
        return {**spec, "job": {**part(spec, "job"), **job}} if job else spec

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault("inst-spec-shallow", "Merges the defaults and the spec at their first level only.", "CMF-INST-SPEC")
def _(server: Server) -> None:
    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        return {**part(environment.settings, "flinkApplicationDefaults", "spec"), **application.spec}

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault("inst-spec-live", "Merges the spec of an instance anew whenever it is read.", "CMF-INST-SPEC")
def _(server: Server) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        environment, application = (
            server.environments.environment(call),
            server.applications.application(call),
        )
        for instance in application.instances:
            instance.spec = server.lifecycle.instance_spec(environment, application)
        return original(call)

    around(server, INSTANCES, behaviour)


@fault("inst-job-status-text", "Gives the job status of an instance as a string.", "CMF-INST-SCHEMA")
def _(server: Server) -> None:
    reshape_each(server, INSTANCES, at(lambda job: job["state"], "status", "jobStatus"))


@fault("inst-without-kind", "Shows instances without their kind.", "CMF-INST-SCHEMA")
def _(server: Server) -> None:
    reshape_each(server, INSTANCES, drop("kind"))
