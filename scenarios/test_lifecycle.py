"""Start and suspend: the state follows, again and again, and nothing else with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS, LABELS
from conformance.contract.media import YAML
from conformance.expectations import (
    eventually,
    first_loss,
    optional,
    require,
    require_contains,
    require_equal,
    settled,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import started, suspended, switched, until
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
    "CMF-APP-START",
    "CMF-APP-START-AGAIN",
    "CMF-APP-START-SPEC",
    "CMF-APP-SUSPEND",
    "CMF-APP-SUSPEND-SPEC",
    "CMF-APP-LIST",
)
def test_start_and_suspend(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    fields = {
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "configuration": {
            "execution.checkpointing.interval": "30000",
            "taskmanager.numberOfTaskSlots": "2",
            "restart-strategy.type": "none",
        },
    }
    held = new_application(environment, parallelism=2, **fields)
    neighbour, namesake = new_application(environment), new_application(other_environment, held.name)
    applications = cmf.applications(environment)
    # What was changed since is to stay, too.
    changed = bodies.changed(held.body, metadata={"annotations": {**ANNOTATIONS, "note": "second"}})
    applications.post(changed).needed()
    more: dict[str, Any] = {
        "logConfiguration": {"log4j-console.properties": "rootLogger.level = WARN"},
        "job": {**held.body["spec"]["job"], "allowNonRestoredState": True},
    }
    for part, value in more.items():  # when one is refused, there is less to be kept
        attempt = bodies.changed(changed, **{part: value})
        changed = attempt if applications.post(attempt).status < 300 else changed
    others = [
        (what, collection, collection.get(other.name).needed(200).body)
        for what, collection, other in (
            ("its neighbour", applications, neighbour),
            ("its namesake in another environment", cmf.applications(other_environment), namesake),
        )
    ]

    def now() -> dict[str, Any]:
        return views.without_state(applications.get(held.name).needed(200).body)

    def listed() -> None:
        alone, item = applications.get(held.name).expect(200).body, applications.item(held.name)
        require_equal(views.application(item), views.application(alone), "in the list, the application")
        told, listed_as = views.shown_state(alone), views.shown_state(item)
        both = told.keys() & listed_as.keys()
        require_equal(
            {part: listed_as[part] for part in both},
            {part: told[part] for part in both},
            "in the list, the status of the application: ",
        )

    def require_answered(answer: Answer, before: dict[str, Any]) -> None:
        require(
            answer.expect(200).at("metadata", "name") == held.name,
            "another application was returned",
            expected=held.name,
        )
        if first_loss(before, now()) is None:  # otherwise the application is another, and not just its answer
            require_contains(views.without_state(answer.body), before, "the answer")

    for round_, (word, act, shown, holds, stays) in itertools.product(
        ("first", "second"),
        (
            ("start", cmf.start, "started", views.is_started, views.stays_started),
            ("suspend", cmf.suspend, "suspended", views.is_suspended, views.stays_suspended),
        ),
    ):
        rule, before = f"CMF-APP-{word.upper()}", now()
        answer = switched(cmf, act, environment, held.name)
        with check(rule, f"the {round_} {word} answers 200 with the application, which then shows it"):
            require_answered(answer, before)
            until(cmf, environment, held.name, holds, shown)
        answer.needed(200)
        with check(f"{rule}-SPEC", f"the {round_} {word} changes nothing but the state"):
            require_contains(now(), before, f"after {word}, the application")
        with check(rule, f"after the {round_} {word} its status follows, where it has one"):
            until(cmf, environment, held.name, stays, shown, within=cmf.limits.deploy)
        with check("CMF-APP-LIST", f"after the {round_} {word} the list shows what is read alone"):
            eventually(listed, within=cmf.limits.settle)
        if act == cmf.start:
            again = cmf.start(environment, held.name)
            with check("CMF-APP-START-AGAIN", f"a start after the {round_} one leaves it started"):
                again.expect(200, 304, 409)
                settled(
                    lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle
                )
                until(cmf, environment, held.name, views.stays_started, "started")
    for what, collection, was in others:
        with check("CMF-APP-START", f"{what} is as it was"):
            read = collection.get(collection.name_of(was)).expect(200).body
            require_contains(views.application(read), views.application(was), what)
            runs = optional(read, "status", "jobStatus", "state") is not None and views.stays_started(read)
            still = views.is_suspended(read) and not runs
            require(still, f"starting an application started {what}", expected="suspended")


@needs_flink
@requirement("CMF-APP-SUSPEND", "CMF-APP-NAME-SCOPE")
def test_a_namesake_goes_on(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    namesake = new_application(other_environment, held.name)
    elsewhere = cmf.applications(other_environment)
    wanted = optional(started(cmf, other_environment, namesake.name).body, "spec", "job", "state")
    settled(
        lambda: optional(elsewhere.get(namesake.name).body, "status"),
        within=cmf.limits.settle,
    )
    runs = views.stays_started(elsewhere.get(namesake.name).body)
    started(cmf, environment, held.name)
    suspended(cmf, environment, held.name)
    with check("CMF-APP-SUSPEND", "its namesake in another environment stays started"):
        read = elsewhere.get(namesake.name).expect(200).body
        require(
            views.is_started(read), "suspending an application suspended its namesake", expected="started"
        )
        require_equal(
            optional(read, "spec", "job", "state"), wanted, "the state that its namesake is to have"
        )
        if runs:
            until(cmf, other_environment, namesake.name, views.stays_started, "started")
    instances, events = (each(other_environment, namesake.name) for each in (cmf.instances, cmf.events))
    listed, told = (frozenset(settled(each.names, within=cmf.limits.settle)) for each in (instances, events))
    # An instance that the list shows here and nobody can read here is another application's.
    own = frozenset(name for name in listed if instances.get(name).status == 200)
    cmf.applications(environment).delete(held.name).needed(200)
    eventually(lambda: cmf.applications(environment).get(held.name).expect_absent(), within=cmf.limits.settle)
    with check("CMF-APP-NAME-SCOPE", "deleting one leaves the instances and events of its namesake"):
        for each, names in ((instances, own), (events, told)):
            lost = names - {*each.names()}
            require(not lost, f"{each!r} lost {len(lost)}", expected="all", got=", ".join(sorted(lost)[:3]))


@needs_flink
@requirement("CMF-APP-START", "CMF-APP-SUSPEND", "CMF-APP-UPDATE")
def test_no_time_to_settle(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    applications = cmf.applications(environment)
    switched(cmf, cmf.start, environment, held.name).needed(200)
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
        answer = act(environment, held.name)
        with check(rule, f"one request after another: {what} in the end, unless it is refused with 409"):
            if answer.expect(200, 304, 409).status != 409:
                until(cmf, environment, held.name, holds, what)
    settled(lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle)
    if answer.status != 409:
        with check("CMF-APP-SUSPEND", "and it stays so"):
            until(cmf, environment, held.name, views.is_suspended, "suspended")


@needs_flink
@requirement("CMF-APP-UPDATE")
def test_started_by_an_update(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    applications = cmf.applications(environment)
    running = bodies.application(held.name, cmf.features, state="running", annotations={"note": "to run"})
    update = applications.post(running)
    if update.status >= 400:
        check.nothing_to_judge(
            "CMF-APP-UPDATE", "the target refuses an update that is to start an application"
        )
        return
    with check("CMF-APP-UPDATE", "an update that is to start an application holds"):
        update.expect(201)
        require_contains(applications.get(held.name).expect(200).body, running, "the application")
    settled(lambda: optional(applications.get(held.name).body, "status"), within=cmf.limits.settle)
    other = bodies.application(
        held.name, cmf.features, state="running", configuration={"state.backend.type": "rocksdb"}
    )
    with check("CMF-APP-UPDATE", "an update of an application that runs holds, unless it is refused"):
        update = applications.post(other).expect(201, 400, 409, 422)
        if update.status == 201:
            require_contains(update.body, other, "the answer to the update")
            require_contains(applications.get(held.name).expect(200).body, other, "the application")
    suspended(cmf, environment, held.name)


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
    run, told = (settled(each.names, within=cmf.limits.settle) for each in (instances, events))
    old = {*run, *told}
    applications.delete(held.name).needed(200)
    with check("CMF-APP-DELETE", "an application that was run is soon gone"):
        eventually(lambda: applications.get(held.name).expect_absent(), within=cmf.limits.settle)
    eventually(lambda: applications.get(held.name).expect(404), within=cmf.limits.settle)
    with check("CMF-APP-RECREATE", "the name of an application that was run can be used again"):
        eventually(lambda: applications.post(held.body).expect(201), within=cmf.limits.settle)
    applications.get(held.name).needed(200)
    with check("CMF-APP-RECREATE", "no instance of the old application is read under the new one"):
        for name in sorted(run):
            instances.get(name).expect_absent()
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
    held = new_application(environment, annotations=ANNOTATIONS, labels=LABELS)
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
    bare = {key: value for key, value in held.body["spec"].items() if key != "job"}
    if applications.post({**held.body, "spec": bare}).status < 300:
        cmf.suspend(
            environment, held.name
        )  # judged like every answer: what has no job is no reason for a 500


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
