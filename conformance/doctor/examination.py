"""Everything that is looked at before a run, in the order in which it would go wrong.

Only GETs are sent, and the transport sees to that; with ``write`` one environment of a run of its own is created and
removed besides.  What makes the rest pointless ends the examination.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from conformance import resources
from conformance.config import Mode, Target
from conformance.contract.openapi import Contract
from conformance.doctor import access, declared, features, reach, stock, trial
from conformance.doctor.finding import Finding, of_error, ok, problem, unknown
from conformance.errors import ConfigurationError, TargetError
from conformance.model import Exchange
from conformance.registry import CONTRACT
from conformance.runner.preflight import preflight
from conformance.target import headers
from conformance.target.address import Address
from conformance.target.auth import Credentials, ssl_context
from conformance.target.cmf import Cmf
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership, new_run_id
from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, Wire

_SERVER_ERROR = 500
_TIMED = 5
"""Answers that are timed."""


@dataclass(frozen=True)
class Options:
    """How a target is examined."""

    write: bool = False
    embedded: bool = False
    """Whether the target is the reference server that this command has started."""
    given: Collection[str] = ()
    """The features that the configuration has."""


def examine(target: Target, options: Options) -> Generator[Finding]:
    """The findings, as they are made; closing the generator removes what it has created.

    Raises ``ReportError`` when there is to be a ledger and it can't be written.
    """
    try:
        address = Address(target.url)
        headers.read(target.auth.headers, os.environ)
        ssl_context(target.auth)
        credentials = Credentials(target.auth, limits=target.limits)
        name = reach.name(target)
    except ConfigurationError as error:
        yield of_error("configuration", error)
        return
    yield ok("configuration", f"{address.origin}{address.path}, {credentials.source or 'no token'}")
    if name is not None:
        yield name
        if name.leads_to:
            return
    with ExitStack() as stack:
        run_id = new_run_id()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cmf-conformance-"))
        evidence = EvidenceLog(Path(folder) / "evidence.ndjson")
        stack.callback(evidence.close)
        ledger = stack.enter_context(trial.ledger_of(run_id, target.url)) if options.write else None
        seen: list[Exchange] = []
        wire = stack.enter_context(
            Wire(
                target,
                ownership=Ownership(run_id),
                ledger=ledger,
                evidence=evidence,
                mode=Mode.CERTIFICATION if options.write else Mode.READ_ONLY,
                credentials=credentials,
                on_exchange=seen.append,
            )
        )
        try:
            yield from _Examination(target, options, credentials, wire, ledger, seen).findings()
        except BudgetSpent as spent:
            yield problem(
                "limits", f"the examination ended early: {spent}", "raise the limits in the configuration"
            )


class _Examination:
    def __init__(
        self,
        target: Target,
        options: Options,
        credentials: Credentials,
        wire: Wire,
        ledger: Ledger | None,
        seen: list[Exchange],
    ) -> None:
        self.target = target
        self.options = options
        self.credentials = credentials
        self.wire = wire
        self.ledger = ledger
        self.seen = seen
        contract = Contract.load(resources.contract_folder(CONTRACT) / "openapi.yaml")
        prefix = wire.ownership.prefix
        self.cmf = Cmf(wire, contract, prefix=prefix, features=target.features, limits=target.limits)

    def findings(self) -> Iterator[Finding]:
        try:
            self.wire.sign_in()
        except TargetError as error:
            yield of_error("credentials", error)
            return
        failure = self._preflight()
        yield reach.connection(self.target.url, self.seen)
        answered = [exchange for exchange in self.seen if exchange.response is not None]
        if not answered:
            return
        yield reach.certificate(self.target, self.wire.certificate)
        yield reach.clock(answered[-1])
        last = answered[-1].response
        if failure is not None:
            refused = last is not None and last.status in {401, 403}
            yield access.refused(failure, self.credentials) if refused else of_error("api", failure)
            return
        if last is not None and last.status >= _SERVER_ERROR:
            message = f"GET of the environments is answered with {last.status}"
            yield problem(
                "api", message, "look into the log of the server; a run would show nothing but failures"
            )
            return
        yield ok("api", "a CMF API is served there")
        auth, limits = self.target.auth, self.target.limits
        yield from access.accepted(self.wire, self.credentials, auth, limits)
        yield from self._pace()
        yield declared.words(self.target.features, self.options.given, embedded=self.options.embedded)
        yield from self._inventory()

    def _preflight(self) -> TargetError | None:
        try:
            preflight(self.wire, self.target.url)
        except TargetError as error:
            return error
        return None

    def _pace(self) -> Iterator[Finding]:
        before = len(self.seen)
        for _ in range(_TIMED):
            stock.status_of(self.cmf.environments)
        seconds = list(reach.answered(self.seen[before:]))
        if not seconds:
            yield problem("speed", "it stopped answering", "is the server being restarted?")
            return
        yield reach.speed(seconds, self.target.limits)
        yield from declared.pace(self.target.limits, sorted(seconds)[len(seconds) // 2])

    def _inventory(self) -> Iterator[Finding]:
        listings = stock.take(self.cmf)
        yield from stock.unreadable(listings, sql=self.target.features.sql)
        yield from stock.leftovers(self.cmf, listings, self.target.url)
        yield from stock.others(listings)
        environment = stock.foreign(self.cmf, listings)
        if self.ledger is None:
            yield from self._features(listings, environment)
            yield unknown(
                "write",
                "nothing was written, so whether the run may create and delete is not known",
                "--write creates one environment and removes it again",
            )
            return
        try:
            own, trouble = trial.create(self.cmf)
            if trouble is not None:
                yield trouble
            yield from self._features(listings, own or environment)
        finally:
            outcome = trial.remove(self.wire, self.ledger, self.target.limits.settle)
        if own is not None or outcome.leads_to:
            yield outcome

    def _features(self, listings: list[stock.Listing], environment: str | None) -> Iterator[Finding]:
        yield from features.sql(self.target.features, self.cmf, listings, environment)
        if not self.options.embedded:
            yield from features.flink(self.target.features, self.cmf, environment)
