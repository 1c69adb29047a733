"""Violations of the schemas of environments and applications."""

from __future__ import annotations

from conformance.reference.clock import rfc3339
from conformance.reference.faults.applications import POST, is_creation, known_applications
from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import part
from conformance.reference.replacing import (
    around,
    drop,
    replace,
    reshape,
    reshape_each,
    walk_texts,
)
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


@fault(
    "env-secrets-array",
    "Shows the secrets of an environment as an array.",
    "CMF-ENV-SCHEMA",
    reason=r"answers of createOrUpdateEnvironment: /secrets: \[\] is not of type .*",
)
def _(server: Server) -> None:
    replace(server.environments, "view_secrets", lambda original, one: list(original(one)))


@fault(
    "env-list-without-namespace",
    "Lists environments without their Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-LIST",
    "CMF-CONC-READ",
    reason=r"answers of getEnvironments: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["getEnvironments"], drop("kubernetesNamespace"))


@fault(
    "env-update-answer-without-namespace",
    "Answers an update without the Kubernetes namespace.",
    "CMF-ENV-SCHEMA",
    "CMF-ENV-UPDATE",
    reason=r"answers of createOrUpdateEnvironment: /: .* is a required property",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("kubernetesNamespace")(value) if value["created_time"] != value["updated_time"] else value

    reshape(server, ["createOrUpdateEnvironment"], change)


@fault(
    "env-created-time-date",
    "Gives the creation time of an environment as a date without a time.",
    "CMF-TIME-FORMAT",
    "CMF-ENV-LIST",
    reason=r"answers of getEnvironment: .* is not of the form .*-.*-.*T.*:.*:.*Z",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        environment = server.store.environment(value["name"])
        day = rfc3339(environment.created)[:10] if environment is not None else "1970-01-01"
        return {**value, "created_time": day}

    reshape(server, ["getEnvironment"], change)


@fault(
    "app-list-status-text",
    "Lists applications with a string for their status.",
    "CMF-APP-SCHEMA",
    reason=r"answers of getApplications: .* .* is not of type .*",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return {**value, "status": part(value, "status").get("lifecycleState", "UNKNOWN")}

    reshape_each(server, ["getApplications"], change)


@fault(
    "app-list-without-version",
    "Lists applications without an apiVersion.",
    "CMF-APP-SCHEMA",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"answers of getApplications: .* .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("apiVersion"))


@fault(
    "app-suspend-answer-without-kind",
    "Answers suspend with an application without a kind.",
    "CMF-APP-SCHEMA",
    "CMF-APP-SUSPEND",
    reason=r"answers of suspendApplication: /: .* is a required property",
)
def _(server: Server) -> None:
    reshape_each(server, ["suspendApplication"], drop("kind"))


@fault(
    "app-update-answer-spec-text",
    "Answers an update with the spec as a string.",
    "CMF-APP-SCHEMA",
    "CMF-APP-UPDATE",
    reason=r"""answers of createOrUpdateApplication: /spec: "\{.*: .*, .*: .*, .*:""",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        known = known_applications(server)
        answer = original(call)
        if is_creation(call, answer, known):
            return answer
        return Answer(201, {**answer.value, "spec": str(walk_texts(str.lower, answer.value["spec"]))})

    around(server, POST, post)
