"""``report.json``: the one canonical result, written whole and read with suspicion.

A report that is missing, cut off, edited into another shape or written by another version is refused with
one line and a hint; nothing downstream ever meets half a report.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs

from conformance.errors import ReportError
from conformance.model import (
    CheckResult,
    Coverage,
    Erratum,
    GeneratedCoverage,
    Keyword,
    Level,
    Pair,
    Part,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    RunVerdict,
    Source,
    Unseen,
    Verdict,
)
from conformance.report.clean import one_line, without_surrogates
from conformance.report.files import write_whole

SCHEMA_VERSION = "1.0"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``report.json``, as shipped."""
    text = files(__package__).joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def to_document(report: RunReport) -> dict[str, Any]:
    """The report as JSON values, ``complete`` last.

    Lone surrogates in strings, which JSON cannot carry, are spelt out as text.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "harness": report.harness,
        "run": report.run,
        "target": report.target,
        "verdict": report.verdict,
        "counts": report.counts,
        "requirements": [_requirement_out(result) for result in report.requirements],
        "errata": [
            asdict(erratum)
            | {"statuses": [{"operation": name, "statuses": codes} for name, codes in erratum.statuses]}
            for erratum in report.errata
        ],
        "coverage": report.coverage,
        "created": report.created,
        "left_behind": report.left_behind,
        "notes": report.notes,
        **({"private": [_requirement_out(result) for result in report.private]} if report.private else {}),
        "complete": True,
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def from_document(document: Mapping[str, Any], name: str = "the report") -> RunReport:
    """The report of a document; ``name`` is what messages call it.

    Raises ``ReportError`` when the document is incomplete, of another version, or breaks the schema.
    """
    _demand_valid(document, name)
    coverage = document["coverage"]
    return RunReport(
        harness=document["harness"],
        run=document["run"],
        target=document["target"],
        verdict=RunVerdict(document["verdict"]),
        counts=document["counts"],
        requirements=tuple(_requirement_in(entry) for entry in document["requirements"]),
        coverage=Coverage(
            operations=tuple(coverage["operations"]),
            pairs=tuple(Pair(**pair) for pair in coverage["pairs"]),
            requests=coverage["requests"],
            requests_2xx=coverage["requests_2xx"],
            generated=tuple(_generated_in(entry) for entry in coverage.get("generated", ())),
            unseen=tuple(Unseen(**entry) for entry in coverage.get("unseen", ())),
        ),
        created=tuple(Resource(**resource) for resource in document["created"]),
        left_behind=tuple(Resource(**resource) for resource in document["left_behind"]),
        notes=tuple(document["notes"]),
        errata=tuple(_erratum_in(entry) for entry in document["errata"]),
        private=tuple(_requirement_in(entry) for entry in document.get("private", ())),
    )


def _generated_in(entry: Mapping[str, Any]) -> GeneratedCoverage:
    lists = {key: tuple(entry[key]) for key in ("statuses", "sent_as", "answered_as", "left_out")}
    parts = tuple(Part(**part) for part in entry["parts"])
    keywords = tuple(Keyword(**keyword) for keyword in entry.get("keywords", ()))
    return GeneratedCoverage(**{**entry, **lists, "parts": parts, "keywords": keywords})


def dumps(report: RunReport) -> str:
    """The text of ``report.json``: ASCII, harmless on a terminal, and the same for the same report."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def write(report: RunReport, path: Path) -> None:
    """Write ``report.json`` whole or not at all.

    Raises ``ReportError`` when it cannot be written.  A report that breaks its own schema, which is a defect
    of the harness, is written all the same and then reported: half an hour of measuring must not be lost.
    """
    write_whole(path, dumps(report))
    _demand_valid(to_document(report), str(path))


def read(path: Path) -> RunReport:
    """The report in this file.

    Raises ``ReportError`` when it is missing, unreadable, not JSON, cut off, incomplete, of an unknown
    ``schema_version``, or not in the shape of the schema.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        _refuse(f"there is no report at {path}", "give the path of the report.json that a run has written")
    except IsADirectoryError:
        _refuse(f"{path} is a folder", f"name the report in it: {path / 'report.json'}")
    except OSError as problem:
        _refuse(
            f"{path} cannot be read: {problem.strerror or type(problem).__name__}", "check who may read it"
        )
    return loads(content, str(path))


def loads(content: bytes, name: str) -> RunReport:
    """The report in the content of a file, which messages call ``name``; raises ``ReportError`` as ``read`` does."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        _refuse(
            f"{name} is not a report: byte {problem.start} is not UTF-8 text",
            "give the path of a report.json",
        )
    return from_document(_parsed(text, name), name)


