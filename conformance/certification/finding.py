"""What is wrong with a bundle, and the names of what is looked at."""

from __future__ import annotations

from dataclasses import dataclass

ASPECTS = {
    "files": "exactly the files of a bundle, none a link, none too large",
    "signature": "signed by a key that counts",
    "statement": "the attestation says what the report says",
    "digests": "every file is the one that was signed",
    "schemas": "implementation.yaml and report.json obey their schemas, the evidence its format",
    "run": "one complete, unfiltered certification run that ended by itself",
    "implementation": "the report is about the implementation that is described",
    "harness": "a released harness, and the contract and catalogue of this one",
    "requirements": "exactly the requirements of the profile, as the catalogue has them",
    "waivers": "no waiver",
    "untested": "nothing not_tested or error",
    "features": "the declared features agree with the report and with what was sent",
    "lattice": "each verdict, count and the verdict of the run follow from the checks",
    "scenarios": "every scenario of the profile ran, and each has said what it owes",
    "references": "every exchange that a check names is in the evidence",
    "coverage": "the evidence holds exactly the exchanges that were counted",
    "replay": "judging every exchange again gives what the report says",
    "again": "playing the run back from its evidence gives every verdict that the report has",
    "times": "the times of the run and of its exchanges are plausible",
    "left-behind": "nothing was left behind on the target",
    "renderings": "report.html and junit.xml show this report",
    "verdict": "the target is conformant",
}
"""Each aspect that is looked at, in this order, with what holds for a valid bundle."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a bundle."""

    aspect: str
    """A key of ``ASPECTS``."""
    message: str
    """One line; it may quote the bundle, which is not to be trusted."""
