"""Sequences of requests, walked from the seed of the run: after every step the target is what was made of it."""

from __future__ import annotations

from conformance.runner.context import RunContext
from conformance.runner.sequences import walk
from conformance.scenario import needs_flink, needs_sql, requirement
from conformance.sequences.steps import ALL, CORE, RUNNING, RUNNING_SQL

ENVIRONMENTS = ("CMF-ENV-GET", "CMF-ENV-LIST", "CMF-APP-GET", "CMF-APP-LIST")
AGREEMENT = ("CMF-AGREE-ENVIRONMENT", "CMF-AGREE-SECRET")
RUNS = ("CMF-APP-START", "CMF-APP-SUSPEND")
SQL_RUNS = ("CMF-STMT-STOP", "CMF-STMT-RESUME")


@requirement(*ENVIRONMENTS)
def test_environments_and_applications(run: RunContext) -> None:
    walk(run, CORE, *ENVIRONMENTS)


@needs_sql
@requirement(*AGREEMENT)
def test_all_kinds(run: RunContext) -> None:
    walk(run, ALL, *AGREEMENT)


@needs_flink
@requirement(*RUNS)
def test_what_runs(run: RunContext) -> None:
    walk(run, RUNNING, *RUNS)


@needs_sql
@needs_flink
@requirement(*SQL_RUNS)
def test_statements_that_run(run: RunContext) -> None:
    walk(run, RUNNING_SQL, *SQL_RUNS)
