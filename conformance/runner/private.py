"""Private scenarios: sessions of pytest beside the one that judges the contract, one for each folder.

They are looked at before anything is sent, and run after the contract's scenarios.  What they exchange with the
target says nothing of the contract.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from conformance.errors import ConfigurationError
from conformance.plan import Plan
from conformance.private import FILE, Folder
from conformance.runner.context import RunContext
from conformance.runner.plugin import (
    ConformancePlugin,
    Listener,
    Part,
    declare_markers,
    declared_by,
    needed_by,
)
from conformance.runner.sessions import arguments, own_modules
from conformance.runner.surroundings import own_pytest

_HINT = "docs/private-scenarios.md"


def look(folders: Sequence[Folder]) -> None:
    """Collect every folder; raises ``ConfigurationError`` when one can't be run as it is."""
    for folder in folders:
        inspector = _Inspector(folder)
        with own_pytest(), warnings.catch_warnings(), own_modules(folder.path):
            status = pytest.main([*arguments(folder.path), "--collect-only"], plugins=[inspector])
        if inspector.problems:
            raise ConfigurationError(inspector.problems[0], _HINT)
        if status not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            raise ConfigurationError(f"The scenarios in {folder.path} can't be collected", _HINT)
        if idle := [each.id for each in folder.requirements if each.id not in inspector.declared]:
            raise ConfigurationError(
                f"No scenario in {folder.path} checks {idle[0]}, which {FILE} declares", _HINT
            )


class _Inspector:
    """Hooks that look at what was collected and run nothing."""

    def __init__(self, folder: Folder) -> None:
        self.problems: list[str] = []
        self.declared: Counter[str] = Counter()
        self._folder = folder

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the markers known."""
        declare_markers(config)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that can't be read."""
        if report.failed:
            lines = [
                line.removeprefix("E ").strip() for line in report.longreprtext.splitlines() if line.strip()
            ]
            why = next(
                (line for line in reversed(lines) if not line.startswith(("/", "!", "="))), "no reason given"
            )
            self.problems.append(f"{self._folder.path / report.nodeid} can't be read: {why}")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Scenarios that check nothing, or what is not declared."""
        known = {requirement.id for requirement in self._folder.requirements}
        for item in items:
            where = self._folder.path / item.nodeid
            declared = declared_by(item)
            self.declared.update(declared)
            if not declared:
                self.problems.append(f'{where} has no @requirement("..."), so no report could tell of it')
            for name in declared:
                if name not in known:
                    self.problems.append(
                        f"{where} checks {name}, which {self._folder.path / FILE} does not declare"
                    )


class PrivatePlugin(ConformancePlugin):
    """Hooks of the session of one folder."""

    def __init__(
        self,
        context: RunContext,
        folder: Folder,
        lacking: frozenset[str],
        listener: Listener,
        plan: Plan,
        part: Part | None = None,
    ) -> None:
        """``lacking`` are the features that the target declares absent."""
        super().__init__(context, None, listener, plan, part)
        self._folder = folder
        self._lacking = lacking

    def name(self, item: pytest.Item) -> str:
        """The scenario as reports and plans call it."""
        return f"private/{self._folder.name}/{item.nodeid}"

    def wants(self, item: pytest.Item, declared: tuple[str, ...]) -> bool:  # noqa: ARG002 - all that it can do
        """Whether a scenario is to run."""
        return self._lacking.isdisjoint(needed_by(item))


def run(folder: Path, plugin: PrivatePlugin, more: Iterable[str]) -> bool:
    """Run the scenarios of a folder; False when pytest itself failed."""
    with own_modules(folder):
        status = pytest.main([*arguments(folder), *more], plugins=[plugin])
    return status not in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}
