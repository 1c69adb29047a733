"""Statements on a cluster: run, stopped, resumed and rescaled by PUT, and their results page by page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance import bodies, views
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    Broken,
    eventually,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
    settled,
    shown,
)
from conformance.model import Exchange
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_flink, needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = [needs_sql, needs_flink]

Body = dict[str, Any]
MOVING = ("pending", "running", "completed", "failing")
NOT_DONE = (400, 409, 422)
"""How an update may be refused in the phase that the statement is in (erratum ERR-STMT-UPDATE)."""
BOUNDED = (
    "SELECT * FROM (VALUES (101), (102), (103), (104), (105), (106), (107), (108), (109), (110), (111), (112), (113), "
    "(114), (115), (116), (117), (118), (119), (120), (121), (122), (123), (124), (125));"
)
"""A query that needs no table: as many rows as numbers, and no two alike."""
NUMBERS = re.findall("[0-9]+", BOUNDED)
FAILS = "SELECT CAST('no number' AS INT);"
"""A query that compiles, and can't be evaluated."""
MOST_PAGES = 60
ENOUGH_PAGES = 8
"""Of a query that may never end."""
SHORT = 0.1
LAST = 10
"""The most exceptions that are given."""


def spec(body: Body, **fields: Any) -> Body:
    """A body with other fields in its spec."""
    return {**body, "spec": {**body["spec"], **fields}}


def apart_from_stopped(body: Any) -> Body:
    """A statement without what stopping it moves."""
    view = views.statement(body)
    return {
        **view,
        "spec": {key: value for key, value in (view.get("spec") or {}).items() if key != "stopped"},
    }


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
    for phase in ("running", "stopped", "pending"):
        listed = name in statements.names(query=[("phase", phase)])
        require(
            listed == (now == phase),
            f"phase={phase} {'selects' if listed else 'does not select'} it",
            expected=f"what is {phase}",
            got=repr(now),
        )


