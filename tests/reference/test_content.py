from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import yaml

ENVIRONMENTS = "/cmf/api/v1/environments"
JSON, YAML = "application/json", "application/yaml"
TEXTS = ["yes", "no", "on", "y", "null", "~", "1.10", "0123", "0x1F", "0o17", "1e3", "12:30:00", "2025-03-31", "", " ",
         "é", "e\u0301", "日本", "\U0001f600", "a\nb\n", "a\r\nb", "tab\t", "\u2028", "\x00\x1f\x7f\x85", "\"'\\", "# x",
         "- a", "a: b", "!tag", "&a", "*a", "<<", "=", "{}", "[]", "?", "|", ">", "%", "@", "`", "1_000", "+1", ".5", "1."]  # fmt: skip
VALUES: dict[str, Any] = {
    "texts": TEXTS,
    "keys": dict.fromkeys(TEXTS, "x"),
    "numbers": [0, -1, 2**63, 10**30, 1.5, -0.1, 1e300, 1e-300],
    "others": [True, False, None, [], {}, [[{"a": [1]}]]],
}


def put(client: httpx.Client, home: str, raw: bytes, media_type: str) -> httpx.Response:
    return client.post(home.rpartition("/")[0], content=raw, headers={"content-type": media_type})


@pytest.mark.parametrize("write", [JSON, YAML])
@pytest.mark.parametrize("read", [JSON, YAML])
def test_every_value_survives(client: httpx.Client, home: str, write: str, read: str) -> None:
    body = {"name": home.rpartition("/")[2], "flinkApplicationDefaults": VALUES}
    raw = json.dumps(body) if write == JSON else yaml.safe_dump(body, allow_unicode=True)
    assert put(client, home, raw.encode(), write).status_code == 201
    answer = client.get(home, headers={"accept": read})
    assert answer.headers["content-type"] == read
    value = answer.json() if read == JSON else yaml.safe_load(answer.content)
    assert value["flinkApplicationDefaults"] == VALUES
    if read == YAML:
        assert "2025-03-31" in value["flinkApplicationDefaults"]["texts"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("", JSON),
        ("application/*", JSON),
        ("application/yaml", YAML),
        ("APPLICATION/YAML", YAML),
        ("application/yaml;q=0.5, application/json;q=0.4", YAML),
        ("application/json;q=0.5, application/yaml", YAML),
        ("application/yaml, */*", YAML),
        ("application/yaml, application/json", YAML),
        ("application/json;q=0, */*", YAML),
        ("text/html, */*;q=0.1", JSON),
        ("application/json;charset=utf-8", JSON),
        ("nonsense, application/yaml", YAML),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/jsonx", None),
        ("nonsense", None),
        ("application/json;q=nan", None),
        ("text/yaml", None),
    ],
)
def test_negotiation(client: httpx.Client, home: str, accept: str | None, expected: str | None) -> None:
    request = client.build_request("GET", home)
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = client.send(request)
    assert answer.status_code == (406 if expected is None else 200)
    assert answer.headers["content-type"] == (expected or JSON)


def test_deleting_needs_no_acceptable_type(client: httpx.Client, home: str) -> None:
    assert client.delete(home, headers={"accept": "text/html"}).status_code == 200


@pytest.mark.parametrize("charset", ["charset=utf-8", 'charset="UTF-8"', "charset=us-ascii"])
def test_a_charset_is_understood(client: httpx.Client, home: str, charset: str) -> None:
    body = json.dumps({"name": home.rpartition("/")[2]}).encode()
    assert put(client, home, body, f"{JSON}; {charset}").status_code == 201
    assert put(client, home, body, f"{JSON}; charset=utf-16").status_code == 415


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "text/yaml", "application/json, application/json", ""]
)
def test_other_types_are_refused(client: httpx.Client, home: str, media_type: str) -> None:
    assert (
        put(client, home, json.dumps({"name": home.rpartition("/")[2]}).encode(), media_type).status_code
        == 415
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"  ", b"{", b'{"name": "abcd"} x', b"[]", b"null", b'"abcd"', b"1", b"true", b"\xff\xfe\x00", b'{"name": NaN}',
     b'{"name": "ab\\ud800cd"}', b"[" * 100_000, b'{"a":' * 500 + b"1" + b"}" * 500, b'{"n": 1e999}', b'{"n": ' + b"9" * 5000 + b"}",
     b'{"name": "abcd", "n": ' + b"[" * 101 + b"]" * 101 + b"}"],
)  # fmt: skip
def test_bad_json(client: httpx.Client, home: str, raw: bytes) -> None:
    for path in (home.rpartition("/")[0], home + "/applications"):
        answer = client.post(path, content=raw, headers={"content-type": JSON})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"]


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(12)
)


@pytest.mark.parametrize(
    "raw",
    [b"", b"# nothing", b"- a", b"a: [", b"a: b: c", b"name: abcd\n---\nname: abcd", b"\tname: x", b"a: *b", b"a: &a [*a]",
     b"? [x]\n: y", b"name: !!python/object/apply:os.system [ls]", b"name: !custom abcd", b"n: .inf", b"n: .nan", b"n: 1e999",
     b"n: 0x" + b"f" * 9000, b"n: " + b"9" * 5000, b"a: 1\na: 2", BOMB, b"[" * 100_000, b"- " * 5000, b"\x00", b"\xff",
     b"%YAML 9.9\n---\nname: x", b"name: abc"],
)  # fmt: skip
def test_bad_yaml(client: httpx.Client, home: str, raw: bytes) -> None:
    answer = put(client, home, raw, YAML)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"]


def test_good_yaml(client: httpx.Client, home: str) -> None:
    name = home.rpartition("/")[2]
    raw = f"""\ufeff# a comment
name: {name}
flinkApplicationDefaults:
  spec: &shared {{plain: yes, number: 0x1F, octal: 0o17, float: 1e+3, disputed: 1e3, zeros: 0123, quoted: "1", tagged: !!str 1, nothing: ~, 1: one}}
  again: *shared
"""
    assert put(client, home, raw.encode(), YAML).status_code == 201
    shared = {
        "plain": "yes",
        "number": 31,
        "octal": "0o17",
        "float": 1000.0,
        "disputed": "1e3",
        "zeros": "0123",
        "quoted": "1",
        "tagged": "1",
        "nothing": None,
        "1": "one",
    }
    assert client.get(home).json()["flinkApplicationDefaults"] == {"spec": shared, "again": shared}
    written = client.get(home, headers={"accept": YAML}).content
    assert b"&" not in written
    assert yaml.safe_load(written)["flinkApplicationDefaults"]["again"] == shared


def test_a_huge_body_is_refused(client: httpx.Client, home: str) -> None:
    raw = b'{"name": "' + b"a" * (5 * 1024 * 1024) + b'"}'
    assert put(client, home, raw, JSON).status_code == 413
    assert client.get(home).status_code == 200
