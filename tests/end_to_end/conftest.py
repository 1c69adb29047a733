"""The installed command, and a server for it to run against."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer

COMMAND = Path(sys.executable).with_name("cmf-conformance")


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    """A reference server that is not the run's own."""
    with ReferenceServer(pace=0.1) as started:
        yield started
