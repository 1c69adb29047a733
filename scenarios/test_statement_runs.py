"""Statements on a cluster: run, stopped, resumed, rescaled by PUT and deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS, LABELS
from conformance.contract import timestamps
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
from conformance.running import TOO_LATE, as_read, is_kept, is_over, put_as_read
from conformance.running import until_phase as wait_for_phase
from conformance.scenario import NOT_DONE, needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = [needs_sql, needs_flink]

Body = dict[str, Any]
FILTERS = {
    "FILTER-PHASE": ("phase",),
    "FILTER-POOL": ("compute-pool",),
    "FILTER-BOTH": ("phase", "compute-pool"),
}
"""The query parameters that each of these requirements is about."""
MOVING = ("pending", "running", "completed", "failing", "failed", None)
"""Where a statement may be that nobody stopped; it may come to either end by itself."""


def apart_from_stopped(body: Any) -> Body:
    """The spec of a statement without what stopping it moves, its labels and annotations."""
    spec = {key: value for key, value in (optional(body, "spec") or {}).items() if key != "stopped"}
    return {"spec": spec} | {part: optional(body, "metadata", part) for part in ("labels", "annotations")}


def require_no_rows(answer: Answer) -> None:
    """No results, or none yet of what may not yet be known to be an INSERT."""
    answer.expect(200, 400)
    rows = answer.status == 200 and optional(answer.body, "results", "data")
    require(not rows, "it has rows", expected="none", got=repr(rows)[:200])


def require_later(before: Any, after: Any) -> None:
    """The update time has moved."""
    moved = isinstance(after, str) and timestamps.is_before(before, after)
    require(moved, "updateTimestamp has not moved", expected=f"later than {before}", got=repr(after))


def require_flag(cmf: Cmf, environment: str, name: str, *, stopped: bool) -> None:
    """The statement is read and listed as it was put."""
    statements = cmf.statements(environment)
    item = next((item for item in statements.all() if statements.name_of(item) == name), None)
    for where, body in (("read alone", statements.get(name).expect(200).body), ("in the list", item)):
        told = bool(optional(body, "spec", "stopped"))
        require(told is stopped, f"{where}, spec.stopped is another", expected=str(stopped), got=str(told))


def require_asleep(cmf: Cmf, environment: str, name: str) -> None:
    """A statement that was stopped still is: what was refused has not set it going, nor does it soon afterwards."""
    require_flag(cmf, environment, name, stopped=True)
    statements = cmf.statements(environment)
    settled(lambda: views.phase(statements.get(name).body), within=cmf.limits.settle, pause=0.1)
    wait_for_phase(cmf, environment, name, "stopped")


def judge_refusals(cmf: Cmf, check: Checks, environment: str, held: Held, sent: str) -> None:
    """What is refused for a statement that is stopped does not set it going."""
    statements = cmf.statements(environment)

    def sleeps() -> bool:
        return views.phase(statements.get(held.name).needed(200).body) in {"stopped", None}

    if sleeps():
        with check(
            "CMF-STMT-CONFLICT", "a POST of the name of a stopped statement answers 409 and changes nothing"
        ):
            statements.post(held.body).expect(409)
            require_asleep(cmf, environment, held.name)
    if not sleeps():
        for rule in ("CONFLICT", "UPDATE-REFUSED"):
            check.nothing_to_judge(f"CMF-STMT-{rule}", "it does not stay stopped")
        return
    resume = as_read(bodies.changed(held.body, stopped=False), statements.get(held.name).body)
    spoilt = {key: part for key, part in resume.items() if key != "kind"}
    if statements.put(held.name, spoilt, media_type=sent).status == 200:
        check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
        put_as_read(cmf, environment, held.body, stopped=True).needed(200)
        wait_for_phase(cmf, environment, held.name, "stopped", within=cmf.limits.deploy)
        return
    with check("CMF-STMT-UPDATE-REFUSED", "an update without kind that is refused sets nothing going"):
        require_asleep(cmf, environment, held.name)


def judge_lists(cmf: Cmf, check: Checks, environment: str, name: str) -> None:
    """The list, and those that are filtered by phase, by compute pool and by both agree with what is read."""
    statements = cmf.statements(environment)

    def agree(*by: str) -> None:
        body = statements.get(name).expect(200).body
        now, pool = views.phase(body), str(optional(body, "spec", "computePoolName"))
        phases: tuple[str | None, ...] = (None,)
        if "phase" in by:
            phases = ("running", "stopped", "pending") if now else ()
        for phase in phases:
            query = [("phase", phase)] if phase else []
            query += [("compute-pool", pool)] if "compute-pool" in by else []
            listed = name in statements.names(query=query)
            require(
                listed == (phase in {None, now}),
                f"{'&'.join(f'{key}={value}' for key, value in query)} {'selects' if listed else 'does not select'} it",
                expected=f"what is {phase}" if phase else "what is in it",
                got=repr(now),
            )

    what = "stopped" if optional(statements.get(name).needed(200).body, "spec", "stopped") else "not stopped"
    for rule, by in FILTERS.items():
        with check(f"CMF-STMT-{rule}", f"the filtered lists have what is {what}"):
            eventually(partial(agree, *by), within=cmf.limits.settle)

    def same() -> None:
        item = next((item for item in statements.all() if statements.name_of(item) == name), None)
        told, now = views.phase(item), views.phase(statements.get(name).expect(200).body)
        require(
            None in {told, now} or told == now, "the phase is another", expected=repr(now), got=repr(told)
        )

    with check("CMF-STMT-LIST", f"the list shows the phase of what is {what}, though a namesake goes on"):
        eventually(same, within=cmf.limits.settle)


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
    "CMF-STMT-FILTER-POOL",
    "CMF-STMT-FILTER-BOTH",
    "CMF-STMT-CONFLICT",
    "CMF-STMT-UPDATE-REFUSED",
    "CMF-STMT-LIST",
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
        require_no_rows(cmf.results(environment, held.name))
    with check("CMF-STMT-RUN", "an INSERT comes to run"):
        until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
    for place, other in others:
        until_phase(place, other.name, "running", "completed", "failed", within=cmf.limits.deploy)
    for accept in (JSON, YAML):
        with check("CMF-STMT-RESULTS-NONE", f"an INSERT has no results, accepting {accept}"):
            cmf.results(environment, held.name, accept=accept).expect(400)
    before = apart_from_stopped(statements.get(held.name).needed(200).body)
    for sent in (JSON, YAML):
        answer = put_as_read(cmf, environment, held.body, stopped=True, media_type=sent)
        if answer.status in NOT_DONE and is_over(cmf, environment, held.name):
            for rule in ("STOP", "RESUME", "STOP-SPEC", "CONFLICT", "UPDATE-REFUSED", "LIST", *FILTERS):
                check.nothing_to_judge(f"CMF-STMT-{rule}", TOO_LATE)
            break
        with check(
            "CMF-STMT-STOP", f"a PUT with stopped true, sent as {sent}, answers 200 and is read as such"
        ):
            answer.expect(200)
            require_flag(cmf, environment, held.name, stopped=True)
        answer.needed(200)
        with check("CMF-STMT-STOP", f"stopped by a PUT sent as {sent}, it comes to the phase stopped"):
            until_phase(environment, held.name, "stopped", within=cmf.limits.deploy)
        judge_lists(cmf, check, environment, held.name)
        with check("CMF-STMT-STOP-SPEC", "stopping it changes nothing else"):
            require_contains(
                apart_from_stopped(statements.get(held.name).expect(200).body), before, "the statement"
            )
        again = put_as_read(cmf, environment, held.body, stopped=True, media_type=sent)
        with check("CMF-STMT-STOP", "stopped again, it stays stopped"):
            again.expect(200, *NOT_DONE)
            require_flag(cmf, environment, held.name, stopped=True)
            until_phase(environment, held.name, "stopped")
        with check("CMF-STMT-RESULTS-NONE", f"an INSERT that is stopped has no results, accepting {sent}"):
            cmf.results(environment, held.name, accept=sent).expect(400, 410)
        judge_refusals(cmf, check, environment, held, sent)
        with check("CMF-STMT-STOP", "its neighbour and its namesake in another environment go on"):
            for place, other in others:
                require_going_on(cmf, place, other.name)
        answer = put_as_read(cmf, environment, held.body, stopped=False, media_type=sent)
        with check(
            "CMF-STMT-RESUME", f"a PUT with stopped false, sent as {sent}, answers 200 and is read as such"
        ):
            answer.expect(200)
            require_flag(cmf, environment, held.name, stopped=False)
        answer.needed(200)
        with check("CMF-STMT-RESUME", f"resumed by a PUT sent as {sent}, it runs again"):
            until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)
        judge_lists(cmf, check, environment, held.name)
        with check("CMF-STMT-STOP-SPEC", "resuming it changes nothing else"):
            require_contains(
                apart_from_stopped(statements.get(held.name).expect(200).body), before, "the statement"
            )
    with check(
        "CMF-STMT-STOP-SPEC", "its neighbour and its namesake in another environment are as they were"
    ):
        for place, other in others:
            require_contains(
                cmf.statements(place).get(other.name).expect(200).body, other.body, "the other statement"
            )


@requirement(
    "CMF-STMT-CREATED-KEPT", "CMF-STMT-UID", "CMF-STMT-UPDATED-MOVES", "CMF-POOL-IN-USE", "CMF-STMT-DELETE"
)
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
    until_phase(environment, held.name, "running", "completed", within=cmf.limits.deploy)

    def marks() -> Body:
        return optional(statements.get(held.name).needed(200).body, "metadata") or {}

    born = marks()
    phase = "running"
    for stopped, phases in ((True, ("stopped",)), (False, ("running", "completed")), (True, ("stopped",))):
        phase = phases[0]
        before = marks().get("updateTimestamp")
        time.sleep(timestamps.tick([before]))
        answer = put_as_read(cmf, environment, held.body, stopped=stopped)
        if answer.status in NOT_DONE and is_over(cmf, environment, held.name):
            for rule in ("STMT-UPDATED-MOVES", "POOL-IN-USE", "STMT-DELETE"):
                check.nothing_to_judge(f"CMF-{rule}", TOO_LATE)
            break
        answer.needed(200)
        if before is None:
            check.nothing_to_judge(
                "CMF-STMT-UPDATED-MOVES", "the target gives no updateTimestamp, as the schema allows"
            )
        else:
            with check(
                "CMF-STMT-UPDATED-MOVES", f"updateTimestamp before and after a PUT that makes it {phase}"
            ):
                require_later(before, marks().get("updateTimestamp"))
        until_phase(environment, held.name, *phases, within=cmf.limits.deploy)
        with check("CMF-POOL-IN-USE", f"the compute pool of a statement that is {phase} can't be deleted"):
            if not is_kept(cmf, environment, compute_pool, held.name):
                break  # it ended just now, and there is no pool any more that it could be resumed in
            pools.get(compute_pool).expect(200)
    with check("CMF-STMT-CREATED-KEPT", "stopped and resumed, its creation time is what it was"):
        was, now = (timestamps.as_moment(each.get("creationTimestamp")) for each in (born, marks()))
        require(was == now, "creationTimestamp is another", expected=repr(was), got=repr(now))
    with check("CMF-STMT-UID", "stopped and resumed, its uid is what it was"):
        require_equal(marks().get("uid"), born.get("uid"), "metadata.uid")
    with check("CMF-STMT-DELETE", f"a statement that was {phase} can be deleted, and is soon gone"):
        statements.delete(held.name).expect(202, 204)
        eventually(lambda: statements.get(held.name).expect(404), within=cmf.limits.deploy)
        require(held.name not in statements.names(), "it is still listed", expected="not listed")


@requirement("CMF-STMT-STOP", "CMF-STMT-RESUME", "CMF-STMT-RUN", "CMF-STMT-FILTER-PHASE")
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
        answer = put_as_read(cmf, environment, held.body, stopped=stopped)
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
        for rule in ("STOP", "FILTER-PHASE"):
            check.nothing_to_judge(f"CMF-STMT-{rule}", "the target refuses to create a stopped statement")
        return
    with check("CMF-STMT-STOP", "a statement that was created as stopped does not run"):
        require_flag(cmf, environment, name, stopped=True)
        until_phase(environment, name, "stopped", within=cmf.limits.deploy)
    if views.phase(statements.get(name).body) == "stopped":
        with check("CMF-STMT-FILTER-PHASE", "phase=stopped selects a statement that was created as stopped"):
            listed = statements.names(query=[("phase", "stopped")])
            require(name in listed, "it is not selected", expected=name, got=repr(listed))
    check.nothing_to_judge("CMF-STMT-FILTER-PHASE", "what was created as stopped is in another phase or none")
    with check("CMF-STMT-RESUME", "a statement that was created as stopped can be resumed"):
        put_as_read(cmf, environment, created_stopped, stopped=False).expect(200)
        require_flag(cmf, environment, name, stopped=False)
        until_phase(environment, name, "running", "completed", within=cmf.limits.deploy)
