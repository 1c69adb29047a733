"""Violations by the operations on environments."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import copy
import dataclasses
import re
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.faults.state_changes import suspend_all
from conformance.reference.replacing import (
    ENVIRONMENTS,
    READ_ENVIRONMENTS,
    around,
    at,
    drop,
    replace,
    reshape_each,
    unknown_as_yaml,
)
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

DEFAULTS = ("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults")


@fault(
    "env-create-202",
    "Answers the creation of an environment with 202.",
    "CMF-ENV-CREATE",
    "CMF-ERR-STATUS",
    "CMF-CONTENT-HOSTILE",
    "CMF-ENV-RECREATE",
    reason=r"a new name answers 201 with the environment: the answer of createOrUpdateEnvironment came with status 202",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        return Answer(202 if answer.value["name"] not in before else 201, answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


def _change_create_answer(server: Server, change: Any) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        new = answer.value["name"] not in before
        return Answer(201, change(copy.deepcopy(answer.value)) if new else answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-create-answer-without-defaults",
    "Leaves the defaults out of the answer to a creation.",
    "CMF-ENV-CREATE",
    reason=r"a new name answers 201 with the environment: the answer/flinkApplicationDefaults is not as stored",
)
def _(server: Server) -> None:
    _change_create_answer(server, drop("flinkApplicationDefaults"))


@fault(
    "env-get-pool-defaults-lost",
    "Shows no compute pool defaults where there are statement defaults.",
    "CMF-ENV-GET",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    reason=r"it is read as it was posted: the environment/computePoolDefaults is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("computePoolDefaults")(value) if "statementDefaults" in value else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-interactive-lost",
    "Shows no interactive statement defaults where there are detached ones.",
    "CMF-ENV-GET",
    "CMF-CONTENT-SCALARS",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-UNICODE",
    reason=r"it is read as it was posted: the environment/statementDefaults/interactive is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("statementDefaults", {})
        return drop("statementDefaults", "interactive")(value) if "detached" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-application-metadata-lost",
    "Shows only the spec of the application defaults.",
    "CMF-ENV-GET",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    "CMF-ENV-UPDATE",
    reason=r"it is read as it was posted: the environment/flinkApplicationDefaults/metadata is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("flinkApplicationDefaults", {})
        return drop("flinkApplicationDefaults", "metadata")(value) if "spec" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-namespace-unchecked-at-creation",
    "Creates an environment in a Kubernetes namespace of any length.",
    "CMF-ENV-NAMESPACE",
    "CMF-ENV-SCHEMA",
    reason=r"a namespace that is too long in a creation is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def draft(original: Any, body: JsonObject) -> Any:
        name, namespace = body.get("name"), body.get("kubernetesNamespace")
        known = isinstance(name, str) and server.store.environment(name) is not None
        if known or not isinstance(namespace, str) or len(namespace) <= 253:
            return original(body)
        return dataclasses.replace(
            original({**body, "kubernetesNamespace": namespace[:253]}), namespace=namespace
        )

    replace(server.environments, "draft", draft)


@fault(
    "env-pool-defaults-keys-renamed",
    "Turns snake case into camel case in the keys of compute pool defaults.",
    "CMF-ENV-GET",
    reason=r"keys of every shape in one environment: a key, sent as application/json, read as application/json: ",
)
def _(server: Server) -> None:
    def renamed(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            re.sub(r"_([a-z])", lambda match: match[1].upper(), key): renamed(item)
            for key, item in value.items()
        }

    reshape_each(server, ENVIRONMENTS, at(renamed, "computePoolDefaults"))


@fault(
    "env-get-unknown-400",
    "Answers 400 for the name of an environment that never existed.",
    "CMF-ENV-GET-UNKNOWN",
    reason=r"a name that was never used, as application/json: the answer of getEnvironment came with status 400",
)
def _(server: Server) -> None:
    known: set[str] = set()

    def add(original: Any, environment: Environment) -> None:
        known.add(environment.name)
        original(environment)

    def get(original: Handler, call: Call) -> Answer:
        if call.path["envName"] not in known:
            raise Refusal(400, "There is no such environment.")
        return original(call)

    replace(server.store, "add_environment", add)
    around(server, ["getEnvironment"], get)


@fault(
    "env-get-prefix",
    "Finds an environment by the beginning of its name.",
    "CMF-ENV-GET-UNKNOWN",
    "CMF-ENV-DELETE",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"the beginning of an existing name, and more than it: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        name = call.path["envName"]
        longer = [known for known in server.store.environments if known.startswith(name)]
        found = name if name in longer or not longer else longer[0]
        return original(Call(call.request, call.operation, {"envName": found}))

    around(server, ["getEnvironment"], get)


@fault(
    "env-get-any-case",
    "Finds an environment by its name in upper case.",
    "CMF-ENV-GET-UNKNOWN",
    reason=r"an existing name in upper case: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        return original(Call(call.request, call.operation, {"envName": call.path["envName"].lower()}))

    around(server, ["getEnvironment"], get)


@fault(
    "env-get-unknown-yaml-empty",
    "Answers an empty document for an unknown environment that is read as YAML.",
    "CMF-ENV-GET-UNKNOWN",
    "CMF-ENV-DELETE",
    "CMF-ENV-SCHEMA",
    reason=r"a name that was never used, as application/yaml: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    unknown_as_yaml(server, ["getEnvironment"])


def _with_update(server: Server, spoil: Any) -> None:
    """Do something to an environment whose statement defaults are updated."""

    def update(original: Any, environment: Environment, draft: Any) -> Environment:
        if draft.settings.get("statementDefaults") != environment.settings.get("statementDefaults"):
            spoil(environment)
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-update-deletes-applications",
    "Deletes the applications of an environment whose statement defaults are updated.",
    "CMF-APP-GET",
    reason=r"a suspended application after an update of its environment with defaults: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    _with_update(server, lambda environment: environment.applications.clear())


@fault(
    "env-update-suspends-applications",
    "Suspends the applications of an environment whose statement defaults are updated.",
    "CMF-APP-GET",
    reason=r"a running application after an update of its environment with defaults: the application/spec/job/state is not as stored",
)
def _(server: Server) -> None:
    _with_update(server, lambda environment: suspend_all(server, environment))
