"""What is shown: one entry for each bundle in a folder, verified before anything of it is believed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from securesystemslib.signer import SSlibKey

from conformance import verdict
from conformance.certification import bundle, implementation
from conformance.certification.bundle import NotABundle
from conformance.certification.finding import Flaw
from conformance.certification.implementation import Implementation
from conformance.certification.verification import Verification, verify
from conformance.errors import ConfigurationError, ReportError
from conformance.model import RunReport, RunVerdict, Verdict
from conformance.registry import Catalogue
from conformance.report.clean import one_line

_CONTRACT = re.compile(r"cmf-\d+(\.\d+)*")
_PLAIN = re.compile(r"[a-z0-9][a-z0-9.-]{0,200}")
_READABLE = frozenset({"files", "signature", "statement", "digests", "schemas"})
"""The aspects that must hold before it counts that a bundle was made by another version."""


class State(StrEnum):
    """What is known of a bundle."""

    CONFORMANT = "conformant"
    """It is valid, and its implementation conformant."""
    OTHER_VERSION = "other_version"
    """It is signed and whole, but another version of the harness made it, which must verify it."""
    NOT_VALID = "not_valid"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a valid bundle says of one profile."""

    verdict: RunVerdict
    """Incomplete when nothing of the profile applied."""
    warned: int
    not_applicable: int
    certified: bool
    """Whether this is the profile that was certified, and not one that it includes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One bundle."""

    contract: str
    """The folder it stands in, such as ``cmf-2.0``."""
    path: Path
    state: State
    flaws: tuple[Flaw, ...]
    looked_at: tuple[str, ...]
    implementation: Implementation | None
    """Who it is about; None when that could not be read."""
    report: RunReport | None
    """Only there when it is to be believed."""
    version: str
    """Of the harness that made it, as far as it is known."""
    key: str
    digests: Mapping[str, str]

    @property
    def slug(self) -> str:
        """The name of its folder in the site: one path component of harmless characters."""
        name = self.path.name
        if _PLAIN.fullmatch(name):
            return name
        return f"bundle-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:12]}"

    @property
    def title(self) -> str:
        """Vendor, product and version; the name of the folder when they are not known."""
        return self.implementation.title if self.implementation else one_line(self.path.name, 100)

    def standing(self, known: Catalogue, profile: str) -> Standing | None:
        """What the bundle says of a profile; None when it says nothing."""
        if self.report is None:
            return None
        found = {each.requirement.id: each.verdict for each in self.report.requirements}
        asked = known.profiles[profile].requirements
        if not found.keys() >= set(asked):
            return None
        verdicts = [found[name] for name in asked]
        return Standing(
            verdict=verdict.of_run(verdicts, finished=True),
            warned=verdicts.count(Verdict.WARN),
            not_applicable=verdicts.count(Verdict.NOT_APPLICABLE),
            certified=self.report.run["profile"] == profile,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder of bundles holds."""

    entries: tuple[Entry, ...]
    withheld: tuple[str, ...]
    """The bundles that are not shown, as their vendors have not consented."""


def find(
    reports: Path,
    known: Catalogue,
    trusted: Sequence[SSlibKey] | None = None,
    now: datetime | None = None,
    *,
    again: bool = True,
) -> Found:
    """Verify every bundle below a folder; ``trusted``, ``now`` and ``again`` are as ``verify`` has them.

    Without ``again`` a bundle counts for which nothing else is wrong.

    Raises ``ReportError`` when the folder can't be read.
    """
    entries: list[Entry] = []
    withheld: list[str] = []
    for path in _candidates(reports):
        described = _described(path)
        if described is not None and not described.consent_to_publish:
            withheld.append(f"{path.parent.name}/{path.name}")
        else:
            entries.append(
                _entry(path, described, known, partial(verify, trusted=trusted, now=now, again=again))
            )
    return Found(tuple(sorted(entries, key=_order)), tuple(withheld))


def _candidates(reports: Path) -> Iterator[Path]:
    try:
        for contract in sorted(reports.iterdir()):
            if _CONTRACT.fullmatch(contract.name) and contract.is_dir():
                yield from (
                    path
                    for path in sorted(contract.iterdir())
                    if not path.name.startswith(".") and (path.is_dir() or path.is_symlink())
                )
    except OSError as problem:
        raise ReportError(
            f"The bundles in {reports} can't be read: {problem.strerror or problem}",
            "name the folder that certify writes to, reports by default",
        ) from problem


def _described(path: Path) -> Implementation | None:
    """What the vendor says, whatever else is wrong: consent is asked for before anything is shown."""
    if path.is_symlink():
        return None
    try:
        return implementation.parsed(bundle.content(path, bundle.IMPLEMENTATION))
    except (NotABundle, ConfigurationError, ReportError):
        return None


def _entry(
    path: Path,
    described: Implementation | None,
    known: Catalogue,
    verified: Callable[[Path], Verification],
) -> Entry:
    contract = path.parent.name
    if path.is_symlink():
        flaw = Flaw("files", "it is a link, not a folder")
        return Entry(contract, path, State.NOT_VALID, (flaw,), ("files",), None, None, "", "", {})
    found = verified(path)
    flaws = [*found.flaws, *_misplaced(path, found.implementation, found.report)]
    wrong = {flaw.aspect for flaw in flaws}
    state = State.NOT_VALID
    if not flaws and found.whole and contract == known.version:
        state = State.CONFORMANT
    elif "harness" in wrong and not wrong & _READABLE:
        state = State.OTHER_VERSION
    return Entry(
        contract=contract,
        path=path,
        state=state,
        flaws=tuple(flaws),
        looked_at=found.looked_at,
        implementation=found.implementation or described,
        report=found.report if state is State.CONFORMANT else None,
        version=str(found.report.harness["version"]) if found.report else "",
        key=found.key,
        digests=found.digests,
    )


def _misplaced(path: Path, vendor: Implementation | None, report: RunReport | None) -> Iterator[Flaw]:
    """A bundle stands in the folder of what it is about, or it could pass for another's."""
    if vendor is not None and path.name != vendor.folder:
        yield Flaw("files", f"it stands in the folder {path.name}, but describes {vendor.folder}")
    if report is not None and report.harness.get("contract") != path.parent.name:
        yield Flaw("files", f"it stands in {path.parent.name}, but is about {report.harness.get('contract')}")


def _order(entry: Entry) -> tuple[str, list[tuple[bool, int, str]]]:
    """By contract, then by name with numbers as numbers: 2.10 comes after 2.9."""
    parts = re.findall(r"\d+|\D+", entry.title.lower())
    return entry.contract, [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
