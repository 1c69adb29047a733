"""Request bodies that the contract allows and a real CMF accepts, built from a target's declared features."""

from __future__ import annotations

from typing import Any

from conformance.config import Features

API_VERSION = "cmf.confluent.io/v1"


def environment(name: str, features: Features, **fields: Any) -> dict[str, Any]:
    """A body for ``createOrUpdateEnvironment``; ``fields`` are added to it."""
    return {"name": name, "kubernetesNamespace": features.namespace, **fields}


def application(
    name: str,
    features: Features,
    *,
    state: str = "suspended",
    parallelism: int = 1,
    configuration: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A body for ``createOrUpdateApplication``.  Created suspended it starts no pod."""
    metadata: dict[str, Any] = {"name": name}
    if labels is not None:
        metadata["labels"] = labels
    if annotations is not None:
        metadata["annotations"] = annotations
    resource = {"memory": "1024m", "cpu": 1}
    return {
        "apiVersion": API_VERSION,
        "kind": "FlinkApplication",
        "metadata": metadata,
        "spec": {
            "image": features.image,
            "flinkVersion": features.flink_version,
            "flinkConfiguration": configuration or {"taskmanager.numberOfTaskSlots": "1"},
            "serviceAccount": features.service_account,
            "jobManager": {"resource": dict(resource)},
            "taskManager": {"resource": dict(resource)},
            "job": {
                "jarURI": features.jar_uri,
                "state": state,
                "parallelism": parallelism,
                "upgradeMode": "stateless",
            },
        },
    }
