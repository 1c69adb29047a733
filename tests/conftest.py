"""What every test relies on, wherever the tests are started."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it runs in the background like this, and processes that the tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("safety", "certification", "end_to_end", "access", "hostile", "versions", "vendor", "sequences")
"""The folders whose tests take longest, whole runs most of them; when they come last, workers idle at the end."""


Once: TypeAlias = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """A folder of a name, which the first worker that asks for it makes while others wait; nobody may change it.

    For what takes long to make and is only looked at, such as the report of a whole run.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name: str, make: Callable[[Path], object]) -> Path:
        made = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                making = shared / f"{name}.making"
                making.mkdir()
                make(making)
                making.rename(made)
        return made

    return folder_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=place)
