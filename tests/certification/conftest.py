"""The command as a process of this interpreter, and a reference server that commits a fault."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from conformance.reference.launch import ReferenceServer

from .forging import Certified, Forged, certified_in, certify

Done: TypeAlias = "subprocess.CompletedProcess[str]"
Call = Callable[..., Done]


@pytest.fixture(scope="session")
def call_in() -> Callable[[Path], Call]:
    """Run the command in a folder; it never ends with a traceback."""

    def there(folder: Path) -> Call:
        def start(*words: str | Path) -> Done:
            done = subprocess.run(
                [sys.executable, "-m", "conformance", *map(str, words)],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
            assert "Traceback" not in done.stderr
            return done

        return start

    return there


@pytest.fixture
def call(tmp_path: Path, call_in: Callable[[Path], Call]) -> Call:
    """Run the command in the test's own folder."""
    return call_in(tmp_path)


@pytest.fixture(scope="session")
def forgetful_for_all() -> Iterator[str]:
    """The URL of a reference server that loses the second update of an environment."""
    with ReferenceServer(faults=["env-update-lost-on-second"], pace=0.1) as server:
        yield server.url


@pytest.fixture
def forgetful(forgetful_for_all: str) -> str:
    """The same, for one test."""
    return forgetful_for_all


@pytest.fixture(scope="session")
def certified(once: Callable[[str, Callable[[Path], object]], Path]) -> Certified:
    """The reference server, which tests copy and never change."""
    return certified_in(once("certified", lambda folder: certify(folder, "--reference")))


@pytest.fixture
def forged(certified: Certified, tmp_path: Path) -> Forged:
    folder = tmp_path / "bundle"
    shutil.copytree(certified.folder, folder)
    return Forged(folder, certified.key)
