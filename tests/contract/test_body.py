"""What a body is declared as, what it is, and what it says of an error."""

from __future__ import annotations

from typing import Any

from conformance.contract.body import accepted, error_messages, read_body
from conformance.model import HttpResponse

from .conftest import Exchanging
from .samples import YAML


def test_read_body_says_what_a_body_is_declared_as_and_what_it_is() -> None:
    def read(body: bytes, declared: str | None) -> tuple[Any, str | None, str | None]:
        headers = (("content-type", declared),) if declared else ()
        found = read_body(HttpResponse(200, headers, body))
        return found.value, found.media_type, found.problem

    assert read(b'{"a": 1}', "Application/JSON ; charset=utf-8") == ({"a": 1}, "application/json", None)
    assert read(b"a: 1", YAML) == ({"a": 1}, YAML, None)
    assert read(b"a: 1", "application/json")[:2] == ({"a": 1}, YAML)
    assert read(b'{"a": 1}', None) == ({"a": 1}, "application/json", "not declared by a Content-Type")
    assert read(b"hello", "text/plain") == (None, None, "declared as text/plain")


def test_accepted_is_clear_or_nothing(exchange: Exchanging) -> None:
    assert accepted(exchange("getEnvironment", 200)) == "application/json"
    assert accepted(exchange("getEnvironment", 200, accept=None)) is None
    assert accepted(exchange("getEnvironment", 200, accept="application/json, */*")) is None
    assert accepted(exchange("getEnvironment", 200, asked=(("accept", YAML),))) is None


def test_error_messages() -> None:
    assert error_messages({"errors": [{"message": "a"}, {"message": " "}, {}, 1, {"message": 2}]}) == ["a"]
    assert error_messages({"errors": {"message": "a"}}) == error_messages(None) == error_messages([]) == []
