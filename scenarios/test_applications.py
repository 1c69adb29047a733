"""Applications: created and updated by POST, read, listed, deleted.  All of them suspended: nothing here starts a pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, LABELS
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
from conformance.paging import in_every_way
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf

CONFIGURATION = {"taskmanager.numberOfTaskSlots": "2", "execution.checkpointing.interval": "30000"}


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
    for number, (parallelism, media_type) in enumerate(((3, JSON), (5, YAML), (2, JSON)), start=1):
        body = bodies.application(
            held.name,
            cmf.features,
            parallelism=parallelism,
            configuration={**CONFIGURATION, "restart-strategy.fixed-delay.attempts": str(number)},
            labels={**LABELS, "revision": str(number)},
            annotations={"note": f"update {number}"},
        )
        updated = applications.post(body, media_type=media_type)
        with check("CMF-APP-UPDATE", f"update {number}, sent as {media_type}, answers 201 and holds"):
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
    logging = {"log4j-console.properties": "rootLogger.level = WARN"}
    whole = {**shorter, "spec": {**shorter["spec"], "logConfiguration": logging}}
    if applications.post(whole).status == 201:
        with check("CMF-APP-REPLACE", "a whole part of the spec left out of an update is gone"):
            applications.post(shorter).expect(201)
            left = optional(applications.get(held.name).expect(200).body, "spec", "logConfiguration")
            require(
                first_difference(left, logging),
                "the old logConfiguration is still there",
                expected="nothing",
                got=repr(left),
            )


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


@requirement("CMF-APP-DELETE", "CMF-APP-DELETE-UNKNOWN", "CMF-APP-LIST")
def test_delete(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    earlier, held, neighbour = (new_application(environment, annotations=ANNOTATIONS) for _ in range(3))
    longer = bodies.application(lookalikes.longer(held.name), cmf.features)
    applications.post(longer).needed()
    new_application(other_environment, held.name)
    left = sorted([earlier.name, neighbour.name, longer["metadata"]["name"]])
    survivors = [(applications, name) for name in left]
    survivors.append((cmf.applications(other_environment), held.name))
    before = [views.application(place.get(name).needed(200).body) for place, name in survivors]
    applications.get(held.name, accept=YAML).needed(200)
    with check("CMF-APP-DELETE", "a DELETE answers 200"):
        applications.delete(held.name).expect(200)

    def gone() -> None:
        for accept in MEDIA_TYPES:
            applications.get(held.name, accept=accept).expect(404)
        require(
            held.name not in applications.names(), "a deleted application is listed", expected="not listed"
        )

    with check("CMF-APP-DELETE", "afterwards it can't be read and is not listed"):
        eventually(gone, within=cmf.limits.settle)
    with check("CMF-APP-DELETE", "what lies below it is gone too"):
        eventually(
            lambda: cmf.instances(environment, held.name).list().expect_absent(), within=cmf.limits.settle
        )
        eventually(
            lambda: cmf.events(environment, held.name).list().expect_absent(), within=cmf.limits.settle
        )
    with check("CMF-APP-DELETE", "it does not come back when its environment is updated"):
        part = {"flinkApplicationDefaults": {"metadata": {"labels": {"updated": "yes"}}}}
        cmf.environments.post(bodies.environment(environment, cmf.features, **part)).needed()
        gone()
    with check("CMF-APP-DELETE", "its neighbours and its namesake in another environment are as they were"):
        for (place, name), had in zip(survivors, before, strict=True):
            require_equal(views.application(place.get(name).expect(200).body), had, "what was not deleted")
    with check("CMF-APP-LIST", "after a deletion its neighbours are still listed"):
        require_equal(sorted(applications.names()), left, "the names in the list")
    with check("CMF-APP-DELETE-UNKNOWN", "a second DELETE does not claim success"):
        applications.delete(held.name).expect(404, 304, 400, 409, 410, 422)
    with check("CMF-APP-DELETE-UNKNOWN", "nor does one of a name that was never used"):
        applications.delete(cmf.name("never")).expect(404, 304, 400, 409, 410, 422)
    with check(
        "CMF-APP-DELETE-UNKNOWN",
        "nor one in an environment that does not exist, which leaves namesakes alone",
    ):
        cmf.applications(cmf.name("never")).delete(neighbour.name).expect(404, 304, 400, 409, 410, 422)
        applications.get(neighbour.name).expect(200)


@requirement("CMF-APP-RECREATE")
def test_create_again(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    held = new_application(
        environment, parallelism=6, configuration=CONFIGURATION, labels=LABELS, annotations=ANNOTATIONS
    )
    first = applications.get(held.name).needed(200).body
    applications.delete(held.name).needed(200)
    eventually(lambda: applications.get(held.name).expect_absent(), within=cmf.limits.settle)
    bare = bodies.application(held.name, cmf.features)
    with check("CMF-APP-RECREATE", "the name can be used again"):
        applications.post(bare).expect(201)
    read = applications.get(held.name).needed(200).body
    with check("CMF-APP-RECREATE", "its uid and creation time are not those of the old application"):
        uid, new = (optional(body, "metadata", "uid") for body in (first, read))
        require(uid is None or uid != new, "it has the uid of the old one", expected="another", got=repr(new))
        timestamps.require_newer(*(optional(body, "metadata", "creationTimestamp") for body in (first, read)))
    with check("CMF-APP-RECREATE", "nothing of the old application is left"):
        require_contains(read, bare, "the new application")
        for part, old in (("labels", LABELS), ("annotations", ANNOTATIONS)):
            back = [key for key in old if optional(read, "metadata", part, key) is not None]
            require(not back, f"{part} of the old application are back", expected="none", got=", ".join(back))
        back = optional(read, "spec", "flinkConfiguration", "execution.checkpointing.interval")
        require(
            back is None, "configuration of the old application is back", expected="nothing", got=repr(back)
        )
        require(
            applications.names() == [held.name], "it is not the one application listed", expected=held.name
        )


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


def without(body: dict[str, Any], key: str) -> dict[str, Any]:
    """The body without one of its keys."""
    return {name: value for name, value in body.items() if name != key}


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no apiVersion": lambda body: without(body, "apiVersion"),
    "no kind": lambda body: without(body, "kind"),
    "no metadata": lambda body: without(body, "metadata"),
    "no spec": lambda body: without(body, "spec"),
    "no name": lambda body: {**body, "metadata": without(body["metadata"], "name")},
    "null as name": lambda body: {**body, "metadata": {**body["metadata"], "name": None}},
    "a list as name": lambda body: {
        **body,
        "metadata": {**body["metadata"], "name": [body["metadata"]["name"]]},
    },
    "null as spec": lambda body: {**body, "spec": None},
    "null as metadata": lambda body: {**body, "metadata": None},
    "a list as apiVersion": lambda body: {**body, "apiVersion": ["cmf.confluent.io/v1"]},
    "an object as kind": lambda body: {**body, "kind": {"kind": "FlinkApplication"}},
    "a string as spec": lambda body: {**body, "spec": "image: x"},
    "a list as spec": lambda body: {**body, "spec": [body["spec"]]},
    "a list as metadata": lambda body: {**body, "metadata": [body["metadata"]]},
}


@requirement("CMF-APP-BODY", "CMF-APP-REFUSED")
def test_invalid_bodies(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    held = new_application(environment, parallelism=4, labels=LABELS, annotations=ANNOTATIONS)
    before = applications.get(held.name).needed(200).body
    changed = bodies.application(held.name, cmf.features, parallelism=9, annotations={"note": "refused"})
    for why, spoil in WRONG.items():
        answer = applications.post(spoil(changed))
        with check("CMF-APP-BODY", f"{why} is refused"):
            answer.expect_refused()
        if answer.status < 400:
            applications.post(held.body).needed()
            before = applications.get(held.name).needed(200).body
        else:
            with check("CMF-APP-REFUSED", f"a refused update with {why} changes nothing"):
                after = applications.get(held.name).expect(200).body
                require_equal(
                    views.application(after),
                    views.application(before),
                    "after a refused update, the application",
                )
    for why, spoil in DOUBTFUL.items():
        if applications.post(spoil(changed)).status < 400:
            applications.post(held.body).needed()
            before = applications.get(held.name).needed(200).body
            continue
        with check("CMF-APP-REFUSED", f"an update that is refused for {why} changes nothing"):
            after = applications.get(held.name).expect(200).body
            require_equal(
                views.application(after), views.application(before), "after a refused update, the application"
            )
        name = cmf.name("refused")
        if applications.post(spoil({**changed, "metadata": {"name": name}})).status >= 400:
            with check("CMF-APP-REFUSED", f"a creation that is refused for {why} creates nothing"):
                applications.get(name).expect_absent()
    refused: list[str] = []
    for spoil in WRONG.values():
        name = cmf.name("refused")
        if applications.post(spoil(bodies.application(name, cmf.features))).status >= 400:
            refused.append(name)
    with check("CMF-APP-REFUSED", "no refused body created an application"):
        created = [name for name in applications.names() if name in refused]
        require(not created, "a refused body created an application", expected="none", got=", ".join(created))


def in_spec(body: dict[str, Any], part: str, **fields: Any) -> dict[str, Any]:
    """The body with fields added to one part of its spec."""
    return {**body, "spec": {**body["spec"], part: {**body["spec"][part], **fields}}}


# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an unknown property": lambda body: {**body, "unknown": True},
    "an unknown property of the spec": lambda body: {**body, "spec": {**body["spec"], "unknown": True}},
    "another kind": lambda body: {**body, "kind": "Deployment"},
    "another apiVersion": lambda body: {**body, "apiVersion": "apps/v1"},
    "a negative parallelism": lambda body: in_spec(body, "job", parallelism=-1),
    "a parallelism that is no number": lambda body: in_spec(body, "job", parallelism="many"),
    "an unknown upgrade mode": lambda body: in_spec(body, "job", upgradeMode="sideways"),
    "memory that is no amount": lambda body: in_spec(
        body, "taskManager", resource={"memory": "much", "cpu": 1}
    ),
    "an unknown Flink version": lambda body: {**body, "spec": {**body["spec"], "flinkVersion": "v0_1"}},
    "an illegal label": lambda body: {**body, "metadata": {**body["metadata"], "labels": {"-": "!"}}},
    "a number as label": lambda body: {**body, "metadata": {**body["metadata"], "labels": {"a": 1}}},
}
