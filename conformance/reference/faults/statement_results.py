"""Violations by what comes of statements: phases, results and exceptions."""
# ruff: noqa: PLR2004 - statuses and counts are what this is about

from __future__ import annotations

import dataclasses
import re
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.replacing import around, replace, reshape
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Phase, Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

RESULTS, EXCEPTIONS = "getStatementResult", "getStatementExceptions"


def _rows(value: JsonObject, rows: list[Any]) -> JsonObject:
    return {**value, "results": {**value["results"], "data": rows}}


@fault(
    "stmt-metadata-runs-on",
    "Leaves every metadata statement without labels in the phase running.",
    "CMF-STMT-METADATA",
    reason=r"it comes to the phase completed by itself, and stays there: the statement is not completed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def phase(original: Any, statement: Statement) -> Phase:
        now: Phase = original(statement)
        alone = now.name == "COMPLETED" and statement.query.kind == "SHOW_TABLES"
        bare = "flinkConfiguration" in statement.spec and not statement.metadata
        return dataclasses.replace(now, name="RUNNING") if alone and bare else now

    replace(server.statements, "phase", phase)


@fault(
    "stmt-results-kept-by-name",
    "Gives the results of a deleted statement for a new one of its name.",
    "CMF-STMT-RECREATE",
    reason=r"a new statement gives no results of the old one: rows of the old statement are back",
)
def _(server: Server) -> None:
    kept: dict[tuple[str, str], tuple[Statement, Answer]] = {}

    def results(original: Handler, call: Call) -> Answer:
        place = (call.path["envName"], call.path["stmtName"])
        statement = STATEMENT.held(server, call).get(place[1])
        if statement is not None and place in kept and kept[place][0] is not statement:
            return kept[place][1]
        answer = original(call)
        if statement is not None and answer.value["results"]["data"]:
            kept.setdefault(place, (statement, answer))
        return answer

    around(server, [RESULTS], results)


@fault(
    "stmt-result-yaml-loses-row",
    "Loses the last row of the result of a statement that is read again.",
    "CMF-STMT-RESULT",
    reason=r"the result in the statement is the same when it is read again, as JSON and as YAML, and in the list: read again as application/yaml, the",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        result = answer.value.get("result")
        if result is None or server.media.wanted(call.request.headers.get("accept")) != "application/yaml":
            return answer
        return Answer(200, {**answer.value, "result": _rows(result, result["results"]["data"][:-1])})

    around(server, [STATEMENT.get], get)


@fault(
    "stmt-compile-lone-word-completes",
    "Completes a text that is no SQL when it begins with an unknown word of four letters.",
    "CMF-STMT-COMPILE",
    reason=r".* is refused, or fails: the statement is not failed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def phase(original: Any, statement: Statement) -> Phase:
        now: Phase = original(statement)
        lone = statement.query.problem and statement.spec["statement"].startswith("this")
        return dataclasses.replace(now, name="COMPLETED") if lone else now

    replace(server.statements, "phase", phase)


@fault(
    "stmt-exceptions-of-neighbour",
    "Shows the exceptions of the namesake that failed last.",
    "CMF-STMT-EXCEPTIONS",
    reason=r"a namesake in another environment that only reads metadata has none of them: it shows the exceptions of another",
)
def _(server: Server) -> None:
    thrown: dict[str, Any] = {}

    def exceptions(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if answer.value["data"]:
            thrown[call.path["stmtName"]] = answer.value["data"]
            return answer
        return Answer(200, {**answer.value, "data": thrown.get(call.path["stmtName"], [])})

    around(server, [EXCEPTIONS], exceptions)


@fault(
    "stmt-exceptions-first-ten",
    "Keeps the first ten exceptions of a statement, not the last.",
    "CMF-STMT-EXCEPTIONS-LAST",
    "CMF-STMT-EXCEPTION-SCHEMA",
    reason=r"while a statement fails again and again there are at most ten: there are .* exceptions",
)
def _(server: Server) -> None:
    def exceptions(_original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        now = server.clock.now()
        data = [server.results.exception(statement, at) for at in statement.failures if at <= now]
        return Answer(
            200, {"apiVersion": "cmf.confluent.io/v1", "kind": "StatementExceptionList", "data": data[:11]}
        )

    around(server, [EXCEPTIONS], exceptions)


def _nowhere(server: Server, operation: str, accept: str) -> None:
    """Answer 400 in the place of 404 to those who accept one media type."""

    def asked(call: Call) -> bool:
        return server.media.wanted(call.request.headers.get("accept")) == accept

    tools.refused_as(server, [operation], 404, asked, 400)


@fault(
    "stmt-exceptions-unknown-400",
    "Answers 400 for the exceptions of an unknown statement as YAML.",
    "CMF-STMT-EXCEPTIONS-UNKNOWN",
    reason=r"the exceptions of a name that was never used, accepting application/yaml: the answer of getStatementExceptions came with status 400",
)
def _(server: Server) -> None:
    _nowhere(server, EXCEPTIONS, "application/yaml")


@fault(
    "stmt-results-unknown-400",
    "Answers 400 for the results of an unknown statement as YAML.",
    "CMF-STMT-RESULTS-UNKNOWN",
    reason=r"the results of a name that was never used, accepting application/yaml: the answer of getStatementResult came with status 400",
)
def _(server: Server) -> None:
    _nowhere(server, RESULTS, "application/yaml")


@fault(
    "stmt-results-uuid-as-token",
    "Takes any UUID as a page token.",
    "CMF-STMT-RESULTS-BAD-TOKEN",
    reason=r"the token .* is refused: it was not refused",
)
def _(server: Server) -> None:
    def position(original: Any, statement: Statement, token: str | None) -> int:
        if token is not None and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", token):
            return statement.served
        return original(statement, token)  # type: ignore[no-any-return]

    replace(server.results, "position", position)


@fault(
    "stmt-results-query-without-rows",
    "Answers 404 for the third page of the results of a query.",
    "CMF-STMT-RESULTS",
    "CMF-STMT-RESULTS-END",
    reason=r"the pages of the query answer 200: the answer of getStatementResult came with status 404",
)
def _(server: Server) -> None:
    def position(original: Any, statement: Statement, token: str | None) -> int:
        found: int = original(statement, token)
        if found == 6:
            raise Refusal(404, "There is no such page.")
        return found

    replace(server.results, "position", position)


@fault(
    "stmt-results-page-overlaps",
    "Begins the fourth page of results with the last row of the third.",
    "CMF-STMT-RESULTS-TOKEN",
    reason=r"the pages of the bounded repeat no row and lose none: a page repeats .* rows of the page before",
)
def _(server: Server) -> None:
    def position(original: Any, statement: Statement, token: str | None) -> int:
        found: int = original(statement, token)
        return 8 if found == 9 else found

    replace(server.results, "position", position)


@fault(
    "stmt-results-page-loses-row",
    "Loses the first row of the fifth page of results.",
    "CMF-STMT-RESULTS-TOKEN",
    reason=r"the pages of the bounded repeat no row and lose none: the pages lose .* rows",
)
def _(server: Server) -> None:
    def position(original: Any, statement: Statement, token: str | None) -> int:
        found: int = original(statement, token)
        return 13 if found == 12 else found

    replace(server.results, "position", position)


@fault(
    "stmt-results-last-page-unreachable",
    "Gives no token on the last page of results but one, whose rows are objects.",
    "CMF-STMT-RESULTS-TOKEN",
    reason=r"the pages of the bounded repeat no row and lose none: the pages lose .* rows",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        value, statement = answer.value, server.statements.statement(call)
        rows = [
            {"op": each["op"], "row": {f"EXPR${n}": text for n, text in enumerate(each["row"])}}
            for each in value["results"]["data"]
        ]
        left = statement.query.rows - statement.served - len(rows)
        metadata = {key: part for key, part in value["metadata"].items() if key != "annotations"}
        early = rows and 0 < left <= len(rows)
        return Answer(200, _rows({**value, "metadata": metadata} if early else value, rows))

    around(server, [RESULTS], get)


@fault(
    "stmt-results-end-token",
    "Gives a token on the last page of results that leads to it again without rows.",
    "CMF-STMT-RESULTS-END",
    reason=r"the last page has no token: the pages of a bounded query never end",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        statement = server.statements.statement(call)
        value = answer.value
        if "annotations" in value["metadata"] or server.statements.phase(statement).name != "COMPLETED":
            return answer
        token = server.results.token(statement, statement.query.rows)
        metadata = {**value["metadata"], "annotations": {"nextPageToken": token}}
        return Answer(200, {**value, "metadata": metadata})

    around(server, [RESULTS], get)


def _empty_results(server: Server, phase: str) -> None:
    """Answer empty results of an INSERT in that phase."""

    def get(original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if statement.query.kind != "INSERT_INTO" or server.statements.phase(statement).name != phase:
            return original(call)
        kind = {"apiVersion": "cmf.confluent.io/v1", "kind": "StatementResult"}
        return Answer(200, {**kind, "metadata": {}, "results": {"data": []}})

    around(server, [RESULTS], get)


@fault(
    "stmt-results-insert-200",
    "Answers empty results of an INSERT that runs.",
    "CMF-STMT-RESULTS-NONE",
    reason=r"an INSERT has no results, accepting application/json: the answer of getStatementResult came with status 200",
)
def _(server: Server) -> None:
    _empty_results(server, "RUNNING")


@fault(
    "stmt-results-stopped-insert-200",
    "Answers empty results of an INSERT that was stopped.",
    "CMF-STMT-RESULTS-NONE",
    reason=r"an INSERT that is stopped has no results, accepting application/json: the answer of getStatementResult came with status 200",
)
def _(server: Server) -> None:
    _empty_results(server, "STOPPED")


@fault(
    "stmt-run-insert-pends",
    "Leaves an INSERT pending that has a label for its tier.",
    "CMF-STMT-RUN",
    reason=r"an INSERT comes to run: the statement is not running or completed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def run(original: Any, statement: Statement) -> None:
        original(statement)
        if statement.query.kind == "INSERT_INTO" and "tier" in statement.metadata.get("labels", {}):
            statement.plan = [each for each in statement.plan if each.name != "RUNNING"]

    replace(server.statements, "run", run)


@fault(
    "stmt-result-schema-time-number",
    "Shows a number as the time of every result page after the first.",
    "CMF-STMT-RESULT-SCHEMA",
    "CMF-TIME-FORMAT",
    reason=r"answers of getStatementResult: /metadata/creationTimestamp: .* is not of type .*",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if call.request.parameter("page-token") is None:
            return answer
        metadata = {**answer.value["metadata"], "creationTimestamp": 17}
        return Answer(200, {**answer.value, "metadata": metadata})

    around(server, [RESULTS], get)


@fault(
    "stmt-exception-schema-message-lost",
    "Shows exceptions without a message.",
    "CMF-STMT-EXCEPTION-SCHEMA",
    reason=r"answers of getStatementExceptions: /data/.*: .* is a required property",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        for each in value["data"]:
            del each["message"]
        return value

    reshape(server, [EXCEPTIONS], change)
