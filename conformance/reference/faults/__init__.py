"""The faults that the reference server can be told to commit, each a small replacement of one behaviour."""

from __future__ import annotations

from conformance.reference.faults import (
    agreement,
    application_lists,
    application_names,
    application_updates,
    applications,
    authentication,
    bodies,
    caching,
    catalogs,
    concurrency,
    content,
    data,
    environment_removal,
    environment_updates,
    environments,
    errors,
    events,
    instances,
    lifecycle,
    lookalikes,
    mappings,
    names,
    pages,
    pools,
    reading,
    secrets,
    sorting,
    sql_names,
    statement_results,
    statement_updates,
    statements,
    times,
)
from conformance.reference.faults.registry import Fault

_AREAS = (
    authentication,
    names,
    environments,
    environment_updates,
    environment_removal,
    application_names,
    applications,
    application_updates,
    application_lists,
    bodies,
    lifecycle,
    instances,
    events,
    pages,
    sorting,
    content,
    reading,
    data,
    errors,
    times,
    caching,
    concurrency,
    sql_names,
    pools,
    catalogs,
    secrets,
    mappings,
    agreement,
    statements,
    statement_updates,
    statement_results,
    lookalikes,
)

FAULTS: dict[str, Fault] = {fault.id: fault for area in _AREAS for fault in area.fault.faults}
"""Every fault by its id."""

__all__ = ["FAULTS", "Fault"]
