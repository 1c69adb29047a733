"""Shards: which part of a run's scenarios one of several processes takes.

Every shard plans the whole selection and takes its own part of it, so no word has to pass between them: the
same scenarios, count and recorded durations give the same parts everywhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NoReturn

from conformance import resources
from conformance.errors import ConfigurationError

COUNT = "CMF_CONFORMANCE_SHARDS"
"""How many pods an indexed Kubernetes Job has, which Kubernetes does not tell them."""
_HINT = "--shard 2/3 is the second of three; --shard 1/1 runs everything"
_MOST = 1_000


@lru_cache(maxsize=1)
def recorded() -> Mapping[str, float]:
    """Seconds that each scenario took in a recorded run; empty when none was recorded."""
    file = resources.scenarios_folder() / "durations.json"
    known: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return known


@dataclass(frozen=True)
class Share:
    """One of several parts."""

    index: int
    """From 1."""
    count: int
    durations: Mapping[str, float] = field(default_factory=recorded, repr=False)

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def of(self, scenarios: Iterable[str]) -> frozenset[str]:
        """The scenarios of this part: the longest first, each to the part that has least so far.

        A scenario without a recorded duration counts as an average one; with none recorded, all count alike.
        """
        names = set(scenarios)
        known = [self.durations[name] for name in names if name in self.durations]
        # Exact, as a set has another order in each process: rounding in that order made averages, so parts, differ.
        average = math.fsum(known) / len(known) if known else 1.0
        loads = [0.0] * self.count
        sizes = [0] * self.count
        mine: set[str] = set()
        for name in sorted(names, key=lambda each: (-self.durations.get(each, average), each)):
            at = min(range(self.count), key=lambda part: (loads[part], sizes[part], part))
            loads[at] += self.durations.get(name, average)
            sizes[at] += 1
            if at == self.index - 1:
                mine.add(name)
        return frozenset(mine)


def chosen(flag: str | None, environment: Mapping[str, str]) -> Share | None:
    """The share of this process, or None for all: flag over Kubernetes over the CI server.

    ``JOB_COMPLETION_INDEX`` counts from 0, ``CI_NODE_INDEX`` from 1 as in GitLab.  Raises ``ConfigurationError``.
    """
    if flag is not None:
        match = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", flag)
        if not match:
            _refuse(f"{flag!r} is no shard")
        return _share(int(match[1]), int(match[2]), flag)
    if index := environment.get("JOB_COMPLETION_INDEX"):
        if not environment.get(COUNT):
            _refuse(f"JOB_COMPLETION_INDEX is set, but {COUNT} does not say how many shards there are")
        total = environment[COUNT]
        return _share(
            _whole(index, "JOB_COMPLETION_INDEX") + 1, _whole(total, COUNT), f"index {index} of {total}"
        )
    node, nodes = environment.get("CI_NODE_INDEX"), environment.get("CI_NODE_TOTAL")
    if node and nodes:
        where = f"CI_NODE_INDEX {node} of CI_NODE_TOTAL {nodes} (counted from 1)"
        return _share(_whole(node, "CI_NODE_INDEX"), _whole(nodes, "CI_NODE_TOTAL"), where)
    return None


def common_seed(catalogue_sha256: str) -> int:
    """The seed of shards that were given none: all must send the same generated requests."""
    return int(catalogue_sha256[:8], 16)


def _share(index: int, count: int, where: str) -> Share | None:
    if not 1 <= index <= count <= _MOST:
        _refuse(f"There is no shard {where}")
    return Share(index, count) if count > 1 else None


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text):
        _refuse(f"{name} is {text!r}, which is no number of a shard")
    return int(text)


def _refuse(message: str) -> NoReturn:
    raise ConfigurationError(message, _HINT)
