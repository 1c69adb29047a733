"""Content: JSON and YAML mean the same, and text and types are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import yaml

from conformance import bodies, views
from conformance.contract.media import JSON, MEDIA_TYPES, YAML, write
from conformance.expectations import eventually, field, optional, require, require_contains, require_equal
from conformance.kinds import (
    APPLICATION,
    CREATED_ONCE,
    ENVIRONMENT,
    KINDS,
    SECRET,
    SECRET_MAPPING,
    STATEMENT,
    UPSERTED,
    Ground,
    Kind,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import each_kind, kinds, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

UNICODE = {
    "accents": "naïve café, Ærøskøbing",
    "scripts": "Ελληνικά кириллица עברית العربية 日本語 한국어 ไทย",
    "combining": "e\u0301 n\u0303 (not composed)",
    "astral": "\U0001f600 \U0001d11e \U00020000",
    "quotes": "\"double\" 'single' `back` \\back\\slash\\",
    "breaks": "one\ntwo\n\nfour\ttab",
    "spaces": "  leading and trailing  ",
    "yaml": "key: value # no comment, - no item, {no: map}, [no, list], &no *no !no | > % @",
    "joiners": "zero\u200bwidth \u00a0no-break \ufeffmark",
}
KEYS = dict.fromkeys(
    (
        "snake_case_key",
        "kebab-case-key",
        "camelCaseKey",
        "PascalCaseKey",
        "UPPER_CASE_KEY",
        "dotted.key",
        "dotted.key.below",
        "dotted.CamelCase.under_score",
        "a",
        "trailing1",
    ),
    "value",
)
SCALARS = {
    f"key{number}": text
    for number, text in enumerate(
        (
            "yes", "no", "on", "off", "true", "False", "null", "~", "1", "1.10", "-0", "0123", "0x1F", "0o17", "1e3", "1_000",
            "12:30:00", "2025-03-31", "2025-03-31T11:34:01Z", ".inf", ".nan", "=", "<<", "y", "N", "",
        )
    )
}  # fmt: skip
PODS: dict[str, Any] = {
    "spec": {
        "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": bodies.PREFERRED}}
    }
}
"""A template of pods that is as deep as legal ones get."""
TYPES: dict[str, Any] = {
    "spec": {
        "job": {"parallelism": 3, "allowNonRestoredState": False},
        "jobManager": {"resource": {"cpu": 0.1, "memory": "1g"}, "replicas": 2},
        "taskManager": {"resource": {"cpu": 2.25}},
        "podTemplate": {
            "spec": {
                **PODS["spec"],
                "containers": [{"name": "flink-main-container", "args": ["a", "b"], "env": []}],
            }
        },
    }
}
SCRATCH = {"spec": {"podTemplate": {"spec": {"volumes": [{"name": "scratch", "emptyDir": {}}]}}}}
"""Defaults in which an empty object is the kind of a volume."""
POOL: dict[str, Any] = {
    "spec": {"clusterSpec": {"taskManager": {"resource": {"cpu": 1.5, "memory": "1g"}, "replicas": 2}}}
}


def held_in_both(kind: Kind, collection: Collection, body: dict[str, Any], what: str) -> None:
    """Post a body in each representation, and read it in each: it is the same every time."""
    name = body["name"] if kind is ENVIRONMENT else body["metadata"]["name"]
    for sent in MEDIA_TYPES:
        collection.post(body, media_type=sent).expect_accepted()
        for read in MEDIA_TYPES:
            answer = collection.get(name, accept=read).expect(200)
            require_contains(answer.body, body, f"{what}, sent as {sent}, read as {read}: ")


def text_in_both(ground: Ground, text: dict[str, str], what: str) -> None:
    """Store text in each representation, by every operation that stores, and read it in each."""
    kind, collection = ground.kind, ground.collection
    if kind.upsert:
        held_in_both(kind, collection, ground.marked(ground.cmf.name("text"), text), what)
        return
    for sent in MEDIA_TYPES:
        name = ground.cmf.name("text")
        body = ground.marked(name, text)
        collection.post(body, media_type=sent).expect_accepted()
        for read in MEDIA_TYPES:
            stored = collection.get(name, accept=read).expect(200).body
            kind.require_stored(stored, body, f"{what}, sent as {sent}, read as {read}: ")
        if kind not in {SECRET, SECRET_MAPPING}:
            continue
        collection.put(name, ground.body(name)).expect_accepted()
        collection.put(name, body, media_type=sent).expect_accepted()
        stored = collection.get(name, accept=sent).expect(200).body
        kind.require_stored(stored, body, f"{what}, sent as {sent} in an update: ")


@requirement("CMF-CONTENT-UNICODE")
@kinds()
def test_text_is_kept(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    collection.post(ground.body(cmf.name("text"))).needed()
    texts = (
        {what: {"note": text} for what, text in UNICODE.items()} if kind.upsert else {"every text": UNICODE}
    )
    for what, text in texts.items():
        with check("CMF-CONTENT-UNICODE", f"{what} in one {kind.noun}"):
            text_in_both(ground, text, what)
    if kind is ENVIRONMENT:
        with check("CMF-CONTENT-UNICODE", "configuration keys outside ASCII in an environment"):
            part = {"detached": {"flinkConfiguration": {"clé-ключ-鍵": "value"}}}
            held_in_both(
                kind,
                collection,
                bodies.environment(cmf.name("text"), cmf.features, statementDefaults=part),
                "a key",
            )
    with check("CMF-CONTENT-UNICODE", f"JSON with every character escaped in one {kind.noun}"):
        body = ground.marked(cmf.name("text"), {"note": UNICODE["scripts"] + UNICODE["astral"]})
        collection.post(content=json.dumps(body, ensure_ascii=True).encode()).expect_accepted()
        name = body["name"] if kind is ENVIRONMENT else body["metadata"]["name"]
        kind.require_stored(collection.get(name).expect(200).body, body, "the escaped text: ")


@each_kind("GET", kinds=KINDS)
def test_keys_are_kept(kind: Kind, check: Checks, ground: Ground) -> None:
    with check(kind.rule("GET"), f"keys of every shape in one {kind.noun}"):
        text_in_both(ground, KEYS, "a key")


@requirement("CMF-CONTENT-SCALARS")
@kinds()
def test_strings_stay_strings(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    with check("CMF-CONTENT-SCALARS", f"strings that look like other types in one {kind.noun}"):
        text_in_both(ground, SCALARS, "a string")
    if kind is ENVIRONMENT:
        with check("CMF-CONTENT-SCALARS", "strings that look like other types in statement defaults"):
            part = {
                "detached": {"flinkConfiguration": SCALARS},
                "interactive": {"flinkConfiguration": SCALARS},
            }
            body = bodies.environment(cmf.name("scalar"), cmf.features, statementDefaults=part)
            held_in_both(kind, collection, body, "a string")


@requirement("CMF-CONTENT-TYPES")
def test_types_are_kept(cmf: Cmf, check: Checks, environment: str) -> None:
    with check("CMF-CONTENT-TYPES", "numbers, booleans, lists and objects in the defaults of an environment"):
        body = bodies.environment(
            cmf.name("types"), cmf.features, flinkApplicationDefaults=TYPES, computePoolDefaults=POOL
        )
        held_in_both(ENVIRONMENT, cmf.environments, body, "a value")
    for sent in MEDIA_TYPES:
        with check("CMF-CONTENT-TYPES", f"an empty object in the defaults of an environment, sent as {sent}"):
            body = bodies.environment(cmf.name("empty"), cmf.features, flinkApplicationDefaults=SCRATCH)
            cmf.environments.post(body, media_type=sent).expect_accepted()
            read = cmf.environments.get(body["name"]).expect(200).body
            volumes = field(read, "flinkApplicationDefaults", "spec", "podTemplate", "spec", "volumes")
            listed = volumes if isinstance(volumes, list) else []
            kept = any(isinstance(optional(one, "emptyDir"), dict) for one in listed)
            require(kept, "the empty object is gone", expected="emptyDir: {}", got=repr(volumes))
    with check("CMF-CONTENT-TYPES", "numbers in the spec of an application"):
        body = bodies.application(cmf.name("types"), cmf.features, parallelism=4)
        body["spec"]["jobManager"]["resource"]["cpu"] = 0.1
        body["spec"]["taskManager"]["resource"]["cpu"] = 2.25
        held_in_both(APPLICATION, cmf.applications(environment), body, "a value")
    body = bodies.changed(bodies.application(cmf.name("deep"), cmf.features), podTemplate=PODS)
    if cmf.applications(environment).post(body).status == APPLICATION.created:
        with check("CMF-CONTENT-TYPES", "a deep template of pods in the spec of an application"):
            read = cmf.applications(environment).get(body["metadata"]["name"]).expect(200).body
            require_contains(read, body, "the application")


@requirement("CMF-CONTENT-YAML-BODY")
@kinds()
def test_yaml_bodies(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    def bodies_of(stem: str, note: str, tier: str) -> Iterator[dict[str, Any]]:
        for each in ("json", "yaml"):
            body = ground.marked(f"{stem}-{each}", {"note": note, "number": "7", "key.with.dots": "one"})
            if "metadata" in body:
                body["metadata"]["labels"] = {"tier": tier, "number": "7"}
            yield body

    def require_twins(stem: str) -> None:
        stored = kind.view(collection.get(f"{stem}-json").expect(200).body)
        twin = kind.view(collection.get(f"{stem}-yaml").expect(200).body)
        (sent, _) = bodies_of(stem, "", "")
        require_equal(_anonymous(twin, sent), _anonymous(stored, sent), "the YAML twin")

    def twins(text_of: Callable[[dict[str, Any]], str], what: str) -> None:
        stem = cmf.name("twin")
        as_json, as_yaml = bodies_of(stem, "Same", "Gold")
        collection.post(as_json).needed()
        with check("CMF-CONTENT-YAML-BODY", f"one {kind.noun} as {what} is stored like its JSON twin"):
            collection.post(content=text_of(as_yaml).encode(), media_type=YAML).expect_accepted()
            require_twins(stem)
        if kind not in (*UPSERTED, SECRET, SECRET_MAPPING):
            return
        as_json, as_yaml = bodies_of(stem, "Other", "Silver")
        update = collection.post if kind.upsert else partial(collection.put, f"{stem}-json")
        update(as_json).needed()
        update = collection.post if kind.upsert else partial(collection.put, f"{stem}-yaml")
        with check("CMF-CONTENT-YAML-BODY", f"an update of one {kind.noun} as {what} is, too"):
            update(content=text_of(as_yaml).encode(), media_type=YAML).expect_accepted()
            require_twins(stem)

    twins(lambda body: write(body, YAML).decode(), "YAML")
    twins(lambda body: f"---\n{_yaml(body)}...\n", "YAML with document markers")
    twins(lambda body: f"# a comment\n{_yaml(body, flow=True)}", "YAML in flow style with a comment")
    twins(lambda body: json.dumps(body, indent=2, ensure_ascii=False), "JSON declared as YAML, which it is")


def _yaml(body: dict[str, Any], *, flow: bool = False) -> str:
    """A body as PyYAML writes it, without aliases, which not every reader takes."""
    unshared = json.loads(json.dumps(body))
    return str(yaml.safe_dump(unshared, default_flow_style=flow))


def _anonymous(view: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """A view without what tells one resource from the next, labels and annotations of the target's own among it."""
    own = {"name", "uid", "created_time", "updated_time", "creationTimestamp"}
    plain = {key: value for key, value in view.items() if key not in own}
    if isinstance(plain.get("metadata"), dict):
        plain["metadata"] = {key: value for key, value in plain["metadata"].items() if key not in own}
        for part in ("labels", "annotations"):
            texts, ours = plain["metadata"].get(part), sent["metadata"].get(part) or {}
            if isinstance(texts, dict):
                plain["metadata"][part] = {key: value for key, value in texts.items() if key in ours}
    return plain


