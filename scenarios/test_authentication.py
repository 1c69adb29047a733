"""Authentication, when the run was given a token: nobody without a valid one gets anything or changes anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance import views
from conformance.contract.media import JSON, YAML
from conformance.expectations import require, require_equal
from conformance.kinds import KINDS, Ground, Kind
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import kinds, needs_auth, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

pytestmark = needs_auth

REFUSED = (401, 403)
MARK = "told-to-nobody"
NO_INSTANCE = "11111111-2222-4333-8444-555555555555"
"""Whether there is such an instance is nothing that anybody is told."""
NOBODY: Mapping[str, dict[str, Any]] = {
    "no credentials": {"authenticate": False},
    "a token that is not valid": {"headers": [("Authorization", "Bearer not-the-token")]},
    "an empty token": {"headers": [("Authorization", "Bearer")]},
    "a name and a password": {"headers": [("Authorization", "Basic bm9ib2R5Om5vdGhpbmc=")]},
}
"""Requests that nobody may make, and how they are sent."""


def rule_of(who: str) -> str:
    """Which sentence a request of this kind is about."""
    return "CMF-AUTH-MISSING" if who == "no credentials" else "CMF-AUTH-WRONG"


@requirement("CMF-AUTH-MISSING", "CMF-AUTH-WRONG", "CMF-AUTH-HIDDEN")
@kinds(*KINDS)
def test_reading(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    name = cmf.name("auth")
    collection.post(ground.marked(name, {"note": MARK})).needed()
    reads: dict[str, Callable[..., Answer]] = {
        f"the list of {kind.noun}s": collection.list,
        f"an existing {kind.noun}": lambda **how: collection.get(name, **how),
        f"an unknown {kind.noun}": lambda **how: collection.get(cmf.name("never"), **how),
    }
    for what, read in reads.items():
        read().needed(200, 404)
        for who, how in NOBODY.items():
            for accept in (JSON, YAML):
                answer = read(accept=accept, **how)
                with check(rule_of(who), f"reading {what} as {accept} with {who} is refused"):
                    answer.expect(*REFUSED)
                with check("CMF-AUTH-HIDDEN", f"the answer about {what} with {who} shows nothing of it"):
                    require(
                        MARK.encode() not in answer.raw,
                        "the answer shows what was asked for",
                        expected="nothing of it",
                    )


@requirement("CMF-AUTH-MISSING", "CMF-AUTH-WRONG", "CMF-AUTH-REFUSED")
@kinds(*KINDS)
def test_writing(kind: Kind, cmf: Cmf, check: Checks, ground: Ground, collection: Collection) -> None:
    name = cmf.name("auth")
    collection.post(ground.variant(name, 1)).needed()
    before = collection.get(name).needed(200).body
    for who, how in NOBODY.items():
        new = cmf.name("nobody")
        with check(rule_of(who), f"creating a {kind.noun} with {who} is refused"):
            collection.post(ground.variant(new, 2), **how).expect(*REFUSED)
        with check("CMF-AUTH-REFUSED", f"a {kind.noun} that was posted with {who} does not exist"):
            collection.get(new).expect_absent()
            require(new not in collection.names(), "it is listed", expected="not listed", got=new)
        with check(rule_of(who), f"posting an existing {kind.noun} with {who} is refused"):
            collection.post(ground.variant(name, 3), **how).expect(*REFUSED)
        if collection.can_update:
            with check(rule_of(who), f"updating a {kind.noun} with {who} is refused"):
                collection.put(name, ground.variant(name, 3), **how).expect(*REFUSED)
        with check(rule_of(who), f"deleting a {kind.noun} with {who} is refused"):
            collection.delete(name, **how).expect(*REFUSED)
        with check("CMF-AUTH-REFUSED", f"an existing {kind.noun} is as it was after requests with {who}"):
            kind.require_same(collection.get(name).expect(200).body, before, f"the {kind.noun}: ")
    with check("CMF-AUTH-REFUSED", f"with valid credentials the {kind.noun} can be created and deleted"):
        collection.post(ground.variant(new, 2)).expect_accepted()
        collection.delete(name).expect_accepted()


@requirement("CMF-AUTH-MISSING", "CMF-AUTH-WRONG", "CMF-AUTH-REFUSED", "CMF-AUTH-HIDDEN")
def test_what_lies_below_an_application(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    name = new_application(environment, annotations={"note": MARK}).name
    before = cmf.applications(environment).get(name).needed(200).body
    requests: dict[str, Callable[..., Answer]] = {
        "listing events": cmf.events(environment, name).list,
        "listing instances": cmf.instances(environment, name).list,
        "reading an instance": lambda **how: cmf.instances(environment, name).get(NO_INSTANCE, **how),
        "starting": lambda **how: cmf.start(environment, name, **how),
        "suspending": lambda **how: cmf.suspend(environment, name, **how),
    }
    for what, request in requests.items():
        for who, how in NOBODY.items():
            answer = request(**how)
            with check(rule_of(who), f"{what} with {who} is refused"):
                answer.expect(*REFUSED)
            with check("CMF-AUTH-HIDDEN", f"the answer to {what} with {who} shows nothing of it"):
                require(
                    MARK.encode() not in answer.raw, "the answer shows the application", expected="nothing"
                )
    with check("CMF-AUTH-REFUSED", "an application that nobody may start or suspend is as it was"):
        after = cmf.applications(environment).get(name).expect(200).body
        require_equal(views.application(after), views.application(before), "the application")


@needs_sql
@requirement("CMF-AUTH-MISSING", "CMF-AUTH-WRONG")
def test_what_lies_below_a_statement(
    cmf: Cmf, check: Checks, environment: str, compute_pool: str, new_statement: Callable[..., Held]
) -> None:
    name = new_statement(environment, compute_pool).name
    for who, how in NOBODY.items():
        with check(rule_of(who), f"reading results with {who} is refused"):
            cmf.results(environment, name, **how).expect(*REFUSED)
        with check(rule_of(who), f"reading exceptions with {who} is refused"):
            cmf.exceptions(environment, name, **how).expect(*REFUSED)
