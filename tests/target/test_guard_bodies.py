"""Which bodies may leave: whoever reads them, and however, finds no foreign name."""

# ruff: noqa: FBT001 - parameters are flags
from __future__ import annotations

import json
import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.target import guard
from conformance.target.routes import locate

from .conftest import ENVIRONMENTS
from .judging import JSON, OURS, YAML, judged


def test_bodies_cannot_hide_a_request() -> None:
    assert judged("GET", "/x", b"{}") is not None
    smuggled = f"DELETE {ENVIRONMENTS}/prod HTTP/1.1\r\n\r\n".encode()
    assert judged("DELETE", f"{ENVIRONMENTS}/{OURS}", smuggled) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{}",
        b"[]",
        b"null",
        b"true",
        b"17",
        b'"text"',
        b'{"name": null}',
        b'{"name": ""}',
        b'{"name": []}',
        b'{"name": {"a": [null, 1, true, ""]}}'.replace(b"true, ", b""),
        b'{"name": ["%s"]}' % OURS.encode(),
        b'{"name": "%s", "kubernetesNamespace": "prod"' % OURS.encode(),
        b'{"name": "%s",}' % OURS.encode(),
        b"{'name': '%s'}" % OURS.encode(),
        b'{"name"',
        b'{"name": ',
        b"\xff\xfe\x00",
        b"{" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"name": "%s", "x": %s}' % (OURS.encode(), b"[" * 5_000 + b"]" * 5_000),
        b'\xef\xbb\xbf{"name": "%s"}' % OURS.encode(),
        b'{"name": "%s", "x": "\xff"}' % OURS.encode(),
        b"<environment/>",
        b'{"name": "%s", "flinkApplicationDefaults": {"spec": {"name": "prod"}}}' % OURS.encode(),
    ],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize("content_type", [JSON, YAML, "text/plain", "application/xml", ""])
def test_broken_bodies_without_foreign_names_are_sent(body: bytes, content_type: str) -> None:
    assert judged("POST", ENVIRONMENTS, body, content_type) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "prod"}',
        b'{"NAME": "prod"}',
        b'{" name ": "prod"}',
        b'{"metadata.name": "prod"}',
        b'{"n\\u0061me": "prod"}',
        b'{"name": "pr\\u006fd"}',
        b'{"name": "%s", "name": "prod"}' % OURS.encode(),
        b'{"name": "prod", "name": "%s"}' % OURS.encode(),
        b'{"name": "%s", "metadata": {"name": "prod"}}' % OURS.encode(),
        b'{"name": "%s", "metadata": [{"name": "prod"}]}' % OURS.encode(),
        b'[{"name": "prod"}]',
        b'{"environment": {"name": "prod"}}',
        b'{"name": ["prod"]}',
        b'{"name": {"a": {"b": "prod"}}}',
        b'{"name": 1234}',
        b'{"name": true}',
        b'{"name": [1234]}',
        b'{"name": [true]}',
        b'"{\\"name\\": \\"prod\\"}"',
        '{"name": "prod"}'.encode("utf-16"),
        '{"name": "prod"}'.encode("utf-32"),
        '{"name": "prod"'.encode("utf-16-le"),
        b'{"name": "prod"',
        b'{"name": prod',
        b"{'name': 'prod'}",
        b'{"name" /* a */ : "prod", }',
        b'{"name": /* a */ "prod", }',
        b'{"n\\u0061me": "prod"',
        b'{"name": {"a": "prod"',
        b"name: prod",
        b"name : prod",
        b"? name\n: prod",
        b'"n\\x61me": prod',
        b"name: !!str prod",
        b"name: !!binary cHJvZA==",
        b"!!binary bmFtZQ==: prod",
        b"name: !mine prod",
        b"name: !mine %s" % OURS.encode(),
        b"!mine x: %s\nname: %s" % (b"prod", OURS.encode()),
        b"name: &a prod",
        b"x: &a prod\nname: *a",
        b"x: &a {name: prod}\n<<: *a",
        b"x: &a {name: prod}\nmetadata: *a",
        b"name: %s\n---\nname: prod" % OURS.encode(),
        b"name: %s\nname: prod" % OURS.encode(),
        b"name: %s\n--- {\nname: prod" % OURS.encode(),
        b"!!java.util.Map {name: prod}",
        b"name: prod\n\tx: [",
        b"name: yes",
        b"name: 1234",
        b"name: 2025-03-31",
        b"name: >\n  prod",
        b"- name: prod",
        b"name=prod",
        b"<name>prod</name>",
    ],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize("content_type", [JSON, YAML, "text/plain", "application/xml", ""])
def test_bodies_that_could_name_something_foreign_are_not_sent(body: bytes, content_type: str) -> None:
    harmless = content_type == YAML and body in {b"<name>prod</name>", b"name=prod"}
    if not harmless:
        assert judged("POST", ENVIRONMENTS, body, content_type) is not None
        assert judged("PUT", f"{ENVIRONMENTS}/{OURS}", body, content_type) is not None


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"na%6de=prod"),
        ("multipart/form-data; boundary=x", b"--x"),
        ("application/json; charset=utf-16", b"{}"),
        ("application/json; charset=ibm037", b"{}"),
    ],
)
def test_bodies_that_only_a_decoder_understands_are_not_sent(content_type: str, body: bytes) -> None:
    assert judged("POST", ENVIRONMENTS, body, content_type) is not None