@requirement(
    "CMF-STMT-RUN",
    "CMF-STMT-STOP",
    "CMF-STMT-RESUME",
    "CMF-STMT-STOP-SPEC",
    "CMF-STMT-RESULTS-NONE",
    "CMF-STMT-FILTER-PHASE",
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
    fields: Body = {"sql": cmf.features.insert, "labels": {"tier": "gold"}, "annotations": {"note": "kept"}}
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
        for rule in ("STOP", "RESUME", "STOP-SPEC", "FILTER-PHASE"):
            check.nothing_to_judge(
                f"CMF-STMT-{rule}", "the INSERT of the configuration completes before it can be stopped"
            )
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
        with check("CMF-STMT-STOP", "its neighbour and its namesake in another environment go on"):
            for place, other in others:
                require_flag(cmf, place, other.name, stopped=False)
                phase = views.phase(cmf.statements(place).get(other.name).expect(200).body)
                require(
                    phase in MOVING,
                    "a statement that was not stopped does not go on",
                    expected="running",
                    got=repr(phase),
                )
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
        annotations={"note": "kept"},
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
        eventually(lambda: statements.post(bare).expect(200), within=cmf.limits.deploy)
        require_contains(statements.get(held.name).expect(200).body, bare, "the new statement")
        require(
            optional(statements.get(held.name).body, "metadata", "annotations", "note") is None,
            "the old annotation is back",
            expected="none",
        )
    with check("CMF-STMT-DELETE", "another that runs stays"):
        require_contains(statements.get(neighbour.name).expect(200).body, neighbour.body, "the neighbour")


class Walk:
    """The pages of the results of one statement, followed from token to token."""

    def __init__(self, cmf: Cmf, environment: str, statement: str) -> None:
        self._cmf = cmf
        self._names = (environment, statement)
        self.pages: list[tuple[Exchange, list[Any]]] = []
        """Those that held rows, with the exchange that gave them."""
        self.ended = False
        """A page came without a token for the next."""
        self.gone = False
        """The target said that the results are gone."""
        self.answered = False

    def follow(self, most: int, within: float) -> None:
        """Follow the tokens, at most so many pages with rows and so many seconds; the media type alternates."""
        deadline, token, pause = time.monotonic() + within, None, SHORT
        while len(self.pages) < most and time.monotonic() < deadline:
            answer = self._cmf.results(*self._names, token, accept=(JSON, YAML)[len(self.pages) % 2])
            self.answered = True
            if answer.expect(200, 410).status == 410:
                self.gone = True
                return
            data = optional(answer.body, "results", "data")
            if isinstance(data, list) and data:
                self.pages.append((answer.exchange, data))
            token = optional(answer.body, "metadata", "annotations", "nextPageToken")
            if token is None:
                self.ended = True
                return
            if not data:
                time.sleep(pause)
                pause = min(2 * pause, 1.0)

    def require_disjoint(self, *, distinct: bool) -> None:
        """No page repeats rows of the page before; ``distinct`` when no two rows can be alike by themselves."""
        texts = [[shown(row) for row in data] for _, data in self.pages]
        if any(len(set(data)) < len(data) for data in texts):
            return
        borders = list(zip(texts, texts[1:], self.pages[1:], strict=False))
        repeated = [(len(set(one) & set(other)), page) for one, other, page in borders]
        # Of rows that may be alike by chance, only the same at every border is held against the target.
        if repeated and (distinct or (len(repeated) > 1 and all(count for count, _ in repeated))):
            for count, (exchange, _) in repeated:
                if count:
                    raise Broken(
                        f"a page repeats {count} rows of the page before",
                        expected="rows that come next",
                        got=shown(texts[1]),
                        exchange=exchange,
                    )
        if distinct:
            require_unique((row for data in texts for row in data), "over all pages, the row")

    def require_numbers(self) -> None:
        """When the rows are the numbers of the query, and all have come, none is missing."""
        cells = [cell for _, data in self.pages for row in data for cell in _cells(row)]
        if self.ended and cells and set(cells) <= set(NUMBERS):
            missing = [number for number in NUMBERS if number not in cells]
            require(
                not missing,
                f"the pages lose {len(missing)} rows",
                expected=f"{len(NUMBERS)} rows",
                got=f"none with {', '.join(missing[:5])}",
            )


def _cells(row: Any) -> list[str]:
    values = optional(row, "row")
    return [str(value) for value in values] if isinstance(values, list) else []


@requirement(
    "CMF-STMT-RESULTS",
    "CMF-STMT-RESULTS-TOKEN",
    "CMF-STMT-RESULTS-END",
    "CMF-STMT-RESULT-SCHEMA",
    "CMF-STMT-RESULTS-BAD-TOKEN",
)
@pytest.mark.parametrize("which", ["query", "bounded"])
def test_results(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
    which: str,
) -> None:
    bounded = which == "bounded"
    held = new_statement(environment, compute_pool, sql=BOUNDED if bounded else cmf.features.query)
    name = held.name
    body = until_phase(
        environment, name, "running", "completed", *(("failed",) if bounded else ()), within=cmf.limits.deploy
    )
    if views.phase(body) == "failed":
        for rule in ("RESULTS", "RESULTS-TOKEN", "RESULTS-END", "RESULT-SCHEMA", "RESULTS-BAD-TOKEN"):
            check.nothing_to_judge(f"CMF-STMT-{rule}", "the target does not run a query of literals")
        return
    walk = Walk(cmf, environment, name)
    with check("CMF-STMT-RESULTS", f"the pages of the {which} answer 200"):
        walk.follow(
            MOST_PAGES if bounded else ENOUGH_PAGES, cmf.limits.deploy if bounded else cmf.limits.settle
        )
        require(
            walk.pages or not bounded, "a query that returns rows has none", expected=f"{len(NUMBERS)} rows"
        )
    with check("CMF-STMT-RESULT-SCHEMA", "results are given, whose schema is judged"):
        require(walk.answered, "there was no page", expected="a StatementResult")
    with check("CMF-STMT-RESULTS-TOKEN", f"the pages of the {which} repeat no row and lose none"):
        walk.require_disjoint(distinct=bounded)
        if bounded:
            walk.require_numbers()
    if bounded and not walk.gone:
        with check("CMF-STMT-RESULTS-END", "the last page has no token"):
            require(
                walk.ended,
                "the pages of a bounded query never end",
                expected="a page without nextPageToken",
                got=f"{len(walk.pages)} pages with rows",
            )
    else:
        check.nothing_to_judge("CMF-STMT-RESULTS-END", "the query may have no end, or its results are gone")
    for token in ("nonsense", "0", "-1", "é日本", "x" * 3000, "AAAA", "\0"):
        with check("CMF-STMT-RESULTS-BAD-TOKEN", f"the token {token[:20]!r} is refused"):
            answer = cmf.results(environment, name, token)
            require(
                400 <= answer.status < 500,
                "it was not refused",
                expected="400 or another 4xx",
                got=str(answer.status),
            )
    with check("CMF-STMT-RESULTS", "the results of a query that is stopped are given or gone"):
        if cmf.statements(environment).put(name, spec(held.body, stopped=True)).status == 200:
            cmf.results(environment, name).expect(200, 400, 410)


@requirement("CMF-STMT-EXCEPTIONS", "CMF-STMT-EXCEPTIONS-LAST")
def test_exceptions_of_a_query_that_fails(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
) -> None:
    pool = new_compute_pool(environment).name
    new_compute_pool(other_environment, pool)
    failing = bodies.statement(cmf.name("stmt"), cmf.features, pool=pool, sql=FAILS)
    namesake = new_statement(other_environment, pool, failing["metadata"]["name"])
    if cmf.statements(environment).post(failing).status != 200:
        for rule in ("EXCEPTIONS", "EXCEPTIONS-LAST"):
            check.nothing_to_judge(f"CMF-STMT-{rule}", "the target refuses SQL that fails, as it may")
        return
    name = failing["metadata"]["name"]
    seen: list[Body] = []
    deadline, ran, pause = time.monotonic() + cmf.limits.deploy, False, 0.02
    with check("CMF-STMT-EXCEPTIONS-LAST", "while a statement fails again and again there are at most ten"):
        while time.monotonic() < deadline:
            phase = views.phase(cmf.statements(environment).get(name).expect(200).body)
            now = _exceptions(cmf, environment, name)
            require(
                len(now) <= LAST, f"there are {len(now)} exceptions", expected="at most 10", got=str(len(now))
            )
            seen += [each for each in now if each not in seen]
            if phase in {"failed", "completed", None}:
                break
            if phase != "pending" and not ran:
                ran, deadline = True, min(deadline, time.monotonic() + cmf.limits.settle)
            time.sleep(pause)
            pause = min(pause * 1.3, 1.0)
    with check(
        "CMF-STMT-EXCEPTIONS", "a namesake in another environment that only reads metadata has none of them"
    ):
        strange = [each for each in _exceptions(cmf, other_environment, namesake.name) if each in seen]
        require(not strange, "it shows the exceptions of another", expected="none", got=shown(strange))


def _exceptions(cmf: Cmf, environment: str, statement: str) -> list[Body]:
    data = optional(cmf.exceptions(environment, statement).expect(200).body, "data")
    return data if isinstance(data, list) else []
