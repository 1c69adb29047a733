"""SQL statements (contract: /cmf/api/v1/environments/{envName}/statements)."""

from __future__ import annotations

from conformance.reference.clock import rfc3339
from conformance.reference.paging import Property
from conformance.reference.resources.common import API_VERSION, RECORD_PROPERTIES, Handler, Resources, Tools
from conformance.reference.shapes import optional, optional_texts, refuse, required
from conformance.reference.sql import analysed
from conformance.reference.store import Environment, Phase, Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal

MAX_PARALLELISM = 2**31 - 1
RETRIES = 12
"""How often a failing statement is tried, with one exception each time."""

RESCALABLE = frozenset({"PENDING", "RUNNING", "STOPPED", "FAILING"})
STOPPABLE = frozenset({"PENDING", "RUNNING", "FAILING"})

DETAILS = {
    "PENDING": "Statement execution pending.",
    "RUNNING": "Statement execution in progress.",
    "COMPLETED": "Statement execution completed.",
    "FAILING": "Statement execution failing.",
    "FAILED": "Statement execution failed.",
    "STOPPED": "Statement execution stopped.",
    "DELETING": "Statement is being deleted.",
    "GONE": "Statement is deleted.",
}

# Delay in seconds at pace 1, and the phase that begins then.
Plan = tuple[tuple[float, str], ...]
STREAMING: Plan = ((0, "PENDING"), (0.1, "RUNNING"))
BATCH: Plan = (*STREAMING, (0.2, "COMPLETED"))
FAILURE: Plan = (*STREAMING, (0.15, "FAILING"), (0.4, "FAILED"))
STOP: Plan = ((0.1, "STOPPED"),)


