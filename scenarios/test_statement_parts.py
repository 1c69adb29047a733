"""Parts of statements that may be immutable: an update of them is refused, or taken as a whole.

Only statements of which a part is changed while they run start a pod.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS
from conformance.expectations import optional, require, require_contains, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import is_kept, is_over, put_as_read
from conformance.scenario import NOT_DONE, needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_sql

Body = dict[str, Any]
AT_REST = ("completed", "failed", "stopped")


def session(cmf: Cmf, zone: str = "") -> dict[str, str]:
    """Session properties, with another time zone than any statement has by itself or without."""
    place = {"sql.current-catalog": cmf.features.catalog, "sql.current-database": cmf.features.database}
    return {**place, **({"table.local-time-zone": zone} if zone else {})}


def put_part(
    check: Checks, statements: Collection, body: Body, what: str, *refusals: int
) -> tuple[Answer, Body]:
    """Update a part that may be immutable: when it is refused, nothing has changed.  The answer, and the statement."""
    name = body["metadata"]["name"]
    first = statements.get(name).needed(200).body
    before, phase = views.statement(first), views.phase(first)
    answer = statements.put(name, body)
    after = statements.get(name).needed(200).body
    if 400 <= answer.status < 500:
        with check("CMF-STMT-UPDATE-REFUSED", f"{what} that is refused changes nothing"):
            answer.expect(*NOT_DONE, *refusals)
            require_equal(views.statement(after), before, "the statement")
            item = statements.item(name)
            require_equal(views.statement(item), before, "in the list, the statement")
            for now in (views.phase(after), views.phase(item)) if phase in AT_REST else ():
                require(
                    now in {phase, None},
                    f"it was {phase}, and is set going",
                    expected=repr(phase),
                    got=repr(now),
                )
    return answer, after


def require_taken(after: Body, body: Body, former: Body) -> None:
    """An update that was accepted is read as a whole: what it leaves out is not there with its former value."""
    require_contains(after, body, "after the update, the statement")
    for part in ("properties", "flinkConfiguration"):
        kept = [
            key
            for key, value in former["spec"][part].items()
            if key not in body["spec"][part] and optional(after, "spec", part, key) == value
        ]
        require(
            not kept,
            f"{part} that the update leaves out are still there",
            expected="none of them",
            got=", ".join(kept),
        )


@requirement(
    "CMF-STMT-UPDATE-PARTS",
    "CMF-STMT-UPDATE-REFUSED",
    "CMF-STMT-POOL-UNKNOWN",
    "CMF-STMT-FILTER-POOL",
    "CMF-POOL-IN-USE",
)
def test_update_of_what_may_be_immutable(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    pool, other_pool = new_compute_pool(environment).name, new_compute_pool(environment).name
    elsewhere = new_compute_pool(other_environment).name
    statements, pools = cmf.statements(environment), cmf.compute_pools(environment)
    changes: dict[str, Body] = {
        "other SQL": {"statement": "SHOW CATALOGS;"},
        "another compute pool": {"computePoolName": other_pool},
        "other session properties": {"properties": session(cmf, "Europe/Berlin")},
        "fewer session properties": {"properties": session(cmf)},
        "other Flink configuration": {"flinkConfiguration": {"table.exec.state.ttl": "2 h"}},
        "other keys of the Flink configuration": {
            "flinkConfiguration": {"execution.checkpointing.interval": "30000"}
        },
        "a compute pool that does not exist": {"computePoolName": cmf.name("never")},
        "a compute pool of another environment": {"computePoolName": elsewhere},
    }
    # Values that no target gives by itself.
    fields: Body = {
        "annotations": ANNOTATIONS,
        "properties": session(cmf, "Asia/Kathmandu"),
        "configuration": {"table.exec.state.ttl": "7391 s"},
    }
    for what, spec in changes.items():
        held = new_statement(environment, pool, **fields)
        at_rest(environment, held.name)
        body = bodies.changed(held.body, metadata={"annotations": {"note": "changed"}}, **spec)
        unknown = (404,) if "computePoolName" in spec else ()
        answer, after = put_part(check, statements, body, what, *unknown)
        refused = 400 <= answer.status < 500
        if what.startswith("a compute pool") and not refused:
            with check("CMF-STMT-POOL-UNKNOWN", f"{what} is not taken in an update"):
                used = optional(after, "spec", "computePoolName")
                if used != pool:
                    until_phase(environment, held.name, "failed")
        elif not refused:
            with check("CMF-STMT-UPDATE-PARTS", f"{what} is refused or taken"):
                answer.expect(200)
                require_taken(after, body, held.body)
        if optional(after, "spec", "computePoolName") == other_pool:
            with check(
                "CMF-STMT-FILTER-POOL",
                "moved to another compute pool by an update, it is found by that one alone",
            ):
                for name, selects in ((other_pool, True), (pool, False)):
                    listed = held.name in statements.names(query=[("compute-pool", name)])
                    require(
                        listed is selects,
                        f"compute-pool={name} {'does not select' if selects else 'selects'} it",
                        expected=f"found by compute-pool={other_pool} alone",
                    )
            with check("CMF-POOL-IN-USE", "a compute pool to which an update moved a statement is in use"):
                if is_kept(cmf, environment, other_pool, held.name):
                    pools.get(other_pool).expect(200)
    check.nothing_to_judge("CMF-POOL-IN-USE", "no update moved a statement to another compute pool")
    check.nothing_to_judge("CMF-STMT-FILTER-POOL", "no update moved a statement to another compute pool")
    check.nothing_to_judge("CMF-STMT-UPDATE-PARTS", "what was refused had no effect")
    check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
    check.nothing_to_judge("CMF-STMT-POOL-UNKNOWN", "what was refused had no effect")


@needs_flink
@requirement("CMF-STMT-UPDATE-PARTS", "CMF-STMT-UPDATE-REFUSED", "CMF-POOL-IN-USE")
def test_update_of_what_may_be_immutable_while_it_runs(
    cmf: Cmf,
    check: Checks,
    environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    pool, other_pool = new_compute_pool(environment).name, new_compute_pool(environment).name
    statements = cmf.statements(environment)
    fields: Body = {"sql": cmf.features.insert, "stopped": False, "annotations": ANNOTATIONS}
    held, other = (new_statement(environment, pool, **fields) for _ in range(2))
    for each in (held, other):
        until_phase(environment, each.name, "running", "completed", within=cmf.limits.deploy)
    check.nothing_to_judge("CMF-STMT-UPDATE-PARTS", "what was refused had no effect")
    check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
    check.nothing_to_judge("CMF-POOL-IN-USE", "no update moved a statement to another compute pool")

    def update(body: Body, what: str, **spec: Any) -> Body:
        wanted = bodies.changed(body, metadata={"annotations": {"note": what}}, **spec)
        answer, after = put_part(check, statements, wanted, what)
        if 400 <= answer.status < 500:
            return body
        with check("CMF-STMT-UPDATE-PARTS", f"{what} is refused or taken"):
            answer.expect(200)
            require_contains(after, wanted, "after the update, the statement")
        return wanted

    def until(body: Body, *phases: str) -> None:
        until_phase(environment, held.name, *phases, within=cmf.limits.deploy)
        with check("CMF-STMT-UPDATE-PARTS", f"once {phases[0]}, it has what was taken"):
            require_contains(statements.get(held.name).expect(200).body, body, "the statement")

    # With other SQL it need not run any more, so that is tried of a statement of its own.
    update(other.body, "other SQL of a running statement", statement=cmf.features.metadata_statement)
    body = update(
        held.body,
        "other Flink configuration of a running statement",
        flinkConfiguration={"table.exec.state.ttl": "2 h"},
    )
    body = update(
        body, "other session properties of a running statement", properties=session(cmf, "Europe/Berlin")
    )
    body = update(body, "another compute pool of a running statement", computePoolName=other_pool)
    until(body, "running", "completed")
    if body["spec"]["computePoolName"] == other_pool:
        with check("CMF-POOL-IN-USE", "a compute pool to which an update moved what runs is in use"):
            if is_kept(cmf, environment, other_pool, held.name):
                cmf.compute_pools(environment).get(other_pool).expect(200)
    body = update(
        body,
        "other Flink configuration in the update that stops a statement",
        flinkConfiguration={"table.exec.state.ttl": "3 h"},
        stopped=True,
    )
    if not body["spec"]["stopped"]:
        body = bodies.changed(body, stopped=True)
        answer = put_as_read(cmf, environment, body)
        if answer.status in NOT_DONE and is_over(cmf, environment, held.name):
            return  # what comes to its end by itself can't be stopped any more
        answer.needed(200)
    until(body, "stopped")
    body = update(
        body,
        "other Flink configuration of a stopped statement",
        flinkConfiguration={"table.exec.state.ttl": "4 h"},
    )
    body = update(
        body, "other session properties of a stopped statement", properties=session(cmf, "Asia/Tokyo")
    )
    back = pool if body["spec"]["computePoolName"] == other_pool else other_pool
    body = update(body, "another compute pool of a stopped statement", computePoolName=back)
    body = update(body, "other SQL of a stopped statement", statement=cmf.features.metadata_statement)
    body = update(
        body,
        "other session properties in the update that resumes a statement",
        properties=session(cmf, "Asia/Kathmandu"),
        stopped=False,
    )
    if not body["spec"]["stopped"]:
        until(body, "running", "completed")
