"""Timestamps: in RFC 3339, in order, and unmoved by reading."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from conformance.contract import timestamps
from conformance.contract.media import YAML
from conformance.expectations import eventually, optional, require, require_equal
from conformance.kinds import ENVIRONMENT, KINDS, Ground, Kind
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import kinds, requirement
from conformance.target.cmf import Cmf, Collection


def times_of(environment: Any) -> dict[str, str]:
    """The times of an environment that are given as strings."""
    found = {key: optional(environment, key) for key in ("created_time", "updated_time")}
    return {key: value for key, value in found.items() if isinstance(value, str)}


@requirement("CMF-TIME-FORMAT", "CMF-TIME-ORDER", "CMF-TIME-READ")
def test_reading_moves_no_time(
    cmf: Cmf,
    check: Checks,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held = new_environment()
    cmf.environments.post({**held.body, "flinkApplicationDefaults": {"spec": {}}}).needed()
    before = times_of(cmf.environments.get(held.name).needed(200).body)
    if not before:
        for rule in ("FORMAT", "ORDER", "READ"):
            check.nothing_to_judge(
                f"CMF-TIME-{rule}", "the target gives no times of an environment, as the schema allows"
            )
        return
    with check("CMF-TIME-FORMAT", "the times of an environment, as JSON and as YAML"):
        for answer in (cmf.environments.get(held.name), cmf.environments.get(held.name, accept=YAML)):
            for key, value in times_of(answer.expect(200).body).items():
                _require_rfc3339(key, value)
    with check("CMF-TIME-ORDER", "an environment is not updated before it is created"):
        if len(before) == 2:
            ordered = not timestamps.is_before(before["updated_time"], before["created_time"])
            require(
                ordered,
                "updated_time is before created_time",
                expected=f"not before {before['created_time']}",
                got=before["updated_time"],
            )
    new_application(held.name)
    time.sleep(timestamps.tick(before.values()))  # a clock that is read now would show
    with check("CMF-TIME-READ", "reading it, the list and what lies below leaves them"):
        listed = next((item for item in cmf.environments.all() if item.get("name") == held.name), None)
        cmf.applications(held.name).list().expect(200)
        for what, body in (
            ("in the list", listed),
            ("read again", cmf.environments.get(held.name).expect(200).body),
        ):
            for key, value in times_of(body).items():
                require(key in before, f"{key} was not there before")
                same = timestamps.is_same(value, before[key])
                require(same, f"{what}, {key} has moved", expected=before[key], got=value)


@requirement("CMF-TIME-READ")
@kinds(*(kind for kind in KINDS if kind is not ENVIRONMENT))
def test_reading_moves_no_time_of(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    name = cmf.name("time")
    collection.post(ground.body(name)).needed()
    parts = ("creationTimestamp", "updateTimestamp")

    def unmoved() -> None:
        first = collection.get(name).expect(200).body
        time.sleep(timestamps.tick(optional(first, "metadata", part) for part in parts))
        second = collection.get(name).expect(200).body
        for part in parts:
            was, now = (optional(body, "metadata", part) for body in (first, second))
            require(was == now, f"{part} has moved", expected=repr(was), got=repr(now))
            listed = optional(collection.item(name), "metadata", part)
            if isinstance(now, str) and isinstance(listed, str):
                same = timestamps.is_same(now, listed)
                require(same, f"in the list, {part} is another", expected=now, got=listed)

    with check("CMF-TIME-READ", f"reading a {kind.noun} leaves its times"):
        # The server itself may change it meanwhile.
        eventually(unmoved, within=3)


@requirement("CMF-TIME-READ")
@kinds(*KINDS)
def test_writing_one_moves_no_time_of_another(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    earlier, name, later = (cmf.name("time") for _ in range(3))
    for each in (earlier, name, later):
        collection.post(ground.variant(each, 1)).needed()
    numbers = itertools.count(2)

    def times() -> dict[str, dict[str, Any]]:
        where = () if kind is ENVIRONMENT else ("metadata",)
        parts = ("created_time", "updated_time", "creationTimestamp", "updateTimestamp")
        read = {each: collection.get(each).expect(200).body for each in (earlier, later)}
        return {each: {part: optional(body, *where, part) for part in parts} for each, body in read.items()}

    def unmoved() -> None:
        before = times()
        time.sleep(timestamps.tick(value for parts in before.values() for value in parts.values()))
        body = ground.variant(name, next(numbers))
        if kind.upsert:
            collection.post(body).needed()
        elif collection.can_update:
            collection.put(name, body)
        else:
            collection.post(ground.variant(cmf.name("time"), next(numbers))).needed()
        require_equal(times(), before, "the times of others")

    with check("CMF-TIME-READ", f"writing one {kind.noun} leaves the times of those beside it"):
        # The server itself may change them meanwhile.
        eventually(unmoved, within=3)


def _require_rfc3339(key: str, value: str) -> None:
    try:
        timestamps.parse(value)
    except timestamps.NotATimestamp as error:
        require(condition=False, message=f"{key}: {error}", expected="an RFC 3339 string in UTC", got=value)


@requirement("CMF-TIME-NEW")
def test_later_is_later(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    created = []
    for _ in range(3):
        created.append(
            optional(cmf.environments.get(new_environment().name).needed(200).body, "created_time")
        )
        time.sleep(0.005)
    if not all(isinstance(each, str) for each in created):
        check.nothing_to_judge("CMF-TIME-NEW", "the target gives no created_time, as the schema allows")
        return
    with check("CMF-TIME-NEW", "three environments, created one after the other"):
        for first, second in pairwise(created):
            require(
                not timestamps.is_before(second, first),
                "a later environment was created earlier",
                expected=f"not before {first}",
                got=second,
            )
