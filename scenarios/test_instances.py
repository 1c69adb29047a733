"""Instances: a new one for each start of an application, made of its spec and the defaults of then."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.contract.judgement import is_uuid
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.contract.timestamps import as_moment
from conformance.expectations import (
    Broken,
    eventually,
    field,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
    settled,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import started, suspended
from conformance.scenario import needs_flink, requirement
from conformance.target.cmf import Cmf, Collection


@needs_flink
@requirement(
    "CMF-INST-LIST", "CMF-INST-NAME", "CMF-INST-GET-UNKNOWN", "CMF-INST-SCHEMA", "CMF-APP-START-AGAIN"
)
def test_instances(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held, neighbour = new_application(environment), new_application(environment)
    third_environment = new_environment().name
    new_application(third_environment, held.name)
    instances = cmf.instances(environment, held.name)
    started(cmf, environment, held.name)

    with check("CMF-INST-LIST", "a started application has an instance"):
        eventually(lambda: _at_least_one(instances), within=cmf.limits.deploy)
    first = instances.all()
    require(first, "a started application has no instance")
    if cmf.start(environment, held.name).status == 304:
        with check("CMF-APP-START-AGAIN", "a start that answers 304 adds no instance"):
            require_equal(instances.names(), [instances.name_of(item) for item in first], "the instances")
    else:
        check.nothing_to_judge("CMF-APP-START-AGAIN", "a second start does not answer 304 here")
    with check("CMF-INST-NAME", "its name is a UUID, by which it is read"):
        for item in first:
            name = field(item, "metadata", "name")
            require(is_uuid(name), "the name of an instance is no UUID", expected="a UUID", got=repr(name))
            instances.get(name).expect(200)
    for accept in (JSON, YAML):
        with check("CMF-INST-LIST", f"each is read alone as it is listed as {accept}"):
            _require_read_as_listed(instances, accept)
    name = instances.name_of(first[0])
    for where, collection, unknown in (
        (
            "a UUID that was never given",
            instances,
            str(uuid.UUID(int=uuid.uuid5(uuid.NAMESPACE_URL, name).int, version=4)),
        ),
        ("under a sibling", cmf.instances(environment, neighbour.name), name),
        ("under an unknown application", cmf.instances(environment, cmf.name("never")), name),
        ("in another environment", cmf.instances(other_environment, held.name), name),
        ("of a namesake in another environment", cmf.instances(third_environment, held.name), name),
        ("in an unknown environment", cmf.instances(cmf.name("never"), held.name), name),
    ):
        with check("CMF-INST-GET-UNKNOWN", f"an instance {where} answers 404"):
            collection.get(unknown).expect(404)


@needs_flink
@requirement("CMF-INST-NEW", "CMF-INST-KEPT", "CMF-INST-LIST")
def test_started_again(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    instances = cmf.instances(environment, held.name)
    started(cmf, environment, held.name)
    first = eventually(lambda: _at_least_one(instances), within=cmf.limits.deploy)
    born = {instances.name_of(item): _born(item) for item in first}

    def require_same_birth() -> None:
        for item in settled(instances.all, within=cmf.limits.settle):
            before, now = born.get(instances.name_of(item), {}), _born(item)
            require_equal({part: now.get(part) for part in before}, before, "the instance, its ")

    suspended(cmf, environment, held.name)
    with check("CMF-INST-LIST", "once it is suspended, its instances are still listed"):
        eventually(lambda: _at_least_one(instances), within=cmf.limits.settle)
    with check("CMF-INST-KEPT", "once it is suspended, its instance was created when it was"):
        require_same_birth()
    with check("CMF-INST-LIST", "once it is suspended, the state of its job is listed as it is read"):
        eventually(lambda: _require_state_as_listed(instances), within=cmf.limits.settle)
    for nth in ("second", "third"):
        earlier = set(instances.names())
        started(cmf, environment, held.name)
        with check("CMF-INST-NEW", f"a {nth} start makes a new instance and keeps the old"):
            eventually(lambda: _require_one_more(instances, earlier, nth), within=cmf.limits.settle)
        with check("CMF-INST-LIST", f"after the {nth} start each is read alone as it is listed"):
            _require_read_as_listed(instances, JSON)
        suspended(cmf, environment, held.name)
    with check("CMF-INST-KEPT", "when it was started again, its first instance was created when it was"):
        require_same_birth()


def _at_least_one(instances: Collection) -> list[dict[str, Any]]:
    items = instances.all()
    require(items, "a started application has no instance", expected="at least one", got="none")
    require_unique([instances.name_of(item) for item in items], "instance")
    return items


def _require_one_more(instances: Collection, earlier: set[str], nth: str) -> None:
    now = require_unique(instances.names(), "instance")
    require(
        set(now) - earlier,
        f"the {nth} start made no new instance",
        expected="a new one",
        got=", ".join(now),
    )
    require(
        earlier <= set(now), "an earlier instance is gone", expected=", ".join(earlier), got=", ".join(now)
    )


def _require_read_as_listed(instances: Collection, accept: str) -> None:
    """Each instance is read alone as it is listed, its job status apart, which moves, but is there in both."""
    for item in instances.all(accept=accept):
        alone = instances.get(instances.name_of(item), accept=accept).expect(200).body
        require_equal(views.instance(alone), views.instance(item), "the instance")
        shown = optional(item, "status", "jobStatus") is None or optional(alone, "status", "jobStatus")
        require(shown, "the instance read alone has no job status", expected="that of the list")


def _require_state_as_listed(instances: Collection) -> None:
    for item in instances.all():
        alone = instances.get(instances.name_of(item)).expect(200).body
        listed, read = (optional(each, "status", "jobStatus", "state") for each in (item, alone))
        if listed is not None and read is not None:
            require_equal(listed, read, "the state of the job of an instance in the list")


def _born(instance: Any) -> dict[str, Any]:
    """What of an instance is given and can't change."""
    told = {
        "uid": optional(instance, "metadata", "uid"),
        "creationTimestamp": as_moment(optional(instance, "metadata", "creationTimestamp")),
    }
    return {part: value for part, value in told.items() if value is not None}


