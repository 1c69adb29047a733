"""A whole run of the installed command against the reference server, and what it leaves."""

from __future__ import annotations

import contextlib
import json

from conformance.evidence_format import from_line
from conformance.registry import catalogue
from conformance.report.document import read
from conformance.target.ledger import Ledger

from .conftest import Ran


def test_the_reference_server_is_conformant(ran: Ran) -> None:
    wrong = {each["id"]: each["reason"] for each in ran.document["requirements"] if each["verdict"] != "pass"}
    assert wrong == {}
    assert (ran.code, ran.document["verdict"]) == (0, "conformant")
    assert "\nCONFORMANT: " in ran.said


def test_the_report_holds_what_was_agreed(ran: Ran) -> None:
    document = ran.document
    assert document["schema_version"] == "1.0"
    known = catalogue()
    assert document["harness"]["contract_sha256"] == known.contract_sha256
    assert document["harness"]["catalogue_sha256"] == known.catalogue_sha256
    assert {
        "id",
        "seed",
        "started",
        "finished",
        "profile",
        "mode",
        "shard",
        "limits",
        "argv_redacted",
    } <= set(document["run"])
    assert (document["run"]["seed"], document["run"]["profile"]) == (7, "full")
    assert document["run"]["argv_redacted"] == ["run", "--report-dir", "report", "--seed", "7"]
    assert {"url", "declared_features", "product", "observed_headers"} <= set(document["target"])
    assert list(document["counts"]) == [
        "not_applicable",
        "pass",
        "waived",
        "warn",
        "not_tested",
        "error",
        "fail",
    ]
    assert sum(document["counts"].values()) == len(document["requirements"])
    assert [each["id"] for each in document["requirements"]] == list(known.profiles["full"].requirements)
    assert list(document)[-1] == "complete"
    assert document["complete"] is True
    assert document["left_behind"] == document["notes"] == []
    assert document["created"]
    assert all(
        f"cmfc-{document['run']['id']}-" in each["path"]
        for each in document["created"]
        if len(each["name"]) > 8
    )
    assert read(ran.folder / "report.json").counts == document["counts"]


def test_every_check_names_exchanges_that_are_in_the_evidence(ran: Ran) -> None:
    with (ran.folder / "evidence.ndjson").open(encoding="ascii") as lines:
        known = {from_line(line).id for line in lines}
    assert len(known) == ran.document["coverage"]["requests"]
    named = {
        name
        for each in ran.document["requirements"]
        for check in each["checks"]
        for name in check["evidence"]
    }
    assert named <= known
    bare = [
        each["id"]
        for each in ran.document["requirements"]
        if not any(check["evidence"] for check in each["checks"])
    ]
    assert bare == []


def test_coverage_reaches_every_operation_of_the_catalogue(ran: Ran) -> None:
    wanted = {name for requirement in catalogue().requirements.values() for name in requirement.operations}
    assert wanted <= set(ran.document["coverage"]["operations"])
    undocumented = [pair for pair in ran.document["coverage"]["pairs"] if not pair["documented"]]
    assert all(pair["status"] < 500 for pair in undocumented)


def test_the_renderings_lie_beside_it(ran: Ran) -> None:
    for name in ("report.html", "junit.xml", "report.md", "ledger.ndjson"):
        assert (ran.folder / name).stat().st_size > 0
    with contextlib.closing(Ledger.read(ran.folder / "ledger.ndjson")) as ledger:
        assert ledger.open == ()


def test_allure_results_name_every_requirement_that_scenarios_check(ran: Ran) -> None:
    results = [
        json.loads(path.read_text("utf-8")) for path in (ran.folder / "allure-results").glob("*-result.json")
    ]
    assert results
    labels = [{(label["name"], label["value"]) for label in result["labels"]} for result in results]
    for each in labels:
        names = {name for name, _ in each}
        assert {"requirement", "level", "area", "severity"} <= names
    assert {result["status"] for result in results} == {"passed"}
    named = {value for each in labels for name, value in each if name == "requirement"}
    assert named <= set(catalogue().requirements)
    assert {value for each in labels for name, value in each if name == "severity"} <= {
        "critical",
        "normal",
        "minor",
    }
