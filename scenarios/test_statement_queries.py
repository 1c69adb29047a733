"""Queries on a cluster: their rows page by page, and their exceptions when they fail."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from conformance import bodies, views
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    Broken,
    eventually,
    optional,
    require,
    require_unique,
    settled,
    shown,
)
from conformance.model import Exchange
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import put_as_read
from conformance.scenario import NO_TOKENS, needs_flink, needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = [needs_sql, needs_flink]

Body = dict[str, Any]
NUMBERS = [str(number) for number in range(73_001, 73_121)]
"""More than usual pages hold, and unlike what made-up rows have."""
BOUNDED = f"SELECT * FROM (VALUES {', '.join(f'({number})' for number in NUMBERS)});"  # noqa: S608 - SQL is what this is about
"""A query that needs no table: as many rows as numbers, and no two alike."""
OTHER = "SELECT * FROM (VALUES (84001), (84002), (84003));"
"""A query of the same kind with none of these rows."""
FAILS = "SELECT CAST('no number' AS INT);"
"""A query that compiles, and can't be evaluated."""
MOST_PAGES = len(NUMBERS) + 10
ENOUGH_PAGES = 8
"""Of a query that may never end."""
SHORT = 0.1
LAST = 10
"""The most exceptions that are given."""


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
        """Follow the tokens, at most so many pages with rows, and so many seconds for each; the media type alternates."""
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
                deadline = time.monotonic() + within
            token = optional(answer.body, "metadata", "annotations", "nextPageToken")
            if token is None:
                self.ended = True
                return
            if not data:
                time.sleep(pause)
                pause = min(2 * pause, 1.0)

    @property
    def evaluated(self) -> bool:
        """Whether a row has a number of the query: otherwise a target may give the same sample to whoever asks."""
        rows = (row for _, data in self.pages for row in data)
        return any({str(value) for value in _scalars(row)}.intersection(NUMBERS) for row in rows)

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
        """When a row has a number of the query, the target evaluates it: then each is in one row, and none is missing."""
        met = Counter(
            number
            for _, data in self.pages
            for row in data
            for number in {str(value) for value in _scalars(row)}.intersection(NUMBERS)
        )
        twice = [number for number, times in met.items() if times > 1]
        require(
            not twice,
            f"the pages give {len(twice)} rows again",
            expected="each once",
            got=f"again {', '.join(twice[:5])}",
        )
        if met and self.ended:
            missing = [number for number in NUMBERS if number not in met]
            require(
                not missing,
                f"the pages lose {len(missing)} rows",
                expected=f"{len(NUMBERS)} rows",
                got=f"none with {', '.join(missing[:5])}",
            )


def _scalars(row: Any) -> Iterator[Any]:
    """Everything in a row, whose shape the contract leaves open."""
    if isinstance(row, dict | list):
        for value in row.values() if isinstance(row, dict) else row:
            yield from _scalars(value)
    else:
        yield int(row) if isinstance(row, float) and row.is_integer() else row


def judge_phase_filter(cmf: Cmf, check: Checks, environment: str, name: str) -> bool:
    """A query that has ended is found by its phase, and by no other.  Whether it has."""
    statements = cmf.statements(environment)
    phase = settled(lambda: views.phase(statements.get(name).body), within=cmf.limits.settle, pause=SHORT)
    if phase not in {"completed", "failed"}:
        check.nothing_to_judge(
            "CMF-STMT-FILTER-PHASE", "the query has not ended, or the target gives no phase"
        )
        return False

    def found() -> None:
        for asked in ("completed", "failed", "running"):
            listed = name in statements.names(query=[("phase", asked)])
            what = f"phase={asked} {'selects' if listed else 'does not select'} it"
            require(listed is (asked == phase), what, expected=f"what is {asked}", got=repr(phase))

    with check("CMF-STMT-FILTER-PHASE", f"a query that has {phase} is found by that phase alone"):
        eventually(found, within=cmf.limits.settle)
    return True


