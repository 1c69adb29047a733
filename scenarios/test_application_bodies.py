"""Applications: bodies that are refused, and that what is refused has no effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.bodies import ANNOTATIONS, LABELS
from conformance.contract.media import MEDIA_TYPES
from conformance.expectations import require, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf


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
    for why, spoil in WRONG.items():
        for media_type in MEDIA_TYPES:
            name = cmf.name("refused")
            answer = applications.post(spoil(bodies.application(name, cmf.features)), media_type=media_type)
            if answer.status >= 400:
                refused.append(name)
            with check("CMF-APP-BODY", f"a creation as {media_type} with {why} is refused"):
                answer.expect_refused()
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
