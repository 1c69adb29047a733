"""Runs of the command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CEILING = 600.0


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    code: int
    said: str
    complaint: str
    folder: Path

    @property
    def document(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "report.json").read_text("utf-8"))
        return loaded

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each requirement."""
        return {each["id"]: each["verdict"] for each in self.document["requirements"]}


def started(url: str, folder: Path, *words: str, **variables: str) -> subprocess.Popen[str]:
    """A run that goes on by itself."""
    command = [sys.executable, "-m", "conformance", "run", "--url", url, "--report-dir", str(folder), *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={key: value for key, value in os.environ.items() if "TOKEN" not in key} | variables,
    )


def ended(process: subprocess.Popen[str], folder: Path) -> Ran:
    """That run when it has ended."""
    try:
        said, complaint = process.communicate(timeout=CEILING)
    finally:
        process.kill()
    assert "Traceback" not in complaint
    return Ran(process.returncode, said, complaint, folder)


def run(url: str, folder: Path, *words: str, **variables: str) -> Ran:
    """Run against a target and wait for the end."""
    return ended(started(url, folder, *words, **variables), folder)
