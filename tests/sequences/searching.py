"""One search against a real reference server, over the wire of a run, without the scenarios around it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance import resources
from conformance.config import Features, Limits, Target
from conformance.contract.openapi import Contract
from conformance.expectations import patience
from conformance.model import Exchange, Finding, Verdict
from conformance.reference.launch import ReferenceServer
from conformance.registry import catalogue
from conformance.sequences.search import Counterexample, Extent, Search, decisive, finding
from conformance.sequences.steps import Cast
from conformance.sequences.tape import Tape
from conformance.target.cleanup import tidy
from conformance.target.cmf import Cmf
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership, new_run_id
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire

LIMITS = Limits(settle=0.5, deploy=2.5, read_timeout=10.0)
WIDE = Extent(
    steps=240, walk=30, requests=2_000, seconds=60.0, shortening_requests=800, shortening_seconds=60.0
)


@dataclass
class Searched:
    """What one search has shown."""

    search: Search
    prefix: str
    examples: list[Counterexample]
    exchanges: list[Exchange]
    """All that was played; what was removed in between apart."""
    agreed: set[str]

    @property
    def findings(self) -> list[Finding]:
        return [finding(example, catalogue()) for example in self.examples]

    def writes(self, number: int = 0) -> list[Exchange]:
        """The exchanges of a counterexample that a reader would repeat."""
        return decisive(self.examples[number])


@cache
def contract() -> Contract:
    return Contract.load(resources.contract_folder(catalogue().version) / "openapi.yaml")


@contextmanager
def wired(url: str, folder: Path) -> Iterator[Wire]:
    """A wire to a target with a ledger and evidence."""
    run_id = new_run_id()
    ledger = Ledger.create(folder / f"ledger-{run_id}.ndjson", run_id=run_id, target_url=url)
    evidence = EvidenceLog(folder / f"evidence-{run_id}.ndjson")
    with Wire(
        Target(url, limits=LIMITS),
        ownership=Ownership(run_id),
        ledger=ledger,
        evidence=evidence,
    ) as wire:
        yield wire
    ledger.close()
    evidence.close()


def search(
    url: str, cast: Cast, *, seed: int = 1, extent: Extent = WIDE, limits: Limits = LIMITS, most: int = 1
) -> Searched:
    """Search a target that is there."""
    with tempfile.TemporaryDirectory() as folder, wired(url, Path(folder)) as wire, patience():
        prefix = wire.ownership.prefix
        model = Cmf(wire, contract(), prefix=prefix, features=Features(), limits=limits)
        played = Tape(wire)
        tried: set[str] = set()
        examples: list[Counterexample] = []
        agreed: set[str] = set()

        def clear() -> None:
            assert wire.ledger is not None
            tidy(wire, wire.ledger, tried)

        searched = Searched(
            Search(
                sender=played,
                contract=contract(),
                catalogue=catalogue(),
                model=model,
                cast=cast,
                seed=seed,
                extent=extent,
                sink=lambda told, _exchange: agreed.add(told.requirement),
                report=examples.append,
                tidy=clear,
                most=most,
            ),
            prefix,
            examples,
            played.exchanges,
            agreed,
        )
        searched.search.run()
        assert all(each.outcome in {Verdict.FAIL, Verdict.WARN} for each in searched.findings)
        return searched


def search_reference(
    cast: Cast, faults: Sequence[str] = (), variations: Sequence[str] = (), **how: int | Extent
) -> Searched:
    """Search a reference server with these faults and variations."""
    with ReferenceServer(faults, variations, pace=0.3) as server:
        return search(server.url, cast, **how)  # type: ignore[arg-type]
