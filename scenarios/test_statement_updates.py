"""Statements updated by PUT; only those of which a part is changed while they run start a pod."""

from __future__ import annotations

import time
from collections.abc import Callable
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
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import is_kept, is_over
from conformance.scenario import NOT_DONE, needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_sql

Body = dict[str, Any]


@requirement("CMF-STMT-UPDATE", "CMF-STMT-UPDATE-REFUSED", "CMF-STMT-UID", "CMF-STMT-CREATED-KEPT")
def test_update(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    pool, pool_there = new_compute_pool(environment).name, new_compute_pool(other_environment).name
    fields: Body = {
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "configuration": {"table.exec.state.ttl": "1 h"},
    }
    held, neighbour = (
        new_statement(environment, pool, parallelism=2, stopped=False, **fields) for _ in range(2)
    )
    namesake = new_statement(other_environment, pool_there, held.name, annotations={"which": "there"})
    statements, there = cmf.statements(environment), cmf.statements(other_environment)
    first = at_rest(environment, held.name)
    time.sleep(timestamps.tick([optional(first, "metadata", "creationTimestamp")]))
    others = ((statements, neighbour), (there, namesake))
    had = [views.statement(collection.get(other.name).needed(200).body) for collection, other in others]
    changes: dict[str, Callable[[Body], Body]] = {
        "nothing": lambda body: body,
        "an annotation": lambda body: bodies.changed(
            body, metadata={"annotations": {**ANNOTATIONS, "note": "second"}}
        ),
        "a label": lambda body: bodies.changed(
            body, metadata={"labels": {**LABELS, "tier": "silver", "new": "yes"}}
        ),
        "labels and annotations": lambda body: bodies.changed(
            body, metadata={"labels": {"only": "this"}, "annotations": {"only": "this"}}
        ),
        "the parallelism": lambda body: bodies.changed(body, parallelism=3),
        "the parallelism and an annotation": lambda body: bodies.changed(
            body, metadata={"annotations": {"scale": "5"}}, parallelism=5
        ),
        "everything that can be": lambda body: bodies.changed(
            body, metadata={"annotations": {"all": "of it"}, "labels": {"all": "yes"}}, parallelism=4
        ),
    }
    body = held.body
    for what, change in changes.items():
        for sent in (JSON, YAML):
            wanted = change(
                bodies.changed(body, metadata={"annotations": {"sent": sent}}) if what != "nothing" else body
            )
            before = statements.get(held.name).needed(200).body
            answer = statements.put(held.name, wanted, media_type=sent)
            after = statements.get(held.name)
            if answer.status == 200:
                body = wanted
                with check("CMF-STMT-UPDATE", f"an update of {what}, sent as {sent}, holds"):
                    require_contains(after.expect(200).body, wanted, "the statement")
            else:
                with check(
                    "CMF-STMT-UPDATE",
                    f"an update of {what}, sent as {sent}, is done or refused for the phase",
                ):
                    answer.expect(200, *NOT_DONE)
                with check("CMF-STMT-UPDATE-REFUSED", f"an update of {what} that was refused has no effect"):
                    require_equal(
                        views.statement(after.expect(200).body), views.statement(before), "the statement"
                    )
    check.nothing_to_judge("CMF-STMT-UPDATE-REFUSED", "what was not refused took effect")
    last = statements.get(held.name).needed(200).body
    with check("CMF-STMT-UPDATE", "after many updates it is listed once, as it is read"):
        item = statements.item(held.name)
        require_equal(views.statement(item), views.statement(last), "in the list, the statement")
    with check("CMF-STMT-UPDATE", "its text, compute pool and session properties are as they were"):
        kept = {key: held.body["spec"][key] for key in ("statement", "computePoolName", "properties")}
        require_contains(last, {"spec": kept}, "the statement")
    with check("CMF-STMT-UPDATE", "its neighbour and its namesake in another environment are as they were"):
        for (collection, other), view in zip(others, had, strict=True):
            require_equal(
                views.statement(collection.get(other.name).expect(200).body),
                view,
                "a statement that was not updated",
            )
    with check("CMF-STMT-UID", "its uid is what it was"):
        require_equal(optional(last, "metadata", "uid"), optional(first, "metadata", "uid"), "metadata.uid")
    with check("CMF-STMT-CREATED-KEPT", "its creation time is what it was"):
        created, now = (optional(each, "metadata", "creationTimestamp") for each in (first, last))
        same = created is None or timestamps.as_moment(now) == timestamps.as_moment(created)
        require(same, "the updates changed creationTimestamp", expected=repr(created), got=repr(now))


@requirement("CMF-STMT-UPDATED-MOVES")
def test_times_of_an_update(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    statements = cmf.statements(environment)
    held = new_statement(environment, compute_pool, annotations=ANNOTATIONS)
    before = optional(at_rest(environment, held.name), "metadata", "updateTimestamp")

    with check("CMF-STMT-UPDATED-MOVES", "reading it, the list and its exceptions leaves updateTimestamp"):
        statements.list().expect(200)
        cmf.exceptions(environment, held.name).expect(200)
        again = optional(statements.get(held.name).expect(200).body, "metadata", "updateTimestamp")
        require(again == before, "reading moved updateTimestamp", expected=repr(before), got=repr(again))

    def update(note: str, sent: str) -> tuple[Answer, Any]:
        body = bodies.changed(held.body, metadata={"annotations": {"note": note}})
        answer = statements.put(held.name, body, media_type=sent)
        return answer, optional(statements.get(held.name).needed(200).body, "metadata", "updateTimestamp")

    for note, sent in (("second", JSON), ("third", YAML)):
        answer, after = update(note, sent)
        if answer.status != 200 or before is None:
            why = (
                "the target gives no updateTimestamp, as the schema allows"
                if before is None
                else "the target refuses it in this phase"
            )
            check.nothing_to_judge("CMF-STMT-UPDATED-MOVES", why)
            return
        if isinstance(after, str) and timestamps.is_same(before, after):
            time.sleep(1.1)  # a clock that counts whole seconds had no chance to move
            _, after = update(f"{note} again", sent)
        with check(
            "CMF-STMT-UPDATED-MOVES",
            f"updateTimestamp before and after the {note} text of an annotation, sent as {sent}",
        ):
            moved = isinstance(after, str) and timestamps.is_before(before, after)
            require(
                moved,
                "the update did not move updateTimestamp",
                expected=f"later than {before}",
                got=repr(after),
            )
        before = after


@requirement("CMF-STMT-UPDATE-UNKNOWN")
def test_update_unknown(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
) -> None:
    pool = new_compute_pool(environment).name
    new_compute_pool(other_environment, pool)
    held, deleted = (
        new_statement(environment, pool, annotations=ANNOTATIONS),
        new_statement(environment, pool),
    )
    statements = cmf.statements(environment)
    statements.delete(deleted.name).needed(202, 204)
    eventually(lambda: statements.get(deleted.name).expect(404), within=cmf.limits.settle)
    before = views.statement(statements.get(held.name).needed(200).body)
    nowhere = cmf.name("never")
    for where, place, name in (
        ("a name that was never used", environment, cmf.name("never")),
        ("a deleted statement", environment, deleted.name),
        ("an existing name in another environment", other_environment, held.name),
        ("an existing name in an environment that does not exist", nowhere, held.name),
    ):
        for sent in (JSON, YAML):
            body = bodies.statement(name, cmf.features, pool=pool, annotations={"note": "put"}, parallelism=2)
            with check("CMF-STMT-UPDATE-UNKNOWN", f"a PUT of {where}, sent as {sent}, answers 404"):
                cmf.statements(place).put(name, body, media_type=sent).expect(404)
            with check("CMF-STMT-UPDATE-UNKNOWN", f"a PUT of {where} creates nothing"):
                cmf.statements(place).get(name).expect(404)
                require(
                    place == nowhere or name not in cmf.statements(place).names(),
                    "it is listed",
                    expected="not listed",
                )
    with check("CMF-STMT-UPDATE-UNKNOWN", "an existing statement of that name elsewhere is as it was"):
        cmf.environments.get(nowhere).expect(404)
        require_equal(views.statement(statements.get(held.name).expect(200).body), before, "the statement")


def session(cmf: Cmf, zone: str) -> dict[str, str]:
    """Session properties with another time zone than any statement has by itself."""
    place = {"sql.current-catalog": cmf.features.catalog, "sql.current-database": cmf.features.database}
    return {**place, "table.local-time-zone": zone}


def put_part(
    check: Checks, statements: Collection, body: Body, what: str, *refusals: int
) -> tuple[Answer, Body]:
    """Update a part that may be immutable: when it is refused, nothing has changed.  The answer, and the statement."""
    name = body["metadata"]["name"]
    before = views.statement(statements.get(name).needed(200).body)
    answer = statements.put(name, body)
    after = statements.get(name).needed(200).body
    if 400 <= answer.status < 500:
        with check("CMF-STMT-UPDATE-REFUSED", f"{what} that is refused changes nothing"):
            answer.expect(*NOT_DONE, *refusals)
            require_equal(views.statement(after), before, "the statement")
            item = statements.item(name)
            require_equal(views.statement(item), before, "in the list, the statement")
    return answer, after


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
        "other Flink configuration": {"flinkConfiguration": {"table.exec.state.ttl": "2 h"}},
        "a compute pool that does not exist": {"computePoolName": cmf.name("never")},
        "a compute pool of another environment": {"computePoolName": elsewhere},
    }
    for what, spec in changes.items():
        held = new_statement(environment, pool, annotations=ANNOTATIONS)
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
                require_contains(after, body, "after the update, the statement")
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
        answer = statements.put(held.name, body)
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
