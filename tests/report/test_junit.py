"""JUnit XML, read by a parser that is not ours and held against a schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]  # it has no types of its own

from conformance.model import Verdict
from conformance.report.junit import render_junit

from .samples import Sample, report_of, requirement, result

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))


def parsed(sample: Sample) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, huge_tree=True)
    root = etree.fromstring(render_junit(sample.report, sample.exchanges).encode("utf-8"), parser)
    SCHEMA.assertValid(root)
    return root


def test_one_suite_an_area_and_one_case_a_requirement(sample: Sample) -> None:
    root = parsed(sample)
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [
        ("environments", "3"),
        ("identifiers", "2"),
        ("lifecycle", "1"),
        ("caching", "1"),
        ("timestamps", "1"),
        ("errors", "1"),
    ]
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "time")} == {
        "tests": "9",
        "failures": "2",
        "errors": "2",
        "time": "271.500",
    }
    assert len(root.findall(".//testcase")) == 9


@pytest.mark.parametrize(
    ("name", "child"),
    [
        ("CMF-ENV-GET", None),
        ("CMF-ID-MIN", "failure"),
        ("CMF-TIME-UTC", "error"),
        ("CMF-CACHE-BODY", "error"),
        ("CMF-ENV-WAIVED", "skipped"),
        ("CMF-LIFE-START", "skipped"),
        ("CMF-ENV-SHOULD", "system-out"),
    ],
)
def test_every_verdict_becomes_the_word_that_misleads_nobody(
    sample: Sample, name: str, child: str | None
) -> None:
    (case,) = (case for case in parsed(sample).iter("testcase") if case.get("name").split()[0] == name)
    assert [each.tag for each in case] == ([child] if child else [])


def test_a_failure_has_a_message_and_a_body_of_many_lines(sample: Sample) -> None:
    failure = parsed(sample).find(".//testcase/failure")
    assert failure.get("message") == "a name of 3 characters is refused: the name was accepted"
    assert failure.get("type") == "fail"
    lines = failure.text.strip().splitlines()
    assert len(lines) > 10
    assert "  got       201 Created" in lines
    assert any(line.startswith("  repeat    curl -i") for line in lines)


def test_a_verdict_without_checks_still_has_a_body(sample: Sample) -> None:
    untested = parsed(sample).find("./testsuite[@name='caching']/testcase/error")
    assert "no check reached this requirement" in untested.text
    assert untested.get("type") == "not_tested"


def test_hostile_text_stays_text(hostile: Sample) -> None:
    root = parsed(hostile)
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
    }
    assert "<script>window.pwned=1</script>" in root.find(".//failure").text
    assert "\\x1b[31m" in root.find(".//failure").text


def test_a_crowd_of_failures_is_valid_and_bounded(crowd: Callable[[int, str], Sample]) -> None:
    made = crowd(100, "é\x0b\ufffe<&" * 200)
    root = parsed(made)
    assert root.get("failures") == "100"


def test_a_run_of_nothing_is_valid() -> None:
    assert len(parsed(Sample(report_of(()), {}))) == 0
    lost = report_of((result(requirement("CMF-A-B"), Verdict.PASS),), run={"started": "?"})
    assert render_junit(lost, {}).count('time="0"') == 3
