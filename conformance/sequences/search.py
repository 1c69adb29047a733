"""Walking sequences from a seed, within what an effort allows, and telling of what diverged in as few steps as it takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from conformance.config import Effort
from conformance.contract.openapi import Contract
from conformance.expectations import Unmet
from conformance.model import Exchange, Finding, Verdict
from conformance.registry import Catalogue
from conformance.sequences.machine import Play
from conformance.sequences.shortening import Steps, shortened
from conformance.sequences.steps import Cast, Names, Step, choose, focuses, opening
from conformance.sequences.tape import Diverged, Ended, Spent, Tape, Witness
from conformance.target.cmf import Cmf, Sender
from conformance.verdict import broken

CHECK = "sequences of requests"
"""How the checks of sequences are called."""
WRITES = frozenset({"POST", "PUT", "DELETE", "PATCH"})


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a search goes.  Requests and seconds bound walking and shortening each by itself.

    The opening of the first walk is never cut off, so that something is seen on a slow target, too.
    """

    steps: int
    """Of all walks together."""
    walk: int
    """Steps of one walk, after its opening."""
    requests: int
    seconds: float
    shortening_requests: int
    shortening_seconds: float


EXTENTS: Mapping[Effort, Extent] = {
    Effort.QUICK: Extent(4, 4, 60, 2.4, 300, 15.0),
    Effort.STANDARD: Extent(12, 12, 120, 4.0, 600, 30.0),
    Effort.THOROUGH: Extent(700, 35, 5_000, 300.0, 2_000, 120.0),
}
"""For all kinds of resource; a part of it for environments and applications alone, and for what runs."""


@dataclass(frozen=True)
class Counterexample:
    """A divergence, and the play that showed it in as few steps as were found."""

    diverged: Diverged
    exchanges: tuple[Exchange, ...]
    came_again: bool
    """Whether the same was seen when it was played once more."""