@requirement("CMF-CONTENT-SAME", "CMF-CONTENT-JSON", "CMF-CONTENT-YAML", "CMF-CONTENT-TYPE")
def test_json_and_yaml_answers(
    cmf: Cmf,
    check: Checks,
    environment: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held = new_environment(
        flinkApplicationDefaults=TYPES, statementDefaults={"detached": {"flinkConfiguration": SCALARS}}
    )
    application = new_application(
        environment, annotations=UNICODE, configuration=SCALARS, labels={"tier": "gold"}
    )
    below = {"envName": environment, "appName": application.name}
    calls: dict[str, tuple[str, dict[str, str], list[tuple[str, str]], Callable[[Any], Any]]] = {
        "an environment": ("getEnvironment", {"envName": held.name}, [], views.environment),
        "a list of environments": ("getEnvironments", {}, [("size", "3")], _items(views.environment)),
        "an application": ("getApplication", below, [], views.application),
        "a list of applications": (
            "getApplications",
            {"envName": environment},
            [],
            _items(views.application),
        ),
        "a list of events": ("getApplicationEvents", below, [], _items(lambda item: item)),
        "a list of instances": ("getApplicationInstances", below, [], _items(views.instance)),
    }
    for what, (operation, names, query, view) in calls.items():

        def same(
            operation: str = operation,
            names: Any = names,
            query: Any = query,
            view: Any = view,
            what: str = what,
        ) -> None:
            first = cmf.call(operation, names, query=query, accept=JSON).expect(200)
            second = cmf.call(operation, names, query=query, accept=YAML).expect(200)
            require_equal(view(second.body), view(first.body), f"as YAML, {what}")

        with check("CMF-CONTENT-SAME", f"{what} as JSON and as YAML"):
            eventually(same, within=2)
    for media_type, rule in ((JSON, "CMF-CONTENT-JSON"), (YAML, "CMF-CONTENT-YAML")):
        with check(rule, "what creating and updating answers comes as asked for"):
            for _ in range(2):
                _require_type(
                    cmf.applications(environment).post(application.body, accept=media_type).expect(201),
                    media_type,
                )
                _require_type(
                    cmf.environments.post(held.body, accept=media_type).expect_accepted(), media_type
                )
        with check(rule, "what suspending answers comes as asked for"):
            answer = cmf.suspend(environment, application.name, accept=media_type)
            if answer.status == 200:
                _require_type(answer, media_type)
    with check("CMF-CONTENT-TYPE", "whatever is accepted, the answer is of a documented type"):
        for accept in (
            None,
            "*/*",
            "application/*",
            "application/yaml;q=0.5, application/json",
            "text/html, */*;q=0.1",
        ):
            answer = cmf.call("getEnvironment", {"envName": held.name}, accept=accept).expect(200)
            require_contains(answer.body, held.body, "the environment: ")


def _items(view: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    return lambda page: [view(item) for item in (page.get("items") if isinstance(page, dict) else None) or []]


def _require_type(answer: Answer, media_type: str) -> None:
    declared = (answer.header("content-type") or "").split(";")[0].strip().lower()
    require(
        declared == media_type,
        "the answer is of another media type",
        expected=media_type,
        got=declared or "nothing",
    )


@requirement("CMF-CONTENT-SAME", "CMF-CONTENT-JSON", "CMF-CONTENT-YAML")
@kinds(*CREATED_ONCE)
def test_answers_of_the_statement_family(kind: Kind, cmf: Cmf, check: Checks, ground: Ground) -> None:
    collection, names = ground.collection, [cmf.name("answer") for _ in range(3)]
    text = {**SCALARS, **UNICODE}
    for name in names:
        collection.post(ground.marked(name, text)).needed()

    def same_alone(name: str) -> None:
        first, second = (collection.get(name, accept=accept).expect(200).body for accept in MEDIA_TYPES)
        kind.require_same(second, first, f"as YAML, the {kind.noun}: ")

    def same_in_lists() -> None:
        first, second = (
            {collection.name_of(item): item for item in collection.all(accept=accept)}
            for accept in MEDIA_TYPES
        )
        for name in names:
            require(name in first and name in second, f"{name} is not in both lists", expected=name)
            kind.require_same(second[name], first[name], f"as YAML, in the list, the {kind.noun}: ")

    with check("CMF-CONTENT-SAME", f"one {kind.noun} as JSON and as YAML"):
        for name in names:
            eventually(lambda: same_alone(name), within=2)
    with check("CMF-CONTENT-SAME", f"a list of {kind.noun}s as JSON and as YAML"):
        eventually(same_in_lists, within=2)
    for media_type, rule in ((JSON, "CMF-CONTENT-JSON"), (YAML, "CMF-CONTENT-YAML")):
        with check(rule, f"what creating and updating one {kind.noun} answers comes as asked for"):
            for sent in MEDIA_TYPES:
                name = cmf.name("answer")
                body = ground.marked(name, text)
                answer = collection.post(body, media_type=sent, accept=media_type).expect_accepted()
                _require_type(answer, media_type)
                kind.require_stored(answer.body, body, f"as {media_type}, the answer: ")
                if collection.can_update:
                    answer = collection.put(name, body, media_type=sent, accept=media_type)
                    _require_updated(kind, answer, body, media_type)


def _require_updated(kind: Kind, answer: Answer, body: dict[str, Any], media_type: str) -> None:
    if kind is STATEMENT:
        # Whether it is updated in this phase, and whether that answers a body, is left to the target.
        if answer.status == 200 and answer.raw:
            _require_type(answer, media_type)
        return
    _require_type(answer.expect_accepted(), media_type)
    kind.require_stored(answer.body, body, f"as {media_type}, the answer: ")
