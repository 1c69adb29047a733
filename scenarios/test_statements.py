"""SQL statements: created once by POST, and read.  All read metadata only: nothing here starts a pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, LABELS, STATEMENT_CONFIGURATION
from conformance.contract.media import JSON, YAML
from conformance.contract.timestamps import as_moment
from conformance.expectations import (
    eventually,
    optional,
    require,
    require_contains,
    require_equal,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_sql

BROKEN = "SELEC nothing FRM nowhere;"
"""SQL that no parser takes."""


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The body without some keys of its spec."""
    return {**body, "spec": {key: value for key, value in body["spec"].items() if key not in keys}}


def moment(body: Any) -> dict[str, Any]:
    """A statement that has come to rest, with everything that must not move by itself."""
    return {
        **views.statement(body),
        "phase": views.phase(body),
        "updated": as_moment(optional(body, "metadata", "updateTimestamp")),
    }


def require_listed(statements: Collection, name: str, expected: dict[str, Any], what: str) -> None:
    """The list has one statement of this name, and it is as it was."""
    found = [item for item in statements.all() if statements.name_of(item) == name]
    require(len(found) == 1, f"{what}, it is listed {len(found)} times", expected="once", got=str(len(found)))
    require_equal(views.statement(found[0]), views.statement(expected), f"{what}, in the list, the statement")


@requirement("CMF-STMT-CREATE", "CMF-STMT-GET", "CMF-STMT-DEFAULTS")
def test_create_and_read(cmf: Cmf, check: Checks, environment: str, compute_pool: str) -> None:
    statements = cmf.statements(environment)

    def body(**fields: Any) -> dict[str, Any]:
        return bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool, **fields)

    everything: dict[str, Any] = {
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "configuration": STATEMENT_CONFIGURATION,
    }
    variants: dict[str, Callable[[], dict[str, Any]]] = {
        "with everything": lambda: body(**everything, parallelism=2, stopped=False),
        "with what is required alone": lambda: without(body(), "properties", "flinkConfiguration"),
        "without session properties": lambda: without(body(**everything), "properties"),
        "without Flink configuration": lambda: without(
            body(labels=LABELS, parallelism=3), "flinkConfiguration"
        ),
    }
    if statements.post(body(stopped=True)).status == 200:
        variants["that is stopped"] = lambda: body(**everything, stopped=True)
    for variant, make in variants.items():
        for media_type in (JSON, YAML):
            sent = make()
            created = statements.post(sent, media_type=media_type)
            with check("CMF-STMT-CREATE", f"a statement {variant}, sent as {media_type}, answers 200"):
                created.expect(200)
                require_contains(created.body, sent, "the answer")
            created.needed(200)
            read = statements.get(sent["metadata"]["name"], accept=media_type)
            with check("CMF-STMT-GET", f"a statement {variant} is read as {media_type} as it was posted"):
                require_contains(read.expect(200).body, sent, "the statement")
            with check("CMF-STMT-DEFAULTS", f"a statement {variant} is not stopped by itself"):
                stopped = optional(read.expect(200).body, "spec", "stopped")
                asked = variant == "that is stopped"
                require(asked or not stopped, "it is stopped", expected="false or nothing", got=repr(stopped))
                scale = optional(read.body, "spec", "parallelism")
                require(
                    scale is None or (isinstance(scale, int) and scale >= 1),
                    "its parallelism is none",
                    expected="1 or more",
                    got=repr(scale),
                )


