"""Violations by updates of secrets and mappings, and by what shows them elsewhere."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import MAPPING, SECRET, Kind, is_yaml
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Record, Statement
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


def _around_update(server: Server, kind: Kind, change: Any) -> None:
    """Let ``change`` put right, after an update, what is stored; it gets a copy of the old resource."""

    def update(original: Handler, call: Call) -> Answer:
        record = kind.held(server, call).get(call.path[kind.parameter])
        if record is None:
            return original(call)
        old = Record(record.name, record.metadata, record.spec, record.created, record.updated)
        answer = original(call)
        change(record, old, call)
        return Answer(answer.status, kind.resources(server).view(record))

    around(server, [kind.update], update)


@fault(
    "map-update-reaches-namesakes-of-secret",
    "Maps the mappings of that name to the same secret in other environments to the new one, too.",
    "CMF-MAP-UPDATE",
    reason=r"after update .* a namesake in another environment is as it was: the namesake: /secret is not as expected",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        for environment in server.store.list_environments():
            other = environment.mappings.get(record.name)
            if other is not None and other.spec == old.spec:
                other.spec = record.spec

    _around_update(server, MAPPING, change)


@fault(
    "secret-update-yaml-created-now",
    "Takes an update of a secret as YAML for its creation.",
    "CMF-SECRET-CREATED-KEPT",
    reason=r"uid and creationTimestamp after an update with other labels: the update changed creationTimestamp",
)
def _(server: Server) -> None:
    def change(record: Record, _old: Record, call: Call) -> None:
        if is_yaml(call):
            record.created = record.updated

    _around_update(server, SECRET, change)


@fault(
    "map-updated-stands-in-yaml",
    "Leaves updateTimestamp as it was when an update of a mapping comes as YAML.",
    "CMF-MAP-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with other labels: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, call: Call) -> None:
        if is_yaml(call):
            record.updated = old.updated

    _around_update(server, MAPPING, change)


@fault(
    "map-updated-stands-with-labels-alone",
    "Leaves updateTimestamp as it was when an update of a mapping changes nothing but labels.",
    "CMF-MAP-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with other labels alone: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        notes, labels = (
            record.metadata.get(part) == old.metadata.get(part) for part in ("annotations", "labels")
        )
        if record.spec == old.spec and notes and not labels:
            record.updated = old.updated

    _around_update(server, MAPPING, change)


def _empty_keeps_labels(server: Server, kind: Kind) -> None:
    """Keep the labels where an update has none in their place."""

    def change(record: Record, old: Record, _call: Call) -> None:
        if record.metadata.get("labels") == {}:
            record.metadata = {**record.metadata, "labels": old.metadata.get("labels", {})}

    _around_update(server, kind, change)


@fault(
    "map-replace-empty-keeps-labels",
    "Keeps the labels of a mapping when an update gives it an empty object of them.",
    "CMF-MAP-REPLACE",
    reason=r"after an update as application/json with no labels none are left: labels are still there",
)
def _(server: Server) -> None:
    _empty_keeps_labels(server, MAPPING)


@fault(
    "secret-replace-empty-keeps-labels",
    "Keeps the labels of a secret when an update gives it an empty object of them.",
    "CMF-SECRET-REPLACE",
    reason=r"after an update as application/json with no labels none are left: labels are still there",
)
def _(server: Server) -> None:
    _empty_keeps_labels(server, SECRET)


@fault(
    "secret-updated-time-of-data",
    "Moves the update time of a secret with its data only.",
    "CMF-SECRET-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with other labels: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        if record.spec == old.spec:
            record.updated = old.updated

    _around_update(server, SECRET, change)


@fault(
    "secret-list-updated-at-creation",
    "Lists secrets with the time of their creation as that of their update.",
    "CMF-SECRET-LIST",
    reason=r"after updates the list shows the values that are read of it alone: in the list, the secret: /updated is not as expected",
)
def _(server: Server) -> None:
    def change(secret: JsonObject) -> JsonObject:
        metadata = secret["metadata"]
        return {**secret, "metadata": {**metadata, "updateTimestamp": metadata["creationTimestamp"]}}

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        return Answer(200, {**answer.value, "items": [change(item) for item in answer.value["items"]]})

    around(server, [SECRET.page], listing)


@fault(
    "secret-shown-in-detail",
    "Shows in the detail of a failed statement the data of the secrets of its environment.",
    "CMF-SECRET-HIDDEN",
    reason=r"a statement that fails in an environment that maps it: the answer of .* shows what is in a secret",
)
def _(server: Server) -> None:
    def view(original: Any, statement: Statement) -> JsonObject:
        value: JsonObject = original(statement)
        if value["status"]["phase"] != "FAILED":
            return value
        names = {
            mapping.spec["secretName"]
            for environment in server.store.list_environments()
            if environment.statements.get(statement.name) is statement
            for mapping in environment.mappings.values()
        }
        data = [secret.spec for name, secret in server.store.secrets.items() if name in names]
        return {**value, "status": {**value["status"], "detail": f"{value['status']['detail']} {data}"}}

    replace(server.statements, "view", view)
