"""What must exist on the target now: plain values, changed by making new ones.

The model knows nothing of requests.  ``world.with_stored(...)`` and its like say what a step has done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

APPLICATIONS, STATEMENTS, POOLS = "applications", "statements", "compute-pools"
MAPPINGS, SECRETS, ENVIRONMENTS = "secret-mappings", "secrets", "environments"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """One resource: the word of its kind in paths, its environment (empty for global kinds), and its name."""

    plural: str
    environment: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a resource that exists."""

    body: Mapping[str, Any]
    """What was last stored."""
    shown: Mapping[str, Any] | None = None
    """What was read of it since, as far as only a request can change it; None when it must be read anew."""
    started: bool = False
    """An application or a statement that is to run."""
    job: str | None = None
    """The job state in the spec of an application, as it was read last after a request that may change it."""

    @property
    def refers_to(self) -> str:
        """The name of the compute pool of a statement, or of the secret of a mapping; empty for all others."""
        spec = self.body.get("spec") or {}
        return str(spec.get("computePoolName") or spec.get("secretName") or "")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a sequence has made, and what it has removed."""

    existing: Mapping[Key, Entry] = field(default_factory=dict)
    removed: Mapping[Key, Entry] = field(default_factory=dict)
    """What was deleted last under each name; its name may exist anew."""

    def __contains__(self, key: Key) -> bool:
        return key in self.existing

    def __getitem__(self, key: Key) -> Entry:
        return self.existing[key]

    def has_environment(self, name: str) -> bool:
        """Whether an environment exists; the empty name stands for what lies in none."""
        return not name or Key(ENVIRONMENTS, "", name) in self.existing

    def within(self, plural: str, environment: str = "") -> dict[str, Entry]:
        """The resources of one collection by name, in order of their creation."""
        return {
            key.name: entry
            for key, entry in self.existing.items()
            if key.plural == plural and key.environment == environment
        }

    def has_namesake(self, key: Key) -> bool:
        """Whether another environment has a resource of this kind and name."""
        return any(
            other.plural == key.plural and other.name == key.name and other != key for other in self.existing
        )

    def children(self, environment: str) -> Iterator[Key]:
        """Everything inside an environment."""
        return (key for key in self.existing if key.environment == environment and environment)

    def users(self, key: Key) -> Iterator[Key]:
        """The statements of a compute pool, or the mappings of a secret in any environment."""
        plural = {POOLS: STATEMENTS, SECRETS: MAPPINGS}.get(key.plural)
        for other, entry in self.existing.items():
            near = key.plural == SECRETS or other.environment == key.environment
            if other.plural == plural and near and entry.refers_to == key.name:
                yield other

    def was_used(self, key: Key) -> bool:
        """Whether a statement that is gone had named this compute pool."""
        return any(
            other.plural == STATEMENTS
            and other.environment == key.environment
            and entry.refers_to == key.name
            for other, entry in self.removed.items()
        )

    def secrets_of(self, environment: str) -> dict[str, str]:
        """The secret of each mapping of an environment."""
        return {name: entry.refers_to for name, entry in self.within(MAPPINGS, environment).items()}

    def attached(self, secret: str) -> list[str]:
        """The environments with a mapping to a secret, sorted."""
        return sorted({key.environment for key in self.users(Key(SECRETS, "", secret))})

    def with_stored(self, key: Key, entry: Entry) -> World:
        """After a resource was created or updated."""
        return replace(self, existing={**self.existing, key: entry})

    def without(self, *keys: Key) -> World:
        """After resources were removed."""
        gone = {key: self.existing[key] for key in keys if key in self.existing}
        left = {key: entry for key, entry in self.existing.items() if key not in gone}
        return World(left, {**self.removed, **gone})

    def reread(self, environment: str) -> World:
        """After an update of an environment, whose defaults a target may show in what is inside."""
        inside = set(self.children(environment))
        existing = {
            key: replace(entry, shown=None) if key in inside else entry
            for key, entry in self.existing.items()
        }
        return replace(self, existing=existing)
