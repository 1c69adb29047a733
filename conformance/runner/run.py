"""One run from beginning to end, with no step going back.

contract + target -> preflight -> selection -> scenarios and property tests -> clean-up -> verdicts -> report.json.
"""

from __future__ import annotations

import os
import platform
import secrets
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pytest
from rich.console import Console

from conformance import __version__, resources, verdict
from conformance.canary import Canaries
from conformance.config import Effort, Mode, Selection, Target
from conformance.contract.judgement import UNIVERSAL, Judge
from conformance.contract.openapi import Contract
from conformance.errors import HarnessError, ReportError, TargetError
from conformance.expectations import patience
from conformance.model import (
    CheckResult,
    Exchange,
    HttpResponse,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    RunVerdict,
    Verdict,
)
from conformance.plan import Plan
from conformance.properties.tally import generated
from conformance.registry import Catalogue, catalogue
from conformance.report import document
from conformance.report.render import render_all
from conformance.runner.context import RunContext, ended
from conformance.runner.folder import report_folder
from conformance.runner.plugin import ConformancePlugin, Part
from conformance.runner.preflight import preflight
from conformance.runner.progress import Display
from conformance.runner.recorder import Recorder
from conformance.runner.selection import FEATURES, Choice, absent
from conformance.runner.surroundings import own_pytest, terminable, undisturbed
from conformance.target import headers
from conformance.target.address import Address
from conformance.target.auth import Credentials, ssl_context
from conformance.target.cleanup import clean_up
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, Wire

_RUN_ID_LENGTH = 8
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class Settling(Protocol):
    """What a report goes through before it is written."""

    def settle(self, report: RunReport, *, finished: bool) -> RunReport:
        """The report as it is to be written; ``finished`` is False when the run ended early."""


class Recorded(Protocol):
    """What was recorded of an earlier run, in place of its target."""

    run_id: str
    credentials: Credentials
    redact: Callable[[Exchange], Exchange]

    def call(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], content: bytes, *, fresh: bool
    ) -> HttpResponse:
        """The answer that was given to this request."""

    def close(self) -> None:
        """Let go of what is held."""


@dataclass(frozen=True)
class Options:
    """How a run is made, apart from its target."""

    selection: Selection = field(default_factory=Selection)
    report_dir: Path | None = None
    seed: int | None = None
    effort: Effort = Effort.STANDARD
    strict: bool = False
    quiet: bool = False
    argv: tuple[str, ...] = ()
    product: str | None = None
    """What the target is, when that is known."""
    shard: Part | None = None
    """The part of the scenarios that this run takes; all of them when there is none."""
    gate: Settling | None = None
    """What else than the contract decides the exit code; it leaves its word in ``run.gate``."""
    recorded: Recorded | None = None
    """An earlier run that is played back: nothing is sent, and its id is used again."""


@dataclass(frozen=True)
class Outcome:
    """What is left of a run: the report, where it lies, and the exit code."""

    report: RunReport
    folder: Path
    exit_code: int
    problem: TargetError | None = None
    """Why the target could not be observed at all."""


def execute(target: Target, options: Options, console: Console) -> Outcome:
    """Run everything that is selected against a target and write the report.

    Raises ``UsageError`` before anything is sent when the selection or the report folder can't be used, and
    ``HarnessError`` when the report can't be written afterwards.
    """
    known = catalogue()
    selected = known.select(options.selection)
    recorded = options.recorded
    credentials = recorded.credentials if recorded else _must_be_usable(target)
    run_id = (
        recorded.run_id if recorded else "".join(secrets.choice(_ALPHABET) for _ in range(_RUN_ID_LENGTH))
    )
    run = _Run(
        target,
        options,
        credentials=credentials,
        known=known,
        selected=selected,
        run_id=run_id,
        seed=options.seed if options.seed is not None else secrets.randbelow(2**32),
        folder=report_folder(options.report_dir, run_id),
        console=console,
    )
    return run.execute()


def _must_be_usable(target: Target) -> Credentials:
    """The credentials of the run.

    Raises ``ConfigurationError`` before anything is written: an earlier report must survive a typing error.
    """
    Address(target.url)
    headers.read(target.auth.headers, os.environ)
    ssl_context(target.auth)
    return Credentials(target.auth, limits=target.limits)