@dataclass
class Search:
    """One search.  ``sink`` takes what was seen, ``report`` each counterexample."""

    sender: Sender
    contract: Contract
    catalogue: Catalogue
    model: Cmf
    """The API as the scenarios speak it: the prefix, the features and the limits are taken from it."""
    cast: Cast
    seed: int
    extent: Extent
    sink: Callable[[Finding, Exchange], None]
    report: Callable[[Counterexample], None]
    tidy: Callable[[], None] = lambda: None
    """Called after each play."""
    most: int = 4
    """How many requirements must be broken for there to be no point in looking for more."""
    steps: list[Step] = field(default_factory=list)
    """What was walked, for whoever wants to know."""
    _plays: int = 0
    _known: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    """The requirements that something was seen to keep or to break."""

    def run(self) -> None:
        """Walk until the extent is used up.  Raises ``Unmet`` when nothing was seen at all."""
        random = Random(f"{self.seed} sequences {self.cast.word}")  # noqa: S311 - repeatable, no secret
        turns = focuses(random, self.cast)
        self._bound(self.extent.requests, self.extent.seconds)
        left, why = self.extent.steps, "nothing was answered"
        while left > 0 and len(self._known) < self.most:
            try:
                left -= self._walk(random, next(turns), min(left, self.extent.walk))
            except Spent:
                break
            except Unmet as unmet:
                why, left = str(unmet), left - self.extent.walk
            finally:
                self.tidy()
        if not self.seen:
            raise Unmet(f"no sequence could be walked: {why}")

    @property
    def diverged(self) -> tuple[str, ...]:
        """The requirements that something was seen to break, each once."""
        return tuple(sorted(self._known))

    @property
    def spent(self) -> int:
        """How many requests were sent since the bounds were last set."""
        return self._bounded - self._requests_left

    def _walk(self, random: Random, about: frozenset[str], length: int) -> int:
        """One walk; returns how many steps it took beyond its opening."""
        names, tape, play = self._play(self._agree)
        first = opening(self.cast)
        walked: list[Step] = []
        done = False
        try:
            for number in range(len(first) + length):
                self._cuts = self._plays > 1 or number >= len(first)
                before = walked[-1] if number > len(first) else None
                step = (
                    first[number]
                    if number < len(first)
                    else choose(random, self.cast, names, play.world, about, before)
                )
                walked.append(step)
                self.steps.append(step)
                play.do(step)
            done = True
            play.compare()
        except Diverged as diverged:
            if diverged.rule not in self._known:
                self._known.add(diverged.rule)
                self.seen.add(diverged.rule)
                self._tell(tuple(walked), diverged, tape, in_the_end=done)
                self._bound(self.extent.requests, self.extent.seconds)
        except Ended:
            pass
        return max(len(walked) - len(first), 1)

    def _tell(self, walked: Steps, diverged: Diverged, tape: Tape, *, in_the_end: bool) -> None:
        """Play it again, make it shorter, and report it; as it was seen first when it does not come again.

        ``in_the_end`` says that it was seen when all was compared, after the last step.
        """
        first = _counterexample(diverged, tape, came_again=False)
        shortest = [first]
        self.tidy()
        self._bound(self.extent.shortening_requests, self.extent.shortening_seconds)

        def shows(steps: Steps) -> int | None:
            seen = self._replayed(steps, diverged, in_the_end=in_the_end)
            if seen is None:
                return None
            needed, example = seen
            shortest.append(example)
            return needed

        try:
            needed = shows(walked)
            if needed is not None:
                shortened(walked[:needed], shows)
        except Spent:
            pass
        finally:  # whatever ends the search, this was seen
            self.report(shortest[-1])

    def _replayed(
        self, steps: Steps, wanted: Diverged, *, in_the_end: bool
    ) -> tuple[int, Counterexample] | None:
        """Play steps under new names: after how many the same was seen, and what was exchanged; None when it was not."""
        _, tape, play = self._play(lambda _rule, _exchange: None)
        done = 0
        try:
            for step in steps:
                done += 1
                play.do(step)
            if in_the_end:
                play.compare()
        except Diverged as diverged:
            if diverged.rule == wanted.rule:
                return done, _counterexample(diverged, tape, came_again=True)
        except (Ended, Unmet):
            pass
        finally:
            self.tidy()
        return None

    def _play(self, agreed: Callable[[str, Exchange], None]) -> tuple[Names, Tape, Play]:
        self._plays += 1
        names = Names(f"{self.model.prefix}{self.cast.word}{self._plays}-")
        tape = Tape(self.sender, self._spend)
        model = self.model
        cmf = Cmf(tape, self.contract, prefix=names.prefix, features=model.features, limits=model.limits)
        return names, tape, Play(cmf, tape, Witness(tape, agreed), self.cast, names)

    def _agree(self, rule: str, exchange: Exchange) -> None:
        self.seen.add(rule)
        if rule in self.catalogue.requirements:
            self.sink(Finding(rule, Verdict.PASS, CHECK), exchange)

    def _bound(self, requests: int, seconds: float) -> None:
        self._bounded = self._requests_left = requests
        self._deadline = time.monotonic() + seconds
        self._cuts = True

    def _spend(self) -> None:
        if self._cuts and (self._requests_left <= 0 or time.monotonic() > self._deadline):
            raise Spent
        self._requests_left -= 1


def _counterexample(diverged: Diverged, tape: Tape, *, came_again: bool) -> Counterexample:
    """What was exchanged up to what shows it, and nothing that was only looked at afterwards to tell what it is."""
    shows = diverged.exchange
    end = next((at for at, each in enumerate(tape.exchanges, start=1) if each is shows), len(tape.exchanges))
    return Counterexample(diverged, tuple(tape.exchanges[:end]), came_again)


def finding(example: Counterexample, catalogue: Catalogue) -> Finding:
    """What a counterexample says of a requirement: what was done, what was expected, what came."""
    diverged = example.diverged
    told = told_steps(example)
    once = "" if example.came_again else " (it was not seen again when the same was sent once more)"
    return Finding(
        diverged.rule,
        broken(catalogue.requirements[diverged.rule].level),
        CHECK,
        f"{diverged.broken.message}{once}, after {len(told)} requests: {'; '.join(told)}",
        diverged.broken.expected,
        diverged.broken.got,
    )


def told_steps(example: Counterexample) -> list[str]:
    """The requests of a counterexample that change something, and the one that shows it, one a line."""
    return [
        f"{each.request.method} {_path(each)} {each.response.status if each.response else 'no answer'}"
        for each in decisive(example)
    ]


def decisive(example: Counterexample) -> list[Exchange]:
    """The exchanges of a counterexample that change something, and the one that shows the divergence."""
    shows = example.diverged.exchange
    return [each for each in example.exchanges if each.request.method in WRITES or each is shows]


def _path(exchange: Exchange) -> str:
    return exchange.request.url.partition("/cmf/api/v1")[2]
