"""The pages of the site as HTML: pure functions of the entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader
from markupsafe import Markup

from conformance import __version__
from conformance.certification import bundle
from conformance.certification.finding import ASPECTS
from conformance.model import Requirement, RequirementResult, RunVerdict, Verdict
from conformance.registry import Catalogue
from conformance.report.harmless import environment
from conformance.report.selection import AreaCount, areas
from conformance.report.wording import LABEL, MEANING, WORST_FIRST, plural
from conformance.site import badge
from conformance.site.entries import Entry, State

DETAILED = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.NOT_TESTED, Verdict.ERROR, Verdict.WAIVED})
"""The verdicts that a report explains under the id of the requirement, so that a link can lead there."""
STATE = {
    State.CONFORMANT: "conformant",
    State.OTHER_VERSION: "not verified here",
    State.NOT_VALID: "not valid",
}
MEANS = {
    State.CONFORMANT: "Its bundle is signed and whole, and agrees with its own evidence.",
    State.OTHER_VERSION: "Its bundle is signed and whole, but was made by another version of the harness, which must verify it.",
    State.NOT_VALID: "Its bundle does not show what it says. It is no proof of conformance.",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages are about."""

    entries: tuple[Entry, ...]
    known: Catalogue
    trusted: int | None
    """How many public keys count; None when the key in each bundle does."""


def index(site: Site) -> str:
    """The first page: who was certified for what."""
    profiles = list(site.known.profiles)
    rows = [
        (entry, [(name, entry.standing(site.known, name)) for name in profiles]) for entry in site.entries
    ]
    counts = {state: sum(entry.state is state for entry in site.entries) for state in State}
    return _page("index.html.j2", site, root="", rows=rows, profiles=profiles, counts=counts)


def matrix(site: Site, contract: str) -> str:
    """The page of one contract: how each certified implementation fares in each area and requirement."""
    entries = [entry for entry in site.entries if entry.contract == contract]
    shown = [(entry, _results(entry)) for entry in entries if entry.state is State.CONFORMANT]
    by_area = [
        (area, [each for each in site.known.requirements.values() if each.area == area])
        for area in site.known.areas
    ]
    return _page(
        "matrix.html.j2",
        site,
        root="",
        contract=contract,
        shown=shown,
        left_out=[entry for entry in entries if entry.state is not State.CONFORMANT],
        by_area=_asked(by_area, shown),
        areas=[{row.area: row for row in _areas(entry)} for entry, _ in shown],
    )


def detail(site: Site, entry: Entry) -> str:
    """The page of one bundle: what was looked at, what is wrong with it, and where its files are."""
    report = entry.report
    aspects = [
        (name, ASPECTS[name], [flaw.message for flaw in entry.flaws if flaw.aspect == name])
        for name in ASPECTS
        if name in entry.looked_at or any(flaw.aspect == name for flaw in entry.flaws)
    ]
    return _page(
        "entry.html.j2",
        site,
        root="../../",
        entry=entry,
        report=report,
        aspects=aspects,
        unseen=len(ASPECTS) - len(aspects),
        standings=[(name, entry.standing(site.known, name)) for name in site.known.profiles],
        areas=_areas(entry),
        files=(*bundle.SIGNED, bundle.ATTESTATION),
        badge=badge.words(entry),
    )


def _results(entry: Entry) -> dict[str, RequirementResult]:
    return {each.requirement.id: each for each in entry.report.requirements} if entry.report else {}


def _areas(entry: Entry) -> tuple[AreaCount, ...]:
    return areas(entry.report) if entry.report else ()


def _asked(
    by_area: Sequence[tuple[str, list[Requirement]]],
    shown: Sequence[tuple[Entry, dict[str, RequirementResult]]],
) -> list[tuple[str, list[Requirement]]]:
    """The areas with those requirements that at least one implementation was held to."""
    asked = {name for _, results in shown for name in results}
    kept = [(area, [each for each in rules if each.id in asked]) for area, rules in by_area]
    return [(area, rules) for area, rules in kept if rules]


def _page(name: str, site: Site, **values: Any) -> str:
    return f"{_environment().get_template(name).render(site=site, **values)}\n"


@cache
def _environment() -> Environment:
    made = environment(FunctionLoader(_asset))
    style = files("conformance.report").joinpath("style.css").read_text(encoding="utf-8")
    made.globals |= {
        "State": State,
        "RunVerdict": RunVerdict,
        "DETAILED": DETAILED,
        "STATE": STATE,
        "MEANS": MEANS,
        "LABEL": LABEL,
        "MEANING": MEANING,
        "WORST_FIRST": WORST_FIRST,
        "plural": plural,
        "words": badge.words,
        "version": __version__,
        "style": Markup(style + _asset("site.css")),  # noqa: S704 - files of this package
    }
    return made


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
