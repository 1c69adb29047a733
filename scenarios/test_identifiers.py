"""Identifiers: how long a name is, which characters it has, and what a refused one leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance import bodies, lookalikes
from conformance.expectations import Broken, first_difference, require, require_contains, settled
from conformance.kinds import (
    APPLICATION,
    COMPUTE_POOL,
    ENVIRONMENT,
    KINDS,
    SECRET,
    SECRET_MAPPING,
    STATEMENT,
    Ground,
    Kind,
)
from conformance.kinds import ground as prepare
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import switched
from conformance.scenario import each_kind, needs_flink, requirement
from conformance.target.cmf import Cmf, Collection

SHORTEST, LONGEST = 4, 253
OK, ABSENT = 200, 404

LEGAL = {
    "dots between labels": "{}.part.two",
    "digits at the ends of labels": "{}.1st.2",
    "repeated hyphens inside": "{}--b---c",
    "many labels of one character": "{}.a.b.c.d.e.f",
}
ILLEGAL = {
    "an upper-case letter": "{}A",
    "an upper-case letter inside": "{}aBc",
    "an underscore": "{}_a",
    "a space inside": "{} a",
    "a space behind": "{} ",
    "a space in front": " {}",
    "a line break behind": "{}\n",
    "a line break inside": "{}\na",
    "a tab inside": "{}\ta",
    "a NUL character": "{}\0a",
    "a letter outside ASCII": "{}é",
    "a digit outside ASCII": "{}\u0663",
    "a hyphen in front": "-{}",
    "a hyphen behind": "{}-",
    "a dot in front": ".{}",
    "a dot behind": "{}.",
    "two dots in a row": "{}..a",
    "a hyphen before a dot": "{}-.a",
    "a hyphen behind a dot": "{}.-a",
    "a slash": "{}/a",
    "a colon": "{}:a",
    "a plus sign": "{}+a",
}


def filled(name: str, length: int) -> str:
    """The name made longer, in one label: the pattern sets labels no length of their own."""
    return name + "a" * (length - len(name))


def require_found(kind: Kind, cmf: Cmf, environment: str, name: str) -> None:
    """What lies below a resource is reached by its name."""
    if kind is ENVIRONMENT:
        cmf.applications(name).list().expect(200)
        application = bodies.application(cmf.name("inside"), cmf.features)
        if cmf.applications(name).post(application).status == APPLICATION.created:
            require_found(APPLICATION, cmf, name, application["metadata"]["name"])
    elif kind is APPLICATION:
        cmf.events(environment, name).list().expect(200)
        cmf.instances(environment, name).list().expect(200)
        cmf.suspend(environment, name).expect(200, 304, 409)
    elif kind is STATEMENT:
        cmf.exceptions(environment, name).expect(200)


def nameless(kind: Kind, body: Any) -> dict[str, Any]:
    """A representation without its name."""
    view = kind.view(body)
    metadata = {part: value for part, value in view.get("metadata", {}).items() if part != "name"}
    return {**{part: value for part, value in view.items() if part != "name"}, "metadata": metadata}


def is_found(ground: Ground, environment: str) -> bool:
    """Whether a resource with a name that nobody can object to is found by what belongs to it."""
    plain = ground.cmf.name("plain")
    ground.collection.post(ground.body(plain)).needed()
    try:
        require_found(ground.kind, ground.cmf, ground.collection.scope.get("envName", ""), plain)
        require_referred_to(ground.kind, ground.cmf, environment, plain)
    except Broken:
        return False
    return True


def is_addressed(ground: Ground) -> bool:
    """Whether a resource with such a name is found by what updates and deletes it."""
    plain = ground.cmf.name("plain")
    ground.collection.post(ground.body(plain)).needed()
    try:
        require_addressed(ground, plain)
    except Broken:
        return False
    return True


def require_addressed(ground: Ground, name: str) -> None:
    """A PUT and a DELETE find it by its name; what else they answer is another requirement's matter."""
    collection = ground.collection
    answers = [collection.put(name, ground.body(name))] if collection.can_update else []
    for answer in (*answers, collection.delete(name)):
        if answer.status == ABSENT:
            answer.expect_accepted()


