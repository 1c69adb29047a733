"""Making a sequence shorter for as long as it still shows the same: steps go first, then what is special about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.kinds import KINDS
from conformance.sequences.steps import Action, Step
from conformance.sequences.tape import Spent

Steps = tuple[Step, ...]
_CHANGES = frozenset({Action.POST, Action.PUT, Action.DELETE, Action.START, Action.SUSPEND})


def shortened(steps: Steps, shows: Callable[[Steps], int | None]) -> Steps:
    """The shortest sequence that was found to show what ``steps`` shows.

    ``shows`` plays a sequence, and says after how many of its steps the same was seen, or None; it may raise
    ``Spent``, and then the shortest until then is taken.  What was done to the same kind is tried first, then to
    leave out halves, quarters, and so on down to single steps (Zeller's delta debugging).
    """
    best = steps

    def try_out(candidate: Steps) -> bool:
        nonlocal best
        needed = shows(candidate)
        if needed is None:
            return False
        best = candidate[:needed]
        return True

    try:
        for candidate in _likely(steps):
            if try_out(candidate):
                break
        _remove(lambda: best, try_out)
        _simplify(lambda: best, try_out)
    except Spent:
        pass
    return best


def _likely(steps: Steps) -> Iterator[Steps]:
    """What is likely to be enough: what was done to the kind of resource that the last step is about."""
    last = steps[-1]
    about = {last.plural, "environments", *(kind.needs for kind in KINDS if kind.plural == last.plural)}
    near = tuple(step for step in steps[:-1] if step.plural in about and step.action in _CHANGES)
    same = tuple(step for step in near if _place(step) == _place(last) or step.plural != last.plural)
    yield from dict.fromkeys(each for each in ((*same, last), (*near, last)) if each != steps)


def _place(step: Step) -> tuple[int, int]:
    return step.place, step.slot


def _remove(best: Callable[[], Steps], try_out: Callable[[Steps], bool]) -> None:
    size = max(len(best()) // 2, 1)
    while True:
        start, removed = 0, False
        # The last step shows it, so it is never among those that are left out.
        while start < len(best()) - 1:
            now = best()
            stop = min(start + size, len(now) - 1)
            if try_out(now[:start] + now[stop:]):
                removed = True
            else:
                start = stop
        if size > 1:
            size //= 2
        elif not removed:
            return


def _simplify(best: Callable[[], Steps], try_out: Callable[[Steps], bool]) -> None:
    index = 0
    while index < len(best()):
        now = best()
        if not any(try_out((*now[:index], simpler, *now[index + 1 :])) for simpler in now[index].simpler()):
            index += 1
