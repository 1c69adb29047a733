"""report.json: written whole, read with suspicion."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import verdict as rules
from conformance.config import Limits, Mode
from conformance.errors import ReportError
from conformance.model import (
    CheckResult,
    Coverage,
    Erratum,
    Level,
    Pair,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    RunVerdict,
    Source,
    Verdict,
)
from conformance.report import document

from .samples import HOSTILE, Sample, erratum, report_of, requirement, result

TEXT = st.text(max_size=12)
NAMES = st.from_regex(r"CMF(-[A-Z0-9]{1,4}){1,3}", fullmatch=True)
COUNTS = st.integers(0, 10**12)
SOURCES = st.lists(st.builds(Source, st.sampled_from(["documentation", "openapi"]), TEXT), max_size=2).map(
    tuple
)
STRINGS = st.lists(TEXT, max_size=3).map(tuple)
RESOURCES = st.lists(st.builds(Resource, TEXT, TEXT, TEXT), max_size=2).map(tuple)
REQUIREMENTS = st.builds(
    Requirement,
    NAMES,
    st.sampled_from(Level),
    st.text(min_size=1, max_size=9),
    TEXT,
    TEXT,
    SOURCES,
    STRINGS,
    st.none() | TEXT,
    st.none() | TEXT,
)


@st.composite
def results(draw: st.DrawFn) -> RequirementResult:
    rule = draw(REQUIREMENTS)
    checks = st.builds(
        CheckResult,
        st.just(rule.id),
        TEXT,
        st.sampled_from(Verdict),
        TEXT,
        TEXT,
        TEXT,
        STRINGS,
        TEXT,
        st.none() | TEXT,
        TEXT,
        COUNTS,
    )
    return RequirementResult(
        rule,
        draw(st.sampled_from(Verdict)),
        draw(TEXT),
        tuple(draw(st.lists(checks, max_size=3))),
        draw(STRINGS),
    )


@st.composite
def reports(draw: st.DrawFn) -> RunReport:
    found = tuple(draw(st.lists(results(), max_size=4)))
    statuses = st.integers(0, 999)
    pairs = st.lists(st.builds(Pair, TEXT, statuses, COUNTS, st.booleans()), max_size=3).map(tuple)
    tolerated = st.lists(st.tuples(TEXT, st.lists(statuses, max_size=3).map(tuple)), max_size=2).map(tuple)
    errata = st.builds(
        Erratum,
        st.text(min_size=1, max_size=9),
        TEXT,
        SOURCES,
        TEXT,
        TEXT,
        st.lists(NAMES, max_size=2).map(tuple),
        TEXT,
        tolerated,
    )
    base = report_of(())
    return replace(
        base,
        run=base.run | {"seed": draw(st.integers(0, 2**128))},
        target=base.target | {"url": draw(st.text(min_size=1)), "product": draw(st.none() | TEXT)},
        verdict=draw(st.sampled_from(RunVerdict)),
        counts=rules.counts(each.verdict for each in found),
        requirements=found,
        coverage=draw(st.builds(Coverage, STRINGS, pairs, COUNTS, COUNTS)),
        created=draw(RESOURCES),
        left_behind=draw(RESOURCES),
        notes=draw(STRINGS),
        errata=tuple(draw(st.lists(errata, max_size=2))),
    )


@given(reports())
def test_a_report_survives_the_trip_through_text(report: RunReport) -> None:
    text = document.dumps(report)
    assert text.isascii()
    assert document.from_document(json.loads(text)) == report


def test_a_report_survives_the_trip_through_a_file(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "report.json"
    document.write(sample.report, path)
    assert document.read(path) == sample.report
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]


def test_the_fields_of_the_design(sample: Sample) -> None:
    made = document.to_document(sample.report)
    assert list(made) == [
        "schema_version",
        "harness",
        "run",
        "target",
        "verdict",
        "counts",
        "requirements",
        "errata",
        "coverage",
        "created",
        "left_behind",
        "notes",
        "complete",
    ]
    assert made["complete"] is True
    failed = made["requirements"][1]
    assert failed["verdict"] == "fail"
    assert failed["sources"][1] == {"kind": "documentation", "at": "Identifiers"}
    assert failed["checks"][0]["evidence"] == ["x000001", "x000002"]
    assert made["requirements"][0]["errata"] == ["E-UPSERT-201"]
    assert made["errata"][0]["statuses"] == [{"operation": "createOrUpdateEnvironment", "statuses": [200]}]


def test_values_of_the_program_become_plain_json() -> None:
    base = report_of(())
    run = base.run | {
        "mode": Mode.READ_ONLY,
        "limits": Limits(max_time=float("inf")),
        "selection": {"areas": ("a", "b")},
    }
    made = document.to_document(
        replace(base, run=run, target=base.target | {"declared_features": {Path("a"): {3, 1}}})
    )
    assert made["run"]["mode"] == "read-only"
    assert made["run"]["limits"]["max_time"] == "inf"
    assert made["run"]["limits"]["read_timeout"] == 30.0
    assert made["run"]["selection"] == {"areas": ["a", "b"]}
    assert made["target"]["declared_features"] == {"a": [1, 3]}
    assert document.from_document(made).run["mode"] == "read-only"


def test_hostile_text_is_kept_but_for_lone_surrogates(hostile: Sample, tmp_path: Path) -> None:
    path = hostile.save(tmp_path)
    found = document.read(path)
    assert found.target["product"] == HOSTILE.replace("\ud800", "\\ud800")
    assert b"\x1b" not in path.read_bytes()


def test_the_schema_is_a_schema_and_closed_where_it_is_ours() -> None:
    jsonschema_rs.meta.validate(document.schema())
    open_ones: list[str] = []

    def walk(node: Any, where: str) -> None:
        if isinstance(node, dict):
            if (
                node.get("type") == "object"
                and "properties" in node
                and node.get("additionalProperties") is not False
            ):
                open_ones.append(where)
            for key, value in node.items():
                walk(value, f"{where}/{key}")

    walk(document.schema(), "#")
    assert open_ones == []


def broken(change: Callable[[dict[str, Any]], object]) -> str:
    """The text of a good report after a change."""
    made = document.to_document(
        report_of((result(requirement("CMF-ENV-GET"), Verdict.PASS),), errata=(erratum(),))
    )
    change(made)
    return json.dumps(made)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (broken(lambda _: None)[:-1], "is cut off after"),
        (broken(lambda _: None)[:900], "is cut off after"),
        (broken(lambda _: None)[: broken(lambda _: None).rindex("complete") + 14], "is cut off after"),
        ("hello", "is not JSON"),
        ('{"a": 1,}', "is not JSON"),
        ("[]", "is JSON but not a report"),
        ("[" * 100_000, "is not JSON that a report can hold"),
        ('{"a": NaN}', "is not JSON that a report can hold: NaN"),
        ("{}", "has no schema_version"),
        (
            broken(lambda made: made.update(schema_version="2.0")),
            'has schema_version "2.0"; this harness reads 1.0',
        ),
        (broken(lambda made: made.pop("complete")), "is not complete"),
        (broken(lambda made: made.update(complete=False)), "is not complete"),
        (broken(lambda made: made.pop("counts")), "is not a valid report: at the top level"),
        (broken(lambda made: made.update(extra=1)), "'extra' was unexpected"),
        (broken(lambda made: made.update(verdict="green")), "at verdict"),
        (broken(lambda made: made["counts"].update(fail=-1)), "at counts/fail"),
        (broken(lambda made: made["counts"].pop("warn")), "at counts"),
        (broken(lambda made: made["requirements"][0].update(id='x"><script>')), "at requirements/0/id"),
        (broken(lambda made: made["requirements"][0].update(verdict="skipped")), "at requirements/0/verdict"),
        (broken(lambda made: made["requirements"][0]["checks"][0].pop("curl")), "at requirements/0/checks/0"),
        (broken(lambda made: made["harness"].update(contract_sha256="A" * 64)), "at harness/contract_sha256"),
        (broken(lambda made: made["run"].update(started="yesterday")), "at run/started"),
        (broken(lambda made: made["run"].update(mode="\x1b[31m")), "at run/mode"),
        (broken(lambda made: made["target"].update(url="\ud800")), "holds text that has no UTF-8 form"),
    ],
    ids=lambda value: "" if value.startswith(("{", "[")) else value,
)
def test_a_report_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReportError) as caught:
        document.read(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.message.isprintable()


def test_a_missing_report_a_folder_and_bytes_are_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="there is no report at") as caught:
        document.read(tmp_path / "report.json")
    assert caught.value.hint
    with pytest.raises(ReportError, match="is a folder") as caught:
        document.read(tmp_path)
    assert "report.json" in caught.value.hint
    (tmp_path / "report.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ReportError, match="byte 0 is not UTF-8"):
        document.read(tmp_path / "report.json")
    with pytest.raises(ReportError, match="cannot be read"):
        document.read(tmp_path / "report.json" / "below")


def test_every_prefix_of_a_report_is_refused(tmp_path: Path) -> None:
    text = document.dumps(report_of(()))
    path = tmp_path / "report.json"
    for length in range(0, len(text.rstrip()), 37):
        path.write_text(text[:length], encoding="utf-8")
        with pytest.raises(ReportError, match=r"is cut off|is empty"):
            document.read(path)


def test_a_report_that_cannot_be_written_leaves_the_old_one(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(ReportError, match="cannot be written"):
        document.write(sample.report, tmp_path / "file" / "report.json")
    folder = tmp_path / "report.json"
    folder.mkdir()
    with pytest.raises(ReportError, match="cannot be written"):
        document.write(sample.report, folder)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "report.json"]


def test_who_has_the_old_report_open_keeps_it_whole(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    (tmp_path / "held").hardlink_to(path)
    document.write(sample.report, path)
    assert (tmp_path / "held").read_text() == "old"
    assert document.read(path) == sample.report


def test_a_full_disk_leaves_the_old_report(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportError, match="No space left"):
        document.write(sample.report, path)
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]
    assert path.read_text() == "old"


def test_a_report_of_the_wrong_shape_is_told_but_not_lost(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    wrong = replace(sample.report, run=sample.report.run | {"colour": "blue"})
    with pytest.raises(ReportError, match="'colour' was unexpected"):
        document.write(wrong, path)
    assert json.loads(path.read_text())["run"]["colour"] == "blue"
