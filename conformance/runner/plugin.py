"""The pytest plugin of a run: which scenarios run, and what their outcomes say of the requirements.

A scenario declares the requirements it checks with ``@requirement("CMF-…")``.  Whatever ends it early,
each declared requirement gets a result: what was not reached is *not tested*, with the reason; what the
harness itself broke is an *error*.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pytest

from conformance.contract.judgement import UNIVERSAL
from conformance.contract.shape import OTHER
from conformance.expectations import Broken, NeedsWriting, Undescribed, Unmet
from conformance.kinds import Kind
from conformance.model import CheckResult, Verdict
from conformance.plan import Plan
from conformance.runner import allure_labels
from conformance.runner.context import RunContext
from conformance.runner.lost import LimitReached, TargetLost
from conformance.runner.markers import MARKERS
from conformance.runner.recorder import Recorder, UndeclaredRequirement
from conformance.runner.selection import FEATURES, Choice
from conformance.target.cmf import ROUTES

CONTEXT = pytest.StashKey[Callable[[], RunContext]]()
DESCRIBED = "described"
"""The parameter of scenarios that are made for operations of a document that is not the contract."""
_REQUIREMENTS = pytest.StashKey[tuple[str, ...]]()
_MARK = pytest.StashKey[int]()
_QUIET = {Verdict.PASS, Verdict.WAIVED, Verdict.WARN, Verdict.NOT_APPLICABLE}


class Listener(Protocol):
    """Who is told how the run proceeds."""

    def planned(self, total: int) -> None:
        """So many scenarios will run."""

    def began(self, area: str, scenario: str) -> None:
        """A scenario begins."""

    def ended(self, area: str, scenario: str) -> None:
        """A scenario has ended."""


class Part(Protocol):
    """One of several shares of a run."""

    def __str__(self) -> str:
        """Which it is, such as ``1/3``."""

    def of(self, scenarios: Iterable[str]) -> frozenset[str]:
        """Those of the scenarios that it takes."""


class ChecksFailed(AssertionError):
    """Raised at the end of a scenario in which a check failed, for reports of pytest's own."""


class Checks:
    """The ``check`` fixture: ``with check("CMF-…", "what is looked at"): …``."""

    def __init__(self, recorder: Recorder, declared: tuple[str, ...]) -> None:
        self._recorder = recorder
        self._declared = declared

    def __call__(self, requirement: str, name: str) -> AbstractContextManager[None]:
        """A block in which the requirement is observed."""
        self._known(requirement)
        return self._recorder.check(requirement, name)

    def nothing_to_judge(self, requirement: str, why: str) -> None:
        """Say that the target does not do what the requirement would bind, as the contract allows."""
        self._known(requirement)
        self._recorder.note(requirement, "nothing to judge", Verdict.PASS, why)

    def _known(self, requirement: str) -> None:
        if requirement not in self._declared:
            raise UndeclaredRequirement(f"{requirement} is checked but not declared by this scenario")