def test_a_charset_that_is_a_kind_of_ascii_is_sent() -> None:
    assert judged("POST", ENVIRONMENTS, {"name": OURS}, "application/json; charset=utf-8") is None


def test_huge_bodies_are_not_sent() -> None:
    assert judged("POST", ENVIRONMENTS, b" " * (4 * 1024 * 1024 + 1)) is not None


def test_inside_our_environment_every_name_is_legal_and_no_other_environment() -> None:
    path = f"{ENVIRONMENTS}/{OURS}/applications"
    assert judged("POST", path, {"metadata": {"name": "abcd"}, "spec": {"environment": "prod"}}) is None
    assert judged("POST", path, {"metadata": {"name": "abcd", "environment": "prod"}}) is not None
    assert judged("POST", path, {"metadata": {"name": "abcd", "environment": OURS}}) is None


def test_numbers_and_booleans_are_names_when_they_were_claimed() -> None:
    claims = (("environments", "1234"), ("environments", "true"))
    assert judged("POST", ENVIRONMENTS, {"name": 1234}, claims=claims) is None
    assert judged("POST", ENVIRONMENTS, {"name": True}, claims=claims) is None
    assert judged("POST", ENVIRONMENTS, {"name": 123}, claims=claims) is not None
    assert judged("POST", ENVIRONMENTS, b"name: true", YAML, claims=claims) is None


def test_aliases_that_multiply_and_contain_themselves_are_looked_at_once() -> None:
    bomb = b"a: &a [x, x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (c, c, b"*%c," % (c - 1) * 9) for c in range(98, 110)
    )
    assert judged("POST", ENVIRONMENTS, bomb + b"name: *m\n", YAML) is not None
    assert judged("POST", ENVIRONMENTS, bomb + f"name: {OURS}".encode(), YAML) is None
    assert judged("POST", ENVIRONMENTS, b"&a {metadata: *a, name: &b [*b]}", YAML) is None


_NAMES = st.sampled_from([OURS, "prod", "", None, 1234, True, ["prod"], [OURS], {"a": "prod"}, {"a": OURS}])
WRITES_OF_BODIES = (
    ("POST", ENVIRONMENTS),
    ("PUT", f"{ENVIRONMENTS}/{OURS}"),
    ("PATCH", f"{ENVIRONMENTS}/{OURS}"),
    ("POST", "/cmf/api/v1/secrets"),
    ("PUT", f"/cmf/api/v1/secrets/{OURS}"),
    ("POST", "/cmf/api/v1/catalogs/kafka"),
)
_KEYS = st.sampled_from(["name", "Name", "metadata", "x", "spec", "NAME"])
_VALUES = st.recursive(
    _NAMES,
    lambda inner: st.lists(st.tuples(_KEYS, inner), max_size=4).map(dict) | st.lists(inner, max_size=3),
    max_leaves=8,
)


def _lenient_names(value: object) -> list[object]:
    """What lenient binders take for the name: any case, unwrapping lists and a single root."""
    if isinstance(value, list):
        return [name for item in value for name in _lenient_names(item)]
    if not isinstance(value, dict):
        return []
    names: list[object] = []
    for key, item in value.items():
        if key.lower() == "name":
            names.append(item)
        if key.lower() == "metadata" and isinstance(item, dict):
            names.extend(inner for name, inner in item.items() if name.lower() == "name")
        if len(value) == 1:
            names.extend(_lenient_names(item))
    return names


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [] if value is None else [json.dumps(value).strip('"')]


@settings(max_examples=800, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(_VALUES, st.sampled_from([JSON, YAML, "text/plain", ""]), st.booleans(), st.integers(0, 40))
def test_no_body_that_passes_names_anything_foreign(
    value: object, content_type: str, as_yaml: bool, cut: int
) -> None:
    text = yaml.safe_dump(value) if as_yaml else json.dumps(value)
    foreign = [name for found in _lenient_names(value) for name in _strings(found) if name not in {"", OURS}]
    if foreign:
        # POST creates or updates what it names; a PUT writes to what it names, or to what its path names.
        for method, path in WRITES_OF_BODIES:
            assert judged(method, path, text.encode(), content_type) is not None, (method, path)
    # A server that reads what it can of a body that was cut: whatever name it finds is ours.
    piece = text[: len(text) - cut]
    if judged("POST", ENVIRONMENTS, piece.encode(), content_type) is None:
        first = re.match(r"""\{?["']?name["']?[ \t]*:[ \t]*["']?([A-Za-z0-9][\w-]*)""", piece, re.IGNORECASE)
        assert first is None or first[1] == "null" or first[1].startswith(OURS[:-1])


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60), st.sampled_from([JSON, YAML, "text/plain"]))
def test_any_bytes_are_judged_without_a_crash(body: bytes, content_type: str) -> None:
    judged("POST", ENVIRONMENTS, body, content_type)
    place = locate(ENVIRONMENTS)
    assert place is not None
    guard.named(place, content_type, body)
