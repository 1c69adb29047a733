"""Record how long each scenario takes, by which shards are balanced: ``record_durations.py [REPORT.json]``.

The report is that of a whole run against the embedded server, by default the one in the kept bundle.  Parts stay the
same until this is run again.
"""
# ruff: noqa: INP001 - a script beside the pages

from __future__ import annotations

import json
import sys
from pathlib import Path

from conformance.certification import implementation
from conformance.registry import CONTRACT
from conformance.report.document import read

ROOT = Path(__file__).parents[1]
FILE = ROOT / "scenarios" / "durations.json"
REPORTS = ROOT / "reports"


def main() -> None:
    """Write ``scenarios/durations.json``."""
    kept = REPORTS / CONTRACT / implementation.read(REPORTS / "reference" / "implementation.yaml").folder
    seconds = read(Path(sys.argv[1]) if sys.argv[1:] else kept / "report.json").run["scenarios"]["seconds"]
    rounded = {name: round(took, 2) for name, took in sorted(seconds.items())}
    FILE.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
