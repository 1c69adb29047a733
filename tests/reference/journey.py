"""A long, deterministic walk through a server, stage by stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from conformance.reference.asgi import Wiring
from conformance.reference.server import Server

from .stages_of_answers import caching, concurrency, content, errors, pages
from .stages_of_resources import applications, environments, names
from .stages_of_runs import lifecycle, namesakes, runs, statements
from .walker import FakeClock, Reply, Walker, made_up_identifiers

STAGES = (
    names,
    environments,
    applications,
    lifecycle,
    runs,
    namesakes,
    pages,
    content,
    errors,
    caching,
    concurrency,
    statements,
)
Transcript = list[tuple[str, Reply]]


def stages_from(area: str) -> tuple[Callable[[Walker], Any], ...]:
    """Every stage, the one of that name first: what an area's faults do shows there soonest."""
    return tuple(sorted(STAGES, key=lambda stage: stage.__name__ != area))


def walk(
    server: Server,
    stages: tuple[Callable[[Walker], Any], ...] = STAGES,
    until: Callable[[Transcript], bool] = lambda _transcript: False,
) -> Transcript:
    """Walk through the server, to the end or until what was seen after a stage is enough."""
    clock = FakeClock()
    clock.at += server.clock.skew
    vars(server.clock).update(now=clock.now, stamp=clock.stamp)
    walker = Walker(Wiring(server), clock)

    async def everything() -> None:
        for stage in stages:
            await stage(walker)
            if until(walker.transcript):
                return

    with made_up_identifiers():
        asyncio.run(everything())
    return walker.transcript
