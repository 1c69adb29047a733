"""One run of the harness against the reference server, faulty or varied, in a process that makes many of them."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from conformance.config import Features, Limits, Target
from conformance.model import Verdict
from conformance.reference.launch import ReferenceServer
from conformance.runner.run import Options, execute

SEED = 20251
PACE = 0.3
"""The reference server changes state quickly, so that waiting for what never comes can be short."""
LIMITS = Limits(settle=2.5, deploy=2.5, read_timeout=10.0)


@dataclass(frozen=True)
class Seen:
    """What a run said: verdicts, and the messages of the checks behind them."""

    verdict: str
    verdicts: dict[str, str]
    messages: dict[str, list[str]]
    left_behind: int

    def having(self, *verdicts: Verdict) -> set[str]:
        """The requirements with one of these verdicts."""
        return {requirement for requirement, verdict in self.verdicts.items() if verdict in verdicts}


def observe(faults: Sequence[str] = (), variations: Sequence[str] = (), *, sql: bool = True) -> Seen:
    """Certify the reference server with these faults and variations, with or without the statement family."""
    folder = Path(tempfile.mkdtemp(prefix="cmfc-matrix-"))
    try:
        with ReferenceServer(faults, variations, pace=PACE) as server:
            target = Target(url=server.url, limits=LIMITS, features=Features(sql=sql))
            options = Options(report_dir=folder, seed=SEED, quiet=True)
            report = execute(target, options, Console(file=io.StringIO())).report
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Seen(
        verdict=report.verdict.value,
        verdicts={result.requirement.id: result.verdict.value for result in report.requirements},
        messages={
            result.requirement.id: [
                f"{check.name}: {check.message} | expected {check.expected} | got {check.got}"
                for check in result.checks
                if check.outcome in {Verdict.FAIL, Verdict.WARN, Verdict.ERROR, Verdict.NOT_TESTED}
            ]
            for result in report.requirements
        },
        left_behind=len(report.left_behind),
    )
