"""Instances and events of an application (contract: .../instances, and .../events below v1alpha1)."""

from __future__ import annotations

from conformance.reference.clock import rfc3339
from conformance.reference.paging import Property
from conformance.reference.resources.applications import Applications
from conformance.reference.resources.common import API_VERSION, RECORD_PROPERTIES, Handler, Resources, Tools
from conformance.reference.store import Application, Event, Instance
from conformance.reference.values import Answer, Call, JsonObject, Refusal

EVENT_VERSION = "cmf.confluent.io/v1alpha1"

INSTANCE_PROPERTIES: dict[str, Property] = {
    **RECORD_PROPERTIES,
    "name": lambda instance: instance.uid,
    "metadata.name": lambda instance: instance.uid,
    "status.jobStatus.state": lambda instance: instance.state,
}
EVENT_PROPERTIES: dict[str, Property] = {
    "name": lambda event: event.uid,
    "metadata.name": lambda event: event.uid,
    "uid": lambda event: event.uid,
    "metadata.uid": lambda event: event.uid,
    "creationTimestamp": lambda event: event.created,
    "metadata.creationTimestamp": lambda event: event.created,
    "created_time": lambda event: event.created,
    "type": lambda event: event.type,
    "status.type": lambda event: event.type,
}


class Instances(Resources):
    """The operations on the instances of an application."""

    kind = "FlinkApplicationInstance"

    def __init__(self, tools: Tools, applications: Applications) -> None:
        super().__init__(tools)
        self.applications = applications

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on instances."""
        return {"getApplicationInstances": self.page, "getApplicationInstance": self.get}

    def page(self, call: Call) -> Answer:
        """A page of the instances, newest first."""
        instances = self.of(self.applications.application(call))
        return self.listed(call, instances[::-1], INSTANCE_PROPERTIES, self.view_in_list)

    def get(self, call: Call) -> Answer:
        """One instance."""
        name = call.path["instName"]
        for instance in self.of(self.applications.application(call)):
            if instance.uid == name:
                return Answer(200, self.view(instance))
        raise Refusal(404, f"FlinkApplicationInstance '{name}' not found.")

    def of(self, application: Application) -> list[Instance]:
        """The instances of an application, oldest first."""
        return application.instances

    def view(self, instance: Instance) -> JsonObject:
        """An instance (contract: schema FlinkApplicationInstance)."""
        status: JsonObject = {"spec": instance.spec}
        if instance.state is not None:
            job = {"jobId": instance.job_id} if instance.job_id is not None else {}
            status["jobStatus"] = {**job, "state": instance.state}
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": {
                "name": instance.uid,
                "uid": instance.uid,
                "creationTimestamp": rfc3339(instance.created),
                "updateTimestamp": rfc3339(instance.updated),
            },
            "status": status,
        }

    def view_in_list(self, instance: Instance) -> JsonObject:
        """An instance in a list."""
        return self.view(instance)


class Events(Resources):
    """The operation on the events of an application."""

    kind = "FlinkApplicationEvent"

    def __init__(self, tools: Tools, applications: Applications) -> None:
        super().__init__(tools)
        self.applications = applications

    def handlers(self) -> dict[str, Handler]:
        """The handler of the operation on events."""
        return {"getApplicationEvents": self.page}

    def page(self, call: Call) -> Answer:
        """A page of the events, newest first."""
        events = self.of(self.applications.application(call))
        return self.listed(call, events[::-1], EVENT_PROPERTIES, self.view)

    def of(self, application: Application) -> list[Event]:
        """The events of an application, oldest first."""
        return application.events

    def view(self, event: Event) -> JsonObject:
        """An event (contract: schema FlinkApplicationEvent)."""
        metadata = {"name": event.uid, "uid": event.uid, "creationTimestamp": rfc3339(event.created)}
        if event.instance is not None:
            metadata["flinkApplicationInstance"] = event.instance
        return {
            "apiVersion": EVENT_VERSION,
            "kind": self.kind,
            "metadata": metadata,
            "status": {"message": event.message, "type": event.type, "data": {"newStatus": event.new_status}},
        }
