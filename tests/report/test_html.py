"""The HTML report, read by an HTML parser that is not ours; ``test_html_chromium`` has a browser read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from conformance.model import CheckResult, HttpResponse, Verdict
from conformance.report.html import render_html

from .samples import Sample, exchange, report_of, requirement, result


def page(sample: Sample) -> html.HtmlElement:
    return html.document_fromstring(render_html(sample.report, sample.exchanges))


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_the_top_says_what_was_tested_and_the_verdict(sample: Sample) -> None:
    top = words(page(sample).find(".//header"))
    for wanted in (
        "CMF 2.0 conformance of https://cmf.example/gateway",
        "Not conformant",
        "Of 9 requirements selected, the target broke 2.",
        "core, certification mode",
        "2025-11-03T10:00:00Z",
        "seed 20251103",
        "cmf-conformance 0.1.0",
        "The target was slow.",
    ):
        assert wanted in top


def test_failures_come_first_with_everything_needed(sample: Sample) -> None:
    sections = page(sample).findall(".//main/section")
    assert [section.get("id") for section in sections] == [
        "fail",
        "warn",
        "not_tested",
        "error",
        "waived",
        "errata",
        "areas",
        "requirements",
        "coverage",
        "created",
        "about",
    ]
    text = words(sections[0].find("article[@id='CMF-ID-MIN']"))
    wanted = [
        "CMF-ID-MIN",
        "The whole rule",
        "Expected 400 or 422",
        "Got 201 Created",
        "Request POST",
        '{"name":"abc"}',
        "Response 201 Created",
        '{"name":"abc"}',
        "Repeat it curl -i",
        "In the contract OpenAPI GET /cmf/api/v1/environments/{envName}",
    ]
    place = 0
    for each in wanted:
        place = text.index(each, place) + len(each)


def test_every_requirement_is_listed_once(sample: Sample) -> None:
    rows = page(sample).findall(".//section[@id='requirements']//li[@data-verdict]")
    assert len(rows) == 9
    assert sorted(row.get("data-verdict") for row in rows) == sorted(
        each.verdict.value for each in sample.report.requirements
    )


def test_it_is_one_file_that_fetches_nothing(sample: Sample) -> None:
    document = page(sample)
    assert document.xpath("//link | //img | //iframe | //object | //embed | //base | //script[@src]") == []
    assert all(target.startswith("#") for target in document.xpath("//a/@href"))
    policy = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert "url(" not in document.find(".//style").text
    assert "@import" not in document.find(".//style").text


def test_every_link_has_a_target_and_ids_are_unique(sample: Sample) -> None:
    document = page(sample)
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in document.xpath("//a/@href")} <= set(ids)
    assert {name for value in document.xpath("//@aria-labelledby") for name in value.split()} <= set(ids)


def test_it_has_landmarks_headings_without_gaps_and_captions(sample: Sample) -> None:
    document = page(sample)
    assert document.get("lang") == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(document.findall(f".//body/{landmark}")) == 1
    levels = [int(element.tag[1]) for element in document.iter("h1", "h2", "h3", "h4", "h5")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(table.find("caption") is not None for table in document.iter("table"))
    assert all(cell.get("scope") for cell in document.iter("th"))


def test_hostile_text_makes_no_element_and_no_attribute(sample: Sample, hostile: Sample) -> None:
    text = render_html(hostile.report, hostile.exchanges)
    document = html.document_fromstring(text)
    assert len(document.xpath("//script")) == 1
    assert document.xpath("//img | //*[@onerror]") == []
    assert {element.tag for element in document.iter() if isinstance(element.tag, str)} <= {
        element.tag for element in page(sample).iter() if isinstance(element.tag, str)
    }
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "49" not in words(document.find(".//section[@class='notes']"))


def test_the_policy_allows_exactly_the_script_of_the_page(sample: Sample, hostile: Sample) -> None:
    hashes = {
        re.search(r"sha256-([^']+)'", render_html(each.report, each.exchanges)) for each in (sample, hostile)
    }
    assert len({found[1] for found in hashes if found}) == 1


def test_what_was_left_behind_is_loud(hostile: Sample, sample: Sample) -> None:
    alarm = page(hostile).find(".//header/section[@class='alarm']")
    assert words(alarm).startswith("Left behind on the target: 1 resource")
    assert page(sample).find(".//section[@class='alarm']") is None


def test_errata_and_coverage_are_shown(sample: Sample) -> None:
    document = page(sample)
    errata = words(document.find(".//section[@id='errata']"))
    assert "200 is accepted where the contract has 201." in errata
    assert "CMF-ENV-GET pass" in errata
    coverage = words(document.find(".//section[@id='coverage']"))
    assert "418 × 2 undocumented" in coverage
    assert "200 × 41" in coverage


def test_what_the_property_tests_reached_is_shown(sample: Sample) -> None:
    section = page(sample).find(".//section[@id='coverage']")
    rows = [[words(cell) for cell in row] for row in section.iter("tr")]
    media = ("application/json, application/yaml", "application/json")
    numbers = ("1, 1, 1", "1, 2, 2")
    assert ["createOrUpdateEnvironment", "100", "44, 43", "42", *media, "201, 400", *numbers] in rows
    assert "/created_time: no valid value: it belongs to the server" in words(section)
    assert "left out: names, 3 cases: beyond the budget" in words(section)


def test_heat_maps_say_in_words_what_their_colours_say(sample: Sample) -> None:
    section = page(sample).find(".//section[@id='coverage']")
    maps = [each for each in section.iter("table") if each.get("class") == "heat"]
    assert len(maps) == 2
    answers, keywords = ([[words(cell) for cell in row] for row in each.iter("tr")] for each in maps)
    assert answers == [
        ["Operation", "200", "201", "404", "418"],
        ["createOrUpdateEnvironment", "·", "120", "·", "2 undocumented"],
        ["getEnvironment", "41", "·", "never", "·"],
    ]
    assert keywords == [
        ["Operation", "type", "pattern", "enum"],
        ["createOrUpdateEnvironment", "44 / 12", "44 / 0", "0 / 0"],
    ]
    assert "getEnvironment 404: no request that this run sent was answered so" in words(section)
    for each in maps:
        assert each.find("caption") is not None
        assert all(row[0].get("scope") in {"row", "col"} for row in each.iter("tr"))
        assert all(cell.get("title") for cell in each.iter("td") if cell.get("class") != "none")


def test_without_evidence_the_ids_are_named(sample: Sample) -> None:
    text = words(page(Sample(sample.report, {})).find(".//article[@id='CMF-ID-MIN']"))
    assert "2 exchanges more in evidence.ndjson: x000001, x000002." in text


def test_megabytes_and_crowds_stay_readable(crowd: Callable[[int, str], Sample]) -> None:
    rule = requirement("CMF-A-B")
    check = CheckResult(
        rule.id, "n", Verdict.FAIL, "m" * 5_000_000, "e" * 5_000_000, "g" * 5_000_000, ("x000001",)
    )
    huge = replace(exchange(), response=HttpResponse(200, (), b"y" * 8_000_000))
    assert len(render_html(report_of((result(rule, Verdict.FAIL, check),)), {"x000001": huge})) < 150_000
    made = crowd(100, "<b>&" * 300)
    assert len(render_html(made.report, made.exchanges)) < 40_000_000


def test_a_page_without_room_says_where_the_exchange_is() -> None:
    rules = [requirement(f"CMF-A-N{number}") for number in range(160)]
    results = tuple(
        result(
            rule,
            Verdict.FAIL,
            *(CheckResult(rule.id, str(n), Verdict.FAIL, evidence=("x000001",)) for n in range(14)),
        )
        for rule in rules
    )
    text = render_html(report_of(results), {"x000001": exchange(answer=b"z" * 9_000)})
    assert "This page has no room left for it" in text
    assert "2 checks more in report.json" in text


def test_the_same_report_gives_the_same_page(sample: Sample) -> None:
    assert render_html(sample.report, sample.exchanges) == render_html(sample.report, sample.exchanges)


def test_optional_facts_need_not_be_there(sample: Sample) -> None:
    bare = replace(
        sample.report,
        harness={key: value for key, value in sample.report.harness.items() if key != "contract"},
        run=sample.report.run | {"shard": "1/4", "strict": True, "selection": {"areas": ["x"]}},
        target=sample.report.target | {"declared_features": ["flink"], "product": {"name": "CMF"}},
        created=(),
        errata=(),
    )
    text = words(page(Sample(bare, {})))
    for wanted in (
        "CMF 2.0",
        "strict, shard 1/4",
        'Selection{"areas": ["x"]}',
        "This run created nothing.",
        '{"name": "CMF"}',
    ):
        assert wanted in text
