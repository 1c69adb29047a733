"""Each rule with answers that break it, and what is then said."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.contract.judgement import Judge
from conformance.model import Verdict

from .conftest import Exchanging
from .samples import APPLICATION, ENVIRONMENT, ERROR, EVENT, INSTANCE, UUID, YAML, at, page, without, wrong

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
    (
        "getEnvironment",
        400,
        b"<html>",
        {"declared": "text/html"},
        {"CMF-ERR-BODY-HTTP": "400: the body is declared as text/html"},
    ),
    (
        "createOrUpdateEnvironment",
        400,
        b"<html>",
        {"declared": "text/html"},
        {"CMF-ERR-BODY": "400: the body is declared as text/html"},
    ),
    (
        "createOrUpdateApplication",
        400,
        b"<html>",
        {"declared": "text/html", "path": "/cmf/api/v1/environments/%D0%B0/applications"},
        {"CMF-ERR-BODY-HTTP": "400: the body is declared as text/html"},
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
    exchange: Exchanging,
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
