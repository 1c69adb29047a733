"""Whether an answer is the one that was seen before, names, ids and times aside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.contract.judgement import read_body
from conformance.model import Exchange, HttpResponse

_OURS = re.compile(r"cmfc-[a-z0-9]{8}-", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
_PLACE = re.compile(r"https?://[^/\s\"']+")
_GLOBAL = re.compile(r"/(?:environments|secrets|catalogs/kafka)(?:\?.*)?$")


def is_same(old: Exchange, new: Exchange, about: frozenset[str], *, without_status: bool = False) -> bool:
    """Whether two exchanges of the same request show the same.

    In a list that others have things in, only those are compared whose names, without the prefix of their run, are
    in ``about``.  ``without_status`` leaves out the status of a resource, which moves by itself and may have gone past
    where it was seen.
    """
    if old.response is None or new.response is None:
        return old.response is None and new.response is None
    if old.response.status != new.response.status:
        return False
    shared = bool(_GLOBAL.search(old.request.url)) and old.request.method == "GET"
    kept = about if shared and about else None
    before, now = (
        _essence(each, kept, without_status=without_status) for each in (old.response, new.response)
    )
    return bool(before == now)


def _essence(response: HttpResponse, kept: frozenset[str] | None, *, without_status: bool) -> Any:
    body = read_body(response)
    value = body.value
    if body.media_type is None:
        value = response.body.decode("utf-8", "backslashreplace")
    if kept is not None and isinstance(value, Mapping) and isinstance(value.get("items"), list):
        value = {"items": [item for item in value["items"] if _OURS.sub("", str(_name(item))) in kept]}
    return _plain(_without_status(value) if without_status else value)


def _without_status(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {key: inner for key, inner in value.items() if key != "status"}
    if isinstance(kept.get("items"), list):
        kept["items"] = [_without_status(item) for item in kept["items"]]
    return kept


def _name(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    metadata = item.get("metadata")
    return item.get("name") or (metadata.get("name") if isinstance(metadata, Mapping) else None)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str):
        for pattern, word in ((_PLACE, "place"), (_ID, "id"), (_TIME, "time"), (_OURS, "ours-")):
            value = pattern.sub(word, value)
    return value
