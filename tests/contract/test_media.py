from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract import media
from conformance.contract.media import JSON, MAX_DEPTH, MEDIA_TYPES, YAML, Malformed, MediaType, read, write

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "yes",
        "No",
        "on",
        "null",
        "~",
        "",
        "1.10",
        "0123",
        "0x1F",
        "1e3",
        "12:30:00",
        "2025-03-31",
        "=",
        "<<",
        "- a",
        "a: b",
        "#",
        "'",
        '"',
        "\\",
        "\n",
        "a\n",
        "\ttab",
        "é",
        "\u2028",
        "\x85",
        "\u200b",
        "😀",
        "|",
        ">",
        "&a",
        "*a",
    ]
)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.parametrize(
    ("header", "essence", "charset"),
    [
        ("application/json", "application/json", None),
        ("Application/JSON;Charset=UTF-8", "application/json", "utf-8"),
        (' text/html ; q=1; charset="ISO-8859-1" ', "text/html", "iso-8859-1"),
        ("application/json;charset", "application/json", None),
    ],
)
def test_media_types(header: str, essence: str, charset: str | None) -> None:
    assert MediaType.parse(header) == MediaType(essence, charset)


def test_no_media_type() -> None:
    assert MediaType.parse(None) is None
    assert MediaType.parse("  ") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1} x', "not JSON: Extra data"),
        (b"// c\n1", "not JSON"),
        (b"NaN", "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1, "a": 1}', "an object has the same key twice"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        ("{}".encode("utf-16"), "not UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\n"', "not JSON: Invalid control character"),
        (b"01", "not JSON"),
        (b"[" * 502 + b"]" * 502, "nested more than 500 levels deep"),
        (b"[" * 200_000, "not JSON"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_json_is_read_strictly(text: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(text, JSON)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("a:", {"a": None}),
        ("0123", "0123"),
        ("0o17", "0o17"),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2025-03-31", "2025-03-31"),
        ("2025-03-31T11:34:01Z", "2025-03-31T11:34:01Z"),
        ("1e3", "1e3"),
        ("1.5e+3", 1500.0),
        ("1.5", 1.5),
        ("-7", -7),
        ("1.10", 1.1),
        ('"1.10"', "1.10"),
        ("!!str 1", "1"),
        ("!!int '12'", 12),
        ("=", "="),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x {k: 1}\nb: {<<: *x, l: 2}", {"a": {"k": 1}, "b": {"k": 1, "l": 2}}),
        ("a: <<\n<<: b", {"a": "<<", "<<": "b"}),
        ("0: a\nnull: b\n1.5: c\ntrue: d\n~: e", {"0": "a", "null": "b", "1.5": "c", "true": "d", "~": "e"}),
        ("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}),
        ("- 9999999999999999999999", [9999999999999999999999]),
        ("# nothing\n", None),
        ("{a: ['', ?b, '- c'], d: :e, f: ?it's g }", {"a": ["", "?b", "- c"], "d": ":e", "f": "?it's g"}),
        (
            """{a: 'it''s [?b]', "c":d, e: "[?\\"", f: [?g]}""",
            {"a": "it's [?b]", "c": "d", "e": '[?"', "f": ["?g"]},
        ),
        ("{? a : b, c: d ?e, f: ?g}", {"a": "b", "c": "d ?e", "f": "?g"}),
    ],
)
def test_yaml_is_read_as_both_versions_agree(text: str, value: Any) -> None:
    found = read(text.encode(), YAML)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "not YAML: "),
        ("a: b: c", "not YAML: mapping values are not allowed"),
        ("\tb: 1", "not YAML: "),
        ("a: 1\n---\nb: 2", "more than one YAML document"),
        ("!!python/object/apply:os.system [id]", "not YAML: "),
        ("!mine 1", "not YAML: "),
        ("!!binary aGk=", "a bytes has no JSON value"),
        ("!!timestamp 2025-03-31", "a date has no JSON value"),
        ("!!timestamp 2025-99-31", "not YAML: "),
        ("!!set {a}", "a set has no JSON value"),
        ("!!int x", "not YAML: "),
        ("!!binary aGk=: a", "a key is bytes, not a string"),
        ("? [a]\n: b", "not YAML: "),
        (".inf", ".inf has no JSON value"),
        ("-.INF", "-.INF has no JSON value"),
        (".nan", ".nan has no JSON value"),
        ("&a [*a]", "the alias a stands for what it is part of"),
        ("&a {b: *a}", "the alias a stands for what it is part of"),
        ("[*a]", "the alias a stands for"),
        ("a\0b", "not YAML: "),
        ("'\ufffe'", "not YAML: "),
    ],
)
def test_yaml_that_is_no_data_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(text.encode(), YAML)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_a_yaml_error_names_its_line() -> None:
    with pytest.raises(Malformed, match="in line 3"):
        read(b"a: 1\nb: 2\nc: d: e\n", YAML)


BOMBS = {
    "deep flow": b"[" * 300_000,
    "deep maps": b"{a: " * 300_000,
    "deep block": b"- " * 300_000,
    "deep explicit keys": b"? " * 100_000,
    "laughs": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 121)),
    "merges": b"- &a {k: v}\n"
    + b"".join(b"- &%c {<<: [%s]}\n" % (n + 1, b", ".join([b"*%c" % n] * 10)) for n in range(97, 112)),
    "deep aliases": b"- &n0 [1]\n" + b"".join(b"- &n%d [*n%d]\n" % (n + 1, n) for n in range(2000)),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_bombs_are_refused_in_little_time(bomb: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(Malformed):
        read(bomb, YAML)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_what_is_deep_but_not_too_deep_is_read(media_type: str) -> None:
    depth = MAX_DEPTH - 5
    value = read(b"[" * depth + b"]" * depth, media_type)
    for _ in range(depth - 1):
        (value,) = value
    assert value == []


def test_integers_beyond_exactness_are_the_same_number_in_both() -> None:
    digits = b"9" * 6000
    assert read(digits, JSON) == read(digits, YAML) == float("inf")
    assert read(digits[:4000], JSON) == read(digits[:4000], YAML) == 10**4000 - 1


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
@given(value=values)
def test_what_is_written_is_what_is_read(media_type: str, value: Any) -> None:
    assert repr(read(write(value, media_type), media_type)) == repr(value)


@given(value=values)
def test_other_readers_understand_what_is_written(value: Any) -> None:
    assert json.loads(write(value, JSON)) == value


@given(value=st.dictionaries(texts, texts | st.booleans() | st.integers(), max_size=4))
def test_a_yaml_1_1_reader_agrees_with_ours(value: Any) -> None:
    assert yaml.safe_load(write(value, YAML).decode()) == value


@given(value=values)
def test_json_is_yaml(value: Any) -> None:
    ascii_json = json.dumps(value).encode()
    if b"\\ud" not in ascii_json and b"e" not in ascii_json:
        assert read(ascii_json, YAML) == value


@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_value_or_malformed(body: bytes) -> None:
    said: list[str] = []
    for media_type in MEDIA_TYPES:
        try:
            json.dumps(read(body, media_type))
        except Malformed as error:
            said.append(str(error))
    assert all(said)


def test_writing_uses_no_anchors() -> None:
    shared = {"a": 1}
    assert b"&" not in write({"x": shared, "y": shared}, YAML)
    assert media.decode("é".encode()) == "é"
