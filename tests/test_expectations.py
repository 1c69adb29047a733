from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import expectations
from conformance.expectations import (
    Broken,
    Unmet,
    eventually,
    field,
    first_difference,
    first_loss,
    optional,
    patience,
    require,
    require_contains,
    require_equal,
    require_unique,
    settled,
    shown,
)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("expected", "got", "difference"),
    [
        (1, 1.0, None),
        (1, True, ("", "1", "true")),
        (0, False, ("", "0", "false")),
        (1, "1", ("", "1", '"1"')),
        (None, {}, ("", "null", "{}")),
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {}, ("/a", "1", "nothing")),
        ({}, {"a": None}, ("/a", "nothing", "null")),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ("/a/b/1", "2", "3")),
        ([1, 2], [1], ("", "2 entries", "1 entries")),
        ([1], {"0": 1}, ("", "[1]", '{"0": 1}')),
        ({"a": 1, "b": 2}, {"b": 3, "a": 1}, ("/b", "2", "3")),
    ],
)
def test_first_difference(expected: Any, got: Any, difference: object) -> None:
    assert first_difference(expected, got) == difference


@pytest.mark.parametrize(
    ("stored", "got", "loss"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": {}}, {}, None),
        ({"a": None}, {}, None),
        ({"a": []}, {}, ("/a", "[]", "nothing")),
        ({"a": ""}, {}, ("/a", '""', "nothing")),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, None),
        ({"a": {"b": 1}}, {"a": {"b": "1"}}, ("/a/b", "1", '"1"')),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, None),
        ({"a": [1]}, {"a": [1, 2]}, ("/a", "1 entries", "2 entries")),
        ({"a": [1, 2]}, {"a": [2, 1]}, ("/a/0", "1", "2")),
        ({"a": {"b": 1}}, {"a": None}, ("/a", '{"b": 1}', "null")),
    ],
)
def test_first_loss(stored: Any, got: Any, loss: object) -> None:
    assert first_loss(stored, got) == loss


@given(values)
def test_a_value_differs_from_itself_nowhere(value: Any) -> None:
    assert first_difference(value, value) is None
    assert first_loss(value, value) is None


@given(values, values)
def test_a_difference_is_mutual_and_no_loss_without_one(one: Any, other: Any) -> None:
    assert (first_difference(one, other) is None) == (first_difference(other, one) is None)
    if first_difference(one, other) is None:
        assert first_loss(one, other) is None


@given(st.dictionaries(st.text(max_size=3), values, max_size=4), values)
def test_an_addition_is_a_difference_but_no_loss(stored: dict[str, Any], more: Any) -> None:
    grown = {**stored, "a field of the target's own": more}
    assert first_loss(stored, grown) is None
    assert first_difference(stored, grown) is not None


def test_requirements_name_what_differs() -> None:
    require(1, "never")
    with pytest.raises(Broken) as caught:
        require(0, "it is not so", expected="this", got="that")
    assert (str(caught.value), caught.value.expected, caught.value.got) == ("it is not so", "this", "that")
    with pytest.raises(Broken, match="the body/a is not as expected") as caught:
        require_equal({"a": 1}, {"a": 2}, "the body")
    assert (caught.value.expected, caught.value.got) == ("2", "1")
    with pytest.raises(Broken, match="the body/a is not as stored"):
        require_contains({}, {"a": 2}, "the body")
    require_equal([1], [1], "it")
    require_contains({"a": 1, "b": 2}, {"a": 1}, "it")


def test_fields() -> None:
    body = {"metadata": {"name": "abcd", "labels": None}}
    assert field(body, "metadata", "name") == "abcd"
    assert optional(body, "metadata", "name") == "abcd"
    assert optional(body, "metadata", "labels", "x") is None
    assert optional([], "metadata") is None
    with pytest.raises(Broken, match=r"there is no metadata\.uid") as caught:
        field(body, "metadata", "uid", "more")
    assert caught.value.expected == "a field metadata.uid.more"
    with pytest.raises(Broken, match="there is no metadata"):
        field("text", "metadata")


