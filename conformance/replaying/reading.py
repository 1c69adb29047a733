"""What the evidence of a run, and its report when it lies beside it, say of one failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance.config import EMBEDDED
from conformance.errors import ReportError, UsageError
from conformance.model import CheckResult, Exchange, RunReport, Verdict
from conformance.replaying.sequence import without_repeats, writes_before, written
from conformance.report import document
from conformance.report.evidence import Evidence
from conformance.report.selection import decisive, telling
from conformance.runner.folder import COUNTEREXAMPLES

_RED = (Verdict.FAIL, Verdict.WARN)
_API = "/cmf/api/"
_PREFIX = re.compile(r"cmfc-([a-z0-9]{8})-", re.IGNORECASE)
_STATUS = re.compile(r"stat(?:us|es?\b)|phase", re.IGNORECASE)
_MOST = 300
"""Exchanges of a file that is played as a whole; the evidence of a run has thousands."""
_NAMED = 6


@dataclass(frozen=True)
class Case:
    """One failure, and the requests that are sent to see it again."""

    base: str
    """The URL of the target that it was seen on."""
    run_id: str
    """Of the run that saw it; empty when no request has a name of it."""
    exchanges: tuple[Exchange, ...]
    """In their order; it ends with what shows the failure."""
    requirement: str = ""
    message: str = ""
    waited: bool = False
    """Whether the failure was only told after waiting in vain for something else."""
    names: frozenset[str] = frozenset()
    """What is written to, without the prefix of the run: what of a list that is shared counts."""
    embedded: bool = False
    """Whether it was seen on a reference server that lived no longer than its run."""

    @property
    def looks_past_status(self) -> bool:
        """Whether the status of a resource, which moves by itself, has no part in what the failure says."""
        return bool(self.message) and not self.waited and not _STATUS.search(self.message)

    @property
    def shows(self) -> int:
        """The number of the exchange that shows the failure, from 1."""
        return len(self.exchanges)


def read(evidence: Path, *, exchange: str | None, requirement: str | None) -> Case:
    """The failure that is meant: of a requirement, or shown by an exchange, or the only one that there is.

    ``evidence`` is a report folder, its ``evidence.ndjson`` or ``report.json``, or the file of a counterexample.
    Raises ``ReportError`` for what can't be read, ``UsageError`` for what is not in it.
    """
    path = _file(evidence)
    known = _known(path)
    beside = path.with_name("report.json")
    report = document.read(beside) if beside.exists() else None
    if exchange is not None:
        if exchange not in known:
            raise UsageError(f"{exchange} is not in {path}", hint=_which(path, known))
        return _case(report, known, exchange, None)
    if report is not None:
        check = _check(report, requirement)
        shows = decisive(check, known)
        if shows is None:
            raise UsageError(
                f"{check.requirement} rests on no exchange that is in {path}", hint=_which(path, known)
            )
        return _case(report, known, shows.id, check)
    if requirement is not None:
        raise UsageError(
            f"{beside} is not there, which knows what {requirement} rests on",
            hint="--exchange names an exchange of the evidence instead",
        )
    if len(known) > _MOST:
        raise UsageError(
            f"{path} holds {len(known)} exchanges and no report lies beside it",
            hint="--exchange names the one that shows the failure",
        )
    last = list(known)[-1]
    return _case(None, known, last, _of_counterexample(path, last), whole=True)


def _of_counterexample(path: Path, shows: str) -> CheckResult | None:
    """What the report says of a counterexample, when the file is still where the run has put it."""
    report = path.parent.parent / "report.json"
    if path.parent.name != COUNTEREXAMPLES or not report.exists():
        return None
    checks = (check for result in document.read(report).requirements for check in result.checks)
    return next((check for check in checks if check.outcome in _RED and shows in check.evidence), None)


def _file(path: Path) -> Path:
    if path.is_dir():
        return path / "evidence.ndjson"
    return path.with_name("evidence.ndjson") if path.name == "report.json" else path


def _known(path: Path) -> Evidence:
    hint = "name a report folder, its evidence.ndjson, or a file of its counterexamples"
    try:
        known = Evidence(path)
    except ReportError as problem:
        if "damaged at line 1" in problem.message:
            raise ReportError(f"{path} is no evidence of a run", hint=hint) from problem
        raise ReportError(problem.message, problem.hint or hint) from problem
    if not known:
        raise ReportError(f"{path} holds no exchange", hint=hint)
    return known


def _which(path: Path, known: Evidence) -> str:
    names = list(known)
    with path.open("rb") as file:
        file.seek(-1, 2)
        cut = file.read(1) != b"\n"
    return f"it has {names[0]} to {names[-1]}" + ("; its last line was cut" if cut else "")


def _check(report: RunReport, requirement: str | None) -> CheckResult:
    red = {
        result.requirement.id: check
        for result in report.requirements
        for check in telling(result)[:1]
        if result.verdict in {*_RED, Verdict.WAIVED} and check.outcome in _RED
    }
    if requirement is not None:
        if requirement not in {result.requirement.id for result in report.requirements}:
            raise UsageError(f"{requirement} is not in the report", hint=_names(red))
        if requirement not in red:
            raise UsageError(f"{requirement} was not seen broken there", hint=_names(red))
        return _replayable(report, red[requirement])
    if len(red) != 1:
        count = f"{len(red)} requirements were" if red else "no requirement was"
        raise UsageError(f"{count} seen broken there", hint=_names(red))
    return _replayable(report, next(iter(red.values())))


def _replayable(report: RunReport, check: CheckResult) -> CheckResult:
    (about,) = (each.requirement for each in report.requirements if each.requirement.id == check.requirement)
    if "auth" in about.features:
        raise UsageError(
            f"{check.requirement} is about credentials, which no evidence holds",
            hint="run --requirement looks at it again",
        )
    return check


def _names(red: dict[str, CheckResult]) -> str:
    more = f" and {len(red) - _NAMED} more" if len(red) > _NAMED else ""
    return (
        f"--check takes one of {', '.join(list(red)[:_NAMED])}{more}" if red else "there is nothing to replay"
    )


def _case(
    report: RunReport | None, known: Evidence, shows: str, check: CheckResult | None, *, whole: bool = False
) -> Case:
    last = known[shows]
    texts = [check.message, check.expected, check.got] if check else []
    base = report.target["url"].rstrip("/") if report else last.request.url.partition(_API)[0]
    run_id = report.run["id"] if report else _run_id(known)
    if whole:
        chosen = [known[name] for name in known]
    else:
        also = [
            known[name] for name in (check.evidence if check and check.count == 1 else ()) if name in known
        ]
        chosen = writes_before(known, last, also, run_id, texts)
    return Case(
        base,
        run_id,
        tuple(without_repeats(chosen)),
        check.requirement if check else "",
        check.message if check else "",
        waited="(after waiting " in (check.message if check else ""),
        names=written(chosen, run_id),
        embedded=report is not None and report.target.get("product") == EMBEDDED,
    )


def _run_id(known: Evidence) -> str:
    for exchange in known.values():
        text = exchange.request.url + exchange.request.body.decode("utf-8", "replace")
        if match := _PREFIX.search(text):
            return match[1].lower()
    return ""
