"""What is asked of a run, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from conformance.config import Effort, Mode, Selection
from conformance.errors import TargetError
from conformance.model import Exchange, RunReport
from conformance.private import Folder
from conformance.runner.basis import Basis
from conformance.runner.plugin import Part
from conformance.target.auth import Credentials
from conformance.target.connection import Caller


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
