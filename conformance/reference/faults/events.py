"""Violations by the events of applications."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import uuid
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import EVENTS, around, at, drop, put, replace, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Event
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()


@fault(
    "event-instance-newest",
    "Names in each event the newest instance of the application.",
    "CMF-EVENT-KEPT",
    reason=r"what was told before a restart is told the same: the event, its /flinkApplicationInstance is not as",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        application, answer = server.applications.application(call), original(call)
        newest = application.instances[-1].uid if application.instances else None
        for item in answer.value["items"]:
            if newest and item["metadata"].get("flinkApplicationInstance"):
                item["metadata"] = {**item["metadata"], "flinkApplicationInstance": newest}
        return answer

    around(server, EVENTS, listing)


@fault(
    "event-list-suspended-404",
    "Finds no events of an application that is suspended.",
    "CMF-EVENT-LIST",
    "CMF-CONTENT-SAME",
    reason=r"the events of an existing application are a page: the answer of getApplicationEvents came with status 404",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if not server.applications.application(call).running:
            raise Refusal(404, "There are no events.")
        return original(call)

    around(server, EVENTS, listing)


@fault(
    "event-list-202",
    "Answers the events of an application with 202.",
    "CMF-EVENT-LIST",
    "CMF-ERR-STATUS",
    "CMF-CONTENT-SAME",
    "CMF-EVENT-LIFE",
    reason=r"the events of an existing application are a page: the answer of getApplicationEvents came with status 202",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        return Answer(202, original(call).value)

    around(server, EVENTS, listing)


@fault(
    "event-list-unknown-empty",
    "Lists no events for an unknown application.",
    "CMF-EVENT-LIST-UNKNOWN",
    "CMF-APP-DELETE",
    reason=r"the events of an unknown application, as application/json: the answer of getApplicationEvents came with status 200",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return server.events.listed(call, [], {}, server.events.view)

    around(server, EVENTS, listing)


def _events_of_all(server: Server, wanted: Any) -> None:
    def of(original: Any, application: Application) -> list[Event]:
        events = list(original(application))
        for environment in server.store.list_environments():
            for other in server.store.list_applications(environment):
                if other is not application and wanted(environment, application, other):
                    events += other.events
        return sorted(events, key=lambda event: event.created)

    replace(server.events, "of", of)


@fault(
    "event-list-siblings",
    "Lists the events of the sibling applications, too.",
    "CMF-EVENT-LIST-SCOPE",
    "CMF-EVENT-INSTANCE",
    reason=r"no event is listed under two applications: event .* occurs twice",
)
def _(server: Server) -> None:
    _events_of_all(server, lambda environment, own, _other: own in environment.applications.values())


@fault(
    "event-list-namesakes",
    "Lists the events of namesakes in other environments, too.",
    "CMF-EVENT-LIST-SCOPE",
    "CMF-EVENT-INSTANCE",
    "CMF-APP-NAME-SCOPE",
    reason=r"no event is listed under two applications: event .* occurs twice",
)
def _(server: Server) -> None:
    _events_of_all(server, lambda _environment, own, other: own.name == other.name)


@fault(
    "event-life-none-on-restart",
    "Adds no event after the first start of an application.",
    "CMF-EVENT-LIFE",
    reason=r"suspending and starting it again adds to them: there are .* events \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def note(original: Any, application: Application, *details: Any) -> None:
        if application.generation == 1:
            original(application, *details)

    replace(server.lifecycle, "note", note)


@fault(
    "event-life-empty",
    "Never lists an event.",
    "CMF-EVENT-LIFE",
    reason=r"an application that was created and started has events: there are .* events \(after waiting .* s\)",
)
def _(server: Server) -> None:
    replace(server.events, "of", lambda _original, _application: [])


@fault(
    "event-version-v1",
    "Gives events the version of the other resources.",
    "CMF-EVENT-VERSION",
    reason=r"answers of getApplicationEvents: the apiVersion of an event is another",
)
def _(server: Server) -> None:
    reshape_each(server, EVENTS, put("cmf.confluent.io/v1", "apiVersion"))


@fault(
    "event-kind-short",
    "Gives events another kind.",
    "CMF-EVENT-VERSION",
    reason=r"answers of getApplicationEvents: the kind of an event is another",
)
def _(server: Server) -> None:
    reshape_each(server, EVENTS, put("Event", "kind"))


@fault(
    "event-name-not-uid",
    "Gives an event another uid than its name.",
    "CMF-EVENT-NAME",
    reason=r"answers of getApplicationEvents: uid is not identical to name",
)
def _(server: Server) -> None:
    reshape_each(
        server, EVENTS, at(lambda name: str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "metadata", "uid")
    )


@fault(
    "event-name-by-type",
    "Gives all events of a type the same name.",
    "CMF-EVENT-NAME",
    "CMF-PAGE-PARTITION",
    "CMF-EVENT-LIST-SCOPE",
    reason=r"no two events share a name: event .* occurs twice, with other contents",
)
def _(server: Server) -> None:
    def note(original: Any, application: Application, *details: Any) -> None:
        original(application, *details)
        event = application.events[-1]
        event.uid = str(uuid.uuid5(uuid.UUID(application.uid), event.type))

    replace(server.lifecycle, "note", note)


@fault(
    "event-instance-unknown",
    "Names an instance in an event that does not exist.",
    "CMF-EVENT-INSTANCE",
    reason=r"each names an instance of this application, or none: an event names an unknown instance \(after waiting .* s\)",
)
def _(server: Server) -> None:
    reshape_each(
        server,
        EVENTS,
        at(lambda name: str(uuid.uuid5(uuid.NAMESPACE_OID, name)), "metadata", "flinkApplicationInstance"),
    )


@fault(
    "event-instance-application",
    "Names the application as the instance of its events.",
    "CMF-EVENT-INSTANCE",
    reason=r"each names an instance of this application, or none: an event names an unknown instance \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        change = at(lambda _name: call.path["appName"], "metadata", "flinkApplicationInstance")
        return Answer(200, {**answer.value, "items": [change(item) for item in answer.value["items"]]})

    around(server, EVENTS, listing)


@fault(
    "event-data-text",
    "Gives the data of an event as a string.",
    "CMF-EVENT-SCHEMA",
    reason=r"answers of getApplicationEvents: .* .* is not valid under any of the schemas listed in the .* keyword",
)
def _(server: Server) -> None:
    reshape_each(server, EVENTS, at(lambda data: data["newStatus"], "status", "data"))


@fault(
    "event-without-status",
    "Shows events without their status.",
    "CMF-EVENT-SCHEMA",
    reason=r"answers of getApplicationEvents: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, EVENTS, drop("status"))


@fault(
    "event-gone-with-update",
    "Forgets the events of an application at an update.",
    "CMF-EVENT-LIFE",
    reason=r"what happened before is still told: an event is gone",
)
def _(server: Server) -> None:
    def started(original: Any, environment: Environment, application: Application) -> None:
        kept = application.events[1:2]
        original(environment, application)
        application.events[:] = kept

    replace(server.lifecycle, "started", started)
