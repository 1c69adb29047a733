"""Violations by deleting statements, and creating them again."""

from __future__ import annotations

from collections.abc import Callable

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.replacing import around
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment, Statement
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()


@fault(
    "stmt-delete-still-listed",
    "Lists a deleted statement until another is created.",
    "CMF-STMT-DELETE",
    "CMF-STMT-LIST",
    "CMF-STMT-UPDATE-UNKNOWN",
    reason=r"afterwards it can't be read and is not listed, filtered or not: a deleted statement is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    tools.ghost_listed(server, STATEMENT)


@fault(
    "stmt-delete-twice-204",
    "Answers 204 for the deletion of a deleted statement.",
    "CMF-STMT-DELETE-UNKNOWN",
    reason=r"a DELETE of a deleted statement answers 404: the answer of deleteStatement came with status 204",
)
def _(server: Server) -> None:
    tools.deleted_answers(server, STATEMENT, 204)


def _removed_later(server: Server, remove: Callable[[Environment, Statement], None]) -> None:
    """Let DELETE of a statement that runs answer 202, and ``remove`` do it half a second later, at the next request."""
    doomed: list[tuple[int, Environment, Statement]] = []

    def due(original: Handler, call: Call) -> Answer:
        for each in [each for each in doomed if each[0] <= server.clock.now()]:
            doomed.remove(each)
            remove(*each[1:])
        return original(call)

    def delete(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if server.statements.phase(statement).name != "RUNNING":
            return original(call)
        doomed.append((server.clock.now() + 500, server.environments.environment(call), statement))
        return Answer(202)

    around(server, [STATEMENT.delete], delete)
    around(server, [*STATEMENT.reads, STATEMENT.create, STATEMENT.update, STATEMENT.delete], due)


@fault(
    "stmt-delete-undone-by-update",
    "Forgets that it was to delete a statement that is updated meanwhile.",
    "CMF-STMT-DELETE",
    reason=r"an update right after it does not undo a DELETE that was accepted: the answer of getStatement came with status 200",
)
def _(server: Server) -> None:
    updated: set[Statement] = set()

    def update(original: Handler, call: Call) -> Answer:
        statement = STATEMENT.held(server, call).get(call.path["stmtName"])
        answer = original(call)
        if statement is not None:
            updated.add(statement)
        return answer

    def remove(environment: Environment, statement: Statement) -> None:
        if statement not in updated and environment.statements.get(statement.name) is statement:
            del environment.statements[statement.name]

    around(server, [STATEMENT.update], update)
    _removed_later(server, remove)


@fault(
    "stmt-delete-takes-next",
    "Deletes a statement some time later by its name, whichever has it then.",
    "CMF-STMT-RECREATE",
    reason=r"a statement that was accepted under the name stays, and is the new one: the answer of getStatement came with status 404",
)
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        runs, environment = (
            server.statements.phase(statement).name == "RUNNING",
            server.environments.environment(call),
        )
        answer = original(call)
        if runs:
            environment.statements.pop(statement.name, None)
        return answer

    def remove(environment: Environment, statement: Statement) -> None:
        environment.statements.pop(statement.name, None)

    _removed_later(server, remove)
    around(server, [STATEMENT.delete], delete)


def _name_stays_taken(server: Server, stays: Callable[[Statement], bool]) -> None:
    """Let DELETE answer 202, and never give the name away again of a statement where ``stays(statement)``."""
    taken: set[tuple[str, str]] = set()

    def delete(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if stays(statement):
            taken.add((call.path["envName"], statement.name))
        original(call)
        return Answer(202)

    def create(original: Handler, call: Call) -> Answer:
        name = tools.metadata(tools.sent(server, call)).get("name")
        if isinstance(name, str) and (call.path["envName"], name) in taken:
            raise Refusal(409, f"Statement '{name}' already exists.")
        return original(call)

    around(server, [STATEMENT.delete], delete)
    around(server, [STATEMENT.create], create)


@fault(
    "stmt-recreate-name-of-query-taken",
    "Refuses with 409 a statement that has the name of a query that was deleted.",
    "CMF-STMT-RECREATE",
    reason=r"the name of a query that was deleted can be used again: the answer of createStatement came with status 409 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    _name_stays_taken(server, lambda statement: statement.query.streams)


@fault(
    "stmt-recreate-name-of-insert-taken",
    "Refuses with 409 a statement whose name an INSERT had that was deleted, and never stopped before.",
    "CMF-STMT-RECREATE",
    reason=r"its name is free as soon as a deleted statement is gone: the answer of createStatement came with status 409 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def stays(statement: Statement) -> bool:
        plan = [phase.name for phase in statement.plan]
        return statement.query.kind == "INSERT_INTO" and plan == ["PENDING", "RUNNING"]

    _name_stays_taken(server, stays)


@fault(
    "stmt-recreate-labels-back",
    "Gives a new statement the labels of the deleted one of its name.",
    "CMF-STMT-RECREATE",
    reason=r"nothing of the old statement is left: labels of the old statement are back",
)
def _(server: Server) -> None:
    tools.remembers(server, STATEMENT, tools.old_labels)


@fault(
    "stmt-delete-of-stopped-refused",
    "Refuses the first DELETE of a statement that was stopped.",
    "CMF-STMT-DELETE",
    reason=r"a statement that was stopped can be deleted, and is soon gone: the answer of deleteStatement came with status 409",
)
def _(server: Server) -> None:
    refused: set[Statement] = set()

    def delete(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if server.statements.phase(statement).name == "STOPPED" and statement not in refused:
            refused.add(statement)
            raise Refusal(409, f"Statement '{statement.name}' is stopped.")
        return original(call)

    around(server, [STATEMENT.delete], delete)


@fault(
    "stmt-recreate-rows-of-query-back",
    "Gives a query that has the name of a deleted one the rows of that.",
    "CMF-STMT-RECREATE",
    reason=r"another query gives no results of the old one: rows of the old query are back",
)
def _(server: Server) -> None:
    first: dict[tuple[str, str], Statement] = {}

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        name = answer.value["metadata"]["name"]
        new = STATEMENT.held(server, call)[name]
        old = first.setdefault((call.path["envName"], name), new)
        if old.query.streams and new.query.streams:
            new.query = old.query
        return answer

    around(server, [STATEMENT.create], create)
