"""Environments: created and updated by POST, read and listed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, DEFAULTS, LABELS, OTHER_DEFAULTS
from conformance.contract import timestamps
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import (
    eventually,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_flink, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf


@requirement("CMF-ENV-CREATE", "CMF-ENV-GET")
@pytest.mark.parametrize("media_type", [JSON, YAML])
@pytest.mark.parametrize(
    "fields",
    [DEFAULTS, *({key: value} for key, value in DEFAULTS.items()), {}],
    ids=["all", *DEFAULTS, "none"],
)
def test_create_and_read(cmf: Cmf, check: Checks, fields: dict[str, object], media_type: str) -> None:
    body = bodies.environment(cmf.name("env"), cmf.features, **fields)
    created = cmf.environments.post(body, media_type=media_type)
    with check("CMF-ENV-CREATE", "a new name answers 201 with the environment"):
        created.expect(201)
        require_contains(created.body, body, "the answer")
    created.needed()
    with check("CMF-ENV-GET", "it is read as it was posted"):
        require_contains(cmf.environments.get(body["name"]).expect(200).body, body, "the environment")


@requirement("CMF-ENV-GET-UNKNOWN")
def test_read_unknown(cmf: Cmf, check: Checks, environment: str) -> None:
    for accept in MEDIA_TYPES:
        with check("CMF-ENV-GET-UNKNOWN", f"a name that was never used, as {accept}"):
            cmf.environments.get(cmf.name("never"), accept=accept).expect(404)
    with check("CMF-ENV-GET-UNKNOWN", "the beginning of an existing name, and more than it"):
        cmf.environments.get(environment[:-1]).expect(404)
        cmf.environments.get(environment + "0").expect(404)
    for what, name in lookalikes.matched(environment).items():
        with check("CMF-ENV-GET-UNKNOWN", f"an existing name with {what}"):
            cmf.environments.get(name).expect_absent()
    with check("CMF-ENV-GET-UNKNOWN", "an existing name in upper case"):
        cmf.environments.get(environment.upper()).expect_absent()


@requirement("CMF-ENV-UPDATE", "CMF-ENV-UNIQUE", "CMF-ENV-GET")
def test_update(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment(**DEFAULTS)
    neighbour = new_environment(**DEFAULTS)
    sent = [(OTHER_DEFAULTS, JSON), (DEFAULTS, YAML), (OTHER_DEFAULTS, YAML), (DEFAULTS, JSON)]
    sent += [({**DEFAULTS, part: OTHER_DEFAULTS[part]}, JSON) for part in DEFAULTS]
    for number, (defaults, media_type) in enumerate(sent, start=1):
        body = {**held.body, **defaults}
        updated = cmf.environments.post(body, media_type=media_type)
        with check("CMF-ENV-UPDATE", f"update {number}, sent as {media_type}, answers 201 and holds"):
            updated.expect(201)
            require_contains(updated.body, body, "the answer")
            read = cmf.environments.get(held.name).expect(200).body
            for part in defaults:
                require_equal(optional(read, part), defaults[part], f"after the update, {part}")
    with check("CMF-ENV-UNIQUE", "after many updates it is listed once"):
        listed = cmf.environments.names().count(held.name)
        require(listed == 1, f"it is listed {listed} times", expected="once", got=f"{listed} times")
    with check("CMF-ENV-GET", "another environment is as it was"):
        require_contains(
            cmf.environments.get(neighbour.name).expect(200).body, neighbour.body, "the neighbour"
        )


@requirement("CMF-APP-GET")
@pytest.mark.parametrize("state", ["suspended", pytest.param("running", marks=needs_flink)])
def test_update_leaves_applications(
    cmf: Cmf,
    check: Checks,
    state: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held = new_environment()
    application = new_application(held.name, state=state, labels=LABELS, annotations=ANNOTATIONS)

    def as_posted() -> None:
        read = cmf.applications(held.name).get(application.name).expect(200).body
        require_contains(read, application.body, "the application")

    for what, fields, media_type in (
        ("with defaults", OTHER_DEFAULTS, JSON),
        ("with none, as YAML", {}, YAML),
    ):
        cmf.environments.post({**held.body, **fields}, media_type=media_type).needed()
        with check("CMF-APP-GET", f"a {state} application after an update of its environment {what}"):
            eventually(as_posted, within=cmf.limits.settle)


@requirement("CMF-ENV-REPLACE")
def test_update_replaces(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment(**DEFAULTS)
    for part, media_type in itertools.product(DEFAULTS, MEDIA_TYPES):
        body = {**held.body, **{other: value for other, value in DEFAULTS.items() if other != part}}
        del body[part]
        cmf.environments.post({**held.body, **DEFAULTS}).needed()
        cmf.environments.post(body, media_type=media_type).needed()
        with check("CMF-ENV-REPLACE", f"{part} left out of an update as {media_type} is gone"):
            left = optional(cmf.environments.get(held.name).expect(200).body, part)
            require(_is_empty(left), f"{part} is still there", expected="nothing", got=repr(left)[:200])
    for part in DEFAULTS:
        cmf.environments.post({**held.body, **DEFAULTS}).needed()
        cmf.environments.post({**held.body, **DEFAULTS, part: {}}).needed()
        with check("CMF-ENV-REPLACE", f"{part} is empty after an update that empties it"):
            left = optional(cmf.environments.get(held.name).expect(200).body, part)
            require(_is_empty(left), f"{part} is still there", expected="nothing", got=repr(left)[:200])
    with check("CMF-ENV-REPLACE", "a key left out of a default is gone"):
        cmf.environments.post({**held.body, **DEFAULTS}).needed()
        cmf.environments.post({**held.body, **OTHER_DEFAULTS}).needed()
        read = cmf.environments.get(held.name).expect(200).at("flinkApplicationDefaults")
        require_equal(read, OTHER_DEFAULTS["flinkApplicationDefaults"], "flinkApplicationDefaults")


def _is_empty(value: Any) -> bool:
    """Nothing, or objects around nothing: a target may show the frame of what is not set."""
    return value is None or (isinstance(value, dict) and all(map(_is_empty, value.values())))


@requirement("CMF-ENV-CREATED-KEPT", "CMF-ENV-UPDATED-MOVES")
def test_times_of_an_update(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment()
    first = before = cmf.environments.get(held.name).needed(200).body
    time.sleep(timestamps.tick(optional(first, part) for part in ("created_time", "updated_time")))

    defaults: dict[str, Any] = {}  # nothing but one part changes at a time

    def update(fields: dict[str, Any], media_type: str) -> tuple[dict[str, Any], Answer]:
        defaults.update(fields)
        answer = cmf.environments.post({**held.body, **defaults}, media_type=media_type).needed()
        read: dict[str, Any] = cmf.environments.get(held.name).needed(200).body
        return read, answer

    def require_kept(now: Any) -> None:
        created = first["created_time"]
        kept = isinstance(now, str) and timestamps.is_same(created, now)
        require(kept, "the update changed created_time", expected=created, got=repr(now))

    changes = [(part, {part: DEFAULTS[part]}, {part: OTHER_DEFAULTS[part]}, JSON) for part in DEFAULTS]
    changes.append(("all defaults, sent as YAML", OTHER_DEFAULTS, DEFAULTS, YAML))
    for part, fields, others, media_type in changes:
        after, answer = update(fields, media_type)
        if optional(first, "created_time") is None:
            check.nothing_to_judge(
                "CMF-ENV-CREATED-KEPT", "the target gives no created_time, as the schema allows"
            )
        else:
            with check("CMF-ENV-CREATED-KEPT", f"created_time before and after an update of {part}"):
                require_kept(optional(after, "created_time"))
            with check("CMF-ENV-CREATED-KEPT", f"created_time in the answer to an update of {part}"):
                told = optional(answer.body, "created_time") if answer.raw else None
                require_kept(first["created_time"] if told is None else told)
        if optional(before, "updated_time") is None:
            check.nothing_to_judge(
                "CMF-ENV-UPDATED-MOVES", "the target gives no updated_time, as the schema allows"
            )
        else:
            with check("CMF-ENV-UPDATED-MOVES", f"updated_time before and after an update of {part}"):
                earlier, later = before["updated_time"], optional(after, "updated_time")
                if isinstance(later, str) and timestamps.is_same(earlier, later):
                    time.sleep(1.1)  # a clock that counts whole seconds had no chance to move
                    after, _ = update(others, media_type)
                    later = optional(after, "updated_time")
                moved = isinstance(later, str) and timestamps.is_before(earlier, later)
                require(
                    moved,
                    "the update did not move updated_time",
                    expected=f"later than {earlier}",
                    got=repr(later),
                )
        before = after


@requirement("CMF-ENV-LIST")
def test_list(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = [new_environment(**DEFAULTS), new_environment(), new_environment(computePoolDefaults={"spec": {}})]
    names = {each.name for each in held}
    with check("CMF-ENV-LIST", "each is listed once"):
        listed = require_unique((name for name in cmf.environments.names() if name in names), "environment")
        require(
            set(listed) == names,
            "an environment is missing from the list",
            expected=", ".join(sorted(names)),
            got=", ".join(listed),
        )
    with check("CMF-ENV-LIST", "each is listed with the values that are read of it alone"):
        for item in cmf.environments.all():
            if item.get("name") in names:
                alone = cmf.environments.get(item["name"]).expect(200).body
                require_equal(
                    views.environment(item), views.environment(alone), f"in the list, {item['name']}"
                )
    for defaults in (
        {},
        OTHER_DEFAULTS,
    ):  # so that nothing of it is as it was created, or as it was once updated
        for each in held:
            cmf.environments.post(bodies.environment(each.name, cmf.features, **defaults)).needed()
    total = len(cmf.environments.names())
    with check("CMF-ENV-LIST", "each is on its page with the values that are read of it alone"):
        for page in cmf.environments.pages(max(2, total // 4)):
            for item in page.items:
                if item.get("name") in names:
                    alone = cmf.environments.get(item["name"]).expect(200).body
                    require_equal(
                        views.environment(item), views.environment(alone), f"on its page, {item['name']}"
                    )


@requirement("CMF-ENV-UPDATE")
def test_namespace_left_out(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment()
    body = {"name": held.name, **DEFAULTS}
    answer = cmf.environments.post(body)
    with check("CMF-ENV-UPDATE", "an update without namespace keeps it, or is refused"):
        answer.expect(201, 400, 422)
        read = cmf.environments.get(held.name).expect(200)
        require_equal(read.at("kubernetesNamespace"), held.body["kubernetesNamespace"], "kubernetesNamespace")
        if answer.status == 201:
            require_contains(read.body, body, "the updated environment")
