"""What the contract says of a resource, without what a target may add: for comparing one representation with another.

A null in place of an optional field counts as absent (erratum ERR-NULL); inside free-form objects it is a value.
Times are the same when they are the same moment, however it is written (erratum ERR-TIME-ZONE).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract.timestamps import as_moment
from conformance.expectations import optional

_ENVIRONMENT = (
    "name",
    "kubernetesNamespace",
    "created_time",
    "updated_time",
    "flinkApplicationDefaults",
    "computePoolDefaults",
    "statementDefaults",
)
_METADATA = ("name", "uid", "creationTimestamp", "labels", "annotations")
_TIMES = {"created_time", "updated_time", "creationTimestamp"}
_RUNNING = {"INITIALIZING", "CREATED", "RUNNING", "RECONCILING", "RESTARTING", "FAILING"}
_DEPLOYED = {"UPGRADING", "DEPLOYED", "STABLE"}
_DONE = "FINISHED"
"""The state of a job that ran, and came to its own end."""


def environment(body: Any) -> dict[str, Any]:
    """The documented fields of an environment, secrets apart (erratum ERR-SECRETS-LIST)."""
    return _present(body, _ENVIRONMENT)


def application(body: Any) -> dict[str, Any]:
    """The documented fields of an application, its status apart, which moves by itself."""
    return _kubernetes(body)


def statement(body: Any) -> dict[str, Any]:
    """The documented fields of a statement, its status and result apart, which move by themselves."""
    return _kubernetes(body)


def phase(statement: Any) -> str | None:
    """The phase of a statement in the words of the filter, lower case (erratum ERR-STMT-PHASE); None when not given."""
    given = optional(statement, "status", "phase")
    return given.lower() if isinstance(given, str) else None


def compute_pool(body: Any) -> dict[str, Any]:
    """The documented fields of a compute pool, its status apart."""
    return _kubernetes(body)


def secret(body: Any) -> dict[str, Any]:
    """The documented fields of a secret that a client may see again: never its data."""
    view = _kubernetes(body)
    view.pop("spec", None)
    return view


def secret_mapping(body: Any) -> dict[str, Any]:
    """The documented fields of a secret mapping; its spec is write-only, so it may be absent from answers."""
    view = _kubernetes(body)
    view.pop("spec", None)
    return view


def catalog(body: Any) -> dict[str, Any]:
    """The documented fields of a Kafka catalog."""
    return _kubernetes(body)


def instance(body: Any) -> dict[str, Any]:
    """The documented fields of an instance that never change."""
    view = _present(body, ("apiVersion", "kind"))
    spec = optional(body, "status", "spec")
    return {
        **view,
        "metadata": _present(optional(body, "metadata"), _METADATA),
        "status": {"spec": spec} if spec else {},
    }


def without_state(body: Any) -> dict[str, Any]:
    """An application without its job state and without what writing it moves."""
    view = application(body)
    spec = dict(view.get("spec") or {})
    if isinstance(spec.get("job"), Mapping):
        spec["job"] = {key: value for key, value in spec["job"].items() if key != "state"}
    metadata = {
        key: value
        for key, value in view["metadata"].items()
        if key in {"name", "labels", "annotations"} and value
    }
    return {**view, "spec": spec, "metadata": metadata}


def is_started(body: Any) -> bool:
    """Whether an application shows that it is to run, in its spec or in its status."""
    return bool(
        optional(body, "spec", "job", "state") == "running"
        or optional(body, "status", "jobStatus", "state") in _RUNNING
        or optional(body, "status", "lifecycleState") in _DEPLOYED
    )


def stays_started(body: Any) -> bool:
    """Whether an application that had time to settle is still started.

    By its status when it has one, which may be all that start and suspend move; otherwise by its spec.
    """
    state, lifecycle = (
        optional(body, "status", "jobStatus", "state"),
        optional(body, "status", "lifecycleState"),
    )
    if state is None and lifecycle is None:
        return bool(optional(body, "spec", "job", "state") == "running")
    return state in {*_RUNNING, _DONE} or (state is None and lifecycle in _DEPLOYED)


def is_suspended(body: Any) -> bool:
    """Whether an application shows that it is suspended, in its spec or in its status."""
    return bool(
        optional(body, "spec", "job", "state") == "suspended"
        or optional(body, "status", "jobStatus", "state") == "SUSPENDED"
        or optional(body, "status", "lifecycleState") == "SUSPENDED"
    )


def stays_suspended(body: Any) -> bool:
    """Whether an application that had time to settle is suspended.

    Not while its status says that it runs on, whatever its spec says; without such a status as ``is_suspended``.
    """
    state, lifecycle = (
        optional(body, "status", "jobStatus", "state"),
        optional(body, "status", "lifecycleState"),
    )
    runs_on = (state == "RUNNING" and lifecycle != "SUSPENDED") or (
        state is None and lifecycle in {"DEPLOYED", "STABLE"}
    )
    return is_suspended(body) and not runs_on


def shown_state(body: Any) -> dict[str, Any]:
    """What the status of an application says that it does, as far as it is given."""
    told = {
        "lifecycleState": optional(body, "status", "lifecycleState"),
        "jobStatus.state": optional(body, "status", "jobStatus", "state"),
    }
    return {part: value for part, value in told.items() if value is not None}


def _kubernetes(body: Any) -> dict[str, Any]:
    view = _present(body, ("apiVersion", "kind", "spec"))
    return {**view, "metadata": _present(optional(body, "metadata"), _METADATA)}


def _present(body: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(body, Mapping):
        return {}
    return {
        key: as_moment(body[key]) if key in _TIMES else body[key] for key in keys if body.get(key) is not None
    }
