"""Secrets and secret mappings: updated by PUT, and nothing else with them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from conformance.contract import timestamps
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import eventually, optional, require, require_equal
from conformance.kinds import SECRET, SECRET_MAPPING, Ground, Kind
from conformance.kinds import ground as prepare
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import each_kind
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

BOTH = (SECRET, SECRET_MAPPING)


@pytest.fixture
def second(kind: Kind, cmf: Cmf, run: RunContext, ground: Ground) -> Ground:
    """Where bodies with other content than those of ``ground`` come from: other data, another secret."""
    data = run.canaries.data("second")
    if kind is SECRET:
        return replace(ground, data=data)
    secrets = prepare(SECRET, cmf, "", data)
    name = cmf.name("second")
    secrets.collection.post(secrets.body(name)).needed()
    return replace(ground, references={"secrets": name}, data=data)


def created(ground: Ground, number: int = 1, word: str = "put") -> tuple[str, dict[str, Any]]:
    """The name and the body of a new resource."""
    name = ground.cmf.name(word)
    body = ground.variant(name, number)
    ground.collection.post(body).needed()
    return name, body


@each_kind("UPDATE", "LIST", kinds=BOTH)
def test_update(
    kind: Kind,
    cmf: Cmf,
    check: Checks,
    ground: Ground,
    second: Ground,
    collection: Collection,
    other_environment: str,
) -> None:
    (name, first), (neighbour, _) = created(ground, 1), created(ground, 2)
    namesake = kind.collection(cmf, other_environment)
    if kind.scoped:
        namesake.post(ground.variant(name, 9)).needed()
    beside, elsewhere = collection.get(neighbour).needed(200).body, namesake.get(name).needed(200).body
    sent = [
        ("with other content", second.variant(name, 3), JSON),
        ("back to what it was", first, YAML),
        ("with other content again", second.variant(name, 4), YAML),
        ("with other labels and annotations alone", second.variant(name, 5), JSON),
        ("with the same as before", second.variant(name, 5), JSON),
        ("with other content alone", ground.variant(name, 5), JSON),
    ]

    def require_as_alone() -> None:
        alone = collection.get(name).expect(200).body
        kind.require_same(collection.item(name), alone, f"in the list, the {kind.noun}: ")

    for number, (what, body, media_type) in enumerate(sent, start=1):
        answer = collection.put(name, body, media_type=media_type)
        with check(kind.rule("UPDATE"), f"update {number}, {what}, as {media_type}, answers 200"):
            answer.expect(200)
            kind.require_stored(answer.body, body, "the answer: ")
        for read in (JSON, YAML):
            with check(
                kind.rule("UPDATE"), f"update {number}, {what}, as {media_type}, holds, read as {read}"
            ):
                kind.require_stored(
                    collection.get(name, accept=read).expect(200).body, body, f"the {kind.noun}: "
                )
        with check(kind.rule("UPDATE"), f"update {number} shows in the list, where it is still once"):
            kind.require_stored(collection.item(name), body, f"in the list, the {kind.noun}: ")
        # After each, since a later update may bring back what an earlier one changed elsewhere.
        with check(kind.rule("UPDATE"), f"after update {number} another {kind.noun} is as it was"):
            kind.require_same(collection.get(neighbour).expect(200).body, beside, "the neighbour: ")
        if kind.scoped:
            with check(
                kind.rule("UPDATE"), f"after update {number} a namesake in another environment is as it was"
            ):
                kind.require_same(namesake.get(name).expect(200).body, elsewhere, "the namesake: ")
    with check(kind.rule("LIST"), "after updates the list shows the values that are read of it alone"):
        eventually(require_as_alone, within=cmf.limits.settle)


@each_kind("REPLACE", kinds=BOTH)
def test_update_replaces(kind: Kind, check: Checks, ground: Ground, collection: Collection) -> None:
    name, first = created(ground)
    for part, media_type in itertools.product(("labels", "annotations"), MEDIA_TYPES):
        collection.put(name, first).needed(200, 201, 204)
        kept = {key: value for key, value in first["metadata"].items() if key != part}
        collection.put(name, {**first, "metadata": kept}, media_type=media_type).needed(200, 201, 204)
        with check(kind.rule("REPLACE"), f"{part} left out of an update as {media_type} are gone"):
            left = optional(collection.get(name).expect(200).body, "metadata", part) or {}
            back = [key for key in first["metadata"][part] if key in left]
            require(not back, f"{part} are still there", expected="none", got=", ".join(back))
        one = dict(list(first["metadata"][part].items())[:1])
        collection.put(name, first).needed(200, 201, 204)
        shorter = {**first, "metadata": {**kept, part: one}}
        collection.put(name, shorter, media_type=media_type).needed(200, 201, 204)
        with check(kind.rule("REPLACE"), f"one of the {part} left out of an update as {media_type} is gone"):
            left = optional(collection.get(name).expect(200).body, "metadata", part) or {}
            back = [key for key in first["metadata"][part] if key in left and key not in one]
            require(not back, f"some {part} are still there", expected="none", got=", ".join(back))
        none = {**first, "metadata": {**kept, part: {}}}
        if collection.put(name, none, media_type=media_type).status >= 300:
            continue
        with check(kind.rule("REPLACE"), f"after an update as {media_type} with no {part} none are left"):
            left = optional(collection.get(name).expect(200).body, "metadata", part) or {}
            back = [key for key in one if key in left]
            require(not back, f"{part} are still there", expected="none", got=", ".join(back))


@each_kind("CREATED-KEPT", "UPDATED-MOVES", kinds=BOTH)
def test_marks_of_an_update(
    kind: Kind, check: Checks, ground: Ground, second: Ground, collection: Collection
) -> None:
    name, first = created(ground)

    def marks(answer: Answer | None = None) -> dict[str, Any]:
        body = collection.get(name).needed(200).body if answer is None else answer.body
        metadata: dict[str, Any] = optional(body, "metadata") or {}
        return {key: metadata.get(key) for key in ("uid", "creationTimestamp", "updateTimestamp")}

    born = before = marks()
    time.sleep(timestamps.tick(before.values()))
    claimed = {"creationTimestamp": "2001-01-01T00:00:00Z", "uid": "11111111-2222-4333-8444-555555555555"}
    claiming = second.variant(name, 4)
    claiming["metadata"] = {**claiming["metadata"], **claimed}
    other, content = second.variant(name, 8), second.variant(name, 2)
    same = {"spec": content["spec"]}
    third = {**second.variant(name, 3), **same}

    def marked(labels: int, annotations: int) -> dict[str, Any]:
        parts = {"labels": labels, "annotations": annotations}
        taken = {part: second.variant(name, number)["metadata"][part] for part, number in parts.items()}
        return {**third, "metadata": {**third["metadata"], **taken}}

    for what, body, like, sent in (
        ("with other content", content, other, JSON),
        ("with other labels", third, {**other, **same}, YAML),
        ("with other labels alone", marked(5, 3), marked(6, 3), JSON),
        ("with other annotations alone", marked(5, 6), marked(5, 7), JSON),
        ("with another spec alone", ground.variant(name, 3), second.variant(name, 3), JSON),
        ("with the first content", first, other, YAML),
        ("that sends others in their place", claiming, other, JSON),
    ):
        answer = collection.put(name, body, media_type=sent)
        if body is claiming and answer.status in {400, 422}:
            continue
        answer.needed(200, 201, 204)
        after = marks()
        if born["uid"] is None and born["creationTimestamp"] is None:
            check.nothing_to_judge(
                kind.rule("CREATED-KEPT"), "the target gives neither, as the schema allows"
            )
        else:
            with check(kind.rule("CREATED-KEPT"), f"uid and creationTimestamp after an update {what}"):
                require_equal(after["uid"], born["uid"], "metadata.uid")
                _require_same_time(born["creationTimestamp"], after["creationTimestamp"])
            with check(
                kind.rule("CREATED-KEPT"), f"uid and creationTimestamp in the answer to an update {what}"
            ):
                told = marks(answer) if answer.raw else {}
                given = {part for part, value in told.items() if value is not None and born[part] is not None}
                if "uid" in given:
                    require_equal(told["uid"], born["uid"], "in the answer, metadata.uid")
                if "creationTimestamp" in given:
                    _require_same_time(born["creationTimestamp"], told["creationTimestamp"])
        earlier, later = before["updateTimestamp"], after["updateTimestamp"]
        if not isinstance(earlier, str):
            check.nothing_to_judge(
                kind.rule("UPDATED-MOVES"), "the target gives no updateTimestamp, as the schema allows"
            )
        else:
            with check(kind.rule("UPDATED-MOVES"), f"updateTimestamp after an update {what}"):
                if isinstance(later, str) and timestamps.is_same(earlier, later):
                    time.sleep(1.1)  # a clock that counts whole seconds had no chance to move
                    collection.put(name, like, media_type=sent).needed(200, 201, 204)
                    later = marks()["updateTimestamp"]
                moved = isinstance(later, str) and timestamps.is_before(earlier, later)
                require(
                    moved,
                    "the update did not move updateTimestamp",
                    expected=f"later than {earlier}",
                    got=repr(later),
                )
        before = marks()


def _require_same_time(before: Any, after: Any) -> None:
    same = before == after or (
        isinstance(before, str) and isinstance(after, str) and timestamps.is_same(before, after)
    )
    require(same, "the update changed creationTimestamp", expected=repr(before), got=repr(after))


@each_kind("UPDATE-UNKNOWN", kinds=BOTH)
def test_update_unknown(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection, other_environment: str
) -> None:
    name, body = created(ground)
    collection.put(name, body).needed(200, 201, 204)
    before = collection.get(name).needed(200).body
    never = cmf.name("never")
    rule = kind.rule("UPDATE-UNKNOWN")
    places = [
        ("a name that was never used", collection, never),
        ("more than an existing name", collection, f"{name}0"),
    ]
    if kind.scoped:
        places.append(
            ("an existing name in another environment", kind.collection(cmf, other_environment), name)
        )
        places.append(
            ("an existing name in an environment that does not exist", kind.collection(cmf, never), name)
        )
    for what, place, unknown in places:
        with check(rule, f"a PUT of {what} answers 404"):
            place.put(unknown, ground.variant(unknown, 2)).expect(404)
        with check(rule, f"a PUT of {what} creates nothing"):
            place.get(unknown).expect_absent()
            if place is not collection or not kind.scoped:
                continue
            require(unknown not in place.names(), "it is listed", expected="not listed")
    gone, _ = created(ground, 3)
    collection.delete(gone).needed(200, 202, 204)
    collection.get(gone).needed(404)
    with check(rule, f"a PUT of a deleted {kind.noun} answers 404, and does not bring it back"):
        collection.put(gone, ground.variant(gone, 2)).expect(404)
        collection.get(gone).expect_absent()
        require(gone not in collection.names(), "it is listed", expected="not listed")
    with check(rule, f"an existing {kind.noun} is as it was"):
        kind.require_same(collection.get(name).expect(200).body, before, f"the {kind.noun}: ")


@each_kind("UPDATE-NAME", kinds=BOTH)
def test_update_names_another(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, second: Ground, collection: Collection
) -> None:
    (name, _), (other, _) = created(ground, 1), created(ground, 2)
    beside, listed = collection.get(other).needed(200).body, collection.items(other)
    collection.put(name, ground.variant(name, 3)).needed(200, 201, 204)
    never = cmf.name("never")
    rule = kind.rule("UPDATE-NAME")
    for number, (what, wanted) in enumerate((("another one", other), ("an unknown one", never)), start=4):
        before = collection.get(name).needed(200).body
        body = second.variant(wanted, number)
        answer = collection.put(name, body)
        with check(rule, f"a PUT whose body names {what} is refused, or updates the {kind.noun} in the path"):
            answer.expect(200, 400, 404, 409, 422)
            now = collection.get(name).expect(200).body
            require_equal(collection.name_of(now), name, "its name")
            if answer.status == 200:
                stored = {**body, "metadata": {**body["metadata"], "name": name}}
                kind.require_stored(now, stored, f"the {kind.noun}: ")
            else:
                kind.require_same(now, before, f"after a refused update, the {kind.noun}: ")
            collection.item(name)
        with check(rule, f"a PUT whose body names {what} changes no other {kind.noun}, and creates none"):
            kind.require_same(collection.get(other).expect(200).body, beside, f"the other {kind.noun}: ")
            kind.require_listed(collection.items(other), listed, f"the other {kind.noun}")
            collection.get(never).expect_absent()


Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def _in(part: str, **fields: Any) -> Spoil:
    return lambda body: {**body, part: {**body[part], **fields}}


WRONG: dict[str, Spoil] = {
    "no apiVersion": lambda body: {key: value for key, value in body.items() if key != "apiVersion"},
    "no kind": lambda body: {key: value for key, value in body.items() if key != "kind"},
    "a list as apiVersion": lambda body: {**body, "apiVersion": ["cmf.confluent.io/v1"]},
    "an object as kind": lambda body: {**body, "kind": {}},
    "a string as metadata": lambda body: {**body, "metadata": "name: x"},
    "an object as name": _in("metadata", name={}),
    "a list as labels": _in("metadata", labels=["a"]),
    "an object as label": _in("metadata", labels={"a": {"b": "c"}}),
    "a list as annotations": _in("metadata", annotations=["a"]),
    "a list as spec": lambda body: {**body, "spec": [{}]},
    "a string as spec": lambda body: {**body, "spec": "data: {}"},
}
WRONG_SPEC: dict[Kind, dict[str, Spoil]] = {
    SECRET: {
        "no spec": lambda body: {key: value for key, value in body.items() if key != "spec"},
        "a list as data": lambda body: {**body, "spec": {"data": ["a"]}},
        "a string as data": lambda body: {**body, "spec": {"data": "a: b"}},
        "an object in the data": lambda body: {**body, "spec": {"data": {"a": {"b": "c"}}}},
    },
    SECRET_MAPPING: {
        "a spec without secret name": lambda body: {**body, "spec": {}},
        "a list as secret name": lambda body: {**body, "spec": {"secretName": ["a"]}},
        "an object as secret name": lambda body: {**body, "spec": {"secretName": {}}},
    },
}
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, Spoil] = {
    "no metadata": lambda body: {key: value for key, value in body.items() if key != "metadata"},
    "no name": lambda body: {
        **body,
        "metadata": {key: value for key, value in body["metadata"].items() if key != "name"},
    },
    "an unknown property": lambda body: {**body, "unknown": True},
    "an unknown property of the spec": lambda body: {**body, "spec": {**body["spec"], "unknown": "x"}},
    "another kind": lambda body: {**body, "kind": "Deployment"},
    "another apiVersion": lambda body: {**body, "apiVersion": "apps/v1"},
}


@each_kind("BODY", "REFUSED", kinds=BOTH)
def test_invalid_updates(
    kind: Kind, check: Checks, ground: Ground, second: Ground, collection: Collection
) -> None:
    name, _ = created(ground)
    collection.put(name, ground.variant(name, 2)).needed(200, 201, 204)
    before, listed = collection.get(name).needed(200).body, collection.items(name)

    def require_unchanged(why: str) -> None:
        with check(kind.rule("REFUSED"), f"an update that is refused for {why} changes nothing"):
            kind.require_same(collection.get(name).expect(200).body, before, f"the {kind.noun}: ")

    for why, spoil in {**WRONG, **WRONG_SPEC[kind]}.items():
        answer = collection.put(name, spoil(second.variant(name, 3)))
        with check(kind.rule("BODY"), f"an update with {why} is refused"):
            answer.expect_refused()
        if answer.status >= 400:
            require_unchanged(why)
    for why, content, media_type in (
        ("JSON cut in half", b'{"apiVersion": "cmf', JSON),
        ("broken YAML", b"a: [", YAML),
        ("nothing", b"", JSON),
    ):
        answer = collection.put(name, content=content, media_type=media_type)
        with check(kind.rule("BODY"), f"an update with {why} is refused"):
            answer.expect_refused()
        require_unchanged(why)
    for why, spoil in DOUBTFUL.items():
        if collection.put(name, spoil(second.variant(name, 3))).status < 400:
            collection.put(name, ground.variant(name, 2)).needed(200, 201, 204)
            before, listed = collection.get(name).needed(200).body, collection.items(name)
        else:
            require_unchanged(why)
    with check(kind.rule("REFUSED"), "in the list it is as it was, too"):
        kind.require_listed(collection.items(name), listed, f"the {kind.noun}")
