"""Liberties in what of a statement an update may change (erratum ERR-STMT-UPDATE)."""

from __future__ import annotations

from typing import Any

from conformance.reference.replacing import around
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.shapes import refuse
from conformance.reference.values import Answer, Call
from conformance.reference.variations.registry import variation


@variation(
    "statement-defaults-shown",
    "Shows the defaults of the environment in the Flink configuration of a statement, which no update can change.",
)
def statement_defaults_shown(server: Server) -> None:
    """A client that does not send back what it read is refused."""

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        environment = server.statements.environment(call)
        statement = environment.statements[answer.value["metadata"]["name"]]
        detached: Any = environment.settings.get("statementDefaults", {}).get("detached") or {}
        merged = {
            **(detached.get("flinkConfiguration") or {}),
            **statement.spec.get("flinkConfiguration", {}),
        }
        if merged:
            statement.spec = {**statement.spec, "flinkConfiguration": merged}
        return Answer(answer.status, server.statements.view(statement), answer.headers)

    around(server, ["createStatement"], create)


@variation("statement-texts-fixed", "Refuses to change the labels and the annotations of a statement.")
def statement_texts_fixed(server: Server) -> None:
    """What an update may still change is whether it runs, and its parallelism."""

    def update(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        metadata = server.statements.metadata(server.statements.body(call))[1]
        for part in ("labels", "annotations"):
            if (metadata.get(part) or {}) != (statement.metadata.get(part) or {}):
                raise refuse(f"metadata.{part}", "can't be changed", 422)
        return original(call)

    around(server, ["updateStatement"], update)
