"""What a run has shown, once nothing more is sent: a verdict for each requirement, and the report."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from conformance import __version__, verdict
from conformance.config import Selection, Target
from conformance.errors import TargetError
from conformance.model import (
    CheckResult,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    RunVerdict,
    Verdict,
)
from conformance.plan import Plan
from conformance.properties.tally import generated
from conformance.report.wording import plural
from conformance.runner.basis import NO_CERTIFICATION, UNSERVED, Basis
from conformance.runner.context import RunContext
from conformance.runner.options import Options
from conformance.runner.selection import FEATURES

READ_ONLY = (
    "Read-only mode: what exists on the target was read, and nothing was written. "
    "So most requirements could not be tested, and such a run is never conformant"
)
_SHOWN = 3
_ALWAYS = frozenset({"CMF-ERR-ANSWER", "CMF-ERR-SERVER", "CMF-ERR-STATUS"})
"""What every document speaks of: when nothing was seen of it, nothing was tested."""


@dataclass(frozen=True)
class Conclusion:
    """Everything that the report of a run is made of."""

    target: Target
    options: Options
    context: RunContext
    plan: Plan
    run_id: str
    started: str
    lacking: frozenset[str]
    """The features that the target does not have."""
    observed: Mapping[str, str]
    """What the target has said of itself."""
    created: Sequence[Resource]
    left: Sequence[Resource]
    problem: TargetError | None
    """Why the target could not be observed at all."""
    interrupted: bool
    judged: bool
    """Whether the contract's scenarios have ended as they should."""

    @property
    def finished(self) -> bool:
        """Whether the run did all that it set out to do."""
        return self.problem is None and not self.interrupted and self.judged

    def report(self) -> RunReport:
        """The report, after the gate has had its say."""
        results = self._results(self.context.selected)
        notes = list(self.context.notes)
        ended = None if self.finished else "; ".join(dict.fromkeys(notes))
        whole = self.options.shard is None and not self.context.reads_only
        verdicts = [result.verdict for result in results]
        outcome = verdict.of_run(verdicts, finished=self.finished, whole=whole)
        if self.context.reads_only and self.problem is None:
            notes.append(READ_ONLY)
        if self.left and outcome is RunVerdict.CONFORMANT:
            notes.append("Resources of this run were left behind on the target")
        if self._basis.spec is not None:
            notes.append(NO_CERTIFICATION)
        touched = {name for result in results for name in result.errata}
        errata = self._basis.catalogue.errata.items()
        report = RunReport(
            harness=self._harness(),
            run=self._run(ended),
            target={
                "url": self.target.url,
                "declared_features": asdict(self.target.features),
                "product": self.options.product,
                "observed_headers": dict(self.observed),
            },
            verdict=outcome,
            counts=verdict.counts(verdicts),
            requirements=results,
            coverage=replace(self.context.recorder.coverage(), generated=generated(self.context.tallies)),
            created=tuple(self.created),
            left_behind=tuple(self.left),
            notes=tuple(dict.fromkeys(notes)),
            errata=tuple(erratum for name, erratum in errata if name in touched),
        )
        if self.options.private:
            folders = self.options.private
            declared = [each for folder in folders for each in folder.requirements]
            report = replace(
                report,
                run=report.run | {"private": [folder.document() for folder in folders]},
                private=self._results(declared),
            )
        return self.options.gate.settle(report, finished=self.finished) if self.options.gate else report

    def part_done(self, report: RunReport) -> bool:
        """Whether this is one of several shards, and has judged all that it could."""
        unjudged = report.counts["not_tested"] + report.counts["error"]
        return self.options.shard is not None and self.finished and not unjudged

    @property
    def _basis(self) -> Basis:
        return self.context.basis

    def _harness(self) -> dict[str, Any]:
        known, spec = self._basis.catalogue, self._basis.spec
        name = known.version if spec is None else f"{spec['title']} {spec['version']}".strip()
        return {
            "name": "cmf-conformance",
            "version": __version__,
            "contract": name or str(spec and spec["origin"]),
            "catalogue": known.number,
            "contract_sha256": known.contract_sha256,
            "catalogue_sha256": known.catalogue_sha256,
            "python": platform.python_version(),
            "dependencies": {
                name: version(name) for name in ("schemathesis", "hypothesis", "httpcore", "pytest")
            },
        }

    def _run(self, ended: str | None) -> dict[str, Any]:
        options, spec = self.options, self._basis.spec
        return {
            "id": self.run_id,
            "seed": self.context.seed,
            "effort": options.effort.value,
            "started": self.started,
            "finished": now(),
            "profile": options.selection.profile,
            "selection": _selection(options.selection),
            "mode": options.mode.value,
            "strict": options.strict,
            "shard": None if options.shard is None else str(options.shard),
            "scenarios": self.plan.document(),
            "ended": ended,
            "limits": asdict(self.target.limits),
            "argv_redacted": list(options.argv),
            "interrupted": self.interrupted,
            **({"spec": dict(spec)} if spec is not None else {}),
        }

    def _results(self, requirements: Iterable[Requirement]) -> tuple[RequirementResult, ...]:
        whole = self.options.shard is None
        return tuple(self._result(each) for each in requirements if whole or self._observed(each))

    def _observed(self, requirement: Requirement) -> bool:
        """Whether this run has something to say of a requirement; of another, other shards may have."""
        lacking = not self.lacking.isdisjoint(requirement.features)
        return self.problem is not None or lacking or bool(self.context.recorder.results_of(requirement.id))

    def _result(self, requirement: Requirement) -> RequirementResult:
        errata = self._basis.catalogue.errata_of(requirement.id)
        lacking = (FEATURES[feature] for feature in requirement.features if feature in self.lacking)
        if reason := next(lacking, "") or self._inapplicable(requirement):
            return RequirementResult(requirement, Verdict.NOT_APPLICABLE, reason, (), errata)
        checks = self._checks(requirement)
        outcome, reason = verdict.of_requirement(requirement, checks)
        return RequirementResult(requirement, outcome, reason, checks, errata)

    def _checks(self, requirement: Requirement) -> tuple[CheckResult, ...]:
        """What was seen of a requirement, or else why nothing was."""
        recorder = self.context.recorder
        if self.problem is not None:
            # What little was seen was not seen of a CMF server.
            return (CheckResult(requirement.id, "preflight", Verdict.ERROR, str(self.problem)),)
        checks = recorder.results_of(requirement.id)
        if lost := recorder.not_reached(requirement.id):
            ended = next(iter(self.context.notes), "the run has ended")
            told = f"{ended}, before {plural(len(lost), 'scenario')} about it: {', '.join(lost[:_SHOWN])}"
            told += ", …" if len(lost) > _SHOWN else ""
            return (*checks, CheckResult(requirement.id, "not reached", Verdict.NOT_TESTED, told))
        if checks:
            return checks
        if why := recorder.unwritten(requirement.id):
            return (CheckResult(requirement.id, "needs writing", Verdict.NOT_TESTED, why),)
        if self.context.notes:
            return (CheckResult(requirement.id, "not reached", Verdict.NOT_TESTED, self.context.notes[0]),)
        return ()

    def _inapplicable(self, requirement: Requirement) -> str:
        """Why a requirement says nothing about the document that the run is judged by; empty when it may."""
        if self._basis.spec is None:
            return ""
        if reason := self._basis.inapplicable.get(requirement.id):
            return reason
        unseen = not self.context.notes and not self.context.recorder.results_of(requirement.id)
        return UNSERVED if unseen and requirement.id not in _ALWAYS else ""


def _selection(selection: Selection) -> dict[str, Any]:
    return {key: list(value) for key, value in asdict(selection).items() if key != "profile" and value}


def now() -> str:
    """The present, as reports have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
