"""The list of statements, filtered by compute pool and phase.  Nothing here starts a pod."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.contract.media import YAML
from conformance.expectations import (
    Broken,
    optional,
    require,
    require_equal,
    require_unique,
    settled,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_sql

PHASES = ("pending", "running", "completed", "deleting", "failing", "failed", "stopped")
"""The words of the filter, in the contract's order."""
AT_REST = {None, "completed", "failed", "stopped"}
STATEMENTS = 12
Query = list[tuple[str, str]]


@dataclass
class Filtered:
    """The statements of an environment, and what each filter should select of them."""

    statements: Collection
    pools: tuple[str, ...]
    """Pools with statements; the name of the second begins with that of the first."""
    idle: str
    """A pool without."""
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every statement, read of it alone, in the order of the list."""

    def refresh(self) -> None:
        """Read every statement again."""
        names = self.statements.names()
        self.bodies = {name: self.statements.get(name).expect(200).body for name in names}

    @property
    def phases(self) -> list[str]:
        """The phases that occur."""
        occurring = {views.phase(body) for body in self.bodies.values()}
        return [phase for phase in PHASES if phase in occurring]

    @property
    def queries(self) -> list[Query]:
        """Filters that select something, or are likely to: by pool, by phase, by both."""
        singles: list[Query] = [
            [("compute-pool", self.pools[0])],
            *([("phase", phase)] for phase in self.phases),
        ]
        return [*singles, *pairs(self.pools[:1], self.phases)]

    def expected(self, query: Query) -> list[str]:
        """The names that a filter should select, in the order of the list."""
        return [
            name
            for name, body in self.bodies.items()
            if all(value == self._value(body, key) for key, value in query)
        ]

    def _value(self, body: Any, key: str) -> Any:
        return views.phase(body) if key == "phase" else optional(body, "spec", "computePoolName")

    def observe(self, look: Callable[[], None]) -> None:
        """Make an observation; what contradicts it may have moved since it was read, so it is read again first."""
        for pause in (0.0, 0.5):
            try:
                look()
            except Broken:
                time.sleep(pause)
                self.refresh()
            else:
                return
        look()

    def require_selected(self, query: Query, size: int = 100) -> None:
        """A filter selects what it should, and shows it as it is read alone."""
        items = self.statements.all(size=size, query=query)
        names = require_unique((self.statements.name_of(item) for item in items), f"with {shown(query)},")
        require_equal(sorted(names), sorted(self.expected(query)), f"what {shown(query)} selects, by name,")
        for item in items:
            alone = self.bodies[self.statements.name_of(item)]
            require_equal(
                views.statement(item),
                views.statement(alone),
                f"in the list with {shown(query)}, the statement",
            )
            told, known = views.phase(item), views.phase(alone)
            require(
                None in {told, known} or told == known,
                f"in the list with {shown(query)}, the phase is another",
                expected=repr(known),
                got=repr(told),
            )

    def require_pages(self, query: Query, size: int) -> None:
        """Pages of a filtered list are full but for the last, and hold each once; those behind it are empty."""
        expected = self.expected(query)
        met: list[str] = []
        for page in range(len(expected) // size + 2):
            items = self.statements.list(page=page, size=size, query=query).expect(200).items
            wanted = min(size, len(expected) - len(met))
            what = f"page {page} of size {size} with {shown(query)} holds {len(items)}"
            require(len(items) == wanted, what, expected=str(wanted), got=str(len(items)))
            met += [self.statements.name_of(item) for item in items]
        require_unique(met, f"on pages of {size} with {shown(query)},")
        require_equal(sorted(met), sorted(expected), f"the pages of {size} with {shown(query)}, by name,")

    def require_total(self, query: Query) -> None:
        """metadata.size of a filtered list counts what the filters select, or this page of it."""
        total = len(self.expected(query))
        for page, size in ((0, 2), (0, 100)):
            answer = self.statements.list(page=page, size=size, query=query).expect(200)
            told, legal = optional(answer.body, "metadata", "size"), sorted({total, len(answer.items)})
            what = f"metadata.size of page {page} with {shown(query)} counts something else"
            require(
                told is None or told in legal, what, expected=" or ".join(map(str, legal)), got=repr(told)
            )

    def require_sorted(self, query: Query, sort: str, whole: list[str]) -> None:
        """A filtered and sorted list is the sorted list, filtered."""
        selected = set(self.expected(query))
        names = self.statements.names(sort=sort, size=2, query=query)
        require_equal(
            names,
            [name for name in whole if name in selected],
            f"the order with {shown(query)} and sort={sort}",
        )

    def require_nothing(self, query: Query) -> None:
        """A filter that nothing satisfies selects nothing."""
        answer = self.statements.list(query=query).expect(200, 400, 404)
        if answer.status == 200:
            require(
                not answer.items,
                f"{shown(query)} selects {len(answer.items)} statements",
                expected="none, 400 or 404",
            )


def shown(query: Query) -> str:
    """A query as it stands in a URL."""
    return "&".join(f"{key}={value[:60]}" for key, value in query)


def pairs(pools: Iterable[str], phases: Iterable[str]) -> list[Query]:
    """Every pair of a pool and a phase."""
    return [[("compute-pool", pool), ("phase", phase)] for pool in pools for phase in phases]


@pytest.fixture
def filtered(
    cmf: Cmf, environment: str, new_compute_pool: Callable[..., Held], new_statement: Callable[..., Held]
) -> Filtered:
    """Statements in several pools and phases, in an order that mixes them, once they have come to rest."""
    near = new_compute_pool(environment).name
    pools = (
        near,
        new_compute_pool(environment, lookalikes.longer(near)).name,
        new_compute_pool(environment).name,
    )
    statements = cmf.statements(environment)
    for number in range(STATEMENTS):
        pool = pools[0] if number % 4 < 2 else pools[number % 3]
        if number % 2:
            # Refused or failed, as the target likes: what does not compile.
            sql = "SELEC nothing FRM nowhere;"
            statements.post(bodies.statement(cmf.name("stmt"), cmf.features, pool=pool, sql=sql))
        else:
            new_statement(environment, pool)
    statements.post(bodies.statement(cmf.name("stmt"), cmf.features, pool=pools[0], stopped=True))
    known = Filtered(statements, pools, new_compute_pool(environment).name)

    def moving() -> list[str]:
        return [
            name
            for item in statements.all()
            if views.phase(item) not in AT_REST and (name := statements.name_of(item))
        ]

    settled(lambda: moving() and object(), within=cmf.limits.settle, pause=0.1)
    known.refresh()
    return known


@requirement("CMF-STMT-FILTER-POOL", "CMF-STMT-FILTER-PHASE", "CMF-STMT-FILTER-BOTH")
def test_filters(
    cmf: Cmf,
    check: Checks,
    filtered: Filtered,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
) -> None:
    near = filtered.pools[0]
    new_compute_pool(other_environment, near)
    there = new_statement(other_environment, near)
    singles: list[Query] = [[("compute-pool", pool)] for pool in (*filtered.pools, filtered.idle)]
    phases = PHASES if filtered.phases else ()
    singles += [[("phase", phase)] for phase in phases]
    both = [*pairs((*filtered.pools, filtered.idle), filtered.phases), *pairs((near,), phases[1:2])]
    for query in singles:
        rule = "CMF-STMT-FILTER-PHASE" if query[0][0] == "phase" else "CMF-STMT-FILTER-POOL"
        with check(rule, shown(query)):
            filtered.observe(lambda: filtered.require_selected(query))
    for query in both:
        for order in (query, query[::-1]):
            with check("CMF-STMT-FILTER-BOTH", shown(order)):
                filtered.observe(lambda: filtered.require_selected(order))
    with check("CMF-STMT-FILTER-POOL", "a part of a name, and a name in other letters, select nothing"):
        for other in (near[:-1], near[1:], near.upper()):
            filtered.require_nothing([("compute-pool", other)])
    with check(
        "CMF-STMT-FILTER-POOL", "a namesake of the pool in another environment has its own statements"
    ):
        query = [("compute-pool", near)]
        require_equal(cmf.statements(other_environment).names(query=query), [there.name], "there, the list")
        require(
            there.name not in filtered.statements.names(query=query),
            "it is listed here",
            expected="not listed",
        )
    for query in filtered.queries:
        rule = "CMF-STMT-FILTER-BOTH" if len(query) > 1 else "CMF-STMT-FILTER-POOL"
        with check("CMF-STMT-FILTER-PHASE" if query[0][0] == "phase" else rule, f"{shown(query)}, as YAML"):
            items = filtered.statements.all(size=20, query=query, accept=YAML)
            names = [filtered.statements.name_of(item) for item in items]
            require_equal(sorted(names), sorted(filtered.expected(query)), "the names in the list")
    if not phases:
        for rule in ("FILTER-PHASE", "FILTER-BOTH"):
            check.nothing_to_judge(f"CMF-STMT-{rule}", "the target gives no status, as the schema allows")


@requirement("CMF-STMT-FILTER-PAGE", "CMF-STMT-FILTER-UNKNOWN")
def test_pages_of_filtered_lists(cmf: Cmf, check: Checks, filtered: Filtered) -> None:
    sorts = {
        sort: filtered.statements.names(sort=sort)
        for sort in ("name,asc", "metadata.name,desc")
        if filtered.statements.list(sort=sort).status == 200
    }
    for query in filtered.queries:
        for size in (1, 3) if len(query) > 1 else (2, 4):
            with check("CMF-STMT-FILTER-PAGE", f"pages of {size} with {shown(query)}"):
                filtered.observe(lambda: filtered.require_pages(query, size))
        with check("CMF-STMT-FILTER-PAGE", f"metadata.size with {shown(query)}"):
            filtered.observe(lambda: filtered.require_total(query))
        for sort, whole in sorts.items():
            with check("CMF-STMT-FILTER-PAGE", f"sort={sort} with {shown(query)}"):
                filtered.observe(lambda: filtered.require_sorted(query, sort, whole))
    _look_for_nothing(cmf, check, filtered)


def _look_for_nothing(cmf: Cmf, check: Checks, filtered: Filtered) -> None:
    never = cmf.name("never")
    for query in (
        [("phase", "sleeping")],
        [("phase", "complete")],
        [("phase", "completed,failed")],
        [("phase", "complete%")],
        [("compute-pool", never)],
        *([("compute-pool", pattern)] for pattern in lookalikes.matched(filtered.pools[0]).values()),
        [("compute-pool", filtered.pools[0]), ("phase", "sleeping")],
        [("compute-pool", never), ("phase", "completed")],
    ):
        with check("CMF-STMT-FILTER-UNKNOWN", shown(query)):
            filtered.require_nothing(query)
    for text in ("", "\0", "é日本", "'; drop table", "%", "x" * 2000):
        for key in ("phase", "compute-pool"):
            with check("CMF-STMT-FILTER-UNKNOWN", f"{key}={text[:20]!r} does no harm"):
                filtered.statements.list(query=[(key, text)]).expect(200, 400, 404, 414, 422)
    with check("CMF-STMT-FILTER-UNKNOWN", "afterwards the list without filters is whole"):
        require_equal(
            len(filtered.statements.names(size=4)), len(filtered.bodies), "the number of statements"
        )
