"""Request bodies that the contract allows and a real CMF accepts, built from a target's declared features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.config import Features

API_VERSION = "cmf.confluent.io/v1"
Text = Mapping[str, str]
LABELS = {"tier": "gold", "example.com/owner": "team-1", "level": "7"}
"""Labels of every legal shape: a key with a prefix, a value that looks like a number."""
ANNOTATIONS = {"note": "first", "example.com/ticket": "CMF-1"}
CONFIGURATION = {"taskmanager.numberOfTaskSlots": "2", "execution.checkpointing.interval": "30000"}
"""The Flink configuration of an application that has one."""
STATEMENT_CONFIGURATION = {"execution.checkpointing.interval": "30000", "table.exec.state.ttl": "1 h"}
"""The Flink configuration of a statement that has one."""
DEFAULTS: dict[str, Any] = {
    "flinkApplicationDefaults": {
        "metadata": {"annotations": {"team": "streams"}, "labels": {"tier": "gold"}},
        "spec": {
            "flinkConfiguration": {"execution.checkpointing.interval": "60000"},
            "image": "registry.example/flink:1",
        },
    },
    "computePoolDefaults": {
        "spec": {"clusterSpec": {"taskManager": {"resource": {"cpu": 1.5, "memory": "1024m"}}}}
    },
    "statementDefaults": {
        "detached": {"flinkConfiguration": {"parallelism.default": "2"}},
        "interactive": {"flinkConfiguration": {"parallelism.default": "1", "table.exec.state.ttl": "1 h"}},
    },
}
"""What an environment can set for what is created in it."""
OTHER_DEFAULTS: dict[str, Any] = {
    "flinkApplicationDefaults": {
        "spec": {"flinkConfiguration": {"execution.checkpointing.interval": "90000", "new.key": "1"}}
    },
    "computePoolDefaults": {
        "spec": {"clusterSpec": {"taskManager": {"resource": {"cpu": 2, "memory": "2048m"}}}}
    },
    "statementDefaults": {
        "detached": {"flinkConfiguration": {"parallelism.default": "4"}},
        "interactive": {"flinkConfiguration": {"parallelism.default": "3"}},
    },
}
"""The same parts, each with another value."""
DISKS = [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]
PREFERRED = [{"weight": 1, "preference": {"matchExpressions": DISKS}}]
"""A preference for nodes, which is as deep as a template of pods gets."""


def environment(name: str, features: Features, **fields: Any) -> dict[str, Any]:
    """A body for ``createOrUpdateEnvironment``; ``fields`` are added to it."""
    return {"name": name, "kubernetesNamespace": features.namespace, **fields}


def application(
    name: str,
    features: Features,
    *,
    state: str = "suspended",
    parallelism: int = 1,
    configuration: Text | None = None,
    labels: Text | None = None,
    annotations: Text | None = None,
) -> dict[str, Any]:
    """A body for ``createOrUpdateApplication``.  Created suspended it starts no pod."""
    resource = {"memory": "1024m", "cpu": 1}
    spec = {
        "image": features.image,
        "flinkVersion": features.flink_version,
        "flinkConfiguration": dict(configuration or {"taskmanager.numberOfTaskSlots": "1"}),
        "serviceAccount": features.service_account,
        "jobManager": {"resource": dict(resource)},
        "taskManager": {"resource": dict(resource)},
        "job": {
            "jarURI": features.jar_uri,
            "state": state,
            "parallelism": parallelism,
            "upgradeMode": "stateless",
        },
    }
    return _resource("FlinkApplication", name, labels, annotations, spec)


def compute_pool(
    name: str,
    features: Features,
    *,
    configuration: Text | None = None,
    labels: Text | None = None,
    annotations: Text | None = None,
) -> dict[str, Any]:
    """A body for ``createComputePool``; a dedicated pool starts no pod."""
    spec = {
        "type": "DEDICATED",
        "clusterSpec": {
            "flinkVersion": features.flink_version,
            "image": features.sql_image,
            "flinkConfiguration": dict(configuration or {"pipeline.operator-chaining.enabled": "false"}),
            "taskManager": {"resource": {"cpu": 1.0, "memory": "1024m"}},
            "jobManager": {"resource": {"cpu": 0.5, "memory": "1024m"}},
        },
    }
    return _resource("ComputePool", name, labels, annotations, spec)


def statement(
    name: str,
    features: Features,
    *,
    pool: str,
    sql: str | None = None,
    configuration: Text | None = None,
    labels: Text | None = None,
    annotations: Text | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A body for ``createStatement``, of a metadata statement unless told otherwise.

    ``fields`` are added to the spec (``parallelism``, ``stopped``).
    """
    spec = {
        "statement": sql or features.metadata_statement,
        "properties": {"sql.current-catalog": features.catalog, "sql.current-database": features.database},
        "flinkConfiguration": dict(configuration or {}),
        "computePoolName": pool,
        **fields,
    }
    return _resource("Statement", name, labels, annotations, spec)


def secret(
    name: str, data: Text, *, labels: Text | None = None, annotations: Text | None = None
) -> dict[str, Any]:
    """A body for ``createSecret``."""
    return _resource("Secret", name, labels, annotations, {"data": dict(data)})


def secret_mapping(
    name: str, *, secret: str, labels: Text | None = None, annotations: Text | None = None
) -> dict[str, Any]:
    """A body for ``createEnvironmentSecretMapping``; the name is the connection secret id of catalogs."""
    return _resource("EnvironmentSecretMapping", name, labels, annotations, {"secretName": secret})


def catalog(
    name: str,
    *,
    configuration: Text | None = None,
    labels: Text | None = None,
    annotations: Text | None = None,
    secret_id: str | None = None,
) -> dict[str, Any]:
    """A body for ``createKafkaCatalog``.  Nothing connects to the hosts when it is created."""
    registry = {"schema.registry.url": "http://schema-registry.invalid:8081", **(configuration or {})}
    kafka = {"bootstrap.servers": "kafka.invalid:9092", **(configuration or {})}
    identity = {"connectionSecretId": secret_id} if secret_id else {}
    spec = {
        "srInstance": {"connectionConfig": registry, **identity},
        "kafkaClusters": [
            {"databaseName": "first", "connectionConfig": kafka, **identity},
            {"databaseName": "second", "connectionConfig": {"bootstrap.servers": "other.invalid:9092"}},
        ],
    }
    return _resource("KafkaCatalog", name, labels, annotations, spec)


def changed(body: dict[str, Any], *, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A body with other fields in its metadata and spec."""
    return {**body, "metadata": {**body["metadata"], **(metadata or {})}, "spec": {**body["spec"], **spec}}


def _resource(
    kind: str, name: str, labels: Text | None, annotations: Text | None, spec: dict[str, Any]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if labels is not None:
        metadata["labels"] = dict(labels)
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
