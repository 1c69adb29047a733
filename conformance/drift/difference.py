"""One difference between the contract and a document, what it means to a client, and all of them together.

The effect is judged for a client that was written for the contract and talks to whatever the document describes::

    breaking     a request of the client may be refused, or an answer be something that it can't expect
    compatible   it goes on working; there may be more to use
    editorial    nothing that is sent or answered is different

So the same change can break in one direction and not in the other: a request must go on being accepted (nothing may
become narrower), an answer must stay within what was announced (nothing may become wider).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final


class Effect(StrEnum):
    """What a difference means to a client of the contract, the worst first."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    EDITORIAL = "editorial"


class Direction(StrEnum):
    """Which way a value that differs travels."""

    REQUEST = "request"
    RESPONSE = "response"


class Nothing:
    """What stands where one side has nothing; unlike None it is no JSON value."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = Nothing()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the document says something else than the contract."""

    effect: Effect
    kind: str
    """A permanent name of what has happened, e.g. ``property-removed``."""
    message: str
    """The same for people."""
    contract: str
    """JSON pointer into the contract; where it has nothing, to what would hold it."""
    document: str
    """JSON pointer into the document, the first of many; where it has nothing, to what would hold it."""
    old: Any = NOTHING
    new: Any = NOTHING
    direction: Direction | None = None
    """None when it matters to neither requests nor answers, or is not about a value that travels."""
    operations: tuple[str, ...] = ()
    """``operationId`` in the contract of each operation that it touches; empty when it touches none, or all."""

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same difference, whichever operation shows it.

        Not where it stands in the document: a generator writes the same out in many places.
        """
        values = (repr(self.old), repr(self.new))
        return (self.effect, self.kind, self.contract, self.direction, self.message, *values)


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences, the breaking ones first."""

    differences: tuple[Difference, ...]

    @property
    def counts(self) -> dict[Effect, int]:
        """How many there are of each effect."""
        counted = Counter(difference.effect for difference in self.differences)
        return {effect: counted[effect] for effect in Effect}

    @property
    def breaks(self) -> bool:
        """Whether a client of the contract may break."""
        return any(difference.effect is Effect.BREAKING for difference in self.differences)


def gathered(differences: Iterable[Difference]) -> Drift:
    """The differences, each once, with all the operations that show it."""
    merged: dict[tuple[object, ...], Difference] = {}
    for difference in differences:
        known = merged.get(difference.key)
        names = dict.fromkeys((*known.operations, *difference.operations) if known else difference.operations)
        merged[difference.key] = replace(known or difference, operations=tuple(names))
    order = list(Effect)
    return Drift(tuple(sorted(merged.values(), key=lambda each: order.index(each.effect))))
