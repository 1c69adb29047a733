"""The faults that the reference server can be told to commit, each a small replacement of one behaviour."""

from __future__ import annotations

from conformance.reference.faults import (
    applications,
    bodies,
    caching,
    concurrency,
    content,
    data,
    environments,
    errors,
    events,
    lifecycle,
    names,
    pages,
    times,
)
from conformance.reference.faults.tools import Fault

_AREAS = (
    names,
    environments,
    applications,
    bodies,
    lifecycle,
    events,
    pages,
    content,
    data,
    errors,
    times,
    caching,
    concurrency,
)

FAULTS: dict[str, Fault] = {fault.id: fault for area in _AREAS for fault in area.fault.faults}
"""Every fault by its id."""

__all__ = ["FAULTS", "Fault"]
