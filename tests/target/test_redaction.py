"""Redaction: a secret is nowhere, and everything else is as it was."""

# ruff: noqa: S105 - the secrets are none
from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.target.redaction import Redaction, mask_of

SECRET = "pa/ss\"w'ör d+=&<\\>"


def redaction(*values: str) -> Redaction:
    redact = Redaction()
    for value in values:
        redact.add(value)
    return redact


@pytest.mark.parametrize(
    "written",
    [
        SECRET.encode(),
        json.dumps(SECRET).encode(),
        json.dumps(SECRET, ensure_ascii=False).encode(),
        json.dumps(SECRET).replace("/", "\\/").encode(),
        "".join(f"\\u{ord(character):04X}" for character in SECRET).encode(),
        json.dumps(SECRET).replace("<", "\\u003c").replace("&", "\\u0026").encode(),
        quote(SECRET, safe="").encode(),
        quote(SECRET, safe="").lower().encode(),
        quote(SECRET).encode(),
        quote_plus(SECRET).encode(),
        "".join(f"%{byte:02x}" for byte in SECRET.encode()).encode(),
        SECRET.encode().hex().encode(),
        yaml.safe_dump({"a": SECRET}, width=1000).encode(),
        yaml.safe_dump({"a": SECRET}, allow_unicode=True, width=1000).encode(),
        html.escape(SECRET).encode(),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: bytes) -> None:
    redacted = redaction(SECRET).data(b"before " + written + b" after")
    assert redacted.startswith(b"before ")
    assert redacted.endswith(b" after")
    assert b"REDACTED-secret" in redacted
    assert b"pa" not in redacted.lower().removeprefix(b"before")


@pytest.mark.parametrize("before", ["", "u:", "user:", "a:b"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_inside_longer_base64_is_found(before: str, encode: object) -> None:
    assert callable(encode)
    secret = "correct horse battery ??>>"
    text = encode(f"{before}{secret}:and more".encode())
    rest = redaction(secret).data(text).split(b"REDACTED-secret")
    assert len(rest) == 2
    assert len(b"".join(rest)) <= len(text) - (len(secret) - 2) * 8 // 6


def test_masks_keep_json_and_yaml_well_formed_and_tell_the_secrets_apart() -> None:
    redact = Redaction()
    assert redact.add("canary-value", "canary") == mask_of("canary") == "REDACTED-canary"
    redact.add("token-value", "token")
    value = {"a": "canary-value", "token-value": ["x canary-value y"]}
    wanted = {"a": "REDACTED-canary", "REDACTED-token": ["x REDACTED-canary y"]}
    assert json.loads(redact.data(json.dumps(value).encode())) == wanted
    assert yaml.safe_load(redact.data(yaml.safe_dump(value).encode())) == wanted
    with pytest.raises(ValueError, match="label"):
        redact.add("value", "Not a label")


def test_a_secret_that_contains_another_is_replaced_whole() -> None:
    redact = Redaction()
    redact.add("abcdef", "short")
    redact.add("abcdefghij", "long")
    assert redact.text("abcdefghij abcdef") == "REDACTED-long REDACTED-short"


def test_values_that_turn_up_by_chance_are_not_searched_for() -> None:
    assert redaction("abc", "").text("abc") == "abc"


def test_headers_that_carry_credentials_have_no_value() -> None:
    headers = [
        ("Authorization", "Bearer abc"),
        ("authorization", "abc"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("Cookie", "a=b"),
        ("Set-Cookie", "a=b; Path=/"),
        ("ETag", '"tokentoken"'),
        ("X-tokentoken", "1"),
    ]
    assert redaction("tokentoken").headers(headers) == (
        ("Authorization", "Bearer REDACTED"),
        ("authorization", "REDACTED"),
        ("Proxy-Authorization", "Basic REDACTED"),
        ("Cookie", "REDACTED"),
        ("Set-Cookie", "REDACTED"),
        ("ETag", '"REDACTED-secret"'),
        ("X-REDACTED-secret", "1"),
    )


def test_an_exchange_is_redacted_everywhere() -> None:
    exchange = Exchange(
        id="x000001",
        operation=None,
        request=HttpRequest("GET", "http://x/topsecret", (("A", "topsecret"),), b"topsecret"),
        response=HttpResponse(200, (("B", "topsecret"),), b"topsecret", truncated=True),
        error="topsecret",
        started="2025-01-01T00:00:00Z",
        elapsed_ms=1.0,
        attempt=2,
    )
    redacted = redaction("topsecret").exchange(exchange)
    assert "topsecret" not in repr(redacted)
    assert repr(redacted).count("REDACTED-secret") == 6
    assert redaction("othersecret").exchange(exchange) == exchange


@settings(deadline=None, database=None)
@given(st.text(min_size=6, max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_no_secret_survives_in_any_usual_form(secret: str, before: str, after: str) -> None:
    redact = redaction(secret)
    if len(secret.strip()) < 6 or any(mask in secret for mask in ("REDACTED", "secret")):
        return
    assert secret not in redact.text(before + secret + after).replace("REDACTED-secret", "\0")
    for ascii_only in (True, False):
        document = json.dumps([before + "|" + secret + "|" + after], ensure_ascii=ascii_only)
        assert secret not in json.loads(redact.text(document))[0].replace("REDACTED-secret", "\0")


@settings(deadline=None, database=None)
@given(st.binary(max_size=200))
def test_what_holds_no_secret_is_unchanged(data: bytes) -> None:
    assert redaction("a-secret-that-is-not-in-there").data(data) == data
