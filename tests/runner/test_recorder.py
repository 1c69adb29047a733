from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance import resources
from conformance.contract.judgement import Judge
from conformance.contract.openapi import Contract
from conformance.expectations import Broken, Unmet
from conformance.model import CheckResult, Exchange, Finding, HttpRequest, HttpResponse, Verdict
from conformance.registry import catalogue
from conformance.runner.recorder import Recorder

URL = "http://cmf.example/cmf/api/v1/environments"
CONTRACT = Contract.load(resources.contract_folder("cmf-2.0") / "openapi.yaml")
Make = Callable[..., Exchange]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(catalogue(), CONTRACT, Judge(CONTRACT, catalogue()))


def exchange(
    number: int, status: int = 200, body: bytes = b'{"items": []}', operation: str | None = "getEnvironments"
) -> Exchange:
    return Exchange(
        id=f"x{number:06d}",
        operation=operation,
        request=HttpRequest("GET", URL, (("Accept", "application/json"),), b""),
        response=HttpResponse(status, (("Content-Type", "application/json"),), body),
        error=None,
        started="2025-03-31T11:34:01.503Z",
        elapsed_ms=1.0,
    )


def test_alike_findings_are_counted_with_few_examples(recorder: Recorder) -> None:
    for number in range(1, 10):
        recorder.observe(exchange(number, 500, b'{"errors": [{"message": "m"}]}'))
    (result,) = recorder.results_of("CMF-ERR-SERVER")
    assert (result.outcome, result.count) == (Verdict.FAIL, 9)
    assert result.evidence == ("x000001", "x000002", "x000003")
    assert result.curl.startswith("curl ")


def test_messages_that_differ_in_names_and_numbers_only_are_alike(recorder: Recorder) -> None:
    for number in range(1, 4):
        message = f"'cmfc-ab12cd34-env-{number}' came {number} times"
        recorder.add_finding(Finding("CMF-TIME-FORMAT", Verdict.FAIL, "answers", message), exchange(number))
    recorder.add_finding(Finding("CMF-TIME-FORMAT", Verdict.FAIL, "answers", "something else"), exchange(4))
    assert [each.count for each in recorder.results_of("CMF-TIME-FORMAT")] == [3, 1]


def test_kinds_of_failure_are_limited_but_passes_are_not_lost(recorder: Recorder) -> None:
    words = [a + b for a in "abcdefgh" for b in "abcdefgh"]
    for number, word in enumerate(words):
        recorder.add_finding(
            Finding("CMF-TIME-FORMAT", Verdict.FAIL, "answers", f"wrong {word}"), exchange(number)
        )
    recorder.add_finding(Finding("CMF-TIME-FORMAT", Verdict.PASS, "answers"), exchange(99))
    outcomes = [each.outcome for each in recorder.results_of("CMF-TIME-FORMAT")]
    assert outcomes.count(Verdict.FAIL) == 12
    assert outcomes.count(Verdict.PASS) == 1


def test_checks_record_what_ended_them(recorder: Recorder) -> None:
    with recorder.check("CMF-ENV-GET", "holds"):
        pass
    with recorder.check("CMF-ENV-GET", "broken"):
        raise Broken("no", expected="a", got="b")
    with pytest.raises(Unmet), recorder.check("CMF-ENV-GET", "unmet"):
        raise Unmet("nothing there")
    with pytest.raises(KeyError), recorder.check("CMF-ENV-GET", "defect"):
        raise KeyError("x")
    found = [(each.name, each.outcome, each.message) for each in recorder.results_of("CMF-ENV-GET")]
    assert found == [
        ("holds", Verdict.PASS, ""),
        ("broken", Verdict.FAIL, "no"),
        ("unmet", Verdict.NOT_TESTED, "nothing there"),
        ("defect", Verdict.ERROR, "the harness failed: KeyError: 'x'"),
    ]


def test_evidence_is_the_last_exchanges_and_the_decisive_one(recorder: Recorder) -> None:
    recorder.enter("test_x")
    sent = [exchange(number) for number in range(1, 9)]
    for each in sent:
        recorder.observe(each)
    with recorder.check("CMF-ENV-GET", "looks"):
        raise Broken("no", exchange=sent[0])
    (result,) = recorder.results_of("CMF-ENV-GET")
    assert result.evidence == ("x000005", "x000006", "x000007", "x000008", "x000001")
    assert result.scenario == "test_x"
    recorder.enter("test_y")
    with recorder.check("CMF-ENV-UPDATE", "looks"):
        pass
    assert recorder.results_of("CMF-ENV-UPDATE")[0].evidence == ()


def test_marks(recorder: Recorder) -> None:
    recorder.note("CMF-ENV-GET", "before", Verdict.PASS, "")
    mark = recorder.enter("test_x")
    recorder.note("CMF-ENV-UPDATE", "after", Verdict.PASS, "")
    assert [each.name for each in recorder.since(mark)] == ["after"]


def test_whoever_listens_hears_of_everything_but_passes(recorder: Recorder) -> None:
    heard: list[tuple[CheckResult, Exchange | None]] = []
    recorder.on_result = lambda result, decisive: heard.append((result, decisive))
    recorder.observe(exchange(1))
    assert heard == []
    recorder.observe(exchange(2, 418))
    recorder.observe(exchange(3, 418))
    assert [(result.requirement, decisive.id if decisive else None) for result, decisive in heard][:1] == [
        ("CMF-ERR-STATUS", "x000002")
    ]


def test_an_unanswered_request(recorder: Recorder) -> None:
    silent = Exchange(
        "x000009", None, HttpRequest("PUT", URL, (), b""), None, "ReadTimeout after 30 s", "", 1.0
    )
    recorder.observe(silent)
    assert recorder.results_of("CMF-ERR-ANSWER") == ()
    recorder.unanswered(silent)
    (result,) = recorder.results_of("CMF-ERR-ANSWER")
    assert (result.outcome, result.message) == (Verdict.FAIL, f"no answer to PUT {URL}")
    assert result.got == "ReadTimeout after 30 s"


def test_coverage(recorder: Recorder) -> None:
    for number, (status, operation) in enumerate(
        [
            (200, "getEnvironments"),
            (200, "getEnvironments"),
            (418, "getEnvironments"),
            (404, None),
            (404, "getEnvironment"),
        ]
    ):
        recorder.observe(exchange(number, status, operation=operation))
    coverage = recorder.coverage()
    pairs = [(each.operation, each.status, each.count, each.documented) for each in coverage.pairs]
    assert pairs == [
        ("getEnvironment", 404, 1, True),
        ("getEnvironments", 200, 2, True),
        ("getEnvironments", 418, 1, False),
    ]
    assert coverage.operations == ("getEnvironment", "getEnvironments")
    assert (coverage.requests, coverage.requests_2xx) == (5, 2)


def test_threads_lose_nothing(recorder: Recorder) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recorder.observe(exchange(number)), range(400)))
    assert recorder.coverage().requests == 400
    assert {each.count for each in recorder.results_of("CMF-ERR-SERVER")} == {400}
    assert {each.count for each in recorder.results_of("CMF-ERR-ANSWER")} == {400}
