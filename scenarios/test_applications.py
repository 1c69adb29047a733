"""Applications: created and updated by POST, read, listed, deleted.  All of them suspended: nothing here starts a pod."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, CONFIGURATION, LABELS
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import (
    field,
    first_difference,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
)
from conformance.paging import in_every_way
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf

CREATED = 201


@requirement("CMF-APP-CREATE", "CMF-APP-GET")
def test_create_and_read(cmf: Cmf, check: Checks, environment: str) -> None:
    applications = cmf.applications(environment)
    variants: dict[str, dict[str, Any]] = {
        "with labels, annotations and configuration": {
            "labels": LABELS,
            "annotations": ANNOTATIONS,
            "configuration": CONFIGURATION,
        },
        "without labels and annotations": {},
        "with a greater parallelism": {"parallelism": 7},
        "with much of everything": {
            "labels": {f"label-{number}": str(number) for number in range(60)},
            "annotations": {"long": "300 letters " * 25 + ".", "longer": "2000 letters " * 154 + "."},
            "configuration": {f"key.number-{number}": str(number) for number in range(60)},
        },
    }
    for variant, fields in variants.items():
        body = bodies.application(cmf.name("app"), cmf.features, **fields)
        created = applications.post(body)
        with check("CMF-APP-CREATE", f"an application {variant} answers 201"):
            created.expect(201)
            require_contains(created.body, body, "the answer")
        created.needed()
        with check("CMF-APP-GET", f"an application {variant} is read as it was posted"):
            require_contains(
                applications.get(body["metadata"]["name"]).expect(200).body, body, "the application"
            )


@requirement("CMF-APP-GET-UNKNOWN")
def test_read_unknown(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, suspended_application: str
) -> None:
    applications = cmf.applications(environment)
    applications.get(suspended_application).needed(200)
    for accept in MEDIA_TYPES:
        with check("CMF-APP-GET-UNKNOWN", f"a name that was never used, as {accept}"):
            applications.get(cmf.name("never"), accept=accept).expect(404)
    with check("CMF-APP-GET-UNKNOWN", "the beginning of an existing name, and more than it"):
        applications.get(suspended_application[:-1]).expect(404)
        applications.get(suspended_application + "0").expect(404)
    for what, name in lookalikes.matched(suspended_application).items():
        with check("CMF-APP-GET-UNKNOWN", f"an existing name with {what}"):
            applications.get(name).expect_absent()
    with check("CMF-APP-GET-UNKNOWN", "an existing name in upper case"):
        applications.get(suspended_application.upper()).expect_absent()
    with check("CMF-APP-GET-UNKNOWN", "an existing name in an environment that does not exist"):
        cmf.applications(cmf.name("never")).get(suspended_application).expect(404)
    with check("CMF-APP-GET-UNKNOWN", "an existing name in another environment"):
        cmf.applications(other_environment).get(suspended_application).expect(404)


@requirement("CMF-APP-UPDATE", "CMF-APP-UNIQUE", "CMF-APP-GET")
def test_update(cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]) -> None:
    applications = cmf.applications(environment)
    held = new_application(environment, labels=LABELS, annotations=ANNOTATIONS)
    neighbour = new_application(environment, annotations=ANNOTATIONS)
    media_types = ((JSON, JSON), (YAML, JSON), (JSON, YAML), (YAML, YAML))
    for number, (media_type, accept) in enumerate(media_types, start=1):
        body = bodies.application(
            held.name,
            cmf.features,
            parallelism=7 - number,
            configuration={**CONFIGURATION, "restart-strategy.fixed-delay.attempts": str(number)},
            labels={**LABELS, "revision": str(number)},
            annotations={"note": f"update {number}"},
        )
        updated = applications.post(body, media_type=media_type, accept=accept)
        what = f"update {number}, which accepts {accept}, sent as {media_type}"
        with check("CMF-APP-UPDATE", f"{what}, answers 201 and holds"):
            updated.expect(201)
            require_contains(updated.body, body, "the answer")
            require_contains(applications.get(held.name).expect(200).body, body, "the application")
    changes: dict[str, dict[str, Any]] = {
        "the configuration": {"configuration": {"only": "this"}},
        "the labels": {"labels": {"only": "this"}},
        "the annotations": {"annotations": {"only": "this"}},
        "the parallelism": {"parallelism": 11},
    }
    for part, change in changes.items():
        fields: dict[str, Any] = {
            "labels": LABELS,
            "annotations": ANNOTATIONS,
            "configuration": CONFIGURATION,
        }
        applications.post(bodies.application(held.name, cmf.features, **fields)).needed()
        body = bodies.application(held.name, cmf.features, **{**fields, **change})
        with check("CMF-APP-UPDATE", f"an update of {part} alone holds"):
            applications.post(body).expect(201)
            require_contains(applications.get(held.name).expect(200).body, body, "the application")
    with check("CMF-APP-UNIQUE", "after many updates it is listed once"):
        listed = applications.names().count(held.name)
        require(listed == 1, f"it is listed {listed} times", expected="once", got=f"{listed} times")
    with check("CMF-APP-GET", "another application is as it was"):
        require_contains(applications.get(neighbour.name).expect(200).body, neighbour.body, "the neighbour")


@requirement("CMF-APP-REPLACE")
def test_update_replaces(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    held = new_application(environment, configuration=CONFIGURATION, labels=LABELS, annotations=ANNOTATIONS)
    shorter = bodies.application(
        held.name, cmf.features, configuration={"taskmanager.numberOfTaskSlots": "1"}
    )
    for media_type in MEDIA_TYPES:
        applications.post(held.body).needed()
        applications.post(shorter, media_type=media_type).needed()
        read = applications.get(held.name).needed(200).body
        with check("CMF-APP-REPLACE", f"a configuration left out of an update as {media_type} is gone"):
            left = optional(read, "spec", "flinkConfiguration", "execution.checkpointing.interval")
            require(left is None, "the old configuration is still there", expected="nothing", got=repr(left))
        with check(
            "CMF-APP-REPLACE", f"labels and annotations left out of an update as {media_type} are gone"
        ):
            for part, gone in (("labels", LABELS), ("annotations", ANNOTATIONS)):
                left = [key for key in gone if optional(read, "metadata", part, key) is not None]
                require(not left, f"old {part} are still there", expected="none", got=", ".join(left))
    empty = bodies.changed(shorter, metadata={"labels": {}, "annotations": {}}, flinkConfiguration={})
    fewer = bodies.application(
        held.name,
        cmf.features,
        configuration=dict([*CONFIGURATION.items()][:1]),
        labels=dict([*LABELS.items()][:1]),
        annotations=dict([*ANNOTATIONS.items()][:1]),
    )
    for what, less in (("all but one", fewer), ("all", empty)):
        applications.post(held.body).needed()
        if applications.post(less).status == CREATED:
            with check("CMF-APP-REPLACE", f"of configuration, labels and annotations {what} are gone"):
                require_no_more(applications.get(held.name).expect(200).body, held.body, less)
    for what, (path, value) in OPTIONAL.items():
        whole, bare = with_part(shorter, path, value), without_part(shorter, path)
        if applications.post(whole).status == applications.post(bare).status == CREATED:
            with check("CMF-APP-REPLACE", f"{what} left out of an update is gone"):
                left = optional(applications.get(held.name).expect(200).body, "spec", *path)
                require(
                    first_difference(left, value),
                    f"the old {path[-1]} is still there",
                    expected="nothing",
                    got=repr(left),
                )


# Parts of a spec that a target may have no word for: path, and a value that nobody has by default.
OPTIONAL: dict[str, tuple[tuple[str, ...], Any]] = {
    "a whole part of the spec": (
        ("logConfiguration",),
        {"log4j-console.properties": "rootLogger.level = WARN"},
    ),
    "a value of a resource": (("taskManager", "resource", "cpu"), 1.25),
    "a list of the job": (("job", "args"), ["--only", "before"]),
}


def with_part(body: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The body with a part in its spec."""
    result = copy.deepcopy(body)
    parent: Any = field(result, "spec", *path[:-1])
    parent[path[-1]] = value
    return result


