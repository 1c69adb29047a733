"""The evidence, judged again: what a report may not contradict even when its signature is good.

Recomputed are the operation of every exchange, the coverage, and what the rules that judge every exchange say
of each.  What a scenario concludes from several exchanges is not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from conformance.canary import Canaries
from conformance.certification.finding import Flaw
from conformance.certification.implementation import Implementation
from conformance.certification.record import moment
from conformance.contract.judgement import UNIVERSAL, Judge
from conformance.contract.openapi import Contract
from conformance.evidence_format import from_line
from conformance.model import Coverage, Exchange, Pair, RunReport, Verdict
from conformance.registry import Catalogue
from conformance.runner.selection import FLINK, SQL
from conformance.target.cmf import ROUTES
from conformance.target.redaction import Redaction

_ANSWER, _HIDDEN = "CMF-ERR-ANSWER", "CMF-SECRET-HIDDEN"
_OF_ALL = ("answers of ", "answers to ")
"""How the checks are called that count every exchange."""
_SLACK = timedelta(seconds=1)
_GONE = frozenset({404, 410})
_NAMES = re.compile(r"cmfc-[a-z0-9.-]+")
_STARTS = "startApplication"
_SQL = frozenset().union(
    *(each.operations for kind, each in ROUTES.items() if kind not in {"environments", "applications"})
)
"""Every operation on the kinds of resource that belong to SQL."""
_BROKEN = {Verdict.FAIL, Verdict.WARN}
_MOST_FLAWS = 20
"""Flaws of one kind that are told; a forged bundle may have thousands."""


@dataclass
class _Seen:
    """What the evidence holds."""

    ids: set[str] = field(default_factory=set)
    requests: int = 0
    requests_2xx: int = 0
    authorized: int = 0
    pairs: Counter[tuple[str, int]] = field(default_factory=Counter)
    passes: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: dict[tuple[str, str, Verdict], str] = field(default_factory=dict)
    """The first exchange that shows each, with what is wrong."""
    gone: dict[str, bool] = field(default_factory=dict)
    """Whether there was nothing at a path when it was last seen."""
    feature_2xx: Counter[str] = field(default_factory=Counter)
    """How often a request that needs a feature was answered with success."""
    flaws: list[Flaw] = field(default_factory=list)

    def add(self, aspect: str, message: str) -> None:
        if sum(flaw.aspect == aspect for flaw in self.flaws) < _MOST_FLAWS:
            self.flaws.append(Flaw(aspect, message))


def flaws(
    report: RunReport, implementation: Implementation, evidence: Path, known: Catalogue, contract: Contract
) -> Iterator[Flaw]:
    """Everything in which a report and its evidence disagree.

    Raises ``ValueError`` when the evidence holds a line that is no exchange.
    """
    seen = _seen(report, evidence, known, contract)
    yield from seen.flaws
    yield from _references(report, seen)
    yield from _coverage(report, seen, contract)
    yield from _numbers(seen)
    yield from _features(report, implementation, seen)
    yield from _left_behind(report, seen)
    yield from _verdicts(report, seen)


def _exchanges(evidence: Path) -> Iterator[Exchange]:
    with evidence.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_line(line.decode("ascii"))
            except ValueError as problem:
                raise ValueError(f"line {number} of the evidence is no exchange") from problem


def _seen(report: RunReport, evidence: Path, known: Catalogue, contract: Contract) -> _Seen:
    seen = _Seen()
    judge = Judge(contract, known, strict=bool(report.run.get("strict")))
    canaries = Canaries(Redaction(), report.run["id"])
    target = report.target["url"].rstrip("/")
    started, finished = moment(report.run["started"]), moment(report.run["finished"])
    for exchange in _exchanges(evidence):
        if exchange.id in seen.ids:
            seen.add("references", f"{exchange.id} is in the evidence twice")
        seen.ids.add(exchange.id)
        seen.requests += 1
        seen.authorized += any(name.lower() == "authorization" for name, _ in exchange.request.headers)
        _operation(exchange, target, contract, seen)
        at = moment(exchange.started)
        if at is None or started is None or finished is None:
            seen.add("times", f"{exchange.id} has no time that can be compared")
        elif not started - _SLACK <= at <= finished + _SLACK or not exchange.elapsed_ms >= 0:
            seen.add("times", f"{exchange.id} was not sent during the run")
        elif exchange.elapsed_ms > (finished + _SLACK - at) / timedelta(milliseconds=1):
            seen.add("times", f"{exchange.id} was answered after the run had ended")
        _existence(exchange, target, seen)
        _judge(exchange, judge, canaries, seen)
    return seen


def _operation(exchange: Exchange, target: str, contract: Contract, seen: _Seen) -> None:
    url = exchange.request.url
    path = url.removeprefix(target).partition("?")[0]
    if not url.startswith(f"{target}/"):
        seen.add("coverage", f"{exchange.id} was sent to another server than the target")
        return
    operation = contract.identify(exchange.request.method, path)
    if (operation.id if operation else None) != exchange.operation:
        seen.add(
            "replay",
            f"{exchange.id} is said to be of {exchange.operation}, its request is of another operation",
        )


def _existence(exchange: Exchange, target: str, seen: _Seen) -> None:
    """Note what an exchange tells of the existence of what it speaks of."""
    request, response = exchange.request, exchange.response
    if response is None:
        return
    path = request.url.removeprefix(target).partition("?")[0]
    succeeded = response.status // 100 == 2  # noqa: PLR2004 - the class of success
    if request.method == "GET" and (succeeded or response.status in _GONE):
        seen.gone[path] = not succeeded
    if request.method in {"POST", "PUT"} and succeeded:
        for name in set(_NAMES.findall(request.body.decode("utf-8", "replace"))):
            seen.gone[f"{path}/{name}"] = False
        seen.gone[path] = False
        if exchange.operation == _STARTS:
            seen.feature_2xx[FLINK] += 1
        if exchange.operation in _SQL:
            seen.feature_2xx[SQL] += 1


def _judge(exchange: Exchange, judge: Judge, canaries: Canaries, seen: _Seen) -> None:
    response = exchange.response
    if response is None:
        return
    if exchange.operation:
        seen.pairs[exchange.operation, response.status] += 1
    seen.requests_2xx += response.status // 100 == 2  # noqa: PLR2004 - the class of success
    seen.passes[_ANSWER, f"answers to {exchange.request.method}"] += 1
    for finding in judge.judge(exchange):
        if finding.outcome is Verdict.PASS and not finding.message:
            seen.passes[finding.requirement, finding.name] += 1
        elif finding.outcome in _BROKEN:
            key = finding.requirement, finding.name, finding.outcome
            seen.broken.setdefault(key, f"{exchange.id} ({finding.message})")
    if where := canaries.leak(response):
        name = f"answers of {exchange.operation or 'other routes'}"
        seen.broken.setdefault((_HIDDEN, name, Verdict.FAIL), f"{exchange.id} (a secret is shown {where})")


def _references(report: RunReport, seen: _Seen) -> Iterator[Flaw]:
    for result in report.requirements:
        named = {name for check in result.checks for name in check.evidence}
        if lost := sorted(named - seen.ids):
            yield Flaw(
                "references", f"{result.requirement.id} rests on {lost[0]}, which is not in the evidence"
            )
        for check in result.checks:
            if not check.evidence and check.outcome is Verdict.PASS:
                yield Flaw("references", f"{result.requirement.id} rests on no exchange: {check.name}")


def _coverage(report: RunReport, seen: _Seen, contract: Contract) -> Iterator[Flaw]:
    known = {name: operation.answers for name, operation in contract.operations.items()}
    pairs = tuple(
        Pair(operation, status, count, documented=status in known.get(operation, {}))
        for (operation, status), count in sorted(seen.pairs.items())
    )
    operations = tuple(sorted({pair.operation for pair in pairs}))
    # What was meant by a request that was generated does not stand in the exchange.
    meant = report.coverage
    found = Coverage(operations, pairs, seen.requests, seen.requests_2xx, meant.generated, meant.unseen)
    if found.requests != report.coverage.requests:
        yield Flaw(
            "coverage",
            f"{report.coverage.requests} exchanges were counted, {found.requests} are in the evidence",
        )
    elif found != report.coverage:
        yield Flaw("coverage", "the statuses in the evidence are not those that were counted")


def _numbers(seen: _Seen) -> Iterator[Flaw]:
    """Exchanges are numbered as they are sent, and each is kept: a number that is missing was taken out."""
    expected = {f"x{number:06d}" for number in range(1, len(seen.ids) + 1)}
    if lost := sorted(expected - seen.ids):
        yield Flaw("coverage", f"the evidence has gaps: there is no {lost[0]}")


def _features(report: RunReport, implementation: Implementation, seen: _Seen) -> Iterator[Flaw]:
    if implementation.authentication and not seen.authorized:
        yield Flaw("features", "authentication is declared, but no request carried a credential")
    if not implementation.authentication and seen.authorized:
        yield Flaw("features", "authentication is declared absent, but requests carried a credential")
    asked = {name for result in report.requirements for name in result.requirement.features}
    for name, shown in ((FLINK, "an application was started"), (SQL, "something of SQL was created")):
        declared, count = implementation.features[name], seen.feature_2xx[name]
        if declared and name in asked and not count:
            yield Flaw("features", f"{name} is declared, but the evidence does not show that {shown}")
        if not declared and count:
            yield Flaw("features", f"{name} is declared absent, but the evidence shows that {shown}")


def _left_behind(report: RunReport, seen: _Seen) -> Iterator[Flaw]:
    """Of everything that was created the evidence shows last that it is gone, or what it was in."""
    there = [
        resource
        for resource in report.created
        if not seen.gone.get(resource.path)
        and not seen.gone.get(resource.path.rpartition(f"/{resource.kind}/")[0])
    ]
    if there:
        yield Flaw(
            "left-behind",
            f"the evidence does not show that {len(there)} resources are gone, such as {there[0].path}",
        )


def _verdicts(report: RunReport, seen: _Seen) -> Iterator[Flaw]:
    judged = {result.requirement.id: result for result in report.requirements}
    for (requirement, name, outcome), where in seen.broken.items():
        result = judged.get(requirement)
        if result is None or result.verdict is Verdict.NOT_APPLICABLE:
            continue
        if not any(check.name == name and check.outcome is outcome for check in result.checks):
            yield Flaw("replay", f"{requirement} is {outcome} by {where}, but the report has no such check")
    said: Counter[tuple[str, str]] = Counter()
    for result in report.requirements:
        for check in result.checks:
            if check.outcome is Verdict.PASS and not check.message:
                said[check.requirement, check.name] += check.count
    everywhere = {key for key in said if key[0] in UNIVERSAL - {_HIDDEN} and key[1].startswith(_OF_ALL)}
    for requirement, name in sorted(everywhere | seen.passes.keys()):
        result = judged.get(requirement)
        if result is None or result.verdict is Verdict.NOT_APPLICABLE:
            continue
        found, counted = seen.passes[requirement, name], said[requirement, name]
        if found != counted:
            yield Flaw(
                "replay",
                f"{requirement}, {name}: {found} exchanges agree with it, the report counts {counted}",
            )
