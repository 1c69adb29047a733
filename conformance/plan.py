"""Which scenarios a run was to run, and which it took of them: what shards are held against each other by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


def digest(scenarios: Iterable[str]) -> str:
    """The SHA-256 of a set of scenarios, whatever their order."""
    return hashlib.sha256("\n".join(sorted(scenarios)).encode()).hexdigest()


@dataclass
class Plan:
    """The scenarios of a run, filled in as it proceeds."""

    all: frozenset[str] = frozenset()
    """Every scenario that the selection needs, in all shards."""
    part: frozenset[str] = frozenset()
    """Those of this run."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long those took that have ended."""

    def add(self, scenarios: frozenset[str], part: frozenset[str]) -> None:
        """Take scenarios into the plan, and those of them that this run takes."""
        self.all |= scenarios
        self.part |= part

    def document(self) -> dict[str, Any]:
        """The plan as it stands in a report."""
        return {
            "planned": len(self.all),
            "sha256": digest(self.all),
            "part": sorted(self.part),
            "seconds": {name: round(self.seconds[name], 3) for name in sorted(self.seconds)},
        }
