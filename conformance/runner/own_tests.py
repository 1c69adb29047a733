"""A pytest session of the user's own, with the fixtures of scenarios: guarded, entered in a ledger, cleaned up.

The target is spoken to when the first test asks for it, and not before.  A check that fails fails its test, when
the test has ended; no verdict on the contract is drawn from any of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import private, resources, settings
from conformance.canary import Canaries
from conformance.config import Effort, Limits, Target
from conformance.contract.judgement import Judge
from conformance.contract.openapi import Contract
from conformance.errors import HarnessError, TargetError
from conformance.model import CheckResult, Requirement, Resource, Verdict
from conformance.registry import Catalogue, catalogue
from conformance.report.selection import decisive
from conformance.report.text import failure_block
from conformance.report.wording import plural
from conformance.runner import fixtures
from conformance.runner.context import RunContext
from conformance.runner.folder import report_folder
from conformance.runner.lost import TargetLost
from conformance.runner.plugin import CONTEXT, declared_by, needed_by
from conformance.runner.preflight import preflight
from conformance.runner.recorder import Recorder
from conformance.runner.run import must_be_usable, new_run_id
from conformance.runner.selection import FEATURES, absent
from conformance.runner.surroundings import terminable
from conformance.target.cleanup import clean_up
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire

_MARK = pytest.StashKey[int]()
_UNREACHABLE = 3
"""The exit code of a session whose target can't be observed, as that of a run."""
_SHOWN = 20
_OUTPUT = "cmf_conformance"
"""What a worker of pytest-xdist hands to its controller."""


class BrokenShould(UserWarning):
    """A check of a SHOULD failed; its test passes all the same."""


def activate(config: pytest.Config) -> None:
    """Give the session its target and its fixtures; raises ``pytest.UsageError``."""
    option = config.getoption
    file = option("cmf_config")
    flags = {
        "url": option("cmf_url"),
        "token_file": option("cmf_token_file"),
        "token_command": option("cmf_token_command"),
    }
    try:
        target = settings.load(Path(file) if file else None, flags)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    if not target.url:
        raise pytest.UsageError(f"{file} names no url, and neither does --cmf-url or {settings.URL}")
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    if worker:
        target = replace(target, limits=_share(target.limits, int(worker["workercount"])))
    wanted = option("cmf_report_dir")
    folder = Path(wanted) / worker.get("workerid", "") if wanted else None
    tests = OwnTests(target, folder)
    config.stash[CONTEXT] = tests.context
    config.pluginmanager.register(tests, "cmf-conformance-tests")
    config.pluginmanager.register(fixtures, "cmf-conformance-fixtures")


