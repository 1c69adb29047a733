"""Statements and jobs that come to an end: how long they run is nobody's to say."""

from __future__ import annotations

from typing import Any

from conformance.reference.lifecycle import Plan as Steps
from conformance.reference.replacing import replace
from conformance.reference.resources.statements import BATCH, Plan
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment, Record, Statement
from conformance.reference.variations.registry import variation

LATER = 6.0
"""Seconds at pace 1."""


def _end(server: Server, plan: Plan) -> None:
    def behaviour(original: Any, statement: Statement) -> None:
        original(statement)
        if statement.plan[-1].name == "RUNNING":
            server.statements.begin(statement, plan)

    replace(server.statements, "run", behaviour)


@variation("statements-end", "Completes every statement soon after it has begun to run.")
def statements_end(server: Server) -> None:
    """Nothing that runs can be stopped."""
    _end(server, BATCH)


@variation("statements-end-later", "Completes every statement some seconds after it has begun to run.")
def statements_end_later(server: Server) -> None:
    """What runs may come to its end between any two requests."""
    _end(server, (*BATCH[:-1], (LATER, "COMPLETED")))


@variation("statements-fail-later", "Fails every statement some seconds after it has begun to run.")
def statements_fail_later(server: Server) -> None:
    """What runs may fail between any two requests, which is nobody's doing."""
    _end(server, (*BATCH[:-1], (LATER, "FAILED")))


@variation("jobs-end", "Finishes every job some seconds after its start.")
def jobs_end(server: Server) -> None:
    """What was started is done, and was not suspended."""

    def plan(original: Any, application: Application, steps: Steps) -> None:
        runs = steps[-1][2] == "RUNNING"
        original(application, (*steps, (LATER, "STABLE", "FINISHED", "READY")) if runs else steps)

    replace(server.lifecycle, "plan", plan)


@variation(
    "pool-free-when-ended", "Deletes a compute pool when all statements in it have completed or failed."
)
def pool_free_when_ended(server: Server) -> None:
    """What has ended needs no cluster any more."""

    def in_use(original: Any, environment: Environment, pool: Record) -> bool:
        used = (one for one in environment.statements.values() if one.spec["computePoolName"] == pool.name)
        ended = all(server.statements.phase(one).name in {"COMPLETED", "FAILED"} for one in used)
        return bool(original(environment, pool)) and not ended

    replace(server.pools, "in_use", in_use)
