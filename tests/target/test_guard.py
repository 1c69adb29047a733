"""The guard: what may leave the process."""

# ruff: noqa: FBT001 - parameters are flags
from __future__ import annotations

import json
import re
import unicodedata
from urllib.parse import unquote

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.config import Mode
from conformance.target import guard
from conformance.target.guard import Ownership, judge, new_run_id
from conformance.target.routes import locate

RUN = "ab12cd34"
OURS = f"cmfc-{RUN}-x"
ENVIRONMENTS = "/cmf/api/v1/environments"
JSON, YAML = "application/json", "application/yaml"


def judged(
    method: str,
    path: str,
    body: object = None,
    content_type: str = JSON,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    mode: Mode = Mode.CERTIFICATION,
    claims: tuple[tuple[str, str], ...] = (),
    query: tuple[tuple[str, str], ...] = (),
) -> str | None:
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return judge(method, path, headers, content_type, content, Ownership(RUN, claims), mode, query=query)


def test_a_run_id_fits_the_prefix() -> None:
    run = new_run_id()
    assert re.fullmatch(r"[a-z0-9]{8}", run)
    assert Ownership(run).prefix == f"cmfc-{run}-"
    assert new_run_id() != new_run_id()
    with pytest.raises(ValueError, match="run id"):
        Ownership("AB12CD34")


@pytest.mark.parametrize(
    "name",
    [
        OURS,
        OURS.upper(),
        f"-{OURS}",
        f".{OURS}",
        f"_{OURS}-",
        f" {OURS}",
        f"{OURS}\n",
        f"{OURS}\0",
        f"{OURS}..a",
        OURS + "x" * 300,
        f"{OURS}/é",
    ],
)
def test_odd_names_with_the_prefix_are_ours(name: str) -> None:
    assert Ownership(RUN).owns(name)
    assert judged("POST", ENVIRONMENTS, {"name": name}) is None


@pytest.mark.parametrize(
    "name",
    [
        "prod",
        "cmfc-zz12cd34-x",
        f"prod-{OURS}",
        f"prod/../{OURS}",
        f"\u00e9{OURS}",
        f"cmfc-{RUN}",
        f"{OURS}/../prod",
        f"{OURS}\\..\\prod",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert judged("POST", ENVIRONMENTS, {"name": name}) is not None
    assert judged("POST", "/cmf/api/v1/secrets", {"metadata": {"name": name}}) is not None


def test_letters_that_only_lower_to_ascii_are_not_the_prefix() -> None:
    assert not Ownership("kkkkkkkk").owns("cmfc-\u212akkkkkkk-x")


def test_a_claim_allows_one_exact_name_of_one_kind() -> None:
    ownership = Ownership(RUN)
    ownership.claim("abc")
    assert ownership.owns("abc", "environments")
    assert not ownership.owns("abc", "secrets")
    assert not ownership.owns("ABC", "environments")
    ownership.release("abc")
    assert not ownership.owns("abc")
    for name, kind in (("", "environments"), ("x" * 17, "environments"), ("abc", "applications")):
        with pytest.raises(ValueError, match="cannot be claimed"):
            ownership.claim(name, kind)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/hello", "/", "/cmf/api/v1/environments/prod", "/a/../b", "/%2e%2e%2f", "//x", "/a;b", "/%00"]
)
def test_reads_go_anywhere(method: str, path: str) -> None:
    assert judged(method, path, query=(("page", "0"),)) is None


@pytest.mark.parametrize("path", ["", "hello", "http://other/x", "/a b", "/a\r\nHost: x", "/é", "/a?b=c"])
def test_paths_that_are_none_are_refused(path: str) -> None:
    assert judged("GET", path) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/cmf/api/v1/environments"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}"),
        ("PATCH", f"/cmf/api/v1/environments/{OURS}"),
        ("POST", f"/cmf/api/v1/environments/{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%0A"),
        ("DELETE", f"/cmf/api/v1/environments/-{OURS}..a%20b%C3%A9"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}/applications/abc"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/abc"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/abc/start"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/abc/suspend"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/statements/abc"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}/secret-mappings/abc"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/compute-pools/abc"),
        ("DELETE", f"/cmf/api/v1/secrets/{OURS}"),
        ("DELETE", f"/cmf/api/v1/catalogs/kafka/{OURS}"),
    ],
)
def test_writes_to_our_own_are_sent(method: str, path: str) -> None:
    assert judged(method, path) is None
    assert "read-only" in (judged(method, path, mode=Mode.READ_ONLY) or "")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/cmf/api/v1/environments"),
        ("PUT", "/cmf/api/v1/environments"),
        ("DELETE", "/cmf/api/v1/environments/"),
        ("DELETE", "/cmf/api/v1/environments/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/.."),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/%2e%2e"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/%2e%2e%20"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%2f..%2fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%252f..%252fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/../prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/..;/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS};x=/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%5c..%5cprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%ef%bc%8f..%ef%bc%8fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%c0%afprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%0d%0aX"),
        ("DELETE", f"/cmf/api/v1/environments/%00{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%3fx"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%3bx"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%23x"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%zz"),
        ("DELETE", f"/cmf/api/v1/%65nvironments/{OURS}"),
        ("DELETE", f"/cmf//api/v1/environments/{OURS}"),
        ("DELETE", f"/CMF/api/v1/environments/{OURS}"),
        ("DELETE", "/cmf/api/v1/environments/prod/applications/" + OURS),
        ("POST", "/cmf/api/v1/environments/prod/applications"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/a/cancel"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/a/start/x"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/statements/a/start"),
        ("POST", f"/cmf/api/v1alpha1/environments/{OURS}/applications/a/events"),
        ("DELETE", f"/cmf/api/v1/secrets/{OURS}/x"),
        ("DELETE", "/cmf/api/v1/catalogs/" + OURS),
        ("TRACE", f"/cmf/api/v1/environments/{OURS}"),
        ("CONNECT", f"/cmf/api/v1/environments/{OURS}"),
        ("delete", f"/cmf/api/v1/environments/{OURS}"),
        ("DE LETE", f"/cmf/api/v1/environments/{OURS}"),
    ],
)
def test_other_writes_are_not_sent(method: str, path: str) -> None:
    assert judged(method, path) is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "other"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("x-http-method", "DELETE"),
        ("X-Method-Override", "DELETE"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("X-Original-URL", "/cmf/api/v1/environments/prod"),
        ("X-Rewrite-URL", "/x"),
        ("Accept", "a\r\nHost: other"),
        ("Accept", " a"),
        ("Accept", "\u0100"),
        ("Acc ept", "a"),
        ("", "a"),
    ],
)
def test_headers_that_change_the_meaning_are_refused(name: str, value: str) -> None:
    assert judged("GET", "/x", headers=((name, value),)) is not None


