"""Violations by what an update of a statement leaves as it was, and by what changes one though nothing should."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment, Record, Statement
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()

MOST = 8
"""The parallelism of a server that knows no more."""


def _set_going(server: Server, operation: str, statuses: Iterable[int]) -> None:
    """Let a stopped statement run when the operation was refused; it can be resumed all the same."""
    going: set[Statement] = set()

    def act(_original: Handler, call: Call) -> None:
        name = call.path.get(STATEMENT.parameter) or tools.metadata(tools.sent(server, call)).get("name")
        statement = STATEMENT.held(server, call).get(str(name))
        if statement is not None and server.statements.phase(statement).name == "STOPPED":
            going.add(statement)
            server.statements.run(statement)

    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        if statement in going:
            going.remove(statement)
            server.statements.begin(statement, ((0, "STOPPED"),))
        original(statement, spec)

    tools.when_refused(server, [operation], statuses, act)
    replace(server.statements, "change", change)


@fault(
    "stmt-conflict-restarts-stopped",
    "Answers 409 for the name of a stopped statement, and sets that going.",
    "CMF-STMT-CONFLICT",
    reason=r"a POST of the name of a stopped statement answers 409 and changes nothing: the statement is not stopped \(after waiting .* s\)",
)
def _(server: Server) -> None:
    _set_going(server, STATEMENT.create, {409})


@fault(
    "stmt-update-refused-restarts-stopped",
    "Refuses an update of a stopped statement, and sets that going.",
    "CMF-STMT-UPDATE-REFUSED",
    reason=r"an update without kind that is refused sets nothing going: the statement is not stopped \(after waiting .* s\)",
)
def _(server: Server) -> None:
    _set_going(server, STATEMENT.update, {400})


@fault(
    "stmt-update-immutable-restarts-stopped",
    "Refuses an update of an immutable part of a stopped statement, and sets that going.",
    "CMF-STMT-UPDATE-REFUSED",
    reason=r"of a stopped statement that is refused changes nothing: it was stopped, and is set going",
)
def _(server: Server) -> None:
    _set_going(server, STATEMENT.update, {422})


def _merged(server: Server, part: str) -> None:
    """Add what an update says of a part of the spec to what is there."""

    def update(original: Handler, call: Call) -> Answer:
        record, body = STATEMENT.held(server, call).get(call.path["stmtName"]), tools.sent(server, call)
        spec = body.get("spec")
        given = spec.get(part) if isinstance(spec, dict) else None
        if record is None or not isinstance(given, dict) or not isinstance(spec, dict):
            return original(call)
        if not all(isinstance(value, str) for value in given.values()):
            return original(call)
        had = record.spec.get(part, {})
        answer = original(tools.with_body(call, {**body, "spec": {**spec, part: had}}))
        record.spec = {**record.spec, part: {**had, **given}}
        return answer

    around(server, [STATEMENT.update], update)


@fault(
    "stmt-update-properties-merged",
    "Takes other session properties in an update, and keeps those that it leaves out.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"fewer session properties is refused or taken: properties that the update leaves out are still there",
)
def _(server: Server) -> None:
    _merged(server, "properties")


@fault(
    "stmt-update-configuration-merged",
    "Takes other Flink configuration in an update, and keeps the keys that it leaves out.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"other keys of the Flink configuration is refused or taken: flinkConfiguration that the update leaves out are still there",
)
def _(server: Server) -> None:
    _merged(server, "flinkConfiguration")


@fault(
    "stmt-rescale-empties-configuration",
    "Shows no Flink configuration of a statement that was rescaled while it ran.",
    "CMF-STMT-UPDATE",
    reason=r"step .*: another parallelism of a running statement, sent as application/json, holds as a whole: the statement/spec/flinkConfiguration/.* is not as stored",
)
def _(server: Server) -> None:
    rescaled: set[Statement] = set()

    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        runs = server.statements.phase(statement).name == "RUNNING"
        original(statement, spec)
        if runs and spec.get("parallelism", 1) != statement.spec.get("parallelism", 1):
            rescaled.add(statement)

    def view(original: Any, statement: Statement) -> JsonObject:
        shown: JsonObject = original(statement)
        if statement not in rescaled:
            return shown
        return {**shown, "spec": {**shown["spec"], "flinkConfiguration": {}}}

    replace(server.statements, "change", change)
    replace(server.statements, "view", view)


@fault(
    "stmt-results-move-update-time",
    "Takes the reading of the results of a statement for an update.",
    "CMF-STMT-UPDATED-MOVES",
    reason=r"reading it, the list, its exceptions and results leaves updateTimestamp: reading moved updateTimestamp",
)
def _(server: Server) -> None:
    def results(original: Handler, call: Call) -> Answer:
        server.statements.statement(call).updated = server.clock.stamp()
        return original(call)

    around(server, ["getStatementResult"], results)


@fault(
    "stmt-results-of-query-move-update-time",
    "Takes a page of the results of a query for an update.",
    "CMF-STMT-UPDATED-MOVES",
    reason=r"reading the results of a query that has ended leaves updateTimestamp: reading moved updateTimestamp",
)
def _(server: Server) -> None:
    def results(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if statement.query.streams:
            statement.updated = server.clock.stamp()
        return original(call)

    around(server, ["getStatementResult"], results)


def _taken_over(server: Server, part: str, take: Callable[[Statement, str], None]) -> None:
    """Let an update set a part of the metadata that is the server's own."""

    def update(original: Handler, call: Call) -> Answer:
        answer, given = original(call), tools.metadata(tools.sent(server, call)).get(part)
        if isinstance(given, str):
            take(server.statements.statement(call), given)
        return answer

    around(server, [STATEMENT.update], update)