class _Run:
    def __init__(
        self,
        target: Target,
        options: Options,
        *,
        credentials: Credentials,
        known: Catalogue,
        selected: tuple[Requirement, ...],
        run_id: str,
        seed: int,
        folder: Path,
        console: Console,
    ) -> None:
        self.target = target
        self.options = options
        self.catalogue = known
        self.selected = selected
        self.run_id = run_id
        self.seed = seed
        self.folder = folder
        self.lacking = absent(target.features, token=credentials.configured)
        self.started = _now()
        self.contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")
        self.recorder = Recorder(known, self.contract, Judge(self.contract, known, strict=options.strict))
        self.ownership = Ownership(run_id)
        self.ledger = Ledger.create(folder / "ledger.ndjson", run_id=run_id, target_url=target.url)
        self.evidence = EvidenceLog(folder / "evidence.ndjson")
        self.wire = Wire(
            target,
            ownership=self.ownership,
            ledger=self.ledger,
            evidence=self.evidence,
            mode=Mode.CERTIFICATION,
            credentials=credentials,
            connections=options.recorded,
            identify=self._identify,
            on_exchange=self.recorder.observe,
        )
        if options.recorded is not None:
            options.recorded.redact = self.wire.redact.exchange
        names = frozenset(requirement.id for requirement in selected)
        self.display = Display(
            console, known, names, quiet=options.quiet, seconds_left=lambda: self.wire.budget.seconds_left
        )
        self.recorder.on_result = self.display.result
        self.recorder.canaries = Canaries(self.wire.redact, run_id)
        self.context = RunContext(
            catalogue=known,
            contract=self.contract,
            selected=selected,
            recorder=self.recorder,
            wire=self.wire,
            features=target.features,
            limits=target.limits,
            prefix=self.ownership.prefix,
            seed=seed,
            effort=options.effort,
            canaries=self.recorder.canaries,
        )
        self.observed: Mapping[str, str] = {}
        self.plan = Plan()
        self.interrupted = False
        self.finished = False

    def _identify(self, method: str, path: str) -> str | None:
        operation = self.contract.identify(method, path)
        return operation.id if operation else None

    def execute(self) -> Outcome:
        problem: TargetError | None = None
        left: tuple[Resource, ...] = ()
        with self.display, terminable():
            self.display.say(
                f"target {self.target.url}, contract {self.catalogue.version}, profile {self.options.selection.profile}, "
                f"{len(self.selected)} requirements, effort {self.options.effort}, seed {self.seed}, run {self.run_id}"
            )
            try:
                self.observed = preflight(self.wire, self.target.url)
                self._scenarios()
            except TargetError as error:
                problem = error
                self.context.notes.append(str(error))
            except BudgetSpent as spent:
                self.context.notes.append(ended(spent))
            except KeyboardInterrupt:
                self.interrupted = True
            if self.interrupted:
                self.context.notes.append("The run was interrupted")
            left = self._clean_up()
            with undisturbed():
                report = self._report(left, problem)
                self._write(report)
        closed = bool(report.run.get("gate", {}).get("closed_by"))
        code = verdict.exit_code(
            report.verdict, interrupted=self.interrupted, closed=closed, part_done=self._part_done(report)
        )
        return Outcome(report, self.folder, code, problem)

    def _write(self, report: RunReport) -> None:
        self.wire.close()
        self.ledger.close()
        try:
            self.evidence.close()
            document.write(report, self.folder / "report.json")
            render_all(self.folder / "report.json")
        except (ReportError, OSError) as problem:
            # Unlike a folder that could not be written from the start, this is no wrong usage: much was sent.
            hint = problem.hint if isinstance(problem, ReportError) else ""
            raise HarnessError(f"The report could not be written: {problem.args[0]}", hint) from problem

    def _scenarios(self) -> None:
        profile = self.catalogue.select(Selection(profile=self.options.selection.profile))
        choice = Choice.of(self.selected, profile, UNIVERSAL, self.lacking, self.options.selection.operations)
        plugin = ConformancePlugin(self.context, choice, self.display, self.plan, self.options.shard)
        with own_pytest(), warnings.catch_warnings(), patience():
            status = pytest.main(
                [
                    str(resources.scenarios_folder()),
                    "-c",
                    os.devnull,
                    f"--rootdir={resources.scenarios_folder()}",
                    "--import-mode=importlib",
                    "--strict-markers",
                    "--capture=no",  # failures are shown as they happen
                    "-p",
                    "no:cacheprovider",
                    "-p",
                    "no:terminal",
                    "-p",
                    "no:faulthandler",
                    "-p",
                    "allure_pytest.plugin",
                    "-p",
                    "conformance.runner.fixtures",
                    f"--alluredir={self.folder / 'allure-results'}",
                    "--clean-alluredir",
                ],
                plugins=[plugin],
            )
        if status in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
            self.context.notes.append("The harness failed: its scenarios could not be run")
        self.interrupted = plugin.interrupted

    def _clean_up(self) -> tuple[Resource, ...]:
        try:
            self.display.area_done()
            self.display.say("cleaning up")
            return clean_up(self.wire, self.ledger, settle=self.target.limits.settle)
        except KeyboardInterrupt:
            self.interrupted = True
            self.context.notes.append("Clean-up was interrupted")
            return self.ledger.open

    def _report(self, left: tuple[Resource, ...], problem: TargetError | None) -> RunReport:
        shard = self.options.shard
        observed = [each for each in self.selected if shard is None or self._observed(each, problem)]
        results = tuple(self._result(requirement, problem) for requirement in observed)
        verdicts = [result.verdict for result in results]
        finished = problem is None and not self.interrupted and not self.context.notes
        ended = None if finished else "; ".join(dict.fromkeys(self.context.notes))
        outcome = verdict.of_run(verdicts, finished=finished, whole=shard is None)
        self.finished = finished
        if left and outcome is RunVerdict.CONFORMANT:
            self.context.notes.append("Resources of this run were left behind on the target")
        touched = {name for result in results for name in result.errata}
        report = RunReport(
            harness={
                "name": "cmf-conformance",
                "version": __version__,
                "contract": self.catalogue.version,
                "catalogue": self.catalogue.number,
                "contract_sha256": self.catalogue.contract_sha256,
                "catalogue_sha256": self.catalogue.catalogue_sha256,
                "python": platform.python_version(),
                "dependencies": {
                    name: version(name) for name in ("schemathesis", "hypothesis", "httpcore", "pytest")
                },
            },
            run={
                "id": self.run_id,
                "seed": self.seed,
                "effort": self.options.effort.value,
                "started": self.started,
                "finished": _now(),
                "profile": self.options.selection.profile,
                "selection": _selection(self.options.selection),
                "mode": Mode.CERTIFICATION.value,
                "strict": self.options.strict,
                "shard": None if shard is None else str(shard),
                "scenarios": self.plan.document(),
                "ended": ended,
                "limits": asdict(self.target.limits),
                "argv_redacted": list(self.options.argv),
                "interrupted": self.interrupted,
            },
            target={
                "url": self.target.url,
                "declared_features": asdict(self.target.features),
                "product": self.options.product,
                "observed_headers": dict(self.observed),
            },
            verdict=outcome,
            counts=verdict.counts(verdicts),
            requirements=results,
            coverage=replace(self.recorder.coverage(), generated=generated(self.context.tallies)),
            created=self.ledger.created,
            left_behind=left,
            notes=tuple(dict.fromkeys(self.context.notes)),
            errata=tuple(erratum for name, erratum in self.catalogue.errata.items() if name in touched),
        )
        return self.options.gate.settle(report, finished=finished) if self.options.gate else report

    def _observed(self, requirement: Requirement, problem: TargetError | None) -> bool:
        """Whether this run has something to say of a requirement; of another, other shards may have."""
        lacking = not self.lacking.isdisjoint(requirement.features)
        return problem is not None or lacking or bool(self.recorder.results_of(requirement.id))

    def _part_done(self, report: RunReport) -> bool:
        unjudged = report.counts["not_tested"] + report.counts["error"]
        return self.options.shard is not None and self.finished and not unjudged

    def _result(self, requirement: Requirement, problem: TargetError | None) -> RequirementResult:
        errata = self.catalogue.errata_of(requirement.id)
        for feature in requirement.features:
            if feature in self.lacking:
                return RequirementResult(requirement, Verdict.NOT_APPLICABLE, FEATURES[feature], (), errata)
        checks = self.recorder.results_of(requirement.id)
        if problem is not None:
            # What little was seen was not seen of a CMF server.
            checks = (CheckResult(requirement.id, "preflight", Verdict.ERROR, str(problem)),)
        elif not checks and self.context.notes:
            checks = (CheckResult(requirement.id, "not reached", Verdict.NOT_TESTED, self.context.notes[0]),)
        outcome, reason = verdict.of_requirement(requirement, checks)
        return RequirementResult(requirement, outcome, reason, checks, errata)


def _selection(selection: Selection) -> dict[str, Any]:
    return {key: list(value) for key, value in asdict(selection).items() if key != "profile" and value}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
