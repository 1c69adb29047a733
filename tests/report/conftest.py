"""Reports for the tests of ``conformance.report``: an everyday one, and one whose target is hostile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.curl import curl_line
from conformance.model import CheckResult, HttpResponse, Level, Resource, Verdict

from .samples import HOSTILE, URL, Sample, erratum, exchange, report_of, requirement, result


@pytest.fixture
def sample() -> Sample:
    """A run with something of everything: failures, a warning, a waiver, an error, something not tested."""
    asked, wrong = (
        exchange("x000001", "GET", "/cmf/api/v1/environments/cmfc-a1b2c3d4-x", b""),
        exchange("x000002", body=b'{"name":"abc"}', status=201, answer=b'{"name":"abc"}'),
    )
    lost = exchange("x000003", status=None)
    short_name = requirement("CMF-ID-MIN", "identifiers", title="A name of three characters is refused")
    reached = requirement("CMF-ERR-ANSWER", "errors", title="Every request is answered")
    failing = CheckResult(
        short_name.id,
        "a name of 3 characters is refused",
        Verdict.FAIL,
        "the name was accepted",
        "400 or 422",
        "201 Created",
        ("x000001", "x000002"),
        curl_line(wrong),
        "createOrUpdateEnvironment",
        "scenarios/test_identifiers.py::test_too_short[environments]",
    )
    unanswered = CheckResult(
        reached.id,
        "answers to POST",
        Verdict.FAIL,
        "no answer to POST",
        "an answer",
        "ReadTimeout after 30 s",
        ("x000003",),
        curl_line(lost),
        count=3,
    )
    should = requirement("CMF-ENV-SHOULD", level=Level.SHOULD)
    results = (
        result(requirement("CMF-ENV-GET"), Verdict.PASS, errata=("E-UPSERT-201",)),
        result(short_name, Verdict.FAIL, failing),
        result(requirement("CMF-ID-MAX", "identifiers"), Verdict.PASS),
        result(should, Verdict.WARN, CheckResult(should.id, "a null field", Verdict.WARN, "labels is null")),
        result(requirement("CMF-ENV-WAIVED"), Verdict.WAIVED),
        result(requirement("CMF-LIFE-START", "lifecycle"), Verdict.NOT_APPLICABLE),
        result(requirement("CMF-CACHE-BODY", "caching"), Verdict.NOT_TESTED),
        result(requirement("CMF-TIME-UTC", "timestamps"), Verdict.ERROR),
        result(reached, Verdict.FAIL, unanswered),
    )
    exchanges = {each.id: each for each in (asked, wrong, lost)}
    return Sample(report_of(results, errata=(erratum(),), notes=("The target was slow.",)), exchanges)


@pytest.fixture
def hostile() -> Sample:
    """A run against a target that puts ``HOSTILE`` wherever text of its own can end up."""
    answered = exchange("x000001", path="/" + HOSTILE, body=HOSTILE.encode("utf-8", "surrogatepass"))
    response = HttpResponse(299, ((HOSTILE, HOSTILE),), HOSTILE.encode("utf-8", "surrogatepass") * 3)
    answered = replace(answered, response=response)
    failed = replace(exchange("x000002", status=None), error=HOSTILE)
    rule = requirement("CMF-ENV-GET")
    check = CheckResult(
        rule.id,
        HOSTILE,
        Verdict.FAIL,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        ("x000001", "x000002"),
        HOSTILE,
        None,
        HOSTILE,
    )
    base = report_of((result(rule, Verdict.FAIL, check),), notes=(HOSTILE,))
    own = requirement("EXAMPLE-ODD", "private", title=HOSTILE)
    private = result(own, Verdict.FAIL, replace(check, requirement=own.id))
    return Sample(
        replace(
            base,
            harness=base.harness | {"version": HOSTILE, "contract": HOSTILE},
            run=base.run
            | {"id": HOSTILE, "profile": HOSTILE, "argv_redacted": [HOSTILE], "limits": {HOSTILE: HOSTILE}},
            target=base.target
            | {"url": URL + HOSTILE, "product": HOSTILE, "observed_headers": {HOSTILE: HOSTILE}},
            left_behind=(Resource(HOSTILE, HOSTILE, HOSTILE),),
            private=(private,),
            coverage=replace(base.coverage, operations=(HOSTILE,)),
        ),
        {"x000001": answered, "x000002": failed},
    )


@pytest.fixture
def crowd() -> Callable[[int, str], Sample]:
    """A function that makes a run with many failures, each with long text of one kind."""

    def make(number: int, text: str) -> Sample:
        wrong = exchange(answer=text.encode("utf-8", "surrogatepass") * 50)
        results = []
        for index in range(number):
            rule = requirement(f"CMF-ENV-N{index}", f"area {index % 60}")
            check = CheckResult(
                rule.id, text * 9, Verdict.FAIL, text * 9, text * 9, text * 9, ("x000001",), text * 9
            )
            results.append(result(rule, Verdict.FAIL, check, check, check, check))
        left = tuple(Resource(text, text, text * 9) for _ in range(number))
        return Sample(
            report_of(tuple(results), notes=(text * 20,) * number, left_behind=left), {"x000001": wrong}
        )

    return make
