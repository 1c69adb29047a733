"""The steps of a sequence as values, and how the next one is chosen from what exists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from conformance.kinds import (
    APPLICATION,
    CATALOG,
    COMPUTE_POOL,
    ENVIRONMENT,
    SECRET,
    SECRET_MAPPING,
    STATEMENT,
    Kind,
)
from conformance.sequences.model import POOLS, Key, World

PLACES, SLOTS, VARIANTS = 2, 2, 4
"""Environments, names of each kind, and bodies that a sequence plays with: few, so that names meet again."""
_VARIANT_WEIGHTS = (2, 1, 1, 1)
"""The bare body is the one in which something that was there before shows."""
_IN_FOCUS, _OUT_OF_FOCUS, _SAME_AGAIN = 2, 0.15, 4.0
PUT_KINDS = (STATEMENT, SECRET, SECRET_MAPPING)


class Action(StrEnum):
    """What one step does."""

    POST = "post"
    PUT = "put"
    DELETE = "delete"
    START = "start"
    SUSPEND = "suspend"
    STOP = "stop"
    RESUME = "resume"
    SPOIL = "spoil"
    """Sends a body that the contract forbids."""
    READ = "read"
    PAGES = "pages"


SWITCHES = {APPLICATION: (Action.START, Action.SUSPEND), STATEMENT: (Action.RESUME, Action.STOP)}
"""What makes a resource of a kind run, and what makes it stand still."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: it has a meaning whatever exists, so that any part of a sequence is a sequence."""

    action: Action
    plural: str
    slot: int = 0
    place: int = 0
    """Which environment; 0 for what lies in none."""
    variant: int = 0
    """Which body; 0 is one without labels and annotations."""
    other: int = 0
    """Which compute pool of a statement, which secret of a mapping."""

    def simpler(self) -> Iterator[Step]:
        """The same step with one of its numbers smaller."""
        fewer = (
            replace(self, place=0),
            replace(self, slot=0),
            replace(self, variant=0),
            replace(self, other=0),
        )
        yield from (step for step in fewer if step != self)


@dataclass(frozen=True, slots=True)
class Cast:
    """Which kinds of resource a sequence is about, and whether applications and statements run."""

    word: str
    """Stands in names."""
    kinds: tuple[Kind, ...]
    runs: bool = False

    def kind(self, plural: str) -> Kind:
        """The kind of a step."""
        return next(kind for kind in self.kinds if kind.plural == plural)


CORE = Cast("core", (ENVIRONMENT, APPLICATION))
ALL = Cast("all", (ENVIRONMENT, SECRET, COMPUTE_POOL, APPLICATION, STATEMENT, SECRET_MAPPING, CATALOG))
RUNNING = Cast("run", (ENVIRONMENT, APPLICATION), runs=True)
RUNNING_SQL = Cast("sql", (ENVIRONMENT, COMPUTE_POOL, STATEMENT), runs=True)


@dataclass(frozen=True)
class Names:
    """The names that stand for the slots of one play of a sequence."""

    prefix: str

    def of(self, plural: str, slot: int) -> str:
        """The name of a slot: in both environments the same, and each the beginning of the next one's."""
        word = plural.rstrip("s").replace("compute-", "").replace("secret-m", "m")
        return f"{self.prefix}{word}-{slot}" if slot else f"{self.prefix}{word}"

    def key(self, kind: Kind, step: Step) -> Key:
        """The resource that a step is about."""
        environment = self.of("environments", step.place) if kind.scoped else ""
        return Key(kind.plural, environment, self.of(kind.plural, step.slot))


def opening(cast: Cast) -> tuple[Step, ...]:
    """The first steps of every walk: one of each kind, so that all that is compared has something to compare."""
    first = [Step(Action.POST, kind.plural, variant=1) for kind in cast.kinds]
    run = [
        Step(action, kind.plural)
        for kind in cast.kinds
        if cast.runs and kind in SWITCHES
        # Each of them once, the one first that changes something.
        for action in (SWITCHES[kind] if kind is APPLICATION else reversed(SWITCHES[kind]))
    ]
    return (*first[:1], Step(Action.POST, "environments", slot=1), *first[1:], *run)


