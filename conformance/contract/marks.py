"""What identifies and dates the resources in a body: names, uids, versions and timestamps."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from conformance.contract import timestamps
from conformance.contract.observation import Observation

EVENT, INSTANCE = "FlinkApplicationEvent", "FlinkApplicationInstance"
_EVENT_VERSION = "v1alpha1"


def identities(kind: str | None, value: Any, *, page: bool) -> Iterator[Observation]:
    """Names of events and instances, and the version of events, in a body that is one of this kind or a page of them."""
    if kind not in {EVENT, INSTANCE}:
        return
    for resource in _resources(value, page=page):
        yield _named(kind, resource)
        if kind == EVENT:
            yield _versioned(resource)


def times(value: Any, *, page: bool) -> Iterator[Observation]:
    """The form of every timestamp in a body, and the order of each pair (section *Timestamps*)."""
    for resource in _resources(value, page=page):
        for created, updated in _pairs(resource):
            forms = [_form(text) for text in (created, updated) if text is not None]
            yield from forms
            if len(forms) == len((created, updated)) and not any(form.message for form in forms):
                wrong = timestamps.is_before(updated, created)
                yield Observation(
                    "CMF-TIME-ORDER",
                    "a resource is updated before it is created" if wrong else "",
                    expected=f"an update time not before {created}",
                    got=f"{updated}",
                )


def is_uuid(text: object) -> bool:
    """Whether a value is a UUID in its usual form."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _named(kind: str, resource: dict[str, Any]) -> Observation:
    metadata = resource.get("metadata")
    known = metadata if isinstance(metadata, dict) else {}
    name, uid = known.get("name"), known.get("uid")
    message = "uid is not identical to name" if None not in (name, uid) and name != uid else ""
    expected = "a uid that is the same as the name"
    if kind == INSTANCE:
        expected = "a UUID, and the same as uid"
        if name is not None and not is_uuid(name):
            message = "the name of an instance is no UUID"
    rule = "CMF-EVENT-NAME" if kind == EVENT else "CMF-INST-NAME"
    return Observation(rule, message, expected, got=f"{name!r}, uid {uid!r}")


def _versioned(event: dict[str, Any]) -> Observation:
    version, kind = event.get("apiVersion"), event.get("kind")
    wrong = ""
    if str(version).rsplit("/", 1)[-1] != _EVENT_VERSION:
        wrong = "apiVersion"
    elif kind != EVENT:
        wrong = "kind"
    return Observation(
        "CMF-EVENT-VERSION",
        f"the {wrong} of an event is another" if wrong else "",
        expected=f"{_EVENT_VERSION}, {EVENT}",
        got=f"{version!r}, {kind!r}",
    )


def _form(text: Any) -> Observation:
    message = ""
    if isinstance(text, str):
        try:
            timestamps.parse(text)
        except timestamps.NotATimestamp as error:
            message = str(error)
    else:
        message = f"{text!r} is not a string"
    return Observation("CMF-TIME-FORMAT", message, "an RFC 3339 string in UTC", repr(text))


def _resources(value: Any, *, page: bool) -> list[dict[str, Any]]:
    """The resources in a body: the items of a page, which leaves them out when there are none, or the one that it is."""
    if not isinstance(value, dict):
        return []
    found = value.get("items", [] if page else [value])
    return [resource for resource in found if isinstance(resource, dict)] if isinstance(found, list) else []


def _pairs(resource: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The pairs of creation and update time that the section *Timestamps* names."""
    yield resource.get("created_time"), resource.get("updated_time")
    metadata = resource.get("metadata")
    if isinstance(metadata, dict):
        yield metadata.get("creationTimestamp"), metadata.get("updateTimestamp")
