"""What the target shows of a resource, as far as only a request can change it, held against what was stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance import views
from conformance.expectations import Broken, optional, require_contains, require_equal, shown
from conformance.kinds import APPLICATION, SECRET_MAPPING, STATEMENT, Kind
from conformance.sequences.model import Entry

_TIMES = ("created_time", "updated_time")
_FREE = ("labels", "annotations", "flinkConfiguration")
"""Where every key is a client's own."""


def state(kind: Kind, body: Any) -> dict[str, Any]:
    """What of a representation only a request can change; what a request moves by the way is left out."""
    if kind is APPLICATION:
        return views.without_state(body)
    view = kind.view(body)
    if kind is STATEMENT:
        view["spec"] = {**(view.get("spec") or {}), "stopped": bool(optional(body, "spec", "stopped"))}
    if kind is SECRET_MAPPING and (secret := optional(body, "spec", "secretName")) is not None:
        view["secret"] = secret
    return {key: value for key, value in view.items() if key not in _TIMES}


def job_of(body: Any) -> str | None:
    """The job state in the spec of an application; None when there is none."""
    job = optional(body, "spec", "job", "state")
    return job if isinstance(job, str) else None


def require_as_before(kind: Kind, body: Any, entry: Entry, what: str) -> None:
    """Raise ``Broken`` unless a representation is what the model says."""
    now = state(kind, body)
    if entry.shown is None:
        require_contains(now, _sent(kind, entry.body), what)
        return
    then = dict(entry.shown)
    if "secret" not in now or "secret" not in then:  # write-only, so it may be in one of them only
        now.pop("secret", None)
        then.pop("secret", None)
    require_equal(now, then, what)


def require_nothing_of(old: Mapping[str, Any], new: Mapping[str, Any], body: Any, what: str) -> None:
    """Raise ``Broken`` when a representation has something that was stored before, and is not any more."""
    for path, value in _own(old):
        if optional(new, *path) is None and optional(body, *path) == value:
            raise Broken(
                f"{what}/{'/'.join(path)} is back",
                expected="nothing of what was stored before",
                got=shown(value),
            )


def _own(value: Any, path: tuple[str, ...] = (), *, free: bool = False) -> list[tuple[tuple[str, ...], Any]]:
    """The values that a client chose under keys of its own, with the way to each."""
    if isinstance(value, Mapping):
        return [
            found
            for key, inner in value.items()
            for found in _own(inner, (*path, str(key)), free=free or key in _FREE)
        ]
    return [(path, value)] if free else []


def _sent(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    sent = state(kind, body)
    sent.pop("secret", None)
    return sent
