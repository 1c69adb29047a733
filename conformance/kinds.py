"""The kinds of resource that share rules, so that one scenario can hold each of them to the same rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance import bodies, views
from conformance.config import Features
from conformance.target.cmf import Cmf, Collection

Body = Callable[..., dict[str, Any]]
CREATED, OK = 201, 200


@dataclass(frozen=True)
class Kind:
    """One kind of resource that clients create."""

    word: str
    """As it stands in requirement ids, e.g. ``ENV``."""
    noun: str
    plural: str
    """As it stands in paths."""
    scoped: bool
    """Whether it lives in an environment."""
    created: int
    """The status that answers a creation."""
    view: Callable[[Any], dict[str, Any]]
    """What the contract says of a representation."""
    make: Callable[[str, Features, Mapping[str, str], dict[str, str]], dict[str, Any]]
    """A legal body: of that name, for these features, with references to what it needs, and with text in it."""
    needs: str | None = None
    """The plural of the kind that must be there first."""

    @property
    def upsert(self) -> bool:
        """Whether POST of an existing name updates it; otherwise it is a conflict."""
        return self.created == CREATED

    def rule(self, name: str) -> str:
        """The id of this kind's requirement of a shared rule."""
        return f"CMF-{self.word}-{name}"

    def collection(self, cmf: Cmf, environment: str) -> Collection:
        """The collection of this kind, in the environment of that name when it is scoped."""
        return Collection(cmf, self.plural, {"envName": environment} if self.scoped else {})


@dataclass(frozen=True)
class Ground:
    """A collection with everything that resources of its kind need before they can be created."""

    kind: Kind
    cmf: Cmf
    collection: Collection
    references: Mapping[str, str]
    """Names of what must be there first, e.g. ``{"compute-pools": "cmfc-…"}``."""

    def body(self, name: str) -> dict[str, Any]:
        """A legal body of that name."""
        return self.kind.make(name, self.cmf.features, self.references, {})

    def marked(self, name: str, text: Mapping[str, str]) -> dict[str, Any]:
        """A legal body that carries text where any text is legal."""
        return self.kind.make(name, self.cmf.features, self.references, dict(text))


def ground(kind: Kind, cmf: Cmf, environment: str) -> Ground:
    """Prepare for creating resources of a kind, in an environment that exists when it is scoped.

    Raises ``Unmet`` when what it needs can't be created.
    """
    references: dict[str, str] = {}
    if kind.needs:
        (needed,) = (other for other in KINDS if other.plural == kind.needs)
        base = ground(needed, cmf, environment)
        references[needed.plural] = cmf.name("needed")
        base.collection.post(base.body(references[needed.plural])).needed(OK, CREATED)
    return Ground(kind, cmf, kind.collection(cmf, environment), references)


def _environment(name: str, features: Features, _needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    if not text:
        return bodies.environment(name, features)
    defaults = {"metadata": {"annotations": text}, "spec": {"flinkConfiguration": text}}
    return bodies.environment(name, features, flinkApplicationDefaults=defaults)


def _application(name: str, features: Features, _needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.application(name, features, annotations=text or None, configuration=text)


def _compute_pool(name: str, features: Features, _needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.compute_pool(name, features, annotations=text or None, configuration=text)


def _statement(name: str, features: Features, needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.statement(name, features, pool=needs["compute-pools"], annotations=text or None, configuration=text)


def _secret(name: str, _features: Features, _needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.secret(name, {"sasl.mechanism": "PLAIN"}, annotations=text or None)


def _mapping(name: str, _features: Features, needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.secret_mapping(name, secret=needs["secrets"], annotations=text or None)


def _catalog(name: str, _features: Features, _needs: Mapping[str, str], text: dict[str, str]) -> dict[str, Any]:
    return bodies.catalog(name, annotations=text or None, configuration=text)


ENVIRONMENT = Kind("ENV", "environment", "environments", False, CREATED, views.environment, _environment)
APPLICATION = Kind("APP", "application", "applications", True, CREATED, views.application, _application)
STATEMENT = Kind(
    "STMT", "statement", "statements", True, OK, views.statement, _statement, needs="compute-pools"
)
COMPUTE_POOL = Kind("POOL", "compute pool", "compute-pools", True, OK, views.compute_pool, _compute_pool)
SECRET = Kind("SECRET", "secret", "secrets", False, OK, views.secret, _secret)
SECRET_MAPPING = Kind(
    "MAP", "secret mapping", "secret-mappings", True, OK, views.secret_mapping, _mapping, needs="secrets"
)
CATALOG = Kind("CAT", "catalog", "catalogs", False, OK, views.catalog, _catalog)

UPSERTED = (ENVIRONMENT, APPLICATION)
CREATED_ONCE = (STATEMENT, COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG)
KINDS = (*UPSERTED, *CREATED_ONCE)
