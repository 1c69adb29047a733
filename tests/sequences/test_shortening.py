"""Sequences made shorter: what is not needed goes, what is left is simple, and a spent budget keeps what there is."""

from __future__ import annotations

import random

import pytest

from conformance.sequences.shortening import Steps, shortened
from conformance.sequences.steps import Action, Step
from conformance.sequences.tape import Spent

A, B, C = (Step(Action.POST, word, slot=1, place=1, variant=3, other=1) for word in ("a", "b", "c"))
NOISE = tuple(Step(Action.READ, "noise", slot=number % 2) for number in range(12))


def needs(*wanted: Step) -> object:
    """Shown after the last of these, in this order, whatever is between them."""

    def shows(steps: Steps) -> int | None:
        left = list(wanted)
        for number, step in enumerate(steps, start=1):
            if left and (step.action, step.plural) == (left[0].action, left[0].plural):
                left.pop(0)
            if not left:
                return number
        return None

    return shows


@pytest.mark.parametrize("seed", range(6))
def test_only_what_is_needed_is_left_and_in_its_order(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - no secret
    steps = [A, B, C]
    for noise in NOISE:
        steps.insert(source.randrange(len(steps)), noise)
    found = shortened(tuple(steps), needs(A, B, C))  # type: ignore[arg-type]
    assert [step.plural for step in found] == ["a", "b", "c"]
    assert all((step.slot, step.place, step.variant, step.other) == (0, 0, 0, 0) for step in found)


def test_what_is_special_stays_when_it_matters() -> None:
    def shows(steps: Steps) -> int | None:
        return next((n for n, step in enumerate(steps, 1) if step.plural == "b" and step.variant == 3), None)

    (found,) = shortened((A, *NOISE, B), shows)
    assert (found.plural, found.variant, found.slot) == ("b", 3, 0)


@pytest.mark.parametrize("plays", [0, 1, 3, 8])
def test_the_shortest_so_far_is_taken_when_the_budget_is_spent(plays: int) -> None:
    left = plays
    whole = (A, *NOISE, B)
    inner = needs(A, B)

    def shows(steps: Steps) -> int | None:
        nonlocal left
        if not left:
            raise Spent
        left -= 1
        return inner(steps)  # type: ignore[operator, no-any-return]

    found = shortened(whole, shows)
    assert inner(found) is not None  # type: ignore[operator]
    assert len(found) <= len(whole)


def test_what_was_done_to_the_same_kind_is_tried_first() -> None:
    tried: list[Steps] = []

    def shows(steps: Steps) -> int | None:
        tried.append(steps)
        return needs(A, A)(steps)  # type: ignore[operator, no-any-return]

    other = Step(Action.POST, "environments")
    assert len(shortened((other, A, *NOISE, B, A), shows)) == 2
    assert tried[0] == (other, A, A)


def test_few_plays_are_needed() -> None:
    count = 0
    inner = needs(A, B)

    def shows(steps: Steps) -> int | None:
        nonlocal count
        count += 1
        return inner(steps)  # type: ignore[operator, no-any-return]

    shortened((A, *NOISE, *NOISE, *NOISE, B), shows)
    assert count <= 30
