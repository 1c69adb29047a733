"""Bundles forged in one way each, most of them signed again with the right key."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance import resources, verdict
from conformance.certification import attestation, bundle, implementation, replay, signing
from conformance.certification.finding import ASPECTS
from conformance.certification.verification import verify
from conformance.contract.judgement import UNIVERSAL
from conformance.contract.openapi import Contract
from conformance.errors import ReportError
from conformance.model import RequirementResult, Verdict
from conformance.registry import catalogue
from conformance.report import document

from .forging import Certified, Forged

Change = Callable[[dict[str, Any]], object]


FOLDER = {"folder": "mine", "sha256": "0" * 64, "requirements": []}
BASELINE = {"file": "waivers.yaml", "sha256": "0" * 64, "waivers": []}


def test_what_certify_made_is_valid(forged: Forged) -> None:
    found = forged.verify(again=True)
    assert (found.flaws, found.looked_at) == ((), tuple(ASPECTS))
    assert found.valid
    quick = forged.verify()
    assert (quick.flaws, set(ASPECTS) - set(quick.looked_at), quick.valid) == ((), {"again"}, False)
    assert found.title == "Example Corp Reference Server 0.1.0, profile core"


def test_signing_again_makes_a_valid_bundle(forged: Forged) -> None:
    forged.edit(lambda report: report)
    assert forged.wrong() == {}


# -- signature and digests -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(bundle.SIGNED) - {bundle.EVIDENCE}))
def test_a_file_changed_after_signing(forged: Forged, name: str) -> None:
    with (forged.folder / name).open("ab") as file:
        file.write(b"\n")
    assert forged.wrong()["digests"] == f"{name} is not the file that was signed"


def test_a_key_that_does_not_count(forged: Forged, tmp_path: Path) -> None:
    signing.new_key(tmp_path / "other", "ecdsa-p256")
    forged.signer, vendor = signing.signer_of(tmp_path / "other"), forged.signer
    forged.sign()
    (flaw,) = verify(forged.folder, (vendor.public_key,)).flaws
    assert flaw.aspect == "signature"
    assert "none of the keys that count" in flaw.message


def test_a_signature_of_something_else(forged: Forged) -> None:
    path = forged.folder / bundle.ATTESTATION
    envelope = json.loads(path.read_text("ascii"))
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAAA"
    path.write_text(json.dumps(envelope), "ascii")
    assert "does not fit what is signed" in forged.wrong()["signature"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "[" * 100_000, '{"payload":1,"payloadType":[],"signatures":{}}']
)
def test_an_envelope_that_is_none(forged: Forged, content: str) -> None:
    (forged.folder / bundle.ATTESTATION).write_text(content, "ascii")
    assert forged.wrong() == {"signature": "attestation.dsse.json is no DSSE envelope"}


def test_a_payload_that_is_no_statement(forged: Forged) -> None:
    (forged.folder / bundle.ATTESTATION).write_text(signing.sign(b"{}", forged.signer), "ascii")
    assert "no in-toto statement" in forged.wrong()["statement"]


def test_a_statement_that_says_something_else(forged: Forged) -> None:
    report = document.read(forged.folder / bundle.REPORT)
    statement = attestation.statement(report, bundle.digests(forged.folder))
    statement["predicate"]["passedTests"].append("CMF-NEVER")
    payload = json.dumps(statement).encode()
    (forged.folder / bundle.ATTESTATION).write_text(signing.sign(payload, forged.signer), "ascii")
    assert forged.wrong() == {"statement": "passedTests is not that of the report"}


def test_a_file_that_was_not_signed(forged: Forged) -> None:
    report = document.read(forged.folder / bundle.REPORT)
    digests = bundle.digests(forged.folder)
    del digests[bundle.HTML]
    payload = attestation.payload(report, digests)
    (forged.folder / bundle.ATTESTATION).write_text(signing.sign(payload, forged.signer), "ascii")
    assert forged.wrong() == {"digests": "report.html is not among what was signed"}


# -- the report --------------------------------------------------------------------------------------------


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


def at(path: str, value: object) -> Change:
    """A change of one value of the report."""

    def change(report: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        inner: Any = report
        for name in parents:
            inner = inner[int(name)] if isinstance(inner, list) else inner[name]
        inner[int(last) if isinstance(inner, list) else last] = value

    return change


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


# -- the evidence ------------------------------------------------------------------------------------------


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


# -- hostile folders ---------------------------------------------------------------------------------------


def test_a_file_too_few_or_too_many(forged: Forged) -> None:
    (forged.folder / "more\x1b[2J").touch()
    assert forged.wrong() == {"files": r"not part of a bundle: 'more\x1b[2J'"}
    (forged.folder / bundle.ATTESTATION).unlink()
    assert forged.wrong() == {"files": "missing: attestation.dsse.json"}


@pytest.mark.parametrize("name", [bundle.REPORT, bundle.EVIDENCE, bundle.ATTESTATION])
def test_a_link_is_not_followed(forged: Forged, tmp_path: Path, name: str) -> None:
    path = forged.folder / name
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert "can't be opened as a file of its own" in forged.wrong()["files"]


def test_a_pipe_is_not_waited_for(forged: Forged) -> None:
    path = forged.folder / bundle.REPORT
    path.unlink()
    os.mkfifo(path)
    assert forged.wrong() == {"files": "report.json is no regular file"}


def test_evidence_that_unpacks_without_end(forged: Forged) -> None:
    with bundle.zstd.open(forged.folder / bundle.EVIDENCE, "wb", level=1) as bomb:
        for _ in range(200):
            bomb.write(bytes(1024 * 1024))
    assert "more than a run can have written" in forged.wrong()["files"]


def test_evidence_that_is_cut(forged: Forged) -> None:
    path = forged.folder / bundle.EVIDENCE
    path.write_bytes(path.read_bytes()[:-100])
    assert "is no Zstandard file, or is damaged" in forged.wrong()["files"]


def test_a_path_that_leaves_the_bundle(forged: Forged) -> None:
    report = document.read(forged.folder / bundle.REPORT)
    payload = attestation.payload(report, bundle.digests(forged.folder) | {"../../etc/passwd": "0" * 64})
    (forged.folder / bundle.ATTESTATION).write_text(signing.sign(payload, forged.signer), "ascii")
    assert forged.wrong() == {"digests": "'../../etc/passwd' was signed but is not part of a bundle"}


def test_a_file_that_is_too_large(forged: Forged) -> None:
    with (forged.folder / bundle.HTML).open("r+b") as sparse:
        sparse.truncate(bundle.MOST_BYTES + 1)
    assert "report.html is larger than" in forged.wrong()["files"]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="There is no bundle"):
        verify(tmp_path / "none")


# -- the run, played back ----------------------------------------------------------------------------------


def test_a_check_that_is_said_to_have_seen_something_else(forged: Forged) -> None:
    """The name of a check is neither counted nor judged anywhere else."""

    def rename(report: dict[str, Any]) -> None:
        each = next(each for each in report["requirements"] if each["id"] == "CMF-ENV-UPDATE")
        each["checks"][0]["name"] = "something better"

    forged.edit(rename)
    assert forged.wrong() == {}
    messages = [flaw.message for flaw in forged.verify(again=True).flaws]
    assert messages[0] == "CMF-ENV-UPDATE: the report has 1 checks more, such as pass of something better"
    assert messages[1].startswith("CMF-ENV-UPDATE: the evidence gives 1 checks more, such as pass of ")


def test_evidence_that_shows_something_else_than_was_concluded(forged: Forged) -> None:
    """Each answer obeys its schema; only who knows what was sent before sees that it is wrong."""
    lines = forged.lines()
    last: dict[str, dict[str, Any]] = {}
    for line in lines:
        request, response = line["request"], line["response"]
        if line["operation"] != "getEnvironment" or response["status"] != 200:
            continue
        earlier = last.get(request["url"])
        changed = earlier and earlier["response"]["body"] != response["body"]
        if changed and dict(earlier["response"]["headers"]) == dict(response["headers"]):
            # What was read before the update is read after it.
            response["body"] = earlier["response"]["body"]
            break
        last[request["url"]] = line
    forged.put(lines)
    assert forged.wrong() == {}
    (first, *_) = [flaw.message for flaw in forged.verify(again=True).flaws]
    assert " is said to be pass, its evidence makes it fail: " in first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("run/seed", 8), "the evidence has nothing for "),
        (at("run/limits", {"speed": 7}), "the run can't be played back: "),
        (at("target/declared_features/wings", True), "the run can't be played back: "),  # noqa: FBT003 - a value
        (at("run/id", "../../../x"), "'../../../x' is no id of a run"),
    ],
)
def test_a_run_that_cannot_have_been_so(forged: Forged, change: Change, message: str) -> None:
    forged.edit(change)
    messages = [flaw.message for flaw in forged.verify(again=True).flaws if flaw.aspect == "again"]
    assert any(each.startswith(message) for each in messages), messages


def test_the_clock_of_who_verifies(certified: Certified) -> None:
    found = verify(certified.folder, now=datetime(2025, 6, 1, tzinfo=UTC), again=False)
    assert [flaw.aspect for flaw in found.flaws] == ["times"]