def test_writes_carry_known_headers_only() -> None:
    path = f"{ENVIRONMENTS}/{OURS}"
    assert (
        judged("DELETE", path, headers=(("Accept", JSON), ("If-Match", '"1"'), ("Authorization", "x")))
        is None
    )
    for name in ("X-Forwarded-Uri", "Content-Encoding", "Cookie", "Forwarded"):
        assert judged("DELETE", path, headers=((name, "gzip"),)) is not None
    assert judged("POST", ENVIRONMENTS, headers=(("Content-Type", JSON), ("content-type", YAML))) is not None


def test_queries_cannot_change_the_method_and_writes_have_none() -> None:
    assert judged("GET", "/x", query=(("_method", "DELETE"),)) is not None
    assert judged("DELETE", f"{ENVIRONMENTS}/{OURS}", query=(("force", "true"),)) is not None


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


# What an independent, lenient server would do with what the guard lets pass.

_SEPARATORS = [
    "/",
    "\\",
    "%",
    "..",
    ".",
    ";",
    "%2f",
    "%2F",
    "%5c",
    "%2e",
    "%252f",
    "%00",
    "%0a",
    "?",
    "#",
    " ",
    "%25252f",
    "%2E%2e",
    "%c0%af",
    "%C0%AE",
    "%e0%80%af",
    "%f0%80%80%af",
    "%ef%bc%8f",
    "%u002f",
    "%u2215",
    "/./",
    "/../",
    "/.;/",
    "//",
]
_WORDS = [
    OURS,
    OURS.upper(),
    "prod",
    "environments",
    "applications",
    "secrets",
    "start",
    "cmf",
    "api",
    "v1",
    "a",
]
_PATHS = st.lists(st.sampled_from(_SEPARATORS + _WORDS + ["/"] * 6), max_size=10).map("".join)
_SUFFIXES = st.one_of(
    _PATHS,
    st.sampled_from(["", f"/{OURS}", "/prod", f"/{OURS}/applications", f"/{OURS}/applications/a"]).flatmap(
        lambda start: _PATHS.map(lambda end: start + end)
    ),
)
_BASES = ["/cmf/api/v1/environments", "/cmf/api/v1/secrets", "/cmf/api/v1/catalogs/kafka", "/cmf/api/v1", ""]
_METHODS = st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PURGE"])


