"""The wire keeps to the limits of the run, all of its threads together."""

# ruff: noqa: FBT003 - a flag
from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, NoAnswer

from .conftest import ENVIRONMENTS, OURS, Connect, Serve, named, ok


def test_the_budget_of_requests_and_of_time(serve: Serve, connect: Connect) -> None:
    server = serve(ok)
    wire = connect(server.url, limits={"total_requests": 2})
    wire.send("GET", "/x")
    wire.send("GET", "/x")
    with pytest.raises(BudgetSpent, match="2 requests"):
        wire.send("GET", "/x")
    wire.budget.lift()
    wire.send("GET", "/x")
    assert len(server.received) == 3
    with pytest.raises(BudgetSpent, match="0 s"):
        connect(server.url, limits={"max_time": 0.0}).send("GET", "/x")


def test_nothing_is_entered_when_the_budget_is_spent(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(ok).url, limits={"total_requests": 0})
    with pytest.raises(BudgetSpent):
        wire.send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.open == ()


def test_the_pace_is_kept_by_all_threads_together(serve: Serve, connect: Connect) -> None:
    wire = connect(serve(ok).url, limits={"requests_per_second": 50.0})
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(wire.send, "GET", "/x") for _ in range(11)]:
            future.result()
    assert time.monotonic() - began >= 0.2


def test_a_connection_that_does_not_come_about_times_out(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        wire = connect(f"http://127.0.0.1:{address[1]}", limits={"connect_timeout": 0.2, "read_timeout": 0.2})
        with pytest.raises(NoAnswer, match=r"ConnectTimeout after 0.2 s|ReadTimeout after 0.2 s"):
            wire.send("DELETE", f"{ENVIRONMENTS}/{OURS}")
        for filler in fillers:
            filler.close()