def without_part(body: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The body without a part of its spec."""
    result = copy.deepcopy(body)
    parent: Any = field(result, "spec", *path[:-1])
    parent.pop(path[-1], None)
    return result


def require_no_more(read: Any, before: Any, sent: Any) -> None:
    """Of what was stored before, an application has no label, annotation or configuration that was not sent."""
    for path in (("metadata", "labels"), ("metadata", "annotations"), ("spec", "flinkConfiguration")):
        had, asked, has = (optional(body, *path) or {} for body in (before, sent, read))
        left = [key for key, value in had.items() if key not in asked and optional(has, key) == value]
        require(not left, f"old {path[-1]} are still there", expected="none", got=", ".join(left))


@requirement("CMF-APP-LIST", "CMF-APP-LIST-SCOPE")
def test_list(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    longer = lookalikes.longer(environment)  # an environment whose name begins with that of the other
    cmf.environments.post(bodies.environment(longer, cmf.features)).needed()
    held = [
        new_application(environment, labels=LABELS, annotations=ANNOTATIONS, configuration=CONFIGURATION),
        new_application(environment),
        new_application(environment, parallelism=4),
    ]
    elsewhere = [new_application(other_environment).name, new_application(other_environment).name]
    namesake = new_application(other_environment, held[0].name).name
    there_too = new_application(longer).name
    applications = cmf.applications(environment)
    with check("CMF-APP-LIST", "the list holds exactly what was created, each once"):
        listed = require_unique(applications.names(), "application")
        mine = [name for name in listed if name not in {*elsewhere, there_too}]
        require(
            sorted(mine) == sorted(each.name for each in held),
            "the list does not hold what was created",
            expected=", ".join(sorted(each.name for each in held)),
            got=", ".join(sorted(mine)),
        )
    with check("CMF-APP-LIST", "each is listed with the values that are read of it alone"):
        for item in applications.all():
            alone = applications.get(applications.name_of(item)).expect(200).body
            require_equal(views.application(item), views.application(alone), "in the list, the application")
    with check("CMF-APP-LIST", "each is on its page with the values that are read of it alone"):
        for page in applications.pages(2):
            for item in page.items:
                alone = applications.get(applications.name_of(item)).expect(200).body
                require_equal(
                    views.application(item), views.application(alone), "on its page, the application"
                )
    with check("CMF-APP-LIST-SCOPE", "no application of another environment is listed"):
        for way, names in in_every_way(applications):
            foreign = [name for name in names if name in {*elsewhere, there_too}]
            require(
                not foreign,
                f"an application of another environment is listed, {way}",
                expected="none",
                got=", ".join(foreign),
            )
    with check("CMF-APP-LIST-SCOPE", "nor the other way round"):
        for place, expected in ((other_environment, [*elsewhere, namesake]), (longer, [there_too])):
            for way, names in in_every_way(cmf.applications(place)):
                require(
                    sorted(names) == sorted(expected),
                    f"the list, {way}, is not that of the environment",
                    expected=", ".join(expected),
                    got=", ".join(names),
                )


@requirement("CMF-APP-LIST-UNKNOWN")
def test_list_of_unknown_environment(cmf: Cmf, check: Checks) -> None:
    for accept in MEDIA_TYPES:
        with check("CMF-APP-LIST-UNKNOWN", f"an environment that does not exist has no list as {accept}"):
            cmf.applications(cmf.name("never")).list(accept=accept).expect(404)
    with check("CMF-APP-LIST-UNKNOWN", "nor has it a first page"):
        cmf.applications(cmf.name("never")).list(page=0, size=5).expect(404)


@requirement("CMF-APP-ENVIRONMENT-UNKNOWN")
def test_create_in_unknown_environment(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    nowhere = cmf.name("never")
    with check("CMF-APP-ENVIRONMENT-UNKNOWN", "it is refused"):
        cmf.applications(nowhere).post(held.body).expect_refused(404)
    with check("CMF-APP-ENVIRONMENT-UNKNOWN", "it creates no application and no environment"):
        cmf.environments.get(nowhere).expect_absent()
        cmf.applications(nowhere).get(held.name).expect_absent()
        require(nowhere not in cmf.environments.names(), "the environment is listed", expected="not listed")
    cmf.environments.post(bodies.environment(nowhere, cmf.features)).needed()
    with check("CMF-APP-ENVIRONMENT-UNKNOWN", "nor is it there once the environment is created"):
        cmf.applications(nowhere).get(held.name).expect_absent()
        listed = cmf.applications(nowhere).list()
        require(listed.status >= 400 or not listed.items, "the application is listed", expected="not listed")
