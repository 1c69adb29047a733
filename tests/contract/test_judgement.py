"""What a judgement is of, which rules it holds an answer against, and how much a broken one weighs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.contract.judgement import UNIVERSAL, Judge
from conformance.contract.openapi import Contract
from conformance.model import Verdict
from conformance.registry import catalogue

from .conftest import Exchanging
from .samples import APPLICATION, ENVIRONMENT, ERROR, EVENT, INSTANCE, kept, page, wrong
from .test_broken_answers import BROKEN
from .test_correct_answers import CLEAN

CATALOGUE = catalogue()


@pytest.fixture(scope="module")
def strict(contract: Contract) -> Judge:
    return Judge(contract, CATALOGUE, strict=True)


SCHEMAS = {
    requirement.schema: requirement.id
    for requirement in CATALOGUE.requirements.values()
    if requirement.schema not in {None, "RestError", "PaginationResponse"}
}
SPECS: dict[str, dict[str, Any]] = {
    "ComputePool": {"spec": {"type": "DEDICATED", "clusterSpec": {}}},
    "EnvironmentSecretMapping": {"spec": {"secretName": "abcd"}},
    "KafkaCatalog": {"spec": {"srInstance": {"connectionConfig": {}}, "kafkaClusters": []}},
    "Secret": {"spec": {"data": {}}},
    "Statement": {"spec": {"statement": "SELECT 1", "computePoolName": "abcd"}},
    "StatementResult": {"results": {"data": []}},
    "StatementExceptionList": {"data": []},
    "Environment": ENVIRONMENT,
    "FlinkApplication": APPLICATION,
    "FlinkApplicationInstance": INSTANCE,
    "FlinkApplicationEvent": EVENT,
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_schema_is_judged_by_its_own_requirement(
    judge: Judge, contract: Contract, exchange: Exchanging, schema: str
) -> None:
    rule = SCHEMAS[schema]
    good = {"apiVersion": "v1", "kind": schema, "metadata": {"name": "abcd"}} | SPECS[schema]
    answers = [
        (operation.id, answer.status, answer.schema != schema)
        for operation in contract.operations.values()
        for answer in operation.answers.values()
        if answer.schema and schema in {answer.schema, contract.item_schema(answer.schema)}
    ]
    assert answers
    for operation, status, listed in answers:

        def judged(
            value: Any, operation: str = operation, status: int = status, *, listed: bool = listed
        ) -> Any:
            return judge.judge(exchange(operation, status, page(value) if listed else value))

        assert rule in kept(judged(good))
        assert rule not in wrong(judged(good))
        assert wrong(judged(1))[rule].startswith("/items/0: " if listed else "/: ")
        assert rule in wrong(judged({"kind": 1, "name": 1}))


def test_the_tables_show_every_universal_rule_kept_and_broken() -> None:
    # What was not answered never comes here; what must stay hidden is known to who planted it.
    elsewhere = {"CMF-ERR-ANSWER", "CMF-SECRET-HIDDEN"} | set(SCHEMAS.values())
    assert {name for *_, rules in CLEAN for name in rules} | elsewhere >= UNIVERSAL
    assert {name for *_, said in BROKEN for name in said} | elsewhere >= UNIVERSAL


def test_a_should_is_a_warning_and_a_must_a_failure(judge: Judge, exchange: Exchanging) -> None:
    findings = judge.judge(exchange("getEnvironment", 200, {**ENVIRONMENT, "secrets": None, "name": 1}))
    outcomes = {each.requirement: each.outcome for each in findings}
    assert outcomes["CMF-CONTENT-NULL"] is Verdict.WARN
    assert outcomes["CMF-ENV-SCHEMA"] is Verdict.FAIL


def test_nulls_are_named_once_for_all_items(judge: Judge, exchange: Exchanging) -> None:
    items = [{**ENVIRONMENT, "secrets": None}] * 3
    (finding,) = [
        each
        for each in judge.judge(exchange("getEnvironments", 200, page(*items)))
        if each.requirement == "CMF-CONTENT-NULL"
    ]
    assert finding.got == "null for /items/*/secrets"


def test_no_answer_says_nothing(judge: Judge, exchange: Exchanging) -> None:
    assert judge.judge(replace(exchange("getEnvironment", 200), response=None, error="ReadTimeout")) == []


def test_another_route_is_judged_by_its_status_alone(judge: Judge, exchange: Exchanging) -> None:
    assert kept(judge.judge(exchange(None, 404, b"nothing"))) == {"CMF-ERR-SERVER"}
    findings = judge.judge(exchange(None, 500, b"nothing"))
    assert wrong(findings) == {"CMF-ERR-SERVER": "a request was answered with 500"}
    assert findings[0].name == "answers of other routes"


def test_a_body_that_we_have_cut_is_not_held_against_the_target(judge: Judge, exchange: Exchanging) -> None:
    for status in (200, 404):
        findings = judge.judge(exchange("getEnvironment", status, b'{"items": [', truncated=True))
        assert wrong(findings) == {}
        assert kept(findings) == {"CMF-ERR-SERVER", "CMF-ERR-STATUS"}


def test_strict_judges_by_the_letter(strict: Judge, exchange: Exchanging) -> None:
    found = wrong(strict.judge(exchange("startApplication", 404, ERROR)))
    assert found == {"CMF-ERR-STATUS": "startApplication answered the undocumented status 404"}
    found = wrong(strict.judge(exchange("getEnvironment", 200, {**ENVIRONMENT, "secrets": None})))
    assert set(found) == {"CMF-ENV-SCHEMA"}
    assert wrong(strict.judge(exchange("getEnvironment", 200, ENVIRONMENT))) == {}
