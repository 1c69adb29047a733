"""Start and suspend, and what a running application leaves: instances and events."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from conformance import bodies, views
from conformance.contract.judgement import is_uuid
from conformance.contract.media import YAML
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
from conformance.scenario import needs_flink, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

NOT_SUCCESS = (304, 400, 404, 409, 410, 422)

# The section "Example usage with curl" of the documentation, its lost indentation restored.
EXAMPLE = """\
apiVersion: cmf.confluent.io/v1
kind: FlinkApplication
metadata:
  name: curl-example
spec:
  image: confluentinc/cp-flink:1.19.1-cp2
  flinkVersion: v1_19
  flinkConfiguration:
    taskmanager.numberOfTaskSlots: "1"
  serviceAccount: flink
  jobManager:
    resource:
      memory: 1024m
      cpu: 1
  taskManager:
    resource:
      memory: 1024m
      cpu: 1
  job:
    jarURI: local:///opt/flink/examples/streaming/StateMachineExample.jar
    state: running
    parallelism: 3
    upgradeMode: stateless
"""


def until(cmf: Cmf, environment: str, application: str, holds: Callable[[Any], bool], what: str) -> Answer:
    """Wait until an application shows a state; raises ``Broken`` when it never does."""

    def look() -> Answer:
        answer = cmf.applications(environment).get(application).expect(200)
        state = {
            "spec.job.state": optional(answer.body, "spec", "job", "state"),
            "status": optional(answer.body, "status"),
        }
        require(
            holds(answer.body),
            f"the application does not show that it is {what}",
            expected=what,
            got=repr(state),
        )
        return answer

    return eventually(look, within=cmf.limits.settle)


def started(cmf: Cmf, environment: str, application: str) -> Answer:
    """Start an application as arrangement, and wait until it shows."""
    cmf.start(environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_started, "started")


def suspended(cmf: Cmf, environment: str, application: str) -> Answer:
    """Suspend an application as arrangement, and wait until it shows."""
    cmf.suspend(environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_suspended, "suspended")


@needs_flink
@requirement("CMF-APP-EXAMPLE")
def test_example_of_the_documentation(cmf: Cmf, check: Checks, environment: str) -> None:
    name = cmf.name("curl-example")
    text = EXAMPLE.replace("curl-example", name)
    applications = cmf.applications(environment)
    with check("CMF-APP-EXAMPLE", "flink-application.yaml creates the application it describes"):
        # As curl sends it.
        applications.post(content=text.encode(), media_type=YAML, accept="*/*").expect(201)
        require_contains(applications.get(name).expect(200).body, yaml.safe_load(text), "the application")


@needs_flink
@requirement(
    "CMF-APP-START", "CMF-APP-START-AGAIN", "CMF-APP-START-SPEC", "CMF-APP-SUSPEND", "CMF-APP-SUSPEND-SPEC"
)
def test_start_and_suspend(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    fields = {
        "labels": {"tier": "gold"},
        "annotations": {"note": "kept"},
        "configuration": {
            "execution.checkpointing.interval": "30000",
            "taskmanager.numberOfTaskSlots": "2",
            "restart-strategy.type": "none",
        },
    }
    held = new_application(environment, parallelism=2, **fields)
    neighbour, namesake = new_application(environment), new_application(other_environment, held.name)
    applications = cmf.applications(environment)
    others = (
        ("its neighbour", environment, neighbour),
        ("its namesake in another environment", other_environment, namesake),
    )

    def now() -> dict[str, Any]:
        return views.without_state(applications.get(held.name).needed(200).body)

    for round_ in ("first", "second"):
        before = now()
        answer = cmf.start(environment, held.name)
        with check(
            "CMF-APP-START", f"the {round_} start answers 200 with the application, which then shows it"
        ):
            answer.expect(200)
            require(
                answer.at("metadata", "name") == held.name,
                "another application was returned",
                expected=held.name,
            )
            until(cmf, environment, held.name, views.is_started, "started")
        answer.needed(200)
        with check("CMF-APP-START-SPEC", f"the {round_} start changes nothing but the state"):
            require_contains(now(), before, "after start, the application")
        again = cmf.start(environment, held.name)
        with check("CMF-APP-START-AGAIN", f"a start after the {round_} one leaves it started"):
            again.expect(200, 304, 409)
            settled(lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle)
            until(cmf, environment, held.name, views.stays_started, "started")
        before = now()
        answer = cmf.suspend(environment, held.name)
        with check(
            "CMF-APP-SUSPEND", f"the {round_} suspend answers 200 with the application, which then shows it"
        ):
            answer.expect(200)
            require(
                answer.at("metadata", "name") == held.name,
                "another application was returned",
                expected=held.name,
            )
            until(cmf, environment, held.name, views.is_suspended, "suspended")
        answer.needed(200)
        with check("CMF-APP-SUSPEND-SPEC", f"the {round_} suspend changes nothing but the state"):
            require_contains(now(), before, "after suspend, the application")
    for what, place, other in others:
        with check("CMF-APP-START", f"{what} is as it was"):
            read = cmf.applications(place).get(other.name).expect(200).body
            require_contains(read, other.body, what)
            require(views.is_suspended(read), f"starting an application started {what}", expected="suspended")
    started(cmf, other_environment, namesake.name)
    started(cmf, environment, held.name)
    suspended(cmf, environment, held.name)
    with check("CMF-APP-SUSPEND", "its namesake in another environment stays started"):
        read = cmf.applications(other_environment).get(namesake.name).expect(200).body
        require(
            views.is_started(read), "suspending an application suspended its namesake", expected="started"
        )


@needs_flink
@requirement("CMF-APP-START", "CMF-APP-SUSPEND", "CMF-APP-UPDATE")
def test_no_time_to_settle(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    applications = cmf.applications(environment)
    cmf.start(environment, held.name).needed(200)
    body = bodies.application(
        held.name, cmf.features, state="running", parallelism=3, annotations={"note": "in between"}
    )
    update = applications.post(body)
    with check("CMF-APP-UPDATE", "an update right after start holds, unless it is refused with 409"):
        if update.expect(201, 409).status == 201:
            require_contains(
                applications.get(held.name).expect(200).body, body, "right after it, the application"
            )
            settled(lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle)
            require_contains(
                applications.get(held.name).expect(200).body, body, "once started, the application"
            )
    for act, rule, holds, what in (
        (cmf.suspend, "CMF-APP-SUSPEND", views.is_suspended, "suspended"),
        (cmf.start, "CMF-APP-START", views.is_started, "started"),
        (cmf.suspend, "CMF-APP-SUSPEND", views.is_suspended, "suspended"),
    ):
        with check(rule, f"one request after another: {what} in the end, unless it is refused with 409"):
            if act(environment, held.name).expect(200, 304, 409).status != 409:
                until(cmf, environment, held.name, holds, what)
    settled(lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle)
    with check("CMF-APP-SUSPEND", "and it stays so"):
        until(cmf, environment, held.name, views.is_suspended, "suspended")


@needs_flink
@requirement("CMF-APP-RECREATE", "CMF-APP-DELETE")
def test_create_again_after_running(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    applications = cmf.applications(environment)
    instances, events = cmf.instances(environment, held.name), cmf.events(environment, held.name)
    started(cmf, environment, held.name)
    suspended(cmf, environment, held.name)
    old = {name for each in (instances, events) for name in settled(each.names, within=cmf.limits.settle)}
    applications.delete(held.name).needed(200)
    with check("CMF-APP-DELETE", "an application that was run is soon gone"):
        eventually(lambda: applications.get(held.name).expect_absent(), within=cmf.limits.settle)
    eventually(lambda: applications.get(held.name).needed(404), within=cmf.limits.settle)
    applications.post(held.body).needed(201)
    with check("CMF-APP-RECREATE", "a new application of that name has no instances and events of the old"):
        back = [name for each in (instances, events) for name in each.names() if name in old]
        require(
            not back,
            "instances or events of the old application are back",
            expected="none",
            got=", ".join(back[:3]),
        )


@needs_flink
@requirement("CMF-APP-REFUSED")
def test_refused_state(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    held = new_application(environment, annotations={"note": "as it was"})
    before = views.application(applications.get(held.name).needed(200).body)
    for state in ("sideways", "", 7):
        for name in (held.name, cmf.name("refused")):
            body = bodies.application(name, cmf.features, parallelism=6, annotations={"note": "refused"})
            body["spec"]["job"]["state"] = state
            if applications.post(body).status >= 400:
                with check(
                    "CMF-APP-REFUSED",
                    f"{'an update' if name == held.name else 'a creation'} refused for the job state {state!r} has no effect",
                ):
                    require_equal(
                        views.application(applications.get(held.name).expect(200).body),
                        before,
                        "the application",
                    )
                    if name != held.name:
                        applications.get(name).expect_absent()
            else:
                check.nothing_to_judge("CMF-APP-REFUSED", f"the target accepts the job state {state!r}")
                applications.post(held.body)


@requirement("CMF-APP-SUSPEND-AGAIN", "CMF-APP-SUSPEND-SPEC")
def test_suspend_a_suspended_application(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment, annotations={"note": "kept"}, labels={"tier": "gold"})
    applications = cmf.applications(environment)
    for _ in range(2):
        answer = cmf.suspend(environment, held.name)
        with check("CMF-APP-SUSPEND-AGAIN", "it answers 200 or 304 or is refused, and stays suspended"):
            answer.expect(200, 304, 409)
            until(cmf, environment, held.name, views.is_suspended, "suspended")
        with check("CMF-APP-SUSPEND-SPEC", "it changes nothing"):
            require_contains(
                applications.get(held.name).expect(200).body, held.body, "after suspend, the application"
            )


@requirement("CMF-APP-START-UNKNOWN", "CMF-APP-SUSPEND-UNKNOWN")
@pytest.mark.parametrize("action", ["start", "suspend"])
def test_unknown_applications(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, suspended_application: str, action: str
) -> None:
    rule = f"CMF-APP-{action.upper()}-UNKNOWN"
    other_rule = "CMF-APP-SUSPEND-UNKNOWN" if action == "start" else "CMF-APP-START-UNKNOWN"
    act = cmf.start if action == "start" else cmf.suspend
    applications = cmf.applications(environment)
    before = applications.get(suspended_application).needed(200).body
    for where, names in {
        "a name that was never used": (environment, cmf.name("never")),
        "an existing name in another environment": (other_environment, suspended_application),
        "an existing name in an environment that does not exist": (cmf.name("never"), suspended_application),
    }.items():
        with check(rule, f"{where} is not {action}ed"):
            act(*names).expect(*NOT_SUCCESS)
            cmf.applications(names[0]).get(names[1]).expect_absent()
    with check(other_rule, f"{action} of unknown applications leaves existing ones alone"):
        after = applications.get(suspended_application).expect(200).body
        require_equal(views.application(after), views.application(before), "the application")


@needs_flink
@requirement(
    "CMF-INST-LIST",
    "CMF-INST-NAME",
    "CMF-INST-NEW",
    "CMF-INST-GET-UNKNOWN",
    "CMF-INST-SCHEMA",
    "CMF-APP-START-AGAIN",
)
def test_instances(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    held, neighbour = new_application(environment), new_application(environment)
    instances = cmf.instances(environment, held.name)
    started(cmf, environment, held.name)

    def at_least_one() -> list[dict[str, Any]]:
        items = instances.all()
        require(items, "a started application has no instance", expected="at least one", got="none")
        return items

    with check("CMF-INST-LIST", "a started application has an instance"):
        eventually(at_least_one, within=cmf.limits.deploy)
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
    with check("CMF-INST-LIST", "each is read alone as it is listed"):
        for item in first:
            alone = instances.get(instances.name_of(item)).expect(200).body
            require_equal(views.instance(alone), views.instance(item), "the instance")
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
        ("in an unknown environment", cmf.instances(cmf.name("never"), held.name), name),
    ):
        with check("CMF-INST-GET-UNKNOWN", f"an instance {where} answers 404"):
            collection.get(unknown).expect(404)
    suspended(cmf, environment, held.name)
    earlier = set(instances.names())
    started(cmf, environment, held.name)

    def one_more() -> None:
        now = require_unique(instances.names(), "instance")
        require(
            set(now) - earlier,
            "the second start made no new instance",
            expected="a new one",
            got=", ".join(now),
        )
        require(
            earlier <= set(now),
            "an earlier instance is gone",
            expected=", ".join(earlier),
            got=", ".join(now),
        )

    with check("CMF-INST-NEW", "a second start makes a new instance and keeps the old"):
        eventually(one_more, within=cmf.limits.settle)


@needs_flink
@requirement("CMF-INST-SPEC")
def test_instances_merge_the_defaults(
    cmf: Cmf, check: Checks, new_environment: Callable[..., Held], new_application: Callable[..., Held]
) -> None:
    defaults = {"taskmanager.numberOfTaskSlots": "4", "execution.checkpointing.interval": "60000"}
    environment = new_environment(flinkApplicationDefaults={"spec": {"flinkConfiguration": defaults}})
    own = {"taskmanager.numberOfTaskSlots": "2", "state.backend.type": "rocksdb"}
    held = new_application(environment.name, configuration=own, parallelism=2)
    instances = cmf.instances(environment.name, held.name)
    started(cmf, environment.name, held.name)
    merged = {**defaults, **own}

    def look(number: int) -> dict[str, Any]:
        items = instances.all()
        require(len(items) >= number, f"there are {len(items)} instances", expected=str(number))
        return items[0]

    item = eventually(lambda: look(1), within=cmf.limits.deploy)
    if optional(item, "status", "spec") is None:
        check.nothing_to_judge(
            "CMF-INST-SPEC", "the target gives no spec of an instance, as the schema allows"
        )
        return
    with check("CMF-INST-SPEC", "the application's values win, the environment's fill the gaps"):
        spec = field(instances.get(instances.name_of(item)).expect(200).body, "status", "spec")
        require_contains(field(spec, "flinkConfiguration"), merged, "flinkConfiguration of the instance")
        require_contains(
            field(spec, "job"), {"parallelism": 2, "jarURI": cmf.features.jar_uri}, "the job of the instance"
        )
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
    earlier = set(instances.names())
    started(cmf, environment.name, held.name)
    try:
        new = eventually(lambda: _new(instances.all(), earlier), within=cmf.limits.deploy)
    except Broken:
        return  # that a start makes a new instance is another requirement
    with check("CMF-INST-SPEC", "the next instance is made of what is then stored"):
        require_contains(
            field(new, "status", "spec", "flinkConfiguration"),
            {"execution.checkpointing.interval": "1", "state.backend.type": "hashmap"},
            "flinkConfiguration of the new instance",
        )


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
        with check("CMF-INST-LIST-UNKNOWN", f"the instances of {where}"):
            cmf.instances(*names).list().expect(404)
        with check("CMF-EVENT-LIST-UNKNOWN", f"the events of {where}"):
            cmf.events(*names).list().expect(404)
        with check("CMF-INST-GET-UNKNOWN", f"an instance of {where}"):
            cmf.instances(*names).get(str(uuid.uuid5(uuid.NAMESPACE_URL, names[1]))).expect(404)
    with check("CMF-INST-GET-UNKNOWN", "an instance that never was, of an application that exists"):
        for unknown in (str(uuid.uuid5(uuid.NAMESPACE_URL, suspended_application)), cmf.name("never")):
            cmf.instances(environment, suspended_application).get(unknown).expect(404)


@needs_flink
@requirement(
    "CMF-EVENT-LIFE",
    "CMF-EVENT-VERSION",
    "CMF-EVENT-NAME",
    "CMF-EVENT-INSTANCE",
    "CMF-EVENT-SCHEMA",
    "CMF-EVENT-LIST-SCOPE",
    "CMF-INST-LIST-SCOPE",
)
def test_events(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    held, sibling = new_application(environment), new_application(environment)
    namesake = new_application(other_environment, held.name)
    places = [(environment, held.name), (environment, sibling.name), (other_environment, namesake.name)]
    for place in places:
        started(cmf, *place)
    for place in places:
        eventually(lambda: require(cmf.instances(*place).all(), "no instance"), within=cmf.limits.deploy)
    events = cmf.events(environment, held.name)

    def more_than(number: int) -> list[dict[str, Any]]:
        items = events.all()
        require(
            len(items) > number,
            f"there are {len(items)} events",
            expected=f"more than {number}",
            got=str(len(items)),
        )
        return items

    with check("CMF-EVENT-LIFE", "an application that was created and started has events"):
        eventually(lambda: more_than(0), within=cmf.limits.settle)
    earlier = [optional(item, "metadata", "name") for item in events.all()]
    suspended(cmf, environment, held.name)
    started(cmf, environment, held.name)
    with check("CMF-EVENT-LIFE", "suspending and starting it again adds to them"):
        eventually(lambda: more_than(len(earlier)), within=cmf.limits.settle)
    with check("CMF-EVENT-LIFE", "what happened before is still told"):
        names = {optional(item, "metadata", "name") for item in events.all()}
        lost = [name for name in earlier if name not in names]
        require(not lost, "an event is gone", expected="every earlier event", got=f"no {lost[:1]!r}")
    for place in places[1:]:
        settled(cmf.events(*place).all, within=cmf.limits.settle)
    items = settled(events.all, within=cmf.limits.settle)
    if not items:
        for rule in ("VERSION", "NAME", "INSTANCE", "SCHEMA", "LIST-SCOPE"):
            check.nothing_to_judge(f"CMF-EVENT-{rule}", "the target has no events")
    else:
        with check("CMF-EVENT-SCHEMA", "events are given"):
            events.list().expect(200)
        with check("CMF-EVENT-VERSION", "events are given, whose version and kind can be judged"):
            require(all("kind" in item for item in items), "an event has no kind")
        with check("CMF-EVENT-NAME", "no two events share a name"):
            require_unique(
                (
                    item["metadata"]["name"]
                    for item in events.all(size=2)
                    if optional(item, "metadata", "name")
                ),
                "event",
            )
        with check("CMF-EVENT-INSTANCE", "each names an instance of this application, or none"):
            eventually(lambda: _require_known_instances(cmf, environment, held.name), within=2)
        with check("CMF-EVENT-LIST-SCOPE", "no event is listed under two applications"):
            _require_disjoint([cmf.events(*place).all() for place in places], "event")
    with check("CMF-INST-LIST-SCOPE", "no instance is listed under two applications"):
        _require_disjoint([cmf.instances(*place).all() for place in places], "instance")


def _require_known_instances(cmf: Cmf, environment: str, application: str) -> None:
    items = cmf.events(environment, application).all()
    known = cmf.instances(environment, application).names()
    for item in items:
        named = optional(item, "metadata", "flinkApplicationInstance")
        require(
            named in (None, *known),
            "an event names an unknown instance",
            expected=", ".join(known),
            got=repr(named),
        )


def _require_disjoint(lists: list[list[dict[str, Any]]], what: str) -> None:
    require_unique(
        (name for items in lists for item in items if (name := optional(item, "metadata", "name"))), what
    )
