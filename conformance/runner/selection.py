"""Which scenarios a selection of requirements needs."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from conformance.config import Features
from conformance.model import Requirement

FLINK, SQL, AUTH = "flink", "sql", "auth"
FEATURES = {
    FLINK: "the target declares that no Flink cluster is there (features.flink)",
    SQL: "the target declares that statements, compute pools, secrets and catalogs are not there (features.sql)",
    AUTH: "no token was given (CMF_CONFORMANCE_TOKEN, --token-file), so the target may demand none",
}
"""What requirements may need of a target, and what is said where it is absent."""


def absent(features: Features, *, token: bool) -> frozenset[str]:
    """What a target declares absent; with a ``token`` given it has authentication."""
    declared = {FLINK: features.flink, SQL: features.sql, AUTH: token}
    return frozenset(name for name in FEATURES if not declared[name])


@dataclass(frozen=True)
class Choice:
    """The selected requirements, and what follows for a scenario."""

    selected: frozenset[str]
    universal: frozenset[tuple[str, frozenset[str]]]
    """The area and the features of each selected requirement that is judged on every exchange.

    Every scenario of the area that uses them says something about it, whatever it declares.
    """
    wanted: frozenset[str]
    """The features that requirements of the profile speak of: only they are used."""
    absent: frozenset[str]
    """The features that the target declares absent."""
    operations: frozenset[str] = frozenset()
    """The selected operations; empty when they were not selected."""

    @classmethod
    def of(
        cls,
        selected: Iterable[Requirement],
        profile: Iterable[Requirement],
        universal: frozenset[str],
        lacking: frozenset[str],
        operations: Iterable[str] = (),
    ) -> Choice:
        """What a selection within a profile needs; ``universal`` names what is judged on every exchange.

        ``lacking`` is what the target declares absent.
        """
        chosen = list(selected)
        everywhere = (requirement for requirement in chosen if requirement.id in universal)
        return cls(
            selected=frozenset(requirement.id for requirement in chosen),
            universal=frozenset((each.area, frozenset(each.features)) for each in everywhere),
            wanted=frozenset(name for requirement in profile for name in requirement.features),
            absent=lacking,
            operations=frozenset(operations),
        )

    def wants(
        self,
        declared: Iterable[str],
        areas: Container[str],
        needs: frozenset[str],
        about: frozenset[str] = frozenset(),
    ) -> bool:
        """Whether a scenario that declares these requirements, of these areas, and needs these features is to run.

        ``about`` are the operations that it was made for, when it is one of several made for different ones.
        """
        if needs & self.absent or not needs <= self.wanted:
            return False
        if about and self.operations and about.isdisjoint(self.operations):
            return False
        if any(area in areas and features <= needs for area, features in self.universal):
            return True
        return not self.selected.isdisjoint(declared)
