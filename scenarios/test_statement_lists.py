"""The list of SQL statements, without filters.  Nothing here starts a pod."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, LABELS, STATEMENT_CONFIGURATION
from conformance.expectations import (
    eventually,
    optional,
    require,
    require_contains,
    require_equal,
    require_unique,
)
from conformance.paging import in_every_way
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_sql

BROKEN = "SELEC nothing FRM nowhere;"
"""SQL that no parser takes."""


@requirement("CMF-STMT-LIST", "CMF-STMT-LIST-SCOPE", "CMF-STMT-UID")
def test_list(
    cmf: Cmf,
    check: Checks,
    environment: str,
    other_environment: str,
    new_compute_pool: Callable[..., Held],
    new_statement: Callable[..., Held],
) -> None:
    longer = lookalikes.longer(environment)  # an environment whose name begins with that of the other
    cmf.environments.post(bodies.environment(longer, cmf.features)).needed()
    pools = {place: new_compute_pool(place).name for place in (environment, other_environment, longer)}
    held = [
        new_statement(
            environment,
            pools[environment],
            labels=LABELS,
            annotations=ANNOTATIONS,
            configuration=STATEMENT_CONFIGURATION,
        ),
        new_statement(environment, pools[environment]),
        new_statement(environment, pools[environment], parallelism=4),
        new_statement(environment, pools[environment], annotations={"which": "here"}),
        new_statement(environment, pools[environment], sql="SHOW CATALOGS;"),
    ]
    shared = held[3].name
    elsewhere = {
        other_environment: [
            _namesake(cmf, other_environment, pools[other_environment], shared),
            new_statement(other_environment, pools[other_environment], annotations={"which": "there"}),
        ],
        longer: [new_statement(longer, pools[longer])],
    }
    statements = cmf.statements(environment)
    names = sorted(each.name for each in held)
    foreign = {each.name for there in elsewhere.values() for each in there} - {shared}
    for size in (100, 2):
        with check("CMF-STMT-LIST", f"pages of {size} hold exactly what was created, each once"):
            mine = [
                name
                for name in require_unique(statements.names(size=size), "statement")
                if name not in foreign
            ]
            require_equal(sorted(mine), names, "the names in the list")
        with check(
            "CMF-STMT-LIST", f"on pages of {size} each is listed with the values that are read of it alone"
        ):
            for item in statements.all(size=size):
                name = statements.name_of(item)
                alone = statements.get(name).expect(200).body
                require_equal(views.statement(item), views.statement(alone), f"in the list, {name}")
    for place in (environment, other_environment):
        with check("CMF-STMT-LIST", "the list shows the phase that is read, though a namesake has another"):
            eventually(partial(_require_phases, cmf.statements(place)), within=cmf.limits.settle)
    with check("CMF-STMT-LIST-SCOPE", "no statement of another environment is listed"):
        for way, listed in in_every_way(statements):
            strange = [name for name in listed if name in foreign]
            require(
                not strange,
                f"a statement of another environment is listed, {way}",
                expected="none",
                got=", ".join(strange),
            )
        here = next((item for item in statements.all() if statements.name_of(item) == shared), None)
        require_contains(here, held[3].body, "in the list, the one of two namesakes")
    with check("CMF-STMT-LIST-SCOPE", "nor the other way round"):
        for place, there in elsewhere.items():
            for way, listed in in_every_way(cmf.statements(place)):
                require_equal(
                    sorted(listed), sorted(each.name for each in there), f"the names in the list, {way}, "
                )
            items = {cmf.statements(place).name_of(item): item for item in cmf.statements(place).all()}
            for each in there:
                require_contains(
                    items.get(each.name), each.body, "in the list of another environment, the statement"
                )
    with check("CMF-STMT-UID", "no two statements have the same uid, in one environment or in several"):
        everything = [item for place in (environment, *elsewhere) for item in cmf.statements(place).all()]
        require_unique((uid for item in everything if (uid := optional(item, "metadata", "uid"))), "uid")


def _namesake(cmf: Cmf, place: str, pool: str, name: str) -> Held:
    """A statement that comes to another phase than completed, as far as the target creates one."""
    attempts: tuple[dict[str, Any], ...] = ({"sql": BROKEN}, {"stopped": True}, {})
    for fields in attempts:
        body = bodies.statement(name, cmf.features, pool=pool, annotations={"which": "there"}, **fields)
        answer = cmf.statements(place).post(body)
        if answer.status == 200:
            break
    answer.needed(200)
    return Held(name, body)


def _require_phases(statements: Collection) -> None:
    for item in statements.all():
        alone = views.phase(statements.get(statements.name_of(item)).expect(200).body)
        listed = views.phase(item)
        require(
            None in {listed, alone} or listed == alone,
            "the phase in the list is another",
            expected=repr(alone),
            got=repr(listed),
        )


@requirement("CMF-STMT-LIST-UNKNOWN")
def test_list_of_unknown_environment(cmf: Cmf, check: Checks, environment: str) -> None:
    cmf.statements(environment).list().needed(200)
    nowhere = cmf.statements(cmf.name("never"))
    with check("CMF-STMT-LIST-UNKNOWN", "an environment that does not exist has no list"):
        nowhere.list().expect(404)
    with check("CMF-STMT-LIST-UNKNOWN", "nor has it a first page, or a filtered one"):
        nowhere.list(page=0, size=5).expect(404)
        nowhere.list(query=[("phase", "completed")]).expect(404)
        nowhere.list(query=[("compute-pool", cmf.name("pool"))]).expect(404)
