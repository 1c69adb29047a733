"""No header and no query makes another request of one that passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.target import guard

from .conftest import ENVIRONMENTS
from .judging import JSON, OURS, YAML, judged


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
