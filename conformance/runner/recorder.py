"""What a run has seen so far: check results, coverage, and the exchanges each rests on.

Findings that hold for every exchange are many and mostly alike; equal ones are counted, not repeated.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace

from conformance.canary import Canaries
from conformance.contract.judgement import Judge
from conformance.contract.openapi import Contract
from conformance.curl import curl_line
from conformance.expectations import Broken, NeedsWriting, Undescribed, Unmet
from conformance.model import CheckResult, Coverage, Exchange, Finding, Pair, Unseen, Verdict
from conformance.registry import Catalogue, unprovoked
from conformance.runner.lost import LimitReached
from conformance.verdict import broken

HIDDEN = "CMF-SECRET-HIDDEN"
NOT_PROVOKED = "no request that this run sent was answered so"
_EXAMPLES = 3
_KINDS_OF_FAILURE = 12
_EVIDENCE = 4
"""Exchanges that a check rests on: the last ones before it."""
_LARGE = 64 * 1024
"""Bytes of a body above which exchanges are judged one at a time: as values, bodies are many times larger."""
_VARYING = re.compile(r"cmfc-[\w.-]+|\d+|'[^']*'|\"[^\"]*\"")


class UndeclaredRequirement(Exception):
    """A scenario checks a requirement that its marker does not name."""


@dataclass(slots=True)
class _Tally:
    """How often a finding came again, and the first exchanges that show it."""

    evidence: list[str]
    count: int = 1


class Recorder:
    """Collects everything a run observes; safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, contract: Contract, judge: Judge) -> None:
        self._catalogue = catalogue
        self._contract = contract
        self._judge = judge
        self._lock = threading.RLock()
        self._large = threading.Lock()
        self._results: list[CheckResult] = []
        self._counted: dict[tuple[str, str, Verdict, str], _Tally] = {}
        self._tallies: dict[int, _Tally] = {}
        self._pairs: Counter[tuple[str, int]] = Counter()
        self._requests = 0
        self._requests_2xx = 0
        self._window: list[Exchange] = []
        self._scenario = ""
        self._again: set[str] = set()
        self._unwritten: dict[str, str] = {}
        self._unreached: dict[str, list[str]] = {}
        self._aside = False
        self.canaries: Canaries | None = None
        """What answers are searched for, as soon as it is planted."""
        self.on_result: Callable[[CheckResult, Exchange | None], None] = lambda _result, _exchange: None
        """Called for each new result that is not a pass."""

    # -- exchanges ---------------------------------------------------------------------------------

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is exchanged in this block says nothing of the contract: checks made in it may rest on it."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    def observe(self, exchange: Exchange) -> None:
        """Take note of an exchange and judge it by what holds for every exchange."""
        if self._aside:
            with self._lock:
                self._look_at(exchange)
            return
        response = exchange.response
        with self._large if response and len(response.body) > _LARGE else nullcontext():
            findings = [*self._judge.judge(exchange), *self._confidential(exchange)]
        with self._lock:
            self._requests += 1
            self._look_at(exchange)
            if exchange.response is not None:
                self.add_finding(
                    Finding("CMF-ERR-ANSWER", Verdict.PASS, f"answers to {exchange.request.method}"), exchange
                )
                if exchange.operation:
                    self._pairs[exchange.operation, exchange.response.status] += 1
                self._requests_2xx += exchange.response.status // 100 == 2  # noqa: PLR2004 - the class of success
            for finding in findings:
                self.add_finding(finding, exchange)

    def _confidential(self, exchange: Exchange) -> Iterator[Finding]:
        """Whether an answer keeps to itself what the run has planted in secrets."""
        response = exchange.response
        if self.canaries is None or not self.canaries.planted or response is None:
            return
        name = f"answers of {exchange.operation or 'other routes'}"
        where = self.canaries.leak(response)
        if where is None:
            yield Finding(HIDDEN, Verdict.PASS, name)
            return
        level = self._catalogue.requirements[HIDDEN].level
        yield Finding(
            HIDDEN,
            broken(level),
            name,
            f"the answer shows what is in a secret, {where}",
            expected="nothing of the data of any secret",
            got=f"a planted value {where}",
        )

    def unanswered(self, exchange: Exchange) -> None:
        """Take note of a request that got no answer from a target that answers others."""
        if self._aside:
            return
        request = exchange.request
        level = self._catalogue.requirements["CMF-ERR-ANSWER"].level
        self.add_finding(
            Finding(
                "CMF-ERR-ANSWER",
                broken(level),
                f"answers to {request.method}",
                f"no answer to {request.method} {request.url}",
                expected="an answer",
                got=exchange.error or "nothing",
            ),
            exchange,
        )

    def add_finding(
        self,
        finding: Finding,
        exchange: Exchange,
        *,
        sequence: Sequence[Exchange] = (),
        shown: Sequence[Exchange] = (),
    ) -> None:
        """Record what one exchange says of one requirement, together with its like.

        ``sequence`` is everything that it rests on when that is more than the one exchange, and ``shown`` what of
        it a reader repeats.
        """
        alike = _VARYING.sub("*", finding.message)
        key = (finding.requirement, finding.name, finding.outcome, alike)
        with self._lock:
            if tally := self._counted.get(key):
                tally.count += 1
                self._again.add(finding.requirement)
                if len(tally.evidence) < _EXAMPLES:
                    tally.evidence.append(exchange.id)
                return
            kinds = sum(1 for seen in self._counted if seen[:3] == key[:3])
            if kinds >= _KINDS_OF_FAILURE:
                return
            self._counted[key] = self._tallies[len(self._results)] = _Tally(
                [each.id for each in sequence or [exchange]]
            )
            self._add(
                CheckResult(
                    requirement=finding.requirement,
                    name=finding.name,
                    outcome=finding.outcome,
                    message=finding.message,
                    expected=finding.expected,
                    got=finding.got,
                    evidence=tuple(self._counted[key].evidence),
                    curl=""
                    if finding.outcome is Verdict.PASS
                    else "\n".join(map(curl_line, shown or [exchange])),
                    operation=exchange.operation,
                    scenario=self._scenario,
                ),
                exchange,
            )

    def _look_at(self, exchange: Exchange) -> None:
        self._window.append(exchange)
        del self._window[:-_EVIDENCE]

    # -- checks ------------------------------------------------------------------------------------

    def enter(self, scenario: str) -> int:
        """A scenario begins; returns a mark for ``since``."""
        with self._lock:
            self._scenario = scenario
            self._window.clear()
            self._again.clear()
            return len(self._results)

    def seen_again(self) -> frozenset[str]:
        """The requirements of which this scenario has observed what an earlier one had observed already."""
        with self._lock:
            return frozenset(self._again)

    def since(self, mark: int) -> list[CheckResult]:
        """The results recorded since a mark."""
        with self._lock:
            return [self._result(index) for index in range(mark, len(self._results))]

    @contextmanager
    def check(self, requirement: str, name: str) -> Iterator[None]:
        """Observe one requirement: what is raised as ``Broken`` inside makes it fail, nothing makes it pass.

        The scenario goes on after a failure, so that one defect does not hide the next.
        """
        try:
            yield
        except Broken as defect:
            level = self._catalogue.requirements[requirement].level
            self._record(
                requirement, name, broken(level), defect.message, defect.expected, defect.got, defect.exchange
            )
        except NeedsWriting as need:
            self.needs_writing(requirement, str(need))
            raise
        except Undescribed:
            raise
        except Unmet as unmet:
            self._record(requirement, name, Verdict.NOT_TESTED, str(unmet))
            raise
        except LimitReached as limit:
            self._record(requirement, name, Verdict.NOT_TESTED, str(limit))
            raise
        except Exception as defect:
            self._record(
                requirement, name, Verdict.ERROR, f"the harness failed: {type(defect).__name__}: {defect}"
            )
            raise
        else:
            self._record(requirement, name, Verdict.PASS)

    def needs_writing(self, requirement: str, why: str, *, nearest: bool = False) -> None:
        """A scenario has more to observe of a requirement than can be had without writing.

        That is no outcome of a check: what was seen without writing decides, and this only where nothing was.
        The ``nearest`` reason is kept, which is that of a scenario that writes nothing; otherwise the first.
        """
        with self._lock:
            if nearest:
                self._unwritten[requirement] = why
            self._unwritten.setdefault(requirement, why)

    def unwritten(self, requirement: str) -> str | None:
        """Why something of a requirement could not be observed without writing; None when nothing was missed."""
        with self._lock:
            return self._unwritten.get(requirement)

    def unreached(self, requirement: str, scenario: str) -> None:
        """The run has ended before a scenario that has something to observe of a requirement."""
        with self._lock:
            self._unreached.setdefault(requirement, []).append(scenario)

    def not_reached(self, requirement: str) -> tuple[str, ...]:
        """The scenarios about a requirement that the run has ended before."""
        with self._lock:
            return tuple(self._unreached.get(requirement, ()))

    def note(self, requirement: str, name: str, outcome: Verdict, message: str) -> None:
        """Record an outcome that was not observed in a check."""
        self._record(requirement, name, outcome, message)

    def _record(
        self,
        requirement: str,
        name: str,
        outcome: Verdict,
        message: str = "",
        expected: str = "",
        got: str = "",
        decisive: Exchange | None = None,
    ) -> None:
        with self._lock:
            window = list(self._window)
            decisive = decisive or (window[-1] if window else None)
            if decisive and decisive not in window:
                window.append(decisive)
            wrong = outcome in {Verdict.FAIL, Verdict.WARN}
            self._add(
                CheckResult(
                    requirement=requirement,
                    name=name,
                    outcome=outcome,
                    message=message,
                    expected=expected,
                    got=got,
                    evidence=tuple(exchange.id for exchange in window),
                    curl=curl_line(decisive) if wrong and decisive else "",
                    operation=decisive.operation if decisive else None,
                    scenario=self._scenario,
                ),
                decisive,
            )

    def _add(self, result: CheckResult, exchange: Exchange | None) -> None:
        self._results.append(result)
        if result.outcome is not Verdict.PASS:
            self.on_result(result, exchange)

    # -- the outcome -------------------------------------------------------------------------------

    def results_of(self, requirement: str) -> tuple[CheckResult, ...]:
        """Every result that speaks of a requirement."""
        with self._lock:
            return tuple(
                self._result(index)
                for index, result in enumerate(self._results)
                if result.requirement == requirement
            )

    def _result(self, index: int) -> CheckResult:
        tally = self._tallies.get(index)
        known = self._results[index]
        return replace(known, count=tally.count, evidence=tuple(tally.evidence)) if tally else known

    def coverage(self) -> Coverage:
        """How much of the contract was exercised so far."""
        with self._lock:
            pairs = tuple(
                Pair(
                    operation,
                    status,
                    count,
                    documented=self._contract.operations[operation].answer(status) is not None,
                )
                for (operation, status), count in sorted(self._pairs.items())
            )
            operations = tuple(sorted({pair.operation for pair in pairs}))
            unseen = tuple(self._unseen(operations))
            return Coverage(operations, pairs, self._requests, self._requests_2xx, unseen=unseen)

    def _unseen(self, operations: Iterable[str]) -> Iterator[Unseen]:
        reasons = unprovoked(self._catalogue.version)
        for operation in operations:
            for status in sorted(self._contract.operations[operation].answers):
                if (operation, status) not in self._pairs:
                    why = reasons.get((operation, status), NOT_PROVOKED)
                    yield Unseen(operation, status, why)
