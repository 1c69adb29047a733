from __future__ import annotations

from typing import Any

import pytest

from conformance import views
from conformance.expectations import first_difference
from conformance.kinds import COMPUTE_POOL


def running(
    spec: str | None = None, state: str | None = None, lifecycle: str | None = None
) -> dict[str, Any]:
    """An application with a job state in its spec, and with a status, as far as they are given."""
    body: dict[str, Any] = {"spec": {"job": {"state": spec}} if spec else {}}
    if state or lifecycle:
        body["status"] = {"lifecycleState": lifecycle, "jobStatus": {"state": state} if state else None}
    return body


@pytest.mark.parametrize(
    ("body", "suspended"),
    [
        (running("suspended"), True),
        (running("running"), False),
        (running("suspended", "RUNNING", "STABLE"), False),
        (running("suspended", "RUNNING"), False),
        (running("suspended", None, "STABLE"), False),
        (running("suspended", None, "DEPLOYED"), False),
        (running("suspended", None, "CREATED"), True),
        (running("suspended", "RUNNING", "SUSPENDED"), True),
        (running("suspended", "SUSPENDED", "SUSPENDED"), True),
        (running("suspended", "FINISHED", "STABLE"), True),
        (running(None, "SUSPENDED"), True),
        (running(None, None, "SUSPENDED"), True),
    ],
)
def test_an_application_that_stays_suspended(body: dict[str, Any], *, suspended: bool) -> None:
    assert views.stays_suspended(body) is suspended


@pytest.mark.parametrize(
    ("body", "started"),
    [
        (running("running"), True),
        (running("suspended"), False),
        (running("running", None, "SUSPENDED"), False),
        (running("running", "SUSPENDED", "SUSPENDED"), False),
        (running("running", "RUNNING", "STABLE"), True),
        (running("running", "FINISHED", "STABLE"), True),
        (running("suspended", None, "DEPLOYED"), True),
    ],
)
def test_an_application_that_stays_started(body: dict[str, Any], *, started: bool) -> None:
    assert views.stays_started(body) is started


def test_times_are_the_same_in_whatever_form() -> None:
    one = {"name": "a", "created_time": "2025-03-31T11:34:01.503Z", "updated_time": "2025-03-31T11:34:02Z"}
    other = {**one, "created_time": "2025-03-31T11:34:01+00:00"}
    assert first_difference(views.environment(one), views.environment(other)) is None
    later = {**one, "created_time": "2025-03-31T11:34:03Z"}
    assert first_difference(views.environment(one), views.environment(later)) is not None


def test_the_time_of_an_update_is_part_of_the_state() -> None:
    def pool(updated: str) -> dict[str, Any]:
        return {"metadata": {"name": "pool", "updateTimestamp": updated}}

    COMPUTE_POOL.require_same(pool("2025-03-31T11:34:01.5Z"), pool("2025-03-31T11:34:01Z"), "the pool: ")
    with pytest.raises(AssertionError, match="/updated is not as expected"):
        COMPUTE_POOL.require_same(pool("2025-03-31T11:34:02Z"), pool("2025-03-31T11:34:01Z"), "the pool: ")
