"""What property tests of one operation did in several places, put together as if it had been in one."""

from __future__ import annotations

from dataclasses import replace

from conformance.model import GeneratedCoverage, Part
from conformance.properties.tally import together

ONE = GeneratedCoverage(
    operation="getEnvironment",
    requests=10,
    valid=4,
    accepted=3,
    invalid=5,
    statuses=(200, 404),
    sent_as=(),
    answered_as=("application/json",),
    parts=(
        Part("path envName", 4, 0, "no invalid value: the budget was spent"),
        Part("query page", 0, 0, "no valid and no invalid value: nothing varied it"),
        Part("query size", 0, 2, "no valid value: left open"),
    ),
    left_out=("x: y",),
    sha256="a" * 64,
)
OTHER = replace(
    ONE,
    requests=2,
    statuses=(200, 500),
    parts=(
        Part("path envName", 0, 1, "no valid value: left open"),
        Part("query page", 1, 0, "no invalid value: the budget was spent"),
        Part("query size", 0, 0, "no valid and no invalid value: nothing varied it"),
    ),
    sha256="b" * 64,
)


def test_one_result_of_an_operation_stays_as_it_is() -> None:
    assert together([replace(ONE, operation="z"), ONE]) == (ONE, replace(ONE, operation="z"))


def test_several_are_one_whatever_their_order() -> None:
    (both,) = together([ONE, OTHER])
    assert together([OTHER, ONE]) == (both,)
    assert (both.requests, both.valid, both.statuses, both.left_out) == (12, 8, (200, 404, 500), ("x: y",))
    assert both.parts == (
        Part("path envName", 4, 1, ""),
        Part("query page", 1, 0, "no invalid value: the budget was spent"),
        Part("query size", 0, 2, "no valid value: left open"),
    )
    assert both.sha256 not in {ONE.sha256, OTHER.sha256}
