"""Markdown for the summary of a CI job: the verdict, the failures with their curl lines, and the areas.

Job summaries are cut or refused when they are large, so this one stays below 60 kB whatever happened.  Text
from the target stands in fences longer than any run of backticks in it, or has all its marks escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from conformance.model import CheckResult, Exchange, RequirementResult, RunReport, RunVerdict, Verdict
from conformance.report.clean import one_line, short
from conformance.report.selection import areas, decisive, depths, errata_at_work, having, telling
from conformance.report.transcript import transcript
from conformance.report.wording import (
    LABEL,
    MEANING,
    TITLE,
    WORST_FIRST,
    headline,
    place,
    plural,
    private_sentence,
    replay_command,
    verdict_sentence,
)

LIMIT = 60_000
"""Bytes of UTF-8 that a summary never exceeds."""

_MARK = {RunVerdict.CONFORMANT: "✅", RunVerdict.NON_CONFORMANT: "❌", RunVerdict.INCOMPLETE: "⚠️"}
_LIST_BUDGET = 3_000
"""Bytes for each list that is not of failures; these get all that is left."""
_TABLE_BUDGET = 8_000
"""Bytes for the table of the property tests."""
_RESERVE = 4_500
_CHECKS_SHOWN = 3
_LOUD = (Verdict.ERROR, Verdict.NOT_TESTED, Verdict.WARN, Verdict.WAIVED)
_MARKS = re.compile(r"[\\`*_\[\]<>&|~#!{}$@]|:(?=//)|(?<=www)\.|^[-+=]", re.IGNORECASE)
"""What GitHub and GitLab can take for a mark: everywhere, in an address, or where a line begins."""

_NUMBERED = re.compile(r"^(\d+)([.)])")
"""The beginning of a line that would begin a numbered list."""


def render_markdown(report: RunReport, exchanges: Mapping[str, Exchange]) -> str:
    """The report as Markdown, shorter than ``LIMIT`` bytes."""
    before = [_head(report), _counts(report), _left_behind(report)]
    after = [_listed(report, verdict) for verdict in _LOUD]
    after += [_private(report), _areas(report), _depths(report), _errata(report), _foot(report)]
    room = LIMIT - _RESERVE - sum(_size(part) + 2 for part in (*before, *after))
    parts = [*before, _failures(report, exchanges, room), *after]
    return "\n\n".join(part for part in parts if part) + "\n"


def inline(text: str, limit: int = 300) -> str:
    """The text on one line of Markdown, every mark escaped, so that it is text and nothing else."""
    return _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", one_line(text, limit)))


def code(text: str, limit: int = 300) -> str:
    """The text as a code span, fit for a table cell."""
    content = one_line(text, limit)
    if not content:
        return ""
    if "|" in content:  # A table ends a cell at a bar even in a code span.
        return inline(text, limit)
    ticks = "`" * (_longest_run(content) + 1)
    pad = " " if "`" in content else ""
    return f"{ticks}{pad}{content}{pad}{ticks}"


def fence(text: str, language: str = "text", limit: int = 1_500) -> str:
    """The text as a fenced block that nothing in it can close."""
    content = short(text, limit)
    ticks = "`" * max(3, _longest_run(content) + 1)
    return f"{ticks}{language}\n{content}\n{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _size(text: str) -> int:
    return len(text.encode("utf-8"))


def _fitting(blocks: Iterable[str], budget: int) -> list[str]:
    """The first blocks, as many as fit into this many bytes."""
    kept: list[str] = []
    for block in blocks:
        budget -= _size(block) + 2
        if budget < 0:
            break
        kept.append(block)
    return kept


def _bullets(items: Sequence[str]) -> str:
    """A list of the first items, with a word about those that found no room."""
    lines = _fitting((f"- {item}" for item in items), _LIST_BUDGET)
    if len(lines) < len(items):
        lines.append(f"- and {len(items) - len(lines):,} more, all in report.html")
    return "\n".join(lines)


def _head(report: RunReport) -> str:
    run, harness = report.run, report.harness
    title = f"# {_MARK[report.verdict]} CMF conformance: {headline(report)}"
    facts = [
        f"**Target** {code(str(report.target.get('url', '')))}",
        f"**Contract** {inline(str(harness.get('contract') or 'CMF 2.0'), 60)}",
        f"**Profile** {inline(str(run.get('profile', '')), 60)}",
        f"**Run** {code(str(run.get('id', '')), 60)}",
        f"**Seed** {code(str(run.get('seed', '')), 60)}",
        f"**Started** {inline(str(run.get('started', '')), 60)}",
        f"**Harness** {inline(' '.join(str(harness.get(key, '')) for key in ('name', 'version')), 120)}",
    ]
    paragraphs = [title, verdict_sentence(report), "  \n".join(facts)]
    paragraphs.append(_bullets([inline(note, 400) for note in report.notes]))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _counts(report: RunReport) -> str:
    rows = [
        f"| {LABEL[verdict]} | {report.counts.get(verdict.value, 0):,} | {MEANING[verdict]} |"
        for verdict in WORST_FIRST
    ]
    return "\n".join(["| verdict | requirements | meaning |", "|---|---:|---|", *rows])


def _left_behind(report: RunReport) -> str:
    if not report.left_behind:
        return ""
    items = [f"{inline(resource.kind, 60)} {code(resource.path, 200)}" for resource in report.left_behind]
    return f"## Left behind on the target ({len(items):,})\n\n{_bullets(items)}"


def _failures(report: RunReport, exchanges: Mapping[str, Exchange], room: int) -> str:
    failed = having(report, Verdict.FAIL)
    if not failed:
        return ""
    blocks = _fitting((_failure(result, exchanges) for result in failed), room)
    rest = failed[len(blocks) :]
    if rest:
        names = _bullets([code(result.requirement.id, 100) for result in rest])
        blocks.append(f"{plural(len(rest), 'failure')} found no room here:\n\n{names}")
    return f"## Failures ({len(failed):,})\n\n" + "\n\n".join(blocks)


def _failure(result: RequirementResult, exchanges: Mapping[str, Exchange]) -> str:
    requirement = result.requirement
    parts = [f"### {requirement.id}: {inline(requirement.title, 200)}", inline(requirement.sentence, 600)]
    checks = telling(result)
    for check in checks[:_CHECKS_SHOWN]:
        parts += _check(check, exchanges)
    if not checks:
        parts.append(inline(result.reason, 600))
    if len(checks) > _CHECKS_SHOWN:
        parts.append(f"({len(checks) - _CHECKS_SHOWN} more checks in the report)")
    parts.append(f"Replay it: {code(replay_command(requirement.id, 'REPORT_DIR'))}")
    parts.append("Contract: " + "; ".join(inline(place(source), 200) for source in requirement.sources[:5]))
    return "\n\n".join(parts)


def _check(check: CheckResult, exchanges: Mapping[str, Exchange]) -> list[str]:
    times = f", seen {check.count:,} times" if check.count > 1 else ""
    parts = [f"**{LABEL[check.outcome]}**: {inline(check.name, 200)}{times}. {inline(check.message, 400)}"]
    exchange = decisive(check, exchanges)
    view = transcript(exchange, 500) if exchange is not None else None
    facts = [("expected", check.expected), ("got", check.got), ("exchange", view.summary if view else "")]
    lines = [f"{name:<9} {short(value, 500)}" for name, value in facts if value]
    if view is not None:
        body = view.response.partition("\n\n")[2]
        lines += [body] if body else []
    parts += [fence("\n".join(lines))] if lines else []
    parts += [fence(check.curl, "sh", 4_000)] if check.curl else []
    return parts


def _listed(report: RunReport, verdict: Verdict) -> str:
    results = having(report, verdict)
    if not results:
        return ""
    items = [
        f"{code(rule.id, 100)} {inline(rule.title, 150)}: {inline(result.reason, 600 if verdict is Verdict.WAIVED else 200)}"
        for result in results
        for rule in [result.requirement]
    ]
    return f"## {TITLE[verdict]} ({len(items):,})\n\n{_bullets(items)}"


def _private(report: RunReport) -> str:
    if not report.private:
        return ""
    items = [
        f"{code(rule.id, 100)} {LABEL[result.verdict]}, {inline(rule.title, 150)}: {inline(result.reason, 300)}"
        for result in sorted(report.private, key=lambda each: WORST_FIRST.index(each.verdict))
        for rule in [result.requirement]
    ]
    return f"## Private scenarios ({len(items):,})\n\n{private_sentence(report)}\n\n{_bullets(items)}"


def _areas(report: RunReport) -> str:
    head = "| area | " + " | ".join(LABEL[verdict] for verdict in WORST_FIRST) + " | all |"
    rows = [
        f"| {inline(row.area, 60)} | "
        + " | ".join(str(row.counts.get(verdict, 0) or "") for verdict in WORST_FIRST)
        + f" | {row.total} |"
        for row in areas(report)
    ]
    rule = "|---|" + "---:|" * (len(WORST_FIRST) + 1)
    return "## Areas\n\n" + "\n".join([head, rule, *_fitting(rows, _LIST_BUDGET)])


def _depths(report: RunReport) -> str:
    found = depths(report)
    if not found:
        return ""
    head = (
        "| operation | requests | valid | 2xx of them | invalid | sent as | answered as | statuses "
        "| parameters valid / invalid / of | properties valid / invalid / of | not reached |\n"
        "|---|---:|---:|---:|---:|---|---|---|---|---|---:|"
    )
    rows = [
        f"| {code(each.operation, 60)} | {each.requests} | {each.valid} | {each.accepted} | {each.invalid} "
        f"| {_formats(each.sent_as)} | {_formats(each.answered_as)} | {', '.join(map(str, each.statuses))} "
        f"| {row.parameters_valid} / {row.parameters_invalid} / {row.parameters} "
        f"| {row.properties_valid} / {row.properties_invalid} / {row.properties} | {len(row.unreached)} |"
        for row in found
        for each in [row.generated]
    ]
    kept = _fitting(rows, _TABLE_BUDGET)
    rest = f"\n\nand {len(rows) - len(kept)} more operations" if len(kept) < len(rows) else ""
    reasons = "What was not reached, and why, is under `coverage` in report.json and in report.html."
    return "## Property tests\n\n" + "\n".join([head, *kept]) + f"{rest}\n\n{reasons}"


def _formats(media_types: Iterable[str]) -> str:
    return inline(", ".join(each.rpartition("/")[2] for each in media_types), 60)


def _errata(report: RunReport) -> str:
    items = [f"{code(erratum.id, 60)} {inline(erratum.title, 150)}" for erratum, _ in errata_at_work(report)]
    return f"## Errata applied\n\n{_bullets(items)}" if items else ""


def _foot(report: RunReport) -> str:
    coverage = report.coverage
    return (
        f"{plural(coverage.requests, 'request')} sent, {coverage.requests_2xx:,} answered with success, "
        f"{plural(len(coverage.operations), 'operation')} reached. "
        "The whole story is in report.html and report.json."
    )
