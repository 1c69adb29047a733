"""What a variation is, and all that are registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.reference.replacing import Apply


@dataclass(frozen=True, slots=True)
class Variation:
    """One legal way to differ."""

    name: str
    title: str
    """In one sentence, what the server does otherwise."""
    warns: tuple[str, ...]
    """SHOULD requirements that it may be warned about."""
    apply: Apply


VARIATIONS: dict[str, Variation] = {}
"""Every variation by its name."""


def variation(name: str, title: str, *warns: str) -> Callable[[Apply], Apply]:
    """Register the decorated function as the variation of that name."""

    def register(apply: Apply) -> Apply:
        VARIATIONS[name] = Variation(name, title, warns, apply)
        return apply

    return register
