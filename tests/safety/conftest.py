"""A reference server with other people's resources."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.reference.launch import ReferenceServer

from . import people

FEW = 42


@pytest.fixture(scope="session")
def populated() -> Iterator[ReferenceServer]:
    """A server with some resources of every kind, that no test changes."""
    with ReferenceServer(pace=0.05) as server:
        people.settle_in(server.url, FEW)
        people.at_rest(server.url)
        yield server


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    """A server that is empty."""
    with ReferenceServer(pace=0.05) as started:
        yield started