def _overlong(path: str) -> str:
    """A path as a decoder reads it that takes longer forms of UTF-8 than needed, and Microsoft's ``%uXXXX``."""
    path = re.sub(r"%u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), path, flags=re.IGNORECASE)
    for lead, rest in (("c[01]", 1), ("e0", 2), ("f0", 3)):
        pattern = f"%{lead}((?:%[89ab][0-9a-f]){{{rest}}})"
        path = re.sub(pattern, lambda found: _last_bits(found[0]), path, flags=re.IGNORECASE)
    return path


def _last_bits(sequence: str) -> str:
    lead, *following = bytes.fromhex(sequence.replace("%", ""))
    value = lead & (0xFF >> (len(following) + 2))
    for byte in following:
        value = value << 6 | byte & 0x3F
    return chr(value) if value < 0x110000 else sequence


def test_the_lenient_reader_takes_overlong_forms() -> None:
    for form in ("%c0%af", "%C0%AF", "%e0%80%af", "%f0%80%80%af", "%u002f"):
        assert _overlong(f"a{form}b") == "a/b"
    assert _overlong("%c0%ae%c0%ae") == ".."


def _lenient_places(path: str) -> set[tuple[str, ...]]:
    """The resources that a path means to servers that decode, normalise and strip in every order."""
    readings = {path}
    for _ in range(3):
        readings |= {unquote(reading) for reading in readings}
        readings |= {_overlong(reading) for reading in readings}
        readings |= {unicodedata.normalize("NFKC", reading) for reading in readings}
    places: set[tuple[str, ...]] = set()
    for reading in readings:
        for text in (
            reading,
            re.sub(r";[^/]*", "", reading),
            reading.split("?")[0],
            reading.replace("\\", "/"),
        ):
            segments: list[str] = []
            for segment in text.split("/"):
                if segment.strip() == "..":
                    segments[-1:] = []
                elif segment.strip() not in {"", "."}:
                    segments.append(segment)
            places.add(tuple(segments))
            places.add(tuple(text.split("/")))
    return places


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(_METHODS, st.sampled_from(_BASES), _SUFFIXES)
def test_no_path_that_passes_means_anything_foreign_to_anyone(method: str, base: str, suffix: str) -> None:
    path = base + suffix
    if judged(method, path) is not None:
        return
    for place in _lenient_places(path):
        below = [part for part in place if part]
        # The collection itself is written to by POST only, and without a body that does nothing.
        assert method == "POST" or len(below) > len(base.strip("/").split("/")), place
        for collection in ("environments", "secrets", "kafka"):
            if collection in below[:4] and len(below) > below.index(collection) + 1:
                # What stands before the prefix, unless it is a letter or digit, makes it an illegal name of ours.
                name = re.sub(r"^[^a-z0-9]+", "", below[below.index(collection) + 1].lower())
                assert name.startswith(OURS.lower()), place


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


_OVERRIDES = (
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Original-Method",
    "Host",
    "Proxy-Authorization",
    "Connection",
    "Transfer-Encoding",
    "Upgrade",
    "Expect",
    "TE",
)
_CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase])
_HEADERS = st.tuples(st.sampled_from(_OVERRIDES), _CASES).map(lambda each: each[1](each[0]))


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]),
    _HEADERS,
    st.sampled_from(["DELETE", "PUT", f"{ENVIRONMENTS}/prod", "other.example", "close", ""]),
)
def test_no_header_that_could_make_another_request_of_it_leaves(method: str, header: str, value: str) -> None:
    path = ENVIRONMENTS if method == "POST" else f"{ENVIRONMENTS}/{OURS}"
    assert judged(method, path, headers=((header, value),)) is not None


@settings(max_examples=200, deadline=None, database=None)
@given(
    st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20),
    st.sampled_from(["POST", "PUT", "DELETE"]),
)
def test_no_write_leaves_with_a_header_that_nobody_knows(header: str, method: str) -> None:
    path = ENVIRONMENTS if method == "POST" else f"{ENVIRONMENTS}/{OURS}"
    known = header in guard._FIT_TO_WRITE
    assert (judged(method, path, headers=((header, "x"),)) is None) is known


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.sampled_from(["http://", "https://", "//", "HTTP://", "\\\\", "ftp:", "@", ":80/", "user@", ""]),
    st.sampled_from(["other.example", "127.0.0.1:1", "[::1]", ""]),
    st.sampled_from([f"{ENVIRONMENTS}/{OURS}", ENVIRONMENTS, "/"]),
    st.sampled_from(["DELETE", "PUT", "POST", "GET"]),
)
def test_no_path_leads_to_another_host(scheme: str, host: str, path: str, method: str) -> None:
    whole = scheme + host + path
    if judged(method, whole) is None:
        # What leaves begins with a slash, and a write with the route itself: it is a path, whoever reads it.
        assert whole.startswith("/")
        assert method == "GET" or whole.startswith("/cmf/api/v1/")


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60), st.sampled_from([JSON, YAML, "text/plain"]))
def test_any_bytes_are_judged_without_a_crash(body: bytes, content_type: str) -> None:
    judged("POST", ENVIRONMENTS, body, content_type)
    place = locate(ENVIRONMENTS)
    assert place is not None
    guard.named(place, content_type, body)
