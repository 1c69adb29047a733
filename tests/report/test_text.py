"""The terminal's rendering."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from conformance.model import CheckResult, Resource, Verdict
from conformance.report.clean import clean
from conformance.report.text import failure_block, final_table, verdict_lines

from .samples import HOSTILE, Sample, exchange, report_of, requirement, result


def printed(*things: object, color: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=120, force_terminal=color, color_system="truecolor" if color else None
    )
    for thing in things:
        console.print(thing)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]  # a StringIO


def test_a_failure_says_everything_in_the_order_of_the_design(sample: Sample) -> None:
    failed = sample.report.requirements[1]
    block = failure_block(failed.requirement, failed.checks[0], sample.exchanges["x000002"])
    wanted = [
        "FAIL CMF-ID-MIN (MUST, identifiers)",
        "  The whole rule",
        "  expected  400 or 422",
        "  got       201 Created",
        "    > POST https://cmf.example/gateway/cmf/api/v1/environments",
        '    > {"name":"abc"}',
        "    < 201 Created",
        "  repeat    curl -i",
        "  contract  OpenAPI GET /cmf/api/v1/environments/{envName}, responses 404",
    ]
    places = [block.index(each) for each in wanted]
    assert places == sorted(places)


def test_the_curl_line_stays_one_line(sample: Sample) -> None:
    failed = sample.report.requirements[1].checks[0]
    block = failure_block(sample.report.requirements[1].requirement, failed, None)
    assert f"  repeat    {failed.curl}" in block.splitlines()


def test_long_answers_stay_short() -> None:
    rule = requirement("CMF-A-B")
    check = CheckResult(rule.id, "a check", Verdict.FAIL, "m" * 9_000, "e\n" * 900, "g" * 9_000)
    block = failure_block(rule, check, exchange(answer=b"line\n" * 100_000))
    assert len(block) < 12_000
    assert "more lines)" in block


def test_nothing_active_reaches_the_terminal(hostile: Sample) -> None:
    report = hostile.report
    check = report.requirements[0].checks[0]
    for each in (*hostile.exchanges.values(), None):
        block = failure_block(report.requirements[0].requirement, check, each)
        assert clean(block) == block
    output = printed(final_table(report), *verdict_lines(report, Path("reports") / "\x1b[31m"))
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "Left behind on the target: 1 resource" in output


def test_markup_of_the_target_is_literal(sample: Sample) -> None:
    report = replace(sample.report, notes=("[bold red]boo[/bold red] [/]",))
    assert "[bold red]boo[/bold red] [/]" in printed(*verdict_lines(report, None))


def test_the_table_counts_by_area(sample: Sample) -> None:
    lines = [line.split("│") for line in printed(final_table(sample.report)).splitlines() if "│" in line]
    cells = {line[1].strip(): [cell.strip() for cell in line[2:-1]] for line in lines}
    assert cells["identifiers"] == ["1", "·", "·", "·", "·", "·", "1", "2"]
    assert cells["all"] == ["2", "1", "1", "1", "1", "1", "2", "9"]


def test_columns_without_any_are_left_out() -> None:
    table = final_table(report_of((result(requirement("CMF-A-B"), Verdict.PASS),)))
    assert [column.header for column in table.columns] == ["area", "pass", "of"]


def test_colour_comes_from_rich_and_only_when_wanted(sample: Sample) -> None:
    assert "\x1b[" in printed(*verdict_lines(sample.report, None), color=True)
    assert "\x1b[" not in printed(*verdict_lines(sample.report, None))


def test_many_left_behind_are_counted(sample: Sample) -> None:
    many = tuple(Resource("secret", f"s{number}", f"/s{number}") for number in range(50))
    output = printed(*verdict_lines(replace(sample.report, left_behind=many), Path("reports")))
    assert "50 resources" in output
    assert "and 30 more" in output
    assert output.rstrip().endswith("Report: reports")


def test_hostile_requirement_text_is_no_way_in_either() -> None:
    rule = replace(requirement("CMF-A-B"), sentence=HOSTILE, area=HOSTILE)
    block = failure_block(rule, CheckResult(rule.id, "", Verdict.FAIL), None)
    assert clean(block) == block
