"""Pagination: pages partition a list, and sorting orders it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from conformance.expectations import (
    Broken,
    eventually,
    optional,
    require,
    require_equal,
    require_unique,
    settled,
)
from conformance.kinds import CATALOG, COMPUTE_POOL, SECRET, SECRET_MAPPING, Ground
from conformance.kinds import ground as prepare
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import needs_flink, needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection
from conformance.views import is_started, is_suspended

FAMILY = {kind.plural: kind for kind in (COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG)}
SETTLED = 3.0
"""Seconds in which a list that others may be changing must once be seen unchanged."""


@dataclass(frozen=True)
class Listed:
    """A list of at least five items that nothing in this scenario changes."""

    collection: Collection
    mine: frozenset[str]
    """The names that this scenario created; others may come and go in a list that is shared."""

    def all(self) -> list[str]:
        """The names of the whole list."""
        return self.collection.names()

    def names(self, answer: Answer) -> list[str]:
        """The names on one page."""
        return [self.collection.name_of(item) for item in answer.expect(200).items]


@pytest.fixture
def environments(cmf: Cmf, new_environment: Callable[..., Held]) -> Listed:
    """The list of environments, at least seven of them."""
    return Listed(cmf.environments, frozenset(new_environment().name for _ in range(7)))


@pytest.fixture
def applications(cmf: Cmf, environment: str, new_application: Callable[..., Held]) -> Listed:
    """A list of seven applications."""
    names = [new_application(environment).name for _ in range(7)]
    return Listed(cmf.applications(environment), frozenset(names))


@pytest.fixture
def statements(cmf: Cmf, environment: str, compute_pool: str, new_statement: Callable[..., Held]) -> Listed:
    """A list of seven statements."""
    names = [new_statement(environment, compute_pool).name for _ in range(7)]
    return Listed(cmf.statements(environment), frozenset(names))


@pytest.fixture
def run_application(cmf: Cmf, environment: str, new_application: Callable[..., Held]) -> str:
    """A suspended application that was started five times."""
    name = new_application(environment).name
    for act, holds in ((cmf.start, is_started), (cmf.suspend, is_suspended)) * 5:
        act(environment, name).needed(200, 304)
        eventually(
            lambda: require(holds(cmf.applications(environment).get(name).body), "the state does not follow"),
            within=cmf.limits.settle,
        )
    return name


@pytest.fixture
def instances(cmf: Cmf, environment: str, run_application: str) -> Listed:
    """The instances of an application that was started several times."""
    return _quiet(cmf.instances(environment, run_application), cmf)


@pytest.fixture
def events(cmf: Cmf, environment: str, run_application: str) -> Listed:
    """The events of an application that was started several times."""
    return _quiet(cmf.events(environment, run_application), cmf)


def _quiet(collection: Collection, cmf: Cmf) -> Listed:
    """A list that grows by itself, once it has stopped growing."""
    return Listed(collection, frozenset(settled(collection.names, within=cmf.limits.settle)))


def _ground(which: str, request: pytest.FixtureRequest) -> Ground:
    """Where resources of the statement family can be created."""
    kind, cmf = FAMILY[which], request.getfixturevalue("cmf")
    return prepare(kind, cmf, request.getfixturevalue("environment") if kind.scoped else "")


def _seven(which: str, request: pytest.FixtureRequest) -> Listed:
    """A list of seven resources of the statement family, or more where it is shared."""
    ground, create = _ground(which, request), _creator(which, request)
    return Listed(ground.collection, frozenset(create(ground.cmf.name("listed")) for _ in range(7)))


LISTS = [
    pytest.param("environments", id="environments"),
    pytest.param("applications", id="applications"),
    pytest.param("instances", id="instances", marks=needs_flink),
    pytest.param("events", id="events", marks=needs_flink),
    pytest.param("statements", id="statements", marks=needs_sql),
    *(pytest.param(which, id=which, marks=needs_sql) for which in FAMILY),
]
SCOPED = [
    "applications",
    *(pytest.param(which, marks=needs_sql) for which in ("statements", "compute-pools", "secret-mappings")),
]
RULES = (
    "CMF-PAGE-SIZE",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-STABLE",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-TOTAL",
    "CMF-PAGE-PAGEABLE",
)


@requirement(*RULES)
@pytest.mark.parametrize("which", LISTS)
def test_pages(check: Checks, which: str, request: pytest.FixtureRequest) -> None:
    listed: Listed = _seven(which, request) if which in FAMILY else request.getfixturevalue(which)
    collection = listed.collection
    if len(listed.mine) < 3:
        for rule in RULES:
            check.nothing_to_judge(
                rule, f"the target has only {len(listed.mine)} {which} of an application started five times"
            )
        return
    total = len(listed.all())

    def page_sizes() -> None:
        for size in (1, 2, 3):
            got = len(collection.list(page=0, size=size).expect(200).items)
            require(got == size, f"size={size} gave {got} {which}", expected=str(size), got=str(got))

    with check("CMF-PAGE-SIZE", f"a page of {which} has as many as asked for"):
        page_sizes()
    with check("CMF-PAGE-ZERO", f"page 0 of {which} is the first, and what no page gives"):
        eventually(lambda: _require_zero(listed), within=SETTLED)
    for size in (
        {1, 2, 3, max(2, total - 1), total, total + 3}
        if total <= 12
        else {max(2, total // 5), max(3, total // 5 + 1)}
    ):
        with check("CMF-PAGE-PARTITION", f"pages of {size} hold all {which}, each once"):
            eventually(lambda: _require_partition(listed, size), within=SETTLED)
    with check("CMF-PAGE-STABLE", f"the same pages of {which}, read twice"):
        eventually(lambda: _require_stable(listed), within=SETTLED)
    with check("CMF-PAGE-PAST-END", f"pages of {which} behind the last are empty"):
        eventually(lambda: _require_end(listed), within=SETTLED)
    with check("CMF-PAGE-TOTAL", f"metadata.size counts {which}"):
        eventually(lambda: _require_totals(listed), within=SETTLED)
    with check("CMF-PAGE-PAGEABLE", f"pageable of {which} is what was asked for"):
        for page, size in ((0, 2), (1, 2), (1, 3), (2, 1)):
            answer = collection.list(page=page, size=size).expect(200)
            for key, asked in (("page", page), ("size", size)):
                told = optional(answer.body, "pageable", key)
                require(
                    told is None or told == asked,
                    f"pageable.{key} is not what was asked for",
                    expected=str(asked),
                    got=repr(told),
                )


def _require_zero(listed: Listed) -> None:
    everything = listed.names(listed.collection.list(size=100))
    require_equal(listed.names(listed.collection.list(page=0, size=100)), everything, "page 0")
    first = listed.names(listed.collection.list(page=0, size=2))
    require_equal(first, everything[:2], "page 0 of size 2")
    require_equal(listed.names(listed.collection.list(page=1, size=2)), everything[2:4], "page 1 of size 2")
    default = listed.names(listed.collection.list())
    require_equal(listed.names(listed.collection.list(page=0)), default, "page 0 of the default size")
    require_equal(default, everything[: len(default)], "the list without parameters")


def _require_partition(listed: Listed, size: int) -> None:
    met = listed.collection.names(size=size)
    require_unique(met, f"with size={size},")
    everything = listed.all()
    missing = [name for name in everything if name not in met]
    require(
        not missing,
        f"with size={size} the pages miss {len(missing)} of {len(everything)}",
        expected="all",
        got=", ".join(missing[:3]),
    )
    require_equal(met, everything, f"the order over pages of {size}")


def _require_end(listed: Listed) -> None:
    total = len(listed.all())
    # The first page past the end, of sizes that fill the last page and of sizes that do not, and pages far behind it.
    for page, size in (
        (total, 1),
        (1, total),
        (-(-total // 2), 2),
        (-(-total // 3), 3),
        (1, total + 1),
        (total, 5),
        (1000, 5),
    ):
        items = listed.collection.list(page=page, size=size).expect(200).items
        if size <= 100:
            require(
                not items,
                f"page {page} of size {size} holds {len(items)} of {total}",
                expected="no items",
                got=f"{len(items)} items",
            )


def _require_stable(listed: Listed) -> None:
    for page, size in ((0, 5), (1, 2)):
        first = listed.names(listed.collection.list(page=page, size=size))
        require_equal(
            listed.names(listed.collection.list(page=page, size=size)), first, f"page {page} read again"
        )


def _require_totals(listed: Listed) -> None:
    total = len(listed.all())
    for page, size in ((0, 2), (0, 100), (1, 2), (1000, 2)):
        answer = listed.collection.list(page=page, size=size).expect(200)
        told = optional(answer.body, "metadata", "size")
        legal = {total, len(answer.items)}
        require(
            told is None or told in legal,
            f"metadata.size of page {page} counts something else",
            expected=" or ".join(map(str, sorted(legal))),
            got=repr(told),
        )


@requirement("CMF-PAGE-ZERO", "CMF-PAGE-PARTITION")
@pytest.mark.parametrize("which", SCOPED)
def test_default_page_size(
    cmf: Cmf, check: Checks, which: str, environment: str, request: pytest.FixtureRequest
) -> None:
    create = _creator(which, request)
    names = {create(cmf.name("page")) for _ in range(23)}
    listed = Listed(Collection(cmf, which, {"envName": environment}), frozenset(names))
    with check("CMF-PAGE-PARTITION", f"pages of the default size hold all {which}, each once"):
        met: list[str] = []
        for page in range(len(names) + 1):
            found = listed.names(listed.collection.list(page=page))
            met += found
            if not found:
                break
        require_unique(met, "over pages of the default size,")
        require(
            set(met) == names,
            "pages of the default size miss some",
            expected=str(len(names)),
            got=str(len(met)),
        )
    with check("CMF-PAGE-ZERO", "without page, a list of the default size begins at the beginning"):
        require_equal(
            listed.names(listed.collection.list()),
            met[: len(listed.names(listed.collection.list(page=0)))],
            "the list",
        )


@requirement("CMF-PAGE-EMPTY", "CMF-PAGE-TOTAL")
@pytest.mark.parametrize("which", SCOPED)
def test_empty_list(
    cmf: Cmf, check: Checks, which: str, environment: str, request: pytest.FixtureRequest
) -> None:
    empty = Collection(cmf, which, {"envName": environment})
    with check("CMF-PAGE-EMPTY", f"a new environment has a page without {which}"):
        for page, size in ((None, None), (0, 5), (3, 5)):
            items = empty.list(page=page, size=size).expect(200).items
            require(not items, "an empty list has items", expected="no items", got=f"{len(items)} items")
    with check("CMF-PAGE-TOTAL", "metadata.size of an empty list is 0"):
        told = optional(empty.list().expect(200).body, "metadata", "size")
        require(told in {None, 0}, "metadata.size of an empty list is not 0", expected="0", got=repr(told))
    create = _creator(which, request)
    kept, gone = (create(cmf.name("page")) for _ in range(2))
    empty.delete(gone).needed()
    eventually(lambda: empty.get(gone).expect_absent(), within=cmf.limits.settle)
    with check("CMF-PAGE-TOTAL", f"metadata.size does not count what was deleted beside {kept}"):
        eventually(lambda: _require_size(empty, 1), within=cmf.limits.settle)


def _require_size(collection: Collection, size: int) -> None:
    told = optional(collection.list().expect(200).body, "metadata", "size")
    require(
        told in {None, size}, "metadata.size is not the number of items", expected=str(size), got=repr(told)
    )


def sort_keys(which: str) -> tuple[str, ...]:
    """How the name may be addressed in a sort parameter (erratum ERR-SORT-PROPERTY)."""
    return ("name",) if which == "environments" else ("name", "metadata.name")


@pytest.fixture
def shuffled(cmf: Cmf, request: pytest.FixtureRequest) -> Listed:
    """Seven resources created in an order that is neither that of their names, nor of their lengths, nor a reverse."""
    which = request.getfixturevalue("which")
    stem = cmf.name("sort")
    names = [f"{stem}-{end}" for end in ("dd", "aaaa", "g", "bbb", "ff", "c", "eeeee")]
    if which == "environments":
        for name in names:
            cmf.environments.post({"name": name, "kubernetesNamespace": cmf.features.namespace}).needed(
                200, 201
            )
        return Listed(cmf.environments, frozenset(names))
    create = _creator(which, request)
    for name in names:
        create(name)
    if which in FAMILY:
        return Listed(_ground(which, request).collection, frozenset(names))
    environment = request.getfixturevalue("environment")
    return Listed(Collection(cmf, which, {"envName": environment}), frozenset(names))


def _creator(which: str, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """What creates a resource of a name in the environment of the scenario, and returns the name."""
    if which in FAMILY:
        ground = _ground(which, request)

        def create(name: str) -> str:
            ground.collection.post(ground.body(name)).needed()
            return name

        return create
    environment = request.getfixturevalue("environment")
    if which == "statements":
        pool, statement = request.getfixturevalue("compute_pool"), request.getfixturevalue("new_statement")
        return lambda name: str(statement(environment, pool, name).name)
    application = request.getfixturevalue("new_application")
    return lambda name: str(application(environment, name).name)


@requirement("CMF-PAGE-SORT-ASC", "CMF-PAGE-SORT-DESC", "CMF-PAGE-PARTITION")
@pytest.mark.parametrize(
    "which",
    [
        "environments",
        "applications",
        *(pytest.param(each, marks=needs_sql) for each in ("statements", *FAMILY)),
    ],
)
def test_sort_by_name(check: Checks, which: str, shuffled: Listed) -> None:
    ascending = sorted(shuffled.mine)

    def ordered(sort: str, size: int) -> list[str]:
        return [name for name in shuffled.collection.names(sort=sort, size=size) if name in shuffled.mine]

    def some_key(suffix: str, expected: list[str], size: int) -> None:
        """The name sorts under one of the ways to address it."""
        problems: list[Broken] = []
        for key in sort_keys(which):
            try:
                require_equal(
                    ordered(key + suffix, size),
                    expected,
                    f"the order of {which} with sort={key}{suffix}, size={size}",
                )
            except Broken as broken:
                problems.append(broken)
            else:
                return
        raise problems[0]

    size = _page_size(shuffled)
    for each in (100, size):
        with check("CMF-PAGE-SORT-ASC", f"{which} sort in ascending order, pages of {each}"):
            some_key(",asc", ascending, each)
        with check(
            "CMF-PAGE-SORT-ASC", f"{which} sort in ascending order without direction, pages of {each}"
        ):
            some_key("", ascending, each)
        with check("CMF-PAGE-SORT-DESC", f"{which} sort in descending order, pages of {each}"):
            some_key(",desc", ascending[::-1], each)
    with check("CMF-PAGE-PARTITION", f"sorted pages of {which} hold each once"):
        for direction in ("asc", "desc"):
            met = [
                name
                for name in shuffled.collection.names(sort=f"name,{direction}", size=size)
                if name in shuffled.mine
            ]
            require_unique(met, f"with sort=name,{direction}")
            require(
                len(met) == len(shuffled.mine),
                "sorted pages miss some",
                expected=str(len(shuffled.mine)),
                got=str(len(met)),
            )


def _page_size(listed: Listed) -> int:
    """Three, or more where the list is shared and long."""
    return max(3, len(listed.all()) // 8)


@requirement("CMF-PAGE-SORT-MULTIPLE")
@pytest.mark.parametrize("which", ["environments"])
def test_sort_by_several(check: Checks, which: str, shuffled: Listed) -> None:  # noqa: ARG001 - which feeds the fixture
    ascending = sorted(shuffled.mine)
    for sorts, expected, why in (
        (["name,desc", "created_time,asc"], ascending[::-1], "the first criterion decides"),
        (
            ["kubernetesNamespace,asc", "name,desc"],
            ascending[::-1],
            "the second criterion orders what the first leaves equal",
        ),
        (["kubernetesNamespace,desc", "name,asc"], ascending, "whatever the direction of the first"),
    ):
        answer = shuffled.collection.list(size=5, sort=sorts)
        if answer.status == 400:
            check.nothing_to_judge(
                "CMF-PAGE-SORT-MULTIPLE", f"the target refuses to sort by {sorts}, as it may"
            )
            continue
        with check("CMF-PAGE-SORT-MULTIPLE", why):
            order = [name for name in shuffled.collection.names(sort=sorts) if name in shuffled.mine]
            require_equal(order, expected, f"the order with sort={' and '.join(sorts)}")


HOSTILE: list[list[tuple[str, str]]] = [
    *(
        [("page", value)]
        for value in (
            "-1",
            "abc",
            "1.5",
            "",
            "99999999999999999999",
            "-2147483649",
            "0x1",
            "٣",
            "1e3",
            "null",
        )
    ),
    *([("size", value)] for value in ("0", "-1", "abc", "", "99999999999999999999", "2147483648", "1.5")),
    *(
        [("sort", value)]
        for value in (
            "nosuch,asc",
            "name,sideways",
            ",",
            "",
            "name,asc,desc",
            "'; drop table--",
            "metadata..name",
            "é,asc",
            "a" * 2000,
        )
    ),
    [("page", "0"), ("page", "1")],
    [("size", "2"), ("size", "x")],
    [("page", "1000000"), ("size", "1000000")],
    [("unknown", "parameter")],
    [("page", "\0")],
]


@requirement("CMF-PAGE-HOSTILE")
@pytest.mark.parametrize(
    "which",
    [
        *("environments", "applications", "instances", "events"),
        *(pytest.param(each, marks=needs_sql) for each in ("statements", *FAMILY)),
    ],
)
def test_hostile_parameters(
    cmf: Cmf, check: Checks, which: str, environment: str, suspended_application: str
) -> None:
    operation, names = {
        "environments": ("getEnvironments", {}),
        "applications": ("getApplications", {"envName": environment}),
        "instances": ("getApplicationInstances", {"envName": environment, "appName": suspended_application}),
        "events": ("getApplicationEvents", {"envName": environment, "appName": suspended_application}),
        "statements": ("getStatements", {"envName": environment}),
        "compute-pools": ("getComputePools", {"envName": environment}),
        "secrets": ("getSecrets", {}),
        "secret-mappings": ("getEnvironmentSecretMappings", {"envName": environment}),
        "catalogs": ("getKafkaCatalogs", {}),
    }[which]
    cmf.call(operation, names).needed(200)
    for query in HOSTILE:
        shown = "&".join(f"{key}={value[:30]!r}" for key, value in query)
        with check("CMF-PAGE-HOSTILE", f"{which} with {shown}"):
            answer = cmf.call(operation, names, query=query).expect(200, 400, 414, 422)
            if answer.status == 200:
                require(isinstance(answer.items, list), "the answer is no page")
