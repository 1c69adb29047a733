"""Each rule with an exchange that keeps it and one that breaks it, and what is then said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.contract.judgement import UNIVERSAL, Judge, accepted, error_messages, is_uuid, read_body
from conformance.contract.openapi import Contract
from conformance.model import Exchange, Finding, HttpResponse, Verdict
from conformance.registry import catalogue

UUID = "0f0a4b2e-6a3b-4b6e-9d63-3f1c2d4e5f60"
TIMES = {"created_time": "2025-03-31T11:34:01.503Z", "updated_time": "2025-03-31T11:34:02Z"}
ENVIRONMENT = {"name": "abcd", "kubernetesNamespace": "default", "secrets": {}, **TIMES}
APPLICATION = {
    "apiVersion": "cmf.confluent.io/v1",
    "kind": "FlinkApplication",
    "metadata": {"name": "abcd", "creationTimestamp": "2025-03-31T11:34:01Z"},
    "spec": {"image": "x"},
    "status": {"jobStatus": {"state": "RUNNING"}},
}
INSTANCE = {
    "apiVersion": "cmf.confluent.io/v1",
    "kind": "FlinkApplicationInstance",
    "metadata": {"name": UUID, "uid": UUID},
}
EVENT = {
    "apiVersion": "cmf.confluent.io/v1alpha1",
    "kind": "FlinkApplicationEvent",
    "metadata": {"name": UUID, "uid": UUID},
    "status": {"message": "m", "type": "JOB_STATUS", "data": {"newStatus": "RUNNING"}},
}
ERROR = {"errors": [{"message": "Resource not found: x"}]}
YAML = "application/yaml"
Make = Callable[..., Exchange]
CATALOGUE = catalogue()


@pytest.fixture(scope="module")
def judge(contract: Contract) -> Judge:
    return Judge(contract, CATALOGUE)


@pytest.fixture(scope="module")
def strict(contract: Contract) -> Judge:
    return Judge(contract, CATALOGUE, strict=True)


def page(*items: Any, **more: Any) -> dict[str, Any]:
    return {
        "items": list(items),
        "pageable": {"page": 0, "size": 10, "sort": {"sorted": False}},
        "metadata": {"size": len(items)},
        **more,
    }


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in keys}


def at(value: dict[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    return {**value, part: {**value[part], **fields}}


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {each.requirement: each.message for each in findings if each.outcome is not Verdict.PASS}


def kept(findings: list[Finding]) -> set[str]:
    return {each.requirement for each in findings if each.outcome is Verdict.PASS}


# operation, status, body, further arguments, and the rules that are seen to be kept
CLEAN: list[tuple[str, int, Any, dict[str, Any], set[str]]] = [
    ("getEnvironment", 200, ENVIRONMENT, {}, {"CMF-ENV-SCHEMA", "CMF-TIME-FORMAT", "CMF-TIME-ORDER"}),
    ("createOrUpdateEnvironment", 201, ENVIRONMENT, {}, {"CMF-ENV-SCHEMA", "CMF-CONTENT-JSON"}),
    ("getEnvironments", 200, page(ENVIRONMENT), {}, {"CMF-ENV-SCHEMA", "CMF-PAGE-SCHEMA"}),
    ("getEnvironments", 200, page(), {}, {"CMF-PAGE-SCHEMA", "CMF-CONTENT-NULL"}),
    ("getApplication", 200, APPLICATION, {}, {"CMF-APP-SCHEMA", "CMF-TIME-FORMAT"}),
    ("getApplication", 200, {**APPLICATION, "status": None}, {}, {"CMF-APP-SCHEMA", "CMF-CONTENT-NULL"}),
    ("startApplication", 200, APPLICATION, {}, {"CMF-APP-SCHEMA"}),
    ("getApplicationInstances", 200, page(INSTANCE), {}, {"CMF-INST-SCHEMA", "CMF-INST-NAME"}),
    (
        "getApplicationEvents",
        200,
        page(EVENT),
        {},
        {"CMF-EVENT-SCHEMA", "CMF-EVENT-NAME", "CMF-EVENT-VERSION"},
    ),
    (
        "getApplicationEvents",
        200,
        page({**EVENT, "apiVersion": "v1alpha1"}),
        {},
        {"CMF-EVENT-SCHEMA", "CMF-EVENT-VERSION"},
    ),
    (
        "getEnvironment",
        200,
        b"name: abcd\nkubernetesNamespace: default\n",
        {"declared": "application/yaml; charset=UTF-8", "accept": YAML},
        {"CMF-ENV-SCHEMA", "CMF-CONTENT-YAML", "CMF-CONTENT-TYPE"},
    ),
    ("getEnvironment", 200, ENVIRONMENT, {"accept": "*/*"}, {"CMF-CONTENT-JSON"}),
    ("getEnvironment", 200, {**ENVIRONMENT, "own": [1]}, {}, {"CMF-ENV-SCHEMA"}),
    ("deleteEnvironment", 200, b"", {"declared": None}, {"CMF-ERR-STATUS", "CMF-ERR-SERVER"}),
    ("deleteEnvironment", 200, b"what it likes", {"declared": "text/plain"}, {"CMF-ERR-STATUS"}),
    (
        "getApplication",
        304,
        b"",
        {"declared": None, "asked": (("if-none-match", '"1"'),), "headers": (("ETag", '"1"'),)},
        {"CMF-CACHE-BODY", "CMF-CACHE-ETAG", "CMF-CACHE-UNCONDITIONAL"},
    ),
    ("startApplication", 304, b"", {"declared": None}, {"CMF-ERR-STATUS"}),
    ("getEnvironment", 404, ERROR, {}, {"CMF-ERR-BODY", "CMF-ERR-MESSAGE", "CMF-ERR-NEGOTIATED"}),
    ("startApplication", 404, ERROR, {}, {"CMF-ERR-STATUS", "CMF-ERR-BODY", "CMF-ERR-MESSAGE"}),
    ("getEnvironment", 406, ERROR, {"accept": "text/html"}, {"CMF-ERR-STATUS", "CMF-ERR-BODY-HTTP"}),
    (
        "getEnvironment",
        404,
        b'errors:\n- message: "no"\n',
        {"declared": YAML, "accept": YAML},
        {"CMF-ERR-BODY", "CMF-ERR-NEGOTIATED"},
    ),
]


@pytest.mark.parametrize(("operation", "status", "body", "how", "rules"), CLEAN)
def test_a_correct_answer_breaks_nothing(
    judge: Judge, exchange: Make, operation: str, status: int, body: Any, how: dict[str, Any], rules: set[str]
) -> None:
    findings = judge.judge(exchange(operation, status, body, **how))
    assert wrong(findings) == {}
    assert rules <= kept(findings)
    assert {each.name for each in findings} == {f"answers of {operation}"}


LATIN = {"name": "abcd", "kubernetesNamespace": "default", "x": "é"}
# operation, status, body, further arguments, and what is said to be broken
BROKEN: list[tuple[str, int, Any, dict[str, Any], dict[str, str]]] = [
    (
        "getEnvironment",
        500,
        ERROR,
        {},
        {"CMF-ERR-SERVER": "a request was answered with 500"},
    ),
    (
        "getEnvironment",
        503,
        b"<html>",
        {"declared": "text/html"},
        {
            "CMF-ERR-SERVER": "a request was answered with 503",
            "CMF-ERR-BODY-HTTP": "503: the body is declared as text/html",
        },
    ),
    (
        "getEnvironment",
        418,
        ERROR,
        {},
        {"CMF-ERR-STATUS": "getEnvironment answered the undocumented status 418"},
    ),
    (
        "createOrUpdateEnvironment",
        200,
        ENVIRONMENT,
        {},
        {"CMF-ERR-STATUS": "createOrUpdateEnvironment answered the undocumented status 200"},
    ),
    (
        "getEnvironment",
        404,
        b"not found",
        {"declared": "text/plain"},
        {"CMF-ERR-BODY": "404: the body is declared as text/plain"},
    ),
    ("getEnvironment", 404, b"", {}, {"CMF-ERR-BODY": "404: the body is declared as application/json, but"}),
    ("getEnvironment", 404, ["x"], {}, {"CMF-ERR-BODY": "404: the body is no object"}),
    (
        "getEnvironment",
        404,
        {"errors": "x"},
        {},
        {"CMF-ERR-BODY": '404: /errors: "x" is not of type "array"'},
    ),
    (
        "getEnvironment",
        404,
        {"errors": [{"message": 1}]},
        {},
        {"CMF-ERR-BODY": "404: /errors/0/message: 1 is"},
    ),
    ("getEnvironment", 404, {"errors": []}, {}, {"CMF-ERR-MESSAGE": "404: it holds no message"}),
    ("getEnvironment", 404, {}, {}, {"CMF-ERR-MESSAGE": "404: it holds no message"}),
    (
        "getEnvironment",
        404,
        {"errors": [{"message": " "}]},
        {},
        {"CMF-ERR-MESSAGE": "404: it holds no message"},
    ),
    (
        "getEnvironment",
        404,
        ERROR,
        {"accept": YAML},
        {"CMF-ERR-NEGOTIATED": "asked for application/yaml, the error is declared as application/json"},
    ),
    ("getEnvironment", 405, b"", {"declared": None}, {"CMF-ERR-BODY-HTTP": "405: the body is not declared"}),
    ("getEnvironment", 405, {}, {}, {"CMF-ERR-BODY-HTTP": "405: it holds no message"}),
    (
        "getEnvironment",
        200,
        b"name: abcd\nkubernetesNamespace: default",
        {},
        {"CMF-CONTENT-JSON": "the body is declared as application/json, but not JSON: Expecting value at"},
    ),
    (
        "getEnvironment",
        200,
        ENVIRONMENT,
        {"accept": YAML},
        {"CMF-CONTENT-YAML": "asked for application/yaml, the body is declared as application/json"},
    ),
    (
        "getEnvironment",
        200,
        b"name: abcd\n\tkubernetesNamespace: default\n",
        {"declared": YAML, "accept": YAML},
        {"CMF-CONTENT-YAML": "the body is declared as application/yaml, but not YAML: found"},
    ),
    (
        "getEnvironment",
        200,
        str(LATIN).replace("'", '"').encode("latin-1"),
        {},
        {"CMF-CONTENT-JSON": "the body is declared as application/json, but not UTF-8 at byte"},
    ),
    (
        "getEnvironment",
        200,
        ENVIRONMENT,
        {"declared": "application/json; charset=ISO-8859-1"},
        {"CMF-CONTENT-JSON": "the body is declared to be in iso-8859-1"},
    ),
    (
        "getEnvironment",
        200,
        ENVIRONMENT,
        {"declared": None, "accept": None},
        {"CMF-CONTENT-TYPE": "the body is declared as nothing"},
    ),
    (
        "getEnvironment",
        200,
        ENVIRONMENT,
        {"declared": "text/html"},
        {
            "CMF-CONTENT-TYPE": "the body is declared as text/html",
            "CMF-CONTENT-JSON": "asked for application/json, the body is declared as text/html",
        },
    ),
    (
        "getEnvironment",
        200,
        b"",
        {},
        {
            "CMF-CONTENT-JSON": "the body is declared as application/json, but not JSON",
            "CMF-ENV-SCHEMA": "the body is empty",
        },
    ),
    (
        "getEnvironments",
        200,
        b"",
        {},
        {
            "CMF-CONTENT-JSON": "the body is declared as application/json, but not JSON",
            "CMF-PAGE-SCHEMA": "the body is empty",
        },
    ),
    (
        "getEnvironment",
        200,
        {**ENVIRONMENT, "flinkApplicationDefaults": None},
        {},
        {"CMF-CONTENT-NULL": "null in place of an absent field"},
    ),
    (
        "getEnvironment",
        200,
        {**ENVIRONMENT, "created_time": "2025-03-31T11:34:01.503"},
        {},
        {"CMF-TIME-FORMAT": "'2025-03-31T11:34:01.503' has no offset, RFC 3339 needs one"},
    ),
    (
        "getEnvironment",
        200,
        {**ENVIRONMENT, "updated_time": 1743420841},
        {},
        {"CMF-TIME-FORMAT": "1743420841 is not a string", "CMF-ENV-SCHEMA": "/updated_time: "},
    ),
    (
        "getApplications",
        200,
        page(at(APPLICATION, "metadata", creationTimestamp="yesterday")),
        {},
        {"CMF-TIME-FORMAT": "'yesterday' is not of the form 2025-03-31T11:34:01.503Z"},
    ),
    (
        "getEnvironment",
        200,
        {**ENVIRONMENT, "updated_time": "2025-03-31T11:34:01.502Z"},
        {},
        {"CMF-TIME-ORDER": "a resource is updated before it is created"},
    ),
    (
        "getEnvironment",
        200,
        without(ENVIRONMENT, "kubernetesNamespace"),
        {},
        {"CMF-ENV-SCHEMA": '/: "kubernetesNamespace" is a required property'},
    ),
    (
        "getEnvironment",
        200,
        {**ENVIRONMENT, "kubernetesNamespace": None},
        {},
        {"CMF-ENV-SCHEMA": '/kubernetesNamespace: null is not of type "string"'},
    ),
    ("getEnvironment", 200, [ENVIRONMENT], {}, {"CMF-ENV-SCHEMA": "/: "}),
    (
        "getEnvironments",
        200,
        page(ENVIRONMENT, {**ENVIRONMENT, "name": "A"}),
        {},
        {"CMF-ENV-SCHEMA": '/items/1/name: "A" '},
    ),
    (
        "getEnvironments",
        200,
        page() | {"items": {}},
        {},
        {"CMF-PAGE-SCHEMA": '/items: {} is not of type "array"'},
    ),
    ("getEnvironments", 200, [ENVIRONMENT], {}, {"CMF-PAGE-SCHEMA": "/: "}),
    ("getEnvironments", 200, page(metadata={"size": "1"}), {}, {"CMF-PAGE-SCHEMA": "/metadata/size: "}),
    ("getApplication", 200, without(APPLICATION, "spec"), {}, {"CMF-APP-SCHEMA": '/: "spec" is a required'}),
    (
        "getApplicationInstance",
        200,
        without(INSTANCE, "kind"),
        {},
        {"CMF-INST-SCHEMA": '/: "kind" is a required property'},
    ),
    (
        "getApplicationInstance",
        200,
        {**INSTANCE, "metadata": {"name": "abcd", "uid": "abcd"}},
        {},
        {"CMF-INST-NAME": "the name of an instance is no UUID"},
    ),
    (
        "getApplicationInstances",
        200,
        page(at(INSTANCE, "metadata", uid=UUID[::-1])),
        {},
        {"CMF-INST-NAME": "uid is not identical to name"},
    ),
    (
        "getApplicationEvents",
        200,
        page(at(EVENT, "metadata", uid="another")),
        {},
        {"CMF-EVENT-NAME": "uid is not identical to name"},
    ),
    (
        "getApplicationEvents",
        200,
        page({**EVENT, "apiVersion": "cmf.confluent.io/v1"}),
        {},
        {"CMF-EVENT-VERSION": "the apiVersion of an event is another"},
    ),
    (
        "getApplicationEvents",
        200,
        page({**EVENT, "kind": "Event"}),
        {},
        {"CMF-EVENT-VERSION": "the kind of an event is another"},
    ),
    (
        "getApplicationEvents",
        200,
        page(without(EVENT, "status")),
        {},
        {"CMF-EVENT-SCHEMA": '/items/0: "status" is a required property'},
    ),
    (
        "getApplication",
        304,
        b"x",
        {"declared": None},
        {
            "CMF-CACHE-BODY": "a 304 came with 1 bytes of content",
            "CMF-CACHE-ETAG": "a 304 came without ETag",
            "CMF-CACHE-UNCONDITIONAL": "304 in answer to a request without condition",
        },
    ),
]


@pytest.mark.parametrize(("operation", "status", "body", "how", "said"), BROKEN)
def test_a_broken_answer_breaks_exactly_these(
    judge: Judge,
    exchange: Make,
    operation: str,
    status: int,
    body: Any,
    how: dict[str, Any],
    said: dict[str, str],
) -> None:
    findings = judge.judge(exchange(operation, status, body, **how))
    found = wrong(findings)
    assert set(found) == set(said)
    for requirement, message in said.items():
        assert found[requirement].startswith(message)
    for each in findings:
        if each.outcome is not Verdict.PASS:
            assert each.expected
            assert each.got
            assert "\n" not in each.message


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
    judge: Judge, contract: Contract, exchange: Make, schema: str
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


def test_a_should_is_a_warning_and_a_must_a_failure(judge: Judge, exchange: Make) -> None:
    findings = judge.judge(exchange("getEnvironment", 200, {**ENVIRONMENT, "secrets": None, "name": 1}))
    outcomes = {each.requirement: each.outcome for each in findings}
    assert outcomes["CMF-CONTENT-NULL"] is Verdict.WARN
    assert outcomes["CMF-ENV-SCHEMA"] is Verdict.FAIL


def test_nulls_are_named_once_for_all_items(judge: Judge, exchange: Make) -> None:
    items = [{**ENVIRONMENT, "secrets": None}] * 3
    (finding,) = [
        each
        for each in judge.judge(exchange("getEnvironments", 200, page(*items)))
        if each.requirement == "CMF-CONTENT-NULL"
    ]
    assert finding.got == "null for /items/*/secrets"


def test_no_answer_says_nothing(judge: Judge, exchange: Make) -> None:
    assert judge.judge(replace(exchange("getEnvironment", 200), response=None, error="ReadTimeout")) == []


def test_another_route_is_judged_by_its_status_alone(judge: Judge, exchange: Make) -> None:
    assert kept(judge.judge(exchange(None, 404, b"nothing"))) == {"CMF-ERR-SERVER"}
    findings = judge.judge(exchange(None, 500, b"nothing"))
    assert wrong(findings) == {"CMF-ERR-SERVER": "a request was answered with 500"}
    assert findings[0].name == "answers of other routes"


def test_a_body_that_we_have_cut_is_not_held_against_the_target(judge: Judge, exchange: Make) -> None:
    for status in (200, 404):
        findings = judge.judge(exchange("getEnvironment", status, b'{"items": [', truncated=True))
        assert wrong(findings) == {}
        assert kept(findings) == {"CMF-ERR-SERVER", "CMF-ERR-STATUS"}


def test_strict_judges_by_the_letter(strict: Judge, exchange: Make) -> None:
    found = wrong(strict.judge(exchange("startApplication", 404, ERROR)))
    assert found == {"CMF-ERR-STATUS": "startApplication answered the undocumented status 404"}
    found = wrong(strict.judge(exchange("getEnvironment", 200, {**ENVIRONMENT, "secrets": None})))
    assert set(found) == {"CMF-ENV-SCHEMA"}
    assert wrong(strict.judge(exchange("getEnvironment", 200, ENVIRONMENT))) == {}


HOSTILE = {
    "half a surrogate pair": b'{"name": "\\ud800bcd", "kubernetesNamespace": "default"}',
    "half a pair as a key": b'{"\\udfff": null, "name": "abcd", "kubernetesNamespace": "default"}',
    "an infinite number": b'{"name": "abcd", "kubernetesNamespace": "default", "x": 1e999}',
    "a number of 5000 digits": b'{"name": "abcd", "kubernetesNamespace": "d", "x": ' + b"9" * 5000 + b"}",
    "300 levels": b'{"name": "abcd", "kubernetesNamespace": "d", "x": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
    "900 levels": b"[" * 900 + b"]" * 900,
    "100000 levels": b"[" * 100_000 + b"]" * 100_000,
    "100000 levels unclosed": b"[" * 100_000,
    "100000 levels of block YAML": b"- " * 100_000,
    "NUL": b"\0",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair in an error": b'{"errors": [{"message": "\\ud800"}]}',
    "half a surrogate pair as a time": b'{"name": "abcd", "kubernetesNamespace": "d", "created_time": "\\ud800"}',
    "the end of time": b'{"name": "abcd", "kubernetesNamespace": "d", "created_time": "9999-12-31T23:59:60Z"}',
    "items of items": b'{"items": [{"items": 1}, 2, null, []], "metadata": []}',
    "a bomb": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 121)),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize(
    "declared", ["application/json", YAML, "text/plain", "", ";;;=", "application/json;charset"]
)
@pytest.mark.parametrize(
    ("operation", "status"), [("getEnvironment", 200), ("getEnvironments", 200), ("getEnvironment", 404)]
)
def test_nothing_a_target_says_is_a_defect_of_the_harness(
    judge: Judge, exchange: Make, body: bytes, declared: str, operation: str, status: int
) -> None:
    findings = judge.judge(exchange(operation, status, body, declared=declared))
    assert {each.outcome for each in findings} <= {Verdict.PASS, Verdict.FAIL, Verdict.WARN}


def test_a_long_integer_and_deep_objects_are_well_formed(judge: Judge, exchange: Make) -> None:
    for kind in ("a number of 5000 digits", "300 levels", "an infinite number"):
        assert wrong(judge.judge(exchange("getEnvironment", 200, HOSTILE[kind]))) == {}


# -- helpers -----------------------------------------------------------------------------------------


def test_read_body_says_what_a_body_is_declared_as_and_what_it_is() -> None:
    def read(body: bytes, declared: str | None) -> tuple[Any, str | None, str | None]:
        headers = (("content-type", declared),) if declared else ()
        found = read_body(HttpResponse(200, headers, body))
        return found.value, found.media_type, found.problem

    assert read(b'{"a": 1}', "Application/JSON ; charset=utf-8") == ({"a": 1}, "application/json", None)
    assert read(b"a: 1", YAML) == ({"a": 1}, YAML, None)
    assert read(b"a: 1", "application/json")[:2] == ({"a": 1}, YAML)
    assert read(b'{"a": 1}', None) == ({"a": 1}, "application/json", "not declared by a Content-Type")
    assert read(b"hello", "text/plain") == (None, None, "declared as text/plain")


def test_accepted_is_clear_or_nothing(exchange: Make) -> None:
    assert accepted(exchange("getEnvironment", 200)) == "application/json"
    assert accepted(exchange("getEnvironment", 200, accept=None)) is None
    assert accepted(exchange("getEnvironment", 200, accept="application/json, */*")) is None
    assert accepted(exchange("getEnvironment", 200, asked=(("accept", YAML),))) is None


def test_error_messages() -> None:
    assert error_messages({"errors": [{"message": "a"}, {"message": " "}, {}, 1, {"message": 2}]}) == ["a"]
    assert error_messages({"errors": {"message": "a"}}) == error_messages(None) == error_messages([]) == []


def test_is_uuid() -> None:
    assert is_uuid(UUID)
    assert is_uuid(UUID.upper())
    for other in (UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", "abcd", "", None, 1):
        assert not is_uuid(other)
