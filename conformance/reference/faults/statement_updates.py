"""Violations by updating statements: by what is kept, what is refused, and stopping, resuming and rescaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment, Record, Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

Change = Callable[[Statement, Statement, Call], None]


def _after_update(server: Server, change: Change) -> None:
    """Let ``change`` put right, after an update, what the statement has; it gets a copy of the old one."""

    def update(original: Handler, call: Call) -> Answer:
        record = STATEMENT.held(server, call).get(call.path["stmtName"])
        if record is None:
            return original(call)
        old = Statement(record.name, record.metadata, record.spec, record.created, record.updated)
        answer = original(call)
        change(record, old, call)
        return answer

    around(server, [STATEMENT.update], update)


@fault(
    "stmt-update-loses-labels-with-parallelism",
    "Loses labels in an update that changes the parallelism, too.",
    "CMF-STMT-UPDATE",
    reason=r"step .*: another parallelism of a running statement, sent as application/json, holds as a whole: the statement/metadata/annotations/note is",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if record.spec.get("parallelism") != old.spec.get("parallelism"):
            record.metadata = old.metadata

    _after_update(server, change)


@fault(
    "stmt-update-properties-dropped",
    "Answers 200 for an update of session properties, and takes the rest only.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"other session properties is refused or taken: after the update, the statement/spec/properties/table\.local-time-zone is not as stored",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        record = STATEMENT.held(server, call).get(call.path["stmtName"])
        body = tools.sent(server, call)
        spec = body.get("spec")
        if record is not None and isinstance(spec, dict) and isinstance(spec.get("properties"), dict):
            texts = all(isinstance(value, str) for value in spec["properties"].values())
            if texts and "properties" in record.spec:
                body = {**body, "spec": {**spec, "properties": record.spec["properties"]}}
                return original(tools.with_body(call, body))
        return original(call)

    around(server, [STATEMENT.update], update)


def _part_dropped(server: Server, part: str, dropped: Callable[[str, Statement, JsonObject], bool]) -> None:
    """Keep a part of the spec in an update where ``dropped(phase, statement, spec)``, and take the rest."""

    def update(original: Handler, call: Call) -> Answer:
        record, body = STATEMENT.held(server, call).get(call.path["stmtName"]), tools.sent(server, call)
        spec = body.get("spec")
        if record is None or not isinstance(spec, dict) or not isinstance(spec.get(part), dict):
            return original(call)
        if dropped(server.statements.phase(record).name, record, spec):
            body = {**body, "spec": {**spec, part: record.spec[part]}}
            return original(tools.with_body(call, body))
        return original(call)

    around(server, [STATEMENT.update], update)


@fault(
    "stmt-update-configuration-dropped-while-running",
    "Answers 200 for an update of the Flink configuration of a running statement, and takes the rest only.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"other Flink configuration of a running statement is refused or taken: after the update, the statement/spec/flinkConfiguration/.* is not as stored",
)
def _(server: Server) -> None:
    _part_dropped(server, "flinkConfiguration", lambda phase, _record, _spec: phase == "RUNNING")


@fault(
    "stmt-update-properties-dropped-when-stopped",
    "Answers 200 for an update of the session properties of a stopped statement, and takes the rest only.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"other session properties of a stopped statement is refused or taken: after the update, the statement/spec/properties/.* is not as stored",
)
def _(server: Server) -> None:
    _part_dropped(server, "properties", lambda phase, _record, _spec: phase == "STOPPED")


@fault(
    "stmt-update-configuration-dropped-in-a-stop",
    "Stops a statement by an update that asks for another Flink configuration as well, which it drops.",
    "CMF-STMT-UPDATE-PARTS",
    reason=r"other Flink configuration in the update that stops a statement is refused or taken: after the update, the statement/spec/flinkConfiguration/.* is not as stored",
)
def _(server: Server) -> None:
    def stops(_phase: str, record: Statement, spec: JsonObject) -> bool:
        return spec.get("stopped") is True and not record.spec.get("stopped", False)

    _part_dropped(server, "flinkConfiguration", stops)


@fault(
    "stmt-update-pool-not-in-use",
    "Takes another compute pool in an update, and lets it be deleted as if nothing used it.",
    "CMF-POOL-IN-USE",
    reason=r"a compute pool to which an update moved what runs is in use: the answer of deleteComputePool came with status 204",
)
def _(server: Server) -> None:
    moved: dict[Statement, str] = {}

    def update(original: Handler, call: Call) -> Answer:
        record, body = STATEMENT.held(server, call).get(call.path["stmtName"]), tools.sent(server, call)
        spec, pools = body.get("spec"), tools.POOL.held(server, call)
        if record is None or not isinstance(spec, dict) or spec.get("computePoolName") not in pools:
            return original(call)
        kept = {**spec, "computePoolName": record.spec["computePoolName"]}
        answer = original(tools.with_body(call, {**body, "spec": kept}))
        moved.setdefault(record, record.spec["computePoolName"])
        record.spec = {**record.spec, "computePoolName": spec["computePoolName"]}
        return answer

    def in_use(_original: Any, environment: Environment, pool: Record) -> bool:
        used = (moved.get(one, one.spec["computePoolName"]) for one in environment.statements.values())
        return pool.name in used

    around(server, [STATEMENT.update], update)
    replace(server.pools, "in_use", in_use)


@fault(
    "stmt-update-deleted-400",
    "Answers 400 for the update of a deleted statement.",
    "CMF-STMT-UPDATE-UNKNOWN",
    reason=r"a PUT of a deleted statement, sent as application/json, answers 404: the answer of updateStatement came with status 400",
)
def _(server: Server) -> None:
    deleted: set[tuple[str, ...]] = set()

    def delete(original: Handler, call: Call) -> Answer:
        answer = original(call)
        deleted.add(call.request.segments)
        return answer

    around(server, [STATEMENT.delete], delete)
    tools.refused_as(server, [STATEMENT.update], 404, lambda call: call.request.segments in deleted, 400)


@fault(
    "stmt-update-body-no-kind",
    "Accepts an update of a statement without its kind.",
    "CMF-STMT-UPDATE-BODY",
    reason=r"no kind, sent as application/yaml, is refused: the answer of updateStatement came with status 200",
)
def _(server: Server) -> None:
    tools.filled(server, [STATEMENT.update], "kind", "Statement")


@fault(
    "stmt-update-name-reaches-other",
    "Refuses an update that names another statement, but gives its annotations to that one.",
    "CMF-STMT-UPDATE-NAME",
    reason=r"a PUT whose name is that of another statement reaches no other statement: the other statement/metadata/annotations/note is not as expected",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        data = tools.metadata(tools.sent(server, call))
        name = data.get("name")
        other = STATEMENT.held(server, call).get(name) if isinstance(name, str) else None
        if other is not None and other.name != call.path["stmtName"]:
            other.metadata = {**other.metadata, "annotations": data.get("annotations", {})}

    tools.when_refused(server, [STATEMENT.update], {422}, act)


@fault(
    "stmt-update-refused-kept",
    "Refuses an update without kind, but takes its annotations.",
    "CMF-STMT-UPDATE-REFUSED",
    reason=r"an update that was refused with no kind changes nothing: after a refused update, the statement/metadata/annotations/note is not as expected",
)
def _(server: Server) -> None:
    tools.updated_though_refused(server, STATEMENT)


@fault(
    "stmt-update-moves-creation",
    "Moves the creation time of a statement in an update that changes its labels.",
    "CMF-STMT-CREATED-KEPT",
    reason=r"its creation time is what it was: the updates changed creationTimestamp",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if record.metadata.get("labels") != old.metadata.get("labels"):
            record.created = record.updated

    _after_update(server, change)


@fault(
    "stmt-updated-stands-in-yaml",
    "Leaves updateTimestamp as it was in an update sent as YAML.",
    "CMF-STMT-UPDATED-MOVES",
    reason=r"updateTimestamp before and after the third text of an annotation, sent as application/yaml: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, call: Call) -> None:
        if "yaml" in call.request.headers.get("content-type", ""):
            record.updated = old.updated

    _after_update(server, change)


@fault(
    "stmt-stop-second-time-ignored",
    "Does not stop a statement that was resumed.",
    "CMF-STMT-STOP",
    "CMF-STMT-UPDATE",
    "CMF-STMT-RESCALE",
    "CMF-STMT-RESUME",
    reason=r"stopped by a PUT sent as application/yaml, it comes to the phase stopped: the statement is not stopped \(after waiting .* s\)",
)
def _(server: Server) -> None:
    resumed: set[Statement] = set()

    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        stop = spec.get("stopped", False) and not statement.spec.get("stopped", False)
        if stop and statement in resumed:
            return
        if statement.spec.get("stopped", False) and not spec.get("stopped", False):
            resumed.add(statement)
        original(statement, spec)

    replace(server.statements, "change", change)


@fault(
    "stmt-resume-yaml-ignored",
    "Shows a statement as resumed by YAML that stays in the phase stopped.",
    "CMF-STMT-RESUME",
    reason=r"resumed by a PUT sent as application/yaml, it runs again: the statement is not running or completed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    yaml: list[bool] = []

    def update(original: Handler, call: Call) -> Answer:
        yaml[:] = ["yaml" in call.request.headers.get("content-type", "")]
        return original(call)

    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        resumes = statement.spec.get("stopped", False) and not spec.get("stopped", False)
        scaled = spec.get("parallelism", 1) != statement.spec.get("parallelism", 1)
        if not (resumes and yaml == [True] and not scaled):
            original(statement, spec)

    around(server, [STATEMENT.update], update)
    replace(server.statements, "change", change)


@fault(
    "stmt-resume-is-a-creation",
    "Gives a statement that is resumed a new creation time.",
    "CMF-STMT-CREATED-KEPT",
    reason=r"stopped and resumed, its creation time is what it was: creationTimestamp is another",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if old.spec.get("stopped", False) and not record.spec.get("stopped", False):
            record.created = record.updated

    _after_update(server, change)


@fault(
    "stmt-stop-loses-labels",
    "Loses the labels of a statement that is stopped.",
    "CMF-STMT-STOP-SPEC",
    "CMF-STMT-UPDATE",
    reason=r"stopping it changes nothing else: the statement/labels is not as stored",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if record.spec.get("stopped", False) and not old.spec.get("stopped", False):
            record.metadata = {key: value for key, value in record.metadata.items() if key != "labels"}

    _after_update(server, change)


@fault(
    "stmt-rescale-stopped-refused",
    "Refuses another parallelism of a stopped statement.",
    "CMF-STMT-RESCALE",
    reason=r"step .*: another parallelism of a stopped statement, sent as application/json, answers 200: the answer of updateStatement came with status",
)
def _(server: Server) -> None:
    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        rescaled = spec.get("parallelism", 1) != statement.spec.get("parallelism", 1)
        if rescaled and server.statements.phase(statement).name == "STOPPED":
            raise Refusal(422, "A stopped statement can't be rescaled.")
        original(statement, spec)

    replace(server.statements, "change", change)


@fault(
    "stmt-stop-keeps-update-time",
    "Leaves the update time of a statement when it is stopped or resumed.",
    "CMF-STMT-UPDATED-MOVES",
    reason=r"updateTimestamp before and after a PUT that makes it stopped: updateTimestamp has not moved",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if record.spec.get("stopped", False) != old.spec.get("stopped", False):
            record.updated = old.updated

    _after_update(server, change)


@fault(
    "stmt-update-keeps-labels-unless-completed",
    "Keeps the labels of a statement that runs or is stopped, whatever an update says.",
    "CMF-STMT-UPDATE",
    reason=r"another label .*: the statement/metadata/labels.* is not as stored",
)
def _(server: Server) -> None:
    def change(record: Statement, old: Statement, _call: Call) -> None:
        if server.statements.phase(record).name != "COMPLETED":
            kept = {key: value for key, value in record.metadata.items() if key != "labels"}
            labels = old.metadata.get("labels")
            record.metadata = kept if labels is None else {**kept, "labels": labels}

    _after_update(server, change)
