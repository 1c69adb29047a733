"""The kinds of resource that share rules, so that one scenario can hold each of them to the same rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance import bodies, views
from conformance.contract.timestamps import as_moment
from conformance.expectations import optional, require, require_contains, require_equal
from conformance.target.cmf import Cmf, Collection

CREATED, OK = 201, 200


@dataclass(frozen=True)
class Kind:
    """One kind of resource that clients create."""

    word: str
    """As it stands in requirement ids, e.g. ``ENV``."""
    noun: str
    plural: str
    """As it stands in paths."""
    created: int
    """The status that answers a creation."""
    view: Callable[[Any], dict[str, Any]]
    """What the contract says of a representation."""
    make: Callable[[Ground, str, dict[str, str]], dict[str, Any]]
    """A legal body: on that ground, of that name, with text in it."""
    vary: Callable[[Ground, str, int], dict[str, Any]]
    """A legal body: on that ground, of that name, and different in every part for each number."""
    needs: str | None = None
    """The plural of the kind that must be there first."""
    scoped: bool = True
    """Whether it lives in an environment."""

    @property
    def upsert(self) -> bool:
        """Whether POST of an existing name updates it; otherwise it is a conflict."""
        return self.created == CREATED

    def rule(self, name: str) -> str:
        """The id of this kind's requirement of a shared rule."""
        return f"CMF-{self.word}-{name}"

    def state(self, body: Any) -> dict[str, Any]:
        """The documented fields of a representation that only a request of a client can change."""
        whole = {**self.view(body), "updated": as_moment(optional(body, "metadata", "updateTimestamp"))}
        if self.plural == "secrets":
            attached = optional(body, "status", "environments")
            whole["environments"] = sorted(map(str, attached)) if isinstance(attached, list) else attached
            whole["version"] = optional(body, "status", "version")
        if self.plural == "secret-mappings":
            whole["secret"] = optional(body, "spec", "secretName")
        return whole

    def require_stored(self, got: Any, sent: Any, what: str) -> None:
        """Raise ``Broken`` unless a representation has what was sent, as far as the contract shows it again."""
        require_contains(self.view(got), self.view(sent), what)
        mapped = optional(got, "spec", "secretName")
        if self.plural == "secret-mappings" and mapped is not None:
            require_equal(mapped, sent["spec"]["secretName"], f"{what}/spec/secretName")

    def require_same(self, got: Any, before: Any, what: str) -> None:
        """Raise ``Broken`` unless two representations show the same state.

        The spec of a secret mapping may be in one only, since it is write-only.
        """
        now, then = self.state(got), self.state(before)
        for each, other in ((now, then), (then, now)):
            if other.get("secret") is None:
                each.pop("secret", None)
        require_equal(now, then, what)

    def require_listed(self, got: list[Any], before: list[Any], what: str) -> None:
        """Raise ``Broken`` unless a list shows the resource as it did before, as often and in the same state.

        That a list shows what is read alone is a requirement of its own.
        """
        times = len(got), len(before)
        require(times[0] == times[1], f"{what} is listed {times[0]} times", expected=f"{times[1]} times")
        for now, then in zip(got, before, strict=True):
            self.require_same(now, then, f"in the list, {what}: ")

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
    data: Mapping[str, str]
    """What is put into secrets."""

    def body(self, name: str) -> dict[str, Any]:
        """A legal body of that name."""
        return self.kind.make(self, name, {})

    def marked(self, name: str, text: Mapping[str, str]) -> dict[str, Any]:
        """A legal body that carries text where any text is legal."""
        return self.kind.make(self, name, dict(text))

    def variant(self, name: str, number: int) -> dict[str, Any]:
        """A legal body with labels and annotations, and different in every part for each number."""
        return self.kind.vary(self, name, number)

    @property
    def unplanted(self) -> Ground:
        """The same without anything that answers must not show, for what no server can be asked to understand."""
        return replace(self, data=NO_SECRET)


def ground(kind: Kind, cmf: Cmf, environment: str, data: Mapping[str, str] | None = None) -> Ground:
    """Prepare for creating resources of a kind, in an environment that exists when it is scoped.

    ``data`` is put into secrets.  Raises ``Unmet`` when what it needs can't be created.
    """
    data = data or NO_SECRET
    references: dict[str, str] = {}
    if kind.needs:
        (needed,) = (other for other in KINDS if other.plural == kind.needs)
        base = ground(needed, cmf, environment, data)
        references[needed.plural] = cmf.name("needed")
        base.collection.post(base.body(references[needed.plural])).needed()
    return Ground(kind, cmf, kind.collection(cmf, environment), references, data)


