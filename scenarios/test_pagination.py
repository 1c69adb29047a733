"""Pagination: pages partition a list, and sorting orders it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from conformance.contract.media import JSON, YAML
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
from conformance.paging import (
    RULES,
    SURE,
    Listed,
    in_peace,
    judge_hostile_parameters,
    judge_pages,
    sort_keys,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import switched
from conformance.scenario import needs_flink, needs_sql, requirement
from conformance.target.cmf import Cmf, Collection
from conformance.views import is_started, is_suspended

FAMILY = {kind.plural: kind for kind in (COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG)}


INSTANCE = 2.0
"""Seconds until a start is taken to make no instance of its own."""


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
    instances = cmf.instances(environment, name)
    for act, holds in ((cmf.start, is_started), (cmf.suspend, is_suspended)) * 5:
        before = len(instances.names())
        switched(cmf, act, environment, name).needed(200, 304)
        eventually(
            lambda: require(holds(cmf.applications(environment).get(name).body), "the state does not follow"),
            within=cmf.limits.settle,
        )
        if act == cmf.start:
            with suppress(Broken):  # that each start has an instance is another requirement
                eventually(lambda: require(len(instances.names()) > before, "no instance"), within=INSTANCE)
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


def _ground(which: str, request: pytest.FixtureRequest, place: str = "environment") -> Ground:
    """Where resources of the statement family can be created; ``place`` is the fixture of the environment."""
    kind, cmf = FAMILY[which], request.getfixturevalue("cmf")
    return prepare(kind, cmf, request.getfixturevalue(place) if kind.scoped else "")


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


@requirement(*RULES)
@pytest.mark.parametrize("which", LISTS)
def test_pages(check: Checks, which: str, request: pytest.FixtureRequest) -> None:
    listed: Listed = _seven(which, request) if which in FAMILY else request.getfixturevalue(which)
    if len(listed.mine) < 3:
        for rule in RULES:
            check.nothing_to_judge(
                rule, f"the target has only {len(listed.mine)} {which} of an application started five times"
            )
        return
    judge_pages(check, listed, which)


@requirement("CMF-PAGE-ZERO", "CMF-PAGE-PARTITION", "CMF-PAGE-SIZE")
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
    with check("CMF-PAGE-SIZE", f"a page of {SURE} {which} has as many, and the next has the rest"):
        for page, size in ((0, SURE), (1, SURE), (0, SURE // 2)):
            wanted = min(size, len(names) - page * size)
            got = len(listed.collection.list(page=page, size=size).expect(200).items)
            require(
                got == wanted,
                f"page {page} of size {size} has {got} {which}",
                expected=str(wanted),
                got=str(got),
            )
    with check("CMF-PAGE-ZERO", "without page, a list of the default size begins at the beginning"):
        require_equal(
            listed.names(listed.collection.list()),
            met[: len(listed.names(listed.collection.list(page=0)))],
            "the list",
        )
    gone = listed.all()[0]
    listed.collection.delete(gone).needed()
    eventually(lambda: listed.collection.get(gone).expect_absent(), within=cmf.limits.settle)
    with check("CMF-PAGE-SIZE", f"the first page of {which} is full after one of it was deleted"):
        eventually(lambda: _require_full(listed.collection, 2), within=cmf.limits.settle)


def _require_full(collection: Collection, size: int) -> None:
    got = len(collection.list(page=0, size=size).expect(200).items)
    require(got == size, f"page 0 of size {size} has {got}", expected=str(size), got=str(got))


@requirement("CMF-PAGE-EMPTY", "CMF-PAGE-TOTAL")
@pytest.mark.parametrize("which", SCOPED)
def test_empty_list(
    cmf: Cmf, check: Checks, which: str, environment: str, request: pytest.FixtureRequest
) -> None:
    elsewhere = _creator(which, request, "other_environment")
    for _ in range(2):
        elsewhere(cmf.name("elsewhere"))
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


def _creator(which: str, request: pytest.FixtureRequest, place: str = "environment") -> Callable[[str], str]:
    """What creates a resource of a name in the environment that a fixture gives, and returns the name."""
    if which in FAMILY:
        ground = _ground(which, request, place)

        def create(name: str) -> str:
            ground.collection.post(ground.body(name)).needed()
            return name

        return create
    environment = request.getfixturevalue(place)
    if which == "statements":
        pool = request.getfixturevalue("new_compute_pool")(environment).name
        statement = request.getfixturevalue("new_statement")
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

    def ordered(sort: str, size: int | None, accept: str = JSON) -> list[str]:
        """The order over pages of a size, or, without one, on the page of a request that has nothing but ``sort``."""
        listed = (
            shuffled.names(shuffled.collection.list(sort=sort, accept=accept))
            if size is None
            else shuffled.collection.names(sort=sort, size=size, accept=accept)
        )
        return [name for name in listed if name in shuffled.mine]

    def some_key(suffix: str, expected: list[str], size: int | None, accept: str = JSON) -> None:
        """The name sorts under one of the ways to address it."""
        problems: list[Broken] = []
        for key in sort_keys(which):
            try:
                met = ordered(key + suffix, size, accept)
                require_equal(
                    met,
                    [name for name in expected if name in met] if size is None else expected,
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
            in_peace(shuffled, lambda: some_key(",asc", ascending, each))
        with check(
            "CMF-PAGE-SORT-ASC", f"{which} sort in ascending order without direction, pages of {each}"
        ):
            in_peace(shuffled, lambda: some_key("", ascending, each))
        with check("CMF-PAGE-SORT-DESC", f"{which} sort in descending order, pages of {each}"):
            in_peace(shuffled, lambda: some_key(",desc", ascending[::-1], each))
    with check("CMF-PAGE-SORT-ASC", f"{which} sort in ascending order without page and size, and as YAML"):
        in_peace(shuffled, lambda: some_key(",asc", ascending, None))
        in_peace(shuffled, lambda: some_key(",asc", ascending, size, YAML))
    with check("CMF-PAGE-SORT-DESC", f"{which} sort in descending order without page and size, and as YAML"):
        in_peace(shuffled, lambda: some_key(",desc", ascending[::-1], None))
        in_peace(shuffled, lambda: some_key(",desc", ascending[::-1], size, YAML))
    with check("CMF-PAGE-PARTITION", f"sorted pages of {which} hold each once"):
        refused = shuffled.collection.list(size=1, sort="name,asc").status == 400
        key = sort_keys(which)[-1] if refused else "name"
        for direction in ("asc", "desc"):
            in_peace(shuffled, lambda: _require_each_once(shuffled, f"{key},{direction}", size))


def _require_each_once(listed: Listed, sort: str, size: int) -> None:
    met = [name for name in listed.collection.names(sort=sort, size=size) if name in listed.mine]
    require_unique(met, f"with sort={sort}")
    wanted = len(listed.mine)
    require(len(met) == wanted, "sorted pages miss some", expected=str(wanted), got=str(len(met)))


def _page_size(listed: Listed) -> int:
    """Three, or more where the list is shared and long."""
    return max(3, len(listed.all()) // 8)


@requirement("CMF-PAGE-SORT-MULTIPLE", "CMF-PAGE-PARTITION")
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

        def ordered() -> None:
            order = [name for name in shuffled.collection.names(sort=sorts) if name in shuffled.mine]
            require_equal(order, expected, f"the order with sort={' and '.join(sorts)}")

        with check("CMF-PAGE-SORT-MULTIPLE", why):
            in_peace(shuffled, ordered)
    tie = "kubernetesNamespace"  # the same for all
    if shuffled.collection.list(size=5, sort=tie).status != 200:
        check.nothing_to_judge("CMF-PAGE-PARTITION", f"the target does not sort by {tie}, as it may")
        return
    with check("CMF-PAGE-PARTITION", "pages sorted by what is the same for all hold each once"):
        in_peace(shuffled, lambda: _require_each_once(shuffled, tie, _page_size(shuffled)))


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
    judge_hostile_parameters(check, operation, names, which, cmf)
