"""Environments: created and updated by POST, read, listed, deleted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.contract import timestamps
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import (
    eventually,
    first_difference,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf

DEFAULTS: dict[str, Any] = {
    "flinkApplicationDefaults": {
        "metadata": {"annotations": {"team": "streams"}, "labels": {"tier": "gold"}},
        "spec": {
            "flinkConfiguration": {"execution.checkpointing.interval": "60000"},
            "image": "registry.example/flink:1",
        },
    },
    "computePoolDefaults": {
        "spec": {"clusterSpec": {"taskManager": {"resource": {"cpu": 1.5, "memory": "1024m"}}}}
    },
    "statementDefaults": {
        "detached": {"flinkConfiguration": {"parallelism.default": "2"}},
        "interactive": {"flinkConfiguration": {"parallelism.default": "1", "table.exec.state.ttl": "1 h"}},
    },
}
OTHER_DEFAULTS = {
    "flinkApplicationDefaults": {
        "spec": {"flinkConfiguration": {"execution.checkpointing.interval": "90000", "new.key": "1"}}
    },
    "computePoolDefaults": {
        "spec": {"clusterSpec": {"taskManager": {"resource": {"cpu": 2, "memory": "2048m"}}}}
    },
    "statementDefaults": {
        "detached": {"flinkConfiguration": {"parallelism.default": "4"}},
        "interactive": {"flinkConfiguration": {"parallelism.default": "3"}},
    },
}
TIMELESS = {"created_time": None, "updated_time": None}


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
    with check("CMF-ENV-GET-UNKNOWN", "a name that was never used"):
        cmf.environments.get(cmf.name("never")).expect(404)
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
            empty = not left or not any(optional(left, key) for key in left)
            require(empty, f"{part} is still there", expected="nothing", got=repr(left)[:200])
    for part in DEFAULTS:
        cmf.environments.post({**held.body, **DEFAULTS}).needed()
        cmf.environments.post({**held.body, **DEFAULTS, part: {}}).needed()
        with check("CMF-ENV-REPLACE", f"{part} is empty after an update that empties it"):
            left = optional(cmf.environments.get(held.name).expect(200).body, part)
            empty = not left or not any(optional(left, key) for key in left)
            require(empty, f"{part} is still there", expected="nothing", got=repr(left)[:200])
    with check("CMF-ENV-REPLACE", "a key left out of a default is gone"):
        cmf.environments.post({**held.body, **DEFAULTS}).needed()
        cmf.environments.post({**held.body, **OTHER_DEFAULTS}).needed()
        read = cmf.environments.get(held.name).expect(200).at("flinkApplicationDefaults")
        require_equal(read, OTHER_DEFAULTS["flinkApplicationDefaults"], "flinkApplicationDefaults")


@requirement("CMF-ENV-CREATED-KEPT", "CMF-ENV-UPDATED-MOVES")
def test_times_of_an_update(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment()
    first = before = cmf.environments.get(held.name).needed(200).body
    time.sleep(timestamps.tick(optional(first, part) for part in ("created_time", "updated_time")))

    defaults: dict[str, Any] = {}  # nothing but one part changes at a time

    def update(**fields: Any) -> dict[str, Any]:
        defaults.update(fields)
        cmf.environments.post({**held.body, **defaults}).needed()
        answer: dict[str, Any] = cmf.environments.get(held.name).needed(200).body
        return answer

    for part, value in DEFAULTS.items():
        after = update(**{part: value})
        if optional(first, "created_time") is None:
            check.nothing_to_judge(
                "CMF-ENV-CREATED-KEPT", "the target gives no created_time, as the schema allows"
            )
        else:
            with check("CMF-ENV-CREATED-KEPT", f"created_time before and after an update of {part}"):
                created, now = first["created_time"], optional(after, "created_time")
                kept = isinstance(now, str) and timestamps.is_same(created, now)
                require(kept, "the update changed created_time", expected=created, got=repr(now))
        if optional(before, "updated_time") is None:
            check.nothing_to_judge(
                "CMF-ENV-UPDATED-MOVES", "the target gives no updated_time, as the schema allows"
            )
        else:
            with check("CMF-ENV-UPDATED-MOVES", f"updated_time before and after an update of {part}"):
                earlier, later = before["updated_time"], optional(after, "updated_time")
                if isinstance(later, str) and timestamps.is_same(earlier, later):
                    time.sleep(1.1)  # a clock that counts whole seconds had no chance to move
                    after = update(**{part: OTHER_DEFAULTS[part]})
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
    for each in held:  # so that it was not last updated when it was created
        cmf.environments.post(each.body).needed()
    total = len(cmf.environments.names())
    with check("CMF-ENV-LIST", "each is on its page with the values that are read of it alone"):
        for page in cmf.environments.pages(max(2, total // 4)):
            for item in page.items:
                if item.get("name") in names:
                    alone = cmf.environments.get(item["name"]).expect(200).body
                    require_equal(
                        views.environment(item), views.environment(alone), f"on its page, {item['name']}"
                    )


@requirement("CMF-ENV-DELETE", "CMF-ENV-DELETE-UNKNOWN", "CMF-ENV-LIST")
def test_delete(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    earlier, held, neighbour = (new_environment(**DEFAULTS) for _ in range(3))
    longer = bodies.environment(f"{held.name}-2", cmf.features)
    cmf.environments.post(longer).needed()
    neighbours = (earlier.name, neighbour.name, longer["name"])
    before = {name: cmf.environments.get(name).needed(200).body for name in neighbours}
    cmf.environments.get(held.name, accept=YAML).needed(200)
    with check("CMF-ENV-DELETE", "a DELETE answers 200"):
        cmf.environments.delete(held.name).expect(200)

    def gone() -> None:
        for accept in MEDIA_TYPES:
            cmf.environments.get(held.name, accept=accept).expect(404)
        require(
            held.name not in cmf.environments.names(),
            "a deleted environment is listed",
            expected="not listed",
        )

    with check("CMF-ENV-DELETE", "afterwards it can't be read and is not listed"):
        eventually(gone, within=cmf.limits.settle)
    with check("CMF-ENV-DELETE", "its neighbours are as they were"):
        for name, had in before.items():
            read = cmf.environments.get(name).expect(200).body
            # Its times are another requirement's matter.
            now, then = ({**views.environment(body), **TIMELESS} for body in (read, had))
            require_equal(now, then, "the neighbour")
    with check("CMF-ENV-LIST", "after a deletion its neighbours are still listed"):
        lost = {*neighbours} - {*cmf.environments.names()}
        require(not lost, "a neighbour is not listed", expected="listed", got=", ".join(sorted(lost)))
    with check("CMF-ENV-DELETE-UNKNOWN", "a second DELETE answers 404"):
        cmf.environments.delete(held.name).expect(404)
    with check("CMF-ENV-DELETE-UNKNOWN", "a DELETE of a name that was never used answers 404"):
        cmf.environments.delete(cmf.name("never")).expect(404)


@requirement("CMF-ENV-RECREATE")
def test_create_again(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    held = new_environment(**DEFAULTS)
    application = new_application(held.name)
    first = cmf.environments.get(held.name).needed(200).body
    cmf.applications(held.name).delete(application.name).needed(200)
    eventually(
        lambda: cmf.applications(held.name).get(application.name).expect_absent(), within=cmf.limits.settle
    )
    cmf.environments.delete(held.name).needed(200)
    eventually(lambda: cmf.environments.get(held.name).expect_absent(), within=cmf.limits.settle)
    bare = bodies.environment(held.name, cmf.features)
    with check("CMF-ENV-RECREATE", "the name can be used again"):
        cmf.environments.post(bare).expect(201)
    second = cmf.environments.get(held.name).needed(200).body
    with check("CMF-ENV-RECREATE", "nothing of the old environment is left"):
        require_contains(second, bare, "the new environment")
        for part, value in DEFAULTS.items():
            left = optional(second, part)
            require(
                first_difference(left, value),
                f"{part} of the old environment is back",
                expected="nothing",
            )
        require(
            not cmf.applications(held.name).names(),
            "applications of the old environment are back",
            expected="none",
        )
        timestamps.require_newer(optional(first, "created_time"), optional(second, "created_time"))


@requirement("CMF-ENV-DELETE-CHILDREN")
def test_delete_with_applications(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    held = new_environment()
    applications = cmf.applications(held.name)
    children = [new_application(held.name), new_application(held.name)]
    elsewhere, longer = new_environment(), lookalikes.longer(held.name)
    cmf.environments.post(bodies.environment(longer, cmf.features)).needed()
    for place in (elsewhere.name, longer):
        new_application(place, children[0].name)
    answer = cmf.environments.delete(held.name)

    def all_gone() -> None:
        cmf.environments.get(held.name).expect_absent()
        for child in children:
            applications.get(child.name).expect_absent()

    def all_there() -> None:
        cmf.environments.get(held.name).expect(200)
        for child in children:
            require_contains(applications.get(child.name).expect(200).body, child.body, child.name)

    with check("CMF-ENV-DELETE-CHILDREN", "either all is gone, or it was refused and all is there"):
        answer.expect(200, 400, 409, 422)
        if answer.status == 200:
            eventually(all_gone, within=cmf.limits.settle)
        else:
            all_there()
    for place, whose in ((elsewhere.name, "another environment"), (longer, "one with a longer name")):
        with check("CMF-ENV-DELETE-CHILDREN", f"a namesake of a child in {whose} is still there"):
            cmf.applications(place).get(children[0].name).expect(200)
            require_equal(cmf.applications(place).names(), [children[0].name], f"the list of {place}, ")
    if answer.status == 200:
        cmf.environments.post(held.body).needed()
        with check(
            "CMF-ENV-DELETE-CHILDREN", "an environment of the same name has none of the old applications"
        ):
            left = applications.names()
            require(
                not left, "applications of the deleted environment are back", expected="none", got=repr(left)
            )
            applications.get(children[0].name).expect_absent()
    else:
        for child in children:
            applications.delete(child.name).needed(200)
            eventually(lambda: applications.get(child.name).expect_absent(), within=cmf.limits.settle)
        with check("CMF-ENV-DELETE-CHILDREN", "once empty it can be deleted"):
            cmf.environments.delete(held.name).expect(200)


WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no name": lambda body: {key: value for key, value in body.items() if key != "name"},
    "null as name": lambda body: {**body, "name": None},
    "a list as name": lambda body: {**body, "name": [body["name"]]},
    "an object as name": lambda body: {**body, "name": {"name": body["name"]}},
    "a list as namespace": lambda body: {**body, "kubernetesNamespace": ["default"]},
    "an object as namespace": lambda body: {**body, "kubernetesNamespace": {}},
    "a string as application defaults": lambda body: {**body, "flinkApplicationDefaults": "spec: {}"},
    "a list as application defaults": lambda body: {**body, "flinkApplicationDefaults": []},
    "a number as compute pool defaults": lambda body: {**body, "computePoolDefaults": 7},
    "a boolean as statement defaults": lambda body: {**body, "statementDefaults": True},
}
WRONG_INSIDE: dict[str, Any] = {
    "a string as detached defaults": {"detached": "x"},
    "a list as Flink configuration": {"interactive": {"flinkConfiguration": ["a"]}},
    "an object as Flink configuration value": {"detached": {"flinkConfiguration": {"a": {"b": "c"}}}},
}
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, dict[str, Any]] = {
    "an unknown property": {"unknown": True},
    "null as namespace": {"kubernetesNamespace": None},
    "null as application defaults": {"flinkApplicationDefaults": None},
    "a creation time": {"created_time": "2001-01-01T00:00:00Z"},
    "an unknown property of a default": {"statementDefaults": {"unknown": {}}},
    "application defaults that are none": {"flinkApplicationDefaults": {"unknown": True}},
}
NAMESPACES = {
    "empty": "",
    "too long": "n" * 254,
    "upper case": "Default",
    "an underscore": "a_b",
    "a hyphen behind": "default-",
}


@requirement("CMF-ENV-BODY", "CMF-ENV-BODY-NESTED", "CMF-ENV-NAMESPACE", "CMF-ENV-REFUSED")
def test_invalid_bodies(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment(**DEFAULTS)
    before = cmf.environments.get(held.name).needed(200).body
    changed = {**held.body, **OTHER_DEFAULTS}
    cmf.environments.post({**held.body, "name": cmf.name("env")}).needed()

    def require_unchanged(why: str) -> None:
        after = cmf.environments.get(held.name).expect(200).body
        require_equal(
            views.environment(after),
            views.environment(before),
            f"after a refused update with {why}, the environment",
        )

    def try_each(rule: str, wrong: dict[str, Any]) -> None:
        nonlocal before
        for why, body in wrong.items():
            answer = cmf.environments.post(body)
            with check(rule, f"{why} is refused"):
                answer.expect_refused()
            if answer.status < 400:
                cmf.environments.post({**held.body, **DEFAULTS}).needed()
                before = cmf.environments.get(held.name).needed(200).body
            else:
                with check("CMF-ENV-REFUSED", f"a refused update with {why} changes nothing"):
                    require_unchanged(why)

    for why, part in DOUBTFUL.items():
        for name in (held.name, cmf.name("refused")):
            body = {**changed, "name": name, **part}
            if cmf.environments.post(body).status < 400:
                cmf.environments.post({**held.body, **DEFAULTS}).needed()
                before = cmf.environments.get(held.name).needed(200).body
                continue
            with check("CMF-ENV-REFUSED", f"what is refused for {why} has no effect"):
                require_unchanged(why)
                if name != held.name:
                    cmf.environments.get(name).expect_absent()
    try_each("CMF-ENV-BODY", {why: spoil(changed) for why, spoil in WRONG.items()})
    try_each(
        "CMF-ENV-BODY-NESTED",
        {why: {**changed, "statementDefaults": part} for why, part in WRONG_INSIDE.items()},
    )
    # Also as new environments: an update may be refused because the namespace can't be changed.
    for what, known in (("in an update", True), ("in a creation", False)):
        named = {why: held.name if known else cmf.name("refused") for why in NAMESPACES}
        try_each(
            "CMF-ENV-NAMESPACE",
            {
                f"a namespace that is {why} {what}": {
                    **changed,
                    "name": named[why],
                    "kubernetesNamespace": value,
                }
                for why, value in NAMESPACES.items()
            },
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
