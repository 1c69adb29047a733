"""Documents of other makes: read into one form, or refused with one clear line."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from conformance.contract.description import Description, describe
from conformance.errors import ConfigurationError
from conformance.runner.basis import Basis, of_contract, of_description

from . import documents

CONTRACT = of_contract().contract


def described(document: Any) -> Description:
    return describe(yaml.safe_dump(document).encode(), "a.yaml", CONTRACT)


def small(**paths: Any) -> dict[str, Any]:
    answers = {"responses": {"200": {"description": "fine"}}}
    return {"openapi": "3.0.3", "info": {}, "paths": {"/x": {"get": answers}, **paths}}


@pytest.fixture(scope="module")
def extended() -> Basis:
    return of_description(described(documents.extended()))


@pytest.fixture(scope="module")
def odd() -> Basis:
    return of_description(describe(documents.ODD.read_bytes(), "odd.yaml", CONTRACT))


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (b'{"swagger": "2.0", "paths": {}}', "is a Swagger 2.0 document", "convert it to OpenAPI 3"),
        (b"swagger: 2.0\n", "is a Swagger 2.0 document", "convert it to OpenAPI 3"),
        (b"openapi: 2.9.9\npaths: {}\n", "is written in OpenAPI 2.9.9", "OpenAPI 3.0 or 3.1"),
        (b"openapi: 3.0.0\npaths: {}\n", "describes no operation", "linter"),
        (b"openapi: 3.0.0\n", "describes no operation", "linter"),
        (b"title: a page\n", "has no field openapi", "OpenAPI 3.0 or 3.1"),
        (b"- a\n- list\n", "it is no object", "OpenAPI 3.0 or 3.1"),
        (b"a: [1\n", "neither JSON nor YAML", "OpenAPI 3.0 or 3.1"),
        (b"\xff\xfe\x00", "neither JSON nor YAML", "OpenAPI 3.0 or 3.1"),
        (b"", "it is no object", "OpenAPI 3.0 or 3.1"),
        (b"a: &a [*a]\n", "neither JSON nor YAML", "OpenAPI 3.0 or 3.1"),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(content: bytes, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        describe(content, "a.yaml", CONTRACT)
    assert caught.value.exit_code == 2
    assert caught.value.message.startswith("a.yaml ")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_document_that_unfolds_without_end_is_refused() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"
        for old, new in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(ConfigurationError, match="more than 1,000,000 values"):
        describe("\n".join(lines).encode(), "a.yaml", CONTRACT)


def answered(schema: Any) -> Any:
    content = {"application/json": {"schema": schema}}
    return {"get": {"responses": {"200": {"description": "", "content": content}}}}


@pytest.mark.parametrize(
    ("schema", "components", "message"),
    [
        ({"$ref": "#/components/schemas/No"}, {}, "'#/components/schemas/No' leads nowhere"),
        ({"$ref": "other.yaml#/No"}, {}, "leads out of the document"),
        ({"$ref": "#/components/schemas/A"}, {"A": {"$ref": "#/components/schemas/A"}}, "made of itself"),
        (
            {"$ref": "#/components/schemas/A"},
            {"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"$ref": "#/components/schemas/A"}},
            "made of itself",
        ),
        ({"type": "number of things"}, {}, "can't be used"),
    ],
)
def test_a_schema_that_means_nothing_is_refused_with_its_place(
    schema: Any, components: Any, message: str
) -> None:
    document = small(**{"/y": answered(schema)}) | {"components": {"schemas": components}}
    with pytest.raises(ConfigurationError) as caught:
        described(document)
    assert message in caught.value.message


def test_a_reference_in_a_circle_is_refused() -> None:
    document = small(**{"/y": {"get": {"responses": {"200": {"$ref": "#/components/responses/A"}}}}})
    document["components"] = {"responses": {"A": {"$ref": "#/components/responses/A"}}}
    with pytest.raises(ConfigurationError, match="leads in a circle"):
        described(document)


def test_operations_without_id_get_one_of_their_method_and_path(odd: Basis) -> None:
    assert set(odd.contract.operations) >= {"getOddStatus", "postOddNodes", "getOddNodesByNodeName"}
    assert len(odd.contract.operations) == 10
    assert {each.template.split("/")[1] for each in odd.contract.operations.values()} == {"odd"}


def test_oddities_are_left_out_and_named(odd: Basis) -> None:
    assert odd.spec is not None
    left_out = "; ".join(odd.spec["left_out"])
    assert "the pattern '^[a-z(?<x>' can't be read" in left_out
    assert "HEAD /searches" in left_out
    assert odd.spec["version"] == "2024-01-01"


def test_null_is_legal_where_the_document_says_so(odd: Basis) -> None:
    value = {"up": True, "since": None}
    schema = odd.contract.operations["getOddStatus"].answer(200)
    assert schema is not None
    assert schema.schema is not None
    assert odd.contract.problems(schema.schema, value) == []
    assert odd.contract.without_nulls(schema.schema, value) == (value, [])


def test_classes_of_statuses_are_documented(odd: Basis) -> None:
    operation = odd.contract.operations["postOddNodes"]
    assert operation.documented == ("201", "4XX")
    assert operation.answer(422) is not None
    assert operation.answer(302) is None
    assert odd.contract.operations["getOddNodes"].answer(302) is not None


def test_the_contract_itself_is_recognised_whatever_its_ids_and_parameters_are_called() -> None:
    text = json.dumps(documents.contract())
    for ours, theirs in (("createOrUpdateEnvironment", "put-it"), ("{envName}", "{e}"), ('"envName"', '"e"')):
        text = text.replace(ours, theirs)
    basis = of_description(describe(text.encode(), "a.json", CONTRACT))
    assert basis.described == ()
    assert basis.inapplicable == {}
    assert basis.known == frozenset(CONTRACT.operations)
    assert basis.contract.operations["getEnvironment"].template == "/cmf/api/v1/environments/{envName}"


def test_what_is_new_and_what_is_other_is_told_apart(extended: Basis) -> None:
    assert extended.spec is not None
    assert extended.spec["operations"] == 62
    assert extended.spec["title"] == "CMF, a later version"
    assert extended.spec["differing"] == {
        "deleteSecret": "the document does not have 204 as a success, but 202"
    }
    assert len(extended.spec["only_here"]) == 24
    assert "deleteSecret" in extended.described
    assert set(extended.inapplicable) == {"CMF-SECRET-DELETE-UNKNOWN"}


def test_requirements_of_what_is_not_there_do_not_apply(odd: Basis) -> None:
    assert odd.inapplicable["CMF-ENV-CREATE"].startswith(
        "createOrUpdateEnvironment: the document has no such"
    )
    assert "CMF-ERR-SERVER" not in odd.inapplicable


def test_paths_tell_where_a_run_may_create(extended: Basis) -> None:
    found = {each.path.removeprefix("/cmf/api/v1/"): each.pointer for each in extended.layout.collections}
    assert found == {
        "folders": "",
        "folders/{}/notes": "/metadata/uid",
        "catalogs/kafka/{}/databases": "",
        "environments/{}/applications/{}/savepoints": "",
    }


def test_writes_that_cannot_be_proved_to_be_ours_are_refused_with_the_reason(
    extended: Basis, odd: Basis
) -> None:
    assert set(extended.layout.refused) == {"createCluster", "putCluster", "putLicense"}
    assert "could not be removed again" in extended.layout.refused["createCluster"]
    assert "names nothing that is this run's" in extended.layout.refused["putLicense"]
    assert "only JSON and YAML can be written" in odd.layout.refused["postOddUploads"]
    assert "a write with a query is never sent" in odd.layout.refused["getNodes"]


def test_the_base_path_of_the_server_stands_before_every_path(odd: Basis) -> None:
    assert odd.contract.identify("GET", "/odd/api/nodes/a") is not None
    assert odd.contract.identify("GET", "/nodes/a") is None
