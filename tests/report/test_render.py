"""``render``: every file from a report, offline."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]  # it has no types of its own

from conformance.errors import ReportError
from conformance.report.render import render_all

from .samples import Sample


def test_everything_is_written_beside_the_report(sample: Sample, tmp_path: Path) -> None:
    written = render_all(sample.save(tmp_path))
    assert [path.name for path in written] == ["report.html", "junit.xml", "report.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "evidence.ndjson",
        "junit.xml",
        "report.html",
        "report.json",
        "report.md",
    ]
    assert '{"name":"abc"}' in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert etree.parse(tmp_path / "junit.xml").getroot().tag == "testsuites"


def test_another_folder_can_be_named(sample: Sample, tmp_path: Path) -> None:
    path = sample.save(tmp_path)
    written = render_all(path, tmp_path / "else" / "where")
    assert {each.parent for each in written} == {tmp_path / "else" / "where"}
    assert not (tmp_path / "report.html").exists()


def test_without_evidence_it_still_renders(hostile: Sample, tmp_path: Path) -> None:
    path = hostile.save(tmp_path)
    (tmp_path / "evidence.ndjson").unlink()
    assert "evidence.ndjson: x000001" in render_all(path)[0].read_text(encoding="utf-8")


def test_evidence_cut_by_a_kill_is_no_hindrance(sample: Sample, tmp_path: Path) -> None:
    path = sample.save(tmp_path)
    evidence = (tmp_path / "evidence.ndjson").read_bytes()
    (tmp_path / "evidence.ndjson").write_bytes(evidence[:-40])
    assert len(render_all(path)) == 3


def test_rendering_again_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    path = sample.save(tmp_path)
    first = [each.read_bytes() for each in render_all(path)]
    assert [each.read_bytes() for each in render_all(path)] == first


def test_a_report_that_cannot_be_read_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ReportError):
        render_all(tmp_path / "report.json", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
