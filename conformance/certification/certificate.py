"""Issuing: from a run that has ended to a bundle under ``reports/``, signed only when it would be believed."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from conformance.certification import attestation, bundle, signing
from conformance.certification.finding import Flaw
from conformance.certification.implementation import Implementation
from conformance.certification.verification import verify
from conformance.config import Target
from conformance.errors import ConfigurationError, ReportError
from conformance.model import RunReport, RunVerdict
from conformance.registry import CONTRACT
from conformance.report import document
from conformance.report.files import write_whole
from conformance.runner.selection import AUTH
from conformance.target.auth import Credentials


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was written, and why it is not signed, if it is not."""

    folder: Path
    flaws: tuple[Flaw, ...]

    @property
    def signed(self) -> bool:
        """Whether the bundle holds an attestation."""
        return not self.flaws


def folder_of(reports: Path, implementation: Implementation, *, replace: bool) -> Path:
    """Where the bundle goes.

    Raises ``ReportError`` when a signed one is there and may not be replaced, or what is there is none at all.
    """
    folder = reports / CONTRACT / implementation.folder
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ReportError(f"{folder} is no folder", "--reports names another place")
    if folder.is_dir():
        names = {each.name for each in folder.iterdir()}
        if names - {*bundle.SIGNED, bundle.ATTESTATION}:
            raise ReportError(f"{folder} holds other files than those of a bundle", "move it away first")
        if bundle.ATTESTATION in names and not replace:
            raise ReportError(f"{folder} holds a signed bundle", "--replace makes it anew")
    return folder


def must_agree(target: Target, implementation: Implementation) -> None:
    """Raise ``ConfigurationError`` before the run when the target is configured otherwise than declared."""
    configured = {
        "flink": target.features.flink,
        "sql": target.features.sql,
        AUTH: Credentials(target.auth).token is not None,
    }
    for name, declared in implementation.features.items():
        if configured[name] is not declared:
            what = "a token is given" if name == AUTH else f"features.{name} is true in the configuration"
            state = what if configured[name] else what.replace(" is ", " is not ")
            raise ConfigurationError(
                f"The implementation declares {'' if declared else 'no '}{name}, but {state}",
                "change one of them; docs/vendors.md says what follows",
            )


def issue(run: Path, folder: Path, implementation: Implementation, signer: CryptoSigner) -> Certificate:
    """Make the bundle of a run that has ended, in place of an earlier one.

    It is signed when the run was conformant and the bundle passes everything that ``verify`` looks at.  Raises
    ``ReportError`` when it can't be read or written.
    """
    report = document.read(run / bundle.REPORT)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".bundle-", dir=folder.parent) as room:
            made = Path(room) / folder.name
            bundle.assemble(run, made, implementation.text, signing.public_text(signer))
            flaws = _signed(made, report, signer)
            if folder.is_dir():
                shutil.rmtree(folder)
            made.rename(folder)
    except OSError as problem:
        raise ReportError(
            f"The bundle {folder} can't be written: {problem.strerror or problem}",
            "choose a folder that you may write to, with space left",
        ) from problem
    return Certificate(folder, flaws)


def _signed(made: Path, report: RunReport, signer: CryptoSigner) -> tuple[Flaw, ...]:
    if report.verdict is not RunVerdict.CONFORMANT:
        return (Flaw("verdict", f"the verdict of the run is {report.verdict}"),)
    statement = attestation.payload(report, bundle.digests(made))
    write_whole(made / bundle.ATTESTATION, signing.sign(statement, signer))
    flaws = verify(made, (signer.public_key,)).flaws
    if flaws:
        (made / bundle.ATTESTATION).unlink()
    return flaws
