"""Caching: a 304 is given to those who have the answer already, and never after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from conformance import bodies
from conformance.expectations import eventually, require, require_equal, settled
from conformance.runner.context import RunContext
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import switched
from conformance.scenario import needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf


@dataclass(frozen=True)
class Cached:
    """Something that can be read conditionally, and ways to change it."""

    operation: str
    names: dict[str, str]
    changes: dict[str, Callable[[], object]]

    def read(self, cmf: Cmf, tag: str | None = None) -> Answer:
        """Read it, with a tag in If-None-Match when there is one."""
        query = [] if self.operation == "getApplication" else [("page", "0"), ("size", "100")]
        return cmf.call(
            self.operation, self.names, query=query, headers=[("If-None-Match", tag)] if tag else []
        )


@pytest.fixture
def cached(
    cmf: Cmf,
    environment: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
    run: RunContext,
    request: pytest.FixtureRequest,
) -> Cached:
    """One of the reads for which the contract has 304."""
    application, another = new_application(environment), new_application(environment)
    applications = cmf.applications(environment)

    def update() -> None:
        number = len(applications.get(application.name).body.get("spec", {}).get("flinkConfiguration", {}))
        configuration = {f"key.{each}": "1" for each in range(number + 1)}
        applications.post(
            bodies.application(application.name, cmf.features, configuration=configuration)
        ).needed()

    def delete_another() -> None:
        applications.delete(another.name).needed(200)
        eventually(lambda: applications.get(another.name).expect_absent(), within=cmf.limits.settle)

    def create_again() -> None:
        applications.delete(application.name).needed(200)
        eventually(lambda: applications.get(application.name).expect_absent(), within=cmf.limits.settle)
        body = bodies.application(application.name, cmf.features, labels={"created": "again"})
        eventually(lambda: applications.post(body).expect(201), within=cmf.limits.settle)
        settled(lambda: applications.get(application.name).body, within=cmf.limits.settle)

    relabel, relabelled = (
        bodies.application(application.name, cmf.features, labels={"changed": how})
        for how in ("yes", "again")
    )
    operation = request.param
    if operation == "getSecrets":
        return _cached_secrets(cmf, environment, run)
    if operation == "getApplication":
        # The tag of one that has come to rest, which the next one comes to as well.
        settled(lambda: applications.get(application.name).body, within=cmf.limits.settle)
        changes: dict[str, Callable[[], object]] = {
            # First, for then both have been written to as often.
            "a deletion and a creation anew": create_again,
            "an update": update,
            "a change of labels": lambda: applications.post(relabel).needed(),
            "a change of labels alone": lambda: applications.post(relabelled).needed(),
        }
        return Cached(operation, {"envName": environment, "appName": application.name}, changes)
    if operation == "getApplications":
        changes = {
            "an update of one": update,
            "a change of the labels of one": lambda: applications.post(relabel).needed(),
            "a change of the labels of one alone": lambda: applications.post(relabelled).needed(),
            "a creation": lambda: new_application(environment),
            "a deletion": delete_another,
        }
        return Cached(operation, {"envName": environment}, changes)
    held = new_environment()
    defaults = {"flinkApplicationDefaults": {"metadata": {"labels": {"changed": "yes"}}}}
    more = {"statementDefaults": {"detached": {"flinkConfiguration": {"changed": "yes"}}}}
    changes = {
        "an update of one": lambda: cmf.environments.post({**held.body, **defaults}).needed(),
        "an update of the statement defaults of one alone": (
            lambda: cmf.environments.post({**held.body, **defaults, **more}).needed()
        ),
        "a creation": new_environment,
        "a deletion": lambda: cmf.environments.delete(held.name).needed(200),
    }
    return Cached(operation, {}, changes)


def _cached_secrets(cmf: Cmf, environment: str, run: RunContext) -> Cached:
    first, other, name = cmf.name("secret"), cmf.name("secret"), cmf.name("secret-id")
    data, mappings = run.canaries.data(), cmf.secret_mappings(environment)
    for each in (first, other):
        cmf.secrets.post(bodies.secret(each, data)).needed()

    def update(number: int, **fields: Any) -> Callable[[], object]:
        body = bodies.secret(first, {**data, "number": str(number)}, **fields)
        return lambda: cmf.secrets.put(first, body).needed(200)

    return Cached(
        "getSecrets",
        {},
        {
            "an update of one": update(1, labels={"changed": "yes"}),
            "a second update of one": update(1, labels={"changed": "again"}),
            "an update of the data of one alone": update(2, labels={"changed": "again"}),
            "a creation": lambda: cmf.secrets.post(bodies.secret(cmf.name("secret"), data)).needed(),
            "a mapping to one": lambda: mappings.post(bodies.secret_mapping(name, secret=first)).needed(
                200, 201
            ),
            "a mapping to another": lambda: mappings.put(
                name, bodies.secret_mapping(name, secret=other)
            ).needed(200),
            "the end of a mapping": lambda: mappings.delete(name).needed(200, 202, 204),
            "a deletion": lambda: cmf.secrets.delete(other).needed(200, 202, 204),
        },
    )


@requirement(
    "CMF-CACHE-CHANGED", "CMF-CACHE-UNCONDITIONAL", "CMF-CACHE-BODY", "CMF-CACHE-ETAG", "CMF-CACHE-REVALIDATE"
)
@pytest.mark.parametrize(
    "cached",
    [
        *("getEnvironments", "getApplications", "getApplication"),
        pytest.param("getSecrets", marks=needs_sql),
    ],
    indirect=True,
)
def test_conditional_reads(cmf: Cmf, check: Checks, cached: Cached) -> None:
    cached.read(cmf).needed(200)
    with check(
        "CMF-CACHE-UNCONDITIONAL", f"{cached.operation} without condition, and with a tag never given"
    ):
        cached.read(cmf).expect(200)
        for never_given in ('"cmfc-never-given"', 'W/"cmfc-never-given"'):
            require(
                cached.read(cmf, never_given).expect(200).body,
                "the answer is empty",
                expected="the whole answer",
            )
    seen_304 = False

    def unchanged() -> None:
        nonlocal seen_304
        now = cached.read(cmf).expect(200)
        tag = now.header("etag")
        if not tag:
            return
        again = cached.read(cmf, tag).expect(200, 304)
        seen_304 = seen_304 or again.status == 304
        if again.status == 200:
            require_equal(again.items_or_body, now.items_or_body, "the unchanged answer")

    with check("CMF-CACHE-REVALIDATE", f"{cached.operation} with the tag of an answer that has not changed"):
        eventually(unchanged, within=2)
    for what, change in cached.changes.items():
        before = cached.read(cmf).needed(200)
        tag = before.header("etag") or '"cmfc-none"'
        change()
        with check("CMF-CACHE-CHANGED", f"{cached.operation} after {what}"):
            if cached.read(cmf).expect(200).raw == before.raw:
                continue  # the change lies on another page of a long list, so this answer may be given again
            after = cached.read(cmf, tag).expect(200)
            require(
                after.raw != before.raw,
                f"after {what} the old answer is given",
                expected="the new state",
                got="the old",
            )
            require(
                after.header("etag") != before.header("etag") or not before.header("etag"),
                f"after {what} another answer has the same ETag",
                expected="another ETag",
                got=str(after.header("etag")),
            )
    if not seen_304:
        for rule in ("CMF-CACHE-BODY", "CMF-CACHE-ETAG"):
            check.nothing_to_judge(rule, f"{cached.operation} answered no 304, which it need not")
        return
    with check("CMF-CACHE-BODY", f"a 304 of {cached.operation} has no content"):
        last = cached.read(cmf).needed(200)
        answer = cached.read(cmf, last.header("etag") or "")
        require(
            answer.status != 304 or not answer.raw,
            "a 304 came with content",
            expected="no content",
            got=f"{len(answer.raw)} bytes",
        )
    with check("CMF-CACHE-ETAG", f"a 304 of {cached.operation} carries the ETag"):
        given = (last.header("etag") or "").removeprefix("W/")
        told = (answer.header("etag") or "").removeprefix("W/")
        require(
            answer.status != 304 or told == given,
            "a 304 came without the ETag of the answer it stands for",
            expected=given,
            got=told or "none",
        )


@needs_flink
@requirement("CMF-CACHE-CHANGED")
def test_start_and_suspend_are_changes(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    application = new_application(environment)
    read = Cached("getApplication", {"envName": environment, "appName": application.name}, {})
    for act, what in ((cmf.start, "start"), (cmf.suspend, "suspend")):
        before = read.read(cmf).needed(200)
        tag = before.header("etag")
        if tag is None:
            check.nothing_to_judge("CMF-CACHE-CHANGED", "the target gives no ETag of an application")
            return
        switched(cmf, act, environment, application.name).needed(200, 304)
        settled(lambda: read.read(cmf).body, within=cmf.limits.settle)
        with check("CMF-CACHE-CHANGED", f"getApplication after {what}"):
            if read.read(cmf).body != before.body:
                read.read(cmf, tag).expect(200)
