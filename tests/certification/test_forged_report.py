"""Bundles whose report, or a file that says the same, was edited in one way and signed again with the right key."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import verdict
from conformance.certification import bundle
from conformance.contract.judgement import UNIVERSAL
from conformance.report import document

from .forging import Change, Forged, at

FOLDER = {"folder": "mine", "sha256": "0" * 64, "requirements": []}
BASELINE = {"file": "waivers.yaml", "sha256": "0" * 64, "waivers": []}
SPEC = {
    "origin": "a.yaml",
    "sha256": "0" * 64,
    "title": "CMF",
    "version": "2.1",
    "openapi": "3.0.1",
    "operations": 57,
}


def first(report: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = report["requirements"][0]
    return found


def without_first(report: dict[str, Any]) -> None:
    report["requirements"].pop(0)
    report["counts"]["pass"] -= 1


def private(report: dict[str, Any]) -> None:
    """A private requirement, judged."""
    report["private"] = [first(report) | {"id": "ACME-ONE", "area": "private", "errata": []}]


def judged(outcome: str) -> Change:
    """The first requirement with a check of this outcome, and everything that follows from it."""

    def change(report: dict[str, Any]) -> None:
        first(report)["checks"] = [first(report)["checks"][0] | {"outcome": outcome, "message": "m"}]
        name = first(report)["checks"][0]["name"]
        first(report).update(verdict=outcome, reason=f"{name}: m")
        report["counts"][outcome] += 1
        report["counts"]["pass"] -= 1

    return change


def slow(report: dict[str, Any]) -> None:
    seconds = report["run"]["scenarios"]["seconds"]
    seconds[next(iter(seconds))] = 4000.0


def unplanned(report: dict[str, Any]) -> None:
    report["run"]["scenarios"]["part"].pop()


def foreign(report: dict[str, Any]) -> None:
    report["run"]["scenarios"]["part"].append("test_x.py::test_x")


def unfinished(report: dict[str, Any]) -> None:
    report["run"]["scenarios"]["seconds"].popitem()


def planless(report: dict[str, Any]) -> None:
    del report["run"]["scenarios"]


@pytest.mark.parametrize(
    ("change", "aspect", "message"),
    [
        (at("run/mode", "read-only"), "run", "the mode is read-only"),
        (at("run/selection", {"areas": ["caching"]}), "run", "filters narrowed the profile"),
        (at("run/shard", "1/4"), "run", "a part of a run"),
        (at("run/spec", SPEC), "run", "judged by another document than the contract (--spec)"),
        (at("run/interrupted", True), "run", "it was interrupted"),  # noqa: FBT003 - a value
        (private, "run", "private scenarios were run beside it"),
        (at("run/private", [FOLDER]), "run", "private scenarios were run beside it"),
        (at("run/effort", "quick"), "run", "its effort is quick"),
        (at("run/ended", "the time was over"), "run", "it ended early"),
        (at("run/shards", ["1/2", "2/2"]), "run", "merged from parts"),
        (at("notes", ["lost"]), "run", "it has notes: lost"),
        (
            at("target/product", "Another Server 2"),
            "implementation",
            "is about Another Server 2, not about Ex",
        ),
        (at("target/product", None), "implementation", "is about None"),
        (at("harness/version", "0.2.0.dev1"), "harness", "no released version"),
        (at("harness/contract_sha256", "0" * 64), "harness", "another contract"),
        (at("harness/catalogue", 7), "harness", "catalogue 7 is not the one of that digest"),
        (at("harness/catalogue_sha256", "0" * 64), "harness", "another catalogue"),
        (without_first, "requirements", "1 requirements of the profile are missing"),
        (at("run/profile", "full"), "requirements", "of the profile are missing"),
        (at("run/profile", "none"), "requirements", "there is no profile none"),
        (at("requirements/0/level", "MAY"), "requirements", "is not as the catalogue has it"),
        (at("run/baseline", BASELINE), "waivers", "a baseline of waivers"),
        (judged("waived"), "waivers", "was waived"),
        (judged("not_tested"), "untested", "1 requirements are not_tested"),
        (judged("error"), "untested", "1 requirements are error"),
        (judged("warn"), "lattice", "a broken MUST is no warn"),
        (judged("not_applicable"), "features", "its features are declared"),
        (at("target/declared_features/flink", False), "features", "flink is True in"),  # noqa: FBT003 - a value
        (at("requirements/0/checks/0/outcome", "fail"), "lattice", "its checks make it fail"),
        (at("requirements/0/reason", "7 observations agree with it"), "lattice", "another reason"),
        (at("requirements/0/checks/0/curl", "curl x"), "lattice", "says how to repeat its failure"),
        (at("counts/pass", 107), "lattice", "the counts are not those of the verdicts"),
        (at("verdict", "incomplete"), "verdict", "the verdict of the run is incomplete"),
        (at("requirements/0/checks/0/evidence", ["x999999"]), "references", "x999999, which is not in"),
        (at("requirements/0/checks/0/evidence", []), "references", "rests on no exchange"),
        (at("coverage/requests", 7), "coverage", "7 exchanges were counted"),
        (at("coverage/requests_2xx", 7), "coverage", "not those that were counted"),
        (at("run/finished", "2026-01-01T00:00:00.000Z"), "times", "ended before it started"),
        (at("run/started", "2001-01-01T00:00:00.000Z"), "times", "started in 2001"),
        (at("run/finished", "2999-01-01T00:00:00.000Z"), "times", "ended in the future"),
        (at("run/finished", "9999-12-31T23:59:59.999Z"), "times", "no time of start or end"),
        (slow, "times", "s together, the whole run"),
        (unplanned, "scenarios", "1 scenarios of the profile did not run, such as test_"),
        (foreign, "scenarios", "test_x.py::test_x is no scenario of the profile"),
        (unfinished, "scenarios", "1 scenarios have not ended, such as test_"),
        (planless, "scenarios", "does not say which scenarios ran"),
        (at("left_behind", [{"kind": "k", "name": "n", "path": "/p"}]), "left-behind", "such as /p"),
    ],
)
def test_a_report_edited_and_signed_again(forged: Forged, change: Change, aspect: str, message: str) -> None:
    forged.edit(change)
    assert message in forged.wrong()[aspect]


def test_a_check_that_was_taken_out_together_with_its_failure(forged: Forged) -> None:
    """Its requirement has other checks, so that nothing else is missed."""
    taken: list[str] = []

    def take(report: dict[str, Any]) -> None:
        for each, result in zip(
            report["requirements"], document.from_document(report).requirements, strict=True
        ):
            scenarios = {check["scenario"] for check in each["checks"]}
            if each["id"] in UNIVERSAL or len(scenarios) < 2 or any(c["count"] > 1 for c in each["checks"]):
                continue
            taken.extend((each["id"], min(scenarios)))
            kept = [check for check in result.checks if check.scenario != taken[1]]
            each["checks"] = [check for check in each["checks"] if check["scenario"] != taken[1]]
            each["reason"] = verdict.of_requirement(result.requirement, kept)[1]
            return

    forged.edit(take)
    assert forged.wrong() == {
        "scenarios": f"{taken[1]} owes an outcome to {taken[0]}, and there is none",
    }


def test_a_report_that_breaks_its_schema(forged: Forged) -> None:
    path = forged.folder / bundle.REPORT
    path.write_text(path.read_text("utf-8").replace('"complete":true', '"complete":false'), "utf-8")
    assert "is not complete" in forged.wrong()["schemas"]


def test_an_implementation_that_breaks_its_schema(forged: Forged) -> None:
    (forged.folder / bundle.IMPLEMENTATION).write_text("vendor: ../x\n", "utf-8")
    forged.sign()
    assert "implementation.yaml is wrong" in forged.wrong()["schemas"]


def test_features_that_were_not_seen(forged: Forged) -> None:
    path = forged.folder / bundle.IMPLEMENTATION
    path.write_text(path.read_text("utf-8").replace("authentication: true", "authentication: false"), "utf-8")
    forged.sign()
    messages = [flaw.message for flaw in forged.verify().flaws if flaw.aspect == "features"]
    assert "authentication is declared absent, but requests carried a credential" in messages
    assert any("judged without the declared feature auth" in message for message in messages)


@pytest.mark.parametrize("name", [bundle.HTML, bundle.JUNIT])
def test_a_rendering_of_another_report(forged: Forged, name: str) -> None:
    path = forged.folder / name
    path.write_text(
        path.read_text("utf-8").replace("Example Corp", "Example Inc").replace("CMF-", "CMX-"), "utf-8"
    )
    forged.sign()
    assert forged.wrong() == {"renderings": f"{name} is not what this report and evidence give"}
