"""Violations by the instances of applications."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import uuid
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import (
    INSTANCES,
    around,
    at,
    drop,
    replace,
    reshape_each,
    unknown_as_yaml,
)
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Instance
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "inst-list-without-newest",
    "Does not list the newest instance of an application.",
    "CMF-INST-LIST",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-ZERO",
    reason=r"a started application has an instance: a started application has no instance \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        newest = [one.uid for one in server.applications.application(call).instances[-1:]]
        answer = original(call)
        items = [item for item in answer.value["items"] if item["metadata"]["uid"] not in newest]
        return Answer(200, {**answer.value, "items": items, "metadata": {"size": len(items)}})

    around(server, ["getApplicationInstances"], listing)


@fault(
    "inst-list-without-spec",
    "Lists instances without their spec.",
    "CMF-INST-LIST",
    reason=r"each is read alone as it is listed as application/json: the instance/status/spec is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplicationInstances"], drop("status", "spec"))


@fault(
    "inst-list-always-running",
    "Lists every instance with a job that runs.",
    "CMF-INST-LIST",
    reason=r"once it is suspended, the state of its job is listed as it is read: .* is not as expected \(after waiting",
)
def _(server: Server) -> None:
    def running(item: JsonObject) -> JsonObject:
        if item.get("status", {}).get("jobStatus"):
            item["status"]["jobStatus"]["state"] = "RUNNING"
        return item

    reshape_each(server, ["getApplicationInstances"], running)


@fault(
    "inst-list-yaml-without-spec",
    "Lists instances without their spec as YAML.",
    "CMF-INST-LIST",
    reason=r"each is read alone as it is listed as application/yaml: the instance/status/spec is not as expected",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.media.wanted(call.request.headers.get("accept")) != "application/yaml":
            return answer
        items = [
            {**item, "status": {key: value for key, value in item["status"].items() if key != "spec"}}
            for item in answer.value["items"]
        ]
        return Answer(200, {**answer.value, "items": items})

    around(server, ["getApplicationInstances"], listing)


@fault(
    "inst-list-twice",
    "Lists the newest instance twice.",
    "CMF-INST-LIST-SCOPE",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-TOTAL",
    "CMF-PAGE-ZERO",
    "CMF-INST-LIST",
    reason=r"no instance is listed under two applications: instance .* occurs twice",
)
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


@fault(
    "inst-list-unknown-empty",
    "Lists no instances for an unknown application.",
    "CMF-INST-LIST-UNKNOWN",
    "CMF-APP-DELETE",
    reason=r"the instances of an unknown application, as application/json: the answer of getApplicationInstances came with status 200",
)
def _(server: Server) -> None:
    _empty_for_unknown(server, "getApplicationInstances")


@fault(
    "inst-list-unknown-environment",
    "Lists instances below an environment that does not exist.",
    "CMF-INST-LIST-UNKNOWN",
    reason=r"the instances of an existing name in an unknown environment, as application/json: the answer of getApplicationInstances came with status 200",
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


@fault(
    "inst-list-siblings",
    "Lists the instances of the sibling applications, too.",
    "CMF-INST-LIST-SCOPE",
    reason=r"no instance is listed under two applications: instance .* occurs twice",
)
def _(server: Server) -> None:
    _instances_of_all(server, lambda here, there, _own, _other: here is there)


@fault(
    "inst-list-namesakes",
    "Lists the instances of namesakes in other environments, too.",
    "CMF-INST-LIST-SCOPE",
    reason=r"no instance is listed under two applications: instance .* occurs twice",
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


@fault(
    "inst-get-unknown-newest",
    "Answers the newest instance for an unknown one.",
    "CMF-INST-GET-UNKNOWN",
    reason=r"an instance a UUID that was never given answers 404: the answer of getApplicationInstance came with status 200",
)
def _(server: Server) -> None:
    _find_instance(
        server, lambda application, _name: application.instances[-1] if application.instances else None
    )


@fault(
    "inst-get-namesake",
    "Finds an instance of a namesake in another environment.",
    "CMF-INST-GET-UNKNOWN",
    reason=r"an instance of a namesake in another environment answers 404: the answer of getApplicationInstance came with status 200",
)
def _(server: Server) -> None:
    def found(application: Application, name: str) -> Instance | None:
        for environment in server.store.list_environments():
            namesake = server.store.application(environment, application.name)
            for instance in namesake.instances if namesake else ():
                if instance.uid == name:
                    return instance
        return None

    _find_instance(server, found)


@fault(
    "inst-get-other-application",
    "Finds an instance below another application than its own.",
    "CMF-INST-GET-UNKNOWN",
    reason=r"an instance under a sibling answers 404: the answer of getApplicationInstance came with status 200",
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


@fault(
    "inst-name-not-uid",
    "Gives an instance another uid than its name.",
    "CMF-INST-NAME",
    reason=r"answers of getApplicationInstances: uid is not identical to name",
)
def _(server: Server) -> None:
    reshape_each(
        server, INSTANCES, at(lambda name: str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "metadata", "uid")
    )


@fault(
    "inst-name-without-hyphens",
    "Names instances by a number instead of a UUID.",
    "CMF-INST-NAME",
    reason=r"answers of getApplicationInstances: the name of an instance is no UUID",
)
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
    "CMF-EVENT-INSTANCE",
    "CMF-INST-SPEC",
    reason=r"its name is a UUID, by which it is read: the answer of getApplicationInstance came with status 404",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        name = value["metadata"]["name"].upper()
        return {**value, "metadata": {**value["metadata"], "name": name, "uid": name}}

    reshape_each(server, ["getApplicationInstances"], change)


@fault(
    "inst-job-status-text",
    "Gives the job status of an instance as a string.",
    "CMF-INST-SCHEMA",
    reason=r"answers of getApplicationInstances: .* .* is not of type .*",
)
def _(server: Server) -> None:
    reshape_each(server, INSTANCES, at(lambda job: job["state"], "status", "jobStatus"))


@fault(
    "inst-without-kind",
    "Shows instances without their kind.",
    "CMF-INST-SCHEMA",
    reason=r"answers of getApplicationInstances: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, INSTANCES, drop("kind"))


@fault(
    "inst-unknown-yaml-empty",
    "Answers an empty document where instances of an unknown application are read as YAML.",
    "CMF-INST-LIST-UNKNOWN",
    "CMF-INST-GET-UNKNOWN",
    "CMF-INST-SCHEMA",
    reason=r"the instances of an unknown application, as application/yaml: the answer of getApplicationInstances came with status 200",
)
def _(server: Server) -> None:
    unknown_as_yaml(server, INSTANCES)
