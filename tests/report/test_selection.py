"""Which parts of a report are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.curl import curl_line
from conformance.model import CheckResult, Pair, Source, Verdict
from conformance.report import selection
from conformance.report.wording import place, plural, verdict_sentence

from .samples import Sample, exchange, requirement, result

STEPS = {f"x00000{number}": exchange(f"x00000{number}", path=f"/step{number}") for number in range(1, 7)}


def check(curl: str, count: int = 1, evidence: tuple[str, ...] = tuple(STEPS)) -> CheckResult:
    return CheckResult("CMF-A-B", "a check", Verdict.FAIL, evidence=evidence, curl=curl, count=count)


def test_heat_grows_with_the_number_of_digits() -> None:
    assert [selection.heat(count) for count in (0, 1, 9, 10, 999, 1_000, 10**6)] == [0, 1, 1, 2, 3, 4, 4]


def test_a_keyword_is_hot_only_when_it_was_tried_both_ways(sample: Sample) -> None:
    ((_, cells),) = selection.keywords(sample.report).rows
    assert [(cell.state, cell.heat) for cell in cells if cell] == [("", 2), ("half", 1), ("unseen", 0)]


def test_the_exchange_that_the_curl_line_repeats_is_decisive() -> None:
    assert selection.decisive(check(curl_line(STEPS["x000002"])), STEPS) is STEPS["x000002"]


def test_a_curl_line_with_other_headers_is_recognised_by_its_url() -> None:
    assert selection.decisive(check(f"curl -v {STEPS['x000003'].request.url}"), STEPS) is STEPS["x000003"]


def test_without_a_curl_line_a_scenario_ends_with_its_decisive_exchange() -> None:
    assert selection.decisive(check(""), STEPS) is STEPS["x000006"]


def test_like_observations_are_told_by_the_first() -> None:
    assert selection.decisive(check("", count=9), STEPS) is STEPS["x000001"]


def test_missing_evidence_has_no_decisive_exchange() -> None:
    assert selection.decisive(check("", evidence=("x999999",)), STEPS) is None
    assert selection.decisive(check(""), {}) is None


def test_the_last_exchanges_and_the_decisive_one_are_shown_in_order() -> None:
    assert [each.id for each in selection.shown(check(""), STEPS)] == ["x000004", "x000005", "x000006"]
    early = selection.shown(check(curl_line(STEPS["x000002"])), STEPS)
    assert [each.id for each in early] == ["x000002", "x000005", "x000006"]
    doubled = check("", evidence=("x000001", "x000001", "x999999"))
    assert [each.id for each in selection.shown(doubled, STEPS)] == ["x000001"]


def test_the_checks_that_made_the_verdict_come_first_and_quiet_ones_not_at_all() -> None:
    rule = requirement("CMF-A-B")
    made = result(
        rule,
        Verdict.FAIL,
        replace(check(""), name="1", outcome=Verdict.PASS),
        replace(check(""), name="2", outcome=Verdict.WARN),
        replace(check(""), name="3", outcome=Verdict.NOT_TESTED),
        replace(check(""), name="4"),
        replace(check(""), name="5", outcome=Verdict.NOT_APPLICABLE),
    )
    assert [each.name for each in selection.telling(made)] == ["4", "3", "2"]


def test_areas_errata_and_coverage(sample: Sample) -> None:
    rows = selection.areas(sample.report)
    assert [(row.area, row.total) for row in rows][:2] == [("environments", 3), ("identifiers", 2)]
    assert sum(row.total for row in rows) == len(sample.report.requirements)
    ((erratum, touched),) = selection.errata_at_work(sample.report)
    assert (erratum.id, [each.requirement.id for each in touched]) == ("E-UPSERT-201", ["CMF-ENV-GET"])
    assert [name for name, _ in selection.pairs_by_operation(sample.report)] == [
        "createOrUpdateEnvironment",
        "getEnvironment",
    ]
    assert selection.pairs_by_operation(sample.report)[1][1][0] == Pair(
        "getEnvironment", 200, 41, documented=True
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            Source("openapi", "#/paths/~1cmf~1api~1v1~1environments/post/responses/201"),
            "OpenAPI POST /cmf/api/v1/environments, responses 201",
        ),
        (Source("openapi", "#/paths/~1a~0b/get"), "OpenAPI GET /a~b"),
        (
            Source("openapi", "#/components/schemas/Environment/properties/name"),
            "OpenAPI schema Environment, properties name",
        ),
        (Source("openapi", "#/components/schemas/Environment"), "OpenAPI schema Environment"),
        (Source("openapi", "#/info/title"), "OpenAPI #/info/title"),
        (Source("documentation", "Identifiers"), "documentation, section “Identifiers”"),
    ],
)
def test_places_of_the_contract_are_read_out(source: Source, words: str) -> None:
    assert place(source) == words


def test_the_verdict_in_words(sample: Sample) -> None:
    assert verdict_sentence(sample.report) == (
        "Of 9 requirements selected, the target broke 2. 1 was not tested and 1 was lost to an error."
    )
    assert plural(1, "check") == "1 check"
    assert plural(1200, "check") == "1,200 checks"
