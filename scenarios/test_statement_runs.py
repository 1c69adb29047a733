"""Statements on a cluster: run, stopped, resumed, rescaled by PUT and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS, LABELS
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    eventually,
    optional,
    require,
    require_contains,
    require_equal,
    settled,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import NOT_DONE, needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = [needs_sql, needs_flink]

Body = dict[str, Any]
LATE = 1.5
"""Seconds after which a deletion that was left to be done later has been done."""
MOVING = ("pending", "running", "completed", "failing", None)


def spec(body: Body, **fields: Any) -> Body:
    """A body with other fields in its spec."""
    return {**body, "spec": {**body["spec"], **fields}}


def apart_from_stopped(body: Any) -> Body:
    """The spec of a statement without what stopping it moves, its labels and annotations."""
    spec = {key: value for key, value in (optional(body, "spec") or {}).items() if key != "stopped"}
    return {"spec": spec} | {part: optional(body, "metadata", part) for part in ("labels", "annotations")}


def require_flag(cmf: Cmf, environment: str, name: str, *, stopped: bool) -> None:
    """The statement is read and listed as it was put."""
    statements = cmf.statements(environment)
    item = next((item for item in statements.all() if statements.name_of(item) == name), None)
    for where, body in (("read alone", statements.get(name).expect(200).body), ("in the list", item)):
        told = bool(optional(body, "spec", "stopped"))
        require(told is stopped, f"{where}, spec.stopped is another", expected=str(stopped), got=str(told))


def require_filtered(cmf: Cmf, environment: str, name: str) -> None:
    """The lists that are filtered by phase agree with the phase that is read."""
    statements = cmf.statements(environment)
    now = views.phase(statements.get(name).expect(200).body)
    if now is None:
        return
    for phase in ("running", "stopped", "pending"):
        listed = name in statements.names(query=[("phase", phase)])
        require(
            listed == (now == phase),
            f"phase={phase} {'selects' if listed else 'does not select'} it",
            expected=f"what is {phase}",
            got=repr(now),
        )


def require_going_on(cmf: Cmf, environment: str, name: str) -> None:
    """The statement is not stopped, neither by its spec nor by its phase."""
    require_flag(cmf, environment, name, stopped=False)
    phase = views.phase(cmf.statements(environment).get(name).expect(200).body)
    require(
        phase in MOVING,
        "a statement that was not stopped does not go on",
        expected="running",
        got=repr(phase),
    )


@requirement(
    "CMF-STMT-RUN",
    "CMF-STMT-STOP",
    "CMF-STMT-RESUME",
    "CMF-STMT-STOP-SPEC",
    "CMF-STMT-RESULTS-NONE",
    "CMF-STMT-FILTER-PHASE",
    "CMF-STMT-CONFLICT",
)
def test_stop_and_resume(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    pool = new_compute_pool(environment).name
    new_compute_pool(other_environment, pool)
    fields: Body = {"sql": cmf.features.insert, "labels": LABELS, "annotations": ANNOTATIONS}
    held = new_statement(environment, pool, parallelism=1, stopped=False, **fields)
    others = [
        (environment, new_statement(environment, pool, **fields)),
        (other_environment, new_statement(other_environment, pool, held.name, **fields)),
    ]
    statements = cmf.statements(environment)

    with check("CMF-STMT-RESULTS-NONE", "an INSERT has no results, before it runs"):
        cmf.results(environment, held.name).expect(400)
    with check("CMF-STMT-RUN", "an INSERT comes to run"):
        until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
    for place, other in others:
        until_phase(place, other.name, "running", "completed", within=cmf.limits.deploy)
    for accept in (JSON, YAML):
        with check("CMF-STMT-RESULTS-NONE", f"an INSERT has no results, accepting {accept}"):
            cmf.results(environment, held.name, accept=accept).expect(400)
    if views.phase(statements.get(held.name).needed(200).body) == "completed":
        for rule in ("STOP", "RESUME", "STOP-SPEC", "FILTER-PHASE", "CONFLICT"):
            check.nothing_to_judge(rule, "the INSERT of the configuration completes before it can be stopped")
        return
    before = apart_from_stopped(statements.get(held.name).needed(200).body)
    for sent in (JSON, YAML):
        answer = statements.put(held.name, spec(held.body, stopped=True), media_type=sent)
        with check(
            "CMF-STMT-STOP", f"a PUT with stopped true, sent as {sent}, answers 200 and is read as such"
        ):
            answer.expect(200)
            require_flag(cmf, environment, held.name, stopped=True)
        answer.needed(200)
        with check("CMF-STMT-STOP", f"stopped by a PUT sent as {sent}, it comes to the phase stopped"):
            until_phase(environment, held.name, "stopped", within=cmf.limits.deploy)
        with check("CMF-STMT-FILTER-PHASE", "the filtered lists have what is stopped"):
            eventually(lambda: require_filtered(cmf, environment, held.name), within=cmf.limits.settle)
        with check("CMF-STMT-STOP-SPEC", "stopping it changes nothing else"):
            require_equal(
                apart_from_stopped(statements.get(held.name).expect(200).body), before, "the statement"
            )
        again = statements.put(held.name, spec(held.body, stopped=True), media_type=sent)
        with check("CMF-STMT-STOP", "stopped again, it stays stopped"):
            again.expect(200, *NOT_DONE)
            require_flag(cmf, environment, held.name, stopped=True)
            until_phase(environment, held.name, "stopped")
        with check(
            "CMF-STMT-CONFLICT", "a POST of the name of a stopped statement answers 409 and changes nothing"
        ):
            statements.post(held.body).expect(409)
            require_flag(cmf, environment, held.name, stopped=True)
        with check("CMF-STMT-STOP", "its neighbour and its namesake in another environment go on"):
            for place, other in others:
                require_going_on(cmf, place, other.name)
        answer = statements.put(held.name, spec(held.body, stopped=False), media_type=sent)
        with check(
            "CMF-STMT-RESUME", f"a PUT with stopped false, sent as {sent}, answers 200 and is read as such"
        ):
            answer.expect(200)
            require_flag(cmf, environment, held.name, stopped=False)
        answer.needed(200)
        with check("CMF-STMT-RESUME", f"resumed by a PUT sent as {sent}, it runs again"):
            until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
        with check("CMF-STMT-FILTER-PHASE", "the filtered lists have what runs"):
            eventually(lambda: require_filtered(cmf, environment, held.name), within=cmf.limits.settle)
        with check("CMF-STMT-STOP-SPEC", "resuming it changes nothing else"):
            require_equal(
                apart_from_stopped(statements.get(held.name).expect(200).body), before, "the statement"
            )
    with check(
        "CMF-STMT-STOP-SPEC", "its neighbour and its namesake in another environment are as they were"
    ):
        for place, other in others:
            require_contains(
                cmf.statements(place).get(other.name).expect(200).body, other.body, "the other statement"
            )


@requirement("CMF-STMT-CREATED-KEPT", "CMF-POOL-IN-USE")
def test_what_was_stopped_and_resumed(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements, pools = cmf.statements(environment), cmf.compute_pools(environment)
    held = new_statement(environment, compute_pool, sql=cmf.features.insert)
    body = until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
    if views.phase(body) == "completed":
        for rule in ("CMF-STMT-CREATED-KEPT", "CMF-POOL-IN-USE"):
            check.nothing_to_judge(rule, "the INSERT of the configuration completes before it can be stopped")
        return
    born = optional(body, "metadata", "creationTimestamp")
    for stopped, phases in ((True, ("stopped",)), (False, ("running", "completed"))):
        statements.put(held.name, spec(held.body, stopped=stopped)).needed(200)
        until_phase(environment, held.name, *phases, within=cmf.limits.deploy)
    with check("CMF-STMT-CREATED-KEPT", "stopped and resumed, its creation time is what it was"):
        now = optional(statements.get(held.name).expect(200).body, "metadata", "creationTimestamp")
        require(now == born, "creationTimestamp is another", expected=repr(born), got=repr(now))
    with check("CMF-POOL-IN-USE", "the compute pool of a statement that was resumed can't be deleted"):
        pools.delete(compute_pool).expect(409)
        pools.get(compute_pool).expect(200)


@requirement("CMF-STMT-STOP", "CMF-STMT-RESUME", "CMF-STMT-RUN")
def test_no_time_to_settle(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements = cmf.statements(environment)
    held = new_statement(environment, compute_pool, sql=cmf.features.insert)
    created_stopped = bodies.statement(
        cmf.name("stmt"), cmf.features, pool=compute_pool, sql=cmf.features.insert, stopped=True
    )
    asleep = statements.post(created_stopped)
    for stopped, rule in ((True, "CMF-STMT-STOP"), (False, "CMF-STMT-RESUME"), (True, "CMF-STMT-STOP")):
        answer = statements.put(held.name, spec(held.body, stopped=stopped))
        with check(
            rule,
            f"right after another request, a PUT with stopped {str(stopped).lower()} holds, or is refused for the phase",
        ):
            if answer.expect(200, *NOT_DONE).status == 200:
                require_flag(cmf, environment, held.name, stopped=stopped)
    last = bool(optional(statements.get(held.name).needed(200).body, "spec", "stopped"))
    settled(lambda: views.phase(statements.get(held.name).body), within=cmf.limits.settle)
    with check("CMF-STMT-STOP" if last else "CMF-STMT-RUN", "in the end its phase is what its spec says"):
        phases = ("stopped", "completed", "failed") if last else ("running", "completed")
        until_phase(environment, held.name, *phases, within=cmf.limits.deploy)
        require_flag(cmf, environment, held.name, stopped=last)
    check.nothing_to_judge("CMF-STMT-RUN", "the statement was last stopped")
    name = created_stopped["metadata"]["name"]
    if asleep.status != 200:
        check.nothing_to_judge("CMF-STMT-STOP", "the target refuses to create a stopped statement")
        return
    with check("CMF-STMT-STOP", "a statement that was created as stopped does not run"):
        require_flag(cmf, environment, name, stopped=True)
        until_phase(environment, name, "stopped", within=cmf.limits.deploy)
    with check("CMF-STMT-RESUME", "a statement that was created as stopped can be resumed"):
        statements.put(name, spec(created_stopped, stopped=False)).expect(200)
        require_flag(cmf, environment, name, stopped=False)
        until_phase(environment, name, "running", "completed", within=cmf.limits.deploy)


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
    )
    neighbour = new_statement(environment, compute_pool, sql=cmf.features.insert, parallelism=1)
    phase = views.phase(until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy))
    if phase == "completed":
        for rule in ("RESCALE", "UPDATE", "UPDATE-REFUSED"):
            check.nothing_to_judge(
                f"CMF-STMT-{rule}", "the INSERT of the configuration completes before it can be rescaled"
            )
    else:
        steps: list[tuple[str, Body, str]] = [
            ("another parallelism of a running statement", {"parallelism": 2}, JSON),
            ("another parallelism of a running statement", {"parallelism": 3}, YAML),
            ("another parallelism, and stopped", {"parallelism": 4, "stopped": True}, JSON),
            ("another parallelism of a stopped statement", {"parallelism": 5, "stopped": True}, JSON),
            ("another parallelism, and resumed", {"parallelism": 2, "stopped": False}, YAML),
            ("another parallelism, and stopped", {"parallelism": 3, "stopped": True}, YAML),
            ("only stopped", {"parallelism": 3, "stopped": False}, JSON),
            ("another annotation, parallelism and stopped", {"parallelism": 1, "stopped": True}, JSON),
        ]
        for number, (what, fields, sent) in enumerate(steps):
            before = statements.get(held.name).needed(200).body
            body = {
                **spec(held.body, **fields),
                "metadata": {"name": held.name, "annotations": {"note": f"step {number}"}},
            }
            answer = statements.put(held.name, body, media_type=sent)
            after = statements.get(held.name)
            with check("CMF-STMT-RESCALE", f"step {number}: {what}, sent as {sent}, answers 200"):
                answer.expect(200)
            if answer.status == 200:
                with check("CMF-STMT-UPDATE", f"step {number}: {what}, sent as {sent}, holds as a whole"):
                    require_contains(after.expect(200).body, body, "the statement")
                wanted = "stopped" if fields.get("stopped") else "running"
                with check(
                    "CMF-STMT-UPDATE", f"step {number}: {what} shows in the phase, and holds then too"
                ):
                    until_phase(environment, held.name, wanted, "completed", within=cmf.limits.deploy)
                    require_contains(
                        statements.get(held.name).expect(200).body, body, f"once {wanted}, the statement"
                    )
            else:
                with check(
                    "CMF-STMT-UPDATE-REFUSED", f"step {number}: {what} that was refused has no effect"
                ):
                    answer.expect(*NOT_DONE)
                    require_equal(
                        views.statement(after.expect(200).body), views.statement(before), "the statement"
                    )
        check.nothing_to_judge("CMF-STMT-UPDATE", "what was refused had no effect")
        check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
    statements.put(held.name, held.body)
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
    statements.put(updated.name, spec(updated.body, stopped=True))
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
