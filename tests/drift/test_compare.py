"""Whole documents: the contract against itself, against changes of it, and against the same put together differently."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from conformance import resources
from conformance.drift.compare import compare
from conformance.drift.difference import Difference, Effect
from conformance.drift.document import Document, parse
from conformance.drift.source import contract

TEXT = (resources.contract_folder("cmf-2.0") / "openapi.yaml").read_bytes()
ENVIRONMENTS = "/cmf/api/v1/environments"
ENVIRONMENT = "/cmf/api/v1/environments/{envName}"
SCHEMA = {"type": "string"}


@pytest.fixture
def root() -> Any:
    """The contract, to be changed."""
    return copy.deepcopy(dict(parse(TEXT, "the contract").root.value))


def differences(root: Any, base: str = "") -> tuple[Difference, ...]:
    return compare(contract(), Document(root, "the document"), base).differences


def only(root: Any) -> Difference:
    (found,) = differences(root)
    return found


def test_the_contract_does_not_differ_from_itself(root: Any) -> None:
    assert differences(root) == ()
    assert differences(dict(parse(yaml.safe_dump(root).encode(), "x").root.value)) != ()  # sorted: an order


def test_the_contract_with_every_reference_written_out_says_the_same(root: Any) -> None:
    def written_out(value: Any, inside: tuple[str, ...] = ()) -> Any:
        if isinstance(value, list):
            return [written_out(each, inside) for each in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value and value["$ref"] not in inside:
            target: Any = root
            for key in value["$ref"][2:].split("/"):
                target = target[key]
            return written_out(target, (*inside, value["$ref"]))
        return {key: written_out(each, inside) for key, each in value.items()}

    flat = {**root, "paths": written_out(root["paths"])}
    assert [each for each in differences(flat) if each.effect is not Effect.EDITORIAL] == []


def test_an_operation_that_is_gone_and_one_that_is_new(root: Any) -> None:
    del root["paths"][ENVIRONMENT]["delete"]
    found = only(root)
    assert (found.effect, found.kind) == (Effect.BREAKING, "operation-removed")
    assert found.contract == "#/paths/~1cmf~1api~1v1~1environments~1{envName}/delete"
    assert found.operations == ("deleteEnvironment",)
    root["paths"][ENVIRONMENT]["delete"] = contract().root.value["paths"][ENVIRONMENT]["delete"]
    root["paths"]["/cmf/api/v1/system-information"] = {"get": {"responses": {}}}
    found = only(root)
    assert (found.effect, found.kind) == (Effect.COMPATIBLE, "operation-added")
    assert found.new == "GET /cmf/api/v1/system-information"


def _drop_status(root: Any) -> None:
    del root["paths"][ENVIRONMENT]["get"]["responses"]["404"]


def _drop_failure(root: Any) -> None:
    del root["paths"][ENVIRONMENT]["get"]["responses"]["500"]


def _add_status(root: Any) -> None:
    root["paths"][ENVIRONMENT]["get"]["responses"]["403"] = {"description": "Forbidden."}


def _drop_media_type(root: Any) -> None:
    del root["paths"][ENVIRONMENTS]["post"]["requestBody"]["content"]["application/yaml"]


def _add_media_type(root: Any) -> None:
    root["paths"][ENVIRONMENTS]["post"]["requestBody"]["content"]["text/plain"] = {}


def _drop_answer(root: Any) -> None:
    del root["paths"][ENVIRONMENT]["get"]["responses"]["200"]["content"]["application/json"]


def _drop_parameter(root: Any) -> None:
    root["paths"][ENVIRONMENTS]["get"]["parameters"].pop()


def _demand_parameter(root: Any) -> None:
    new = {"name": "tenant", "in": "header", "required": True, "schema": SCHEMA}
    root["paths"][ENVIRONMENTS]["get"]["parameters"].append(new)


def _offer_parameter(root: Any) -> None:
    root["paths"][ENVIRONMENTS]["parameters"] = [{"name": "x", "in": "cookie", "schema": SCHEMA}]
    del root["paths"][ENVIRONMENTS]["post"]
    root["paths"][ENVIRONMENTS]["post"] = contract().root.value["paths"][ENVIRONMENTS]["post"]


def _drop_body(root: Any) -> None:
    del root["paths"][ENVIRONMENTS]["post"]["requestBody"]


def _demand_body(root: Any) -> None:
    root["paths"][ENVIRONMENT]["delete"]["requestBody"] = {"required": True, "content": {}}


def _relax_body(root: Any) -> None:
    root["paths"][ENVIRONMENTS]["post"]["requestBody"]["required"] = False


def _drop_header(root: Any) -> None:
    del root["paths"][ENVIRONMENTS]["get"]["responses"]["304"]["headers"]


def _demand_credentials(root: Any) -> None:
    root["paths"][ENVIRONMENT]["delete"]["security"] = [{"bearer": []}]


def _other_name(root: Any) -> None:
    root["paths"][ENVIRONMENT]["delete"]["operationId"] = "removeEnvironment"


def _explode(root: Any) -> None:
    sort = root["components"]["parameters"]["sortParam"]
    sort["explode"] = not sort.get("explode", True)


@pytest.mark.parametrize(
    ("change", "effect", "kind"),
    [
        (_drop_status, "breaking", "status-removed"),
        (_drop_failure, "compatible", "status-removed"),
        (_add_status, "compatible", "status-added"),
        (_drop_media_type, "breaking", "media-type-removed"),
        (_add_media_type, "compatible", "media-type-added"),
        (_drop_answer, "breaking", "media-type-removed"),
        (_drop_parameter, "breaking", "parameter-removed"),
        (_demand_parameter, "breaking", "parameter-added"),
        (_offer_parameter, "compatible", "parameter-added"),
        (_drop_body, "breaking", "body-removed"),
        (_demand_body, "breaking", "body-added"),
        (_relax_body, "compatible", "required-changed"),
        (_drop_header, "breaking", "header-removed"),
        (_demand_credentials, "compatible", "security-changed"),
        (_other_name, "editorial", "operationId-changed"),
        (_explode, "breaking", "style-changed"),
    ],
)
def test_a_change_of_an_operation(root: Any, change: Callable[[Any], None], effect: str, kind: str) -> None:
    change(root)
    assert {(str(each.effect), each.kind) for each in differences(root)} == {(effect, kind)}


def test_a_component_that_is_changed_is_told_once_with_its_operations(root: Any) -> None:
    root["components"]["schemas"]["PostResourceBase"]["properties"]["name"]["maxLength"] = 100
    requests, answers = differences(root)
    assert requests.effect is Effect.BREAKING
    assert requests.operations == ("createOrUpdateEnvironment",)
    assert answers.effect is Effect.COMPATIBLE
    assert set(answers.operations) == {"createOrUpdateEnvironment", "getEnvironment", "getEnvironments"}
    assert {each.contract for each in (requests, answers)} == {
        "#/components/schemas/PostResourceBase/properties/name/maxLength"
    }


def test_a_range_of_statuses_and_of_media_types_covers_what_it_means(root: Any) -> None:
    answers = root["paths"][ENVIRONMENT]["get"]["responses"]
    answers["4XX"], answers["default"] = answers.pop("404"), answers.pop("500")
    content = answers["200"]["content"]
    content["*/*"] = content.pop("application/json")
    del content["application/yaml"]
    found = [each for each in differences(root) if each.effect is Effect.BREAKING]
    assert found == []


def test_the_names_of_path_parameters_do_not_matter(root: Any) -> None:
    item = root["paths"].pop(ENVIRONMENT)
    for operation in item.values():
        operation["parameters"][0]["name"] = "environment"
    root["paths"]["/cmf/api/v1/environments/{environment}"] = item
    assert {str(each.effect) for each in differences(root)} == {"editorial"}


@pytest.mark.parametrize(
    ("server", "base"), [("https://x/gate/cmf/api", "/gate"), ("/cmf/api", ""), ("cmf/api/", "")]
)
def test_paths_below_a_server_are_the_same_paths(root: Any, server: str, base: str) -> None:
    root["servers"] = [{"url": server}]
    root["paths"] = {path.removeprefix("/cmf/api"): item for path, item in root["paths"].items()}
    assert differences(root, base) == ()


def test_what_is_told_of_the_whole_is_editorial(root: Any) -> None:
    root["info"]["version"] = "2.1"
    root["openapi"] = "3.1.0"
    root["paths"] = dict(reversed(root["paths"].items()))
    found = differences(root)
    assert {each.kind for each in found} >= {"version-changed", "openapi-changed", "paths-reordered"}
    assert {str(each.effect) for each in found} == {"editorial"}


def test_a_document_of_nothing_has_lost_every_operation() -> None:
    found = differences({"openapi": "3.1.0"})
    gone = [each for each in found if each.kind == "operation-removed"]
    assert len(gone) == 38
    assert found[: len(gone)] == tuple(gone)
