"""Violations of timestamps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from conformance.reference.clock import rfc3339
from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import (
    APPLICATIONS,
    ENVIRONMENTS,
    EVENTS,
    INSTANCES,
    around,
    at,
    replace,
    reshape_each,
)
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


def _environment_times(server: Server, change: Any) -> None:
    for key in ("created_time", "updated_time"):
        reshape_each(server, ENVIRONMENTS, at(change, key))


def _metadata_times(server: Server, operations: tuple[str, ...], change: Any) -> None:
    for key in ("creationTimestamp", "updateTimestamp"):
        reshape_each(server, operations, at(change, "metadata", key))


def _with_offset(text: str) -> str:
    local = datetime.fromisoformat(text) + timedelta(hours=2)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}+02:00"


@fault(
    "time-offset",
    "Gives the times of environments with the offset +02:00.",
    "CMF-TIME-FORMAT",
    reason=r"answers of createOrUpdateEnvironment: .* is not in UTC",
)
def _(server: Server) -> None:
    _environment_times(server, _with_offset)


@fault(
    "time-offset-on-instances",
    "Gives the times of instances with the offset +02:00.",
    "CMF-TIME-FORMAT",
    reason=r"answers of getApplicationInstances: .* is not in UTC",
)
def _(server: Server) -> None:
    _metadata_times(server, INSTANCES, _with_offset)


@fault(
    "time-without-offset",
    "Gives the times of applications without an offset.",
    "CMF-TIME-FORMAT",
    reason=r"answers of createOrUpdateApplication: .* has no offset, RFC .* needs one",
)
def _(server: Server) -> None:
    _metadata_times(server, APPLICATIONS, lambda text: text.removesuffix("Z"))


@fault(
    "time-without-offset-on-events",
    "Gives the times of events without an offset.",
    "CMF-TIME-FORMAT",
    reason=r"answers of getApplicationEvents: .* has no offset, RFC .* needs one",
)
def _(server: Server) -> None:
    _metadata_times(server, EVENTS, lambda text: text.removesuffix("Z"))


@fault(
    "time-with-zone-name",
    "Gives the times of listed applications with the name of a zone.",
    "CMF-TIME-FORMAT",
    "CMF-APP-LIST",
    reason=r"answers of getApplications: .* is not of the form .*-.*-.*T.*:.*:.*Z",
)
def _(server: Server) -> None:
    _metadata_times(server, ("getApplications",), lambda text: f"{text}[UTC]")


@fault(
    "time-epoch-text",
    "Gives the times of instances as milliseconds since 1970.",
    "CMF-TIME-FORMAT",
    reason=r"answers of getApplicationInstances: .* is not of the form .*-.*-.*T.*:.*:.*Z",
)
def _(server: Server) -> None:
    _metadata_times(
        server, INSTANCES, lambda text: str(round(datetime.fromisoformat(text).timestamp() * 1000))
    )


@fault(
    "time-updated-before-created",
    "Gives a new environment an update time before its creation.",
    "CMF-TIME-ORDER",
    reason=r"answers of createOrUpdateEnvironment: a resource is updated before it is created",
)
def _(server: Server) -> None:
    def create(original: Any, draft: Draft) -> Environment:
        environment: Environment = original(draft)
        environment.updated -= 1000
        return environment

    replace(server.environments, "create", create)


@fault(
    "time-instance-updated-before-created",
    "Gives an instance an update time before its creation.",
    "CMF-TIME-ORDER",
    reason=r"answers of getApplicationInstances: a resource is updated before it is created",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        created = datetime.fromisoformat(value["metadata"]["creationTimestamp"])
        earlier = rfc3339(round(created.timestamp() * 1000) - 1000)
        return {**value, "metadata": {**value["metadata"], "updateTimestamp": earlier}}

    reshape_each(server, INSTANCES, change)


@fault(
    "time-reading-updates",
    "Moves the update time of an environment when it is read.",
    "CMF-TIME-READ",
    "CMF-CONTENT-SAME",
    "CMF-ENV-REFUSED",
    "CMF-ERR-METHOD",
    reason=r"reading it, the list and what lies below leaves them: in the list, updated_time has moved",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        server.environments.environment(call).updated = server.clock.stamp()
        return answer

    around(server, ["getEnvironment"], get)


@fault(
    "time-list-now",
    "Lists environments with the present as their update time.",
    "CMF-TIME-READ",
    "CMF-ENV-LIST",
    "CMF-CONTENT-SAME",
    reason=r"reading it, the list and what lies below leaves them: in the list, updated_time has moved",
)
def _(server: Server) -> None:
    reshape_each(server, ["getEnvironments"], at(lambda _text: rfc3339(server.clock.stamp()), "updated_time"))


@fault(
    "time-application-read",
    "Gives the present as the update time of an application.",
    "CMF-TIME-READ",
    reason=r"reading a application leaves its times: updateTimestamp has moved \(after waiting .* s\)",
)
def _(server: Server) -> None:
    reshape_each(
        server,
        ["getApplication"],
        at(lambda _text: rfc3339(server.clock.stamp()), "metadata", "updateTimestamp"),
    )


@fault(
    "time-newer-is-earlier",
    "Gives each new environment an earlier creation time than the one before.",
    "CMF-TIME-NEW",
    "CMF-ENV-RECREATE",
    reason=r"three environments, created one after the other: a later environment was created earlier",
)
def _(server: Server) -> None:
    count: list[int] = []

    def create(original: Any, draft: Draft) -> Environment:
        environment: Environment = original(draft)
        count.append(1)
        environment.created -= 3_600_000 + len(count) * 60_000
        environment.updated = environment.created
        return environment

    replace(server.environments, "create", create)


@fault(
    "time-update-moves-others",
    "Moves the update times of all environments when one is updated.",
    "CMF-TIME-READ",
    reason=r"writing one environment leaves the times of those beside it: the times of others/.* is not as expected",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        answer = original(call)
        for environment in server.store.list_environments():
            environment.updated = server.clock.stamp()
        return answer

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "time-list-now-of-applications",
    "Lists applications with the present as their update time.",
    "CMF-TIME-READ",
    reason=r"reading a application leaves its times: in the list, updateTimestamp is another \(after waiting .* s\)",
)
def _(server: Server) -> None:
    present = at(lambda _text: rfc3339(server.clock.stamp()), "metadata", "updateTimestamp")
    reshape_each(server, ["getApplications"], present)
