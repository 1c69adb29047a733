"""Content: what is no resource, of no documented media type or hostile is refused, and stores nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from conformance.contract.media import JSON, MEDIA_TYPES, YAML, write
from conformance.expectations import require, require_equal
from conformance.kinds import SECRET, SECRET_MAPPING, STATEMENT, Ground, Kind
from conformance.runner.plugin import Checks
from conformance.scenario import kind_param, kinds, requirement
from conformance.target.cmf import Cmf, Collection

# Parsers in use differ in what follows a whole JSON value, and in aliases that nothing is an anchor of.
SPOILT: dict[str, dict[str, Callable[[str], str]]] = {
    JSON: {
        "JSON cut in half": lambda text: text[: len(text) // 2],
        "JSON with a comma missing": lambda text: text.replace(", ", " ", 1),
        "JSON with a comma too many": lambda text: f"{text[:-1]},}}",
        "JSON with a comment": lambda text: f"{{ /* a comment */ {text[1:]}",
        "JSON in single quotes": lambda text: text.replace('"', "'"),
        "nothing": lambda _text: "",
    },
    YAML: {
        "YAML with a tab for indentation": lambda text: f"{text}extra:\n\t- a\n",
        "YAML with an open bracket": lambda text: f"{text}extra: [a, b\n",
        "nothing": lambda _text: "",
    },
}
UNKNOWN_TYPES = ("text/plain", "application/xml", "application/octet-stream")


def unreadable(body: Callable[[], dict[str, Any]]) -> Iterator[tuple[str, bytes, str]]:
    """What can't be parsed, made of legal bodies: what it is, its text, and its media type."""
    for media_type, spoilt in SPOILT.items():
        for what, spoil in spoilt.items():
            text = json.dumps(body()) if media_type == JSON else write(body(), YAML).decode()
            yield what, spoil(text).encode(), media_type


def no_objects(body: Callable[[], dict[str, Any]], text: str) -> Iterator[tuple[str, bytes, str]]:
    """What is no object, in each media type."""
    for media_type in MEDIA_TYPES:
        for what, value in (
            ("an array", [body()]),
            ("a string", text),
            ("an empty string", ""),
            ("a number", 42),
            ("a boolean", True),
            ("null", None),
        ):
            yield what, write(value, media_type), media_type


