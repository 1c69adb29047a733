"""What is sent for a statement: text and strings are kept in JSON and YAML, and what is no statement is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies, views
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import eventually, optional, require, require_contains, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

Body = dict[str, Any]
TEXTS = {
    "several lines": "SHOW TABLES\n  LIKE 'first%';",
    "empty lines and indentation": "SHOW\n\n    TABLES\n\n  LIKE\n\n'first%';",
    "blanks and line breaks around it": "\n  SHOW TABLES\n  LIKE 'first%';  \n",
    "tabs": "SHOW\tTABLES\n\tLIKE 'first%';",
    "comments": "-- which tables: all of them\nSHOW TABLES /* {no: map} */ LIKE '%';",
    "text outside ASCII": "SHOW TABLES LIKE 'Größe 日本語 עברית \U0001f600%';",
    "quotes of every kind": "SHOW TABLES LIKE '\"it''s\" `so` \\ %';",
    "what looks like YAML": "SHOW TABLES LIKE 'key: value # no comment, - no item, [a, b], {c: d}, & * ! | > %';",
    "one very long line": f"SHOW TABLES LIKE '{'long ' * 4000}%';",
}
"""All of them metadata statements; what their catalog holds does not matter."""
CHARACTERS = {
    "a line end of two characters": "SHOW TABLES LIKE 'one\r\ntwo%';",
    "a letter and its accent": "SHOW TABLES LIKE 'cafe\u0301%';",
    "a blank that does not break": "SHOW TABLES LIKE 'one\u00a0two%';",
    "a line separator": "SHOW TABLES LIKE 'one\u2028two%';",
    "a character of no width": "SHOW TABLES LIKE 'one\u200btwo%';",
}
"""What looks like something else in a literal, and is not the same."""
SCALARS = {
    f"sql.key-{number}": text
    for number, text in enumerate(
        (
            "yes", "no", "on", "true", "False", "null", "~", "1", "1.10", "0123", "0x1F", "0o17", "1e3", "1_000",
            "12:30:00", "2025-03-31", "2025-03-31T11:34:01Z", ".inf", "=", "", "  spaces  ", "a: b", "# c", "é日本語",
            "one\ntwo\n",
        )
    )
}  # fmt: skip


@requirement("CMF-STMT-TEXT")
def test_text_is_kept(cmf: Cmf, check: Checks, environment: str, compute_pool: str) -> None:
    statements = cmf.statements(environment)
    for what, sql in TEXTS.items():
        for sent in MEDIA_TYPES:
            body = bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool, sql=sql)
            answer = statements.post(body, media_type=sent)
            if answer.status in {400, 413, 422}:
                check.nothing_to_judge(
                    "CMF-STMT-TEXT",
                    f"the target refuses SQL with {what}, as it may when it does not compile or is too long",
                )
                continue
            with check("CMF-STMT-TEXT", f"SQL with {what}, sent as {sent}"):
                require_equal(answer.expect(200).at("spec", "statement"), sql, "in the answer, the text")
                other = YAML if sent == JSON else JSON
                text = (
                    statements.get(body["metadata"]["name"], accept=other).expect(200).at("spec", "statement")
                )
                require_equal(text, sql, f"read as {other}, the text")
    with check("CMF-STMT-TEXT", "the texts in the list"):
        known = set(TEXTS.values())
        for read in MEDIA_TYPES:
            strange = [
                text
                for item in statements.all(accept=read)
                if (text := optional(item, "spec", "statement")) not in known
            ]
            require(
                not strange,
                f"in the list as {read}, a text is another",
                expected="as it was sent",
                got=repr(strange[:1]),
            )
    # YAML has its own mind about some of these, so they are sent and read as JSON.
    for what, sql in CHARACTERS.items():
        body = bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool, sql=sql)
        answer = statements.post(body)
        if answer.status in {400, 422}:
            continue
        with check("CMF-STMT-TEXT", f"SQL with {what} in a literal, sent as {JSON}"):
            require_equal(answer.expect(200).at("spec", "statement"), sql, "in the answer, the text")
            stored = statements.get(body["metadata"]["name"]).expect(200)
            require_equal(stored.at("spec", "statement"), sql, f"read as {JSON}, the text")


@requirement("CMF-STMT-YAML")
def test_strings_stay_strings(cmf: Cmf, check: Checks, environment: str, compute_pool: str) -> None:
    statements = cmf.statements(environment)
    for part in ("properties", "flinkConfiguration"):
        for sent in MEDIA_TYPES:
            body = bodies.statement(cmf.name("stmt"), cmf.features, pool=compute_pool, annotations=SCALARS)
            body["spec"][part] = {**body["spec"][part], **SCALARS}
            answer = statements.post(body, media_type=sent)
            if answer.status in {400, 422}:
                check.nothing_to_judge("CMF-STMT-YAML", f"the target refuses unknown keys in {part}")
                continue
            with check("CMF-STMT-YAML", f"{part} that look like other types, sent as {sent}"):
                require_contains(answer.expect(200).body, body, "the answer")
                for read in MEDIA_TYPES:
                    stored = statements.get(body["metadata"]["name"], accept=read).expect(200).body
                    require_contains(stored, body, f"read as {read}, the statement")
                    listed = {statements.name_of(item): item for item in statements.all(accept=read)}
                    require_contains(
                        listed.get(body["metadata"]["name"]), body, f"listed as {read}, the statement"
                    )


@requirement("CMF-STMT-YAML")
def test_json_and_yaml_answers(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, new_statement: Callable[..., Held]
) -> None:
    statements = cmf.statements(environment)
    for number in range(3):
        new_statement(environment, compute_pool, annotations={"number": str(number)}, parallelism=number + 1)
    failed = bodies.statement(
        cmf.name("stmt"), cmf.features, pool=compute_pool, sql="SELEC nothing FRM nowhere;"
    )
    statements.post(failed)

    def same() -> None:
        as_json, as_yaml = (
            statements.list(size=10, accept=accept).expect(200).items for accept in MEDIA_TYPES
        )
        require_equal(_plain(as_yaml), _plain(as_json), "as YAML, the list")
        for item in as_json:
            name = statements.name_of(item)
            one, other = (statements.get(name, accept=accept).expect(200).body for accept in MEDIA_TYPES)
            require_equal(_plain([other]), _plain([one]), "as YAML, the statement")
            one, other = (
                cmf.exceptions(environment, name, accept=accept).expect(200).body for accept in MEDIA_TYPES
            )
            require_equal(
                optional(other, "data") or [], optional(one, "data") or [], "as YAML, the exceptions"
            )

    with check("CMF-STMT-YAML", "statements, their list and their exceptions as JSON and as YAML"):
        eventually(same, within=cmf.limits.settle)


def _plain(items: list[Body]) -> list[Body]:
    return [
        {**views.statement(item), "phase": views.phase(item), "traits": optional(item, "status", "traits")}
        for item in items
    ]


def in_spec(**fields: Any) -> Callable[[Body], Body]:
    """Spoils a body by fields of its spec."""
    return lambda body: {**body, "spec": {**body["spec"], **fields}}


def in_metadata(**fields: Any) -> Callable[[Body], Body]:
    """Spoils a body by fields of its metadata."""
    return lambda body: {**body, "metadata": {**body["metadata"], **fields}}


def lacks(*path: str) -> Callable[[Body], Body]:
    """Spoils a body by leaving one field out."""

    def spoil(body: Body) -> Body:
        key, *rest = path
        if rest:
            return {**body, key: lacks(*rest)(body[key])}
        return {name: value for name, value in body.items() if name != key}

    return spoil


WRONG: dict[str, Callable[[Body], Any]] = {
    "no apiVersion": lacks("apiVersion"),
    "no kind": lacks("kind"),
    "no metadata": lacks("metadata"),
    "no spec": lacks("spec"),
    "no name": lacks("metadata", "name"),
    "no statement": lacks("spec", "statement"),
    "no compute pool": lacks("spec", "computePoolName"),
    "an empty spec": lambda body: {**body, "spec": {}},
    "null as spec": lambda body: {**body, "spec": None},
    "null as metadata": lambda body: {**body, "metadata": None},
    "null as name": in_metadata(name=None),
    "null as statement": in_spec(statement=None),
    "null as compute pool": in_spec(computePoolName=None),
    "a list as apiVersion": lambda body: {**body, "apiVersion": ["cmf.confluent.io/v1"]},
    "an object as kind": lambda body: {**body, "kind": {"kind": "Statement"}},
    "a list as metadata": lambda body: {**body, "metadata": [body["metadata"]]},
    "a string as spec": lambda body: {**body, "spec": "SHOW TABLES;"},
    "a list as spec": lambda body: {**body, "spec": [body["spec"]]},
    "a list as name": lambda body: {**body, "metadata": {"name": [body["metadata"]["name"]]}},
    "a list as statement": in_spec(statement=["SHOW TABLES;"]),
    "an object as statement": in_spec(statement={"sql": "SHOW TABLES;"}),
    "an object as compute pool": lambda body: in_spec(
        computePoolName={"name": body["spec"]["computePoolName"]}
    )(body),
    "a list as compute pool": lambda body: in_spec(computePoolName=[body["spec"]["computePoolName"]])(body),
    "words as parallelism": in_spec(parallelism="many"),
    "an object as parallelism": in_spec(parallelism={"value": 1}),
    "words as stopped": in_spec(stopped="maybe"),
    "an object as stopped": in_spec(stopped={"value": False}),
}
WRONG_INSIDE: dict[str, Callable[[Body], Any]] = {
    "a string as session properties": in_spec(properties="sql.current-catalog: examples"),
    "a list as session properties": in_spec(properties=[{"sql.current-catalog": "examples"}]),
    "an object as session property": in_spec(properties={"sql.current-catalog": {"name": "examples"}}),
    "a list as Flink configuration": in_spec(flinkConfiguration=["a"]),
    "a list as Flink configuration value": in_spec(flinkConfiguration={"a": ["b"]}),
    "an object as Flink configuration value": in_spec(flinkConfiguration={"a": {"b": "c"}}),
    "a list as labels": in_metadata(labels=["a"]),
    "an object as label": in_metadata(labels={"a": {"b": "c"}}),
    "a string as annotations": in_metadata(annotations="a"),
    "a list as annotation": in_metadata(annotations={"a": ["b"]}),
}
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, Callable[[Body], Any]] = {
    "an unknown property": lambda body: {**body, "unknown": True},
    "an unknown property of the spec": in_spec(unknown=True),
    "an unknown property of the metadata": in_metadata(unknown="x"),
    "a status": lambda body: {**body, "status": {"phase": "RUNNING"}},
    "another kind": lambda body: {**body, "kind": "FlinkApplication"},
    "another apiVersion": lambda body: {**body, "apiVersion": "apps/v1"},
    "an empty text": in_spec(statement=""),
    "a blank text": in_spec(statement=" \n\t"),
    "a parallelism of 0": in_spec(parallelism=0),
    "a negative parallelism": in_spec(parallelism=-1),
    "a parallelism beyond 32 bits": in_spec(parallelism=2**31),
    "an empty name of a compute pool": in_spec(computePoolName=""),
}


@requirement("CMF-STMT-BODY", "CMF-STMT-BODY-NESTED", "CMF-STMT-REFUSED")
def test_invalid_bodies(cmf: Cmf, check: Checks, environment: str, compute_pool: str) -> None:
    statements = cmf.statements(environment)

    def body() -> Body:
        return bodies.statement(
            cmf.name("stmt"), cmf.features, pool=compute_pool, labels={"a": "b"}, parallelism=1, stopped=False
        )

    controls = [body() for _ in MEDIA_TYPES]
    for control, sent in zip(controls, MEDIA_TYPES, strict=True):
        statements.post(control, media_type=sent).needed(200)
    legal = [control["metadata"]["name"] for control in controls]
    refused: list[str] = []
    cases = [
        (rule, why, spoil, MEDIA_TYPES[number % 2])
        for rule, wrong in (("CMF-STMT-BODY", WRONG), ("CMF-STMT-BODY-NESTED", WRONG_INSIDE))
        for number, (why, spoil) in enumerate(wrong.items())
    ]
    for rule, why, spoil, sent in cases:
        spoilt = body()
        answer = statements.post(spoil(spoilt), media_type=sent)
        with check(rule, f"{why}, sent as {sent}, is refused"):
            answer.expect_refused()
        if answer.status >= 400:
            refused.append(spoilt["metadata"]["name"])
    for why, spoil in DOUBTFUL.items():
        doubtful = body()
        name = doubtful["metadata"]["name"]
        if statements.post(spoil(doubtful)).status >= 400:
            refused.append(name)
            with check("CMF-STMT-REFUSED", f"what was refused for {why} is not there"):
                statements.get(name).expect(404)
    with check("CMF-STMT-REFUSED", "no refused body created a statement"):
        listed = statements.names()
        created = [name for name in listed if name in refused]
        require(not created, "a refused body created a statement", expected="none", got=", ".join(created))
        missing = [name for name in legal if name not in listed]
        require(
            not missing,
            "statements that were accepted are not listed",
            expected=", ".join(legal),
            got=", ".join(listed),
        )
    with check("CMF-STMT-REFUSED", "a name that was refused is free"):
        for name in (*refused[:2], *refused[-2:]):
            legal_now = {**body(), "metadata": {"name": name}}
            statements.post(legal_now).expect(200)
            require_contains(statements.get(name).expect(200).body, legal_now, "the statement")
