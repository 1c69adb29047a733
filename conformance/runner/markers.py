"""The markers of scenarios, as pytest is told of them.  Imports nothing: every pytest session may read it."""

from __future__ import annotations

MARKERS = (
    "requirement(*ids): the requirements a scenario checks",
    "needs_flink: the scenario runs applications",
    "needs_sql: the scenario uses statements, pools, secrets, mappings or catalogs",
    "needs_auth: the scenario speaks of credentials",
    "reads_what_exists: the scenario creates nothing; only for runs that only read",
)
