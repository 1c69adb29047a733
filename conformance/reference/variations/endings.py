"""Statements that come to an end: how long a query runs is nobody's to say."""

from __future__ import annotations

from typing import Any

from conformance.reference.replacing import replace
from conformance.reference.resources.statements import BATCH, Plan
from conformance.reference.server import Server
from conformance.reference.store import Statement
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
