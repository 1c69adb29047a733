"""Bodies of environments and applications that are accepted although they break their schema."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import replace
from conformance.reference.server import Server
from conformance.reference.values import JsonObject

fault = Registry()


def _mend(owner: Any, mend: Any) -> None:
    """Change a body before it is judged."""
    replace(owner, "draft", lambda original, body: original(mend(dict(body))))


@fault(
    "env-body-name-optional",
    "Makes up a name when the body of an environment has none.",
    "CMF-ENV-BODY",
    reason=r"no name is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        return {"name": f"unnamed-{server.clock.stamp()}", **body}

    _mend(server.environments, mend)


@fault(
    "env-body-namespace-ignored",
    "Ignores a Kubernetes namespace that is no string.",
    "CMF-ENV-BODY",
    reason=r"a list as namespace is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _ignore_other_types(server.environments, "kubernetesNamespace", str)


def _ignore_other_types(owner: Any, key: str, kind: type) -> None:
    def mend(body: JsonObject) -> JsonObject:
        return (
            body
            if isinstance(body.get(key), kind)
            else {name: part for name, part in body.items() if name != key}
        )

    _mend(owner, mend)


@fault(
    "env-body-application-defaults-ignored",
    "Ignores application defaults that are no object.",
    "CMF-ENV-BODY",
    reason=r"a string as application defaults is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _ignore_other_types(server.environments, "flinkApplicationDefaults", dict)


@fault(
    "env-body-pool-defaults-ignored",
    "Ignores compute pool defaults that are no object.",
    "CMF-ENV-BODY",
    reason=r"a number as compute pool defaults is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _ignore_other_types(server.environments, "computePoolDefaults", dict)


@fault(
    "env-body-statement-defaults-ignored",
    "Ignores statement defaults that are no object.",
    "CMF-ENV-BODY",
    reason=r"a boolean as statement defaults is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _ignore_other_types(server.environments, "statementDefaults", dict)


@fault(
    "env-nested-unchecked",
    "Does not look into statement defaults.",
    "CMF-ENV-BODY-NESTED",
    "CMF-ENV-SCHEMA",
    "CMF-CONTENT-NULL",
    reason=r"a string as detached defaults is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    replace(server.environments, "check_statement_defaults", lambda _original, _defaults: None)


@fault(
    "env-nested-coerced",
    "Makes strings of other Flink configuration values in statement defaults.",
    "CMF-ENV-BODY-NESTED",
    reason=r"an object as Flink configuration value is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        defaults = body.get("statementDefaults")
        return {**body, "statementDefaults": _coerced(defaults)} if isinstance(defaults, dict) else body

    _mend(server.environments, mend)


def _coerced(defaults: JsonObject) -> JsonObject:
    result = dict(defaults)
    for key in ("detached", "interactive"):
        part = defaults.get(key)
        configuration = part.get("flinkConfiguration") if isinstance(part, dict) else None
        if isinstance(part, dict) and isinstance(configuration, dict):
            texts = {
                name: value if isinstance(value, str) else str(value) for name, value in configuration.items()
            }
            result[key] = {**part, "flinkConfiguration": texts}
    return result


@fault(
    "env-nested-interactive-unchecked",
    "Drops interactive statement defaults that are no object.",
    "CMF-ENV-BODY-NESTED",
    reason=r"generated requests of createOrUpdateEnvironment: /statementDefaults/interactive: interactive: false is not of type .*, answered with",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        defaults = body.get("statementDefaults")
        if not isinstance(defaults, dict) or isinstance(defaults.get("interactive", {}), dict):
            return body
        return {
            **body,
            "statementDefaults": {key: part for key, part in defaults.items() if key != "interactive"},
        }

    _mend(server.environments, mend)


@fault(
    "env-namespace-max-off-by-one",
    "Accepts a Kubernetes namespace of 254 characters.",
    "CMF-ENV-NAMESPACE",
    "CMF-ENV-SCHEMA",
    reason=r"a namespace that is too long in an update is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.namespace_rule.maximum = 254


@fault(
    "env-namespace-empty",
    "Takes an empty Kubernetes namespace as none.",
    "CMF-ENV-NAMESPACE",
    reason=r"a namespace that is empty in an update is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        empty = body.get("kubernetesNamespace") == ""
        return {key: part for key, part in body.items() if not (empty and key == "kubernetesNamespace")}

    _mend(server.environments, mend)


@fault(
    "env-namespace-cleaned",
    "Makes a legal Kubernetes namespace of one outside the pattern.",
    "CMF-ENV-NAMESPACE",
    reason=r"a namespace that is upper case in an update is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        namespace = body.get("kubernetesNamespace")
        if not isinstance(namespace, str) or not 1 <= len(namespace) <= 253:
            return body
        clean = "".join(
            letter if letter.isascii() and letter.isalnum() else "-" for letter in namespace.lower()
        )
        legal = server.environments.namespace_rule.matches(namespace)
        return body if legal else {**body, "kubernetesNamespace": clean.strip("-") or "default"}

    _mend(server.environments, mend)


def _default(server: Server, key: str, value: Any) -> None:
    _mend(server.applications, lambda body: {key: value, **body})


@fault(
    "app-body-without-spec",
    "Takes an application without a spec.",
    "CMF-APP-BODY",
    reason=r"no spec is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    _default(server, "spec", {})


@fault(
    "app-body-without-kind",
    "Takes an application without a kind.",
    "CMF-APP-BODY",
    reason=r"no kind is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    _default(server, "kind", "FlinkApplication")


@fault(
    "app-body-without-version",
    "Takes an application without an apiVersion.",
    "CMF-APP-BODY",
    reason=r"no apiVersion is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    _default(server, "apiVersion", "cmf.confluent.io/v1")


@fault(
    "app-body-spec-array",
    "Takes an array as the spec of an application.",
    "CMF-APP-BODY",
    reason=r"a list as spec is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        return {**body, "spec": {}} if isinstance(body.get("spec"), list) else body

    _mend(server.applications, mend)


@fault(
    "app-body-kind-number",
    "Takes a kind that is no string.",
    "CMF-APP-BODY",
    reason=r"an object as kind is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        return body if isinstance(body.get("kind", ""), str) else {**body, "kind": "FlinkApplication"}

    _mend(server.applications, mend)


@fault(
    "app-body-name-made-up",
    "Makes up a name when the metadata of an application have none.",
    "CMF-APP-BODY",
    reason=r"no name is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    def mend(body: JsonObject) -> JsonObject:
        metadata = body.get("metadata")
        if not isinstance(metadata, dict) or "name" in metadata:
            return body
        return {**body, "metadata": {**metadata, "name": f"unnamed-{server.clock.stamp()}"}}

    _mend(server.applications, mend)
