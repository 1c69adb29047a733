from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.openapi import Contract

V1 = "/cmf/api/v1"


def test_all_of_the_contract_is_known(contract: Contract) -> None:
    assert len(contract.operations) == 38
    pairs = [(name, status) for name, each in contract.operations.items() for status in each.answers]
    assert len(pairs) == 136
    assert len([status for _, status in pairs if status != 500]) == 98


def test_an_operation(contract: Contract) -> None:
    posted = contract.operations["createOrUpdateEnvironment"]
    assert (posted.method, posted.template, posted.request_schema) == (
        "POST",
        f"{V1}/environments",
        "PostEnvironment",
    )
    assert posted.answers[201].schema == "Environment"
    assert set(posted.answers[201].media_types) == {"application/json", "application/yaml"}
    listed = contract.operations["getEnvironments"]
    assert listed.is_list
    assert not posted.is_list
    assert {"page", "size", "sort"} == set(listed.parameters)
    assert contract.operations["deleteEnvironment"].answers[200].schema is None


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", f"{V1}/environments", "getEnvironments"),
        ("POST", f"{V1}/environments", "createOrUpdateEnvironment"),
        ("GET", f"{V1}/environments/abcd", "getEnvironment"),
        ("GET", f"{V1}/environments/a%20b", "getEnvironment"),
        ("DELETE", f"{V1}/environments/abcd", "deleteEnvironment"),
        ("POST", f"{V1}/environments/abcd/applications/efgh/start", "startApplication"),
        ("GET", "/cmf/api/v1alpha1/environments/abcd/applications/efgh/events", "getApplicationEvents"),
        ("GET", f"{V1}/environments/abcd/applications/efgh/events", None),
        ("PUT", f"{V1}/environments/abcd", None),
        ("HEAD", f"{V1}/environments", None),
        ("get", f"{V1}/environments", None),
        ("GET", f"{V1}/environments/", None),
        ("GET", f"{V1}/environments/abcd/", None),
        ("GET", f"{V1}//environments", None),
        ("GET", f"{V1}/environments/abcd\n", None),
        ("GET", f"/x{V1}/environments", None),
        ("GET", "/cmf/api/v2/environments", None),
    ],
)
def test_identify(contract: Contract, method: str, path: str, operation: str | None) -> None:
    found = contract.identify(method, path)
    assert (found.id if found else None) == operation


@pytest.mark.parametrize(
    "name", ["a%2Fb", "a%2fb", "a%5Cb", "%2e%2e", "a%00", "a%0A", "a%7f", "a%252f", "é", "a b"]
)
def test_a_path_that_can_be_read_in_two_ways_belongs_to_no_operation(contract: Contract, name: str) -> None:
    assert contract.identify("GET", f"{V1}/environments/{name}") is None


def test_every_operation_is_identified_by_its_own_template(contract: Contract) -> None:
    for operation in contract.operations.values():
        path = operation.template.replace("{", "x-").replace("}", "-y")
        assert contract.identify(operation.method, path) is operation


@given(name=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x24F), min_size=1, max_size=9))
def test_path_values_are_what_was_put_in(contract: Contract, name: str) -> None:
    operation = contract.operations["getApplication"]
    path = f"{V1}/environments/{quote(name, safe='')}/applications/abcd"
    assert contract.path_values(operation, path) == {"envName": name, "appName": "abcd"}
    assert contract.path_values(operation, "/other") == {}


def test_formats_and_examples_do_not_judge(contract: Contract) -> None:
    environment = {"name": "abcd", "kubernetesNamespace": "default", "created_time": "yesterday"}
    assert contract.problems("Environment", environment) == []


def test_problems_say_where_and_what(contract: Contract) -> None:
    (problem,) = contract.problems("Environment", {"name": "abcd", "kubernetesNamespace": 1})
    assert problem.where == "/kubernetesNamespace"
    assert problem.what == '1 is not of type "string"'
    (problem,) = contract.problems("Environment", {"name": "A" * 250, "kubernetesNamespace": "d"})
    assert len(problem.what) <= 200


def test_what_is_written_only_is_not_required_in_answers(contract: Contract) -> None:
    written = [
        (name, field)
        for name, schema in contract.document["components"]["schemas"].items()
        for part in (schema, *schema.get("allOf", ()))
        for field, each in part.get("properties", {}).items()
        if each.get("writeOnly")
    ]
    for name, field in written:
        for problem in contract.problems(name, {}):
            assert f'"{field}"' not in problem.what


def test_event_data_can_be_met(contract: Contract) -> None:
    assert "oneOf" in contract.document["components"]["schemas"]["EventData"]
    assert contract.problems("EventData", {"newStatus": "RUNNING"}) == []
    assert contract.problems("EventData", 1) != []


@pytest.mark.parametrize(
    ("schema", "value", "stripped", "where"),
    [
        (
            "Environment",
            {"name": "abcd", "secrets": None, "own": None},
            {"name": "abcd", "own": None},
            ["/secrets"],
        ),
        ("Environment", {"name": None}, {"name": None}, []),
        (
            "EnvironmentsPage",
            {"items": [{"name": "a"}, {"name": "b", "secrets": None}], "pageable": None},
            {"items": [{"name": "a"}, {"name": "b"}]},
            ["/items/1/secrets", "/pageable"],
        ),
        ("FlinkApplication", {"spec": {"a": None}}, {"spec": {"a": None}}, []),
        ("Environment", [None, 1], [None, 1], []),
        ("Environment", None, None, []),
    ],
)
def test_nulls_that_stand_for_absence(
    contract: Contract, schema: str, value: Any, stripped: Any, where: list[str]
) -> None:
    assert contract.without_nulls(schema, value) == (stripped, where)


def test_items_of_pages(contract: Contract) -> None:
    assert contract.item_schema("EnvironmentsPage") == "Environment"
    assert contract.item_schema("ApplicationInstancesPage") == "FlinkApplicationInstance"
    assert contract.item_schema("EventsPage") == "FlinkApplicationEvent"
    assert contract.item_schema("Environment") is None