def require_referred_to(kind: Kind, cmf: Cmf, environment: str, name: str) -> None:
    """What refers to a resource by its name finds it."""
    if kind is COMPUTE_POOL:
        statement = bodies.statement(cmf.name("refers"), cmf.features, pool=name)
        cmf.statements(environment).post(statement).expect_accepted()
    elif kind is SECRET:
        mapping = bodies.secret_mapping(cmf.name("refers"), secret=name)
        cmf.secret_mappings(environment).post(mapping).expect_accepted()


@each_kind("NAME-MIN", "NAME-REFUSED", kinds=KINDS)
def test_shortest_name(
    kind: Kind,
    ground: Ground,
    collection: Collection,
    check: Checks,
    short_name: Callable[..., str],
) -> None:
    allowed = short_name(collection, SHORTEST)
    accepted = collection.post(ground.body(allowed))
    with check(kind.rule("NAME-MIN"), "a name of 4 characters is accepted"):
        accepted.expect_accepted()
        collection.get(allowed).expect(200)
    too_short = short_name(collection, SHORTEST - 1)
    with check(kind.rule("NAME-MIN"), "a name of 3 characters is refused"):
        refused = collection.post(ground.body(too_short))
        refused.expect_refused()
    if refused.status >= 400:
        with check(kind.rule("NAME-REFUSED"), "a refused name of 3 characters does not exist"):
            collection.get(too_short).expect_absent()
    else:
        check.nothing_to_judge(kind.rule("NAME-REFUSED"), "the name of 3 characters was not refused")
    collection.delete(allowed)


@each_kind("NAME-MAX", "NAME-REFUSED", kinds=KINDS)
def test_longest_name(
    kind: Kind, cmf: Cmf, environment: str, ground: Ground, collection: Collection, check: Checks
) -> None:
    base = cmf.name("longest")
    allowed = filled(base, LONGEST)
    with check(kind.rule("NAME-MAX"), "a name of 253 characters is accepted"):
        collection.post(ground.body(allowed)).expect_accepted()
        require(
            kind.view(collection.get(allowed).expect(200).body) and allowed in collection.names(),
            "the name of 253 characters is not listed",
            expected=allowed,
        )
    found = collection.get(allowed).status == OK and is_found(ground, environment)
    if found:
        with check(kind.rule("NAME-MAX"), "with a name of 253 characters it is found by what belongs to it"):
            require_found(kind, cmf, collection.scope.get("envName", ""), allowed)
    other = lookalikes.twin(allowed)
    with check(kind.rule("NAME-MAX"), "a name that differs from it in the last character alone is another"):
        collection.post(ground.variant(other, 2)).expect_accepted()
        for name in (allowed, other):
            read = collection.name_of(collection.get(name).expect(200).body)
            require(read == name, "it is read under another name", expected=name, got=read)
            require(name in collection.names(), "it is not listed", expected=name)
        # How well either is stored is another requirement's matter.
        one, two = (nameless(kind, collection.get(name).expect(200).body) for name in (allowed, other))
        require(first_difference(one, two), "by both names the same is read", expected="another")
    if found and is_addressed(ground):
        with check(kind.rule("NAME-MAX"), "by a name of 253 characters it is updated and deleted"):
            require_addressed(ground, allowed)
    for shape, start in (("", cmf.name("longer")), (" and a dot", f"{cmf.name('longer')}.")):
        too_long = filled(start, LONGEST + 1)
        with check(kind.rule("NAME-MAX"), f"a name of 254 characters{shape} is refused"):
            refused = collection.post(ground.body(too_long))
            refused.expect_refused()
        if refused.status < 400:
            check.nothing_to_judge(kind.rule("NAME-REFUSED"), "the name of 254 characters was not refused")
            continue
        with check(
            kind.rule("NAME-REFUSED"),
            f"a refused name of 254 characters{shape} does not exist, nor its beginning",
        ):
            created = [name for name in collection.names() if name.startswith(too_long[:100])]
            require(
                not created,
                "a name was refused and created all the same",
                expected="none",
                got=repr(created)[:200],
            )


