"""What a report says of itself: rules that need no evidence, each yielding its flaws."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import MAXYEAR, UTC, datetime, timedelta

from conformance import verdict
from conformance.certification.finding import Flaw
from conformance.certification.implementation import Implementation
from conformance.config import Effort, Mode
from conformance.model import RequirementResult, RunReport, RunVerdict, Verdict
from conformance.registry import Catalogue

_RELEASED = re.compile(r"\d+\.\d+\.\d+")
_SKEW = timedelta(minutes=5)
"""How far the clocks of who certifies and who verifies may be apart."""
_SLACK = 1.0
"""Seconds that rounding and starting may cost."""
_EFFORTS = {Effort.STANDARD, Effort.THOROUGH}
_FIRST_RELEASE = datetime(2025, 1, 1, tzinfo=UTC)


def flaws(
    report: RunReport, implementation: Implementation, known: Catalogue, now: datetime
) -> Iterator[Flaw]:
    """Everything that is wrong with a report, whatever its evidence shows."""
    yield from _run(report)
    yield from _implementation(report, implementation)
    yield from _harness(report, known)
    yield from _requirements(report, known)
    yield from _waivers(report)
    yield from _untested(report)
    yield from _features(report, implementation)
    yield from _lattice(report, implementation)
    yield from _times(report, now)
    if report.left_behind:
        first = report.left_behind[0].path
        yield Flaw("left-behind", f"{len(report.left_behind)} resources were left behind, such as {first}")
    if report.verdict is not RunVerdict.CONFORMANT:
        yield Flaw("verdict", f"the verdict of the run is {report.verdict}")


def moment(text: str) -> datetime | None:
    """The time of an RFC 3339 text with offset; None when it is none, or so far away that nothing can be added."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo and found.year < MAXYEAR else None


def _run(report: RunReport) -> Iterator[Flaw]:
    run = report.run
    said = (
        (run["mode"] != Mode.CERTIFICATION, f"the mode is {run['mode']}"),
        (any(run.get("selection", {}).values()), "filters narrowed the profile"),
        (run["shard"] is not None or bool(run.get("shards")), "it is a part of a run, or merged from parts"),
        (bool(run.get("spec")), "it was judged by another document than the contract (--spec)"),
        (run.get("effort") not in _EFFORTS, f"its effort is {run.get('effort')}"),
        (bool(run.get("interrupted")), "it was interrupted"),
        (run.get("ended") is not None, "it ended early"),
        (bool(report.private) or bool(run.get("private")), "private scenarios were run beside it"),
        (bool(report.notes), f"it has notes: {report.notes[0]}" if report.notes else ""),
    )
    yield from (Flaw("run", message) for wrong, message in said if wrong)


def _implementation(report: RunReport, implementation: Implementation) -> Iterator[Flaw]:
    said = report.target["product"]
    if said != implementation.title:
        yield Flaw("implementation", f"the report is about {said}, not about {implementation.title}")


def _harness(report: RunReport, known: Catalogue) -> Iterator[Flaw]:
    harness = report.harness
    if not _RELEASED.fullmatch(harness["version"]):
        yield Flaw("harness", f"{harness['version']} is no released version")
    if harness["catalogue_sha256"] == known.catalogue_sha256 and harness.get("catalogue") != known.number:
        yield Flaw("harness", f"catalogue {harness.get('catalogue')} is not the one of that digest")
    for name, digest in (("contract", known.contract_sha256), ("catalogue", known.catalogue_sha256)):
        if harness[f"{name}_sha256"] != digest:
            yield Flaw(
                "harness",
                f"judged by another {name} than this harness has; verify with cmf-conformance {harness['version']}",
            )


def _requirements(report: RunReport, known: Catalogue) -> Iterator[Flaw]:
    profile = known.profiles.get(report.run["profile"])
    if profile is None:
        yield Flaw("requirements", f"there is no profile {report.run['profile']}")
        return
    found = [result.requirement.id for result in report.requirements]
    if missing := sorted(set(profile.requirements) - set(found)):
        yield Flaw(
            "requirements", f"{len(missing)} requirements of the profile are missing, such as {missing[0]}"
        )
    if foreign := sorted(set(found) - set(profile.requirements)):
        yield Flaw("requirements", f"{foreign[0]} is not part of the profile {profile.name}")
    if len(found) != len(set(found)):
        yield Flaw("requirements", "a requirement is there twice")
    for result in report.requirements:
        name = result.requirement.id
        if name in known.requirements and (
            result.requirement != known.requirements[name] or result.errata != known.errata_of(name)
        ):
            yield Flaw("requirements", f"{name} is not as the catalogue has it")


