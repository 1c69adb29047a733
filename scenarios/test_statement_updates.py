"""Statements updated by PUT.  Nothing here starts a pod."""

from __future__ import annotations

import time
import uuid
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
from conformance.running import as_read
from conformance.scenario import NOT_DONE, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

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
    for part, foreign in (("creationTimestamp", "2001-02-03T04:05:06Z"), ("uid", str(uuid.UUID(int=1)))):
        if optional(first, "metadata", part) is not None:
            sent_back = as_read(body, statements.get(held.name).needed(200).body)
            statements.put(
                held.name, bodies.changed(sent_back, metadata={part: foreign})
            )  # ignored or refused
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

    with check(
        "CMF-STMT-UPDATED-MOVES", "reading it, the list, its exceptions and results leaves updateTimestamp"
    ):
        statements.list().expect(200)
        cmf.exceptions(environment, held.name).expect(200)
        cmf.results(environment, held.name)  # given, or refused with 400
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
