"""Bundles whose evidence was edited in one way and signed again with the right key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import resources
from conformance.certification import bundle, implementation, replay
from conformance.contract.openapi import Contract
from conformance.model import RequirementResult, Verdict
from conformance.registry import catalogue
from conformance.report import document

from .forging import Forged


def test_features_that_the_evidence_does_not_show_or_shows_though_they_are_absent(
    forged: Forged, tmp_path: Path
) -> None:
    known = catalogue()
    vendor = implementation.read(forged.folder / bundle.IMPLEMENTATION)
    report = document.read(forged.folder / bundle.REPORT)
    # The profile core speaks of neither, so a requirement of each is put in.
    more = [
        RequirementResult(
            next(rule for rule in known.requirements.values() if rule.features == (name,)),
            Verdict.PASS,
            "",
            (),
        )
        for name in ("sql", "flink")
    ]
    report = replace(report, requirements=(*report.requirements, *more))
    contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")

    def told(lines: list[dict[str, Any]], **features: bool) -> list[str]:
        evidence = tmp_path / "evidence.ndjson"
        evidence.write_text("".join(f"{json.dumps(each)}\n" for each in lines), "ascii")
        found = replay.flaws(report, replace(vendor, **features), evidence, known, contract)
        return [flaw.message for flaw in found if flaw.aspect == "features"]

    lines = forged.lines()
    assert told(lines) == [
        "flink is declared, but the evidence does not show that an application was started",
        "sql is declared, but the evidence does not show that something of SQL was created",
    ]
    assert told(lines, flink=False, sql=False) == []
    posts = [each for each in lines if each["request"]["method"] == "POST" and each["response"]]
    posts[0].update(operation="startApplication")
    posts[1].update(operation="createSecret")
    for each in posts[:2]:
        each["response"]["status"] = 201
    assert told(lines) == []
    assert told(lines, flink=False, sql=False) == [
        "flink is declared absent, but the evidence shows that an application was started",
        "sql is declared absent, but the evidence shows that something of SQL was created",
    ]


def test_a_resource_that_the_evidence_does_not_show_gone(forged: Forged) -> None:
    lines = forged.lines()
    path = forged.report["created"][0]["path"]
    for line in lines:
        if line["request"]["url"].endswith(path) and line["response"]["status"] == 404:
            line["response"]["status"] = 200
    forged.put(lines)
    message = forged.wrong()["left-behind"]
    assert message.startswith("the evidence does not show that ")
    assert message.endswith(f" resources are gone, such as {path}")


def test_an_exchange_that_was_taken_out_and_not_counted(forged: Forged) -> None:
    lines = forged.lines()
    lost = lines.pop(70)["id"]
    forged.put(lines)
    messages = [flaw.message for flaw in forged.verify().flaws if flaw.aspect == "coverage"]
    assert f"the evidence has gaps: there is no {lost}" in messages


def test_an_exchange_that_breaks_a_rule(forged: Forged) -> None:
    lines = forged.lines()
    line = next(
        each for each in lines if each["operation"] == "getEnvironment" and each["response"]["status"] == 200
    )
    line["response"]["body"] = '{"name": 7}'
    forged.put(lines)
    messages = [flaw.message for flaw in forged.verify().flaws if flaw.aspect == "replay"]
    assert any(message.startswith(f"CMF-ENV-SCHEMA is fail by {line['id']}") for message in messages), (
        messages
    )


def test_an_exchange_hidden_behind_another_operation(forged: Forged) -> None:
    lines = forged.lines()
    line = next(each for each in lines if each["operation"] == "getEnvironment")
    line["operation"] = None
    forged.put(lines)
    assert "its request is of another operation" in forged.wrong()["replay"]


def test_a_secret_that_is_shown(forged: Forged, tmp_path: Path) -> None:
    lines = forged.lines()
    line = next(each for each in lines if each["operation"] == "getEnvironment")
    line["response"]["headers"].append(["x-secret", "REDACTED-canary-first-plain"])
    evidence = tmp_path / "evidence.ndjson"
    evidence.write_text("".join(f"{json.dumps(each)}\n" for each in lines), "ascii")
    known = catalogue()
    report = document.read(forged.folder / bundle.REPORT)
    # The profile core has no secrets, so the requirement is put in.
    hidden = RequirementResult(known.requirements["CMF-SECRET-HIDDEN"], Verdict.PASS, "", ())
    report = replace(report, requirements=(*report.requirements, hidden))
    contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")
    vendor = implementation.read(forged.folder / bundle.IMPLEMENTATION)
    found = replay.flaws(report, vendor, evidence, known, contract)
    (message,) = [flaw.message for flaw in found if flaw.aspect == "replay"]
    assert message == (
        f"CMF-SECRET-HIDDEN is fail by {line['id']} (a secret is shown in the header x-secret), "
        "but the report has no such check"
    )


@pytest.mark.parametrize(
    ("change", "aspect", "message"),
    [
        (lambda lines: lines.pop(), "coverage", "are in the evidence"),
        (lambda lines: lines.append(lines[-1]), "references", "is in the evidence twice"),
        (lambda lines: lines[5].update(started="2025-06-01T00:00:00Z"), "times", "not sent during the run"),
        (lambda lines: lines[5].update(started="soon"), "times", "no time that can be compared"),
        (lambda lines: lines[5].update(elapsed_ms=-1), "times", "not sent during the run"),
        (lambda lines: lines[5].update(elapsed_ms=9e9), "times", "was answered after the run had ended"),
        (lambda lines: lines[5]["request"].update(url="http://other/cmf"), "coverage", "another server"),
    ],
)
def test_other_evidence(
    forged: Forged, change: Callable[[list[dict[str, Any]]], object], aspect: str, message: str
) -> None:
    lines = forged.lines()
    change(lines)
    forged.put(lines)
    assert message in forged.wrong()[aspect]


def test_evidence_that_is_no_exchange(forged: Forged) -> None:
    (forged.folder / bundle.EVIDENCE).write_bytes(bundle.zstd.compress(b'{"id":"x000001"}\n'))
    forged.sign()
    assert forged.wrong()["schemas"] == "line 1 of the evidence is no exchange"