@needs_flink
@requirement("CMF-INST-SPEC")
def test_instances_merge_the_defaults(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    defaults = {"taskmanager.numberOfTaskSlots": "4", "execution.checkpointing.interval": "60000"}
    environment = new_environment(flinkApplicationDefaults={"spec": {"flinkConfiguration": defaults}})
    filling = {"imagePullPolicy": "IfNotPresent"}
    smaller = {"resource": {"memory": "1100m"}}
    more = {"image": "registry.example/flink:of-the-environment", "taskManager": smaller, **filling}
    usual = {"flinkApplicationDefaults": {"spec": {"flinkConfiguration": defaults, **more}}}
    if cmf.environments.post({**environment.body, **usual}).status >= 300:
        filling = {}  # the target takes no such defaults; the configuration alone has to do
    own = {"taskmanager.numberOfTaskSlots": "2", "state.backend.type": "rocksdb"}
    held = new_application(environment.name, configuration=own, parallelism=2)
    instances = cmf.instances(environment.name, held.name)
    started(cmf, environment.name, held.name)
    merged = {**defaults, **own}
    spec_of_its_own = {
        **held.body["spec"],
        "job": {part: value for part, value in held.body["spec"]["job"].items() if part != "state"},
    }

    def look(number: int) -> dict[str, Any]:
        items = instances.all()
        require(len(items) >= number, f"there are {len(items)} instances", expected=str(number))
        return items[0]

    item = eventually(lambda: look(1), within=cmf.limits.deploy)
    if optional(item, "status", "spec") is None:
        check.nothing_to_judge("CMF-INST-SPEC", NO_SPEC)
        return
    with check("CMF-INST-SPEC", "the application's values win, the environment's fill the gaps"):
        spec = field(instances.get(instances.name_of(item)).expect(200).body, "status", "spec")
        require_contains(field(spec, "flinkConfiguration"), merged, "flinkConfiguration of the instance")
        require_contains(
            field(spec, "job"), {"parallelism": 2, "jarURI": cmf.features.jar_uri}, "the job of the instance"
        )
        require_contains(spec, {**spec_of_its_own, **filling}, "the spec of the instance")
    suspended(cmf, environment.name, held.name)
    with check("CMF-INST-SPEC", "later changes of the defaults and of the application do not reach it"):
        name = instances.name_of(item)
        other = {
            "flinkApplicationDefaults": {
                "spec": {"flinkConfiguration": {"execution.checkpointing.interval": "1"}}
            }
        }
        cmf.environments.post({**environment.body, **other}).needed()
        changed = bodies.application(
            held.name, cmf.features, parallelism=5, configuration={"state.backend.type": "hashmap"}
        )
        cmf.applications(environment.name).post(changed).needed()
        spec = field(instances.get(name).expect(200).body, "status", "spec")
        require_contains(
            field(spec, "flinkConfiguration"), merged, "flinkConfiguration of the earlier instance"
        )
        require_contains(spec, {**spec_of_its_own, **filling}, "the spec of the earlier instance")


INTERVAL = "execution.checkpointing.interval"
NO_SPEC = "the target gives no spec of an instance, as the schema allows"


@needs_flink
@requirement("CMF-INST-SPEC", "CMF-APP-START-SPEC")
def test_each_instance_has_the_defaults_of_its_start(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    environment = new_environment().name
    held = new_application(environment)
    instances, application = cmf.instances(environment, held.name), cmf.applications(environment)
    for when, defaults in (
        ("first", {INTERVAL: "60007"}),
        ("changed", {INTERVAL: "60009"}),
        ("gone", {}),
    ):
        parts = {"flinkApplicationDefaults": {"spec": {"flinkConfiguration": defaults}}} if defaults else {}
        cmf.environments.post(bodies.environment(environment, cmf.features, **parts)).needed()
        own = {"state.backend.type": "rocksdb" if when == "first" else "hashmap"}
        application.post(bodies.application(held.name, cmf.features, configuration=own)).needed()
        stored = optional(application.get(held.name).body, "spec", "flinkConfiguration") or {}
        earlier = set(instances.names())
        started(cmf, environment, held.name)
        with check("CMF-APP-START-SPEC", f"a start writes no defaults into the spec, those that are {when}"):
            body = application.get(held.name).expect(200).body
            require_equal(
                optional(body, "spec", "flinkConfiguration", INTERVAL),
                stored.get(INTERVAL),
                f"in the spec, {INTERVAL}",
            )
        try:
            new = eventually(lambda: _new(instances.all(), earlier), within=cmf.limits.deploy)
        except Broken:
            check.nothing_to_judge(
                "CMF-INST-SPEC", "a start shows no new instance: another requirement's matter"
            )
            return
        told = optional(new, "status", "spec", "flinkConfiguration", INTERVAL)
        if optional(new, "status", "spec") is None:
            check.nothing_to_judge("CMF-INST-SPEC", NO_SPEC)
        else:
            with check("CMF-INST-SPEC", f"the next instance has the defaults of its start, {when}"):
                of_ours = [each for each in ("60007", "60009") if each == told]
                require_equal(of_ours, [*defaults.values()], f"in the instance, {INTERVAL}")
            with check("CMF-INST-SPEC", f"the next instance has what the application had then, {when}"):
                require_contains(
                    field(new, "status", "spec", "flinkConfiguration"),
                    stored,
                    "flinkConfiguration of the instance",
                )
        suspended(cmf, environment, held.name)


@needs_flink
@requirement("CMF-INST-SPEC")
def test_values_that_win(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    environment = new_environment()
    usual = {"spec": {"job": {"allowNonRestoredState": True, "args": ["--of", "the-environment"]}}}
    if cmf.environments.post({**environment.body, "flinkApplicationDefaults": usual}).status >= 300:
        check.nothing_to_judge("CMF-INST-SPEC", "the target takes no defaults for the job of applications")
        return
    held = new_application(environment.name)
    job = {**held.body["spec"]["job"], "allowNonRestoredState": False, "args": ["--own"]}
    if cmf.applications(environment.name).post(bodies.changed(held.body, job=job)).status >= 300:
        check.nothing_to_judge("CMF-INST-SPEC", "the target takes no spec.job.allowNonRestoredState and args")
        return
    instances = cmf.instances(environment.name, held.name)
    started(cmf, environment.name, held.name)
    eventually(
        lambda: require(instances.all(), "a started application has no instance"), within=cmf.limits.deploy
    )
    with check("CMF-INST-SPEC", "the application's value wins, though it is false"):
        told = optional(instances.all()[0], "status", "spec", "job", "allowNonRestoredState")
        require(
            told in (None, False),
            "the environment's true wins over the application's false",
            expected="false",
            got=repr(told),
        )
    with check("CMF-INST-SPEC", "the application's list is not mixed with the environment's"):
        told = optional(instances.all()[0], "status", "spec", "job", "args")
        require(told in (None, ["--own"]), "it is another list", expected='["--own"]', got=repr(told))


def _new(items: list[dict[str, Any]], earlier: set[str]) -> dict[str, Any]:
    for item in items:
        if field(item, "metadata", "name") not in earlier:
            return item
    raise Broken("there is no new instance", expected="one more", got=f"{len(items)}")


@requirement("CMF-INST-LIST-UNKNOWN", "CMF-INST-GET-UNKNOWN", "CMF-EVENT-LIST-UNKNOWN", "CMF-EVENT-LIST")
def test_lists_below_applications(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, suspended_application: str
) -> None:
    with check("CMF-EVENT-LIST", "the events of an existing application are a page"):
        cmf.events(environment, suspended_application).list().expect(200).items  # noqa: B018 - reading it is the check
    cmf.instances(environment, suspended_application).list().needed(200)
    for where, names in {
        "an unknown application": (environment, cmf.name("never")),
        "an existing name in another environment": (other_environment, suspended_application),
        "an existing name in an unknown environment": (cmf.name("never"), suspended_application),
    }.items():
        unknown = str(uuid.uuid5(uuid.NAMESPACE_URL, names[1]))
        for accept in MEDIA_TYPES:
            with check("CMF-INST-LIST-UNKNOWN", f"the instances of {where}, as {accept}"):
                cmf.instances(*names).list(accept=accept).expect(404)
            with check("CMF-EVENT-LIST-UNKNOWN", f"the events of {where}, as {accept}"):
                cmf.events(*names).list(accept=accept).expect(404)
            with check("CMF-INST-GET-UNKNOWN", f"an instance of {where}, as {accept}"):
                cmf.instances(*names).get(unknown, accept=accept).expect(404)
    with check("CMF-INST-GET-UNKNOWN", "an instance that never was, of an application that exists"):
        instances = cmf.instances(environment, suspended_application)
        instances.get(str(uuid.uuid5(uuid.NAMESPACE_URL, suspended_application))).expect(404)
        # Their names are UUIDs, so another name may be one that can't be read.
        instances.get(cmf.name("never")).expect(404, 400)
