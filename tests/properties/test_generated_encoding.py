"""Binding and writing single requests."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract import media
from conformance.properties.encoding import encode, write
from conformance.properties.names import NAME, NAMESPACE
from conformance.properties.request import NO_BODY, GeneratedRequest, Validity
from conformance.properties.values import texts

REQUEST = GeneratedRequest(
    operation="createOrUpdateApplication",
    method="POST",
    template="/cmf/api/v1/environments/{envName}/applications",
    path_parameters={},
    query=(("compute-pool", NAME),),
    headers=(),
    body={"metadata": {"name": f"{NAME}\u00e9"}, "ns": NAMESPACE},
    media_type=media.JSON,
    accept=media.YAML,
    validity=Validity.UNSURE,
    why="",
    where="",
    source="test",
)


def test_names_are_bound_everywhere() -> None:
    encoded = encode(REQUEST, name="ours", namespace="flink", live={"envName": "parent"})
    assert encoded.path == "/cmf/api/v1/environments/parent/applications"
    assert encoded.query == (("compute-pool", "ours"),)
    assert encoded.headers == (("Accept", media.YAML), ("Content-Type", media.JSON))
    assert encoded.content == '{"metadata": {"name": "ours\u00e9"}, "ns": "flink"}'.encode()


def test_json_is_escaped_on_request() -> None:
    encoded = encode(replace(REQUEST, ascii=True), name="ours", live={"envName": "parent"})
    assert encoded.content == b'{"metadata": {"name": "ours\\u00e9"}, "ns": "default"}'


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        (f"{NAME}/a", "ours%2Fa"),
        (f"{NAME}%2Fa", "ours%252Fa"),
        (f"{NAME}\u00e9\n", "ours%C3%A9%0A"),
        (f"{NAME}?a=b#c", "ours%3Fa%3Db%23c"),
        (f"{NAME}/../a", "ours%2F..%2Fa"),
        ("..", "%2E%2E"),
    ],
)
def test_a_segment_stays_one_segment(value: str, segment: str) -> None:
    encoded = encode(replace(REQUEST, path_parameters={"envName": value}), name="ours")
    assert encoded.path == f"/cmf/api/v1/environments/{segment}/applications"


def test_a_parameter_without_value_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no live resource for \{envName\}"):
        encode(REQUEST, name="ours")


def test_a_deliberate_content_type_wins() -> None:
    lie = replace(REQUEST, headers=(("Content-Type", "text/plain"),))
    encoded = encode(lie, name="ours", live={"envName": "parent"})
    assert encoded.headers == (("Accept", media.YAML), ("Content-Type", "text/plain"))


def test_no_body_and_no_operation_body_differ() -> None:
    missing = encode(replace(REQUEST, body=NO_BODY), name="ours", live={"envName": "parent"})
    none = encode(replace(REQUEST, body=NO_BODY, media_type=None), name="ours", live={"envName": "parent"})
    assert (missing.content, none.content) == (b"", None)
    null = encode(replace(REQUEST, body=None), name="ours", live={"envName": "parent"})
    assert null.content == b"null"


@pytest.mark.parametrize("media_type", media.MEDIA_TYPES)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_express_is_an_error(value: object, media_type: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        write({"a": value}, media_type, escape=False)


@given(
    st.dictionaries(texts(), st.one_of(texts(), st.integers(), st.booleans(), st.none(), st.lists(texts())))
)
def test_yaml_and_json_bodies_are_read_back(value: dict[str, object]) -> None:
    assert media.read(write(value, media.YAML, escape=False), media.YAML) == value
    for escape in (True, False):
        assert media.read(write(value, media.JSON, escape=escape), media.JSON) == value
