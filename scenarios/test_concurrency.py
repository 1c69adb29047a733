"""Concurrency: parallel upserts leave one resource, of parallel creations one wins, and a client reads its own writes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conformance.expectations import first_loss, require
from conformance.kinds import CREATED_ONCE, SECRET, SECRET_MAPPING, UPSERTED, Ground, Kind
from conformance.runner.plugin import Checks
from conformance.scenario import kinds, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

AT_ONCE = 8
ROUNDS = 3
UPDATED = (*UPSERTED, SECRET, SECRET_MAPPING)


@requirement("CMF-CONC-UPSERT")
@kinds(*UPSERTED)
def test_parallel_upserts(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(lambda _: collection.list(size=1), range(AT_ONCE))
        )  # connections that stand when it begins
        for number in range(1, ROUNDS + 1):
            name = cmf.name("parallel")
            sent = [ground.marked(name, {"writer": str(writer)}) for writer in range(AT_ONCE)]
            answers: list[Answer] = list(pool.map(collection.post, sent))
            with check(
                "CMF-CONC-UPSERT", f"{AT_ONCE} parallel upserts of one new {kind.noun}, round {number}"
            ):
                for answer in answers:
                    answer.expect(200, 201, 202, 409)
                require(
                    any(answer.status < 300 for answer in answers),
                    "none of them was accepted",
                    expected="at least one success",
                )
                listed = collection.names().count(name)
                require(
                    listed == 1,
                    f"the {kind.noun} is listed {listed} times",
                    expected="once",
                    got=f"{listed} times",
                )
                stored = collection.get(name).expect(200).body
                accepted = [body for body, answer in zip(sent, answers, strict=True) if answer.status < 300]
                one = any(first_loss(body, stored) is None for body in accepted)
                require(
                    one,
                    "what is stored is none of what was sent",
                    expected="one of the accepted bodies",
                    got=repr(stored)[:200],
                )


def _require_all(collection: Collection, names: Sequence[str], answers: Sequence[Answer]) -> None:
    for answer in answers:
        answer.expect_accepted()
    listed = collection.names()
    wrong = [name for name in names if listed.count(name) != 1]
    require(
        not wrong,
        f"{len(wrong)} of them are not listed once",
        expected="each once",
        got=", ".join(wrong[:3]),
    )
    for name in names:
        collection.get(name).expect(200)


@requirement("CMF-CONC-UPSERT")
@kinds(*UPSERTED)
def test_parallel_creations(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    names = [cmf.name("parallel") for _ in range(AT_ONCE * 2)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda name: collection.post(ground.body(name)), names))
    with check("CMF-CONC-UPSERT", f"{len(names)} different {kind.noun}s, created in parallel, all exist"):
        _require_all(collection, names, answers)


@requirement("CMF-CONC-CREATE")
@kinds(*CREATED_ONCE)
def test_parallel_creations_of_one_name(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(
            pool.map(lambda _: collection.list(size=1), range(AT_ONCE))
        )  # connections that stand when it begins
        for number in range(1, ROUNDS + 1):
            name = cmf.name("parallel")
            sent = [ground.variant(name, writer) for writer in range(1, AT_ONCE + 1)]
            answers: list[Answer] = list(pool.map(collection.post, sent))
            with check(
                "CMF-CONC-CREATE",
                f"of {AT_ONCE} parallel creations of one {kind.noun} one wins, round {number}",
            ):
                won = [body for body, answer in zip(sent, answers, strict=True) if answer.status < 300]
                require(
                    len(won) == 1,
                    f"{len(won)} creations were accepted",
                    expected="one",
                    got=", ".join(str(answer.status) for answer in answers),
                )
                for answer in answers:
                    if answer.status >= 300:
                        answer.expect(409)
            with check("CMF-CONC-CREATE", f"what is there is the {kind.noun} that won, once, round {number}"):
                listed = collection.names().count(name)
                require(
                    listed == 1,
                    f"the {kind.noun} is listed {listed} times",
                    expected="once",
                    got=f"{listed} times",
                )
                stored = collection.get(name).expect(200).body
                for body in won[:1]:
                    kind.require_stored(stored, body, f"the {kind.noun}: ")


@requirement("CMF-CONC-CREATE")
@kinds(*CREATED_ONCE)
def test_parallel_creations_of_many(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection
) -> None:
    names = [cmf.name("parallel") for _ in range(AT_ONCE * 2)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda name: collection.post(ground.body(name)), names))
    with check("CMF-CONC-CREATE", f"{len(names)} different {kind.noun}s, created in parallel, all exist"):
        _require_all(collection, names, answers)


@requirement("CMF-CONC-READ")
@kinds()
def test_own_writes(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    for number in range(1, ROUNDS + 1):
        name = cmf.name("own")
        body: dict[str, Any] = ground.marked(name, {"version": "1"})
        created = collection.post(body)
        read, listed = collection.get(name), collection.names()
        created.needed()
        with check("CMF-CONC-READ", f"a new {kind.noun} is there at once, round {number}"):
            kind.require_stored(read.expect(200).body, body, f"the new {kind.noun}: ")
            require(name in listed, f"the new {kind.noun} is not in the list", expected=name)
        if kind not in UPDATED:
            continue
        changed = ground.marked(name, {"version": "2"})
        update = collection.post(changed) if kind.upsert else collection.put(name, changed)
        items = collection.all()
        update.needed()
        with check("CMF-CONC-READ", f"an update of an {kind.noun} is there at once, round {number}"):
            kind.require_stored(collection.get(name).expect(200).body, changed, f"the updated {kind.noun}: ")
            for item in (each for each in items if collection.name_of(each) == name):
                kind.require_stored(item, changed, f"in the list, the updated {kind.noun}: ")
