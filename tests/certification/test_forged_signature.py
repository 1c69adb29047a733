"""Bundles whose signature or digests do not fit what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.certification import attestation, bundle, signing
from conformance.certification.verification import verify
from conformance.report import document

from .forging import Forged


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
