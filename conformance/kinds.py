"""The kinds of resource that share rules, so that one scenario can hold each of them to the same rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance import bodies, views
from conformance.config import Features
from conformance.target.cmf import Cmf, Collection


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    word: str
    """As it stands in requirement ids, e.g. ``ENV``."""
    noun: str
    scoped: bool
    """Whether it lives in an environment."""
    collection: Callable[[Cmf, str], Collection]
    """The collection of this kind, in the environment of that name when it is scoped."""
    body: Callable[..., dict[str, Any]]
    """A body that the contract allows: ``body(name, features)``."""
    view: Callable[[Any], dict[str, Any]]
    """What the contract says of a representation."""

    def rule(self, name: str) -> str:
        """The id of this kind's requirement of a shared rule."""
        return f"CMF-{self.word}-{name}"

    def marked(self, name: str, features: Features, text: dict[str, str]) -> dict[str, Any]:
        """A body that carries text where any text is legal."""
        if self.word == "ENV":
            defaults = {"metadata": {"annotations": text}, "spec": {"flinkConfiguration": text}}
            return self.body(name, features, flinkApplicationDefaults=defaults)
        return self.body(name, features, annotations=text, configuration=text)


ENVIRONMENT = Kind(
    word="ENV",
    noun="environment",
    scoped=False,
    collection=lambda cmf, _environment: cmf.environments,
    body=bodies.environment,
    view=views.environment,
)
APPLICATION = Kind(
    word="APP",
    noun="application",
    scoped=True,
    collection=lambda cmf, environment: cmf.applications(environment),
    body=bodies.application,
    view=views.application,
)
KINDS = (ENVIRONMENT, APPLICATION)
