"""Updates of statements that are refused, or that name another statement: they change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS, LABELS
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    require,
    require_equal,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import NOT_DONE, needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

Body = dict[str, Any]


def spoilt(key: str, value: Any) -> Callable[[Body], Body]:
    """Spoils the spec of a body."""
    return lambda body: {**body, "spec": {**body["spec"], key: value}}


WRONG: dict[str, Callable[[Body], Any]] = {
    "no spec": lambda body: {key: value for key, value in body.items() if key != "spec"},
    "no metadata": lambda body: {key: value for key, value in body.items() if key != "metadata"},
    "no apiVersion": lambda body: {key: value for key, value in body.items() if key != "apiVersion"},
    "no kind": lambda body: {key: value for key, value in body.items() if key != "kind"},
    "no statement": lambda body: {
        **body,
        "spec": {key: value for key, value in body["spec"].items() if key != "statement"},
    },
    "no compute pool": lambda body: {
        **body,
        "spec": {key: value for key, value in body["spec"].items() if key != "computePoolName"},
    },
    "a string as spec": lambda body: {**body, "spec": "SHOW TABLES;"},
    "a list as metadata": lambda body: {**body, "metadata": [body["metadata"]]},
    "a list as statement": spoilt("statement", ["SHOW TABLES;"]),
    "words as parallelism": spoilt("parallelism", "many"),
    "words as stopped": spoilt("stopped", "maybe"),
    "a list": lambda body: [body],
    "a string": lambda body: str(body["metadata"]["name"]),
}
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, Callable[[Body], Any]] = {
    "no name": lambda body: {**body, "metadata": {"annotations": {"note": "refused"}}},
    "an unknown property": lambda body: {**body, "unknown": True},
    "a status": lambda body: {**body, "status": {"phase": "RUNNING"}},
    "another kind": lambda body: {**body, "kind": "FlinkApplication"},
    "another apiVersion": lambda body: {**body, "apiVersion": "apps/v1"},
    "a parallelism of 0": spoilt("parallelism", 0),
    "a negative parallelism": spoilt("parallelism", -1),
    "a list as Flink configuration": spoilt("flinkConfiguration", ["a"]),
    "an object as session property": spoilt("properties", {"sql.current-catalog": {"name": "examples"}}),
    "an empty text": spoilt("statement", ""),
}


@requirement("CMF-STMT-UPDATE-BODY", "CMF-STMT-UPDATE-REFUSED")
def test_invalid_updates(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    statements = cmf.statements(environment)
    held, neighbour = (
        new_statement(environment, compute_pool, labels=LABELS, annotations=ANNOTATIONS, parallelism=2)
        for _ in range(2)
    )
    at_rest(environment, held.name)
    # What is spoilt below would be accepted as it stands, as far as this phase has any such update.
    text: Body = {"annotations": {"note": "refused"}, "labels": {"new": "1"}}
    attempts = (
        bodies.changed(held.body, metadata=text, parallelism=9),
        bodies.changed(held.body, metadata=text),
        held.body,
    )
    answers = [statements.put(held.name, attempt) for attempt in attempts]
    accepted = [attempt for attempt, got in zip(attempts, answers, strict=True) if got.status == 200]
    wanted = accepted[0] if accepted else attempts[0]
    also = () if accepted else tuple({answer.status for answer in answers} & {*NOT_DONE})
    restored = statements.put(held.name, held.body).status == 200
    original = held.body if restored or not accepted else wanted
    before = statements.get(held.name).needed(200).body
    view, phase = views.statement(before), views.phase(before)

    def unchanged(what: str) -> None:
        read = statements.get(held.name).expect(200).body
        require_equal(views.statement(read), view, f"{what}, the statement")
        require(
            views.phase(read) == phase,
            f"{what}, the phase is another",
            expected=repr(phase),
            got=repr(views.phase(read)),
        )

    for number, (why, spoil) in enumerate(WRONG.items()):
        sent = (JSON, YAML)[number % 2]
        answer = statements.put(held.name, spoil(wanted), media_type=sent)
        with check("CMF-STMT-UPDATE-BODY", f"{why}, sent as {sent}, is refused"):
            answer.expect_refused(*also)
        if answer.status >= 400:
            with check("CMF-STMT-UPDATE-REFUSED", f"an update that was refused with {why} changes nothing"):
                unchanged("after a refused update")
        else:
            statements.put(held.name, original)
    for why, spoil in DOUBTFUL.items():
        if statements.put(held.name, spoil(wanted)).status >= 400:
            with check("CMF-STMT-UPDATE-REFUSED", f"an update that was refused for {why} changes nothing"):
                unchanged("after a refused update")
        else:
            statements.put(held.name, original)
            view = views.statement(statements.get(held.name).needed(200).body)
    statements.put(
        neighbour.name, bodies.changed(neighbour.body, metadata={"annotations": {"note": "later"}})
    )
    with check("CMF-STMT-UPDATE-REFUSED", "nor has any an effect later, when another statement is updated"):
        unchanged("after the update of another")
        item = statements.item(held.name)
        require_equal(views.statement(item), view, "in the list, the statement")


@requirement("CMF-STMT-UPDATE-NAME")
def test_update_by_another_name(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, new_statement: Callable[..., Held]
) -> None:
    statements = cmf.statements(environment)
    held, other = (new_statement(environment, compute_pool, annotations=ANNOTATIONS) for _ in range(2))
    had = views.statement(statements.get(other.name).needed(200).body)
    for what, name in (
        ("that of another statement", other.name),
        ("one that nothing has", cmf.name("renamed")),
    ):
        body = bodies.changed(
            held.body, metadata={"name": name, "annotations": {"note": "renamed"}}, parallelism=7
        )
        answer = statements.put(held.name, body)
        with check("CMF-STMT-UPDATE-NAME", f"a PUT whose name is {what} reaches no other statement"):
            answer.expect(200, 404, *NOT_DONE)
            require(
                statements.get(held.name).expect(200).at("metadata", "name") == held.name,
                "it was renamed",
                expected=held.name,
            )
            require_equal(
                views.statement(statements.get(other.name).expect(200).body), had, "the other statement"
            )
            if name != other.name:
                statements.get(name).expect(404)
            require_equal(
                sorted(statements.names()), sorted([held.name, other.name]), "the names in the list"
            )
