"""Secrets: what is in them is never shown again, whatever is asked and whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from conformance import bodies
from conformance.canary import SHAPES
from conformance.contract.media import JSON, MEDIA_TYPES, YAML, write
from conformance.expectations import Broken, require
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.running import until_phase
from conformance.scenario import needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = needs_sql


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


def unreadable(body: dict[str, Any]) -> Iterator[tuple[str, bytes, str]]:
    """A body that can't be read: why, its text, and its media type.

    It breaks far behind the data, for parsers quote the lines around the place where a text is broken.
    """
    text = {"spec": body["spec"], "padding": [f"line {number}" for number in range(40)], **body}
    yield "JSON that is cut", write(text, JSON)[:-1], JSON
    yield "YAML with an open bracket", write(text, YAML) + b"end: [a\n", YAML
    yield "another media type", write(body, JSON), "text/plain"


@requirement("CMF-SECRET-HIDDEN")
def test_every_answer_about_a_secret(run: RunContext, cmf: Cmf, check: Checks) -> None:
    secrets = cmf.secrets
    held = [(cmf.name("hidden"), shape, sent) for sent in MEDIA_TYPES for shape in SHAPES]

    def body(name: str, shape: str, role: str) -> dict[str, Any]:
        return bodies.secret(name, {"password": run.canaries.value(shape, role)}, annotations={"note": role})

    def read_all(when: str) -> None:
        for accept in MEDIA_TYPES:
            with check("CMF-SECRET-HIDDEN", f"{when}, secrets read and listed as {accept}"):
                for name, _, _ in held:
                    require_hidden(run, secrets.get(name, accept=accept).expect_accepted())
                require_hidden(run, *secrets.pages(100, accept=accept))

    for name, shape, sent in held:
        created = secrets.post(body(name, shape, "first"), media_type=sent, accept=sent).needed()
        with check("CMF-SECRET-HIDDEN", f"a {shape} value, sent as {sent}: the answer to the creation"):
            require_hidden(run, created)
    read_all("after their creation")
    for name, shape, sent in held:
        with check(
            "CMF-SECRET-HIDDEN",
            f"a {shape} value, sent as {sent}: the answers to an update and to a conflict",
        ):
            for accept in MEDIA_TYPES:
                updated = secrets.put(name, body(name, shape, "second"), media_type=sent, accept=accept)
                require_hidden(run, updated.expect_accepted())
                require_hidden(run, secrets.post(body(name, shape, "first"), media_type=sent, accept=accept))
    read_all("after updates and conflicts")


@requirement("CMF-SECRET-HIDDEN")
def test_refusals_and_deletion(run: RunContext, cmf: Cmf, check: Checks) -> None:
    secrets, name, never = cmf.secrets, cmf.name("hidden"), cmf.name("never")
    body = bodies.secret(name, run.canaries.data(), labels={"tier": "gold"})
    secrets.post(body).needed()
    again = bodies.secret(name, run.canaries.data("second"))
    wrong: dict[str, dict[str, Any]] = {
        "no kind": {key: value for key, value in again.items() if key != "kind"},
        "an illegal name": {**again, "metadata": {"name": f"{name}_A"}},
        "a list as labels": {**again, "metadata": {"name": name, "labels": ["a"]}},
        "an unknown property": {**again, "unknown": True},
    }
    for accept in MEDIA_TYPES:
        for why, spoilt in wrong.items():
            with check("CMF-SECRET-HIDDEN", f"a POST and a PUT with {why}, accepting {accept}"):
                for sent in MEDIA_TYPES:
                    require_hidden(
                        run,
                        secrets.post(spoilt, media_type=sent, accept=accept),
                        secrets.put(name, spoilt, media_type=sent, accept=accept),
                    )
                require_hidden(run, secrets.get(name, accept=accept).expect_accepted())
        for why, content, sent in unreadable(again):
            with check("CMF-SECRET-HIDDEN", f"a POST and a PUT of {why}, accepting {accept}"):
                require_hidden(
                    run,
                    secrets.post(content=content, media_type=sent, accept=accept),
                    secrets.put(name, content=content, media_type=sent, accept=accept),
                )
        with check("CMF-SECRET-HIDDEN", f"a PUT of an unknown secret, accepting {accept}"):
            unknown = bodies.secret(never, run.canaries.data("second"))
            require_hidden(run, secrets.put(never, unknown, accept=accept), secrets.get(never, accept=accept))
    with check("CMF-SECRET-HIDDEN", "deleting, and asking for what was deleted"):
        require_hidden(
            run,
            secrets.delete(name),
            secrets.get(name),
            secrets.delete(name),
            secrets.put(name, again),
        )


@requirement("CMF-SECRET-HIDDEN")
def test_what_uses_a_secret(run: RunContext, cmf: Cmf, check: Checks, environment: str) -> None:
    secret, identifier, catalog, pool, statement = (
        cmf.name(word) for word in ("hidden", "secret-id", "cat", "pool", "stmt")
    )
    cmf.secrets.post(bodies.secret(secret, run.canaries.data())).needed()
    mappings = cmf.secret_mappings(environment)
    with check("CMF-SECRET-HIDDEN", "mapping it, and reading and updating the mapping and its environment"):
        body = bodies.secret_mapping(identifier, secret=secret)
        require_hidden(
            run,
            mappings.post(body).expect_accepted(),
            mappings.put(identifier, body).expect_accepted(),
            mappings.post(body),
        )
        require_hidden(
            run, cmf.environments.post(bodies.environment(environment, cmf.features)).expect_accepted()
        )
        for accept in MEDIA_TYPES:
            require_hidden(
                run,
                mappings.get(identifier, accept=accept).expect_accepted(),
                mappings.list(accept=accept).expect_accepted(),
            )
            require_hidden(run, cmf.environments.get(environment, accept=accept).expect_accepted())
            require_hidden(run, *cmf.environments.pages(100, accept=accept))
            require_hidden(
                run,
                cmf.secrets.get(secret, accept=accept).expect_accepted(),
                *cmf.secrets.pages(100, accept=accept),
            )
    with check(
        "CMF-SECRET-HIDDEN", "a catalog whose connections look it up, and a statement in that catalog"
    ):
        require_hidden(
            run, cmf.catalogs.post(bodies.catalog(catalog, secret_id=identifier)).expect_accepted()
        )
        for accept in MEDIA_TYPES:
            require_hidden(
                run,
                cmf.catalogs.get(catalog, accept=accept).expect_accepted(),
                cmf.catalogs.list(accept=accept).expect_accepted(),
            )
        cmf.compute_pools(environment).post(bodies.compute_pool(pool, cmf.features)).needed()
        asked = bodies.statement(statement, cmf.features, pool=pool, sql="SHOW CATALOGS;")
        asked["spec"]["properties"] = {"sql.current-catalog": catalog, "sql.current-database": "first"}
        require_hidden(run, cmf.statements(environment).post(asked))
        require_hidden(
            run, cmf.statements(environment).get(statement), cmf.exceptions(environment, statement)
        )
    with check("CMF-SECRET-HIDDEN", "a statement that fails in an environment that maps it"):
        failing, statements = cmf.name("stmt"), cmf.statements(environment)
        wrong = bodies.statement(failing, cmf.features, pool=pool, sql="SELECT FROM WHERE;")
        require_hidden(run, statements.post(wrong))
        if statements.get(failing).status == 200:
            with suppress(Broken):
                until_phase(cmf, environment, failing, "failed")
            require_hidden(
                run, statements.get(failing), statements.list(), cmf.exceptions(environment, failing)
            )
    with check("CMF-SECRET-HIDDEN", "trying to delete it while it is mapped"):
        require_hidden(run, cmf.secrets.delete(secret), cmf.secrets.get(secret), mappings.get(identifier))