@requirement("CMF-STMT-CREATE")
def test_create_after_others(cmf: Cmf, check: Checks, environment: str, compute_pool: str) -> None:
    statements = cmf.statements(environment)
    # By key and value: a target may have defaults of its own for any key.
    labels, annotations = {"of-another": "label"}, {"of-another": "annotation"}
    properties, configuration = (
        {"table.local-time-zone": "Asia/Kathmandu"},
        {"table.exec.state.ttl": "7391 s"},
    )

    def bare() -> dict[str, Any]:
        body = bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool)
        return without(body, "properties", "flinkConfiguration")

    def rich(body: dict[str, Any]) -> dict[str, Any]:
        metadata = {"labels": labels, "annotations": annotations}
        return bodies.changed(
            body, metadata=metadata, properties=properties, flinkConfiguration=configuration
        )

    def require_nothing_of_it(body: Any, where: str) -> None:
        for given, *path in (
            (labels, "metadata", "labels"),
            (annotations, "metadata", "annotations"),
            (properties, "spec", "properties"),
            (configuration, "spec", "flinkConfiguration"),
        ):
            taken = [key for key, value in given.items() if optional(body, *path, key) == value]
            require(
                not taken,
                f"{where}, {'.'.join(path)} has what another statement was given",
                expected="nothing of it",
                got=", ".join(taken),
            )

    def judge(sent: str, after: str) -> None:
        body = bare()
        name = body["metadata"]["name"]
        answer = statements.post(body, media_type=sent)
        with check(
            "CMF-STMT-CREATE", f"what is required alone, sent as {sent} after {after}, has nothing of that"
        ):
            require_nothing_of_it(answer.expect(200).body, "in the answer")
            require_nothing_of_it(statements.get(name, accept=sent).expect(200).body, "when it is read")
            require_nothing_of_it(statements.item(name), "in the list")

    updated = bare()
    statements.post(updated).needed(200)
    for sent in (JSON, YAML):
        statements.post(rich(bare()), media_type=sent).needed(200)
        judge(sent, "one with everything")
        judge(sent, "another one")
        for change in (
            rich(updated),
            bodies.changed(updated, metadata={"labels": labels, "annotations": annotations}),
        ):
            statements.put(updated["metadata"]["name"], change, media_type=sent)  # taken or refused
        judge(sent, "the update of another")


@requirement("CMF-STMT-GET-UNKNOWN")
def test_read_unknown(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    compute_pool: str,
    new_statement: Callable[..., Held],
) -> None:
    statements = cmf.statements(environment)
    name = new_statement(environment, compute_pool).name
    statements.get(name).needed(200)
    with check("CMF-STMT-GET-UNKNOWN", "a name that was never used"):
        statements.get(cmf.name("never")).expect(404)
    with check("CMF-STMT-GET-UNKNOWN", "the beginning of an existing name, and more than it"):
        statements.get(name[:-1]).expect(404)
        statements.get(name + "0").expect(404)
    for what, pattern in lookalikes.matched(name).items():
        with check("CMF-STMT-GET-UNKNOWN", f"an existing name with {what}"):
            statements.get(pattern).expect_absent()
    with check("CMF-STMT-GET-UNKNOWN", "an existing name in upper case"):
        statements.get(name.upper()).expect_absent()
    with check("CMF-STMT-GET-UNKNOWN", "the name of a compute pool"):
        statements.get(compute_pool).expect(404)
    with check("CMF-STMT-GET-UNKNOWN", "an existing name in an environment that does not exist"):
        cmf.statements(cmf.name("never")).get(name).expect(404)
    with check("CMF-STMT-GET-UNKNOWN", "an existing name in another environment"):
        cmf.statements(other_environment).get(name).expect(404)


