"""Compute pools, secrets, secret mappings and Kafka catalogs: created once, read, listed, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance import bodies, lookalikes
from conformance.contract import timestamps
from conformance.contract.media import JSON, MEDIA_TYPES, YAML
from conformance.expectations import eventually, optional, require, require_equal, require_unique
from conformance.kinds import CATALOG, COMPUTE_POOL, SECRET, SECRET_MAPPING, Ground, Kind
from conformance.kinds import ground as prepare
from conformance.paging import Listed, in_every_way, in_peace
from conformance.runner.plugin import Checks
from conformance.scenario import each_kind
from conformance.target.cmf import Cmf, Collection

ALL = (COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG)
SCOPED = (COMPUTE_POOL, SECRET_MAPPING)


def created(ground: Ground, number: int = 1, word: str = "once") -> tuple[str, dict[str, Any]]:
    """The name and the body of a new resource."""
    name = ground.cmf.name(word)
    body = ground.variant(name, number)
    ground.collection.post(body).needed()
    return name, body


def elsewhere(ground: Ground, environment: str) -> Ground:
    """The same kind of resource in another environment, with what it needs there."""
    return prepare(ground.kind, ground.cmf, environment, ground.data)


@each_kind("CREATE", "GET", kinds=ALL)
def test_create_and_read(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    for sent in (JSON, YAML):
        for number in range(3):
            name = cmf.name("once")
            body = ground.variant(name, number) if number else ground.body(name)
            answer = collection.post(body, media_type=sent)
            with check(kind.rule("CREATE"), f"a new {kind.noun}, body {number} as {sent}, answers 200"):
                answer.expect(200)
                kind.require_stored(answer.body, body, "the answer: ")
            answer.needed()
            for read in (JSON, YAML):
                with check(
                    kind.rule("GET"),
                    f"{kind.noun} {number}, sent as {sent}, is read as {read} as it was sent",
                ):
                    kind.require_stored(
                        collection.get(name, accept=read).expect(200).body, body, f"the {kind.noun}: "
                    )
    first, body = created(ground, 1)
    before = collection.get(first).needed(200).body
    created(ground, 2)
    cmf.environments.post(bodies.environment(cmf.name("other"), cmf.features)).needed()
    with check(kind.rule("GET"), f"a {kind.noun} stays as it is when others are created"):
        after = collection.get(first).expect(200).body
        kind.require_stored(after, body, f"the {kind.noun}: ")
        kind.require_same(after, before, f"the {kind.noun}: ")


@each_kind("GET-UNKNOWN", kinds=ALL)
def test_read_unknown(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, other_environment: str) -> None:
    collection = ground.collection
    name, _ = created(ground)
    collection.get(name).needed(200)
    rule = kind.rule("GET-UNKNOWN")
    for accept in MEDIA_TYPES:
        with check(rule, f"a name that was never used, as {accept}"):
            collection.get(cmf.name("never"), accept=accept).expect(404)
    with check(rule, "the beginning of an existing name, and more than it"):
        collection.get(name[:-1]).expect(404)
        collection.get(f"{name}0").expect(404)
    for what, pattern in lookalikes.matched(name).items():
        with check(rule, f"an existing name with {what}"):
            collection.get(pattern).expect_absent()
    with check(rule, "an existing name in upper case"):
        collection.get(name.upper()).expect_absent()
    if kind.scoped:
        with check(rule, "an existing name in an environment that does not exist"):
            kind.collection(cmf, cmf.name("never")).get(name).expect(404)
        with check(rule, "an existing name in another environment"):
            kind.collection(cmf, other_environment).get(name).expect(404)


@each_kind("CONFLICT", kinds=ALL)
def test_conflict(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    name, body = created(ground, 1)
    others = ground.references
    if kind is SECRET_MAPPING:
        secrets = prepare(SECRET, cmf, "", ground.data)
        others = {"secrets": created(secrets)[0]}
    different = replace(ground, references=others)
    before, listed = collection.get(name).needed(200).body, collection.items(name)
    sent: list[tuple[str, dict[str, Any], str]] = [
        ("the same body", body, JSON),
        ("another body", different.variant(name, 2), JSON),
        ("another body", different.variant(name, 3), YAML),
        ("a body without labels", different.body(name), JSON),
        ("another body, once more", different.variant(name, 4), JSON),
    ]
    for what, again, media_type in sent:
        answer = collection.post(again, media_type=media_type)
        with check(
            kind.rule("CONFLICT"), f"posting an existing {kind.noun} with {what} as {media_type} answers 409"
        ):
            answer.expect(409)
        with check(
            kind.rule("CONFLICT"),
            f"after posting it with {what} as {media_type} the {kind.noun} is as it was",
        ):
            kind.require_same(collection.get(name).expect(200).body, before, f"the {kind.noun}: ")
            kind.require_listed(collection.items(name), listed, f"the {kind.noun}")


@each_kind("LIST", kinds=ALL)
def test_list(kind: Kind, check: Checks, ground: Ground, collection: Collection) -> None:
    held = [created(ground, number)[0] for number in range(1, 6)]
    # If the target kept a copy of this, it would lack what comes now.
    collection.list(page=0, size=100, accept=YAML).needed(200)
    plain = ground.body(ground.cmf.name("once"))
    collection.post(plain).needed()
    held.append(plain["metadata"]["name"])
    with check(kind.rule("LIST"), f"each {kind.noun} is listed once"):
        names = require_unique((name for name in collection.names() if name in held), kind.noun)
        require(
            set(names) == set(held),
            f"a {kind.noun} is missing from the list",
            expected=", ".join(held),
            got=", ".join(names),
        )
    if kind.scoped:
        with check(kind.rule("LIST"), f"nothing but the {kind.noun}s of the environment is listed"):
            names = collection.names()
            require(
                sorted(names) == sorted(held),
                "the list is not what was created",
                expected=", ".join(held),
                got=", ".join(names),
            )
    listed = Listed(collection, frozenset(held))

    def as_alone(size: int, read: str) -> None:
        items = {collection.name_of(item): item for item in collection.all(size=size, accept=read)}
        for name in held:
            require(name in items, f"{name} is not listed", expected=name)
            alone = collection.get(name).expect(200).body
            kind.require_same(items[name], alone, f"in the list, {name}: ")

    few = max(2, len(listed.all()) // 12)
    for size, read in ((100, JSON), (few, JSON), (100, YAML)):
        with check(
            kind.rule("LIST"),
            f"each is listed, on pages of {size} as {read}, with the values that are read of it alone",
        ):
            in_peace(listed, lambda: as_alone(size, read))


@each_kind("LIST", "LIST-SCOPE", "LIST-UNKNOWN", kinds=SCOPED)
def test_list_of_one_environment(
    kind: Kind, cmf: Cmf, check: Checks, environment: str, other_environment: str, ground: Ground
) -> None:
    longer = lookalikes.longer(environment)  # an environment whose name begins with that of the other
    cmf.environments.post(bodies.environment(longer, cmf.features)).needed()
    grounds = {
        environment: ground,
        **{place: elsewhere(ground, place) for place in (other_environment, longer)},
    }
    held = {place: sorted(created(each, number)[0] for number in (1, 2)) for place, each in grounds.items()}
    shared = cmf.name("namesake")
    for number, place in enumerate((environment, longer), start=1):
        grounds[place].collection.post(grounds[place].variant(shared, number)).needed()
        held[place] = sorted([*held[place], shared])
    for place, expected in held.items():
        with check(kind.rule("LIST-SCOPE"), f"the list of an environment holds its own {kind.noun}s alone"):
            for way, names in in_every_way(grounds[place].collection):
                require(
                    sorted(names) == expected,
                    f"the list, {way}, is not that of the environment",
                    expected=", ".join(expected),
                    got=", ".join(sorted(names)),
                )
    with check(kind.rule("LIST"), "namesakes in two environments are each listed with values of their own"):
        for place in (environment, longer):
            items = grounds[place].collection.items(shared)
            if len(items) == 1:  # others in it are the matter of LIST-SCOPE
                alone = grounds[place].collection.get(shared).expect(200).body
                kind.require_same(items[0], alone, "in the list, the namesake: ")
    with check(kind.rule("LIST-UNKNOWN"), "an environment that does not exist has no list"):
        for accept in MEDIA_TYPES:
            kind.collection(cmf, cmf.name("never")).list(accept=accept).expect(404)
        kind.collection(cmf, cmf.name("never")).list(page=0, size=5).expect(404)


@each_kind("DELETE", "DELETE-UNKNOWN", "LIST", kinds=ALL)
def test_delete(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, other_environment: str) -> None:
    collection = ground.collection
    (earlier, _), (name, _) = created(ground, 4), created(ground, 1)
    neighbour = lookalikes.longer(name)
    collection.post(ground.variant(neighbour, 2)).needed()
    namesake: Collection | None = None
    if kind.scoped:
        there = elsewhere(ground, other_environment)
        if kind is SECRET_MAPPING:
            there = replace(there, references=ground.references)  # one secret may be mapped everywhere
        there.collection.post(there.variant(name, 3)).needed()
        namesake = there.collection
    beside, before = (collection.get(each).needed(200).body for each in (neighbour, earlier))
    collection.get(name, accept=YAML).needed(200)
    collection.list(page=0, size=100, accept=YAML).needed(200)
    with check(kind.rule("DELETE"), "a DELETE answers 204"):
        collection.delete(name).expect(204)

    def gone() -> None:
        for accept in MEDIA_TYPES:
            collection.get(name, accept=accept).expect_absent()
            names = collection.names(accept=accept)
            require(name not in names, f"a deleted {kind.noun} is listed", expected="not listed")

    with check(kind.rule("DELETE"), "afterwards it can't be read and is not listed"):
        eventually(gone, within=cmf.limits.settle)
    with check(kind.rule("DELETE"), "what was created before and after it is as it was"):
        kind.require_same(collection.get(neighbour).expect(200).body, beside, "the later one: ")
        kind.require_same(collection.get(earlier).expect(200).body, before, "the earlier one: ")
    with check(kind.rule("LIST"), "after a deletion what was created before and after it is still listed"):
        kind.require_same(collection.item(neighbour), beside, "in the list, the later one: ")
        kind.require_same(collection.item(earlier), before, "in the list, the earlier one: ")
    if namesake is not None:
        with check(kind.rule("DELETE"), "its namesake in another environment is still there"):
            namesake.get(name).expect(200)
            namesake.item(name)
    stayed = namesake if namesake is not None and namesake.get(name).status == 200 else None
    with check(kind.rule("DELETE-UNKNOWN"), "a second DELETE answers 404"):
        collection.delete(name).expect(404)
        if stayed is not None:
            stayed.get(name).expect(200)
    with check(kind.rule("DELETE-UNKNOWN"), "so does one of a name that was never used"):
        collection.delete(cmf.name("never")).expect(404)
    if kind.scoped:
        with check(
            kind.rule("DELETE-UNKNOWN"),
            "and one in an environment that does not exist, which leaves namesakes alone",
        ):
            kind.collection(cmf, cmf.name("never")).delete(neighbour).expect(404)
            collection.get(neighbour).expect(200)
    with check(kind.rule("DELETE"), "it does not come back when another one is created"):
        created(ground, 3)
        gone()


@each_kind("DELETE", kinds=(SECRET_MAPPING,))
def test_delete_the_only_mapping(kind: Kind, cmf: Cmf, check: Checks, ground: Ground) -> None:
    secrets = prepare(SECRET, cmf, "", ground.data)
    secret, _ = created(secrets)
    only, _ = created(replace(ground, references={"secrets": secret}))
    ground.collection.delete(only).needed(200, 202, 204)
    eventually(lambda: ground.collection.get(only).expect_absent(), within=cmf.limits.settle)
    with check(kind.rule("DELETE"), "its secret is still there, though nothing else maps to it"):
        secrets.collection.get(secret).expect(200)
        secrets.collection.item(secret)


@each_kind("RECREATE", kinds=ALL)
def test_create_again(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    name, old = created(ground, 7)
    before = collection.get(name).needed(200).body
    collection.delete(name).needed(200, 202, 204)
    eventually(lambda: collection.get(name).expect_absent(), within=cmf.limits.settle)
    bare = ground.body(name)
    with check(kind.rule("RECREATE"), "the name can be used again"):
        eventually(lambda: collection.post(bare).expect_accepted(), within=cmf.limits.settle)
    read = collection.get(name).needed(200).body
    with check(kind.rule("RECREATE"), f"nothing of the old {kind.noun} is left"):
        kind.require_stored(read, bare, f"the new {kind.noun}: ")
        for part in ("labels", "annotations"):
            back = [key for key in old["metadata"][part] if optional(read, "metadata", part, key) is not None]
            require(not back, f"{part} of the old {kind.noun} are back", expected="none", got=", ".join(back))
        uid = optional(before, "metadata", "uid")
        require(
            uid is None or optional(read, "metadata", "uid") != uid,
            "it has the uid of the old one",
            expected="another uid",
            got=str(uid),
        )
        timestamps.require_newer(
            *(optional(body, "metadata", "creationTimestamp") for body in (before, read))
        )
        for key in ("pipeline.name", "execution.checkpointing.interval"):
            back = optional(read, "spec", "clusterSpec", "flinkConfiguration", key)
            require(
                back is None,
                "configuration of the old compute pool is back",
                expected="nothing",
                got=repr(back),
            )
        back = optional(read, "spec", "srInstance", "connectionSecretId")
        require(back is None, "the secret id of the old catalog is back", expected="nothing", got=repr(back))
    with check(kind.rule("RECREATE"), "it is listed once"):
        collection.item(name)


@each_kind("ENVIRONMENT-UNKNOWN", kinds=SCOPED)
def test_create_in_unknown_environment(kind: Kind, cmf: Cmf, check: Checks, ground: Ground) -> None:
    name, _ = created(ground)
    nowhere = cmf.name("never")
    there = kind.collection(cmf, nowhere)
    rule = kind.rule("ENVIRONMENT-UNKNOWN")
    for sent in (JSON, YAML):
        with check(rule, f"it is refused, sent as {sent}"):
            answer = there.post(ground.variant(name, 2), media_type=sent)
            # The contract lists 404 for mappings, and nothing for compute pools (erratum ERR-STATUS-PARENT).
            answer.expect(404) if kind is SECRET_MAPPING else answer.expect_refused(404)
    with check(rule, f"it creates no {kind.noun} and no environment"):
        cmf.environments.get(nowhere).expect_absent()
        there.get(name).expect_absent()
        require(nowhere not in cmf.environments.names(), "the environment is listed", expected="not listed")
    with check(rule, "nor does it show in an environment created later under that name"):
        cmf.environments.post(bodies.environment(nowhere, cmf.features)).needed()
        require_equal(there.names(), [], "the list of the new environment")
        there.get(name).expect_absent()
