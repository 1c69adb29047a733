"""Folders that are no bundle, or one that harms who opens it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.certification import attestation, bundle, signing
from conformance.report import document

from .forging import Forged


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