@requirement("CMF-STMT-CONFLICT")
def test_create_twice(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    pool, other_pool, pool_there = (
        new_compute_pool(place).name for place in (environment, environment, other_environment)
    )
    statements = cmf.statements(environment)
    held = new_statement(
        environment, pool, labels=LABELS, annotations=ANNOTATIONS, configuration=STATEMENT_CONFIGURATION
    )
    before = at_rest(environment, held.name)
    spec = held.body["spec"]
    conflicts: dict[str, dict[str, Any]] = {
        "the same again": held.body,
        "another text": {**held.body, "spec": {**spec, "statement": "SHOW CATALOGS;"}},
        "a text that does not compile": {**held.body, "spec": {**spec, "statement": BROKEN}},
        "another compute pool": {**held.body, "spec": {**spec, "computePoolName": other_pool}},
        "another configuration": {**held.body, "spec": {**spec, "flinkConfiguration": {"new.key": "1"}}},
        "other session properties": without(held.body, "properties"),
        "another parallelism, and stopped": {
            **held.body,
            "spec": {**spec, "parallelism": 5, "stopped": True},
        },
        "other labels and annotations": {
            **held.body,
            "metadata": {"name": held.name, "labels": {"new": "1"}, "annotations": {"new": "1"}},
        },
    }
    for number, (what, body) in enumerate(conflicts.items()):
        with check("CMF-STMT-CONFLICT", f"{what} answers 409"):
            statements.post(body, media_type=(JSON, YAML)[number % 2]).expect(409)
        with check("CMF-STMT-CONFLICT", f"after {what} was posted, nothing has changed"):
            require_equal(
                moment(statements.get(held.name).expect(200).body),
                moment(before),
                "after a conflict, the statement",
            )
    statements.post(conflicts["other labels and annotations"], media_type=YAML)
    new_statement(environment, pool)
    namesake = bodies.statement(held.name, cmf.features, pool=pool_there, annotations={"which": "there"})
    with check("CMF-STMT-CONFLICT", "in another environment the name is free"):
        cmf.statements(other_environment).post(namesake).expect(200)
        require_contains(
            cmf.statements(other_environment).get(held.name).expect(200).body, namesake, "the namesake"
        )
    with check("CMF-STMT-CONFLICT", "after other statements were created, it is listed as it was, once"):
        require_equal(moment(statements.get(held.name).expect(200).body), moment(before), "the statement")
        require_listed(statements, held.name, before, "after conflicts")


@requirement("CMF-STMT-ENVIRONMENT-UNKNOWN")
def test_create_in_unknown_environment(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, new_statement: Callable[..., Held]
) -> None:
    held = new_statement(environment, compute_pool)
    nowhere = cmf.name("never")
    for name in (held.name, cmf.name("stmt")):
        body = {**held.body, "metadata": {"name": name}}
        with check(
            "CMF-STMT-ENVIRONMENT-UNKNOWN",
            f"{'an existing' if name == held.name else 'a new'} name answers 404",
        ):
            cmf.statements(nowhere).post(body).expect(404)
        with check("CMF-STMT-ENVIRONMENT-UNKNOWN", "it creates no statement and no environment"):
            cmf.environments.get(nowhere).expect(404)
            cmf.statements(nowhere).get(name).expect(404)
            require(
                nowhere not in cmf.environments.names(), "the environment is listed", expected="not listed"
            )


@requirement("CMF-STMT-POOL-UNKNOWN")
def test_create_in_unknown_pool(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    compute_pool: str,
    new_compute_pool: Callable[..., Held],
    until_phase: Callable[..., dict[str, Any]],
) -> None:
    statements = cmf.statements(environment)
    deleted = new_compute_pool(environment).name
    cmf.compute_pools(environment).delete(deleted).needed(204)
    eventually(lambda: cmf.compute_pools(environment).get(deleted).expect(404), within=cmf.limits.settle)
    statements.post(bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool)).needed(200)
    for what, pool in {
        "that never was": cmf.name("never"),
        "that is in another environment": new_compute_pool(other_environment).name,
        "whose name is the beginning of an existing one": compute_pool[:-1],
        "whose name is more than an existing one": f"{compute_pool}0",
        "that was deleted": deleted,
    }.items():
        name = cmf.name("stmt")
        answer = statements.post(bodies.statement(name, cmf.features, pool=pool))
        with check("CMF-STMT-POOL-UNKNOWN", f"a statement in a compute pool {what} is refused or fails"):
            if answer.expect_refused(200, 404).status != 200:
                statements.get(name).expect(404)
            else:
                until_phase(environment, name, "failed")
