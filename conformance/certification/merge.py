"""Merging the reports of shards into the one that a whole run would have written.

Checks are put together and every verdict is judged again from them, waivers included; nothing is taken from the
verdicts of the shards.  What was not one run is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from conformance import verdict as rules
from conformance.certification.gate import FailOn, Gate
from conformance.certification.waivers import Baseline, lifted
from conformance.config import EMBEDDED, Mode, Selection
from conformance.errors import ReportError
from conformance.evidence_format import to_line
from conformance.model import (
    CheckResult,
    Coverage,
    Pair,
    Requirement,
    RequirementResult,
    RunReport,
    RunVerdict,
    Verdict,
)
from conformance.plan import digest
from conformance.private import of_declarations
from conformance.properties.tally import together
from conformance.registry import Catalogue, catalogue
from conformance.report import document
from conformance.report.evidence import Evidence
from conformance.report.files import write_whole
from conformance.report.render import EVIDENCE_NAME, render_all


@dataclass(frozen=True)
class Shard:
    """The report of one shard, and where it lies."""

    folder: Path
    report: RunReport

    @property
    def index(self) -> int:
        """Which of the shards it is, from 1."""
        return int(str(self.report.run["shard"] or "1/1").partition("/")[0])

    @property
    def count(self) -> int:
        """How many shards there are."""
        return int(str(self.report.run["shard"] or "1/1").partition("/")[2])

    @property
    def unplanned(self) -> bool:
        """Whether it ended before it knew what was to be run; then the merged run has ended early as well."""
        return bool(self.report.run.get("ended")) and not self.report.run["scenarios"]["planned"]

    @property
    def part(self) -> list[str]:
        """The scenarios that it took."""
        part: list[str] = self.report.run["scenarios"]["part"]
        return part


def read_shards(folders: Iterable[Path]) -> tuple[Shard, ...]:
    """The shards in these folders, in their order.

    Raises ``ReportError`` when one can't be read, or when they are not exactly the parts of one run.
    """
    shards = [Shard(folder, document.read(folder / "report.json")) for folder in folders]
    for shard in shards:
        if "shards" in shard.report.run:
            _refuse(f"{shard.folder} is merged already", "give the folders of the shards")
        if "scenarios" not in shard.report.run:
            _refuse(
                f"{shard.folder} does not say which scenarios it took", "merge reports of runs with --shard"
            )
        if not (shard.folder / EVIDENCE_NAME).exists():
            _refuse(f"{shard.folder} has no {EVIDENCE_NAME}", "keep the whole folder of each shard")
    shards.sort(key=lambda each: each.index)
    first = next((each for each in shards if not each.unplanned), shards[0])
    for shard in shards:
        ours, theirs = _identity(first.report), _identity(shard.report)
        if shard.unplanned:
            theirs["planned scenarios"] = ours["planned scenarios"]
        if different := [key for key in ours if ours[key] != theirs[key]]:
            _refuse(
                f"{first.folder} and {shard.folder} are not of one run: their {', '.join(different)} differ",
                "run all shards with the same options",
            )
    _demand_each_once(shards)
    return tuple(shards)


def merge(shards: Sequence[Shard]) -> RunReport:
    """The report of the whole run that the shards are the parts of.

    Raises ``ReportError`` when they were judged by another contract or catalogue than this harness has.
    """
    known, reports = catalogue(), [shard.report for shard in shards]
    first = reports[0]
    for key, ours in (
        ("contract_sha256", known.contract_sha256),
        ("catalogue_sha256", known.catalogue_sha256),
    ):
        if first.harness[key] != ours:
            _refuse(
                f"The shards were judged by another {key.partition('_')[0]} than this harness has",
                f"merge with the version that ran them, {first.harness['version']}",
            )
    selection = Selection(
        profile=first.run["profile"],
        **{key: tuple(value) for key, value in first.run.get("selection", {}).items()},
    )
    results = tuple(_result(requirement, shards, known) for requirement in known.select(selection))
    verdicts = [result.verdict for result in results]
    ended = [f"shard {shard.index}: {why}" for shard in shards if (why := shard.report.run.get("ended"))]
    verdict = rules.of_run(verdicts, finished=not ended, whole=first.run["mode"] == Mode.CERTIFICATION.value)
    left = tuple(resource for report in reports for resource in report.left_behind)
    notes = list(ended)
    if left and verdict is RunVerdict.CONFORMANT:
        notes.append("Resources of this run were left behind on the target")
    private = tuple(
        _result(requirement, shards, known)
        for folder in first.run.get("private", ())
        for requirement in of_declarations(folder["requirements"])
    )
    touched = {name for result in results for name in result.errata}
    merged = RunReport(
        harness=first.harness,
        run=_run(shards, ended),
        target=first.target,
        verdict=verdict,
        counts=rules.counts(verdicts),
        requirements=results,
        coverage=_coverage([report.coverage for report in reports]),
        created=tuple(resource for report in reports for resource in report.created),
        left_behind=left,
        notes=tuple(notes),
        errata=tuple(erratum for name, erratum in known.errata.items() if name in touched),
        private=private,
    )
    applied = first.run.get("baseline")
    gate = Gate(
        FailOn(first.run.get("gate", {}).get("fail_on", "must")),
        Baseline.of_document(applied) if applied else None,
    )
    return gate.settle(merged, finished=not ended)


def exit_code(report: RunReport) -> rules.ExitCode:
    """The exit code of a merged run."""
    closed = bool(report.run.get("gate", {}).get("closed_by"))
    return rules.exit_code(
        report.verdict,
        interrupted=report.run["interrupted"],
        closed=closed,
        private=[result.verdict for result in report.private],
    )


def write(report: RunReport, shards: Sequence[Shard], folder: Path) -> None:
    """Write the merged report, its evidence and its renderings into a folder; raises ``ReportError``."""
    if folder.resolve() in {shard.folder.resolve() for shard in shards}:
        _refuse(f"{folder} is the folder of a shard", "name another with --report-dir")
    lines = (
        to_line(replace(exchange, id=_named(shard, exchange.id))) + "\n"
        for shard in shards
        for exchange in Evidence(shard.folder / EVIDENCE_NAME).values()
    )
    write_whole(folder / EVIDENCE_NAME, "".join(lines))
    document.write(report, folder / "report.json")
    render_all(folder / "report.json")


def _demand_each_once(shards: Sequence[Shard]) -> None:
    count = shards[0].count
    seen = Counter(shard.index for shard in shards)
    if twice := [f"{index}/{count}" for index, times in seen.items() if times > 1]:
        _refuse(f"Shard {', '.join(twice)} is there more than once", "give each shard once")
    if missing := [f"{index}/{count}" for index in range(1, count + 1) if index not in seen]:
        _refuse(f"Shard {', '.join(missing)} is missing", "give all shards")
    taken = Counter(name for shard in shards for name in shard.part)
    if twice := [name for name, times in taken.items() if times > 1]:
        _refuse(f"The shards overlap: {twice[0]} is in more than one of them")
    planned = [shard for shard in shards if not shard.unplanned]
    if len(planned) < len(shards):
        return  # A gap there is, and the merged run says that it ended early.
    plan = shards[0].report.run["scenarios"]
    if len(taken) != plan["planned"] or digest(taken) != plan["sha256"]:
        _refuse(
            f"The shards have a gap: they took {len(taken)} scenarios, and not the {plan['planned']} that were planned"
        )


def _identity(report: RunReport) -> dict[str, Any]:
    """What the shards of one run have in common, by what it is called."""
    run, harness, target = report.run, report.harness, report.target
    applied = run.get("baseline") or {"sha256": None, "waivers": ()}
    return {
        "harness": (harness["name"], harness["version"], harness.get("dependencies")),
        "contract": harness["contract_sha256"],
        "catalogue": harness["catalogue_sha256"],
        "number of shards": str(run["shard"] or "1/1").partition("/")[2],
        "profile": run["profile"],
        "selection": run.get("selection"),
        "seed": run["seed"],
        "mode": run["mode"],
        "strictness": run.get("strict"),
        "limits": run["limits"],
        "baseline": applied["sha256"],
        "gate": run.get("gate", {}).get("fail_on"),
        "declared features": target["declared_features"],
        # Each shard starts its own embedded server, on a port of its own.
        "target": EMBEDDED if target["product"] == EMBEDDED else target["url"],
        "private scenarios": [(folder["folder"], folder["sha256"]) for folder in run.get("private", ())],
        "planned scenarios": (run["scenarios"]["planned"], run["scenarios"]["sha256"]),
    }


def _result(requirement: Requirement, shards: Sequence[Shard], known: Catalogue) -> RequirementResult:
    errata = known.errata_of(requirement.id)
    checks: list[CheckResult] = []
    for shard in shards:
        for result in lifted(
            each
            for each in (*shard.report.requirements, *shard.report.private)
            if each.requirement.id == requirement.id
        ):
            if result.verdict is Verdict.NOT_APPLICABLE and not result.checks:
                return result
            checks += (_of_shard(check, shard) for check in result.checks)
    ended = next((why for shard in shards if (why := shard.report.run.get("ended"))), None)
    if not checks and ended:
        checks = [CheckResult(requirement.id, "not reached", Verdict.NOT_TESTED, ended)]
    verdict, reason = rules.of_requirement(requirement, checks)
    return RequirementResult(requirement, verdict, reason, tuple(checks), errata)


def _of_shard(check: CheckResult, shard: Shard) -> CheckResult:
    return replace(check, evidence=tuple(_named(shard, name) for name in check.evidence))


def _named(shard: Shard, exchange: str) -> str:
    """The id of an exchange among those of all shards."""
    return f"s{shard.index}-{exchange}"


def _run(shards: Sequence[Shard], ended: Sequence[str]) -> dict[str, Any]:
    runs = [shard.report.run for shard in shards]
    seconds = {name: took for run in runs for name, took in run["scenarios"]["seconds"].items()}
    return {key: value for key, value in runs[0].items() if key not in {"gate", "baseline"}} | {
        "id": "+".join(run["id"] for run in runs),
        "started": min(run["started"] for run in runs),
        "finished": max(run["finished"] for run in runs),
        "shard": None,
        "shards": list(_shards(shards)),
        "scenarios": max((run["scenarios"] for run in runs), key=lambda plan: int(plan["planned"]))
        | {"part": sorted(name for shard in shards for name in shard.part), "seconds": seconds},
        "interrupted": any(run.get("interrupted") for run in runs),
        "ended": "; ".join(ended) or None,
    }


def _shards(shards: Sequence[Shard]) -> Iterator[dict[str, Any]]:
    for shard in shards:
        run = shard.report.run
        yield {
            "shard": f"{shard.index}/{shard.count}",
            "id": run["id"],
            "url": shard.report.target["url"],
            "started": run["started"],
            "finished": run["finished"],
            "scenarios": len(shard.part),
        }


def _coverage(parts: Sequence[Coverage]) -> Coverage:
    pairs: dict[tuple[str, int, bool], int] = Counter()
    for part in parts:
        for pair in part.pairs:
            pairs[pair.operation, pair.status, pair.documented] += pair.count
    seen = {(name, status) for name, status, _ in pairs}
    return Coverage(
        operations=tuple(sorted({name for part in parts for name in part.operations})),
        pairs=tuple(
            Pair(name, status, count, documented)
            for (name, status, documented), count in sorted(pairs.items())
        ),
        requests=sum(part.requests for part in parts),
        requests_2xx=sum(part.requests_2xx for part in parts),
        unseen=tuple(
            sorted(
                {each for part in parts for each in part.unseen if (each.operation, each.status) not in seen},
                key=lambda each: (each.operation, each.status),
            )
        ),
        generated=together(each for part in parts for each in part.generated),
    )


def _refuse(message: str, hint: str = "") -> NoReturn:
    raise ReportError(message, hint)
