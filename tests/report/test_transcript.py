"""One exchange as text."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.model import HttpResponse
from conformance.report.clean import clean
from conformance.report.transcript import indent_json, readable_body, status_line, transcript

from .samples import HOSTILE, exchange

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 3]))
def test_indenting_json_changes_white_space_only(value: object, ascii_only: bool, indent: int | None) -> None:  # noqa: FBT001
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert json.loads(indent_json(text)) == value
    assert indent_json(indent_json(text)) == indent_json(text)


def test_doubled_keys_and_odd_numbers_stay() -> None:
    assert indent_json('{"a":1.0,"a":1e5,"b":[],"c":{ }}') == (
        '{\n  "a": 1.0,\n  "a": 1e5,\n  "b": [],\n  "c": {}\n}'
    )


@pytest.mark.parametrize("text", ["", "{", "a: b", "[" * 100_000, '{"a":1}}'])
def test_what_is_not_json_is_left_alone(text: str) -> None:
    assert indent_json(text) == text


def test_deep_json_does_not_grow_without_bound() -> None:
    deep = "[" * 400 + "1" + "]" * 400
    assert len(indent_json(deep)) < 60_000


def test_an_exchange_reads_like_http() -> None:
    view = transcript(exchange(status=409, answer=b'{"errors":[]}'))
    assert view.summary == "POST https://cmf.example/gateway/cmf/api/v1/environments → 409 Conflict (12 ms)"
    assert view.request.splitlines()[1:3] == ["content-type: application/json", "authorization: [redacted]"]
    assert view.response.splitlines() == [
        "409 Conflict",
        "content-type: application/json",
        "",
        '{"errors":[]}',
    ]


def test_no_answer_is_told_with_its_reason() -> None:
    view = transcript(exchange(status=None))
    assert view.response == "No response: ReadTimeout after 30 s"
    assert "no response" in view.summary


def test_a_retry_is_told() -> None:
    assert "attempt 2" in transcript(replace(exchange(), attempt=2)).summary


def test_megabytes_are_cut_with_a_note_and_fast() -> None:
    view = transcript(exchange(answer=b'{"a":"' + b"x" * 9_000_000 + b'"}'), 500)
    assert len(view.response) < 1_000
    assert "9,000,008 bytes" in view.response


def test_a_body_that_the_harness_cut_says_so() -> None:
    view = transcript(replace(exchange(), response=HttpResponse(200, (), b"abc", truncated=True)))
    assert "larger than its limit" in view.response


def test_many_headers_are_cut() -> None:
    many = tuple((f"x-{number}", "v" * 5_000) for number in range(200))
    view = transcript(replace(exchange(), response=HttpResponse(200, many, b"")))
    assert "(160 more headers)" in view.response
    assert len(view.response) < 40_000


def test_bytes_that_are_not_text_are_spelt_out() -> None:
    assert readable_body(b"a\xff\x00b", 100) == "a\\xff\\x00b"


def test_statuses_without_a_name() -> None:
    assert [status_line(status) for status in (200, 299, 0)] == ["200 OK", "299", "0"]


def test_hostile_text_is_harmless_everywhere() -> None:
    hostile = exchange(method=HOSTILE, path=HOSTILE, body=HOSTILE.encode("utf-8", "surrogatepass"))
    hostile = replace(
        hostile,
        response=HttpResponse(
            200, ((HOSTILE, HOSTILE),), b"\x1b" + HOSTILE.encode("utf-16-le", "surrogatepass")
        ),
    )
    view = transcript(hostile)
    for text in (view.summary, view.request, view.response):
        assert clean(text) == text
