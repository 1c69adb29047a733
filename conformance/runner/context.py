"""What one run shares: the target's API, the recorder, what is selected, and whether to go on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from conformance.canary import Canaries
from conformance.config import Effort, Features, Limits, Mode
from conformance.contract.openapi import Contract
from conformance.existing import Existing
from conformance.expectations import NeedsWriting, Unmet
from conformance.model import Exchange, Requirement
from conformance.properties.tally import Tally
from conformance.registry import Catalogue
from conformance.runner.basis import Basis, of_contract
from conformance.runner.lost import LimitReached, TargetLost
from conformance.runner.preflight import probe
from conformance.runner.recorder import Recorder
from conformance.target.cleanup import tidy
from conformance.target.cmf import Cmf, Collection
from conformance.target.wire import BudgetSpent, NoAnswer, Wire

AUTHORIZATION = "authorization"
_READS = frozenset({"GET", "HEAD"})


def ended(spent: BudgetSpent) -> str:
    """What the report says of a run that came to a limit."""
    return f"The run ended early: {spent}"


@dataclass
class RunContext:
    """One run, as the scenarios and the pytest plugin see it."""

    catalogue: Catalogue
    contract: Contract
    selected: tuple[Requirement, ...]
    recorder: Recorder
    wire: Wire
    features: Features
    limits: Limits
    prefix: str
    seed: int
    effort: Effort
    canaries: Canaries
    """What is planted in secrets."""
    basis: Basis = field(default_factory=of_contract)
    """What the run is judged by."""
    tallies: list[Tally] = field(default_factory=list)
    """What the property tests sent, in the order in which it was sent."""
    notes: list[str] = field(default_factory=list)
    """Why the run is incomplete, when it is."""
    cmf: Cmf = field(init=False)
    existing: Existing = field(init=False)
    """What is on the target, for a run that only reads."""
    _tidied: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cmf = Cmf(self, self.contract, prefix=self.prefix, features=self.features, limits=self.limits)
        self.existing = Existing(self.cmf)

    @property
    def reads_only(self) -> bool:
        """Whether nothing is written to the target, so that only what exists on it can be judged."""
        return self.wire.mode is Mode.READ_ONLY

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        authenticate: bool = True,
    ) -> Exchange:
        """Send one request for a scenario and record what comes; ``authenticate`` as in ``Wire.send``.

        When no answer comes but the target serves others, that is held against it and ``Unmet`` is raised;
        when it serves nobody, ``TargetLost``.  A run that only reads raises ``NeedsWriting`` instead of asking
        the wire for anything else.
        """
        if self.reads_only and method not in _READS:
            raise NeedsWriting(f"it takes a {method} {path}, and this run only reads (--mode read-only)")
        try:
            exchange = self.wire.send(
                method, path, query=query, headers=headers, content=content, authenticate=authenticate
            )
        except NoAnswer as silence:
            self._after_silence(silence)
            raise Unmet(f"no answer to {method} {path}: {silence.exchange.error}") from silence
        except BudgetSpent as spent:
            raise LimitReached(ended(spent)) from spent
        if (
            authenticate
            and _is_refused(exchange)
            and not any(name.lower() == AUTHORIZATION for name, _ in headers)
        ):
            self._after_refusal()
        return exchange

    def tidy(self) -> None:
        """Remove what can be removed at once of what was created so far."""
        if self.wire.ledger is not None:
            tidy(self.wire, self.wire.ledger, self._tidied)

    def claim(self, collection: Collection, name: str) -> None:
        """Take a name without the prefix of the run, of which the target just said that nothing has it."""
        if collection.is_global:
            self.wire.ownership.claim(name, collection.plural)

    def _after_silence(self, silence: NoAnswer) -> None:
        try:
            self._probe()
        except NoAnswer as lost:
            raise TargetLost(f"The target stopped answering: {silence.exchange.error}") from lost
        self.recorder.unanswered(silence.exchange)

    def _after_refusal(self) -> None:
        """A target that lets nobody in any more can't be looked at; one that refuses one request alone is judged."""
        with suppress(NoAnswer):
            if _is_refused(self._probe()):
                raise TargetLost(
                    "The target refuses these credentials by now: it answers 401 to what it answered before"
                )

    def _probe(self) -> Exchange:
        try:
            path, query = probe(self.contract)
            return self.wire.send("GET", path, query=query, headers=[("Accept", "application/json")])
        except BudgetSpent as spent:
            raise LimitReached(ended(spent)) from spent


def _is_refused(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.status == 401  # noqa: PLR2004 - Unauthorized
