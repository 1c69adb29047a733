"""Violations by instances of applications that are suspended, started again, or deleted."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import part
from conformance.reference.replacing import (
    INSTANCES,
    around,
    replace,
    reshape_each,
)
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Instance
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "inst-created-when-changed",
    "Gives the time when it ended for the creation time of an instance.",
    "CMF-INST-KEPT",
    reason=r"once it is suspended, its instance was created when it was: the instance, its /creationTimestamp is not as",
)
def _(server: Server) -> None:
    def change(item: JsonObject) -> JsonObject:
        metadata = item["metadata"]
        if part(item, "status", "jobStatus").get("state") != "SUSPENDED":
            return item
        return {**item, "metadata": {**metadata, "creationTimestamp": metadata["updateTimestamp"]}}

    reshape_each(server, INSTANCES, change)


@fault(
    "inst-restart-reuses",
    "Uses the old instance again at a restart.",
    "CMF-INST-NEW",
    reason=r"a second start makes a new instance and keeps the old: the second start made no new instance \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        return application.instances[-1] if application.instances else original(environment, application)

    replace(server.lifecycle, "new_instance", new_instance)


@fault(
    "inst-restart-forgets",
    "Forgets the old instances at a restart.",
    "CMF-INST-NEW",
    "CMF-EVENT-INSTANCE",
    reason=r"a second start makes a new instance and keeps the old: an earlier instance is gone \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        application.instances.clear()
        return original(environment, application)  # type: ignore[no-any-return]

    replace(server.lifecycle, "new_instance", new_instance)


@fault(
    "inst-list-hidden-while-suspended",
    "Lists no instances of an application while it is suspended.",
    "CMF-INST-LIST",
    reason=r"once it is suspended, its instances are still listed: a started application has no instance",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if server.applications.application(call).running:
            return original(call)
        return server.instances.listed(call, [], {}, server.instances.view)

    around(server, ["getApplicationInstances"], listing)


@fault(
    "inst-older-not-read",
    "Does not find an instance alone that is not the newest of its application.",
    "CMF-INST-LIST",
    reason=r"after the second start each is read alone as it is listed: the answer of getApplicationInstance came with status 404",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        instances = server.applications.application(call).instances
        if call.path["instName"] in [each.uid for each in instances[:-1]]:
            raise Refusal(404, "there is no such instance")
        return original(call)

    around(server, ["getApplicationInstance"], get)


@fault(
    "inst-created-with-the-newest",
    "Gives every instance the creation time of the newest one of its application.",
    "CMF-INST-KEPT",
    reason=r"when it was started again, its first instance was created when it was: the instance, its /creationTimestamp is not as",
)
def _(server: Server) -> None:
    def new_instance(original: Any, environment: Environment, application: Application) -> Instance:
        new: Instance = original(environment, application)
        for instance in application.instances:
            instance.created, instance.updated = new.created, max(instance.updated, new.created)
        return new

    replace(server.lifecycle, "new_instance", new_instance)
