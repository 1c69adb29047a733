"""The gate of a pipeline: what beside the verdict decides whether it opens.

A report is settled once, after everything was observed and before it is written: waivers are applied and
judged, and what closes the gate is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from conformance import verdict as rules
from conformance.certification import waivers
from conformance.certification.waivers import Baseline, Scope, State
from conformance.config import Mode
from conformance.model import RunReport, Verdict
from conformance.registry import catalogue
from conformance.report.wording import plural

_NAMED = 5
"""Private requirements that are named in one line."""


class FailOn(StrEnum):
    """What closes the gate."""

    MUST = "must"
    """A broken MUST that no waiver excuses, and a waiver that must be looked at."""
    SHOULD = "should"
    """A broken SHOULD as well."""
    NEW = "new"
    """Only a broken MUST that no waiver excuses."""


@dataclass(frozen=True, slots=True)
class Gate:
    """How a report is settled."""

    fail_on: FailOn = FailOn.MUST
    baseline: Baseline | None = None

    def settle(self, report: RunReport, *, finished: bool) -> RunReport:
        """The report with waivers applied and what closes the gate noted in ``run.gate``.

        ``finished`` is False when the run ended early.  A verdict of the contract closes the gate by itself and
        is not repeated there; a private requirement has no other way to be heard.
        """
        closed: list[str] = []
        if self.baseline is not None:
            report, complaints = self._waive(report, self.baseline, finished=finished)
            closed += [] if self.fail_on is FailOn.NEW else complaints
        if broken := [each.requirement.id for each in report.private if each.verdict is Verdict.FAIL]:
            more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
            closed.append(f"Broken private requirements: {', '.join(broken[:_NAMED])}{more}")
        warned = [each for each in (*report.requirements, *report.private) if each.verdict is Verdict.WARN]
        if self.fail_on is FailOn.SHOULD and warned:
            closed.append(f"{plural(len(warned), 'broken SHOULD')} with --fail-on should")
        notes = [*report.notes, *(line for line in closed if line not in report.notes)]
        gate = {"fail_on": self.fail_on.value, "closed_by": closed}
        return replace(report, run=report.run | {"gate": gate}, notes=tuple(notes))

    def _waive(self, report: RunReport, baseline: Baseline, *, finished: bool) -> tuple[RunReport, list[str]]:
        known, run = catalogue(), report.run
        # A shard, and a run that only reads, do not see all that there is to see.
        whole = run.get("shard") is None and run["mode"] == Mode.CERTIFICATION.value
        # The day of the run, so that the same reports are always settled alike.
        today = date.fromisoformat(run["started"][:10])
        scope = Scope(
            operations=tuple(run.get("selection", {}).get("operations", ())),
            finished=finished and whole,
        )
        states = waivers.states(baseline.waivers, report.requirements, known, today, scope)
        complaints = list(waivers.complaints(states, known))
        results = waivers.apply(report.requirements, baseline.waivers, today)
        verdicts = [result.verdict for result in results]
        used = sum(state is State.USED for state in states.values())
        notes = [
            *report.notes,
            f"A baseline was applied ({plural(used, 'waiver')} used), so this run is no certification",
            *complaints,
        ]
        settled = replace(
            report,
            run=run | {"baseline": baseline.document(states)},
            requirements=results,
            counts=rules.counts(verdicts),
            verdict=rules.of_run(verdicts, finished=finished, whole=whole),
            notes=tuple(notes),
        )
        return settled, complaints
