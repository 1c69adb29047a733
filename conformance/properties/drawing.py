"""Drawing values from Hypothesis strategies, so that a seed means the same values in every process."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, configuration, given, seed, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.internal import charmap
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
        _prepare()
        found, cache = providers._get_local_constants, providers.CONSTANTS_CACHE  # noqa: SLF001
        providers._get_local_constants = Constants  # noqa: SLF001
        providers.CONSTANTS_CACHE = LRUCache(_CACHE_SIZE)
        try:
            yield
        finally:
            providers._get_local_constants = found  # noqa: SLF001
            providers.CONSTANTS_CACHE = cache


@cache
def _prepare() -> None:
    """Have Hypothesis load its tables of Unicode, without leaving a folder of its own where the user happens to be.

    What UTF-8 can encode is known; Hypothesis finds it out by trial, which takes seconds and 200 MB.
    """
    table = [[[0, 0xD7FF], [0xE000, sys.maxunicode]], []]
    with tempfile.TemporaryDirectory(prefix="cmf-conformance-") as folder:
        configuration.set_hypothesis_home_dir(folder)
        try:
            file = charmap.charmap_file("codec-v2-utf-8")
            file.parent.mkdir(parents=True)
            file.write_bytes(gzip.compress(json.dumps(table).encode()))
            charmap.charmap()
            charmap.intervals_from_codec("utf-8")
        finally:
            configuration.set_hypothesis_home_dir(None)


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
