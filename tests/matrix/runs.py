"""One run of the harness against the reference server, faulty or varied, in a process that makes many of them."""

from __future__ import annotations

import io
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console

from conformance import resources
from conformance.config import Auth, Features, Limits, Selection, Target
from conformance.contract.openapi import Contract
from conformance.kinds import KINDS
from conformance.model import Verdict
from conformance.reference.faults import FAULTS
from conformance.reference.launch import ReferenceServer
from conformance.registry import catalogue
from conformance.runner.options import Options
from conformance.runner.run import execute

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


@cache
def family_of(operation: str) -> str:
    """The kind of resource that an operation is about: the innermost collection on its path."""
    contract = Contract.load(resources.contract_folder(catalogue().version) / "openapi.yaml")
    segments = contract.operations[operation].template.split("/")
    return max((kind.plural for kind in KINDS if kind.plural in segments), key=segments.index)


def neighbourhood(fault: str) -> tuple[str, ...]:
    """The operations on the kinds of resource that a fault is about, by the first requirement that it breaks.

    Empty when that is about all of them.
    """
    known = catalogue().requirements
    families = {family_of(name) for name in known[FAULTS[fault].breaks[0]].operations}
    everything = {name for each in known.values() for name in each.operations}
    return tuple(sorted(name for name in everything if family_of(name) in families))


def is_about_auth(fault: str) -> bool:
    """Whether only a server that demands a token can show this fault."""
    return any("auth" in catalogue().requirements[name].features for name in FAULTS[fault].breaks)


def observe(
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    *,
    sql: bool = True,
    operations: Sequence[str] = (),
) -> Seen:
    """Certify the reference server with these faults and variations, with or without the statement family.

    Only what concerns these operations is judged when any are given.
    """
    folder = Path(tempfile.mkdtemp(prefix="cmfc-matrix-"))
    try:
        token = secrets.token_urlsafe() if any(map(is_about_auth, faults)) or not faults else None
        with ReferenceServer(faults, variations, pace=PACE, token=token) as server:
            auth = Auth(token_file=server.token_file)
            target = Target(url=server.url, auth=auth, limits=LIMITS, features=Features(sql=sql))
            selection = Selection(operations=tuple(operations))
            options = Options(
                selection=selection, report_dir=folder, seed=SEED, quiet=True, sequences=not faults
            )
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
