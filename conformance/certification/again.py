"""Every verdict drawn again: the run is played back from its evidence, and must come to the same conclusions.

It is played back in a process of its own, which has its own time and sends nothing.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from conformance.model import RunReport
from conformance.runner.clock import Clock

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 1_800.0
"""Seconds; a whole profile takes about half a minute."""
_MOST_FLAWS = 20
_RUN_ID = re.compile(r"[a-z0-9]{8}")
_WORDS = "words.json"
_WITH = "with"


def differences(report: Path, evidence: Path, *, token: bool) -> Iterator[str]:
    """In what a report differs from what follows from its evidence; ``token`` whether the run had credentials.

    The report must be valid.  Everything that can't be played back is a difference.
    """
    with tempfile.TemporaryDirectory(prefix="cmf-conformance-") as room:
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        try:
            subprocess.run(  # noqa: S603 - this module
                [
                    *(sys.executable, "-P", "-B", "-m", "conformance.certification.again"),
                    *(report.absolute(), evidence.absolute(), room, _WITH if token else "without"),
                ],
                env={**os.environ, "PYTHONPATH": path},
                cwd=room,
                capture_output=True,
                check=True,
                timeout=_LONGEST,
            )
            said = json.loads((Path(room) / _WORDS).read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired:
            said = ["the run can't be played back: it does not end"]
        except (OSError, subprocess.SubprocessError, ValueError) as problem:
            said = [f"the run can't be played back: {problem}"]
    yield from said[:_MOST_FLAWS]


def _play(report_file: Path, evidence: Path, room: Path, *, token: bool) -> list[str]:
    clock = Clock()
    clock.rule()
    from io import StringIO  # all that measures time comes after the clock

    from rich.console import Console

    from conformance.config import Effort, Features, Limits, Selection, Target
    from conformance.report import document
    from conformance.runner.options import Options
    from conformance.runner.playback import Diverged, Playback
    from conformance.runner.run import execute

    report = document.read(report_file)
    run, target = report.run, report.target
    if not _RUN_ID.fullmatch(run["id"]):
        return [f"{run['id']!a} is no id of a run"]
    playback = Playback(
        evidence, target["url"], run["id"], datetime.fromisoformat(run["started"]), clock, token=token
    )
    try:
        again = execute(
            Target(
                target["url"],
                limits=Limits(**run["limits"]),
                features=Features(**target["declared_features"]),
            ),
            Options(
                selection=Selection(profile=run["profile"]),
                report_dir=room / "run",
                seed=run["seed"],
                effort=Effort(run["effort"]),
                strict=bool(run.get("strict")),
                quiet=True,
                recorded=playback,
            ),
            Console(file=StringIO()),
        ).report
    except Diverged:
        return [_unknown(playback.unknown), *_other_versions(report.harness)]
    found = list(_differing(report, again))
    found.sort(key=lambda line: " is said to be " not in line)
    if playback.unknown:
        found.append(_unknown(playback.unknown))
    if unsent := playback.unsent:
        found.append(f"this run does not send {len(unsent)} requests of the evidence, such as {unsent[0]}")
    if found:
        found += _other_versions(report.harness)
    return found


def _differing(report: RunReport, again: RunReport) -> Iterator[str]:
    drawn = {each.requirement.id: each for each in again.requirements}
    for said in report.requirements:
        name, now = said.requirement.id, drawn.get(said.requirement.id)
        if now is None:
            continue  # It is no requirement of the profile, which is told elsewhere.
        if now.verdict is not said.verdict:
            yield f"{name} is said to be {said.verdict}, its evidence makes it {now.verdict}: {now.reason}"
            continue
        here, there = (
            Counter((check.name, check.outcome, check.message) for check in each.checks)
            for each in (said, now)
        )
        for what, more in (("the report has", here - there), ("the evidence gives", there - here)):
            if more:
                check, outcome, _ = next(iter(more))
                yield f"{name}: {what} {more.total()} checks more, such as {outcome} of {check}"


def _unknown(requests: list[str]) -> str:
    return f"the evidence has nothing for {len(requests)} requests that this run sends, such as {requests[0]}"


def _other_versions(harness: dict[str, Any]) -> Iterator[str]:
    """What may generate other requests than it did."""
    for name, then in {"python": harness.get("python"), **(harness.get("dependencies") or {})}.items():
        try:
            now = platform.python_version() if name == "python" else version(name)
        except (PackageNotFoundError, ValueError):
            continue
        if then != now:
            yield (
                f"it was made with {name} {then}, and {now} here may generate other requests: "
                "play it back with that one"
            )


if __name__ == "__main__":
    _report, _evidence, _room = map(Path, sys.argv[1:4])
    _found = _play(_report, _evidence, _room, token=sys.argv[4] == _WITH)
    (_room / _WORDS).write_text(json.dumps(_found), encoding="utf-8")