def focuses(random: Random, cast: Cast) -> Iterator[frozenset[str]]:
    """Some of the kinds for each walk, each in its turn: a walk that is about few of them gets further with each."""
    while True:
        turn = random.sample(cast.kinds, len(cast.kinds))
        for start in range(0, len(turn), _IN_FOCUS):
            chosen = turn[start : start + _IN_FOCUS]
            yield frozenset(
                {*(kind.plural for kind in chosen), *(kind.needs for kind in chosen if kind.needs)}
            )


def choose(
    random: Random, cast: Cast, names: Names, world: World, about: frozenset[str], before: Step | None
) -> Step:
    """The next step: what is likely to show something weighs more, and so does the resource of the step before."""
    weighed = list(_weighed(cast, names, world))
    weights = [
        weight
        * (1.0 if step.plural in about else _OUT_OF_FOCUS)
        * (_SAME_AGAIN if before and _resource(step) == _resource(before) else 1.0)
        for step, weight in weighed
    ]
    (step,) = random.choices([step for step, _ in weighed], weights)
    (variant,) = random.choices(range(VARIANTS), _VARIANT_WEIGHTS)
    return replace(step, variant=variant, other=random.choice(_references(cast, names, world, step)))


def _references(cast: Cast, names: Names, world: World, step: Step) -> Sequence[int]:
    """The slots of what a resource of this kind refers to that exist; all of them when none does."""
    kind = cast.kind(step.plural)
    if kind.needs is None:
        return (0,)
    environment = names.key(kind, step).environment if kind.needs == POOLS else ""
    there = [
        slot for slot in range(SLOTS) if Key(kind.needs, environment, names.of(kind.needs, slot)) in world
    ]
    return there or range(SLOTS)


def _resource(step: Step) -> tuple[str, int, int]:
    return step.plural, step.place, step.slot


def _weighed(cast: Cast, names: Names, world: World) -> Iterator[tuple[Step, float]]:
    for kind in cast.kinds:
        places: Sequence[int] = range(PLACES) if kind.scoped else (0,)
        for place in places:
            for slot in range(SLOTS):
                base = Step(Action.POST, kind.plural, slot, place)
                key = names.key(kind, base)
                usable = kind.needs is None or any(
                    other.plural == kind.needs and other.environment in {"", key.environment}
                    for other in world.existing
                )
                for action, weight in _weights(cast, kind, key, world).items():
                    yield replace(base, action=action), weight if usable or action is Action.READ else 0.0


def _weights(cast: Cast, kind: Kind, key: Key, world: World) -> dict[Action, float]:
    puts = kind in PUT_KINDS
    if not world.has_environment(key.environment):
        return {Action.POST: 0.2, Action.DELETE: 0.1, Action.READ: 0.1, **({Action.PUT: 0.1} if puts else {})}
    if key not in world:
        weights = {Action.POST: 4.0, Action.DELETE: 0.5, Action.READ: 0.2, Action.SPOIL: 0.3}
        weights |= {Action.PUT: 0.5} if puts else {}
        weights |= dict.fromkeys(SWITCHES.get(kind, ()), 0.3) if cast.runs else {}
        return weights if kind is not ENVIRONMENT else {**weights, Action.POST: 8.0}
    weights = {Action.POST: 2.5, Action.DELETE: 2.0, Action.READ: 0.2, Action.SPOIL: 0.6, Action.PAGES: 0.4}
    if puts:
        weights[Action.PUT] = 3.0
    if cast.runs and kind in SWITCHES:
        runs, stands = SWITCHES[kind]
        # What changes something shows more than what is done again.
        weights |= {runs: 1.0, stands: 6.0} if world[key].started else {runs: 6.0, stands: 1.0}
    elif kind is APPLICATION:
        weights[Action.SUSPEND] = 0.3
    if kind is ENVIRONMENT:
        # A whole environment goes seldom, or there is never much in one.
        weights[Action.DELETE] = 0.8
    return weights
