"""The installed command, and a server for it to run against."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.reference.launch import ReferenceServer

COMMAND = Path(sys.executable).with_name("cmf-conformance")


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    folder: Path
    code: int
    said: str
    document: dict[str, Any]


@pytest.fixture(scope="session")
def ran(once: Callable[[str, Callable[[Path], object]], Path]) -> Ran:
    """The embedded default, once for all tests that look at what it left."""

    def run(folder: Path) -> None:
        done = subprocess.run(
            [COMMAND, "run", "--report-dir", "report", "--seed", "7"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert "Traceback" not in done.stderr
        (folder / "said.json").write_text(json.dumps([done.stdout, done.returncode]), "ascii")

    folder = once("run", run)
    said, code = json.loads((folder / "said.json").read_text("ascii"))
    document = json.loads((folder / "report" / "report.json").read_text("utf-8"))
    return Ran(folder / "report", code, said, document)


@pytest.fixture
def server() -> Iterator[ReferenceServer]:
    """A reference server that is not the run's own."""
    with ReferenceServer(pace=0.1) as started:
        yield started
