"""Violations by the list of statements filtered by compute pool and phase."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.replacing import around, with_query
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call

fault = Registry()


def _selecting(server: Server, keep: Any) -> None:
    """Filter by ``keep(statement, pool, phase)``, each None when it is not asked for."""

    def listing(_original: Handler, call: Call) -> Answer:
        pool, phase = call.request.parameter("compute-pool"), call.request.parameter("phase")
        statements = server.statements.environment(call).statements.values()
        found = [one for one in statements if keep(one, pool, None if phase is None else phase.upper())]
        return server.statements.listed(call, found, server.statements.properties, server.statements.view)

    around(server, [STATEMENT.page], listing)


@fault(
    "stmt-filter-pool-by-beginning",
    "Filters by the beginning of the compute pool's name.",
    "CMF-STMT-FILTER-POOL",
    "CMF-STMT-FILTER-BOTH",
    "CMF-STMT-FILTER-PAGE",
    reason=r"compute-pool=.*: what compute-pool=.* selects, by name,/.* is not as expected",
)
def _(server: Server) -> None:
    _selecting(
        server,
        lambda one, pool, phase: (
            (pool is None or one.spec["computePoolName"].startswith(pool))
            and phase in (None, server.statements.phase(one).name)
        ),
    )


@fault(
    "stmt-filter-pool-it-came-from",
    "Takes another compute pool in an update, and goes on to find the statement by the old one.",
    "CMF-STMT-FILTER-POOL",
    reason=r"moved to another compute pool by an update, it is found by that one alone: compute-pool=.* does not select it",
)
def _(server: Server) -> None:
    found: dict[Any, str] = {}

    def update(original: Handler, call: Call) -> Answer:
        body, one = tools.sent(server, call), STATEMENT.held(server, call).get(call.path["stmtName"])
        spec, pools = body.get("spec"), tools.POOL.held(server, call)
        if one is None or not isinstance(spec, dict) or spec.get("computePoolName") not in pools:
            return original(call)
        old = found.setdefault(one, one.spec["computePoolName"])
        spec = {**spec, "computePoolName": one.spec["computePoolName"]}
        answer, moved = (
            original(tools.with_body(call, {**body, "spec": spec})),
            body["spec"]["computePoolName"],
        )
        found[one], one.spec = old, {**one.spec, "computePoolName": moved}
        return answer

    around(server, [STATEMENT.update], update)
    _selecting(
        server,
        lambda one, pool, phase: (
            pool in (None, found.get(one, one.spec["computePoolName"]))
            and phase in (None, server.statements.phase(one).name)
        ),
    )


@fault(
    "stmt-filter-phase-of-start",
    "Filters by a phase that a statement once was in when it was stopped.",
    "CMF-STMT-FILTER-PHASE",
    "CMF-STMT-FILTER-BOTH",
    reason=r"the filtered lists have what is stopped: phase=running selects it \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        now = server.statements.phase(one).name
        resumed = now == "RUNNING" and phase == "STOPPED" and any(each.name == "STOPPED" for each in one.plan)
        stopped = now == "STOPPED" and len(one.plan) > 1 and phase == "RUNNING"
        return (pool is None or one.spec["computePoolName"] == pool) and (
            phase in (None, now) or resumed or stopped
        )

    _selecting(server, keep)


@fault(
    "stmt-filter-both-only-phase",
    "Forgets the filter by pool when the phase is completed, too.",
    "CMF-STMT-FILTER-BOTH",
    "CMF-STMT-FILTER-PAGE",
    "CMF-STMT-FILTER-UNKNOWN",
    reason=r"compute-pool=.*&phase=completed: what compute-pool=.*&phase=completed selects, by name,/.* is not as",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        wanted = pool in (None, one.spec["computePoolName"]) or phase == "COMPLETED"
        return wanted and phase in (None, server.statements.phase(one).name)

    _selecting(server, keep)


@fault(
    "stmt-filter-after-paging",
    "Filters what is on a page, so that pages are not full.",
    "CMF-STMT-FILTER-PAGE",
    reason=r"pages of .* with compute-pool=.*: page .* of size .* with compute-pool=.* holds .*",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        filters = ("compute-pool", "phase")
        bare = with_query(call, lambda name, value: [] if name in filters else [(name, value)])
        if bare.request.query == call.request.query or call.request.parameter("sort"):
            return original(call)
        everything = original(with_query(call, lambda n, v: [] if n in ("page", "size") else [(n, v)]))
        chosen = {item["metadata"]["name"] for item in everything.value["items"]}
        page = original(bare)
        items = [item for item in page.value["items"] if item["metadata"]["name"] in chosen]
        return Answer(200, {**page.value, "items": items, "metadata": {"size": len(items)}})

    around(server, [STATEMENT.page], listing)


@fault(
    "stmt-filter-unknown-phase-ignored",
    "Ignores a filter by a phase that there is not.",
    "CMF-STMT-FILTER-UNKNOWN",
    reason=r"phase=sleeping: phase=sleeping selects .* statements",
)
def _(server: Server) -> None:
    known = {"PENDING", "RUNNING", "COMPLETED", "DELETING", "FAILING", "FAILED", "STOPPED"}
    _selecting(
        server,
        lambda one, pool, phase: (
            pool in (None, one.spec["computePoolName"])
            and (phase not in known or phase == server.statements.phase(one).name)
        ),
    )


def _like(pattern: str, text: str) -> bool:
    """Whether a text is LIKE the pattern, as SQL has it."""
    return re.fullmatch(re.escape(pattern).replace("_", ".").replace("%", ".*"), text) is not None


@fault(
    "stmt-filter-pool-like",
    "Takes the compute pool of a filter as a pattern of LIKE.",
    "CMF-STMT-FILTER-UNKNOWN",
    reason=r"compute-pool=.*[_%][^-]*: compute-pool=.* selects .* statements",
)
def _(server: Server) -> None:
    _selecting(
        server,
        lambda one, pool, phase: (
            (pool is None or _like(pool, one.spec["computePoolName"]))
            and phase in (None, server.statements.phase(one).name)
        ),
    )


@fault(
    "stmt-filter-pool-regular-expression",
    "Takes the compute pool of a filter as a regular expression.",
    "CMF-STMT-FILTER-UNKNOWN",
    reason=r"compute-pool=.*[.][^-]*: compute-pool=.* selects .* statements",
)
def _(server: Server) -> None:
    def matches(pattern: str, text: str) -> bool:
        try:
            return re.fullmatch(pattern, text) is not None
        except re.error:
            return False

    _selecting(
        server,
        lambda one, pool, phase: (
            (pool is None or matches(pool, one.spec["computePoolName"]))
            and phase in (None, server.statements.phase(one).name)
        ),
    )


@fault(
    "stmt-filter-phase-like",
    "Takes the phase of a filter as a pattern of LIKE.",
    "CMF-STMT-FILTER-UNKNOWN",
    reason=r"phase=complete%: phase=complete% selects .* statements",
)
def _(server: Server) -> None:
    _selecting(
        server,
        lambda one, pool, phase: (
            pool in (None, one.spec["computePoolName"])
            and (phase is None or _like(phase, server.statements.phase(one).name))
        ),
    )


@fault(
    "stmt-filter-pool-loses-stopped",
    "Does not find a statement by its compute pool once it was stopped.",
    "CMF-STMT-FILTER-POOL",
    "CMF-STMT-FILTER-BOTH",
    "CMF-STMT-FILTER-PAGE",
    reason=r"the filtered lists have what is stopped: compute-pool=.* does not select it",
)
def _(server: Server) -> None:
    _selecting(
        server,
        lambda one, pool, phase: (
            (pool is None or (one.spec["computePoolName"] == pool and not one.spec.get("stopped")))
            and phase in (None, server.statements.phase(one).name)
        ),
    )


@fault(
    "stmt-filter-completed-without-queries",
    "Does not find a query by the phase completed.",
    "CMF-STMT-FILTER-PHASE",
    reason=r"a query that has completed is found by that phase alone: phase=completed does not select it",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        now = server.statements.phase(one).name
        lost = phase == now == "COMPLETED" and one.query.streams
        return pool in (None, one.spec["computePoolName"]) and phase in (None, now) and not lost

    _selecting(server, keep)


@fault(
    "stmt-filter-failed-did-not-compile",
    "Finds by the phase failed only what does not compile.",
    "CMF-STMT-FILTER-PHASE",
    reason=r"a query that has failed is found by that phase alone: phase=failed does not select it",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        now = server.statements.phase(one).name
        lost = phase == now == "FAILED" and not one.query.problem
        return pool in (None, one.spec["computePoolName"]) and phase in (None, now) and not lost

    _selecting(server, keep)


@fault(
    "stmt-filter-stopped-insert-created-so",
    "Does not find an INSERT that was created as stopped by that phase.",
    "CMF-STMT-FILTER-PHASE",
    reason=r"phase=stopped selects a statement that was created as stopped: it is not selected",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        now = server.statements.phase(one).name
        lost = phase == now == "STOPPED" and len(one.plan) == 1 and not one.query.immediate
        return pool in (None, one.spec["computePoolName"]) and phase in (None, now) and not lost

    _selecting(server, keep)


@fault(
    "stmt-filter-stopped-created-so",
    "Does not find any statement that was created as stopped by that phase.",
    "CMF-STMT-FILTER-PHASE",
    "CMF-STMT-FILTER-PAGE",
    reason=r"phase=stopped: what phase=stopped selects, by name,.* is not as expected",
)
def _(server: Server) -> None:
    def keep(one: Any, pool: str | None, phase: str | None) -> bool:
        now = server.statements.phase(one).name
        lost = phase == now == "STOPPED" and pool is None and len(one.plan) == 1
        return pool in (None, one.spec["computePoolName"]) and phase in (None, now) and not lost

    _selecting(server, keep)
