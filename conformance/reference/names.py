"""Which names are legal (contract: Identifiers; schemas PostResourceBase and KubernetesNamespace)."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The dot is escaped as in the schema; the prose of the contract has it bare.
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass
class NameRule:
    """The length and the pattern that a name must have."""

    minimum: int = 4
    maximum: int = 253
    pattern: re.Pattern[str] = SUBDOMAIN

    def complaint(self, name: str) -> str | None:
        """What is wrong with the name, or None."""
        if not self.minimum <= len(name) <= self.maximum:
            return f"must have {self.minimum} to {self.maximum} characters, but has {len(name)}"
        if not self.matches(name):
            return f"must match ^{self.pattern.pattern}$"
        return None

    def matches(self, name: str) -> bool:
        """Whether the whole name, a trailing line break included, has the pattern."""
        return self.pattern.fullmatch(name) is not None
