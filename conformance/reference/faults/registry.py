"""What a fault is, and how the faults of one area are registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.reference.replacing import Apply


@dataclass(frozen=True, slots=True)
class Fault:
    """One deliberate violation of the contract."""

    id: str
    title: str
    """In one sentence, what the server does wrong."""
    breaks: tuple[str, ...]
    """The requirements that an observer must see broken."""
    apply: Apply
    reason: str = ""
    """A regular expression that the failing check matches; empty while the matrix does not hold the fault to it."""


class Registry:
    """The faults of one area."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def __call__(
        self, identifier: str, title: str, *breaks: str, reason: str = ""
    ) -> Callable[[Apply], Apply]:
        """Register the decorated function as the fault of that id."""

        def register(apply: Apply) -> Apply:
            self.faults.append(Fault(identifier, title, breaks, apply, reason))
            return apply

        return register
