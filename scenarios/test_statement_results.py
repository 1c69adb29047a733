"""What comes of statements without a cluster: results of metadata statements, failures, exceptions.  No pod is started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import pytest

from conformance import bodies, views
from conformance.contract import timestamps
from conformance.contract.media import JSON, YAML
from conformance.expectations import eventually, optional, require, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import NO_TOKENS, needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

Body = dict[str, Any]
BROKEN = ("SELEC nothing FRM nowhere;", "this is no SQL")
LAST = 10
"""The most exceptions that are given."""
ROWS_ARE_SHOWN = ("SHOW", "DESC", "EXPLAIN")


def rows(body: Any) -> list[Any]:
    """The rows in a StatementResult."""
    data = optional(body, "results", "data")
    return data if isinstance(data, list) else []


def exceptions(cmf: Cmf, environment: str, statement: str, accept: str = JSON) -> list[Body]:
    """The exceptions of a statement; raises ``Broken`` when they are no list of at most ten."""
    body = cmf.exceptions(environment, statement, accept=accept).expect(200).body
    data = optional(body, "data") or []
    require(isinstance(data, list), "data is no list", expected="a list", got=repr(data)[:200])
    require(len(data) <= LAST, f"there are {len(data)} exceptions", expected="at most 10", got=str(len(data)))
    return [each for each in data if isinstance(each, dict)]


def require_last(seen: list[Body], last: list[Body]) -> None:
    """Raise ``Broken`` when a full list leaves out an exception that is later than one that is in it."""
    times = [each["timestamp"] for each in last if _is_time(each.get("timestamp"))]
    if len(last) < LAST or len(times) < LAST:
        return
    for dropped in seen:
        time = dropped.get("timestamp")
        if dropped not in last and _is_time(time):
            kept = [each for each in times if timestamps.is_before(each, time)]
            require(
                not kept,
                "a later exception was left out for an earlier one",
                expected=f"that of {time}",
                got=", ".join(kept[:3]),
            )


def _is_time(text: object) -> TypeGuard[str]:
    try:
        return isinstance(text, str) and timestamps.parse(text) is not None
    except timestamps.NotATimestamp:
        return False


@requirement("CMF-STMT-METADATA", "CMF-STMT-RESULT", "CMF-TIME-FORMAT")
def test_metadata_statement(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements = cmf.statements(environment)
    held = [new_statement(environment, compute_pool) for _ in range(2)]
    for each in held:
        with check("CMF-STMT-METADATA", "it comes to the phase completed by itself, and stays there"):
            until_phase(environment, each.name, "completed")
            phase = views.phase(statements.get(each.name).expect(200).body)
            require(phase in {"completed", None}, "it went on", expected="completed", got=repr(phase))
    body = statements.get(held[0].name).needed(200).body
    embedded = optional(body, "result")
    answer = cmf.results(environment, held[0].name)
    if cmf.features.metadata_statement.lstrip().upper().startswith(ROWS_ARE_SHOWN):
        with check("CMF-STMT-RESULT", "its result is in the statement or given by results"):
            if embedded is None:
                answer.expect(200)
            if answer.expect(200, 400, 410).status == 200 and isinstance(
                optional(embedded, "results", "data"), list
            ):
                given = rows(answer.body)
                whole = optional(answer.body, "metadata", "annotations", "nextPageToken") is None
                require_equal(
                    given, rows(embedded)[: None if whole else len(given)], "the rows that results give"
                )
    else:
        check.nothing_to_judge("CMF-STMT-RESULT", "the metadata statement of the configuration shows no rows")
    with check(
        "CMF-STMT-RESULT",
        "the result in the statement is the same when it is read again, as JSON and as YAML, and in the list",
    ):
        for accept in (JSON, YAML):
            again = optional(statements.get(held[0].name, accept=accept).expect(200).body, "result")
            require_equal(rows(again), rows(embedded), f"read again as {accept}, the rows")
            listed = [
                item for item in statements.all(accept=accept) if statements.name_of(item) == held[0].name
            ]
            for item in listed:
                if optional(item, "result") is not None:
                    require_equal(rows(item["result"]), rows(embedded), f"listed as {accept}, the rows")
    created = optional(embedded, "metadata", "creationTimestamp")
    with check("CMF-TIME-FORMAT", "creationTimestamp in the result of a statement"):
        require(
            created is None or _is_time(created),
            "it is no timestamp",
            expected="an RFC 3339 string in UTC",
            got=repr(created),
        )


@requirement("CMF-STMT-COMPILE", "CMF-STMT-REFUSED", "CMF-STMT-CONFLICT")
@pytest.mark.parametrize("sql", BROKEN)
def test_sql_that_does_not_compile(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, until_phase: Callable[..., Body], sql: str
) -> None:
    statements = cmf.statements(environment)
    name = cmf.name("stmt")
    answer = statements.post(bodies.statement(name, cmf.features, pool=compute_pool, sql=sql))
    with check("CMF-STMT-COMPILE", f"{sql!r} is refused, or fails"):
        if answer.expect_refused(200).status == 200:
            until_phase(environment, name, "failed")
    ended = None
    with check("CMF-STMT-REFUSED", f"{sql!r} is there only when it was not refused"):
        ended = views.phase(statements.get(name).expect(200 if answer.status == 200 else 404).body)
    if answer.status != 200:
        check.nothing_to_judge("CMF-STMT-CONFLICT", "the target refuses SQL that does not compile, as it may")
        return
    with check("CMF-STMT-COMPILE", f"{sql!r} has no rows"):
        results = cmf.results(environment, name).expect(200, 400, 404, 410)
        require(
            results.status != 200 or not rows(results.body),
            "a statement that does not compile has rows",
            expected="400, or none",
        )
    with check("CMF-STMT-CONFLICT", f"its name is taken, though {sql!r} does not compile"):
        statements.post(bodies.statement(name, cmf.features, pool=compute_pool)).expect(409)
        after = statements.get(name).expect(200)
        text, phase = after.at("spec", "statement"), views.phase(after.body)
        require(text == sql, "a conflict changed its text", expected=sql, got=repr(text))
        stays = phase in {ended, "failed", None}
        require(stays, "it goes on after a conflict", expected=repr(ended), got=repr(phase))


@requirement("CMF-STMT-EXCEPTIONS", "CMF-STMT-EXCEPTIONS-LAST", "CMF-STMT-UPDATE-REFUSED")
def test_exceptions(
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
    name = cmf.name("stmt")
    failing = bodies.statement(name, cmf.features, pool=pool, sql=BROKEN[0], parallelism=1, stopped=False)
    healthy = [
        (environment, new_statement(environment, pool).name),
        (other_environment, new_statement(other_environment, pool, name).name),
    ]
    if cmf.statements(environment).post(failing).status != 200:
        failing["spec"]["statement"] = cmf.features.metadata_statement
        cmf.statements(environment).post(failing).needed(200)
    until_phase(environment, name, "failed", "completed")
    with check("CMF-STMT-EXCEPTIONS", "the exceptions of a statement that failed, as JSON and as YAML"):
        eventually(lambda: _require_both(cmf, environment, name), within=cmf.limits.settle)
    for place, other in healthy:
        whose = "a namesake" if place != environment else "its neighbour"
        with check("CMF-STMT-EXCEPTIONS", f"{whose} that only reads metadata has none of them"):
            thrown = exceptions(cmf, environment, name) if exceptions(cmf, place, other) else []
            strange = [each for each in exceptions(cmf, place, other) if each in thrown]
            require(
                not strange,
                f"{whose} shows the exceptions of another",
                expected="none",
                got=repr(strange)[:200],
            )
    seen: list[Body] = []
    view = views.statement(cmf.statements(environment).get(name).needed(200).body)
    for number in range(1, LAST + 4):
        answer = cmf.statements(environment).put(name, failing, media_type=(JSON, YAML)[number % 2])
        with check(
            "CMF-STMT-EXCEPTIONS-LAST",
            f"after update {number} of a statement that fails each time there are at most ten",
        ):
            now = exceptions(cmf, environment, name)
            seen += [each for each in now if each not in seen]
            require_last(seen, now)
    with check("CMF-STMT-EXCEPTIONS-LAST", "as YAML they are as many"):
        _require_both(cmf, environment, name)
    with check(
        "CMF-STMT-UPDATE-REFUSED", "updates that ask for nothing new leave a failed statement as it was"
    ):
        answer.expect(200, 400, 409, 422)
        after = views.statement(cmf.statements(environment).get(name).expect(200).body)
        require_equal(_filled(after), _filled(view), "the statement")


def _filled(view: Body) -> Body:
    """A statement with what means the same in the place of what is absent: nothing of it, and not stopped."""
    return {
        **view,
        "metadata": {"labels": {}, "annotations": {}, **view["metadata"]},
        "spec": {"flinkConfiguration": {}, "stopped": False, **view.get("spec", {})},
    }


def _require_both(cmf: Cmf, environment: str, statement: str) -> None:
    one, other = (exceptions(cmf, environment, statement, accept) for accept in (JSON, YAML))
    require_equal(other, one, "as YAML, the exceptions")


@requirement("CMF-STMT-RESULTS-UNKNOWN", "CMF-STMT-EXCEPTIONS-UNKNOWN")
def test_unknown_statements(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
) -> None:
    name = new_statement(environment, compute_pool).name
    cmf.exceptions(environment, name).needed(200)
    for where, place, statement in (
        ("a name that was never used", environment, cmf.name("never")),
        ("more than an existing name", environment, f"{name}0"),
        ("the name of a compute pool", environment, compute_pool),
        ("an existing name in another environment", other_environment, name),
        ("an existing name in an environment that does not exist", cmf.name("never"), name),
    ):
        for accept in (JSON, YAML):
            with check("CMF-STMT-RESULTS-UNKNOWN", f"the results of {where}, accepting {accept}"):
                cmf.results(place, statement, accept=accept).expect(404)
            with check("CMF-STMT-EXCEPTIONS-UNKNOWN", f"the exceptions of {where}, accepting {accept}"):
                cmf.exceptions(place, statement, accept=accept).expect(404)
        with check("CMF-STMT-RESULTS-UNKNOWN", f"the results of {where}, with a token"):
            cmf.results(place, statement, "AAAA").expect(404, 400)


@requirement("CMF-STMT-RESULTS-BAD-TOKEN")
def test_bad_tokens(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, new_statement: Callable[..., Held]
) -> None:
    name = new_statement(environment, compute_pool).name
    for token in NO_TOKENS:
        with check(
            "CMF-STMT-RESULTS-BAD-TOKEN", f"the token {token[:20]!r} is refused for a metadata statement"
        ):
            answer = cmf.results(environment, name, token)
            require(
                400 <= answer.status < 500,
                "it was not refused",
                expected="400 or another 4xx",
                got=str(answer.status),
            )
