"""One run from beginning to end, with no step going back.

contract + target -> preflight -> selection -> scenarios and property tests -> clean-up -> verdicts -> report.json.
"""

from __future__ import annotations

import os
import platform
import secrets
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
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
from conformance.errors import HarnessError, ReportError, TargetError
from conformance.expectations import patience
from conformance.model import (
    CheckResult,
    Exchange,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    RunVerdict,
    Verdict,
)
from conformance.plan import Plan
from conformance.private import Folder
from conformance.properties.tally import generated
from conformance.report import document
from conformance.report.render import render_all
from conformance.runner import private
from conformance.runner.basis import NO_CERTIFICATION, UNSERVED, Basis, of_contract
from conformance.runner.context import RunContext, ended
from conformance.runner.folder import report_folder
from conformance.runner.plugin import ConformancePlugin, Part
from conformance.runner.preflight import preflight, probe
from conformance.runner.private import PrivatePlugin
from conformance.runner.progress import Display
from conformance.runner.recorder import Recorder
from conformance.runner.selection import FEATURES, Choice, absent
from conformance.runner.sessions import arguments, own_modules
from conformance.runner.surroundings import own_pytest, terminable, undisturbed
from conformance.target import headers
from conformance.target.account import SharedAccount
from conformance.target.address import Address
from conformance.target.auth import Credentials, ssl_context
from conformance.target.cleanup import clean_up
from conformance.target.connection import Caller
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.layout import saved
from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, Wire

READ_ONLY = (
    "Read-only mode: what exists on the target was read, and nothing was written. "
    "So most requirements could not be tested, and such a run is never conformant"
)
SEQUENCES = "test_sequences.py"
_RUN_ID_LENGTH = 8
_ALWAYS = frozenset({"CMF-ERR-ANSWER", "CMF-ERR-SERVER", "CMF-ERR-STATUS"})
"""What every document speaks of: when nothing was seen of it, nothing was tested."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


class Settling(Protocol):
    """What a report goes through before it is written."""

    def settle(self, report: RunReport, *, finished: bool) -> RunReport:
        """The report as it is to be written; ``finished`` is False when the run ended early."""


class Recorded(Caller, Protocol):
    """What was recorded of an earlier run, in place of its target."""

    run_id: str
    credentials: Credentials
    redact: Callable[[Exchange], Exchange]


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
    mode: Mode = Mode.CERTIFICATION
    sequences: bool = True
    """Whether sequences of requests are walked (``scenarios/test_sequences.py``)."""
    gate: Settling | None = None
    """What else than the contract decides the exit code; it leaves its word in ``run.gate``."""
    private: tuple[Folder, ...] = ()
    """The private scenarios to run after those of the contract."""
    account: Path | None = None
    """The file in which the limits are drawn on together with the other workers of this run."""
    basis: Basis | None = None
    """What the run is judged by; the contract when there is none."""
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
    basis = options.basis or of_contract()
    selected = basis.catalogue.select(options.selection)
    probe(basis.contract)
    recorded = options.recorded
    credentials = recorded.credentials if recorded else must_be_usable(target)
    private.look(options.private)
    run_id = recorded.run_id if recorded else new_run_id()
    run = _Run(
        target,
        options,
        credentials=credentials,
        basis=basis,
        selected=selected,
        run_id=run_id,
        seed=options.seed if options.seed is not None else secrets.randbelow(2**32),
        folder=report_folder(options.report_dir, run_id),
        console=console,
    )
    return run.execute()


def new_run_id() -> str:
    """An id that no other run has."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RUN_ID_LENGTH))


