"""What verdicts mean, in words for a stranger: the one place every rendering takes them from."""

from __future__ import annotations

import shlex
from collections import Counter

from conformance.model import RunReport, RunVerdict, Source, Verdict

HEADLINE = {
    RunVerdict.CONFORMANT: "Conformant",
    RunVerdict.NON_CONFORMANT: "Not conformant",
    RunVerdict.INCOMPLETE: "Incomplete",
}
"""The verdict of a run as a title."""

LABEL = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.WARN: "warning",
    Verdict.WAIVED: "waived",
    Verdict.NOT_APPLICABLE: "not applicable",
    Verdict.NOT_TESTED: "not tested",
    Verdict.ERROR: "error",
}
"""The verdict of a requirement as a word."""

TITLE = {
    Verdict.PASS: "Passed",
    Verdict.FAIL: "Failures",
    Verdict.WARN: "Warnings",
    Verdict.WAIVED: "Waived",
    Verdict.NOT_APPLICABLE: "Not applicable",
    Verdict.NOT_TESTED: "Not tested",
    Verdict.ERROR: "Errors",
}
"""The title over all requirements with a verdict."""

MEANING = {
    Verdict.PASS: "Everything that was observed agrees with the requirement.",
    Verdict.FAIL: "The target broke a MUST of the contract.",
    Verdict.WARN: "The target broke a SHOULD of the contract; that does not make it non-conformant.",
    Verdict.WAIVED: "The target broke it, and a waiver with a reason and an expiry date excuses that.",
    Verdict.NOT_APPLICABLE: "The target declares a feature absent that the requirement needs, or the document does not speak of it.",
    Verdict.NOT_TESTED: "No check reached it. It counts against the run: nothing seen is never green.",
    Verdict.ERROR: "The harness failed or the target could not be reached; not a fault of the target.",
}

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.NOT_TESTED,
    Verdict.WARN,
    Verdict.WAIVED,
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
)
"""The order in which verdicts are shown: what needs a reader first comes first."""


def headline(report: RunReport) -> str:
    """The verdict of a run as a title; one that rests on waivers, or that a gate does not accept, says so."""
    if report.verdict is not RunVerdict.CONFORMANT:
        return HEADLINE[report.verdict]
    title = "Conformant except for waivers" if report.counts["waived"] else HEADLINE[report.verdict]
    title += " to another document than the contract" if report.run.get("spec") else ""
    return f"{title}, but the gate is closed" if report.run.get("gate", {}).get("closed_by") else title


def plural(number: int, noun: str) -> str:
    """The number with its noun: ``1 requirement``, ``2 requirements``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def verdict_sentence(report: RunReport) -> str:
    """What the verdict of this run says about the target, and what it does not."""
    counts = report.counts
    total = len(report.requirements)
    if report.verdict is RunVerdict.CONFORMANT:
        judged = total - counts["not_applicable"]
        rule = "document" if report.run.get("spec") else "contract"
        sentence = (
            f"The target keeps the {rule} in every respect asked: {plural(judged, 'requirement')} judged"
        )
        excused = [
            f"{counts[key]:,} {word}"
            for key, word in (
                ("warn", "with a warning"),
                ("waived", "waived"),
                ("not_applicable", "not applicable"),
            )
            if counts[key]
        ]
        if counts["waived"]:
            return (
                f"The target breaks nothing that no waiver excuses: {plural(judged, 'requirement')} judged"
                f" ({', '.join(excused)}). That is no certification."
            )
        return f"{sentence}, none broken{' (' + ', '.join(excused) + ')' if excused else ''}."
    if report.verdict is RunVerdict.NON_CONFORMANT:
        return (
            f"Of {plural(total, 'requirement')} selected, the target broke {counts['fail']:,}."
            + _unjudged(report)
        )
    if report.run.get("shard"):
        return f"Shard {report.run['shard']} alone proves nothing; merge all shards for a verdict.{_unjudged(report)}"
    return (
        "The run did not judge all that it was asked to, so it proves neither conformance nor its absence."
        + _unjudged(report)
    )


def private_sentence(report: RunReport) -> str:
    """How the private requirements of a run fared, and what that is not."""
    seen = Counter(result.verdict for result in report.private)
    parts = ", ".join(f"{seen[verdict]:,} {LABEL[verdict]}" for verdict in WORST_FIRST if seen[verdict])
    return (
        f"Private scenarios, which say nothing of the contract: {plural(len(report.private), 'requirement')}, "
        f"{parts}."
    )


def _unjudged(report: RunReport) -> str:
    parts = [
        f"{number:,} {'was' if number == 1 else 'were'} {what}"
        for key, what in (("not_tested", "not tested"), ("error", "lost to an error"))
        if (number := report.counts[key])
    ]
    return f" {' and '.join(parts)}." if parts else ""


def replay_command(requirement: str, report_dir: str) -> str:
    """The command that sends again what a failure of a requirement rests on, once the report is written."""
    return f"cmf-conformance replay {shlex.quote(report_dir)} --check {requirement}"


def place(source: Source) -> str:
    """Where a sentence of the contract stands, a JSON pointer read out as a path of words.

    ``#/paths/~1cmf~1api~1v1~1environments/post/responses/201`` becomes
    ``POST /cmf/api/v1/environments, responses 201``.
    """
    if source.kind != "openapi" or not source.at.startswith("#/"):
        return f"documentation, section “{source.at}”" if source.kind == "documentation" else source.at
    steps = [step.replace("~1", "/").replace("~0", "~") for step in source.at[2:].split("/")]
    if steps[0] == "paths" and len(steps) > 2:  # noqa: PLR2004 - paths, template, method
        rest = " ".join(steps[3:])
        return f"OpenAPI {steps[2].upper()} {steps[1]}{', ' + rest if rest else ''}"
    if steps[:2] == ["components", "schemas"] and len(steps) > 2:  # noqa: PLR2004 - components, schemas, name
        rest = " ".join(steps[3:])
        return f"OpenAPI schema {steps[2]}{', ' + rest if rest else ''}"
    return f"OpenAPI {source.at}"
