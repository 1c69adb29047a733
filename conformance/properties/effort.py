"""What each effort means: the most requests that are generated for one operation, and what a whole run may then cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.config import Effort, Limits

RICHEST = frozenset({"createOrUpdateEnvironment", "createOrUpdateApplication"})
"""The operations with the richest bodies, for which the most is generated."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The most requests that are generated for one operation; looking at what they did comes on top."""

    rich: int
    """For an operation with one of the richest bodies."""
    body: int
    """For another one with a body."""
    plain: int
    """For one without a body."""

    def of(self, operation: str, *, has_body: bool) -> int:
        """The budget of one operation."""
        if operation in RICHEST:
            return self.rich
        return self.body if has_body else self.plain


BUDGETS: Mapping[Effort, Budget] = {
    Effort.QUICK: Budget(rich=40, body=20, plain=12),
    Effort.STANDARD: Budget(rich=220, body=135, plain=40),
    Effort.THOROUGH: Budget(rich=1_500, body=1_000, plain=400),
}


def limits_for(effort: Effort) -> Limits:
    """The limits of a run of this effort, where nothing else is configured."""
    return Limits(total_requests=150_000, max_time=7_200.0) if effort is Effort.THOROUGH else Limits()
