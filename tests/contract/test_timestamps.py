from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.timestamps import Moment, NotATimestamp, as_moment, is_before, is_same, parse, tick

moments = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "moment", "nanoseconds", "digits"),
    [
        ("2025-03-31T11:34:01Z", datetime(2025, 3, 31, 11, 34, 1, tzinfo=UTC), 0, 0),
        ("2025-03-31T11:34:01.503Z", datetime(2025, 3, 31, 11, 34, 1, tzinfo=UTC), 503_000_000, 3),
        ("2025-03-31t11:34:01.5z", datetime(2025, 3, 31, 11, 34, 1, tzinfo=UTC), 500_000_000, 1),
        ("2025-03-31T11:34:01.123456789+00:00", datetime(2025, 3, 31, 11, 34, 1, tzinfo=UTC), 123_456_789, 9),
        ("2025-03-31T11:34:01-00:00", datetime(2025, 3, 31, 11, 34, 1, tzinfo=UTC), 0, 0),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC), 0, 0),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC), 0, 0),
    ],
)
def test_timestamps(text: str, moment: datetime, nanoseconds: int, digits: int) -> None:
    found = parse(text)
    assert (found.moment, found.nanoseconds, found.digits) == (moment, nanoseconds, digits)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2025-03-31T11:34:01.503", "has no offset"),
        ("2025-03-31T11:34:01+02:00", "is not in UTC"),
        ("2025-03-31T11:34:01-05:00", "is not in UTC"),
        ("2025-03-31 11:34:01Z", "is not of the form"),
        ("2025-03-31", "is not of the form"),
        ("2025-03-31T11:34Z", "is not of the form"),
        ("2025-03-31T11:34:01,5Z", "is not of the form"),
        ("2025-03-31T11:34:01.Z", "is not of the form"),
        ("2025-03-31T11:34:01.1234567890Z", "is not of the form"),
        ("2025-3-31T11:34:01Z", "is not of the form"),
        ("2025-03-31T11:34:01Z\n", "is not of the form"),
        (" 2025-03-31T11:34:01Z", "is not of the form"),
        ("2025-03-31T11:34:01+0000", "is not of the form"),
        ("٢٠٢٥-03-31T11:34:01Z", "is not of the form"),
        ("1743420841", "is not of the form"),
        ("", "is not of the form"),
        ("2025-02-29T11:34:01Z", "is not a date and time"),
        ("2025-13-01T11:34:01Z", "is not a date and time"),
        ("2025-03-31T24:00:00Z", "is not a date and time"),
        ("2025-03-31T11:34:61Z", "is not a date and time"),
        ("0000-01-01T00:00:00Z", "is not a date and time"),
        ("9999-12-31T23:59:60Z", "is not a date and time"),
    ],
)
def test_what_is_no_timestamp_says_why(text: str, why: str) -> None:
    with pytest.raises(NotATimestamp) as caught:
        parse(text)
    assert str(caught.value).startswith(f"{text!r} {why}")


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("2025-03-31T11:34:01Z", "2025-03-31T11:34:02Z", -1),
        ("2025-03-31T11:34:01.900Z", "2025-03-31T11:34:01Z", 0),
        ("2025-03-31T11:34:01.900Z", "2025-03-31T11:34:02Z", -1),
        ("2025-03-31T11:34:01.503Z", "2025-03-31T11:34:01.503999Z", 0),
        ("2025-03-31T11:34:01.503Z", "2025-03-31T11:34:01.502999Z", 1),
        ("2025-03-31T11:34:01.5Z", "2025-03-31T11:34:01.500Z", 0),
        ("2025-03-31T11:34:01.5Z", "2025-03-31T11:34:01.501Z", -1),
        ("2025-03-31T11:34:01Z", "2025-03-31T11:34:01+00:00", 0),
    ],
)
def test_comparing_at_the_coarser_precision(one: str, other: str, order: int) -> None:
    assert is_before(one, other) is (order < 0)
    assert is_before(other, one) is (order > 0)
    assert is_same(one, other) is is_same(other, one) is (order == 0)


@given(moments, st.integers(3, 6), st.sampled_from(["Z", "+00:00", "z"]))
def test_what_a_clock_writes_is_read_exactly(moment: datetime, digits: int, offset: str) -> None:
    fraction = f"{moment.microsecond:06d}"[:digits]
    found = parse(f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction}{offset}")
    assert found.moment == moment.replace(microsecond=0)
    assert found.nanoseconds == int(fraction.ljust(9, "0"))


@given(moments, st.integers(1, 10**9))
def test_a_later_millisecond_is_never_before(moment: datetime, milliseconds: int) -> None:
    def text(when: datetime) -> str:
        return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    later = moment + timedelta(milliseconds=milliseconds)
    assert is_before(text(moment), text(later))
    assert not is_before(text(later), text(moment))


@given(st.text(max_size=30))
def test_any_text_is_a_timestamp_or_says_why_not(text: str) -> None:
    said = "nothing"
    try:
        parse(text)
    except NotATimestamp as error:
        said = str(error)
    assert said


@pytest.mark.parametrize(
    ("given_times", "seconds"),
    [
        ((), 0.02),
        ((None, 7, "yesterday"), 0.02),
        (("2025-03-31T11:34:01Z",), 1.1),
        (("2025-03-31T11:34:01.000Z", None), 1.1),
        (("2025-03-31T11:34:01.000Z", "2025-03-31T11:34:01.503Z"), 0.02),
    ],
)
def test_a_clock_of_whole_seconds_is_given_time_to_move(
    given_times: tuple[object, ...], seconds: float
) -> None:
    assert tick(given_times) == seconds


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2025-03-31T11:34:01Z", "2025-03-31T11:34:01.503+00:00", True),
        ("2025-03-31T11:34:01.503Z", "2025-03-31T11:34:01.503000000+00:00", True),
        ("2025-03-31T11:34:01.503Z", "2025-03-31T11:34:01.504Z", False),
        ("2025-03-31T11:34:01Z", "2025-03-31T11:34:02Z", False),
        ("yesterday", "yesterday", True),
        ("yesterday", "2025-03-31T11:34:02Z", False),
    ],
)
def test_moments(one: str, other: str, *, same: bool) -> None:
    left, right = Moment(one), Moment(other)
    assert (left == right) is same
    assert (left != right) is not same
    assert not same or hash(left) == hash(right)


def test_a_moment_is_read_as_it_was_given() -> None:
    fine = parse(Moment("2025-03-31T11:34:05.503Z"))
    coarse = parse(Moment("2025-03-31T11:34:05Z"))
    assert (fine.digits, coarse.digits) == (3, 0)


def test_only_texts_become_moments() -> None:
    assert isinstance(as_moment("2025-03-31T11:34:01Z"), Moment)
    assert as_moment(None) is None
    assert as_moment(7) == 7
