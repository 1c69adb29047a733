"""Reports over requirements of the catalogue, as the tests of ``conformance.certification`` need them."""

from __future__ import annotations

from conformance import verdict as rules
from conformance.model import CheckResult, Coverage, RequirementResult, RunReport, Verdict
from conformance.registry import catalogue

KNOWN = catalogue()
NAME = "CMF-ENV-UPDATE"
POST, GET = "createOrUpdateEnvironment", "getEnvironment"
SHOULD = next(name for name, each in KNOWN.requirements.items() if each.level == "SHOULD")


def judged(name: str, *seen: tuple[Verdict, str | None]) -> RequirementResult:
    """A requirement with one check for each outcome and operation."""
    rule = KNOWN.requirements[name]
    checks = [
        CheckResult(
            name, "a look", outcome, "" if outcome is Verdict.PASS else "it is wrong", operation=operation
        )
        for outcome, operation in seen
    ]
    return RequirementResult(rule, *rules.of_requirement(rule, checks), tuple(checks))


def report_of(*results: RequirementResult) -> RunReport:
    """A report over these results, its counts and verdict as the rules have them."""
    verdicts = [each.verdict for each in results]
    return RunReport(
        harness={
            "name": "cmf-conformance",
            "version": "0.1.0",
            "contract_sha256": KNOWN.contract_sha256,
            "catalogue_sha256": KNOWN.catalogue_sha256,
        },
        run={
            "id": "a1b2c3d4",
            "seed": 7,
            "started": "2026-11-24T10:00:00Z",
            "finished": "2026-11-24T10:04:31Z",
            "profile": "full",
            "mode": "certification",
            "shard": None,
            "limits": {},
            "argv_redacted": [],
        },
        target={
            "url": "https://cmf.example",
            "declared_features": {},
            "product": None,
            "observed_headers": {},
        },
        verdict=rules.of_run(verdicts, finished=True),
        counts=rules.counts(verdicts),
        requirements=results,
        coverage=Coverage((), (), 1, 1),
        created=(),
        left_behind=(),
    )
