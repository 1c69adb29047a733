"""What every test relies on, wherever the tests are started."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it runs in the background like this, and processes that the tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("safety", "certification", "end_to_end", "access", "hostile", "versions", "vendor", "sequences")
"""The folders whose tests take longest, whole runs most of them; when they come last, workers idle at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(tests).parts[0] if item.path.is_relative_to(tests) else ""
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=place)
