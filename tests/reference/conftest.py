from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from conformance.reference.launch import ReferenceServer

from .samples import ENVIRONMENTS


@pytest.fixture(scope="session")
def reference() -> Iterator[ReferenceServer]:
    """One clean server for every test that goes over a socket; ten times as fast as usual."""
    with ReferenceServer(pace=0.1) as server:
        yield server


@pytest.fixture
def client(reference: ReferenceServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=reference.url) as made:
        yield made


@pytest.fixture
def home(client: httpx.Client) -> str:
    """The path of an environment of the test's own."""
    name = f"env-{uuid.uuid4()}"
    assert client.post(ENVIRONMENTS, json={"name": name}).status_code == 201
    return f"{ENVIRONMENTS}/{name}"
