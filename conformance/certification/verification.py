"""Whether a bundle is what it says: signed, whole, and supported by its own evidence."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from securesystemslib.signer import SSlibKey

from conformance import __version__, resources
from conformance.certification import (
    again,
    attestation,
    bundle,
    implementation,
    record,
    replay,
    scenarios,
    signing,
)
from conformance.certification.bundle import Bundle, NotABundle
from conformance.certification.finding import ASPECTS, Flaw
from conformance.certification.implementation import Implementation
from conformance.contract.openapi import Contract
from conformance.errors import ConfigurationError, ReportError
from conformance.model import RunReport
from conformance.registry import catalogue
from conformance.report import document
from conformance.report.evidence import Evidence
from conformance.report.html import render_html
from conformance.report.junit import render_junit

_MOST_FLAWS = 100
_AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found out about a bundle."""

    flaws: tuple[Flaw, ...]
    looked_at: tuple[str, ...]
    """The aspects that were looked at: what can't be read can't be judged either."""
    title: str = ""
    """What was certified, for which profile; empty when that could not be read."""
    key: str = ""
    """The id of the key that signed it; empty when the signature is not good."""
    implementation: Implementation | None = None
    report: RunReport | None = None
    """What was read of the bundle; only when it is ``valid`` there is reason to believe it."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The sha256 digest of each file that was looked at."""

    @property
    def whole(self) -> bool:
        """Whether everything was looked at, but for playing the run back when that was not asked for."""
        return set(ASPECTS) - set(self.looked_at) <= {_AGAIN}

    @property
    def valid(self) -> bool:
        """Whether it is a valid bundle of a conformant implementation."""
        return not self.flaws and set(self.looked_at) == set(ASPECTS)


class _Unreadable(Exception):
    """Nothing more can be said; what was found until then counts."""


def verify(
    folder: Path,
    trusted: Sequence[SSlibKey] | None = None,
    now: datetime | None = None,
    *,
    again: bool = True,
) -> Verification:
    """Look at a bundle; without ``trusted`` keys the one in the bundle counts, which shows its owner only to those who know it.

    When nothing else is wrong the run is played back, which takes about as long as the harness needs for it by
    itself; without ``again`` that is left out, and the bundle is not ``valid``.  Raises ``ReportError`` when there is no
    such folder.
    """
    work = _Work(trusted, now or datetime.now(UTC), again=again)
    try:
        with bundle.opened(folder) as opened:
            work.look(opened)
    except NotABundle as problem:
        work.flaws.append(Flaw("files", str(problem)))
        work.looked_at.append("files")
    except _Unreadable:
        pass
    kept = tuple(itertools.islice(dict.fromkeys(work.flaws), _MOST_FLAWS))
    return Verification(
        kept, tuple(work.looked_at), work.title, work.key, work.vendor, work.report, work.digests
    )


class _Work:
    def __init__(self, trusted: Sequence[SSlibKey] | None, now: datetime, *, again: bool) -> None:
        self.again = again
        self.trusted = trusted
        self.now = now
        self.flaws: list[Flaw] = []
        self.looked_at: list[str] = []
        self.title = self.key = ""
        self.vendor: Implementation | None = None
        self.report: RunReport | None = None
        self.digests: Mapping[str, str] = {}

    def look(self, opened: Bundle) -> None:
        self.looked_at.append("files")
        self.digests = opened.digests
        statement = self._signed(opened)
        vendor, report = self._read(opened)
        self.title = f"{vendor.title}, profile {report.run['profile']}"
        self._take("statement", self._statement(report, opened, statement))
        known = catalogue()
        self.flaws += record.flaws(report, vendor, known, self.now)
        if report.run.get("spec"):
            raise _Unreadable  # what was exchanged can't be judged again without that document
        self.flaws += scenarios.flaws(report, vendor, known)
        contract = Contract.load(resources.contract_folder(known.version) / "openapi.yaml")
        try:
            self.flaws += replay.flaws(report, vendor, opened.evidence, known, contract)
        except ValueError as problem:
            self.flaws.append(Flaw("schemas", str(problem)))
            raise _Unreadable from problem
        self._take("renderings", self._renderings(report, opened))
        self.looked_at = [each for each in ASPECTS if each != _AGAIN]
        if self.again and not self.flaws:
            # Last, as it takes longest; what was forged otherwise is told by simpler means.
            self._take(_AGAIN, self._again(vendor, opened))
            self.looked_at = list(ASPECTS)

    def _again(self, vendor: Implementation, opened: Bundle) -> Iterator[str]:
        report = opened.evidence.with_name(bundle.REPORT)
        report.write_bytes(opened.files[bundle.REPORT])
        return again.differences(report, opened.evidence, token=vendor.authentication)

    def _take(self, aspect: str, found: Iterator[str]) -> None:
        self.looked_at.append(aspect)
        self.flaws += [Flaw(aspect, message) for message in found]

    def _signed(self, opened: Bundle) -> bytes | None:
        """The statement that was signed; None when no key that counts has signed one."""
        self.looked_at.append("signature")
        try:
            keys = self.trusted or signing.public_keys(opened.files[bundle.SIGNER], bundle.SIGNER)
            payload, self.key = signing.opened(opened.files[bundle.ATTESTATION], keys)
            digests = attestation.digests_in(attestation.parsed(payload))
        except (signing.NotSigned, ConfigurationError) as problem:
            self.flaws.append(Flaw("signature", str(problem)))
            return None
        except ValueError as problem:
            self._take("statement", iter([f"what was signed can't be used: {problem}"]))
            return None
        self._take("digests", _different(digests, opened.digests))
        return payload

    def _read(self, opened: Bundle) -> tuple[Implementation, RunReport]:
        self.looked_at.append("schemas")
        try:
            vendor = implementation.parsed(opened.files[bundle.IMPLEMENTATION])
            report = document.loads(opened.files[bundle.REPORT], bundle.REPORT)
        except (ConfigurationError, ReportError) as problem:
            self.flaws.append(Flaw("schemas", problem.message))
            raise _Unreadable from problem
        self.vendor, self.report = vendor, report
        return vendor, report

    def _statement(self, report: RunReport, opened: Bundle, payload: bytes | None) -> Iterator[str]:
        if payload is None:
            return
        said, follows = json.loads(payload), attestation.statement(report, opened.digests)
        for part in ("result", "configuration", "passedTests", "warnedTests", "failedTests"):
            if said["predicate"].get(part) != follows["predicate"][part]:
                yield f"{part} is not that of the report"

    def _renderings(self, report: RunReport, opened: Bundle) -> Iterator[str]:
        if report.harness["version"] != __version__:
            return  # Another version may render otherwise; that they were signed has been seen.
        evidence = Evidence(opened.evidence)
        for name, renderer in ((bundle.HTML, render_html), (bundle.JUNIT, render_junit)):
            if renderer(report, evidence).encode("utf-8") != opened.files[name]:
                yield f"{name} is not what this report and evidence give"


def _different(signed: dict[str, str], found: dict[str, str]) -> Iterator[str]:
    for name in sorted(signed.keys() | found.keys()):
        if name not in signed:
            yield f"{name} is not among what was signed"
        elif name not in found:
            yield f"{name!a} was signed but is not part of a bundle"
        elif signed[name] != found[name]:
            yield f"{name} is not the file that was signed"
