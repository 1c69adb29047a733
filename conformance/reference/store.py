"""What exists: environments with their children, and the resources outside any environment.

Stored JSON values are never changed in place, only replaced; so a view may share them.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field

from conformance.reference.sql import Query
from conformance.reference.values import JsonObject


def new_uid() -> str:
    """A UUID of version 4."""
    return str(uuid.uuid4())


@dataclass(eq=False)
class Record:
    """A resource with ``metadata`` and ``spec``; times are milliseconds of the clock."""

    name: str
    metadata: JsonObject
    """What the client said beside the name: labels, annotations."""
    spec: JsonObject
    created: int
    updated: int
    uid: str = field(default_factory=new_uid)


@dataclass(eq=False)
class Instance:
    """One run of an application."""

    spec: JsonObject
    created: int
    updated: int
    uid: str = field(default_factory=new_uid)
    job_id: str | None = None
    state: str | None = None


@dataclass(eq=False)
class Event:
    """Something that happened to an application."""

    type: str
    message: str
    new_status: str
    created: int
    instance: str | None
    uid: str = field(default_factory=new_uid)


@dataclass(frozen=True)
class Step:
    """A change of an application that is still to come."""

    at: int
    lifecycle: str
    job: str | None
    deployment: str


@dataclass(eq=False)
class Application(Record):
    """A Flink application and everything that became of it."""

    running: bool = False
    """Whether it is to run, by its own spec or the environment's defaults."""
    generation: int = 1
    status: JsonObject | None = None
    instances: list[Instance] = field(default_factory=list)
    """Oldest first."""
    events: list[Event] = field(default_factory=list)
    """Oldest first."""
    steps: deque[Step] = field(default_factory=deque)
    """The next one first."""


@dataclass(frozen=True)
class Phase:
    """A phase of a statement and when it begins."""

    at: int
    name: str
    detail: str


@dataclass(eq=False)
class Statement(Record):
    """A SQL statement; its phase follows from its plan and the clock."""

    query: Query = field(default_factory=lambda: Query(""))
    plan: list[Phase] = field(default_factory=list)
    """In the order of time, the first one past."""
    failures: list[int] = field(default_factory=list)
    """When it threw an exception, or will."""
    served: int = 0
    """The first row of the last page of results that was given away; rows before it are gone."""


@dataclass(eq=False)
class Secret(Record):
    """A secret; its data are in ``spec`` and never leave the server."""

    version: int = 0


@dataclass(eq=False)
class Environment:
    """An environment and its children, each in the order of creation."""

    name: str
    namespace: str
    settings: JsonObject
    """The defaults for applications, compute pools and statements, as they were sent."""
    created: int
    updated: int
    applications: dict[str, Application] = field(default_factory=dict)
    pools: dict[str, Record] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    mappings: dict[str, Record] = field(default_factory=dict)


class Store:
    """Everything that exists, and the only place that adds or removes it."""

    def __init__(self) -> None:
        self.environments: dict[str, Environment] = {}
        self.secrets: dict[str, Secret] = {}
        self.catalogs: dict[str, Record] = {}

    def environment(self, name: str) -> Environment | None:
        """The environment of that name."""
        return self.environments.get(name)

    def list_environments(self) -> list[Environment]:
        """Every environment, oldest first."""
        return list(self.environments.values())

    def add_environment(self, environment: Environment) -> None:
        """Add a new environment."""
        self.environments[environment.name] = environment

    def remove_environment(self, environment: Environment) -> None:
        """Remove an environment with everything in it."""
        del self.environments[environment.name]

    def application(self, environment: Environment, name: str) -> Application | None:
        """The application of that name in the environment."""
        return environment.applications.get(name)

    def list_applications(self, environment: Environment) -> list[Application]:
        """Every application of the environment, oldest first."""
        return list(environment.applications.values())

    def add_application(self, environment: Environment, application: Application) -> None:
        """Add a new application to the environment."""
        environment.applications[application.name] = application

    def remove_application(self, environment: Environment, application: Application) -> None:
        """Remove an application with its instances and events."""
        del environment.applications[application.name]
