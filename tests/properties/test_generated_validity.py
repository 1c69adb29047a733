"""Our judgement of bodies and queries, by example."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import bodies
from conformance.config import Features
from conformance.properties.document import Document
from conformance.properties.names import NAME, NAMESPACE, padded
from conformance.properties.request import NO_BODY
from conformance.properties.validity import judge_body, judge_query

ENV, APP = "createOrUpdateEnvironment", "createOrUpdateApplication"
GOOD_APP = bodies.application(NAME, Features())


def environment(**fields: Any) -> dict[str, Any]:
    return {"name": NAME, **fields}


def application(**fields: Any) -> dict[str, Any]:
    return {**GOOD_APP, **fields}


def statement(**fields: Any) -> dict[str, Any]:
    spec = {"statement": "SHOW TABLES;", "computePoolName": NAME, **fields}
    return {"apiVersion": bodies.API_VERSION, "kind": "Statement", "metadata": {"name": NAME}, "spec": spec}


TABLE: list[tuple[str, object, str, str]] = [
    (ENV, environment(), "valid", ""),
    (ENV, environment(kubernetesNamespace=NAMESPACE, flinkApplicationDefaults={}), "valid", ""),
    (ENV, environment(statementDefaults={"detached": {"flinkConfiguration": {"a": "b"}}}), "valid", ""),
    (ENV, {"name": padded(253)}, "valid", ""),
    (ENV, {"name": f"{NAME}.a--b"}, "valid", ""),
    (ENV, {"name": padded(254)}, "invalid", "/name"),
    (ENV, {"name": f"{NAME}\n"}, "invalid", "/name"),
    (ENV, {"name": f"{NAME}A"}, "invalid", "/name"),
    (ENV, {"name": None}, "invalid", "/name"),
    (ENV, {"name": []}, "invalid", "/name"),
    (ENV, {}, "invalid", "/name"),
    (ENV, environment(kubernetesNamespace=""), "invalid", "/kubernetesNamespace"),
    (ENV, environment(kubernetesNamespace="x" * 254), "invalid", "/kubernetesNamespace"),
    (ENV, environment(kubernetesNamespace="default\n"), "invalid", "/kubernetesNamespace"),
    (ENV, environment(kubernetesNamespace=0), "invalid", "/kubernetesNamespace"),
    (ENV, environment(kubernetesNamespace=None), "unsure", "/kubernetesNamespace"),
    (ENV, environment(kubernetesNamespace="another"), "unsure", "/kubernetesNamespace"),
    (ENV, environment(flinkApplicationDefaults=[]), "invalid", "/flinkApplicationDefaults"),
    (ENV, environment(flinkApplicationDefaults={"a": 1}), "unsure", "/flinkApplicationDefaults"),
    (ENV, environment(computePoolDefaults="x"), "invalid", "/computePoolDefaults"),
    (ENV, environment(statementDefaults={"detached": 1}), "invalid", "/statementDefaults/detached"),
    (ENV, environment(statementDefaults={"detached": None}), "unsure", "/statementDefaults/detached"),
    (
        ENV,
        environment(statementDefaults={"interactive": {"flinkConfiguration": {"a/b": 1}}}),
        "invalid",
        "/statementDefaults/interactive/flinkConfiguration/a~1b",
    ),
    (ENV, environment(labels={}), "unsure", "/labels"),
    (ENV, environment(created_time="yesterday"), "unsure", "/created_time"),
    (ENV, environment(unknown=1, computePoolDefaults=[]), "invalid", "/computePoolDefaults"),
    (ENV, [], "invalid", ""),
    (ENV, [environment()], "invalid", ""),
    (ENV, None, "invalid", ""),
    (ENV, "text", "invalid", ""),
    (ENV, NO_BODY, "invalid", ""),
    (APP, application(metadata={}), "invalid", "/metadata/name"),
    (APP, application(metadata={"name": f"{NAME}_"}), "invalid", "/metadata/name"),
    (APP, application(metadata={"name": padded(254)}), "invalid", "/metadata/name"),
    (APP, application(metadata=None), "invalid", "/metadata"),
    (APP, application(spec=[]), "invalid", "/spec"),
    (APP, application(kind=5), "invalid", "/kind"),
    (APP, {key: value for key, value in GOOD_APP.items() if key != "spec"}, "invalid", "/spec"),
    (APP, application(spec={}), "unsure", ""),
    (APP, application(spec={"anything": 1}), "unsure", "/spec"),
    (APP, application(status=None), "unsure", "/status"),
    (APP, application(status="x"), "unsure", "/status"),
    ("createStatement", statement(), "unsure", ""),
    ("createStatement", statement(parallelism="2"), "invalid", "/spec/parallelism"),
    ("createStatement", statement(parallelism=1.5), "invalid", "/spec/parallelism"),
    ("createStatement", statement(parallelism=1.0), "unsure", "/spec/parallelism"),
    ("createStatement", statement(parallelism=2**40), "unsure", ""),
    ("createStatement", statement(statement=None), "invalid", "/spec/statement"),
    ("updateStatement", {**statement(), "result": 5}, "unsure", "/result"),
]


@pytest.mark.parametrize(("operation", "body", "validity", "where"), TABLE)
def test_bodies(document: Document, operation: str, body: object, validity: str, where: str) -> None:
    judgement = judge_body(document, document.operations[operation], body, domain=False)
    assert (judgement.validity, judgement.where) == (validity, where), judgement
    assert bool(judgement.why) is (validity != "valid")
    assert judgement.why.isascii()
    assert "\n" not in judgement.why


def test_what_our_strategies_made_is_valid(document: Document) -> None:
    operation = document.operations[APP]
    assert judge_body(document, operation, GOOD_APP, domain=True).validity == "valid"
    filled = environment(flinkApplicationDefaults={"spec": {"image": "x"}})
    assert judge_body(document, document.operations[ENV], filled, domain=True).validity == "valid"
    broken = {**GOOD_APP, "metadata": {"name": f"{NAME}-"}}
    assert judge_body(document, operation, broken, domain=True).validity == "invalid"


@pytest.mark.parametrize(
    ("operation", "query", "validity", "where"),
    [
        ("getEnvironments", (), "valid", ""),
        ("getEnvironments", (("page", "0"), ("size", "2")), "valid", ""),
        ("getEnvironments", (("sort", "name,desc"), ("sort", "name")), "valid", ""),
        ("getApplicationEvents", (("sort", "name"),), "unsure", "query sort"),
        ("getEnvironments", (("page", "abc"),), "unsure", "query page"),
        ("getEnvironments", (("page", "-1"),), "unsure", "query page"),
        ("getEnvironments", (("page", "1\n"),), "unsure", "query page"),
        ("getEnvironments", (("size", "0"),), "unsure", "query size"),
        ("getEnvironments", (("page", "1"), ("page", "1")), "unsure", "query page"),
        ("getEnvironments", (("unknown", "1"),), "unsure", "query unknown"),
        ("getStatements", (("phase", "running"),), "valid", ""),
        ("getStatements", (("phase", "RUNNING"),), "unsure", "query phase"),
        ("getStatements", (("compute-pool", NAME),), "unsure", "query compute-pool"),
    ],
)
def test_queries(
    document: Document, operation: str, query: tuple[tuple[str, str], ...], validity: str, where: str
) -> None:
    judgement = judge_query(document, document.operations[operation], query)
    assert (judgement.validity, judgement.where) == (validity, where)


def test_nullable_is_a_type_but_a_property_of_that_name_is_a_property(document: Document) -> None:
    operation = document.operations["createStatement"]
    result = {"columns": [{"name": "a", "type": {"type": "INT", "nullable": "yes"}}]}
    body = {**statement(), "status": {"phase": "x", "traits": {"schema": result}}}
    judgement = judge_body(document, operation, body, domain=False)
    assert judgement.where.endswith("/type/nullable")
