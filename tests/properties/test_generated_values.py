"""The strategies for realistic bodies."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from conformance.config import Features
from conformance.properties import values
from conformance.properties.document import Document
from conformance.properties.drawing import Unsatisfiable, draw
from conformance.properties.names import NAME, bind, fault
from conformance.properties.validity import judge_body

FEATURES = Features(image="an-image", namespace="ns", jar_uri="local:///a.jar")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=values.environment_bodies(FEATURES))
def test_environments_are_valid(document: Document, body: dict[str, Any]) -> None:
    operation = document.operations["createOrUpdateEnvironment"]
    assert judge_body(document, operation, body, domain=True).validity == "valid"
    assert body["name"].startswith(NAME)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=values.application_bodies(FEATURES))
def test_applications_are_valid_suspended_and_legal_in_kubernetes(
    document: Document, body: dict[str, Any]
) -> None:
    operation = document.operations["createOrUpdateApplication"]
    assert judge_body(document, operation, body, domain=True).validity == "valid"
    assert body["spec"]["job"]["state"] == "suspended"
    assert body["spec"]["image"] == "an-image"
    assert all(isinstance(value, str) for value in body["spec"]["flinkConfiguration"].values())
    for key, value in body["metadata"].get("labels", {}).items():
        assert LABEL_KEY.fullmatch(key)
        assert LABEL_VALUE.fullmatch(value)
    assert all(LABEL_KEY.fullmatch(key) for key in body["metadata"].get("annotations", {}))


@given(values.names())
def test_names_are_legal_once_bound(name: str) -> None:
    assert fault(bind(name, name="cmfc-abcd1234-p0001", namespace="ns")) == ""


def test_every_property_of_an_environment_is_present_and_absent() -> None:
    drawn = draw(values.environment_bodies(FEATURES), 60, seed_value=1)
    for key in (
        "kubernetesNamespace",
        "flinkApplicationDefaults",
        "computePoolDefaults",
        "statementDefaults",
    ):
        assert {key in body for body in drawn} == {True, False}


def test_drawing_is_repeatable_and_says_when_there_is_nothing() -> None:
    first = draw(values.texts(), 30, seed_value=5)
    assert first == draw(values.texts(), 30, seed_value=5)
    assert first != draw(values.texts(), 30, seed_value=6)
    assert draw(values.texts(), 0, seed_value=5) == []
    with pytest.raises(Unsatisfiable):
        draw(values.texts().filter(lambda _: False), 3, seed_value=5)