@each_kind("NAME-LEGAL", "LIST", kinds=KINDS)
def test_legal_names(
    kind: Kind,
    cmf: Cmf,
    environment: str,
    ground: Ground,
    collection: Collection,
    check: Checks,
    short_name: Callable[..., str],
) -> None:
    names = {shape: pattern.format(cmf.name("legal")) for shape, pattern in LEGAL.items()}
    names["a digit in front"] = short_name(collection, SHORTEST, digit=True)
    names["nothing but digits"] = short_name(collection, 2 * SHORTEST, digits=True)
    created: list[str] = []
    found = is_found(ground, environment)  # otherwise another requirement is broken, whatever the name
    for shape, name in names.items():
        with check(kind.rule("NAME-LEGAL"), f"a name with {shape}"):
            collection.post(ground.body(name)).expect_accepted()
            read = collection.get(name).expect(200)
            require(
                collection.name_of(read.body) == name, "it is read back under another name", expected=name
            )
            created.append(name)
        if found and name in created:
            with check(kind.rule("NAME-LEGAL"), f"a name with {shape} is found by what belongs to it"):
                require_found(kind, cmf, collection.scope.get("envName", ""), name)
                require_referred_to(kind, cmf, environment, name)
    with check(kind.rule("LIST"), "names of every legal shape are listed as they are"):
        lost = sorted({*created} - {*collection.names()})
        require(
            not lost,
            "an existing name is not listed",
            expected="every name",
            got=f"none of {', '.join(lost)}",
        )
    addressed = found and is_addressed(ground)
    for shape, name in names.items():
        if addressed and name in created:
            with check(kind.rule("NAME-LEGAL"), f"by a name with {shape} it is updated and deleted"):
                require_addressed(ground, name)


@needs_flink
@requirement("CMF-APP-START")
def test_start_by_a_dotted_name(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment, LEGAL["dots between labels"].format(cmf.name("started")))
    with check("CMF-APP-START", "an application with dots in its name is started by it"):
        switched(cmf, cmf.start, environment, held.name).expect(200)


@each_kind("NAME-PATTERN", "NAME-REFUSED", kinds=KINDS)
def test_illegal_names(kind: Kind, cmf: Cmf, ground: Ground, collection: Collection, check: Checks) -> None:
    legal = cmf.name("illegal")
    collection.post(ground.body(legal)).needed()
    refused: list[str] = []
    for shape, pattern in ILLEGAL.items():
        unique = cmf.name("illegal")
        with check(kind.rule("NAME-PATTERN"), f"a name with {shape} is refused"):
            collection.post(ground.body(pattern.format(unique))).expect_refused()
            refused.append(unique)
    with check(kind.rule("NAME-PATTERN"), "an empty name is refused"):
        collection.post(ground.body("")).expect_refused()
    with check(kind.rule("NAME-REFUSED"), "no refused name is listed, in whatever form"):
        listed = collection.names()
        created = [name for name in listed if any(unique in name for unique in refused)]
        require(
            not created, "a name was refused and created all the same", expected="none", got=repr(created[:3])
        )


