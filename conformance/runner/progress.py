"""What a person sees while a run goes on: live on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from conformance.model import CheckResult, Exchange, Level, Requirement, Verdict
from conformance.registry import Catalogue
from conformance.report.clean import one_line
from conformance.report.text import failure_block

_SHOWN = {Verdict.FAIL, Verdict.WARN, Verdict.ERROR}


class Display:
    """Shows progress per area and each requirement's first failure as it happens."""

    def __init__(
        self,
        console: Console,
        catalogue: Catalogue,
        selected: frozenset[str],
        *,
        quiet: bool,
        seconds_left: Callable[[], float],
        report_dir: Path | None = None,
    ) -> None:
        """``seconds_left`` gives what is left of the time that the run may take; the report goes to ``report_dir``."""
        self._report_dir = report_dir
        self._seconds_left = seconds_left
        self._console = console
        self._catalogue = catalogue
        self._selected = selected
        self._quiet = quiet
        self._live: Progress | None = None
        self._task: TaskID | None = None
        self._area = ""
        self._area_count = 0
        self._area_began = 0.0
        self._done = 0
        self._total = 0
        self._began = time.monotonic()
        self._shown: set[tuple[str, Verdict]] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet:
            self._live = Progress(
                TextColumn("{task.fields[area]:<14}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[scenario]}", markup=False),
                TimeRemainingColumn(),
                TextColumn("{task.fields[limit]}"),
                console=self._console,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        self._end_of_area()

    def say(self, line: str) -> None:
        """One plain line, unless quiet."""
        if not self._quiet:
            self._console.print(one_line(line, 500), markup=False, highlight=False, soft_wrap=True)

    def planned(self, total: int) -> None:
        """So many scenarios will run, besides those planned before."""
        if not self._total:
            self._began = time.monotonic()
        self._total += total
        if self._live and self._task is not None:
            self._live.update(self._task, total=self._total)
        elif self._live:
            self._task = self._live.add_task("run", total=total, area="", scenario="", limit="")

    def began(self, area: str, scenario: str) -> None:
        """A scenario begins."""
        if area != self._area:
            self._end_of_area()
            self._area, self._area_count, self._area_began = area, 0, time.monotonic()
        if self._live and self._task is not None:
            self._live.update(
                self._task,
                area=area,
                scenario=one_line(scenario.removeprefix("test_"), 60),
                limit=f"limit in {self._until_limit()}",
            )

    def ended(self, area: str, scenario: str) -> None:  # noqa: ARG002 - one protocol for all listeners
        """A scenario has ended."""
        self._done += 1
        self._area_count += 1
        if self._live and self._task is not None:
            self._live.advance(self._task)

    def area_done(self) -> None:
        """The scenarios of an area are over, and what comes now is none."""
        self._end_of_area()

    def _end_of_area(self) -> None:
        if not self._area or self._live or self._quiet or not self._area_count:
            self._area_count = 0
            return
        now = time.monotonic()
        left = (now - self._began) / self._done * (self._total - self._done) if self._done else 0
        self.say(
            f"{self._area:<14} {self._area_count:>3} scenarios in {now - self._area_began:5.1f} s, "
            f"{self._done} of {self._total} done, about {left:.0f} s left, limit in {self._until_limit()}"
        )
        self._area_count = 0

    def _until_limit(self) -> str:
        return f"{max(self._seconds_left(), 0):.0f} s"

    def result(self, result: CheckResult, exchange: Exchange | None) -> None:
        """Show the first failure, warning or error of each selected requirement as one block."""
        requirement = self._catalogue.requirements.get(result.requirement)
        key = (result.requirement, result.outcome)
        with self._lock:
            if (
                requirement is None
                or requirement.id not in self._selected
                or result.outcome not in _SHOWN
                or key in self._shown
            ):
                return
            self._shown.add(key)
        if self._quiet:
            return
        self._console.print(
            _block(requirement, result, exchange, self._report_dir),
            markup=False,
            highlight=False,
            soft_wrap=True,
            style=_style(requirement),
        )


def _style(requirement: Requirement) -> str:
    return "red" if requirement.level is Level.MUST else "yellow"


def _block(
    requirement: Requirement, result: CheckResult, exchange: Exchange | None, report_dir: Path | None
) -> str:
    return failure_block(requirement, result, exchange, report_dir=report_dir) + "\n"