def _waivers(report: RunReport) -> Iterator[Flaw]:
    waived = [
        result.requirement.id
        for result in report.requirements
        if Verdict.WAIVED in {result.verdict, *(check.outcome for check in result.checks)}
    ]
    if waived or report.counts[Verdict.WAIVED]:
        yield Flaw("waivers", f"{waived[0] if waived else 'something'} was waived")
    if report.run.get("baseline"):
        yield Flaw("waivers", "a baseline of waivers was applied")


def _untested(report: RunReport) -> Iterator[Flaw]:
    for outcome in (Verdict.NOT_TESTED, Verdict.ERROR):
        names = [result.requirement.id for result in report.requirements if result.verdict is outcome]
        if names:
            yield Flaw("untested", f"{len(names)} requirements are {outcome}, such as {names[0]}")


def _features(report: RunReport, implementation: Implementation) -> Iterator[Flaw]:
    declared = report.target["declared_features"]
    for name in ("flink", "sql"):
        said = declared.get(name) if isinstance(declared, dict) else None
        if said is not implementation.features[name]:
            yield Flaw(
                "features",
                f"{name} is {implementation.features[name]} in implementation.yaml, {said} in the report",
            )
    for result in report.requirements:
        lacking = sorted(set(result.requirement.features) & implementation.lacking)
        if lacking and result.verdict is not Verdict.NOT_APPLICABLE:
            yield Flaw(
                "features", f"{result.requirement.id} was judged without the declared feature {lacking[0]}"
            )
        if not lacking and result.verdict is Verdict.NOT_APPLICABLE:
            yield Flaw(
                "features", f"{result.requirement.id} is not_applicable, but its features are declared"
            )


def _lattice(report: RunReport, implementation: Implementation) -> Iterator[Flaw]:
    rules: tuple[Callable[[RequirementResult], Iterator[Flaw]], ...] = (_checks, _verdict)
    for result in report.requirements:
        for rule in rules:
            if not (
                result.verdict is Verdict.NOT_APPLICABLE and implementation.lacking and not result.checks
            ):
                yield from rule(result)
    verdicts = [result.verdict for result in report.requirements]
    if verdict.counts(verdicts) != report.counts:
        yield Flaw("lattice", "the counts are not those of the verdicts")
    follows = verdict.of_run(verdicts, finished=True)
    if follows is not report.verdict:
        yield Flaw("lattice", f"the run is said to be {report.verdict}, its verdicts make it {follows}")


def _checks(result: RequirementResult) -> Iterator[Flaw]:
    broken = verdict.broken(result.requirement.level)
    for check in result.checks:
        if check.outcome in {Verdict.FAIL, Verdict.WARN} and check.outcome is not broken:
            yield Flaw(
                "lattice",
                f"{result.requirement.id}: a broken {result.requirement.level} is no {check.outcome}",
            )
        if check.outcome is Verdict.PASS and check.curl:
            yield Flaw(
                "lattice", f"{result.requirement.id}: a check passed that says how to repeat its failure"
            )


def _verdict(result: RequirementResult) -> Iterator[Flaw]:
    follows, reason = verdict.of_requirement(result.requirement, result.checks)
    if follows is not result.verdict:
        yield Flaw(
            "lattice", f"{result.requirement.id} is said to be {result.verdict}, its checks make it {follows}"
        )
    elif reason != result.reason:
        yield Flaw("lattice", f"{result.requirement.id} gives another reason than its checks")


def _times(report: RunReport, now: datetime) -> Iterator[Flaw]:
    started, finished = moment(report.run["started"]), moment(report.run["finished"])
    if started is None or finished is None:
        yield Flaw("times", "the run has no time of start or end")
    elif not started < finished:
        yield Flaw("times", "the run ended before it started")
    elif started < _FIRST_RELEASE:
        yield Flaw("times", f"the run started in {started.year}, before there was a harness")
    elif finished > now + _SKEW:
        yield Flaw("times", f"the run ended in the future, at {report.run['finished']}")
    else:
        took = (finished - started).total_seconds()
        # They ran one after the other.
        together = sum(report.run.get("scenarios", {}).get("seconds", {}).values())
        if together > took + _SLACK:
            yield Flaw("times", f"the scenarios took {together:.0f} s together, the whole run {took:.0f} s")
