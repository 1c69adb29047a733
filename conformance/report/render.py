"""``cmf-conformance render``: every rendering of a ``report.json``, offline, beside it or elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.model import Exchange
from conformance.report.document import read
from conformance.report.evidence import Evidence
from conformance.report.files import write_whole
from conformance.report.html import render_html
from conformance.report.junit import render_junit
from conformance.report.markdown import render_markdown

RENDERERS = (("report.html", render_html), ("junit.xml", render_junit), ("report.md", render_markdown))
"""The file each renderer writes."""

EVIDENCE_NAME = "evidence.ndjson"


def render_all(report_path: Path, out_dir: Path | None = None) -> list[Path]:
    """Render the report into ``out_dir``, by default its own folder; the paths of what was written.

    The exchanges come from ``evidence.ndjson`` beside the report; without that file the renderings have none.
    Raises ``ReportError`` when the report or its evidence cannot be read, or a rendering cannot be written.
    """
    report = read(report_path)
    evidence_path = report_path.with_name(EVIDENCE_NAME)
    exchanges: Mapping[str, Exchange] = Evidence(evidence_path) if evidence_path.exists() else {}
    folder = report_path.parent if out_dir is None else out_dir
    written: list[Path] = []
    for name, renderer in RENDERERS:
        write_whole(folder / name, renderer(report, exchanges))
        written.append(folder / name)
    return written
