"""Statements on a cluster: rescaled and changed by PUT, and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS
from conformance.contract.media import JSON, YAML
from conformance.expectations import eventually, optional, require, require_contains, require_equal, settled
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import TOO_LATE, as_read, is_over, put_as_read
from conformance.scenario import NOT_DONE, needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = [needs_sql, needs_flink]

Body = dict[str, Any]
STEPS: tuple[tuple[str, Body, str], ...] = (
    ("another parallelism alone of a running statement", {"parallelism": 4}, JSON),
    ("another parallelism of a running statement", {"parallelism": 2}, JSON),
    ("another parallelism of a running statement", {"parallelism": 3}, YAML),
    ("another parallelism, and stopped", {"parallelism": 4, "stopped": True}, JSON),
    ("another parallelism of a stopped statement", {"parallelism": 5, "stopped": True}, JSON),
    ("another parallelism, and resumed", {"parallelism": 2, "stopped": False}, YAML),
    ("another parallelism, and stopped", {"parallelism": 3, "stopped": True}, YAML),
    ("the same parallelism, and resumed", {"parallelism": 3, "stopped": False}, JSON),
    ("another annotation, parallelism and stopped", {"parallelism": 1, "stopped": True}, JSON),
    ("another label of a stopped statement", {"parallelism": 1, "stopped": True}, YAML),
    ("many subtasks for a stopped statement", {"parallelism": 12, "stopped": True}, JSON),
)
"""What is asked of a statement that runs at first; only of ``parallelism`` is it said that it must be done."""
LATE = 1.5
"""Seconds after which a deletion that was left to be done later has been done."""


@requirement(
    "CMF-STMT-RESCALE", "CMF-STMT-UPDATE", "CMF-STMT-UPDATE-REFUSED", "CMF-STMT-DELETE", "CMF-STMT-RECREATE"
)
def test_rescale_and_delete(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements = cmf.statements(environment)
    held = new_statement(
        environment,
        compute_pool,
        sql=cmf.features.insert,
        parallelism=1,
        stopped=False,
        annotations=ANNOTATIONS,
        configuration={"table.exec.state.ttl": "1 h"},
    )
    neighbour = new_statement(environment, compute_pool, sql=cmf.features.insert, parallelism=1)
    until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
    kept: Body = held.body["metadata"]
    for number, (what, fields, sent) in enumerate(STEPS):
        wanted = bodies.changed(held.body, **fields)
        text = {"annotations": {"note": f"step {number}"}, "labels": {"step": str(number)}}
        noted, bare = {**wanted, "metadata": {"name": held.name, **text}}, {**wanted, "metadata": kept}
        # Labels and annotations may be such as can't be changed, which says nothing of the rest.
        attempts = (bare,) if "alone" in what else (noted, bare) if "parallelism" in what else (noted,)
        for body in attempts:
            before = statements.get(held.name).needed(200).body
            answer = statements.put(held.name, as_read(body, before), media_type=sent)
            after = statements.get(held.name)
            if answer.status == 200:
                kept = body["metadata"]
                break
            if is_over(cmf, environment, held.name):
                break
            with check("CMF-STMT-UPDATE-REFUSED", f"step {number}: {what} that was refused has no effect"):
                answer.expect(*NOT_DONE)
                require_equal(
                    views.statement(after.expect(200).body), views.statement(before), "the statement"
                )
        if answer.status in NOT_DONE and is_over(cmf, environment, held.name):
            for rule in ("RESCALE", "UPDATE", "UPDATE-REFUSED"):
                check.nothing_to_judge(f"CMF-STMT-{rule}", TOO_LATE)
            break
        if "parallelism" in what:
            with check("CMF-STMT-RESCALE", f"step {number}: {what}, sent as {sent}, answers 200"):
                answer.expect(200)
        if answer.status == 200:
            with check("CMF-STMT-UPDATE", f"step {number}: {what}, sent as {sent}, holds as a whole"):
                require_contains(after.expect(200).body, body, "the statement")
            to_be = "stopped" if fields.get("stopped") else "running"
            with check("CMF-STMT-UPDATE", f"step {number}: {what} shows in the phase, and holds then too"):
                until_phase(environment, held.name, to_be, "completed", within=cmf.limits.deploy)
                require_contains(
                    statements.get(held.name).expect(200).body, body, f"once {to_be}, the statement"
                )
    check.nothing_to_judge("CMF-STMT-UPDATE", "what was refused had no effect")
    check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
    put_as_read(cmf, environment, held.body)
    with check(
        "CMF-STMT-DELETE", "a DELETE of a statement that was run answers 202 or 204, and it is soon gone"
    ):
        statements.delete(held.name).expect(202, 204)
        eventually(lambda: statements.get(held.name).expect(404), within=cmf.limits.deploy)
        require_equal(statements.names(), [neighbour.name], "the names in the list")
        cmf.exceptions(environment, held.name).expect(404)
    with check(
        "CMF-STMT-RECREATE", "the name of a statement that was run can be used again, as a metadata statement"
    ):
        bare = bodies.statement(held.name, cmf.features, pool=compute_pool)
        eventually(lambda: statements.post(bare).expect(200), within=cmf.limits.settle)
        require_contains(statements.get(held.name).expect(200).body, bare, "the new statement")
        require(
            optional(statements.get(held.name).body, "metadata", "annotations", "note") is None,
            "the old annotation is back",
            expected="none",
        )
    with check("CMF-STMT-DELETE", "another that runs stays"):
        require_contains(statements.get(neighbour.name).expect(200).body, neighbour.body, "the neighbour")


@requirement("CMF-STMT-DELETE", "CMF-STMT-RECREATE")
def test_nothing_undoes_a_deletion(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements = cmf.statements(environment)
    updated, replaced = (new_statement(environment, compute_pool, sql=cmf.features.insert) for _ in range(2))
    for each in (updated, replaced):
        until_phase(environment, each.name, "running", "completed", within=cmf.limits.deploy)
    statements.delete(updated.name).needed(202, 204)
    statements.put(updated.name, bodies.changed(updated.body, stopped=True))
    statements.put(updated.name, updated.body)
    with check("CMF-STMT-DELETE", "an update right after it does not undo a DELETE that was accepted"):
        eventually(lambda: statements.get(updated.name).expect(404), within=cmf.limits.deploy)
    statements.delete(replaced.name).needed(202, 204)
    bare = bodies.statement(replaced.name, cmf.features, pool=compute_pool)

    def create_again() -> Answer:
        """The name may be taken as long as the old statement can be read."""
        answer = statements.post(bare)
        if answer.status != 200:
            statements.get(replaced.name).expect(404)
        return answer

    # At once, and again until the old one is gone.
    again = eventually(create_again, within=cmf.limits.deploy)
    with check("CMF-STMT-RECREATE", "its name is free as soon as a deleted statement is gone"):
        if again.status != 200:
            again = eventually(lambda: statements.post(bare).expect(200), within=cmf.limits.settle)
    again.needed(200)
    with check("CMF-STMT-RECREATE", "a statement that was accepted under the name stays, and is the new one"):
        settled(lambda: statements.get(replaced.name).status, within=cmf.limits.settle, pause=LATE)
        require_contains(statements.get(replaced.name).expect(200).body, bare, "the new statement")
