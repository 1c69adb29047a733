"""Secrets: what is in them is never shown again, whatever is asked and whatever goes wrong."""

from __future__ import annotations

from typing import Any

from conformance import bodies
from conformance.canary import SHAPES
from conformance.contract.media import JSON, YAML
from conformance.expectations import require
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = needs_sql

BOTH = (JSON, YAML)


def require_hidden(run: RunContext, *answers: Answer) -> None:
    """None of the answers shows a planted value."""
    for answer in answers:
        response = answer.exchange.response
        where = run.canaries.leak(response) if response else None
        require(
            where is None,
            f"the answer of {answer.exchange.operation} shows what is in a secret, {where}",
            expected="nothing of the data of any secret",
            got=f"a planted value {where}",
        )


@requirement("CMF-SECRET-HIDDEN")
def test_every_answer_about_a_secret(run: RunContext, cmf: Cmf, check: Checks) -> None:
    secrets = cmf.secrets
    for sent in BOTH:
        for shape in SHAPES:
            name = cmf.name("hidden")
            first = bodies.secret(name, {"password": run.canaries.value(shape)}, annotations={"note": "first"})
            second = bodies.secret(name, {"password": run.canaries.value(shape, "second")}, annotations={"note": "second"})
            created = secrets.post(first, media_type=sent, accept=sent).needed(200, 201)
            what = f"a {shape} value, sent as {sent}"
            with check("CMF-SECRET-HIDDEN", f"{what}: creating, reading and listing"):
                require_hidden(run, created)
                for accept in BOTH:
                    require_hidden(run, secrets.get(name, accept=accept).expect(200))
                    require_hidden(run, *secrets.pages(100, accept=accept))
            with check("CMF-SECRET-HIDDEN", f"{what}: updating, and reading and listing what was updated"):
                for accept in BOTH:
                    require_hidden(run, secrets.put(name, second, media_type=sent, accept=accept).expect(200))
                    require_hidden(run, secrets.get(name, accept=accept).expect(200))
                require_hidden(run, *secrets.pages(100, accept=sent))
            with check("CMF-SECRET-HIDDEN", f"{what}: a conflict, and reading after it"):
                for accept in BOTH:
                    require_hidden(run, secrets.post(first, media_type=sent, accept=accept).expect(409))
                    require_hidden(run, secrets.get(name, accept=accept).expect(200))


@requirement("CMF-SECRET-HIDDEN")
def test_refusals_and_deletion(run: RunContext, cmf: Cmf, check: Checks) -> None:
    secrets, name, never = cmf.secrets, cmf.name("hidden"), cmf.name("never")
    body = bodies.secret(name, run.canaries.data(), labels={"tier": "gold"})
    secrets.post(body).needed(200, 201)
    again = bodies.secret(name, run.canaries.data("second"))
    wrong: dict[str, dict[str, Any]] = {
        "no kind": {key: value for key, value in again.items() if key != "kind"},
        "an illegal name": {**again, "metadata": {"name": f"{name}_A"}},
        "a list as labels": {**again, "metadata": {"name": name, "labels": ["a"]}},
        "an unknown property": {**again, "unknown": True},
    }
    for accept in BOTH:
        for why, spoilt in wrong.items():
            with check("CMF-SECRET-HIDDEN", f"a POST and a PUT with {why}, accepting {accept}"):
                require_hidden(run, secrets.post(spoilt, accept=accept), secrets.put(name, spoilt, accept=accept))
                require_hidden(run, secrets.get(name, accept=accept).expect(200))
        with check("CMF-SECRET-HIDDEN", f"a PUT of an unknown secret, accepting {accept}"):
            unknown = bodies.secret(never, run.canaries.data("second"))
            require_hidden(run, secrets.put(never, unknown, accept=accept).expect(404), secrets.get(never, accept=accept))
    with check("CMF-SECRET-HIDDEN", "deleting, and asking for what was deleted"):
        require_hidden(run, secrets.delete(name).expect(204), secrets.get(name), secrets.delete(name), secrets.put(name, again))


@requirement("CMF-SECRET-HIDDEN")
def test_what_uses_a_secret(run: RunContext, cmf: Cmf, check: Checks, environment: str) -> None:
    secret, identifier, catalog, pool, statement = (cmf.name(word) for word in ("hidden", "secret-id", "cat", "pool", "stmt"))
    cmf.secrets.post(bodies.secret(secret, run.canaries.data())).needed(200, 201)
    mappings = cmf.secret_mappings(environment)
    with check("CMF-SECRET-HIDDEN", "mapping it, and reading and updating the mapping and its environment"):
        body = bodies.secret_mapping(identifier, secret=secret)
        require_hidden(run, mappings.post(body).expect(200), mappings.put(identifier, body).expect(200), mappings.post(body))
        require_hidden(run, cmf.environments.post(bodies.environment(environment, cmf.features)).expect(201))
        for accept in BOTH:
            require_hidden(run, mappings.get(identifier, accept=accept).expect(200), mappings.list(accept=accept).expect(200))
            require_hidden(run, cmf.environments.get(environment, accept=accept).expect(200))
            require_hidden(run, *cmf.environments.pages(100, accept=accept))
            require_hidden(run, cmf.secrets.get(secret, accept=accept).expect(200), *cmf.secrets.pages(100, accept=accept))
    with check("CMF-SECRET-HIDDEN", "a catalog whose connections look it up, and a statement in that catalog"):
        require_hidden(run, cmf.catalogs.post(bodies.catalog(catalog, secret_id=identifier)).expect(200))
        for accept in BOTH:
            require_hidden(run, cmf.catalogs.get(catalog, accept=accept).expect(200), cmf.catalogs.list(accept=accept).expect(200))
        cmf.compute_pools(environment).post(bodies.compute_pool(pool, cmf.features)).needed(200, 201)
        asked = bodies.statement(statement, cmf.features, pool=pool, sql="SHOW CATALOGS;")
        asked["spec"]["properties"] = {"sql.current-catalog": catalog, "sql.current-database": "first"}
        require_hidden(run, cmf.statements(environment).post(asked))
        require_hidden(run, cmf.statements(environment).get(statement), cmf.exceptions(environment, statement))
    with check("CMF-SECRET-HIDDEN", "trying to delete it while it is mapped"):
        require_hidden(run, cmf.secrets.delete(secret), cmf.secrets.get(secret), mappings.get(identifier))
