"""Lists that others change while they are read, page by page."""

from __future__ import annotations

import json
import socket
from urllib.parse import parse_qs, urlsplit

import pytest

from conformance import resources
from conformance.config import Features, Limits
from conformance.contract.openapi import Contract
from conformance.registry import CONTRACT
from conformance.target.cmf import Cmf

from .conftest import OURS, Connect, Received, Serve, Server, answer


class Shared:
    """The secrets of a target, of which others delete the first while its pages are read."""

    def __init__(self, deletions: int) -> None:
        self.names = [f"secret-{number}" for number in range(9)]
        self.deletions = deletions

    def __call__(self, request: Received, _: socket.socket) -> bytes:
        query = parse_qs(urlsplit(request.target.decode()).query)
        page, size = int(query["page"][0]), int(query["size"][0])
        shown = self.names[page * size : (page + 1) * size]
        if page == 1 and self.deletions:
            self.deletions -= 1
            del self.names[0]
        items = [{"metadata": {"name": name}} for name in shown]
        return answer(200, json.dumps({"items": items}).encode(), "Content-Type: application/json")


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract.load(resources.contract_folder(CONTRACT) / "openapi.yaml")


@pytest.fixture
def read(serve: Serve, connect: Connect, contract: Contract) -> tuple[Server, Cmf]:
    server = serve(Shared(deletions=1))
    wire = connect(server.url)
    return server, Cmf(wire, contract, prefix=OURS, features=Features(), limits=Limits())


def test_a_shared_list_is_read_until_it_is_the_same_twice(read: tuple[Server, Cmf]) -> None:
    _, cmf = read
    assert cmf.secrets.names(size=3) == [f"secret-{number}" for number in range(1, 9)]


def test_a_shared_list_that_never_rests_is_read_a_few_times(read: tuple[Server, Cmf]) -> None:
    server, cmf = read
    server.handler = Shared(deletions=1000)
    assert len(cmf.secrets.names(size=2)) < 9
    assert len(server.received) < 30


def test_a_shared_list_of_one_page_is_read_once(read: tuple[Server, Cmf]) -> None:
    server, cmf = read
    server.handler = Shared(deletions=0)
    assert len(cmf.secrets.names(size=9)) == 9
    assert len(server.received) == 2  # the page, and the empty one behind it


def test_a_list_of_one_environment_is_read_once(read: tuple[Server, Cmf]) -> None:
    server, cmf = read
    server.handler = Shared(deletions=0)
    assert len(cmf.compute_pools("env").names(size=3)) == 9
    assert len(server.received) == 4
