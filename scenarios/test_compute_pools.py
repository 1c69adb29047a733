"""Compute pools: what keeps them, and what does not."""

from __future__ import annotations

from typing import Any

from conformance import bodies, lookalikes, views
from conformance.contract.media import JSON, YAML
from conformance.expectations import eventually, optional, require, require_contains, require_equal
from conformance.kinds import COMPUTE_POOL, STATEMENT, Ground
from conformance.kinds import ground as prepare
from conformance.runner.plugin import Checks
from conformance.running import is_kept
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

PODS: dict[str, Any] = {
    "spec": {
        "automountServiceAccountToken": False,
        "containers": [{"name": "flink-main-container", "env": []}],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": bodies.PREFERRED}},
    }
}
"""A legal template of pods, in which false, an empty list and an empty object each mean something."""
ENDED = "all statements in it have ended, and the target takes it for unused then"


def pool(ground: Ground, word: str = "pool", number: int = 1) -> str:
    """The name of a new compute pool."""
    name = ground.cmf.name(word)
    ground.collection.post(ground.variant(name, number)).needed()
    return name


def statement(cmf: Cmf, environment: str, pool: str, **fields: Any) -> str:
    """The name of a new metadata statement in a compute pool."""
    name = cmf.name("stmt")
    cmf.statements(environment).post(bodies.statement(name, cmf.features, pool=pool, **fields)).needed(
        200, 201
    )
    return name


def remove(cmf: Cmf, environment: str, statement: str) -> None:
    """Delete a statement, and wait until it is gone."""
    cmf.statements(environment).delete(statement).needed(200, 202, 204)
    eventually(lambda: cmf.statements(environment).get(statement).expect_absent(), within=cmf.limits.deploy)


def is_to_run(statement: Any) -> bool:
    """Whether a statement shows neither in its spec nor by its phase that it was stopped."""
    return not optional(statement, "spec", "stopped") and views.phase(statement) != "stopped"


@requirement("CMF-POOL-IN-USE", "CMF-POOL-RELEASED")
def test_pool_in_use(cmf: Cmf, check: Checks, environment: str) -> None:
    ground = prepare(COMPUTE_POOL, cmf, environment)
    pools, used, idle = ground.collection, pool(ground), pool(ground, number=2)
    going_on: dict[str, Any] = {"sql": cmf.features.insert} if cmf.features.flink else {}
    statements = [statement(cmf, environment, used, **going_on) for _ in range(2)]
    before, listed = pools.get(used).needed(200).body, pools.items(used)
    running = [name for name in statements if is_to_run(cmf.statements(environment).get(name).body)]

    def require_kept(why: str) -> None:
        COMPUTE_POOL.require_same(pools.get(used).expect(200).body, before, f"{why}, the compute pool: ")
        COMPUTE_POOL.require_listed(pools.items(used), listed, f"{why}, the compute pool")

    with check(
        "CMF-POOL-RELEASED", "a compute pool without statements beside one that has some can be deleted"
    ):
        pools.delete(idle).expect_accepted()
    for number, accept in enumerate((JSON, YAML), start=1):
        kept = True
        with check(
            "CMF-POOL-IN-USE", f"attempt {number} to delete a compute pool with two statements answers 409"
        ):
            kept = is_kept(cmf, environment, used, *statements, accept=accept)
        if not kept:
            check.nothing_to_judge("CMF-POOL-IN-USE", ENDED)
            return
        with check("CMF-POOL-IN-USE", f"after attempt {number} it is read and listed as before"):
            require_kept("after a refused DELETE")
    with check("CMF-POOL-IN-USE", "its statements are still there, and others can be created in it"):
        for name in statements:
            now = cmf.statements(environment).get(name).expect(200).body
            require(
                name not in running or is_to_run(now),
                "a refused DELETE has stopped a statement",
                expected="not stopped",
            )
        body = bodies.statement(cmf.name("stmt"), cmf.features, pool=used, **going_on)
        # The last one that is left, sent as YAML: what it was sent as makes no difference to its compute pool.
        cmf.statements(environment).post(body, media_type=YAML).expect_accepted()
        statements.append(body["metadata"]["name"])
    for name in statements[:-1]:
        remove(cmf, environment, name)
    with check("CMF-POOL-IN-USE", "with one statement left it still answers 409"):
        kept = is_kept(cmf, environment, used, statements[-1])
    if not kept:
        return
    with check("CMF-POOL-IN-USE", "with one statement left it is still read and listed as before"):
        require_kept("after a refused DELETE")
    if pools.get(used).status == 404:
        return  # what is gone can't be released any more
    remove(cmf, environment, statements[-1])
    with check("CMF-POOL-RELEASED", "once the last statement is gone it can be deleted"):
        eventually(lambda: pools.delete(used).expect_accepted(), within=cmf.limits.settle)
        pools.get(used).expect_absent()
        require(used not in pools.names(), "it is still listed", expected="not listed")