def _parsed(text: str, path: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        content = text.rstrip()
        if not content:
            _refuse(f"{path} is empty", "run again; a run that was killed leaves no report")
        if content.startswith("{") and (not content.endswith("}") or problem.pos >= len(content)):
            _refuse(
                f"{path} is cut off after {len(text):,} characters",
                "copy it again from the run that wrote it",
            )
        where = f"line {problem.lineno} column {problem.colno}"
        _refuse(f"{path} is not JSON: {problem.msg} at {where}", "give the path of a report.json")
    except (ValueError, RecursionError) as problem:
        _refuse(f"{path} is not JSON that a report can hold: {one_line(str(problem), 120)}")
    if not isinstance(document, dict):
        _refuse(f"{path} is JSON but not a report", "give the path of a report.json")
    return document


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def _demand_valid(document: Mapping[str, Any], name: str) -> None:
    version = document.get("schema_version")
    if version is None:
        _refuse(f"{name} is not a report: it has no schema_version", "give the path of a report.json")
    if version != SCHEMA_VERSION:
        _refuse(
            f"{name} has schema_version {one_line(json.dumps(version), 40)}; "
            f"this harness reads {SCHEMA_VERSION}",
            "use the version of cmf-conformance that wrote it",
        )
    if document.get("complete") is not True:
        _refuse(
            f"{name} is not complete: its last field, complete, is missing",
            "use the report of a run that ended",
        )
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        _refuse(f"{name} is not a valid report: it holds text that has no UTF-8 form")
    error = next(jsonschema_rs.Draft202012Validator(schema()).iter_errors(dict(document)), None)
    if error is not None:
        where = "/".join(str(step) for step in error.instance_path) or "the top level"
        _refuse(
            f"{name} is not a valid report: at {one_line(where, 120)}: {one_line(error.message, 200)}",
            "a report must be as cmf-conformance wrote it",
        )


def _refuse(message: str, hint: str = "") -> NoReturn:
    raise ReportError(message, hint) from None


def _plain(value: Any) -> Any:
    """The value as JSON values only: tuples as lists, enumerations and paths as strings."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {without_surrogates(str(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        entries = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [_plain(entry) for entry in entries]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_surrogates(str(value))


def _requirement_out(result: RequirementResult) -> dict[str, Any]:
    return asdict(result.requirement) | {
        "verdict": result.verdict,
        "reason": result.reason,
        "errata": result.errata,
        "checks": [
            {key: entry for key, entry in asdict(check).items() if key != "requirement"}
            for check in result.checks
        ],
    }


def _requirement_in(entry: Mapping[str, Any]) -> RequirementResult:
    return RequirementResult(
        requirement=Requirement(
            id=entry["id"],
            level=Level(entry["level"]),
            area=entry["area"],
            title=entry["title"],
            sentence=entry["sentence"],
            sources=_sources_in(entry["sources"]),
            operations=tuple(entry["operations"]),
            schema=entry["schema"],
            feature=entry["feature"],
        ),
        verdict=Verdict(entry["verdict"]),
        reason=entry["reason"],
        checks=tuple(
            CheckResult(
                **check
                | {
                    "requirement": entry["id"],
                    "outcome": Verdict(check["outcome"]),
                    "evidence": tuple(check["evidence"]),
                }
            )
            for check in entry["checks"]
        ),
        errata=tuple(entry["errata"]),
    )


def _erratum_in(entry: Mapping[str, Any]) -> Erratum:
    return Erratum(
        id=entry["id"],
        title=entry["title"],
        quotes=_sources_in(entry["quotes"]),
        decision=entry["decision"],
        reason=entry["reason"],
        requirements=tuple(entry["requirements"]),
        strict=entry["strict"],
        statuses=tuple((each["operation"], tuple(each["statuses"])) for each in entry["statuses"]),
    )


def _sources_in(entries: list[dict[str, str]]) -> tuple[Source, ...]:
    return tuple(Source(entry["kind"], entry["at"]) for entry in entries)