def _share(limits: Limits, count: int) -> Limits:
    """What one of several workers may cost the target."""
    rate = limits.requests_per_second
    return replace(
        limits,
        total_requests=max(limits.total_requests // count, 1),
        requests_per_second=rate / count if rate else None,
    )


class OwnTests:
    """Hooks of the session, and its connection to the target."""

    def __init__(self, target: Target, folder: Path | None) -> None:
        self._target = target
        self._folder = folder
        self._known = catalogue()
        self._files: dict[Path, tuple[Requirement, ...]] = {}
        self._connection: _Connection | None = None
        self._summary: list[str] = []

    def context(self) -> RunContext:
        """What the fixtures rest on; connects when it is asked for the first time."""
        return self._connected().context

    def _connected(self) -> _Connection:
        if self._connection is None:
            try:
                self._connection = _Connection(self._target, self._folder, self._known)
                self._connection.begin()
            except TargetError as error:
                pytest.exit(str(error), returncode=_UNREACHABLE)
            except HarnessError as error:
                pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        return self._connection

    # -- collection --------------------------------------------------------------------------------

    def pytest_report_header(self) -> str:
        """Which server is tested."""
        return f"cmf-conformance: target {self._target.url}"

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Learn the requirements that tests check from the file nearest to each; refuse those that nobody knows."""
        for item in items:
            declared = declared_by(item)
            file = self._file_of(item, config.rootpath) if declared else None
            for name in declared:
                if name in catalogue().requirements:
                    continue
                mine = {each.id: each for each in self._files[file]} if file else {}
                if name not in mine:
                    nowhere = (
                        f"neither {file} nor the catalogue declares"
                        if file
                        else f"the catalogue does not declare, and there is no {private.FILE} beside it"
                    )
                    raise pytest.UsageError(f"{item.nodeid} checks {name}, which {nowhere}")
                if self._known.requirements.get(name, mine[name]) != mine[name]:
                    raise pytest.UsageError(f"{name} is declared twice, and once otherwise in {file}")
                self._known = self._known.extended([mine[name]])

    def _file_of(self, item: pytest.Item, root: Path) -> Path | None:
        for folder in item.path.parents:
            file = folder / private.FILE
            if file in self._files:
                return file
            if file.is_file():
                try:
                    self._files[file] = private.declared_in(file)
                except HarnessError as error:
                    raise pytest.UsageError(str(error)) from error
                return file
            if folder == root or not folder.is_relative_to(root):
                break
        return None

    # -- one test ----------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Skip a test that needs what the target declares absent; frame the others."""
        if needed := needed_by(item):
            lacking = absent(self._target.features, token=self._connected().configured)
            for name in sorted(needed & lacking):
                pytest.skip(FEATURES[name])
        item.stash[_MARK] = self._connection.recorder.enter(item.nodeid) if self._connection else 0
        return (yield from self._ending_with_the_target(item))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Run a test, and fail it when a check in it has failed or one that it declares was not made."""
        result = yield from self._ending_with_the_target(item)
        if self._connection is not None or declared_by(item):
            self._conclude(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Remove what the test created."""
        result = yield from self._ending_with_the_target(item)
        if self._connection is not None:
            self._connection.context.tidy()
        return result

    def _ending_with_the_target(self, item: pytest.Item) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except TargetLost as lost:
            item.session.shouldstop = str(lost)
            raise

    def _conclude(self, item: pytest.Item) -> None:
        results = self._connection.recorder.since(item.stash[_MARK]) if self._connection else []
        failed = [result for result in results if result.outcome is Verdict.FAIL]
        if failed:
            pytest.fail("\n\n".join(self._told(result) for result in failed), pytrace=False)
        for result in results:
            if result.outcome is Verdict.WARN:
                item.warn(BrokenShould(f"{result.requirement}: {result.name}: {result.message}"))
        seen = {result.requirement for result in results}
        if missing := [name for name in dict.fromkeys(declared_by(item)) if name not in seen]:
            pytest.fail(
                f"The test ended without checking {', '.join(missing)}, which it declares", pytrace=False
            )

    def _told(self, result: CheckResult) -> str:
        evidence = self._connected().evidence
        exchanges = {name: found for name in result.evidence if (found := evidence.get(name)) is not None}
        requirement = self._known.requirements[result.requirement]
        return failure_block(requirement, result, decisive(result, exchanges))

    # -- the end -----------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Clean up, also after Ctrl-C or a crash."""
        if self._connection is None:
            return
        self._summary += self._connection.end()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_OUTPUT] = self._summary

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist has ended."""
        self._summary += getattr(node, "workeroutput", {}).get(_OUTPUT, [])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was done to the target."""
        if self._summary:
            terminalreporter.ensure_newline()
            terminalreporter.section("cmf-conformance")
            for line in self._summary:
                terminalreporter.write_line(line)


class _Connection:
    """What one session has of the target."""

    def __init__(self, target: Target, folder: Path | None, known: Catalogue) -> None:
        credentials = must_be_usable(target)
        run_id = new_run_id()
        self._target = target
        self.configured = credentials.configured
        self.folder = report_folder(folder, run_id)
        contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")
        self.recorder = Recorder(known, contract, Judge(contract, known))
        ownership = Ownership(run_id)
        self._ledger = Ledger.create(self.folder / "ledger.ndjson", run_id=run_id, target_url=target.url)
        self.evidence = EvidenceLog(self.folder / "evidence.ndjson")

        def identify(method: str, path: str) -> str | None:
            operation = contract.identify(method, path)
            return operation.id if operation else None

        self._wire = Wire(
            target,
            ownership=ownership,
            ledger=self._ledger,
            evidence=self.evidence,
            credentials=credentials,
            identify=identify,
            on_exchange=self.recorder.observe,
        )
        self.recorder.canaries = Canaries(self._wire.redact, run_id)
        self.context = RunContext(
            catalogue=known,
            contract=contract,
            selected=(),
            recorder=self.recorder,
            wire=self._wire,
            features=target.features,
            limits=target.limits,
            prefix=ownership.prefix,
            seed=secrets.randbelow(2**32),
            effort=Effort.STANDARD,
            canaries=self.recorder.canaries,
        )
        self._until_the_end = ExitStack()

    def begin(self) -> None:
        """See that a CMF API answers; raises ``TargetError``."""
        self._until_the_end.enter_context(terminable())
        self._until_the_end.enter_context(self.recorder.aside())
        preflight(self._wire, self._target.url)

    def end(self) -> list[str]:
        """Clean up; returns what is to be said of the session."""
        left: tuple[Resource, ...]
        try:
            left = clean_up(self._wire, self._ledger, settle=self._target.limits.settle)
        except KeyboardInterrupt:
            left = self._ledger.open
        self._until_the_end.close()
        self._wire.close()
        self._ledger.close()
        self.evidence.close()
        said = (
            f"{plural(self._wire.budget.requests, 'request')} to {self._target.url}, "
            f"{plural(len(self._ledger.created), 'resource')} created, "
            f"{len(left) or 'nothing'} left behind; ledger and evidence in {self.folder}"
        )
        lines = [said, *(f"left behind: {resource.kind} {resource.path}" for resource in left[:_SHOWN])]
        if left:
            lines.append(f"finish with: cmf-conformance cleanup {self.folder / 'ledger.ndjson'}")
        return lines