@requirement("CMF-POOL-IN-USE")
def test_pool_of_a_statement_that_did_not_run(cmf: Cmf, check: Checks, environment: str) -> None:
    ground = prepare(COMPUTE_POOL, cmf, environment)
    variants: dict[str, dict[str, Any]] = {
        "was created stopped": {"stopped": True},
        "does not compile": {"sql": "SELECT FROM WHERE;"},
    }
    for what, fields in variants.items():
        used, name = pool(ground), cmf.name("stmt")
        answer = cmf.statements(environment).post(bodies.statement(name, cmf.features, pool=used, **fields))
        if answer.status != 200 or cmf.statements(environment).get(name).status != 200:
            continue
        with check("CMF-POOL-IN-USE", f"the compute pool of a statement that {what} can't be deleted"):
            if is_kept(cmf, environment, used, name):
                ground.collection.get(used).expect(200)
    check.nothing_to_judge(
        "CMF-POOL-IN-USE", "the target may refuse such statements, or take their compute pool for unused"
    )


@requirement("CMF-POOL-GET")
def test_cluster_spec_is_kept_whole(cmf: Cmf, check: Checks, environment: str) -> None:
    pools = cmf.compute_pools(environment)
    body = bodies.compute_pool(cmf.name("deep"), cmf.features)
    workers = body["spec"]["clusterSpec"]["taskManager"]
    workers["podTemplate"] = PODS
    if pools.post(body).status not in {200, 201}:
        check.nothing_to_judge("CMF-POOL-GET", "the target refuses a template of pods, as it may")
        return
    with check("CMF-POOL-GET", "a deep cluster spec with false, an empty list and an empty object"):
        read = pools.get(body["metadata"]["name"]).expect(200).body
        require_contains(optional(read, "spec"), body["spec"], "the spec")
        volumes = optional(read, "spec", "clusterSpec", "taskManager", "podTemplate", "spec", "volumes") or []
        kept = any(isinstance(optional(one, "emptyDir"), dict) for one in volumes)
        require(kept, "the empty object is gone", expected="emptyDir: {}", got=repr(volumes))


@requirement("CMF-POOL-RELEASED")
def test_namesakes_and_neighbours_keep_no_pool(
    cmf: Cmf, check: Checks, environment: str, other_environment: str
) -> None:
    here, there = prepare(COMPUTE_POOL, cmf, environment), prepare(COMPUTE_POOL, cmf, other_environment)
    shared = pool(here)
    there.collection.post(there.variant(shared, 2)).needed()
    name = statement(cmf, other_environment, shared)
    longer = lookalikes.longer(shared)
    here.collection.post(here.variant(longer, 3)).needed()
    statement(cmf, environment, longer)
    with check(
        "CMF-POOL-RELEASED",
        "a statement of another environment, and one in a pool of a longer name, keep nothing",
    ):
        here.collection.delete(shared).expect_accepted()
        here.collection.get(shared).expect_absent()
    with check("CMF-POOL-RELEASED", "and what they use is still there"):
        there.collection.get(shared).expect(200)
        here.collection.get(longer).expect(200)
        require_equal(
            cmf.statements(other_environment).get(name).expect(200).at("spec", "computePoolName"),
            shared,
            "its pool",
        )


@requirement("CMF-POOL-RELEASED", "CMF-POOL-IN-USE")
def test_refused_statements_keep_no_pool(cmf: Cmf, check: Checks, environment: str) -> None:
    ground = prepare(COMPUTE_POOL, cmf, environment)
    wanted, other = pool(ground), pool(ground, number=2)
    name = statement(cmf, environment, other)
    again = bodies.statement(name, cmf.features, pool=wanted)
    conflict = cmf.statements(environment).post(again)
    invalid = STATEMENT.collection(cmf, environment).post({**again, "metadata": {"name": f"{name}_A"}})
    if conflict.status < 400 or invalid.status < 400:
        for rule in ("RELEASED", "IN-USE"):
            check.nothing_to_judge(
                f"CMF-POOL-{rule}", "the target accepts what another requirement says it must refuse"
            )
        return
    with check("CMF-POOL-RELEASED", "a statement that was refused keeps no compute pool"):
        ground.collection.delete(wanted).expect_accepted()
    with check("CMF-POOL-IN-USE", "beside one that was refused, one that exists keeps its compute pool"):
        is_kept(cmf, environment, other, name)
