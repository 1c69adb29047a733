"""SQL statements: deleted, and created again under the same name.  Nothing here starts a pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, lookalikes
from conformance.bodies import ANNOTATIONS, LABELS, STATEMENT_CONFIGURATION
from conformance.contract import timestamps
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
from conformance.target.cmf import Cmf

pytestmark = needs_sql

BROKEN = "SELEC nothing FRM nowhere;"
"""SQL that no parser takes."""


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The body without some keys of its spec."""
    return {**body, "spec": {key: value for key, value in body["spec"].items() if key not in keys}}


@requirement("CMF-STMT-DELETE", "CMF-STMT-DELETE-UNKNOWN", "CMF-STMT-LIST")
def test_delete(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
) -> None:
    pool, pool_there = new_compute_pool(environment).name, new_compute_pool(other_environment).name
    statements, there = cmf.statements(environment), cmf.statements(other_environment)
    held, neighbour = (
        new_statement(environment, pool),
        new_statement(environment, pool, annotations=ANNOTATIONS),
    )
    longer = new_statement(environment, pool, lookalikes.longer(held.name))
    namesake = new_statement(other_environment, pool_there, held.name, annotations={"which": "there"})
    failing = bodies.statement(cmf.name("stmt"), cmf.features, pool=pool, sql=BROKEN)
    doomed = [held.name]
    if statements.post(failing).status == 200:
        doomed.append(failing["metadata"]["name"])
    for name in doomed:
        with check(
            "CMF-STMT-DELETE",
            f"a DELETE of a {'failed' if name != held.name else 'completed'} statement answers 202 or 204",
        ):
            statements.delete(name).expect(202, 204)

    def gone() -> None:
        for name in doomed:
            statements.get(name).expect(404)
        filters = [
            [],
            [("compute-pool", pool)],
            *([("phase", phase)] for phase in ("completed", "failed", "deleting")),
        ]
        for query in filters:
            back = [name for name in statements.names(query=query) if name in doomed]
            require(
                not back,
                f"a deleted statement is listed{f' with {query}' if query else ''}",
                expected="none",
                got=", ".join(back),
            )

    with check("CMF-STMT-DELETE", "afterwards it can't be read and is not listed, filtered or not"):
        eventually(gone, within=cmf.limits.settle)
    with check("CMF-STMT-DELETE", "its results and exceptions are gone too"):
        for name in doomed:
            cmf.results(environment, name).expect(404)
            cmf.exceptions(environment, name).expect(404)
    survivors = ((statements, neighbour), (statements, longer), (there, namesake))
    with check("CMF-STMT-DELETE", "its neighbours and its namesake in another environment are as they were"):
        for collection, other in survivors:
            require_contains(
                collection.get(other.name).expect(200).body, other.body, "the statement that was not deleted"
            )
    with check("CMF-STMT-LIST", "after a deletion those that were not deleted are listed"):
        require_equal(
            sorted(statements.names()), sorted([neighbour.name, longer.name]), "the names in the list"
        )
        require_equal(there.names(), [namesake.name], "the names in the list of another environment")
    nowhere = cmf.statements(cmf.name("never"))
    for where, collection, name in (
        ("a deleted statement", statements, held.name),
        ("a name that was never used", statements, cmf.name("never")),
        ("an existing name in another environment", there, neighbour.name),
        ("an existing name in an environment that does not exist", nowhere, neighbour.name),
    ):
        with check("CMF-STMT-DELETE-UNKNOWN", f"a DELETE of {where} answers 404"):
            collection.delete(name).expect(404)
    latecomer = new_statement(environment, pool)
    with check(
        "CMF-STMT-DELETE", "it does not come back when another is created, and no other has gone with it"
    ):
        gone()
        for collection, other in (*survivors, (statements, latecomer)):
            require_contains(
                collection.get(other.name).expect(200).body, other.body, "the statement that was not deleted"
            )


@requirement("CMF-STMT-RECREATE", "CMF-STMT-UID")
def test_create_again(
    cmf: Cmf,
    check: Checks,
    environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
    at_rest: Callable[[str, str], dict[str, Any]],
) -> None:
    pool, other_pool = new_compute_pool(environment).name, new_compute_pool(environment).name
    statements = cmf.statements(environment)
    fields: dict[str, Any] = {
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "configuration": STATEMENT_CONFIGURATION,
        "parallelism": 6,
    }
    name = cmf.name("stmt")
    old = bodies.statement(name, cmf.features, pool=other_pool, sql=BROKEN, **fields)
    failed = statements.post(old).status == 200
    if not failed:
        new_statement(environment, other_pool, name, **fields)
    before = at_rest(environment, name)
    statements.delete(name).needed(202, 204)
    eventually(lambda: statements.get(name).expect(404), within=cmf.limits.settle)
    bare = without(bodies.statement(name, cmf.features, pool=pool), "flinkConfiguration")
    with check("CMF-STMT-RECREATE", "the name can be used again"):
        eventually(lambda: statements.post(bare).expect(200), within=cmf.limits.settle)
    after = statements.get(name).needed(200).body
    with check("CMF-STMT-RECREATE", "nothing of the old statement is left"):
        require_contains(after, bare, "the new statement")
        for part, gone in (("labels", LABELS), ("annotations", ANNOTATIONS)):
            back = [key for key in gone if optional(after, "metadata", part, key) is not None]
            require(not back, f"{part} of the old statement are back", expected="none", got=", ".join(back))
        back = [
            key
            for key in STATEMENT_CONFIGURATION
            if optional(after, "spec", "flinkConfiguration", key) is not None
        ]
        require(not back, "configuration of the old statement is back", expected="none", got=", ".join(back))
        require(
            optional(after, "spec", "parallelism") != 6,
            "the parallelism of the old statement is back",
            expected="another",
        )
        require(statements.names() == [name], "it is not the one statement listed", expected=name)
    with check("CMF-STMT-RECREATE", "it has no exceptions of the old statement"):
        data = optional(cmf.exceptions(environment, name).expect(200).body, "data") or []
        require(
            not failed or not data, "a new statement has exceptions", expected="none", got=repr(data)[:200]
        )
    with check("CMF-STMT-RECREATE", "its creation time is not that of the old one"):
        timestamps.require_newer(
            *(optional(body, "metadata", "creationTimestamp") for body in (before, after))
        )
    with check("CMF-STMT-UID", "it has not the uid of the old statement"):
        first, second = (optional(body, "metadata", "uid") for body in (before, after))
        require(
            first is None or first != second,
            "it has the uid of the old statement",
            expected="another",
            got=repr(second),
        )
