"""Compute pools, secrets, secret mappings and Kafka catalogs: bodies that are refused, and what a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.contract.media import JSON, YAML
from conformance.expectations import require
from conformance.kinds import CATALOG, COMPUTE_POOL, SECRET, SECRET_MAPPING, Ground, Kind
from conformance.runner.plugin import Checks
from conformance.scenario import each_kind
from conformance.target.cmf import Cmf, Collection

Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    """The body without one of its fields."""
    return {
        key: without(value, *path[1:]) if key == path[0] else value
        for key, value in body.items()
        if path != (key,)
    }


def having(body: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    """The body with another value in one of its fields."""
    return {**body, path[0]: having(body.get(path[0], {}), value, *path[1:]) if path[1:] else value}


def lacks(*path: str) -> Spoil:
    """A body without this field."""
    return lambda body: without(body, *path)


def has(value: Any, *path: str) -> Spoil:
    """A body with this value in this field."""
    return lambda body: having(body, value, *path)


def clustered(value: Any, *path: str) -> Spoil:
    """A catalog with this value in this field of its second cluster, or without the field for None."""

    def spoil(body: dict[str, Any]) -> dict[str, Any]:
        first, second = body["spec"]["kafkaClusters"]
        second = without(second, *path) if value is None else having(second, value, *path)
        return having(body, [first, second], "spec", "kafkaClusters")

    return spoil


WRONG: dict[str, Spoil] = {
    "no apiVersion": lacks("apiVersion"),
    "no kind": lacks("kind"),
    "no metadata": lacks("metadata"),
    "no name": lacks("metadata", "name"),
    "null as name": has(None, "metadata", "name"),
    "an object as name": has({}, "metadata", "name"),
    "a list as apiVersion": has(["cmf.confluent.io/v1"], "apiVersion"),
    "an object as kind": has({}, "kind"),
    "a string as metadata": has("name: x", "metadata"),
    "a string as spec": has("type: x", "spec"),
    "a list as spec": has([{}], "spec"),
    "a list as labels": has(["a"], "metadata", "labels"),
    "an object as label": has({"a": {"b": "c"}}, "metadata", "labels"),
    "a string as annotations": has("a: b", "metadata", "annotations"),
    "a list as annotation": has({"a": ["b"]}, "metadata", "annotations"),
}
NO_SPEC: dict[str, Spoil] = {"no spec": lacks("spec"), "null as spec": has(None, "spec")}
WRONG_SPEC: dict[Kind, dict[str, Spoil]] = {
    COMPUTE_POOL: {
        **NO_SPEC,
        "no type": lacks("spec", "type"),
        "no cluster spec": lacks("spec", "clusterSpec"),
        "an object as type": has({}, "spec", "type"),
        "a list as cluster spec": has([], "spec", "clusterSpec"),
        "a string as cluster spec": has("image: x", "spec", "clusterSpec"),
    },
    SECRET: {
        **NO_SPEC,
        "a list as data": has(["a"], "spec", "data"),
        "a string as data": has("a: b", "spec", "data"),
        "an object in the data": has({"a": {"b": "c"}}, "spec", "data"),
        "a list in the data": has({"a": ["b"]}, "spec", "data"),
    },
    SECRET_MAPPING: {
        "a spec without secret name": has({}, "spec"),
        "null as secret name": has(None, "spec", "secretName"),
        "a list as secret name": has(["a"], "spec", "secretName"),
        "an object as secret name": has({}, "spec", "secretName"),
    },
    CATALOG: {
        **NO_SPEC,
        "no schema registry": lacks("spec", "srInstance"),
        "a schema registry without connection": lacks("spec", "srInstance", "connectionConfig"),
        "a list as schema registry": has([], "spec", "srInstance"),
        "a list as connection": has(["a"], "spec", "srInstance", "connectionConfig"),
        "an object in the connection": has({"a": {"b": "c"}}, "spec", "srInstance", "connectionConfig"),
        "an object as secret id": has({}, "spec", "srInstance", "connectionSecretId"),
        "no clusters": lacks("spec", "kafkaClusters"),
        "an object as clusters": has({}, "spec", "kafkaClusters"),
        "a string among the clusters": has(["first"], "spec", "kafkaClusters"),
        "a second cluster without database name": clustered(None, "databaseName"),
        "a second cluster without connection": clustered(None, "connectionConfig"),
        "a list as connection of the second cluster": clustered([], "connectionConfig"),
        "an object as database name of the second cluster": clustered({}, "databaseName"),
    },
}
# Sent as YAML as well, of which some make text whatever it is.
AS_YAML = frozenset(
    {
        "no kind",
        "an object as label",
        "a list as annotation",
        "an object in the data",
        "a list in the data",
        "a list as secret name",
        "an object in the connection",
    }
)
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, Spoil] = {
    "an unknown property": has("x", "unknown"),
    "an unknown property of the metadata": has("x", "metadata", "unknown"),
    "an unknown property of the spec": has("x", "spec", "unknown"),
    "another kind": has("Deployment", "kind"),
    "another apiVersion": has("apps/v1", "apiVersion"),
    "a number as label": has({"a": 1}, "metadata", "labels"),
    "a uid": has("11111111-2222-4333-8444-555555555555", "metadata", "uid"),
    "no labels": has(None, "metadata", "labels"),
    "a spec that is empty": has({}, "spec"),
}


@each_kind("BODY", "REFUSED", kinds=(COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG))
def test_invalid_bodies(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    name = cmf.name("once")
    collection.post(ground.variant(name, 1)).needed()
    before = collection.get(name).needed(200).body
    refused: dict[str, str] = {}
    for why, spoil in {**WRONG, **WRONG_SPEC[kind]}.items():
        for sent in (JSON, YAML) if why in AS_YAML else (JSON,):
            fresh = cmf.name("refused")
            answer = collection.post(spoil(ground.variant(fresh, 2)), media_type=sent)
            with check(
                kind.rule("BODY"), f"{why} is refused" if sent == JSON else f"{why} as YAML is refused"
            ):
                answer.expect_refused()
            if answer.status >= 400:
                refused[fresh] = why
    doubtful = {**DOUBTFUL, **({} if kind is not SECRET_MAPPING else NO_SPEC)}
    for why, spoil in doubtful.items():
        fresh = cmf.name("doubtful")
        if collection.post(spoil(ground.variant(fresh, 2))).status >= 400:
            refused[fresh] = why
    with check(kind.rule("REFUSED"), f"none of {len(refused)} refused bodies created a {kind.noun}"):
        names = [refused[each] for each in collection.names() if each in refused]
        require(not names, f"refused for {names[:1]}, it is listed all the same", expected="not listed")
        for fresh in list(refused)[::6]:
            collection.get(fresh).expect_absent()
    with check(kind.rule("REFUSED"), f"an existing {kind.noun} is as it was"):
        kind.require_same(collection.get(name).expect(200).body, before, f"the {kind.noun}: ")
