"""One run from beginning to end, with no step going back.

contract + target -> preflight -> selection -> scenarios and property tests -> clean-up -> verdicts -> report.json.
"""

from __future__ import annotations

import os
import secrets
import warnings
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
from rich.console import Console

from conformance import resources, verdict
from conformance.canary import Canaries
from conformance.config import Mode, Selection, Target
from conformance.contract.judgement import UNIVERSAL, Judge
from conformance.errors import HarnessError, ReportError, TargetError
from conformance.expectations import patience
from conformance.model import (
    Requirement,
    Resource,
    RunReport,
)
from conformance.plan import Plan
from conformance.report import document
from conformance.report.render import render_all
from conformance.runner import private
from conformance.runner.basis import Basis, of_contract
from conformance.runner.conclusion import Conclusion, now
from conformance.runner.context import RunContext, ended
from conformance.runner.folder import report_folder
from conformance.runner.options import Options, Outcome
from conformance.runner.plugin import ConformancePlugin
from conformance.runner.preflight import preflight, probe
from conformance.runner.private import PrivatePlugin
from conformance.runner.progress import Display
from conformance.runner.recorder import Recorder
from conformance.runner.selection import Choice, absent
from conformance.runner.sessions import arguments, own_modules
from conformance.runner.surroundings import own_pytest, terminable, undisturbed
from conformance.target import headers
from conformance.target.account import SharedAccount
from conformance.target.address import Address
from conformance.target.auth import Credentials, ssl_context
from conformance.target.cleanup import clean_up
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.layout import saved
from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, Wire

SEQUENCES = "test_sequences.py"
_RUN_ID_LENGTH = 8
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


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
        self.started = now()
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
                conclusion = self._conclude(left, problem)
                report = conclusion.report()
                self._write(report)
        closed = bool(report.run.get("gate", {}).get("closed_by"))
        code = verdict.exit_code(
            report.verdict,
            interrupted=self.interrupted,
            closed=closed,
            part_done=conclusion.part_done(report),
            private=[result.verdict for result in report.private],
        )
        return Outcome(report, self.folder, code, problem)

    def _conclude(self, left: tuple[Resource, ...], problem: TargetError | None) -> Conclusion:
        return Conclusion(
            self.target,
            self.options,
            self.context,
            self.plan,
            run_id=self.run_id,
            started=self.started,
            lacking=self.lacking,
            observed=self.observed,
            created=self.ledger.created,
            left=left,
            problem=problem,
            interrupted=self.interrupted,
            judged=self.judged,
        )

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
        walks = self.options.sequences and not self.context.reads_only
        without += [] if walks else [f"--ignore={folder / SEQUENCES}"]
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