class Statements(Resources):
    """The operations on statements."""

    kind = "Statement"

    def __init__(self, tools: Tools, pace: float = 1.0) -> None:
        super().__init__(tools)
        self.pace = pace
        self.properties: dict[str, Property] = {
            **RECORD_PROPERTIES,
            "phase": lambda statement: self.phase(statement).name,
            "status.phase": lambda statement: self.phase(statement).name,
        }

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on statements."""
        return {
            "createStatement": self.post,
            "getStatements": self.page,
            "getStatement": self.get,
            "updateStatement": self.put,
            "deleteStatement": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the statement; one that does not compile is created, and has failed."""
        environment = self.environment(call)
        body = self.body(call)
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = self.spec(body)
        if self.existing(environment, name) is not None:
            raise Refusal(409, f"Statement '{name}' already exists.")
        if spec["computePoolName"] not in environment.pools:
            raise refuse("spec.computePoolName", f"'{spec['computePoolName']}' does not exist", 422)
        now = self.tools.clock.stamp()
        statement = Statement(name, metadata, spec, now, now, query=analysed(spec["statement"]))
        environment.statements[name] = statement
        if spec.get("stopped", False):
            self.begin(statement, ((0, "STOPPED"),))
        else:
            self.run(statement)
        return Answer(200, self.view(statement))

    def page(self, call: Call) -> Answer:
        """A page of the statements, filtered by compute pool and phase."""
        pool, phase = call.request.parameter("compute-pool"), call.request.parameter("phase")
        environment = self.environment(call)
        statements = [
            statement
            for name in list(environment.statements)
            if (statement := self.existing(environment, name)) is not None
            if pool is None or statement.spec["computePoolName"] == pool
            if phase is None or self.phase(statement).name.lower() == phase.lower()
        ]
        return self.listed(call, statements, self.properties, self.view)

    def get(self, call: Call) -> Answer:
        """One statement."""
        return Answer(200, self.view(self.statement(call)))

    def put(self, call: Call) -> Answer:
        """Rescale, stop or resume the statement; its text and its pool can't be changed."""
        statement = self.statement(call)
        body = self.body(call)
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = self.spec(body)
        if name != statement.name:
            raise refuse("metadata.name", f"must be '{statement.name}', as in the path", 422)
        for key in ("statement", "computePoolName", "properties", "flinkConfiguration"):
            # An empty map says as much as none.
            if (spec.get(key) or None) != (statement.spec.get(key) or None):
                raise refuse(f"spec.{key}", "can't be changed", 422)
        self.change(statement, spec)
        kept: JsonObject = {
            key: statement.spec[key] for key in ("properties", "flinkConfiguration") if key in statement.spec
        }
        statement.metadata, statement.spec = metadata, {**spec, **kept}
        statement.updated = self.tools.clock.stamp()
        return Answer(200)

    def change(self, statement: Statement, spec: JsonObject) -> None:
        """Do what the new spec asks for; raises Refusal 422 where the phase does not allow it."""
        phase, now_stopped = self.phase(statement).name, spec.get("stopped", False)
        was_stopped = statement.spec.get("stopped", False)
        rescaled = spec.get("parallelism", 1) != statement.spec.get("parallelism", 1)
        if rescaled and phase not in RESCALABLE:
            raise refuse("spec.parallelism", f"can't be changed while {phase}", 422)
        if now_stopped and not was_stopped:
            if phase not in STOPPABLE:
                raise refuse("spec.stopped", f"can't become true while {phase}", 422)
            self.begin(statement, STOP)
        elif was_stopped and not now_stopped:
            if phase != "STOPPED":
                raise refuse("spec.stopped", f"can't become false while {phase}", 422)
            self.run(statement)

    def delete(self, call: Call) -> Answer:
        """Remove the statement at once."""
        statement = self.statement(call)
        del self.environment(call).statements[statement.name]
        return Answer(204)

    def existing(self, environment: Environment, name: str) -> Statement | None:
        """The statement of that name in the environment."""
        return environment.statements.get(name)

    def statement(self, call: Call) -> Statement:
        """The statement that the path names; raises Refusal 404."""
        name = call.path["stmtName"]
        statement = self.existing(self.environment(call), name)
        if statement is None:
            raise self.unknown(name)
        return statement

    def spec(self, body: JsonObject) -> JsonObject:
        """The spec of a body (contract: StatementSpec); raises Refusal 400 or 422."""
        given = required(body, "spec", dict)
        spec: JsonObject = {
            "statement": required(given, "statement", str, "spec."),
            "computePoolName": required(given, "computePoolName", str, "spec."),
        }
        for key in ("properties", "flinkConfiguration"):
            values = optional_texts(given, key, "spec.")
            if values is not None:
                spec[key] = values
        parallelism = optional(given, "parallelism", int, "spec.")
        stopped = optional(given, "stopped", bool, "spec.")
        if parallelism is not None:
            if not 1 <= parallelism <= MAX_PARALLELISM:
                raise refuse("spec.parallelism", f"must be from 1 to {MAX_PARALLELISM}", self.content_status)
            spec["parallelism"] = parallelism
        return spec if stopped is None else {**spec, "stopped": stopped}

    def run(self, statement: Statement) -> None:
        """Let the statement run from now on."""
        query = statement.query
        if query.problem:
            statement.plan = [Phase(self.tools.clock.now(), "FAILED", query.problem)]
        elif query.immediate:
            self.begin(statement, ((0, "COMPLETED"),))
        elif query.fails:
            self.begin(statement, FAILURE)
            first, last = statement.plan[-2].at, statement.plan[-1].at
            statement.failures = [first + (last - first) * n // RETRIES for n in range(RETRIES)]
        else:
            self.begin(statement, BATCH if query.bounded else STREAMING)

    def begin(self, statement: Statement, plan: Plan) -> None:
        """Keep the present phase, and let those of the plan follow it."""
        now = self.tools.clock.now()
        past = [self.phase(statement)] if statement.plan else []
        statement.plan = past + [
            Phase(now + round(after * self.pace * 1000), name, DETAILS[name]) for after, name in plan
        ]
        statement.failures = [at for at in statement.failures if at <= now]

    def phase(self, statement: Statement) -> Phase:
        """The phase that the statement is in now."""
        now = self.tools.clock.now()
        current = statement.plan[0]
        for phase in statement.plan:
            if phase.at <= now:
                current = phase
        return current

    def view(self, statement: Statement) -> JsonObject:
        """A statement (contract: schema Statement)."""
        phase, query = self.phase(statement), statement.query
        status: JsonObject = {"phase": phase.name, "detail": phase.detail}
        if query.kind:
            traits: JsonObject = {"sqlKind": query.kind, "isBounded": query.bounded, "isAppendOnly": True}
            if query.rows:
                text = {"type": "VARCHAR", "nullable": True, "length": 64}
                columns = [{"name": f"EXPR${n}", "type": text} for n in range(len(query.row(0)))]
                traits["schema"] = {"columns": columns}
            status["traits"] = traits
        view = {
            **self.head(),
            "metadata": self.view_metadata(statement),
            "spec": statement.spec,
            "status": status,
        }
        if query.immediate and query.rows:
            view["result"] = result_page(statement, 0, query.rows, None)
        return view


def result_page(statement: Statement, first: int, count: int, next_token: str | None) -> JsonObject:
    """Rows of a result (contract: schema StatementResult); the token leads to the next ones."""
    metadata: JsonObject = {"creationTimestamp": rfc3339(statement.created)}
    if next_token is not None:
        metadata["annotations"] = {"nextPageToken": next_token}
    rows = [statement.query.row(first + n) for n in range(count)]
    return {
        "apiVersion": API_VERSION,
        "kind": "StatementResult",
        "metadata": metadata,
        "results": {"data": [{"op": 0, "row": list(row)} for row in rows]},
    }
