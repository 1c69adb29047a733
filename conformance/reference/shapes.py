"""What a request body must look like: small checks that raise a Refusal with the path of what is wrong."""

from __future__ import annotations

from typing import Any, TypeVar

from conformance.reference.values import JsonObject, Refusal

_T = TypeVar("_T")

_MISSING = object()
_WORDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", int: "an integer"}


def refuse(where: str, what: str, status: int = 400) -> Refusal:
    """The refusal of one part of a body."""
    return Refusal(status, f"{where or 'The request body'} {what}.")


def as_object(value: Any, where: str = "") -> JsonObject:
    """The value, which must be an object; raises Refusal 400."""
    if not isinstance(value, dict):
        raise refuse(where, "must be an object")
    return value


def required(body: JsonObject, key: str, kind: type[_T], where: str = "") -> _T:
    """The part of the body that must be there with this type; raises Refusal 400."""
    value = body.get(key, _MISSING)
    if value is _MISSING:
        raise refuse(where + key, "is required")
    return _typed(value, kind, where + key)


def optional(body: JsonObject, key: str, kind: type[_T], where: str = "") -> _T | None:
    """The part of the body, or None when it is absent; raises Refusal 400 for null and other types."""
    value = body.get(key, _MISSING)
    return None if value is _MISSING else _typed(value, kind, where + key)


def optional_texts(body: JsonObject, key: str, where: str = "", status: int = 400) -> dict[str, str] | None:
    """The part of the body that is a map from text to text, or None; raises Refusal."""
    value = body.get(key, _MISSING)
    if value is _MISSING:
        return None
    return texts(value, where + key, status)


def texts(value: Any, where: str, status: int = 400) -> dict[str, str]:
    """The value, which must be a map from text to text; raises Refusal."""
    if not isinstance(value, dict):
        raise refuse(where, "must be an object", status)
    for key, text in value.items():
        if not isinstance(text, str):
            raise refuse(f"{where}.{key}", "must be a string", status)
    return value


def _typed(value: Any, kind: type[_T], where: str) -> _T:
    # A boolean is an int to Python, but not to JSON.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise refuse(where, f"must be {_WORDS[kind]}")
    return value
