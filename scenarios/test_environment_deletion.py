"""Environments: deleted with what is in them, and created again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, DEFAULTS, LABELS, OTHER_DEFAULTS
from conformance.contract import timestamps
from conformance.contract.media import MEDIA_TYPES, YAML
from conformance.expectations import (
    eventually,
    first_difference,
    optional,
    require,
    require_contains,
    require_equal,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_flink, requirement
from conformance.target.cmf import Cmf, Collection

TIMELESS = {"created_time": None, "updated_time": None}


@requirement("CMF-ENV-DELETE", "CMF-ENV-DELETE-UNKNOWN", "CMF-ENV-LIST")
def test_delete(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    earlier, held, neighbour = (new_environment(**DEFAULTS) for _ in range(3))
    longer = bodies.environment(lookalikes.longer(held.name), cmf.features)
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


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value in an object that is no object itself, with the way to it."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from leaves(inner, (*path, key))


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
    usual = cmf.environments.get(new_environment().name).needed(200).body
    with check("CMF-ENV-RECREATE", "the name can be used again"):
        eventually(lambda: cmf.environments.post(bare).expect(201), within=cmf.limits.settle)
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
        for path, value in leaves(DEFAULTS):
            back = optional(second, *path)
            # What any new environment has comes of the target itself.
            require(
                first_difference(back, value) or not first_difference(optional(usual, *path), value),
                f"a part of {path[0]} of the old environment is back",
                expected=f"nothing at {'/'.join(path)}",
                got=repr(back),
            )
        require(
            not cmf.applications(held.name).names(),
            "applications of the old environment are back",
            expected="none",
        )
        timestamps.require_newer(optional(first, "created_time"), optional(second, "created_time"))


def require_none_back(applications: Collection, name: str) -> None:
    """No application is listed, and none can be read by this name."""
    left = applications.names()
    require(not left, "applications of the deleted environment are back", expected="none", got=repr(left))
    applications.get(name).expect_absent()


def judge_namesakes(cmf: Cmf, check: Checks, places: dict[str, str], name: str, when: str = "") -> None:
    """An application of this name is still in each of these environments, and nothing else."""
    for whose, place in places.items():
        with check("CMF-ENV-DELETE-CHILDREN", f"a namesake of a child in {whose} is still there{when}"):
            cmf.applications(place).get(name).expect(200)
            eventually(
                lambda: require_equal(cmf.applications(place).names(), [name], f"the list of {place}, "),
                within=cmf.limits.settle,
            )


def below(cmf: Cmf, environment: str, application: str) -> set[str]:
    """The names of the instances and events of an application."""
    items = [
        *cmf.instances(environment, application).all(),
        *cmf.events(environment, application).all(),
    ]
    return {name for item in items if (name := optional(item, "metadata", "name"))}


def judge_application_again(
    cmf: Cmf, check: Checks, environment: str, name: str, before: Any, told: set[str]
) -> None:
    """An application that is created with the name of one that went with its environment has nothing of it."""
    bare = bodies.application(name, cmf.features)
    applications = cmf.applications(environment)
    with check("CMF-APP-RECREATE", "the name of an application that went with its environment is free"):
        eventually(lambda: applications.post(bare).expect_accepted(), within=cmf.limits.settle)
    after = applications.get(name).needed(200).body
    with check("CMF-APP-RECREATE", "nothing of an application that went with its environment is left"):
        require_contains(after, bare, "the new application")
        for part, old in (("labels", LABELS), ("annotations", ANNOTATIONS)):
            back = [key for key in old if optional(after, "metadata", part, key) is not None]
            require(not back, f"{part} of the old application are back", expected="none", got=", ".join(back))
        uid = optional(before, "metadata", "uid")
        require(uid is None or optional(after, "metadata", "uid") != uid, "it has the uid of the old one")
    if told:
        with check("CMF-APP-RECREATE", "instances and events went with the environment, too"):
            left = sorted(told & below(cmf, environment, name))
            require(
                not left, "some of the old application are back", expected="none", got=", ".join(left[:3])
            )


@requirement("CMF-ENV-DELETE-CHILDREN", "CMF-APP-RECREATE")
@pytest.mark.parametrize("state", ["suspended", pytest.param("running", marks=needs_flink)])
def test_delete_with_applications(
    cmf: Cmf,
    check: Checks,
    state: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held = new_environment(**OTHER_DEFAULTS)
    applications = cmf.applications(held.name)
    children = [
        new_application(held.name, state=each, labels=LABELS, annotations=ANNOTATIONS)
        for each in (state, "suspended")
    ]
    elsewhere, longer = new_environment(), lookalikes.longer(held.name)
    cmf.environments.post(bodies.environment(longer, cmf.features)).needed()
    for place in (elsewhere.name, longer):
        new_application(place, children[0].name)
    before = cmf.environments.get(held.name).needed(200).body
    first = applications.get(children[0].name).needed(200).body
    told = below(cmf, held.name, children[0].name) if state == "running" else set()
    answer = cmf.environments.delete(held.name)
    soon = cmf.limits.deploy if state == "running" else cmf.limits.settle

    def all_gone() -> None:
        cmf.environments.get(held.name).expect_absent()
        for child in children:
            applications.get(child.name).expect_absent()

    def all_there() -> None:
        read = cmf.environments.get(held.name).expect(200).body
        now, then = ({**views.environment(body), **TIMELESS} for body in (read, before))
        require_equal(now, then, "the environment")
        for child in children:
            require_contains(applications.get(child.name).expect(200).body, child.body, child.name)

    with check("CMF-ENV-DELETE-CHILDREN", "either all is gone, or it was refused and all is there"):
        answer.expect(200, 400, 409, 422)
        if answer.status == 200:
            eventually(all_gone, within=soon)
        else:
            all_there()
    namesakes = {"another environment": elsewhere.name, "one with a longer name": longer}
    judge_namesakes(cmf, check, namesakes, children[0].name)
    if answer.status == 200:
        eventually(lambda: cmf.environments.post(held.body).expect_accepted(), within=cmf.limits.settle)
        with check(
            "CMF-ENV-DELETE-CHILDREN", "an environment of the same name has none of the old applications"
        ):
            eventually(lambda: require_none_back(applications, children[0].name), within=cmf.limits.settle)
        judge_application_again(cmf, check, held.name, children[0].name, first, told)
    else:
        check.nothing_to_judge(
            "CMF-APP-RECREATE", "the target refuses to delete an environment with children"
        )
        for child in children:
            applications.delete(child.name).needed(200)
            eventually(lambda: applications.get(child.name).expect_absent(), within=soon)
        with check("CMF-ENV-DELETE-CHILDREN", "once empty it can be deleted"):
            cmf.environments.delete(held.name).expect(200)
        judge_namesakes(cmf, check, namesakes, children[0].name, ", once it could be deleted")
