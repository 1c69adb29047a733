"""What exists on a target, judged by reading alone: for runs that may create nothing (``--mode read-only``).

Others may change at any moment what is looked at here.  So whatever two readings have to agree on is read anew until
they do, for a short while.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from conformance import views
from conformance.contract.judgement import error_messages
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    Broken,
    NeedsWriting,
    eventually,
    optional,
    require,
    require_equal,
    require_unique,
)
from conformance.kinds import KINDS
from conformance.paging import (
    RULES,
    SETTLED,
    Listed,
    judge_hostile_parameters,
    judge_pages,
    sort_keys,
)
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import needs_auth, needs_flink, needs_sql, reads_what_exists, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import ROUTES, Cmf, Collection

pytestmark = reads_what_exists

WORDS = {kind.plural: kind.word for kind in KINDS} | {"instances": "INST", "events": "EVENT"}
VIEWS: dict[str, Callable[[Any], Any]] = {kind.plural: kind.view for kind in KINDS} | {
    "instances": views.instance,
    "events": lambda event: event,
}
GLOBAL = ("environments", "secrets", "catalogs")
FLINK = ("instances", "events")
PLAIN = ("environments", "applications")
LOOKED_AT = 4
"""Resources of one list that are each read alone."""
FEWEST = 3
"""Items without which the pages of a list show nothing."""
REFUSED = (401, 403)
NEVER = "cmfc-never-given"


def param(plural: str, *rules: str) -> Any:
    """A kind of resource as a parameter, with its own requirements of these rules, and with what the scenario needs."""
    marks = [requirement(*(f"CMF-{WORDS[plural]}-{rule}" for rule in rules))] if rules else []
    marks += [needs_flink] if plural in FLINK else [] if plural in PLAIN else [needs_sql]
    return pytest.param(plural, marks=marks, id=plural)


def largest(run: RunContext, which: str, least: int) -> Listed:
    """The longest list of a kind that was found; raises ``NeedsWriting`` when it has fewer than so many items."""
    collection = run.existing.lists(which)[0]
    names = collection.names()
    if len(names) < least:
        raise NeedsWriting(
            f"no list of {which} has {least} items, and this run creates none (--mode read-only)"
        )
    return Listed(collection, frozenset(names))


@pytest.mark.parametrize(
    "which", [param(plural, "LIST") for plural in WORDS if ROUTES[plural].get is not None]
)
def test_lists(run: RunContext, check: Checks, which: str) -> None:
    view, rule = VIEWS[which], f"CMF-{WORDS[which]}-LIST"

    def as_alone(collection: Collection) -> None:
        items = collection.all()
        names = require_unique([collection.name_of(item) for item in items], f"among the {which},")
        step = max(1, len(names) // LOOKED_AT)
        for name, item in list(zip(names, items, strict=True))[::step]:
            alone = collection.get(name).expect(200).body
            require_equal(view(alone), view(item), f"read alone, {name}: ")

    for collection in run.existing.lists(which):
        with check(rule, f"the {which} that exist are listed once, each as it is read alone"):
            eventually(lambda: as_alone(collection), within=SETTLED)


@requirement(*RULES)
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS])
def test_pages(run: RunContext, check: Checks, which: str) -> None:
    judge_pages(check, largest(run, which, FEWEST), which)


@requirement("CMF-PAGE-SORT-ASC", "CMF-PAGE-SORT-DESC")
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS if plural not in FLINK])
def test_order(run: RunContext, check: Checks, which: str) -> None:
    listed = largest(run, which, 2)
    if not any(order_of(one, other) for one in listed.mine for other in listed.mine):
        raise NeedsWriting(f"whether {which} of these names are in order depends on the alphabet")

    def sorts(suffix: str, direction: int) -> None:
        """The names are in order under one of the ways to address them."""
        problems: list[Broken] = []
        for key in sort_keys(which):
            try:
                require_ordered(listed.collection.names(sort=key + suffix), key + suffix, direction)
            except Broken as broken:
                problems.append(broken)
            else:
                return
        raise problems[0]

    for rule, suffix, direction in (("ASC", ",asc", 1), ("ASC", "", 1), ("DESC", ",desc", -1)):
        with check(f"CMF-PAGE-SORT-{rule}", f"the {which} that exist, with sort=name{suffix}"):
            eventually(lambda: sorts(suffix, direction), within=SETTLED, moving=listed.moving)


def order_of(one: str, other: str) -> int:
    """-1 when a name is before another in every alphabet, 1 when it is behind, 0 when alphabets differ.

    They differ in whether digits, hyphens and dots count, and where they stand.
    """
    for first, second in zip(one, other, strict=False):
        if first != second:
            letters = first.isalpha() and second.isalpha() and first.isascii() and second.isascii()
            return (first > second) - (first < second) if letters else 0
    return 0


def require_ordered(names: list[str], sort: str, direction: int) -> None:
    for at, name in enumerate(names[:-1]):
        following = names[at + 1]
        require(
            order_of(name, following) * direction <= 0,
            f"with sort={sort}, {following!r} comes behind {name!r}",
            expected=f"{following!r} before {name!r}",
            got=f"{name!r}, {following!r}",
        )


@requirement("CMF-PAGE-HOSTILE")
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS])
def test_hostile_parameters(run: RunContext, cmf: Cmf, check: Checks, which: str) -> None:
    operation = ROUTES[which].list
    names = run.existing.parameters(operation)
    cmf.call(operation, names).needed(200)
    judge_hostile_parameters(check, operation, names, which, cmf)


@requirement("CMF-CONTENT-SAME", "CMF-CONTENT-JSON", "CMF-CONTENT-YAML", "CMF-CONTENT-TYPE")
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS])
def test_json_and_yaml(run: RunContext, check: Checks, which: str) -> None:
    view, collection = VIEWS[which], run.existing.lists(which)[0]

    def same_list() -> None:
        first, second = (
            [view(item) for item in collection.list(size=20, accept=accept).expect(200).items]
            for accept in (JSON, YAML)
        )
        require_equal(second, first, f"as YAML, the list of {which}: ")

    def same_alone() -> None:
        name = collection.name_of(collection.list(size=1).expect(200).items[0])
        first, second = (
            view(collection.get(name, accept=accept).expect(200).body) for accept in (JSON, YAML)
        )
        require_equal(second, first, f"as YAML, {name}: ")

    with check("CMF-CONTENT-SAME", f"a list of {which} that exist, as JSON and as YAML"):
        eventually(same_list, within=SETTLED)
    if ROUTES[which].get is not None:
        with check("CMF-CONTENT-SAME", f"one of the {which} that exist, as JSON and as YAML"):
            eventually(same_alone, within=SETTLED)
    with check("CMF-CONTENT-TYPE", f"a list of {which} is of a documented type, whatever is accepted"):
        for accept in (None, "*/*", "application/*", "application/yaml;q=0.5, application/json"):
            _ = collection.list(size=1, accept=accept).expect(200).items


@requirement("CMF-CONTENT-ACCEPT")
@pytest.mark.parametrize("which", [param(plural) for plural in PLAIN])
def test_unsupported_accept(run: RunContext, check: Checks, which: str) -> None:
    collection = run.existing.lists(which)[0]
    collection.list(size=1).needed(200)
    for accept in ("text/html", "application/xml", "nonsense", "application/json;q=0", ";;;,", "*/"):
        with check("CMF-CONTENT-ACCEPT", f"a list of {which}, accepting only {accept}"):
            answer = collection.list(size=1, accept=accept).expect(200, 400, 406)
            declared = (answer.header("content-type") or "").split(";")[0].strip().lower()
            require(
                answer.status != 200 or declared in {JSON, YAML},
                "the answer is of no documented type",
                expected=f"{JSON} or {YAML}",
                got=declared,
            )


@requirement("CMF-CACHE-UNCONDITIONAL", "CMF-CACHE-BODY", "CMF-CACHE-ETAG", "CMF-CACHE-REVALIDATE")
@pytest.mark.parametrize(
    "operation",
    [
        *("getEnvironments", "getApplications", "getApplication"),
        pytest.param("getSecrets", marks=needs_sql),
    ],
)
def test_conditional_reads(run: RunContext, cmf: Cmf, check: Checks, operation: str) -> None:
    names = run.existing.parameters(operation)

    def read(tag: str | None = None) -> Answer:
        query = [] if operation == "getApplication" else [("page", "0"), ("size", "100")]
        return cmf.call(operation, names, query=query, headers=[("If-None-Match", tag)] if tag else [])

    read().needed(200)
    with check("CMF-CACHE-UNCONDITIONAL", f"{operation} without condition, and with a tag never given"):
        for tag in (None, f'"{NEVER}"', f'W/"{NEVER}"'):
            require(read(tag).expect(200).body, "the answer is empty", expected="the whole answer")
    seen: list[tuple[Answer, str]] = []

    def unchanged() -> None:
        now = read().expect(200)
        if tag := now.header("etag"):
            again = read(tag).expect(200, 304)
            if again.status == 304:
                seen.append((again, tag))
            else:
                require_equal(again.items_or_body, now.items_or_body, "the unchanged answer")

    with check("CMF-CACHE-REVALIDATE", f"{operation} with the tag of an answer that has not changed"):
        eventually(unchanged, within=SETTLED)
    if not seen:
        for rule in ("CMF-CACHE-BODY", "CMF-CACHE-ETAG"):
            check.nothing_to_judge(rule, f"{operation} answered no 304, which it need not")
        return
    answer, tag = seen[-1]
    with check("CMF-CACHE-BODY", f"a 304 of {operation} has no content"):
        require(
            not answer.raw, "a 304 came with content", expected="no content", got=f"{len(answer.raw)} bytes"
        )
    with check("CMF-CACHE-ETAG", f"a 304 of {operation} carries the ETag"):
        told = (answer.header("etag") or "").removeprefix("W/")
        require_equal(told, tag.removeprefix("W/"), "the ETag of a 304")


@requirement("CMF-TIME-READ")
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS if ROUTES[plural].get is not None])
def test_reading_moves_no_time(run: RunContext, check: Checks, which: str) -> None:
    collection = run.existing.lists(which)[0]
    where = () if which == "environments" else ("metadata",)
    parts = ("created_time", "updated_time", "creationTimestamp", "updateTimestamp")

    def unmoved() -> None:
        name = collection.name_of(collection.list(size=1).expect(200).items[0])
        first = collection.get(name).expect(200).body
        time.sleep(0.02)  # so that a clock that is read now would show
        second = collection.get(name).expect(200).body
        for part in parts:
            was, now = (optional(body, *where, part) for body in (first, second))
            require(was == now, f"{part} has moved", expected=repr(was), got=repr(now))

    with check("CMF-TIME-READ", f"reading {which} that exist leaves their times"):
        eventually(unmoved, within=SETTLED)


@pytest.mark.parametrize(
    "which",
    [
        param(plural, "GET-UNKNOWN", *([] if plural in GLOBAL else ["LIST-UNKNOWN"]))
        for plural in WORDS
        if ROUTES[plural].get is not None
    ]
    + [param("events", "LIST-UNKNOWN")],
)
def test_unknown_names(run: RunContext, cmf: Cmf, check: Checks, which: str) -> None:
    word, routes = WORDS[which], ROUTES[which]
    never = str(uuid.uuid4()) if which == "instances" else cmf.name("never")
    scope = run.existing.parameters(routes.list)
    collection = Collection(cmf, which, scope)
    known = [collection.name_of(item) for item in collection.list(size=1).needed(200).items]
    for accept in (JSON, YAML):
        if routes.get is not None:
            with check(
                f"CMF-{word}-GET-UNKNOWN", f"one of the {which} that does not exist, accepting {accept}"
            ):
                collection.get(never, accept=accept).expect(404)
        for parameter in scope:
            if routes.get is not None and known:
                there = {**scope, parameter: never}
                with check(f"CMF-{word}-GET-UNKNOWN", f"one that exists, below an unknown {parameter}"):
                    Collection(cmf, which, there).get(known[0], accept=accept).expect(404)
            elsewhere = Collection(cmf, which, {**scope, parameter: never})
            with check(
                f"CMF-{word}-LIST-UNKNOWN", f"the {which} of an unknown {parameter}, accepting {accept}"
            ):
                elsewhere.list(accept=accept).expect(404)


@requirement("CMF-ERR-ROUTE", "CMF-ERR-ROUTE-BODY")
def test_unknown_routes(run: RunContext, cmf: Cmf, check: Checks) -> None:
    cmf.environments.list().needed(200)
    paths = ["/hello", "/cmf/api/v1/hello", "/cmf/api/v2/environments", "/cmf/api/v1/environment"]
    paths += [f"/cmf/api/v1/environments/{quote(run.existing.names('environments')[0])}/hello"]
    for path in paths:
        answer = cmf.send("GET", path)
        with check("CMF-ERR-ROUTE", f"GET {path} is not found"):
            answer.expect(404)
        with check("CMF-ERR-ROUTE-BODY", f"GET {path} says so"):
            messages = error_messages(answer.body)
            require(
                any(message.startswith("Resource not found") for message in messages),
                "the message does not begin with Resource not found",
                expected="Resource not found: [...]",
                got=repr(messages),
            )


@needs_auth
@requirement("CMF-AUTH-MISSING", "CMF-AUTH-WRONG", "CMF-AUTH-HIDDEN")
@pytest.mark.parametrize("which", [param(plural) for plural in WORDS])
def test_reading_by_nobody(run: RunContext, check: Checks, which: str) -> None:
    collection = run.existing.lists(which)[0]
    name = collection.name_of(collection.list(size=1).needed(200).items[0])
    for rule, who, how in (
        ("CMF-AUTH-MISSING", "no credentials", {"authenticate": False}),
        (
            "CMF-AUTH-WRONG",
            "a token that is not valid",
            {"headers": [("Authorization", "Bearer not-the-token")]},
        ),
        ("CMF-AUTH-WRONG", "an empty token", {"headers": [("Authorization", "Bearer")]}),
    ):
        answer = collection.list(size=1, **how)
        with check(rule, f"reading the list of {which} with {who} is refused"):
            answer.expect(*REFUSED)
        with check("CMF-AUTH-HIDDEN", f"the answer about {which} with {who} shows nothing of them"):
            require(
                name.encode() not in answer.raw,
                "the answer shows what was asked for",
                expected="nothing of it",
            )
