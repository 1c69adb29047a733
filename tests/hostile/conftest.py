"""A run against a hostile target, with limits so small that each takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.reference.launch import ReferenceServer

from .runs import Ran, run
from .server import HostileServer, Misdeed

LIMITS = {
    "connect_timeout": 1,
    "read_timeout": 1,
    "settle": 0.4,
    "deploy": 0.4,
    "max_time": 20,
    "total_requests": 600,
}
SELECTED = ("CMF-ENV-GET", "CMF-ERR-ANSWER", "CMF-ERR-SERVER")
CEILING = 60.0


@pytest.fixture(scope="session")
def reference() -> Iterator[ReferenceServer]:
    """A server that answers correctly."""
    with ReferenceServer(pace=0.1) as server:
        yield server


@pytest.fixture
def run_against(reference: ReferenceServer, tmp_path: Path) -> Iterator[Callable[..., Ran]]:
    """Run against a target of one misdeed, before the reference server; keyword arguments are limits."""

    def start(misdeed: Misdeed, *words: str, **limits: Any) -> Ran:
        with HostileServer(misdeed, reference.url) as server:
            chosen = words or (
                "--operation",
                "getEnvironment",
                *(f"--requirement={name}" for name in SELECTED),
            )
            ran = run(server.url, tmp_path / "run", *chosen, ceiling=CEILING, limits={**LIMITS, **limits})
        assert ran.seconds < ran.document["run"]["limits"]["max_time"] + 20
        return ran

    return start
