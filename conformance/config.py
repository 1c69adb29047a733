"""What a run is told about its target and itself: frozen values, no I/O.

Where the values come from, strongest first: flags, environment variables, configuration file,
these defaults (``settings`` puts them together).  The defaults fit the reference server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

EMBEDDED = "the embedded reference server"
"""The product of a target that this command has started itself."""


class Mode(StrEnum):
    """What a run may do to the target."""

    CERTIFICATION = "certification"
    READ_ONLY = "read-only"


class Effort(StrEnum):
    """How many requests the property tests generate."""

    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


@dataclass(frozen=True, slots=True)
class ExtraHeader:
    """A header that every request to the target carries, and where its value is: a variable or a file."""

    name: str
    variable: str | None = None
    file: Path | None = None
    secret: bool = True
    """False when the value may be stored and shown."""


@dataclass(frozen=True, slots=True)
class Auth:
    """Where credentials come from; never the credentials themselves on a command line."""

    token_variable: str = "CMF_CONFORMANCE_TOKEN"  # noqa: S105 - the name of a variable, not a token
    token_file: Path | None = None
    token_command: str | None = None
    """Prints a token; run without a shell."""
    oauth_token_url: str | None = None
    """Gives tokens for the credentials of an OAuth 2.0 client."""
    oauth_client_id_variable: str = "CMF_CONFORMANCE_CLIENT_ID"
    oauth_client_secret_variable: str = "CMF_CONFORMANCE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
    oauth_client_secret_file: Path | None = None
    oauth_scope: str | None = None
    headers: tuple[ExtraHeader, ...] = ()
    client_cert: Path | None = None
    client_key: Path | None = None
    certificate_authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may cost the target and itself."""

    connect_timeout: float = 5.0
    """Seconds until a connection must stand."""
    read_timeout: float = 30.0
    """Seconds until a whole response must have arrived."""
    requests_per_second: float | None = None
    total_requests: int = 30_000
    max_time: float = 1_800.0
    """Seconds for the whole run, clean-up excepted."""
    max_response_bytes: int = 8 * 1024 * 1024
    settle: float = 15.0
    """Seconds within which a promised change must show: a deletion, a changed state."""
    deploy: float = 60.0
    """Seconds for the same where it takes Flink: an instance shows, a statement runs, or is gone that has run."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the target can do, and the words it needs to do it."""

    flink: bool = True
    """A Flink cluster runs applications: start, suspend, instances and events can be watched."""
    sql: bool = True
    """Statements, compute pools, secrets, secret mappings and catalogs are there."""
    namespace: str = "default"
    image: str = "confluentinc/cp-flink:1.19.1-cp2"
    flink_version: str = "v1_19"
    service_account: str = "flink"
    jar_uri: str = "local:///opt/flink/examples/streaming/StateMachineExample.jar"
    sql_image: str = "confluentinc/cp-flink-sql:1.19-cp1"
    catalog: str = "examples"
    """A catalog that exists, for statements to run in."""
    database: str = "marketplace"
    metadata_statement: str = "SHOW TABLES;"
    """A statement that is answered without a Flink cluster."""
    query: str = "SELECT * FROM clicks;"
    """A query that returns rows; it runs on a Flink cluster."""
    insert: str = "INSERT INTO blackhole SELECT * FROM clicks;"
    """A statement that runs on a Flink cluster and returns no rows."""


@dataclass(frozen=True, slots=True)
class Target:
    """The server under test."""

    url: str
    auth: Auth = field(default_factory=Auth)
    limits: Limits = field(default_factory=Limits)
    features: Features = field(default_factory=Features)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requirements of the profile a run judges; empty means all."""

    profile: str = "full"
    areas: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether less than the whole profile was asked for."""
        return bool(self.areas or self.requirements or self.levels or self.operations)
