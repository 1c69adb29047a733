from __future__ import annotations

from conformance.config import Effort, Limits
from conformance.properties.campaign import operations, written_kind
from conformance.properties.effort import BUDGETS, limits_for
from conformance.registry import catalogue


def total(effort: Effort) -> int:
    return sum(
        BUDGETS[effort].of(name, has_body=written_kind(name) is not None) for name in operations(catalogue())
    )


def test_more_effort_is_more_requests() -> None:
    assert total(Effort.QUICK) < total(Effort.STANDARD) < total(Effort.THOROUGH)


def test_the_documented_totals_hold() -> None:
    assert total(Effort.QUICK) == 576
    assert total(Effort.STANDARD) == 2_640
    assert total(Effort.THOROUGH) == 22_200


def test_only_a_thorough_run_may_cost_more_than_others() -> None:
    assert limits_for(Effort.QUICK) == limits_for(Effort.STANDARD) == Limits()
    thorough = limits_for(Effort.THOROUGH)
    # What is generated is looked at afterwards: a write takes several requests, and the scenarios come on top.
    assert thorough.total_requests > 5 * total(Effort.THOROUGH) > Limits().total_requests
