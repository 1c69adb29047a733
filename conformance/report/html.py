"""One self-contained HTML file that a stranger can read without this harness, a network or a script.

All that the page prints passes through ``clean`` and then through Jinja's escaping, whether the template asks
for it or not; the policy in its head forbids every resource, and every script but the page's own filter.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from conformance.model import CheckResult, Exchange, RequirementResult, RunReport, Verdict
from conformance.report.clean import short
from conformance.report.document import SCHEMA_VERSION
from conformance.report.harmless import environment
from conformance.report.selection import (
    areas,
    decisive,
    depths,
    errata_at_work,
    having,
    keywords,
    pairs_by_operation,
    shown,
    statuses,
    telling,
)
from conformance.report.transcript import Transcript, status_line, transcript
from conformance.report.wording import (
    LABEL,
    MEANING,
    TITLE,
    WORST_FIRST,
    headline,
    place,
    plural,
    private_sentence,
    replay_command,
    verdict_sentence,
)

CHECKS_SHOWN = 12
"""How many checks of one requirement are shown in full."""

_TRANSCRIPTS_BUDGET = 8_000_000
"""Characters of exchanges in one page; beyond it only their summaries are shown."""

_EXPLAINED = (Verdict.FAIL, Verdict.WARN, Verdict.NOT_TESTED, Verdict.ERROR, Verdict.WAIVED)
"""The verdicts that get a section of their own, in this order."""


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One exchange below a check; ``full`` is None when the page has no room left for it."""

    id: str
    summary: str
    full: Transcript | None
    is_decisive: bool


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check with the exchanges that are shown of it."""

    check: CheckResult
    exchanges: tuple[ExchangeView, ...]
    unshown: int


@dataclass(frozen=True, slots=True)
class ResultView:
    """One requirement that needs explaining."""

    result: RequirementResult
    checks: tuple[CheckView, ...]
    unshown: int


def render_html(report: RunReport, exchanges: Mapping[str, Exchange]) -> str:
    """The report as one HTML document; the same report and evidence give the same text."""
    budget = _Budget(_TRANSCRIPTS_BUDGET)
    sections = tuple((verdict, _views(having(report, verdict), exchanges, budget)) for verdict in _EXPLAINED)
    script = _asset("filter.js")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    text = _template().render(
        report=report,
        contract=str(report.harness.get("contract") or "CMF 2.0"),
        headline=headline(report),
        meaning=verdict_sentence(report),
        sections=[(verdict, views) for verdict, views in sections if views],
        areas=areas(report),
        by_area=[
            (row.area, [result for result in report.requirements if result.requirement.area == row.area])
            for row in areas(report)
        ],
        errata=errata_at_work(report),
        coverage=pairs_by_operation(report),
        depths=depths(report),
        private=_views(report.private, exchanges, budget),
        private_sentence=private_sentence(report) if report.private else "",
        statuses=statuses(report),
        keywords=keywords(report),
        explained={result.result.requirement.id for _, views in sections for result in views},
        style=Markup(_asset("style.css")),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        schema_version=SCHEMA_VERSION,
        script_hash=f"sha256-{digest}",
    )
    return f"{text}\n"


class _Budget:
    """How many characters of exchanges the page may still take."""

    def __init__(self, left: int) -> None:
        self._left = left

    def view(self, exchange: Exchange, *, is_decisive: bool) -> ExchangeView:
        full = transcript(exchange)
        size = len(full.request) + len(full.response)
        if size > self._left:
            return ExchangeView(exchange.id, full.summary, None, is_decisive)
        self._left -= size
        return ExchangeView(exchange.id, full.summary, full, is_decisive)


def _views(
    results: tuple[RequirementResult, ...], exchanges: Mapping[str, Exchange], budget: _Budget
) -> tuple[ResultView, ...]:
    views = []
    for result in results:
        checks = telling(result)
        kept = tuple(_check_view(check, exchanges, budget) for check in checks[:CHECKS_SHOWN])
        views.append(ResultView(result, kept, len(checks) - len(kept)))
    return tuple(views)


def _check_view(check: CheckResult, exchanges: Mapping[str, Exchange], budget: _Budget) -> CheckView:
    main = decisive(check, exchanges)
    views = tuple(
        budget.view(exchange, is_decisive=main is not None and exchange.id == main.id)
        for exchange in shown(check, exchanges)
    )
    return CheckView(check, views, len(set(check.evidence)) - len(views))


@cache
def _template() -> Template:
    made = environment()
    made.filters["plain"] = _plain
    made.globals |= {
        "LABEL": LABEL,
        "TITLE": TITLE,
        "MEANING": MEANING,
        "WORST_FIRST": WORST_FIRST,
        "place": place,
        "plural": plural,
        "replay_command": replay_command,
        "status_line": status_line,
    }
    return made.from_string(_asset("template.html.j2"))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _plain(value: Any) -> str:
    """Any JSON value in words: strings as they are, the rest as JSON."""
    if value is None:
        return "none"
    return short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 2_000)
