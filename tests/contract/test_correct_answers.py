"""Each rule with an answer that keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.judgement import Judge

from .conftest import Exchanging
from .samples import APPLICATION, ENVIRONMENT, ERROR, EVENT, INSTANCE, YAML, kept, page, wrong

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
    ("getApplicationEvents", 200, {}, {}, {"CMF-PAGE-SCHEMA"}),
    ("getApplicationInstances", 200, {}, {}, {"CMF-PAGE-SCHEMA"}),
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
    judge: Judge,
    exchange: Exchanging,
    operation: str,
    status: int,
    body: Any,
    how: dict[str, Any],
    rules: set[str],
) -> None:
    findings = judge.judge(exchange(operation, status, body, **how))
    assert wrong(findings) == {}
    assert rules <= kept(findings)
    assert {each.name for each in findings} == {f"answers of {operation}"}
