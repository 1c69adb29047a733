"""Which scenarios there are, and what each declares: collected by pytest, without a target.

They are collected in a process of its own, so that a pytest which may be running here is left alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from conformance import resources
from conformance.errors import HarnessError
from conformance.runner.plugin import declared_by, is_described, needed_by, reads_what_exists
from conformance.runner.surroundings import own_pytest

_ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 120.0
"""Seconds; it takes about two."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One scenario."""

    declared: tuple[str, ...]
    """The requirements that it owes an outcome."""
    needs: frozenset[str]
    """The features that it uses."""


@cache
def scenarios() -> Mapping[str, Collected]:
    """Every scenario of a certification by its pytest node id.

    Raises ``HarnessError`` when they can't be collected.
    """
    # Not from the current folder, which may hold anything.
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-B", "-m", "conformance.runner.collected"],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
            timeout=_LONGEST,
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as problem:
        raise HarnessError(f"The scenarios can't be collected: {problem}", "please report it") from problem
    return {
        name: Collected(tuple(each["declared"]), frozenset(each["needs"])) for name, each in found.items()
    }


class _Collector:
    def __init__(self) -> None:
        self.found: dict[str, dict[str, list[str]]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if reads_what_exists(item) or is_described(item):
                continue
            self.found[item.nodeid] = {"declared": list(declared_by(item)), "needs": sorted(needed_by(item))}


def _main() -> int:
    collector, folder = _Collector(), str(resources.scenarios_folder())
    options = ["-c", os.devnull, f"--rootdir={folder}", "--import-mode=importlib", "--collect-only", "-q"]
    plugins = ["no:cacheprovider", "no:warnings", "conformance.runner.fixtures"]
    with own_pytest():
        status = pytest.main([folder, *options, *(f"-p{name}" for name in plugins)], plugins=[collector])
    print(json.dumps(collector.found))  # noqa: T201 - read by ``scenarios``
    return int(status)


if __name__ == "__main__":
    sys.exit(_main())