def test_unique() -> None:
    assert require_unique(["a", "b"], "name") == ["a", "b"]
    assert require_unique([{"a": 1}, {"a": 2}], "thing") == [{"a": 1}, {"a": 2}]
    with pytest.raises(Broken, match="name 'a' occurs twice"):
        require_unique(["a", "b", "a"], "name")


def test_shown_is_never_endless_and_never_fails() -> None:
    assert shown({"b": 1, "a": "é"}) == '{"a": "é", "b": 1}'
    assert len(shown("x" * 5000)) == 300
    assert shown("x" * 5000).endswith("…")
    assert shown({1, 2}) == "{1, 2}"
    assert shown({1: 2, "a": 3}) == "{1: 2, 'a': 3}"


def test_eventually_waits_for_all_of_it_to_hold_at_once() -> None:
    looks = iter([Broken("not yet"), Broken("not yet"), "there"])

    def observe() -> str:
        seen = next(looks)
        if isinstance(seen, Broken):
            raise seen
        return seen

    assert eventually(observe, within=5) == "there"


def test_eventually_gives_up_in_time_with_the_last_word() -> None:
    began, looks = time.monotonic(), []

    def observe() -> None:
        looks.append(1)
        raise Broken("still there", expected="404", got=str(len(looks)))

    with pytest.raises(Broken, match=r"still there \(after waiting 0.3 s\)") as caught:
        eventually(observe, within=0.3)
    assert time.monotonic() - began < 2
    assert len(looks) > 2
    assert (caught.value.expected, caught.value.got) == ("404", str(len(looks)))


def test_eventually_looks_once_even_without_time_and_lets_other_errors_out() -> None:
    assert eventually(lambda: 1, within=0) == 1
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0, within=5)


def waited(within: float, *, message: str = "it is there", after: float = 9e9) -> float:
    """Seconds that are spent on what becomes true after so many, and otherwise says this."""
    began = time.monotonic()

    def observe() -> None:
        if time.monotonic() - began < after:
            raise Broken(message)

    with contextlib.suppress(Broken):
        eventually(observe, within=within)
    return time.monotonic() - began


def test_what_was_often_waited_for_in_vain_is_waited_for_less_long() -> None:
    with patience():
        for number in range(3):
            assert waited(0.4, message=f"cmfc-x-{number} is there") > 0.3
        assert waited(0.4, message="cmfc-x-4 is there") < 0.3
        assert waited(0.4, message="something else is there") > 0.3
        assert waited(0.8, message="cmfc-x-5 is there") > 0.45, "so long nobody has waited yet"
    assert waited(0.4, message="cmfc-x-6 is there") > 0.3, "another run has its own patience"


def test_a_slow_target_that_keeps_its_promises_never_loses_patience() -> None:
    with patience():
        for _ in range(6):
            assert 0.25 < waited(5, after=0.25) < 2


def test_what_others_change_meanwhile_takes_no_time_and_says_nothing() -> None:
    changes = iter(range(1000))
    seen = 0

    def observe() -> int:
        nonlocal seen
        seen += 1
        require(seen > 40, "a page was shifted")
        return seen

    assert eventually(observe, within=0.0, moving=lambda: next(changes)) == 41


def test_at_rest_the_first_look_is_not_believed_and_the_later_ones_are() -> None:
    seen = 0

    def observe() -> None:
        nonlocal seen
        seen += 1
        raise Broken(f"broken {seen}")

    with pytest.raises(Broken, match=r"broken 2 \(after waiting 0 s\)"):
        eventually(observe, within=0.0, moving=lambda: "at rest")


def test_what_is_never_at_rest_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations, "_RESTLESS", 0.2)
    changes = iter(range(1_000_000))

    def observe() -> None:
        raise Broken("a page was shifted")

    with pytest.raises(Unmet, match="others change it all the time: a page was shifted"):
        eventually(observe, within=0.1, moving=lambda: next(changes))


def test_settled_returns_what_was_read_twice() -> None:
    reads = iter([1, 2, 3, 3, 4])
    assert settled(lambda: next(reads), within=5, pause=0.01) == 3
    assert next(reads) == 4


def test_settled_ends_with_what_never_settles() -> None:
    reads = iter(range(10_000))
    began = time.monotonic()
    assert settled(lambda: next(reads), within=0.2, pause=0.02) > 0
    assert time.monotonic() - began < 2
