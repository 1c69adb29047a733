"""The terminal's rendering: a block a failure, a table of areas, and the verdict.

Everything here is plain text or a ``rich`` renderable.  Escape sequences and markup from the target are
spelt out or kept literal; colour comes from ``rich`` alone, so it disappears where it must.  Print a block
with ``console.print(block, markup=False, highlight=False, soft_wrap=True)``: a curl line must stay one line.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import indent, wrap

from rich.table import Table
from rich.text import Text

from conformance.model import CheckResult, Exchange, Requirement, RunReport, RunVerdict, Verdict
from conformance.report.clean import one_line, short
from conformance.report.selection import QUIET, areas
from conformance.report.transcript import transcript
from conformance.report.wording import (
    LABEL,
    WORST_FIRST,
    headline,
    place,
    plural,
    private_sentence,
    replay_command,
    verdict_sentence,
)

STYLE = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.WARN: "yellow",
    Verdict.WAIVED: "cyan",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.NOT_TESTED: "magenta",
    Verdict.ERROR: "bold magenta",
}
"""The colour of a verdict, as ``rich`` calls it; the word always stands beside it."""

_RUN_STYLE = {
    RunVerdict.CONFORMANT: "bold green",
    RunVerdict.NON_CONFORMANT: "bold red",
    RunVerdict.INCOMPLETE: "bold magenta",
}
_WIDTH = 100
_BODY_LIMIT = 600
_VALUE_LIMIT = 1_500
_CURL_LIMIT = 10_000
"""A curl line is worth nothing when it is cut; only absurd ones are."""
_LINES_LIMIT = 16
_MARGIN = "            "
_LEFT_BEHIND_SHOWN = 20


def failure_block(
    requirement: Requirement,
    check: CheckResult,
    exchange: Exchange | None,
    *,
    body_limit: int = _BODY_LIMIT,
    report_dir: Path | None = None,
) -> str:
    """Everything needed to understand and repeat one failed check, in the order in which it is asked for.

    The requirement, what was expected, what came, the exchange, a curl line, the command that replays it from the
    report in ``report_dir``, and its place in the contract.
    """
    head = f"{requirement.level}, {one_line(requirement.area, 80)}"
    lines = [f"{LABEL[check.outcome].upper()} {requirement.id} ({head})"]
    lines += [f"  {line}" for line in wrap(one_line(requirement.sentence, 1_000), _WIDTH)]
    lines += _field("check", _with_count(check))
    lines += _field("why", check.message)
    lines += _field("expected", check.expected)
    lines += _field("got", check.got)
    if exchange is not None:
        view = transcript(exchange, body_limit)
        lines += ["  exchange", *_half(view.request, ">"), *_half(view.response, "<")]
    lines += _field("repeat", check.curl, _CURL_LIMIT)
    if report_dir is not None and exchange is not None:
        lines += _field("replay", replay_command(requirement.id, str(report_dir)))
    for source in requirement.sources:
        lines += _field("contract", place(source))
    lines += _field("scenario", check.scenario)
    return "\n".join(lines)


def final_table(report: RunReport) -> Table:
    """How many requirements of each area have each verdict; columns without any are left out."""
    used = [verdict for verdict in WORST_FIRST if report.counts.get(verdict.value)]
    table = Table(title="Requirements by area", title_justify="left", title_style="bold", show_footer=True)
    table.add_column("area", footer="all")
    for verdict in used:
        footer = Text(str(report.counts[verdict.value]), style=STYLE[verdict])
        table.add_column(LABEL[verdict], justify="right", footer=footer)
    table.add_column("of", justify="right", footer=str(len(report.requirements)))
    for row in areas(report):
        cells = [
            Text(
                str(row.counts.get(verdict, 0) or "·"),
                style=STYLE[verdict] if row.counts.get(verdict) else "dim",
            )
            for verdict in used
        ]
        table.add_row(Text(one_line(row.area, 60)), *cells, str(row.total))
    return table


def verdict_lines(report: RunReport, report_dir: Path | None) -> list[Text]:
    """The last lines of a run: the verdict in words, notes, what was left behind, and where the report is."""
    lines = [
        Text.assemble((headline(report).upper(), _RUN_STYLE[report.verdict]), f": {_target(report)}"),
        Text(verdict_sentence(report)),
    ]
    lines += [Text(f"Note: {short(note, 1_000)}") for note in report.notes]
    lines += _private(report)
    if report.left_behind:
        lines.append(
            Text(
                f"Left behind on the target: {plural(len(report.left_behind), 'resource')}", style="bold red"
            )
        )
        for resource in report.left_behind[:_LEFT_BEHIND_SHOWN]:
            lines.append(Text(f"  {one_line(resource.kind, 60)} {one_line(resource.path, 400)}"))
        if len(report.left_behind) > _LEFT_BEHIND_SHOWN:
            lines.append(
                Text(f"  and {len(report.left_behind) - _LEFT_BEHIND_SHOWN} more, all in the report")
            )
    if report_dir is not None:
        lines.append(Text(f"Report: {one_line(str(report_dir), 1_000)}"))
    return lines


def _private(report: RunReport) -> list[Text]:
    if not report.private:
        return []
    lines = [Text(private_sentence(report))]
    lines += [
        Text.assemble(
            f"  {result.requirement.id} ",
            (LABEL[result.verdict], STYLE[result.verdict]),
            f": {one_line(result.reason, 300)}",
        )
        for result in report.private
        if result.verdict not in QUIET
    ]
    return lines


def _target(report: RunReport) -> str:
    return one_line(str(report.target.get("url", "")), 500)


def _with_count(check: CheckResult) -> str:
    return f"{check.name} (seen {check.count:,} times)" if check.count > 1 else check.name


def _field(name: str, value: str, limit: int = _VALUE_LIMIT) -> list[str]:
    """A named value; what follows its first line is set under it."""
    if not value:
        return []
    first, *more = _few_lines(short(value, limit)) or [""]
    return [f"  {name:<10}{first}", *(f"{_MARGIN}{line}" for line in more)]


def _few_lines(text: str) -> list[str]:
    lines = text.split("\n")
    if len(lines) <= _LINES_LIMIT:
        return lines
    return [*lines[:_LINES_LIMIT], f"({len(lines) - _LINES_LIMIT:,} more lines)"]


def _half(text: str, mark: str) -> list[str]:
    return indent("\n".join(_few_lines(text)), f"    {mark} ", lambda _line: True).split("\n")
