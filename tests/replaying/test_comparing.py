"""When two answers show the same, and which failures look past a status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.replaying.comparing import is_same
from conformance.replaying.reading import Case

HEADERS = (("content-type", "application/json"),)


def answer(
    body: Any, path: str = "/environments/cmfc-a1b2c3d4-env/applications/cmfc-a1b2c3d4-app"
) -> Exchange:
    return Exchange(
        id="x000001",
        operation=None,
        request=HttpRequest("GET", f"http://127.0.0.1:8080/cmf/api/v1{path}", HEADERS, b""),
        response=HttpResponse(200, HEADERS, json.dumps(body).encode()),
        error=None,
        started="2026-11-29T05:00:00Z",
        elapsed_ms=1.0,
    )


def application(state: str, **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": "cmfc-a1b2c3d4-app", **metadata}, "status": {"jobStatus": {"state": state}}}


@pytest.mark.parametrize("of_list", [False, True])
def test_a_status_that_has_gone_on_is_no_difference_where_the_failure_is_not_of_it(*, of_list: bool) -> None:
    old, moved, mended = (
        answer({"items": [each]} if of_list else each)
        for each in (
            application("CREATED"),
            application("RUNNING"),
            application("CREATED", labels={"a": "b"}),
        )
    )
    assert not is_same(old, moved, frozenset())
    assert is_same(old, moved, frozenset(), without_status=True)
    assert not is_same(old, mended, frozenset(), without_status=True)


@pytest.mark.parametrize(
    ("message", "waited", "without_status"),
    [
        ("the application/metadata/labels is not as stored", False, True),
        ("the application is in no state it may be in", False, False),
        ("status.phase is STOPPED", False, False),
        ("there are two of it (after waiting 5 s)", True, False),
        ("", False, False),
    ],
)
def test_only_a_failure_that_is_told_and_not_of_a_status_looks_past_it(
    message: str, *, waited: bool, without_status: bool
) -> None:
    case = Case("http://127.0.0.1", "a1b2c3d4", (), "CMF-APP-GET", message, waited=waited)
    assert case.looks_past_status is without_status
