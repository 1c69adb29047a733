"""Placeholders, and the promise that nothing generated names what is not ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.properties.document import Document
from conformance.properties.generation import requests_for
from conformance.properties.names import (
    NAME,
    NAMESPACE,
    NEEDED,
    bind,
    carry,
    fault,
    own,
    padded,
    suspended,
)
from conformance.properties.request import NO_BODY

OURS = "cmfc-abcd1234-p0001"

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(("name", "Name", " name", "metadata", "METADATA", "spec", "secretName", "x")),
            inner,
        ),
    ),
    max_leaves=12,
)


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings(item))]
    return []


def borne(body: Any) -> list[Any]:
    """Every value that a lenient server could take for the name of the resource."""
    if isinstance(body, list):
        return [name for item in body for name in borne(item)]
    if not isinstance(body, dict):
        return []
    found = [value for key, value in body.items() if key.strip().lower() == "name"]
    for key, value in body.items():
        if key.strip().lower() == "metadata":
            found.extend(borne(value))
    return found


@given(JSON_VALUES)
def test_every_name_is_ours_or_no_name(body: Any) -> None:
    for name in borne(bind(own(body), name=OURS, namespace="ns")):
        assert not isinstance(name, (bool, int, float))
        if isinstance(name, str):
            assert name.lstrip("-._").startswith(OURS)
        else:
            assert all(text == "" or text.startswith(OURS) for text in strings(name))


@given(st.text(max_size=300))
def test_a_carried_name_starts_with_ours(text: str) -> None:
    assert bind(carry(text), name=OURS, namespace="ns").lstrip("-._").startswith(OURS)


@pytest.mark.parametrize(
    ("given_name", "carried"),
    [
        ("0.00", NAME),
        ("x" * 253, padded(253)),
        ("x" * 254, padded(254)),
        ("Upper", f"{NAME}Upper"),
        ("-", f"{NAME}-"),
        (f"-{NAME}", f"-{NAME}"),
        (f"other-{NAME}", f"{NAME}other-{NAME}"),
    ],
)
def test_what_is_wrong_with_a_name_is_kept(given_name: str, carried: str) -> None:
    assert carry(given_name) == carried


def test_padding_brings_a_name_to_its_length() -> None:
    for length in (252, 253, 254, 300):
        bound = bind(padded(length), name=OURS, namespace="ns")
        assert len(bound) == length
        assert bound.startswith(OURS)
        assert bool(fault(bound)) is (length > 253)


def test_binding_reaches_keys_and_leaves_other_braces_alone() -> None:
    value = {NAME: [NAMESPACE, "{other}", {"a": f"{NAME}/{NAMESPACE}", "b": 1.5, "c": None}]}
    assert bind(value, name="n", namespace="s") == {"n": ["s", "{other}", {"a": "n/s", "b": 1.5, "c": None}]}


@pytest.mark.parametrize("name", ["abcd", "1.2.3", "a--b", "0-9.x", "x" * 253, "a.b-c.d"])
def test_legal_names(name: str) -> None:
    assert fault(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "",
        "x" * 254,
        "Abcd",
        "abcd\n",
        "-abc",
        "abc-",
        "ab..c",
        "ab.-c",
        "ab-.c",
        "ab_c",
        "ab c",
        "abc\u00e9",
        "\u0661234",
    ],
)
def test_illegal_names(name: str) -> None:
    assert fault(name)


def test_an_application_never_runs() -> None:
    jobs: tuple[Any, ...] = (None, 5, [], {}, {"state": "running"}, {"state": ["running"]})
    for job in jobs:
        body = suspended({"spec": {"image": "x", "job": job}})
        assert body["spec"]["job"]["state"] == "suspended"
    assert suspended({"spec": {"image": "x"}})["spec"]["job"] == {"state": "suspended"}
    assert suspended([{"Spec": {"Job": {"state": "running"}}}]) == [{"Spec": {"Job": {"state": "suspended"}}}]
    assert suspended({"spec": {}}) == {"spec": {}}


@pytest.mark.parametrize("seed", [0, 987654321])
def test_nothing_foreign_is_ever_named(document: Document, seed: int) -> None:
    for operation in document.operations.values():
        for request in requests_for(document, operation.id, seed=seed, budget=60):
            for value in request.path_parameters.values():
                assert value == NEEDED or value.startswith(NAME)
                assert operation.method == "GET" or value in {NAME, NEEDED}
            if request.body is NO_BODY:
                continue
            for name in borne(bind(request.body, name=OURS, namespace="ns")):
                assert not isinstance(name, (bool, int, float))
                if isinstance(name, str):
                    assert name.lstrip("-._").startswith(OURS)
                else:
                    assert all(text == "" or text.startswith(OURS) for text in strings(name))
                if isinstance(name, str):
                    assert "{name}" not in name
