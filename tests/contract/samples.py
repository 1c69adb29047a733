"""Answers that keep every rule, how to change them, and what a judgement of one says."""

from __future__ import annotations

from typing import Any

from conformance.model import Finding, Verdict

UUID = "0f0a4b2e-6a3b-4b6e-9d63-3f1c2d4e5f60"
TIMES = {"created_time": "2025-03-31T11:34:01.503Z", "updated_time": "2025-03-31T11:34:02Z"}
ENVIRONMENT = {"name": "abcd", "kubernetesNamespace": "default", "secrets": {}, **TIMES}
APPLICATION = {
    "apiVersion": "cmf.confluent.io/v1",
    "kind": "FlinkApplication",
    "metadata": {"name": "abcd", "creationTimestamp": "2025-03-31T11:34:01Z"},
    "spec": {"image": "x"},
    "status": {"jobStatus": {"state": "RUNNING"}},
}
INSTANCE = {
    "apiVersion": "cmf.confluent.io/v1",
    "kind": "FlinkApplicationInstance",
    "metadata": {"name": UUID, "uid": UUID},
}
EVENT = {
    "apiVersion": "cmf.confluent.io/v1alpha1",
    "kind": "FlinkApplicationEvent",
    "metadata": {"name": UUID, "uid": UUID},
    "status": {"message": "m", "type": "JOB_STATUS", "data": {"newStatus": "RUNNING"}},
}
ERROR = {"errors": [{"message": "Resource not found: x"}]}
YAML = "application/yaml"


def page(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "items": list(items),
        "pageable": {"page": 0, "size": 10, "sort": {"sorted": False}},
        "metadata": {"size": len(items)},
        **more,
    }


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in keys}


def at(value: dict[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    return {**value, part: {**value[part], **fields}}


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {each.requirement: each.message for each in findings if each.outcome is not Verdict.PASS}


def kept(findings: list[Finding]) -> set[str]:
    return {each.requirement for each in findings if each.outcome is Verdict.PASS}
