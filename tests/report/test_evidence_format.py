"""The line format of evidence.ndjson."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.evidence_format import from_line, to_line
from conformance.model import Exchange, HttpRequest, HttpResponse

from .samples import HOSTILE, exchange

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=20)
HEADERS = st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=3).map(tuple)
EXCHANGES = st.builds(
    Exchange,
    id=ANY_TEXT,
    operation=st.none() | ANY_TEXT,
    request=st.builds(HttpRequest, ANY_TEXT, ANY_TEXT, HEADERS, st.binary(max_size=30)),
    response=st.none()
    | st.builds(HttpResponse, st.integers(100, 599), HEADERS, st.binary(max_size=30), st.booleans()),
    error=st.none() | ANY_TEXT,
    started=ANY_TEXT,
    elapsed_ms=st.floats(0, 1e9),
    attempt=st.integers(1, 9),
)


@given(EXCHANGES)
def test_an_exchange_survives_the_trip(made: Exchange) -> None:
    assert from_line(to_line(made)) == made


@given(EXCHANGES)
def test_a_line_is_one_line_of_strict_json_in_ascii(made: Exchange) -> None:
    line = to_line(made)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8")  # fails on a lone surrogate


@given(EXCHANGES, st.data())
def test_a_cut_line_is_refused(made: Exchange, data: st.DataObject) -> None:
    line = to_line(made)
    with pytest.raises(ValueError, match=r"."):
        from_line(line[: data.draw(st.integers(0, len(line) - 1))])


def test_the_documented_fields() -> None:
    made = exchange(body=b"\xff", answer="é".encode())
    document = json.loads(to_line(made))
    assert list(document) == [
        "id",
        "operation",
        "request",
        "response",
        "error",
        "started",
        "elapsed_ms",
        "attempt",
    ]
    assert list(document["request"]) == ["method", "url", "headers", "body"]
    assert list(document["response"]) == ["status", "headers", "body", "truncated"]
    assert document["request"]["headers"][0] == ["content-type", "application/json"]
    assert document["request"]["body"] == {"base64": "/w=="}
    assert document["response"]["body"] == "é"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "null",
        "7",
        "{}",
        '{"id":1}',
        "[" * 100_000,
        '{"id":' * 50_000,
        to_line(exchange()).replace('"status":201', '"status":"201"'),
        to_line(exchange()).replace('"attempt":1', '"attempt":true'),
        to_line(exchange(body=b"\xff")).replace("/w==", "/w"),
        to_line(exchange()).replace('"headers":[[', '"headers":[["a"],['),
        to_line(exchange()).replace('"elapsed_ms":12.4', '"elapsed_ms":null'),
    ],
    ids=[
        "empty",
        "array",
        "null",
        "number",
        "no fields",
        "too few fields",
        "deep array",
        "deep object",
        "status as text",
        "attempt as boolean",
        "torn base64",
        "header without value",
        "no time",
    ],
)
def test_what_is_not_an_exchange_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_line(line)


def test_a_time_that_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_line(replace(exchange(), elapsed_ms=float("nan")))


def test_a_lone_surrogate_of_another_writer_is_kept() -> None:
    line = to_line(exchange(body=b"?")).replace('"body":"?"', '"body":"\\ud800"')
    assert from_line(line).request.body == "\ud800".encode("utf-8", "surrogatepass")


def test_hostile_text_everywhere() -> None:
    made = replace(exchange(), error=HOSTILE, id=HOSTILE)
    assert from_line(to_line(made)) == made