@requirement("CMF-APP-NAME-SCOPE")
def test_namesakes_in_two_environments(
    cmf: Cmf, check: Checks, environment: str, other_environment: str
) -> None:
    name = cmf.name("namesake")
    here, there = cmf.applications(environment), cmf.applications(other_environment)
    first = bodies.application(name, cmf.features, parallelism=1, annotations={"which": "first"})
    second = bodies.application(name, cmf.features, parallelism=2, annotations={"which": "second"})
    here.post(first).needed()

    def require_first_unchanged(when: str) -> None:
        require_contains(here.get(name).expect(200).body, first, f"{when}, the first namesake")
        require(here.names().count(name) == 1, f"{when}, the first namesake is not listed once")

    with check("CMF-APP-NAME-SCOPE", "the second environment can hold the same name"):
        there.get(name).expect_absent()
        there.post(second).expect_accepted()
        require_contains(there.get(name).expect(200).body, second, "the second namesake")
        require_first_unchanged("after the second was created")
    with check("CMF-APP-NAME-SCOPE", "updating one leaves the other"):
        there.post(
            {**second, "metadata": {"name": name, "annotations": {"which": "updated"}}}
        ).expect_accepted()
        require_first_unchanged("after the second was updated")
    with check("CMF-APP-NAME-SCOPE", "suspending one leaves the other"):
        cmf.suspend(other_environment, name).expect(200, 304, 409)
        require_first_unchanged("after the second was suspended")
    with check("CMF-APP-NAME-SCOPE", "deleting one leaves the other"):
        there.delete(name).expect_accepted()
        require_first_unchanged("after the second was deleted")


@each_kind("NAME-SCOPE", kinds=(STATEMENT, COMPUTE_POOL, SECRET_MAPPING))
def test_namesakes_created_once(
    kind: Kind, cmf: Cmf, check: Checks, ground: Ground, other_environment: str
) -> None:
    name, rule = cmf.name("namesake"), kind.rule("NAME-SCOPE")
    other = prepare(kind, cmf, other_environment, ground.data)
    here, there = ground.collection, other.collection
    first, second = ground.variant(name, 1), other.variant(name, 2)
    here.post(first).needed()

    def require_first_unchanged(when: str) -> None:
        kind.require_stored(here.get(name).expect(200).body, first, f"{when}, the first namesake: ")
        require(here.names().count(name) == 1, f"{when}, the first namesake is not listed once")

    with check(rule, "the second environment can hold the same name"):
        there.get(name).expect_absent()
        there.post(second).expect_accepted()
        kind.require_stored(there.get(name).expect(200).body, second, "the second namesake: ")
        require_first_unchanged("after the second was created")
    with check(rule, "a conflict in the second environment leaves the first"):
        there.post(other.variant(name, 3))
        require_first_unchanged("after a conflict")
    if kind is SECRET_MAPPING:
        with check(rule, "updating one leaves the other"):
            there.put(name, other.variant(name, 4)).expect_accepted()
            require_first_unchanged("after the second was updated")
    there.delete(name).needed(200, 202, 204)
    settled(lambda: there.get(name).status, within=cmf.limits.settle)
    with check(rule, "deleting one leaves the other"):
        require_first_unchanged("after the second was deleted")


@each_kind("GET-UNKNOWN", kinds=(APPLICATION, STATEMENT, COMPUTE_POOL, SECRET_MAPPING))
@pytest.mark.parametrize("sign", ["-", "."])
def test_names_that_are_alike_together(kind: Kind, cmf: Cmf, check: Checks, sign: str) -> None:
    """``a`` in ``b-c`` and ``c-a`` in ``b``: a server that joins the two names can't tell them apart."""
    outer, middle, last = (cmf.name(word) for word in ("env", "middle", "last"))
    inner, name = f"{outer}{sign}{middle}", f"{middle}{sign}{last}"
    for environment in (outer, inner):
        cmf.environments.post(bodies.environment(environment, cmf.features)).needed()
    ground = prepare(kind, cmf, outer)
    ground.collection.post(ground.body(name)).needed()
    with check(kind.rule("GET-UNKNOWN"), f"{last} in {inner} is not {name} in {outer}"):
        kind.collection(cmf, inner).get(last).expect_absent()
