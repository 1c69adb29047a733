"""Which parts of a report a rendering shows, and in which order: pure views of the value, no judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.curl import curl_line
from conformance.model import (
    CheckResult,
    Erratum,
    Exchange,
    GeneratedCoverage,
    Keyword,
    Pair,
    Part,
    RequirementResult,
    RunReport,
    Verdict,
)
from conformance.report.wording import WORST_FIRST

QUIET = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE})
"""Outcomes that need no explaining."""

EXCHANGES_SHOWN = 3
"""How many exchanges of one check a rendering shows at most; the others stay in the evidence file."""


@dataclass(frozen=True, slots=True)
class AreaCount:
    """How the requirements of one area fared."""

    area: str
    counts: Mapping[Verdict, int]
    total: int


def areas(report: RunReport) -> tuple[AreaCount, ...]:
    """The areas in the order in which the report first names them."""
    seen: dict[str, Counter[Verdict]] = {}
    for result in report.requirements:
        seen.setdefault(result.requirement.area, Counter())[result.verdict] += 1
    return tuple(AreaCount(area, count, count.total()) for area, count in seen.items())


def having(report: RunReport, verdict: Verdict) -> tuple[RequirementResult, ...]:
    """The requirements with this verdict."""
    return tuple(result for result in report.requirements if result.verdict is verdict)


def telling(result: RequirementResult) -> tuple[CheckResult, ...]:
    """The checks that explain a verdict: those with its outcome first, then the others that are not quiet."""
    rank = {verdict: place for place, verdict in enumerate(WORST_FIRST)}
    loud = [check for check in result.checks if check.outcome not in QUIET]
    return tuple(sorted(loud, key=lambda check: (check.outcome is not result.verdict, rank[check.outcome])))


def decisive(check: CheckResult, exchanges: Mapping[str, Exchange]) -> Exchange | None:
    """The exchange that a reader should see first: the one the curl line repeats, else the last one."""
    found = [exchanges[name] for name in dict.fromkeys(check.evidence) if name in exchanges]
    alike = [each for each in found if check.curl and curl_line(each) == check.curl]
    alike = alike or [each for each in found if each.request.url and each.request.url in check.curl] or found
    if not alike:
        return None
    # Like observations are told by the first of them; a scenario ends with the exchange that decided it.
    return alike[0] if check.count > 1 else alike[-1]


def shown(check: CheckResult, exchanges: Mapping[str, Exchange]) -> tuple[Exchange, ...]:
    """The exchanges of a check that a rendering shows, the last ones and the decisive one, in their order."""
    names = list(dict.fromkeys(name for name in check.evidence[-50:] if name in exchanges))
    main = decisive(check, exchanges)
    kept = set(names[-EXCHANGES_SHOWN:])
    if main is not None and main.id not in kept:
        kept = {*names[len(names) - EXCHANGES_SHOWN + 1 :], main.id}
    order = [name for name in dict.fromkeys(check.evidence) if name in kept and name in exchanges]
    return tuple(exchanges[name] for name in order)


def errata_at_work(report: RunReport) -> tuple[tuple[Erratum, tuple[RequirementResult, ...]], ...]:
    """The errata that requirements of this report were judged under, each with those requirements."""
    found = (
        (erratum, tuple(result for result in report.requirements if erratum.id in result.errata))
        for erratum in report.errata
    )
    return tuple((erratum, results) for erratum, results in found if results)


@dataclass(frozen=True, slots=True)
class Depth:
    """What the property tests did on one operation, in the numbers of one row."""

    generated: GeneratedCoverage
    parameters: int
    """Declared parameters."""
    parameters_valid: int
    parameters_invalid: int
    properties: int
    """Declared properties of the body, the body itself included."""
    properties_valid: int
    properties_invalid: int

    @property
    def unreached(self) -> tuple[Part, ...]:
        """The parts with no valid or no invalid value."""
        return tuple(part for part in self.generated.parts if part.why)


def depths(report: RunReport) -> tuple[Depth, ...]:
    """One row for each operation that the property tests were about."""
    return tuple(_depth(each) for each in report.coverage.generated)


def _depth(generated: GeneratedCoverage) -> Depth:
    parameters = [part for part in generated.parts if part.place.startswith(("path ", "query "))]
    properties = [part for part in generated.parts if part not in parameters]
    return Depth(
        generated,
        len(parameters),
        sum(part.valid > 0 for part in parameters),
        sum(part.invalid > 0 for part in parameters),
        len(properties),
        sum(part.valid > 0 for part in properties),
        sum(part.invalid > 0 for part in properties),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One square of a heat map: what it says in words, and how much there is, from 0 (nothing) to 4."""

    text: str
    title: str
    heat: int
    state: str = ""
    """``unseen``, ``undocumented``, ``half`` or empty."""


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Operations by something else."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    """The operation, and one square for each column; None where the contract has nothing of that kind."""


def statuses(report: RunReport) -> HeatMap:
    """Operations by the statuses that they answered with, or are documented to."""
    squares: dict[tuple[str, int], Cell] = {}
    for pair in report.coverage.pairs:
        if pair.count:
            state = "" if pair.documented else "undocumented"
            title = f"{pair.operation} answered {pair.status} {pair.count:,} times"
            title += "" if pair.documented else ", which is not documented"
            squares[pair.operation, pair.status] = Cell(f"{pair.count:,}", title, heat(pair.count), state)
    for unseen in report.coverage.unseen:
        title = f"{unseen.operation} never answered {unseen.status}: {unseen.why}"
        squares.setdefault((unseen.operation, unseen.status), Cell("never", title, 0, "unseen"))
    columns = sorted({status for _, status in squares})
    names = sorted({operation for operation, _ in squares})
    rows = ((name, tuple(squares.get((name, status)) for status in columns)) for name in names)
    return HeatMap(tuple(map(str, columns)), tuple(rows))


def keywords(report: RunReport) -> HeatMap:
    """Operations by the keywords of their request's schemas: how many valid and how many invalid requests."""
    generated = [each for each in report.coverage.generated if each.keywords]
    columns = tuple(dict.fromkeys(word.name for each in generated for word in each.keywords))
    rows = []
    for each in generated:
        known = {word.name: word for word in each.keywords}
        squares = (_tested(each.operation, known[name]) if name in known else None for name in columns)
        rows.append((each.operation, tuple(squares)))
    return HeatMap(columns, tuple(rows))


def _tested(operation: str, word: Keyword) -> Cell:
    states = {(False, False): "unseen", (True, False): "half", (False, True): "half"}
    state = states.get((word.valid > 0, word.invalid > 0), "")
    title = (
        f"{operation}, {word.name}: {word.valid:,} valid requests are bound by it, {word.invalid:,} break it"
    )
    shade = heat(min(word.valid, word.invalid)) if not state else int(state == "half")
    return Cell(f"{word.valid:,} / {word.invalid:,}", title, shade, state)


def heat(count: int) -> int:
    """How much a number is, from 0 to 4, each ten times the one before."""
    return min(len(str(count)), 4) if count else 0


def pairs_by_operation(report: RunReport) -> tuple[tuple[str, tuple[Pair, ...]], ...]:
    """Every operation that the coverage names, with its statuses in ascending order."""
    grouped: dict[str, list[Pair]] = {name: [] for name in report.coverage.operations}
    for pair in report.coverage.pairs:
        grouped.setdefault(pair.operation, []).append(pair)
    return tuple(
        (name, tuple(sorted(grouped[name], key=lambda pair: pair.status))) for name in sorted(grouped)
    )