@fault(
    "stmt-update-takes-creation-time",
    "Takes the creation time that an update of a statement sends.",
    "CMF-STMT-CREATED-KEPT",
    reason=r"its creation time is what it was: the updates changed creationTimestamp",
)
def _(server: Server) -> None:
    def take(statement: Statement, given: str) -> None:
        statement.created = round(datetime.fromisoformat(given).timestamp() * 1000)

    _taken_over(server, "creationTimestamp", take)


@fault(
    "stmt-update-takes-uid",
    "Takes the uid that an update of a statement sends.",
    "CMF-STMT-UID",
    reason=r"its uid is what it was: metadata\.uid is not as expected",
)
def _(server: Server) -> None:
    def take(statement: Statement, given: str) -> None:
        statement.uid = given

    _taken_over(server, "uid", take)


@fault(
    "stmt-resume-drops-labels",
    "Keeps the labels of a statement that an update resumes.",
    "CMF-STMT-UPDATE",
    reason=r"step .*, and resumed, sent as .*, holds as a whole: the statement/metadata/labels/step is not as stored",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        statement = STATEMENT.held(server, call).get(call.path["stmtName"])
        if statement is None:
            return original(call)
        labels, stopped = statement.metadata.get("labels"), statement.spec.get("stopped", False)
        answer = original(call)
        if stopped and not statement.spec.get("stopped", False):
            kept = {key: value for key, value in statement.metadata.items() if key != "labels"}
            statement.metadata = kept if labels is None else {**kept, "labels": labels}
        return answer

    around(server, [STATEMENT.update], update)


@fault(
    "stmt-update-parallelism-at-most-8",
    "Stores a parallelism above 8 as 8 in an update, and answers 200.",
    "CMF-STMT-UPDATE",
    reason=r"step .*: many subtasks for a stopped statement, sent as .*, holds as a whole: the statement/spec/parallelism is not as stored",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        answer, statement = original(call), server.statements.statement(call)
        if statement.spec.get("parallelism", 1) > MOST:
            statement.spec = {**statement.spec, "parallelism": MOST}
        return answer

    around(server, [STATEMENT.update], update)


@fault(
    "pool-in-use-not-by-yaml",
    "Does not count a statement that was created as YAML as a user of its compute pool.",
    "CMF-POOL-IN-USE",
    reason=r"with one statement left it still answers 409: the answer of deleteComputePool came with status 204",
)
def _(server: Server) -> None:
    uncounted: set[Statement] = set()

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if tools.is_yaml(call):
            uncounted.add(STATEMENT.held(server, call)[answer.value["metadata"]["name"]])
        return answer

    def in_use(_original: Any, environment: Environment, pool: Record) -> bool:
        counted = (one for one in environment.statements.values() if one not in uncounted)
        return any(one.spec["computePoolName"] == pool.name for one in counted)

    around(server, [STATEMENT.create], create)
    replace(server.pools, "in_use", in_use)