class ConformancePlugin:
    """Hooks of one run."""

    def __init__(
        self,
        context: RunContext,
        choice: Choice | None,
        listener: Listener,
        plan: Plan,
        part: Part | None = None,
    ) -> None:
        """Without a ``choice`` no scenario of the contract is wanted."""
        self._plan = plan
        self._part = part
        self._context = context
        self._choice = choice
        self._listener = listener
        self._left: dict[str, tuple[str, ...]] = {}
        """The scenarios that have not begun, and what they declare."""
        self.interrupted = False

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the context reachable for fixtures, and the markers known."""
        config.stash[CONTEXT] = lambda: self._context
        declare_markers(config)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A scenario module that can't be read is a defect of the harness, and ends the run."""
        if report.failed:
            reason = (report.longreprtext.strip().splitlines() or ["no reason was given"])[-1]
            self._context.notes.append(f"The harness failed: {report.nodeid} can't be collected: {reason}")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the scenarios that can say something about a selected requirement."""
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            item.stash[_REQUIREMENTS] = declared = declared_by(item)
            (kept if self.wants(item, declared) else dropped).append(item)
        planned = frozenset(map(self.name, kept))
        part = self._part.of(planned) if self._part else planned
        self._plan.add(planned, part)
        dropped += [item for item in kept if self.name(item) not in part]
        kept = [item for item in kept if self.name(item) in part]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        # Area by area, so that progress can be told of each.
        items[:] = sorted(kept, key=self._area)
        self._left = {self.name(item): item.stash[_REQUIREMENTS] for item in items}
        self._listener.planned(len(kept))

    def name(self, item: pytest.Item) -> str:
        """The scenario as reports and plans call it."""
        return item.nodeid

    def wants(self, item: pytest.Item, declared: tuple[str, ...]) -> bool:
        """Whether a scenario is to run."""
        known = self._context.catalogue.requirements
        areas = {known[name].area for name in declared if name in known}
        # What exists on a target is judged only where nothing can be created to be judged.
        fits = self._context.reads_only or not reads_what_exists(item)
        spoken = (*declared, OTHER) if is_described(item) else declared
        wanted = self._choice is not None and self._choice.wants(spoken, areas, needed_by(item), about(item))
        return wanted and fits and self._fits(item)

    def _fits(self, item: pytest.Item) -> bool:
        """Whether the document that the run is judged by has the operations that a scenario uses, as the contract does."""
        basis = self._context.basis
        if basis.spec is None or is_described(item):
            return True
        applicable = [name for name in item.stash[_REQUIREMENTS] if name not in basis.inapplicable]
        return bool(applicable) and about(item) <= basis.known

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Frame a scenario: everything recorded in between belongs to it."""
        area = self._area(item)
        self._left.pop(self.name(item), None)
        self._listener.began(area, item.name)
        began = time.monotonic()
        item.stash[_MARK] = self._context.recorder.enter(self.name(item))
        try:
            return (yield)
        finally:
            self._plan.seconds[self.name(item)] = time.monotonic() - began
            self._listener.ended(area, item.name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        """Prerequisites that can't be had leave the requirements untested."""
        declared = item.stash[_REQUIREMENTS]
        allure_labels.label(declared, self._context.catalogue)
        try:
            return (yield)
        except BaseException as defect:
            self._conclude(item, defect)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Run a scenario and see that each declared requirement has a result."""
        try:
            result = yield
        except BaseException as defect:
            self._conclude(item, defect)
            raise
        self._conclude(item, None)
        failed = [check for check in self._results(item) if check.outcome is Verdict.FAIL]
        if failed:
            raise ChecksFailed(
                "\n".join(f"{check.requirement}: {check.name}: {check.message}" for check in failed)
            )
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[None]:
        """Attach what was exchanged to the Allure result, and remove what the scenario created."""
        allure_labels.attach(self._results(item), self._context.wire)
        try:
            result = yield
            self._context.tidy()
        except BaseException as defect:
            self._conclude(item, defect)
            raise
        return result

    def _results(self, item: pytest.Item) -> list[CheckResult]:
        return self._context.recorder.since(item.stash[_MARK])

    def _area(self, item: pytest.Item) -> str:
        declared = item.stash[_REQUIREMENTS]
        return self._context.catalogue.requirements[declared[0]].area if declared else "other"

    def _conclude(self, item: pytest.Item, defect: BaseException | None) -> None:
        declared = item.stash[_REQUIREMENTS]
        results = [check for check in self._results(item) if check.requirement in declared]
        seen = {check.requirement for check in results}
        again = self._context.recorder.seen_again()
        missing = [name for name in declared if name not in seen and name not in again]
        if isinstance(defect, Undescribed):
            return
        if defect is not None and not missing and all(check.outcome in _QUIET for check in results):
            # It ended early, and nothing would show it: what it had still to look at may be any of them.
            missing = list(dict.fromkeys(declared))
        for requirement in missing:
            if isinstance(defect, NeedsWriting):
                self._context.recorder.needs_writing(
                    requirement, f"{item.name}: {defect}", nearest=reads_what_exists(item)
                )
                continue
            outcome, why = _reason(defect)
            if defect is None and requirement in UNIVERSAL:
                outcome, why = Verdict.NOT_TESTED, "no answer came that could be judged by it"
            self._context.recorder.note(requirement, item.name, outcome, why)
        if isinstance(defect, TargetLost):
            self._context.notes.append(str(defect))
            item.session.shouldstop = str(defect)

    def pytest_sessionfinish(self) -> None:
        """What was not reached leaves a gap in what was seen of its requirements, whatever else was."""
        for scenario, declared in self._left.items():
            for requirement in declared:
                self._context.recorder.unreached(requirement, scenario)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """The user, or SIGTERM, ended the run; pytest says the same when it stops by itself."""
        self.interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)


def _reason(defect: BaseException | None) -> tuple[Verdict, str]:
    if defect is None:
        return Verdict.ERROR, "the scenario ended without checking it: a defect of the harness"
    if isinstance(defect, (Unmet, Broken)):
        return Verdict.NOT_TESTED, f"a step before it did not succeed: {defect}"
    if isinstance(defect, LimitReached):
        return Verdict.NOT_TESTED, str(defect)
    if isinstance(defect, TargetLost):
        return Verdict.ERROR, str(defect)
    if isinstance(defect, KeyboardInterrupt):
        return Verdict.NOT_TESTED, "the run was interrupted"
    return Verdict.ERROR, f"the harness failed: {type(defect).__name__}: {defect}"


def declare_markers(config: pytest.Config) -> None:
    """Make the markers of scenarios known."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)


def declared_by(item: pytest.Item) -> tuple[str, ...]:
    """The requirements that a scenario checks."""
    return tuple(name for mark in item.iter_markers("requirement") for name in mark.args)


def needed_by(item: pytest.Item) -> frozenset[str]:
    """The features that a scenario uses."""
    return frozenset(name for name in FEATURES if item.get_closest_marker(f"needs_{name}"))


def reads_what_exists(item: pytest.Item) -> bool:
    """Whether a scenario creates nothing and judges what is on the target."""
    return item.get_closest_marker("reads_what_exists") is not None


def is_described(item: pytest.Item) -> bool:
    """Whether a scenario is about an operation of which nothing is known but the document."""
    given = getattr(item, "callspec", None)
    return given is not None and DESCRIBED in given.params


def about(item: pytest.Item) -> frozenset[str]:
    """The operations that one scenario of several was made for, by the kind of resource it is given."""
    given = getattr(item, "callspec", None)
    values = given.params if given else {}
    for name in ("operation", DESCRIBED):
        if name in values:
            return frozenset({values[name]})
    kind = values.get("kind", values.get("which"))
    routes = ROUTES.get(kind.plural if isinstance(kind, Kind) else str(kind))
    return routes.operations if routes else frozenset()


def context_of(config: pytest.Config) -> Any:
    """The context of the run that this pytest session belongs to."""
    return config.stash[CONTEXT]()