def judge_what_ended(cmf: Cmf, check: Checks, environment: str, name: str) -> None:
    """What is listed and read of a query moves no more once it has ended."""
    if not judge_phase_filter(cmf, check, environment, name):
        check.nothing_to_judge("CMF-STMT-UPDATED-MOVES", "the query has not ended, and may change by itself")
        return

    def updated() -> Any:
        return optional(cmf.statements(environment).get(name).expect(200).body, "metadata", "updateTimestamp")

    def left() -> None:
        was = updated()
        cmf.results(environment, name)  # given, or gone
        now = updated()
        require(was == now, "reading moved updateTimestamp", expected=repr(was), got=repr(now))

    with check(
        "CMF-STMT-UPDATED-MOVES", "reading the results of a query that has ended leaves updateTimestamp"
    ):
        eventually(left, within=cmf.limits.settle)  # its cluster may still be on its way out


@requirement(
    "CMF-STMT-RESULTS",
    "CMF-STMT-RESULTS-TOKEN",
    "CMF-STMT-RESULTS-END",
    "CMF-STMT-RESULT-SCHEMA",
    "CMF-STMT-RESULTS-BAD-TOKEN",
    "CMF-STMT-FILTER-PHASE",
    "CMF-STMT-UPDATED-MOVES",
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
        judge_what_ended(cmf, check, environment, name)
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
        walk.require_disjoint(distinct=bounded and walk.evaluated)
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
    for token in NO_TOKENS:
        with check("CMF-STMT-RESULTS-BAD-TOKEN", f"the token {token[:20]!r} is refused"):
            answer = cmf.results(environment, name, token)
            require(
                400 <= answer.status < 500,
                "it was not refused",
                expected="400 or another 4xx",
                got=str(answer.status),
            )
    judge_what_ended(cmf, check, environment, name)
    with check("CMF-STMT-RESULTS", "the results of a query that is stopped are given or gone"):
        if put_as_read(cmf, environment, held.body, stopped=True).status == 200:
            cmf.results(environment, name).expect(200, 400, 410)


@requirement("CMF-STMT-EXCEPTIONS", "CMF-STMT-EXCEPTIONS-LAST", "CMF-STMT-FILTER-PHASE")
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
        for rule in ("EXCEPTIONS", "EXCEPTIONS-LAST", "FILTER-PHASE"):
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
    judge_phase_filter(cmf, check, environment, name)


def _exceptions(cmf: Cmf, environment: str, statement: str) -> list[Body]:
    data = optional(cmf.exceptions(environment, statement).expect(200).body, "data")
    return data if isinstance(data, list) else []


@requirement("CMF-STMT-RECREATE")
def test_results_of_a_namesake_before(
    cmf: Cmf,
    check: Checks,
    environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
    until_phase: Callable[..., Body],
) -> None:
    statements = cmf.statements(environment)
    name = new_statement(environment, compute_pool, sql=BOUNDED).name

    def first_pages() -> Walk:
        until_phase(environment, name, "running", "completed", "failed", within=cmf.limits.deploy)
        walk = Walk(cmf, environment, name)
        with suppress(Broken):  # that a query has results is another requirement
            walk.follow(2, cmf.limits.settle)
        return walk

    def delete() -> None:
        statements.delete(name).needed(202, 204)
        eventually(lambda: statements.get(name).expect(404), within=cmf.limits.deploy)

    walk = first_pages()
    old = {shown(row) for _, data in walk.pages for row in data}
    delete()
    if walk.evaluated:
        other = bodies.statement(name, cmf.features, pool=compute_pool, sql=OTHER)
        with check("CMF-STMT-RECREATE", "the name of a query that was deleted can be used again"):
            eventually(lambda: statements.post(other).expect(200), within=cmf.limits.settle)
        if statements.get(name).status == 200:
            again = first_pages()
            with check("CMF-STMT-RECREATE", "another query gives no results of the old one"):
                require(not again.evaluated, "rows of the old query are back", expected="none of its numbers")
            delete()
    bare = bodies.statement(name, cmf.features, pool=compute_pool)
    with check("CMF-STMT-RECREATE", "the name of a query that was deleted can be used again"):
        eventually(lambda: statements.post(bare).expect(200), within=cmf.limits.settle)
    statements.get(name).needed(200)
    settled(lambda: views.phase(statements.get(name).body), within=cmf.limits.settle)
    with check("CMF-STMT-RECREATE", "a new statement gives no results of the old one"):
        data = optional(cmf.results(environment, name).expect(200, 400, 410).body, "results", "data")
        back = [text for text in map(shown, data if isinstance(data, list) else []) if text in old]
        require(not back, "rows of the old statement are back", expected="none", got=", ".join(back[:3]))
