"""Where resources are, and bodies with every kind of value in them."""

from __future__ import annotations

from typing import Any

V1 = "/cmf/api/v1"
ENVIRONMENTS = V1 + "/environments"
JSON = "application/json"
YAML = "application/yaml"


def application(name: str, state: str = "suspended", **spec: Any) -> dict[str, Any]:
    """A body with every kind of value in it."""
    return {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": "FlinkApplication",
        "metadata": {
            "name": name,
            "labels": {"team": "a", "example.com/owner": "b"},
            "annotations": {"note": "plain"},
        },
        "spec": {
            "image": "confluentinc/cp-flink:1.19.1-cp2",
            "flinkVersion": "v1_19",
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1", "a.b": "2", "c": "x"},
            "serviceAccount": "flink",
            "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
            "taskManager": {"resource": {"memory": "2048m", "cpu": 0.5}},
            "job": {"jarURI": "local:///x.jar", "state": state, "parallelism": 3, "upgradeMode": "stateless"},
            **spec,
        },
    }


def environment(name: str, mark: str = "1", **more: Any) -> dict[str, Any]:
    """A body with every default."""
    return {
        "name": name,
        "kubernetesNamespace": "flink",
        "flinkApplicationDefaults": {
            "metadata": {"labels": {"by": mark}},
            "spec": {
                "image": "other",
                "flinkConfiguration": {"a.b": "default", "d": mark},
                "extra": {"deep": mark},
            },
        },
        "computePoolDefaults": {"spec": {"mark": mark, "snake_case": mark}},
        "statementDefaults": {
            "detached": {"flinkConfiguration": {"x": mark}},
            "interactive": {"flinkConfiguration": {"y": mark}},
        },
        **more,
    }


def events(path: str) -> str:
    """The path of the events of the application with that path."""
    return path.replace("/v1/", "/v1alpha1/") + "/events"
