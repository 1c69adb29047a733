"""Sequences as a part of a run: how far they go, and where what they show is kept."""

from __future__ import annotations

from dataclasses import replace

from conformance import evidence_format
from conformance.config import Effort
from conformance.model import Verdict
from conformance.runner.context import RunContext
from conformance.runner.folder import COUNTEREXAMPLES
from conformance.sequences.search import EXTENTS, Counterexample, Extent, Search, decisive, finding
from conformance.sequences.steps import ALL, Cast

_PART = 3
"""Less is walked where there are few kinds of resource."""


def walk(run: RunContext, cast: Cast, *declared: str) -> None:
    """Walk sequences of these kinds of resource, as far as the effort of the run goes.

    A declared requirement that was not seen, as after an early divergence, is left to the scenarios about it.
    Raises ``Unmet`` when nothing was seen at all.
    """

    def report(example: Counterexample) -> None:
        told = finding(example, run.catalogue)
        exchange = example.diverged.exchange or example.exchanges[-1]
        run.recorder.add_finding(told, exchange, sequence=example.exchanges, shown=decisive(example))
        _keep(run, example)

    search = Search(
        sender=run,
        contract=run.contract,
        catalogue=run.catalogue,
        model=run.cmf,
        cast=cast,
        seed=run.seed,
        extent=extent_of(run.effort, cast),
        sink=run.recorder.add_finding,
        report=report,
        tidy=run.tidy,
    )
    search.run()
    why = (
        f"where the target broke {', '.join(search.diverged)}"
        if search.diverged
        else "where none could go on"
    )
    for name in declared:
        if name not in search.seen:
            # The scenarios that are about it say whether it is kept; that these did not get there is no gap.
            run.recorder.note(name, "nothing to judge", Verdict.PASS, f"sequences ended {why}")


def extent_of(effort: Effort, cast: Cast) -> Extent:
    """How far sequences of these kinds of resource go."""
    whole = EXTENTS[effort]
    if cast is ALL:
        return whole
    return replace(
        whole,
        steps=max(whole.steps // 2, 1),
        requests=whole.requests // _PART,
        seconds=whole.seconds / _PART,
    )


def _keep(run: RunContext, example: Counterexample) -> None:
    folder = run.wire.evidence.path.parent / COUNTEREXAMPLES
    folder.mkdir(exist_ok=True)
    taken = sum(1 for _ in folder.glob(f"{example.diverged.rule}.*.ndjson"))
    lines = [evidence_format.to_line(exchange) + "\n" for exchange in example.exchanges]
    (folder / f"{example.diverged.rule}.{taken + 1}.ndjson").write_text("".join(lines), encoding="ascii")
