"""The same server gets the same verdicts each time; the long form of this is ``benchmarks/flake`` itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FLAKE = Path(__file__).parents[2] / "benchmarks" / "flake"


def test_three_narrow_runs_with_latency_and_slow_changes_agree() -> None:
    words = ["3", "--area", "caching", "--area", "concurrency", "--effort", "quick"]
    done = subprocess.run(
        [sys.executable, FLAKE, *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"(?m)^\| 3 \| 1 \| 3 \|", done.stdout), done.stdout
