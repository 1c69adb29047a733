"""The folder of a run's report: writable, and cleared of an earlier report but not of a ledger still needed."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from conformance.errors import ReportError
from conformance.target.ledger import Ledger

COUNTEREXAMPLES = "counterexamples"
"""In the report folder: one file of evidence for each sequence that showed something, to be replayed."""


def report_folder(wanted: Path | None, run_id: str) -> Path:
    """Make the folder ready for this run; raises ``ReportError`` when it can't be written to."""
    folder = wanted or Path("cmf-conformance-runs") / run_id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{run_id}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ReportError(
            f"The report folder {folder} can't be written: {error.strerror or error}",
            hint="--report-dir names another",
        ) from error
    _clear(folder)
    return folder.resolve()


def _clear(folder: Path) -> None:
    """Make room for this run: an earlier report goes, an earlier ledger that is still needed is kept aside."""
    for name in ("report.json", "report.html", "report.md", "junit.xml"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / COUNTEREXAMPLES, ignore_errors=True)
    ledger = folder / "ledger.ndjson"
    if not ledger.exists():
        return
    with closing(Ledger.read(ledger)) as earlier:
        if earlier.open:
            ledger.rename(folder / f"ledger-{earlier.run_id}.ndjson")
        else:
            ledger.unlink()