def _environment(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    if not text:
        return bodies.environment(name, ground.cmf.features)
    return bodies.environment(
        name,
        ground.cmf.features,
        flinkApplicationDefaults={"metadata": {"annotations": text}, "spec": {"flinkConfiguration": text}},
        computePoolDefaults={"spec": {"clusterSpec": {"flinkConfiguration": text}}},
        statementDefaults={
            "detached": {"flinkConfiguration": text},
            "interactive": {"flinkConfiguration": text},
        },
    )


def _application(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    return bodies.application(name, ground.cmf.features, annotations=text or None, configuration=text)


def _compute_pool(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    return bodies.compute_pool(name, ground.cmf.features, annotations=text or None, configuration=text)


def _statement(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    pool = ground.references["compute-pools"]
    return bodies.statement(
        name, ground.cmf.features, pool=pool, annotations=text or None, configuration=text
    )


def _secret(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    return bodies.secret(name, ground.data, annotations=text or None)


def _mapping(ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    return bodies.secret_mapping(name, secret=ground.references["secrets"], annotations=text or None)


def _catalog(_ground: Ground, name: str, text: dict[str, str]) -> dict[str, Any]:
    return bodies.catalog(name, annotations=text or None, configuration=text)


def _labels(number: int) -> dict[str, str]:
    return {"tier": "gold", "revision": str(number), "example.org/team": "streams"}


def _notes(number: int) -> dict[str, str]:
    return {"note": f"number {number}", "example.org/owner": f"team-{number}"}


def _any_environment(ground: Ground, name: str, number: int) -> dict[str, Any]:
    return _environment(ground, name, {"note": str(number)})


def _any_application(ground: Ground, name: str, number: int) -> dict[str, Any]:
    configuration = {"restart-strategy.fixed-delay.attempts": str(number)}
    return bodies.application(
        name,
        ground.cmf.features,
        configuration=configuration,
        labels=_labels(number),
        annotations=_notes(number),
    )


def _any_compute_pool(ground: Ground, name: str, number: int) -> dict[str, Any]:
    configuration = {"pipeline.name": f"name {number}", "execution.checkpointing.interval": f"{number}0s"}
    return bodies.compute_pool(
        name,
        ground.cmf.features,
        configuration=configuration,
        labels=_labels(number),
        annotations=_notes(number),
    )


def _any_statement(ground: Ground, name: str, number: int) -> dict[str, Any]:
    pool = ground.references["compute-pools"]
    configuration = {"pipeline.name": f"name {number}"}
    return bodies.statement(
        name,
        ground.cmf.features,
        pool=pool,
        configuration=configuration,
        labels=_labels(number),
        annotations=_notes(number),
    )


def _any_secret(ground: Ground, name: str, number: int) -> dict[str, Any]:
    return bodies.secret(
        name, {**ground.data, "number": str(number)}, labels=_labels(number), annotations=_notes(number)
    )


def _any_mapping(ground: Ground, name: str, number: int) -> dict[str, Any]:
    return bodies.secret_mapping(
        name, secret=ground.references["secrets"], labels=_labels(number), annotations=_notes(number)
    )


def _any_catalog(_ground: Ground, name: str, number: int) -> dict[str, Any]:
    configuration = {"client.id": f"client-{number}"}
    return bodies.catalog(
        name,
        configuration=configuration,
        secret_id=f"secret-id-{number}",
        labels=_labels(number),
        annotations=_notes(number),
    )


NO_SECRET: Mapping[str, str] = {"sasl.mechanism": "PLAIN"}
ENVIRONMENT = Kind(
    "ENV",
    "environment",
    "environments",
    CREATED,
    views.environment,
    _environment,
    _any_environment,
    scoped=False,
)
APPLICATION = Kind(
    "APP", "application", "applications", CREATED, views.application, _application, _any_application
)
STATEMENT = Kind(
    "STMT", "statement", "statements", OK, views.statement, _statement, _any_statement, "compute-pools"
)
COMPUTE_POOL = Kind(
    "POOL", "compute pool", "compute-pools", OK, views.compute_pool, _compute_pool, _any_compute_pool
)
SECRET = Kind("SECRET", "secret", "secrets", OK, views.secret, _secret, _any_secret, scoped=False)
SECRET_MAPPING = Kind(
    "MAP", "secret mapping", "secret-mappings", OK, views.secret_mapping, _mapping, _any_mapping, "secrets"
)
CATALOG = Kind("CAT", "catalog", "catalogs", OK, views.catalog, _catalog, _any_catalog, scoped=False)

UPSERTED = (ENVIRONMENT, APPLICATION)
CREATED_ONCE = (STATEMENT, COMPUTE_POOL, SECRET, SECRET_MAPPING, CATALOG)
KINDS = (*UPSERTED, *CREATED_ONCE)