def must_be_usable(target: Target) -> Credentials:
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
        basis: Basis,
        selected: tuple[Requirement, ...],
        run_id: str,
        seed: int,
        folder: Path,
        console: Console,
    ) -> None:
        self.target = target
        self.options = options
        self.basis = basis
        self.catalogue = known = basis.catalogue
        self.selected = selected
        self.run_id = run_id
        self.seed = seed
        self.folder = folder
        self.lacking = absent(target.features, token=credentials.configured)
        self.started = _now()
        self.contract = basis.contract
        everything = known.extended(each for folder in options.private for each in folder.requirements)
        judge = Judge(self.contract, known, strict=options.strict)
        self.recorder = Recorder(everything, self.contract, judge)
        self.ownership = Ownership(run_id, layout=basis.layout)
        self.ledger = Ledger.create(
            folder / "ledger.ndjson", run_id=run_id, target_url=target.url, layout=saved(basis.layout)
        )
        self.evidence = EvidenceLog(folder / "evidence.ndjson")
        self.wire = Wire(
            target,
            ownership=self.ownership,
            ledger=self.ledger,
            evidence=self.evidence,
            mode=options.mode,
            credentials=credentials,
            connections=options.recorded,
            identify=self._identify,
            on_exchange=self.recorder.observe,
            account=SharedAccount(options.account) if options.account else None,
        )
        names = frozenset(
            [each.id for each in selected]
            + [each.id for folder in options.private for each in folder.requirements]
        )
        if options.recorded is not None:
            options.recorded.redact = self.wire.redact.exchange
        self.display = Display(
            console,
            everything,
            names,
            quiet=options.quiet,
            seconds_left=lambda: self.wire.budget.seconds_left,
            report_dir=folder,
        )
        self.recorder.on_result = self.display.result
        canaries = Canaries(self.wire.redact, run_id)
        if options.mode is not Mode.READ_ONLY:  # what is not planted can't be shown
            self.recorder.canaries = canaries
        self.context = RunContext(
            catalogue=everything,
            contract=self.contract,
            selected=selected,
            recorder=self.recorder,
            wire=self.wire,
            features=target.features,
            limits=target.limits,
            prefix=self.ownership.prefix,
            seed=seed,
            effort=options.effort,
            canaries=canaries,
            basis=basis,
        )
        self.observed: Mapping[str, str] = {}
        self.plan = Plan()
        self.interrupted = False
        self.finished = False
        self.judged = False
        """Whether the contract's scenarios have ended as they should."""

    def _identify(self, method: str, path: str) -> str | None:
        operation = self.contract.identify(method, path)
        return operation.id if operation else None

    def execute(self) -> Outcome:
        problem: TargetError | None = None
        left: tuple[Resource, ...] = ()
        with self.display, terminable():
            try:
                self.display.say(self._title())
                self.observed = preflight(self.wire, self.target.url, self.contract)
                self._scenarios()
                self.judged = not self.context.notes and not self.interrupted
                self._private_scenarios()
            except TargetError as error:
                problem = error
                self.context.notes.append(str(error))
            except BudgetSpent as spent:
                self.context.notes.append(ended(spent))
            except KeyboardInterrupt:
                self.interrupted = True
            if self.interrupted:
                self.context.notes.append("The run was interrupted")
            with self.recorder.aside() if self.options.private else nullcontext():
                left = self._clean_up()
            with undisturbed():
                report = self._report(left, problem)
                self._write(report)
        closed = bool(report.run.get("gate", {}).get("closed_by"))
        code = verdict.exit_code(
            report.verdict,
            interrupted=self.interrupted,
            closed=closed,
            part_done=self._part_done(report),
            private=[result.verdict for result in report.private],
        )
        return Outcome(report, self.folder, code, problem)

    def _title(self) -> str:
        return (
            f"target {self.target.url}, contract {self.catalogue.version}, "
            f"profile {self.options.selection.profile}, {len(self.selected)} requirements, "
            f"effort {self.options.effort}, seed {self.seed}, run {self.run_id}"
        )

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
        folder = resources.scenarios_folder()
        without = [] if self.basis.spec else [f"--ignore={folder / 'test_described.py'}"]
        without += [] if self.options.sequences else [f"--ignore={folder / SEQUENCES}"]
        with own_pytest(), warnings.catch_warnings(), patience(), own_modules(folder):
            status = pytest.main(
                [*arguments(folder), *without, *self._allure(), "--clean-alluredir"],
                plugins=[plugin],
            )
        if status in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
            self.context.notes.append("The harness failed: its scenarios could not be run")
        self.interrupted = plugin.interrupted

    def _allure(self) -> tuple[str, ...]:
        return "-p", "allure_pytest.plugin", f"--alluredir={self.folder / 'allure-results'}"

    def _private_scenarios(self) -> None:
        for folder in self.options.private:
            if self.context.notes or self.interrupted:
                return
            plugin = PrivatePlugin(
                self.context, folder, self.lacking, self.display, self.plan, self.options.shard
            )
            with own_pytest(), warnings.catch_warnings(), patience(), self.recorder.aside():
                if not private.run(folder.path, plugin, self._allure()):
                    self.context.notes.append(f"The scenarios in {folder.path} could not be run")
            self.interrupted = plugin.interrupted

    def _clean_up(self) -> tuple[Resource, ...]:
        if self.context.reads_only:
            return ()
        try:
            self.display.area_done()
            self.display.say("cleaning up")
            return clean_up(
                self.wire, self.ledger, settle=self.target.limits.settle, waiting=self.display.say
            )
        except KeyboardInterrupt:
            self.interrupted = True
            self.context.notes.append("Clean-up was interrupted")
            return self.ledger.open

    def _report(self, left: tuple[Resource, ...], problem: TargetError | None) -> RunReport:
        shard = self.options.shard
        observed = [each for each in self.selected if shard is None or self._observed(each, problem)]
        results = tuple(self._result(requirement, problem) for requirement in observed)
        verdicts = [result.verdict for result in results]
        finished = problem is None and not self.interrupted and self.judged
        ended = None if finished else "; ".join(dict.fromkeys(self.context.notes))
        whole = shard is None and not self.context.reads_only
        outcome = verdict.of_run(verdicts, finished=finished, whole=whole)
        self.finished = finished
        if self.context.reads_only and problem is None:
            self.context.notes.append(READ_ONLY)
        if left and outcome is RunVerdict.CONFORMANT:
            self.context.notes.append("Resources of this run were left behind on the target")
        if self.basis.spec is not None:
            self.context.notes.append(NO_CERTIFICATION)
        touched = {name for result in results for name in result.errata}
        report = RunReport(
            harness={
                "name": "cmf-conformance",
                "version": __version__,
                "contract": self._contract_name(),
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
                "mode": self.options.mode.value,
                "strict": self.options.strict,
                "shard": None if shard is None else str(shard),
                "scenarios": self.plan.document(),
                "ended": ended,
                "limits": asdict(self.target.limits),
                "argv_redacted": list(self.options.argv),
                "interrupted": self.interrupted,
                **({"spec": dict(self.basis.spec)} if self.basis.spec is not None else {}),
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
        if self.options.private:
            report = replace(
                report,
                run=report.run | {"private": [folder.document() for folder in self.options.private]},
                private=self._private_results(problem),
            )
        return self.options.gate.settle(report, finished=finished) if self.options.gate else report

    def _private_results(self, problem: TargetError | None) -> tuple[RequirementResult, ...]:
        declared = [each for folder in self.options.private for each in folder.requirements]
        whole = self.options.shard is None
        return tuple(
            self._result(each, problem) for each in declared if whole or self._observed(each, problem)
        )

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
        if reason := self._inapplicable(requirement):
            return RequirementResult(requirement, Verdict.NOT_APPLICABLE, reason, (), errata)
        checks = self.recorder.results_of(requirement.id)
        if problem is not None:
            # What little was seen was not seen of a CMF server.
            checks = (CheckResult(requirement.id, "preflight", Verdict.ERROR, str(problem)),)
        elif not checks and (why := self.recorder.unwritten(requirement.id)):
            checks = (CheckResult(requirement.id, "needs writing", Verdict.NOT_TESTED, why),)
        elif not checks and self.context.notes:
            checks = (CheckResult(requirement.id, "not reached", Verdict.NOT_TESTED, self.context.notes[0]),)
        outcome, reason = verdict.of_requirement(requirement, checks)
        return RequirementResult(requirement, outcome, reason, checks, errata)

    def _contract_name(self) -> str:
        spec = self.basis.spec
        if spec is None:
            return self.catalogue.version
        return f"{spec['title']} {spec['version']}".strip() or str(spec["origin"])

    def _inapplicable(self, requirement: Requirement) -> str:
        """Why a requirement says nothing about the document that the run is judged by; empty when it may."""
        if self.basis.spec is None:
            return ""
        if reason := self.basis.inapplicable.get(requirement.id):
            return reason
        unseen = not self.context.notes and not self.recorder.results_of(requirement.id)
        return UNSERVED if unseen and requirement.id not in _ALWAYS else ""


def _selection(selection: Selection) -> dict[str, Any]:
    return {key: list(value) for key, value in asdict(selection).items() if key != "profile" and value}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
