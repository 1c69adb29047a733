"""Budget, pace and patience."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.config import Limits
from conformance.target.limits import Budget, BudgetSpent, Pace, http_date, retry_after

NOW = datetime(2025, 3, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u0663", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("30", 30.0),
        ("31", None),
        ("9" * 5000, None),
        ("Mon, 31 Mar 2025 12:00:12 GMT", 12.0),
        ("Mon, 31 Mar 2025 11:00:00 GMT", 0.0),
        ("Mon, 31 Mar 2025 13:00:00 GMT", None),
        ("Mon, 31 Mar 99999 13:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_a_date_is_of_the_clock_that_it_was_given_with() -> None:
    ahead = http_date("Mon, 31 Mar 2025 13:00:00 GMT")
    assert retry_after("Mon, 31 Mar 2025 13:00:05 GMT", ahead) == 5.0
    assert [http_date(odd) for odd in (None, "", "soon", "Mon, 31 Mar 99999 13:00:00 GMT")] == [None] * 4


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def test_a_budget_of_requests() -> None:
    budget = Budget(Limits(total_requests=2))
    budget.spend()
    budget.spend()
    with pytest.raises(BudgetSpent, match="limit of 2 requests"):
        budget.spend()
    assert budget.requests == 2
    budget.lift()
    budget.spend()
    assert budget.requests == 3


def test_a_budget_of_time() -> None:
    clock = Clock()
    budget = Budget(Limits(max_time=10.0), clock)
    clock.now += 9
    budget.spend()
    assert budget.seconds_left == 1.0
    clock.now += 1
    with pytest.raises(BudgetSpent, match="limit of 10 s"):
        budget.spend()
    budget.lift()
    budget.spend()
    assert budget.seconds_left == float("inf")


def test_a_pace_is_even_and_saves_nothing_up() -> None:
    clock = Clock()
    pace = Pace(4.0, clock, clock.sleep)
    sent = []
    for idle in (0.0, 0.0, 0.0, 10.0, 0.0, 0.1):
        clock.now += idle
        pace.wait()
        sent.append(round(clock.now - 100, 6))
    assert sent == [0.0, 0.25, 0.5, 10.5, 10.75, 11.0]


def test_no_pace_never_sleeps() -> None:
    pace = Pace(None, sleep=lambda _: pytest.fail("slept"))
    pace.wait()
    pace.wait()
