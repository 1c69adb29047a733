"""Drawing values from Hypothesis strategies, so that a seed means the same values in every process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")
_LOCK = threading.RLock()
_CACHE_SIZE = 1024


@contextmanager
def reproducible() -> Iterator[None]:
    """While this is open, what Hypothesis draws depends on its seed alone.

    Hypothesis mixes in constants that it finds in the source of the *local* modules that happen to be
    imported: a checkout, an installed copy and a run under pytest would send different requests for
    the same seed.  It has no setting for that, so the look-up, and the cache of what it found, are
    exchanged meanwhile.
    """
    with _LOCK:
        found, cache = providers._get_local_constants, providers.CONSTANTS_CACHE  # noqa: SLF001
        providers._get_local_constants = Constants  # noqa: SLF001
        providers.CONSTANTS_CACHE = LRUCache(_CACHE_SIZE)
        try:
            yield
        finally:
            providers._get_local_constants = found  # noqa: SLF001
            providers.CONSTANTS_CACHE = cache


def draw(strategy: SearchStrategy[T], count: int, *, seed_value: int) -> list[T]:
    """At most ``count`` values, the same ones for the same seed; fewer when the strategy has no more.

    Raises ``Unsatisfiable`` when it has none.
    """
    drawn: list[T] = []
    if count < 1:
        return drawn

    @seed(seed_value)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        drawn.append(value)

    with reproducible():
        collect()
    return drawn[:count]


__all__ = ["Unsatisfiable", "draw", "reproducible"]
