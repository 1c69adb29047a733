"""Which scenarios a selection of requirements needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.config import Features
from conformance.model import Requirement

FLINK = "flink"


@dataclass(frozen=True)
class Choice:
    """The selected requirements, and what follows for a scenario."""

    selected: frozenset[str]
    universal: bool
    """A selected requirement is judged on every exchange, so every scenario says something about it."""
    runtime: bool
    """Applications may be run: the selection needs it and the target has a Flink cluster."""

    @classmethod
    def of(cls, requirements: Iterable[Requirement], universal: frozenset[str], features: Features) -> Choice:
        """What the selected requirements need; ``universal`` names those judged on every exchange."""
        chosen = list(requirements)
        names = frozenset(requirement.id for requirement in chosen)
        return cls(
            selected=names,
            universal=bool(names & universal),
            runtime=features.flink and any(requirement.feature == FLINK for requirement in chosen),
        )

    def wants(self, declared: Iterable[str], *, needs_flink: bool) -> bool:
        """Whether a scenario that declares these requirements is to run."""
        if needs_flink and not self.runtime:
            return False
        return self.universal or not self.selected.isdisjoint(declared)
