"""Results and exceptions of statements (contract: .../statements/{stmtName}/results and .../exceptions)."""

from __future__ import annotations

import base64
import binascii
import uuid

from conformance.reference.clock import rfc3339
from conformance.reference.resources.common import API_VERSION, Handler, Resources, Tools
from conformance.reference.resources.statements import Statements, result_page
from conformance.reference.store import Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal

ROWS = 3
"""Rows on one page of results."""
LAST_EXCEPTIONS = 10


class Results(Resources):
    """The operations on what statements give and throw."""

    kind = "StatementResult"

    def __init__(self, tools: Tools, statements: Statements) -> None:
        super().__init__(tools)
        self.statements = statements

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on results and exceptions."""
        return {"getStatementResult": self.get, "getStatementExceptions": self.exceptions}

    def get(self, call: Call) -> Answer:
        """The page of the result that the token leads to, the first one without a token.

        A page can be read again until the next one was read; earlier rows, and those of a stopped statement, are
        gone (410).  Raises Refusal 400, 404 and 410.
        """
        statement = self.statements.statement(call)
        phase = self.statements.phase(statement).name
        if not statement.query.streams:
            raise Refusal(400, f"Statement '{statement.name}' does not return results.")
        token = call.request.parameter("page-token")
        first = (
            statement.served if token is None and not statement.served else self.position(statement, token)
        )
        if phase == "STOPPED" or first < statement.served:
            raise Refusal(410, f"The results of statement '{statement.name}' are gone.")
        count = max(0, min(ROWS, statement.query.rows - first)) if phase in {"RUNNING", "COMPLETED"} else 0
        statement.served = first
        follow = first + count
        more = follow < statement.query.rows and phase not in {"FAILED", "FAILING"}
        return Answer(
            200, result_page(statement, first, count, self.token(statement, follow) if more else None)
        )

    def token(self, statement: Statement, position: int) -> str:
        """The token of the page that begins at this row."""
        return base64.urlsafe_b64encode(f"{statement.uid}/{position}".encode()).decode()

    def position(self, statement: Statement, token: str | None) -> int:
        """The row that the token leads to, 0 without one; raises Refusal 400 for a token of another result."""
        if token is None:
            return 0
        try:
            uid, _, position = (
                base64.urlsafe_b64decode(token.encode("ascii", "replace")).decode().partition("/")
            )
        except (binascii.Error, ValueError):
            uid = position = ""
        if uid != statement.uid or not position.isdecimal():
            raise Refusal(400, "The page token is not one of this result.")
        return int(position)

    def exceptions(self, call: Call) -> Answer:
        """The last exceptions of the statement, newest first."""
        statement = self.statements.statement(call)
        now = self.tools.clock.now()
        thrown = [at for at in statement.failures if at <= now]
        data = [self.exception(statement, at) for at in reversed(thrown[-LAST_EXCEPTIONS:])]
        return Answer(200, {"apiVersion": API_VERSION, "kind": "StatementExceptionList", "data": data})

    def exception(self, statement: Statement, at: int) -> JsonObject:
        """One exception (contract: schema StatementException)."""
        return {
            "apiVersion": API_VERSION,
            "kind": "StatementException",
            "name": str(uuid.uuid5(uuid.UUID(statement.uid), str(at))),
            "message": "java.lang.RuntimeException: an expression could not be evaluated",
            "timestamp": rfc3339(at),
        }
