"""Limits that several processes draw on together."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance.config import Limits
from conformance.target.account import SharedAccount
from conformance.target.limits import Budget, BudgetSpent, Pace

PROGRAM = """
import sys
from pathlib import Path
from conformance.config import Limits
from conformance.target.account import SharedAccount
from conformance.target.limits import Budget, BudgetSpent, Pace

account, sent = SharedAccount(Path(sys.argv[1])), 0
budget = Budget(Limits(total_requests=int(sys.argv[2])), account=account)
pace = Pace(float(sys.argv[3]) or None, account=account)
try:
    while True:
        budget.spend()
        pace.wait()
        sent += 1
except BudgetSpent:
    print(sent)
"""


def together(path: Path, total: int, pace: float) -> list[int]:
    command = [sys.executable, "-c", PROGRAM, path, str(total), str(pace)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    return [int(process.communicate(timeout=60)[0]) for process in processes]


def test_processes_send_no_more_together_than_one_may(tmp_path: Path) -> None:
    sent = together(tmp_path / "account", 20_000, 0)
    assert sum(sent) == 20_000


def test_processes_are_no_faster_together_than_one_may_be(tmp_path: Path) -> None:
    began = time.monotonic()
    assert sum(together(tmp_path / "account", 60, 40)) == 60
    assert time.monotonic() - began >= 59 / 40


def test_threads_take_turns_that_are_a_gap_apart(tmp_path: Path) -> None:
    account = SharedAccount(tmp_path / "account")
    with ThreadPoolExecutor(4) as pool:
        turns = sorted(pool.map(lambda _: account.turn(2.0, 100.0), range(20)))
    assert turns == [100.0 + 2.0 * number for number in range(20)]


def test_a_budget_that_was_lifted_leaves_the_account_alone(tmp_path: Path) -> None:
    account = SharedAccount(tmp_path / "account")
    budget = Budget(Limits(total_requests=1), account=account)
    budget.spend()
    with pytest.raises(BudgetSpent, match="limit of 1 requests"):
        budget.spend()
    budget.lift()
    budget.spend()
    assert (budget.requests, account.spend(1)) == (2, False)


def test_turns_are_waited_for(tmp_path: Path) -> None:
    slept: list[float] = []
    account = SharedAccount(tmp_path / "account")
    paces = [Pace(4.0, clock=lambda: 10.0, sleep=slept.append, account=account) for _ in range(2)]
    for pace in (*paces, *paces):
        pace.wait()
    assert slept == [0.25, 0.5, 0.75]
