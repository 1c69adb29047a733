"""The fixtures of scenarios, each named for what it gives."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from conformance import bodies, running
from conformance.expectations import Unmet
from conformance.kinds import Ground, Kind
from conformance.kinds import ground as prepare
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks, context_of
from conformance.target.cmf import Cmf, Collection

SECRETS = {"secrets"}


@dataclass(frozen=True)
class Held:
    """A resource that exists on the target, and the body it was created with."""

    name: str
    body: dict[str, Any]


@pytest.fixture
def run(request: pytest.FixtureRequest) -> RunContext:
    """The run this scenario belongs to."""
    context: RunContext = context_of(request.config)
    return context


@pytest.fixture
def cmf(run: RunContext) -> Cmf:
    """The API of the target."""
    return run.cmf


@pytest.fixture
def check(run: RunContext, request: pytest.FixtureRequest) -> Checks:
    """What observes a requirement.

    ``with check("CMF-…", "what is looked at"): …``
    """
    declared = tuple(name for mark in request.node.iter_markers("requirement") for name in mark.args)
    return Checks(run.recorder, declared)


@pytest.fixture
def new_environment(cmf: Cmf) -> Callable[..., Held]:
    """Creates environments: ``new_environment(flinkApplicationDefaults=…)``."""

    def create(**fields: Any) -> Held:
        name = cmf.name("env")
        body = bodies.environment(name, cmf.features, **fields)
        cmf.environments.post(body).needed()
        return Held(name, body)

    return create


@pytest.fixture
def environment(new_environment: Callable[..., Held]) -> str:
    """The name of an empty environment."""
    return new_environment().name


@pytest.fixture
def other_environment(new_environment: Callable[..., Held]) -> str:
    """The name of another empty environment."""
    return new_environment().name


@pytest.fixture
def new_application(cmf: Cmf) -> Callable[..., Held]:
    """Creates applications, suspended unless said otherwise: ``new_application(environment, parallelism=2)``."""

    def create(environment: str, name: str | None = None, **fields: Any) -> Held:
        name = name or cmf.name("app")
        body = bodies.application(name, cmf.features, **fields)
        cmf.applications(environment).post(body).needed()
        return Held(name, body)

    return create


@pytest.fixture
def suspended_application(environment: str, new_application: Callable[..., Held]) -> str:
    """The name of a suspended application in ``environment``."""
    return new_application(environment).name


@pytest.fixture
def new_secret(run: RunContext, cmf: Cmf) -> Callable[[], str]:
    """Creates secrets, each with data of its own: ``new_secret()`` returns the name."""

    def create() -> str:
        name = cmf.name("secret")
        cmf.secrets.post(bodies.secret(name, run.canaries.data())).needed()
        return name

    return create


@pytest.fixture
def new_compute_pool(cmf: Cmf) -> Callable[..., Held]:
    """Creates compute pools: ``new_compute_pool(environment)``."""

    def create(environment: str, name: str | None = None, **fields: Any) -> Held:
        name = name or cmf.name("pool")
        body = bodies.compute_pool(name, cmf.features, **fields)
        cmf.compute_pools(environment).post(body).needed(200)
        return Held(name, body)

    return create


@pytest.fixture
def compute_pool(environment: str, new_compute_pool: Callable[..., Held]) -> str:
    """The name of a compute pool in ``environment`` that no statement uses yet."""
    return new_compute_pool(environment).name


@pytest.fixture
def new_statement(cmf: Cmf) -> Callable[..., Held]:
    """Creates metadata statements unless told otherwise: ``new_statement(environment, pool, sql=…)``."""

    def create(environment: str, pool: str, name: str | None = None, **fields: Any) -> Held:
        name = name or cmf.name("stmt")
        body = bodies.statement(name, cmf.features, pool=pool, **fields)
        cmf.statements(environment).post(body).needed(200)
        return Held(name, body)

    return create


@pytest.fixture
def until_phase(cmf: Cmf) -> Callable[..., dict[str, Any]]:
    """Waits until a statement is in one of some phases: ``until_phase(environment, name, "completed")``.

    Returns the statement; raises ``Broken`` when it does not get there within the time to settle.  A target
    that gives no phase at all can't be waited for: then the statement is returned as it is.
    """
    return partial(running.until_phase, cmf)


@pytest.fixture
def at_rest(until_phase: Callable[..., dict[str, Any]]) -> Callable[[str, str], dict[str, Any]]:
    """Waits until a statement moves no more: ``at_rest(environment, name)``.

    Returns the statement; raises ``Broken`` when it goes on.
    """
    return lambda environment, name: until_phase(environment, name, "completed", "failed", "stopped")


@pytest.fixture
def ground(kind: Kind, cmf: Cmf, run: RunContext, request: pytest.FixtureRequest) -> Ground:
    """Where resources of the kind that a scenario is about can be created."""
    data = run.canaries.data() if SECRETS & {kind.plural, kind.needs} else None
    return prepare(kind, cmf, request.getfixturevalue("environment") if kind.scoped else "", data)


@pytest.fixture
def collection(ground: Ground) -> Collection:
    """The collection of the kind that a scenario is about."""
    return ground.collection


@pytest.fixture
def short_name(run: RunContext) -> Callable[..., str]:
    """Takes a name too short for the prefix of the run, after the target said that nothing has it.

    ``short_name(collection, 4)``; with ``digit=True`` it begins with a digit, with ``digits=True`` it is one number.
    """
    source = random.Random(f"{run.seed} {run.prefix}")  # noqa: S311 - no secret, but of this run

    def take(collection: Collection, length: int, *, digit: bool = False, digits: bool = False) -> str:
        letters = string.ascii_lowercase
        others = string.digits if digits else letters + string.digits
        for _ in range(20):
            first = source.choice(string.digits if digit or digits else letters)
            name = first + "".join(source.choice(others) for _ in range(length - 1))
            status = collection.get(name).status
            # What can be no name may be refused as that (erratum ERR-STATUS-HTTP); then the list tells that nothing has it.
            if status == 404 or (status == 400 and name not in collection.names()):  # noqa: PLR2004
                run.claim(collection, name)
                return name
        raise Unmet(f"no free name of {length} characters was found")

    return take