@requirement("CMF-CONTENT-MALFORMED", "CMF-CONTENT-NOT-OBJECT", "CMF-CONTENT-MEDIA-TYPE")
@kinds()
def test_what_is_no_resource(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    ground = ground.unplanted  # a refusal may quote the place where a body can't be parsed
    legal = ground.body(cmf.name("control"))
    collection.post(legal).needed()
    tried: list[str] = []

    def body() -> dict[str, Any]:
        name = cmf.name("malformed")
        tried.append(name)
        return ground.body(name)

    def refuse(rule: str, what: str, content: bytes, media_type: str, *statuses: int) -> None:
        with check(rule, f"{what} as {media_type} in place of one {kind.noun}"):
            collection.post(content=content, media_type=media_type).expect_refused(*statuses)

    for broken in unreadable(body):
        refuse("CMF-CONTENT-MALFORMED", *broken)
    for other in no_objects(body, cmf.name("text")):
        refuse("CMF-CONTENT-NOT-OBJECT", *other)
    for media_type in UNKNOWN_TYPES:
        refuse("CMF-CONTENT-MEDIA-TYPE", "the right JSON", write(body(), JSON), media_type, 415)
        unwanted = tried.pop()
        collection.get(unwanted)
    with check("CMF-CONTENT-MALFORMED", f"none of them created one {kind.noun}"):
        created = [name for name in collection.names() if name in tried]
        require(not created, "a refused body created a resource", expected="none", got=", ".join(created))


UPDATED = {STATEMENT: "CMF-STMT-UPDATE-BODY", SECRET: "CMF-SECRET-BODY", SECRET_MAPPING: "CMF-MAP-BODY"}


@requirement("CMF-CONTENT-MALFORMED", "CMF-CONTENT-NOT-OBJECT", "CMF-CONTENT-MEDIA-TYPE")
@pytest.mark.parametrize("kind", [kind_param(kind, requirement(rule)) for kind, rule in UPDATED.items()])
def test_what_is_no_update(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    ground, name, rule = ground.unplanted, cmf.name("control"), UPDATED[kind]
    legal = ground.body(name)
    collection.post(legal).needed()
    before = kind.view(collection.get(name).needed(200).body)
    # A statement may not be updated in every phase, whatever with.
    busy = (409,) if kind is STATEMENT else ()

    def refuse(rules: tuple[str, ...], what: str, content: bytes, media_type: str, *statuses: int) -> None:
        answer = collection.put(name, content=content, media_type=media_type)
        for each in rules:
            with check(each, f"an update with {what} as {media_type} of one {kind.noun}"):
                answer.expect_refused(*statuses, *busy)

    for broken in unreadable(lambda: legal):
        refuse((rule, "CMF-CONTENT-MALFORMED"), *broken)
    for other in no_objects(lambda: legal, name):
        refuse((rule, "CMF-CONTENT-NOT-OBJECT"), *other)
    for media_type in UNKNOWN_TYPES:
        refuse(("CMF-CONTENT-MEDIA-TYPE",), "the right JSON", write(legal, JSON), media_type, 415)
    with check(rule, f"none of them changed one {kind.noun}"):
        require_equal(kind.view(collection.get(name).expect(200).body), before, f"the {kind.noun}")


@requirement("CMF-CONTENT-CHARSET")
@kinds()
def test_charset_parameter(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    for media_type in (
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
    ):
        name = cmf.name("charset")
        stores = {"a new": collection.post}
        if kind in {SECRET, SECRET_MAPPING}:
            stores["an updated"] = partial(collection.put, name)
        for what, store in stores.items():
            body = ground.marked(name, {"a": f"é {what}"})
            with check("CMF-CONTENT-CHARSET", f"a body sent as {media_type} for {what} {kind.noun}"):
                store(content=write(body, JSON), media_type=media_type).expect_accepted()
                kind.require_stored(collection.get(name).expect(200).body, body, f"the {kind.noun}: ")


@requirement("CMF-CONTENT-ACCEPT")
def test_unsupported_accept(cmf: Cmf, check: Checks, environment: str, suspended_application: str) -> None:
    below = {"envName": environment, "appName": suspended_application}
    for operation, names in (
        ("getEnvironment", {"envName": environment}),
        ("getApplication", below),
        ("getEnvironments", {}),
    ):
        for accept in (
            "text/html",
            "application/xml",
            "image/png",
            "nonsense",
            "application/json;q=0",
            ";;;,",
            "*/",
        ):
            with check("CMF-CONTENT-ACCEPT", f"{operation} accepting only {accept}"):
                answer = cmf.call(operation, names, accept=accept).expect(200, 400, 406)
                if answer.status == 200:
                    declared = (answer.header("content-type") or "").split(";")[0].strip().lower()
                    require(
                        declared in MEDIA_TYPES,
                        "the answer is of no documented type",
                        expected=" or ".join(MEDIA_TYPES),
                        got=declared,
                    )


@requirement("CMF-CONTENT-HOSTILE")
@kinds()
def test_hostile_bodies(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    ground = ground.unplanted  # a refusal may quote the place where a body can't be parsed

    def bomb(name: str) -> bytes:
        levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9))
        return b"x0: &x0 [lol]\n" + levels.encode() + write(ground.body(name), YAML)

    def deep(name: str) -> bytes:
        inner = '{"a":' * 400 + "1" + "}" * 400
        return json.dumps(ground.marked(name, {"note": "@"})).replace('"@"', inner).encode()

    def written(name: str) -> bytes:
        return write(ground.body(name), YAML)

    hostile: dict[str, tuple[Callable[[str], bytes], str]] = {
        "YAML whose aliases multiply": (bomb, YAML),
        "YAML with an alias to itself": (lambda name: written(name) + b"self: &a [*a]\n", YAML),
        "YAML with a language tag": (lambda name: written(name) + b"extra: !!python/object/apply:time.sleep [0]\n", YAML),
        "YAML with a Java tag": (lambda name: written(name) + b"extra: !!javax.script.ScriptEngineManager []\n", YAML),
        "YAML with a binary tag": (lambda name: written(name) + b"extra: !!binary aGVsbG8=\n", YAML),
        "YAML with keys that are no strings": (lambda name: written(name) + b"? [a, b]\n: c\n1: d\n", YAML),
        "two YAML documents": (lambda name: written(name) + b"---\n" + written(name), YAML),
        "a byte order mark": (lambda name: b"\xef\xbb\xbf" + write(ground.body(name), JSON), JSON),
        "invalid UTF-8": (lambda name: write(ground.marked(name, {"note": "@"}), JSON).replace(b"@", b"\xff\xfe"), JSON),
        "a lone surrogate": (lambda name: write(ground.marked(name, {"note": "@"}), JSON).replace(b"@", b"\\ud800"), JSON),
        "an escaped NUL": (lambda name: write(ground.marked(name, {"note": "@"}), JSON).replace(b"@", b"\\u0000"), JSON),
        "400 nested objects": (deep, JSON),
        "NaN": (lambda name: write(ground.body(name), JSON)[:-1] + b', "extra": NaN}', JSON),
        "a number beyond all bounds": (lambda name: write(ground.body(name), JSON)[:-1] + b', "extra": 1e999999}', JSON),
        "a long integer": (lambda name: write(ground.body(name), JSON)[:-1] + b', "extra": ' + b"9" * 5000 + b"}", JSON),
        "200 kB of text": (lambda name: write(ground.marked(name, {"note": "x" * 200_000}), JSON), JSON),
    }  # fmt: skip
    collection.post(ground.body(cmf.name("control"))).needed()
    for what, (content, media_type) in hostile.items():
        name = cmf.name("hostile")
        with check("CMF-CONTENT-HOSTILE", f"{what} in one {kind.noun}"):
            answer = collection.post(content=content(name), media_type=media_type).expect(
                kind.created, 400, 413, 415, 422
            )
            read = collection.get(name)
            if answer.status >= 400:
                read.expect_absent()
            else:
                read.expect(200)
            collection.list(size=5).expect(200).items  # noqa: B018 - it can still be read
        if answer.status < 400:
            collection.delete(name)  # what one representation has no word for is not to stand in other lists
