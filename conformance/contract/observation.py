"""What a rule says of one exchange, before the catalogue says how binding the rule is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """One rule, applied once: kept when there is no message, broken when there is one."""

    requirement: str
    message: str = ""
    """What is wrong, in one line."""
    expected: str = ""
    got: str = ""
