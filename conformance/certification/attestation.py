"""The attestation of a bundle: an in-toto statement that these files are the outcome of that test.

https://github.com/in-toto/attestation, Statement v1 with the predicate ``test-result`` v0.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.model import RunReport, Verdict

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def statement(report: RunReport, digests: Mapping[str, str]) -> dict[str, Any]:
    """What is signed: the sha256 digest of each file by its name, and what the report says in short."""
    harness = report.harness
    warned = _having(report, Verdict.WARN)
    failed = [
        result.requirement.id
        for result in report.requirements
        if result.verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.NOT_TESTED}
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "FAILED" if failed else "WARNED" if warned else "PASSED",
            "configuration": [
                {"name": "contract", "digest": {"sha256": harness["contract_sha256"]}},
                {"name": "catalogue", "digest": {"sha256": harness["catalogue_sha256"]}},
                {
                    "name": "harness",
                    "uri": f"pkg:pypi/{harness['name']}@{harness['version']}",
                    "annotations": {"profile": report.run["profile"]},
                },
            ],
            "passedTests": _having(report, Verdict.PASS),
            "warnedTests": warned,
            "failedTests": failed,
        },
    }


def payload(report: RunReport, digests: Mapping[str, str]) -> bytes:
    """The bytes of the statement: the same for the same report and files."""
    return json.dumps(statement(report, digests), ensure_ascii=True, sort_keys=True).encode("ascii")


def parsed(content: bytes) -> dict[str, Any]:
    """The statement of a payload; raises ``ValueError`` when it is none of this kind."""
    try:
        document: Any = json.loads(content)
        kinds = document["_type"], document["predicateType"]
        names = [entry["name"] for entry in document["subject"]]
        if kinds != (STATEMENT, PREDICATE) or len(names) != len(set(names)):
            raise ValueError("it is no in-toto statement of a test result")
        if not all(isinstance(entry["digest"]["sha256"], str) for entry in document["subject"]):
            raise ValueError("a digest is no text")
    except (KeyError, TypeError, RecursionError) as problem:
        raise ValueError("it is no in-toto statement of a test result") from problem
    found: dict[str, Any] = document
    return found


def digests_in(document: Mapping[str, Any]) -> dict[str, str]:
    """The digest of each file that a statement names."""
    return {str(entry["name"]): entry["digest"]["sha256"] for entry in document["subject"]}


def _having(report: RunReport, verdict: Verdict) -> list[str]:
    return [result.requirement.id for result in report.requirements if result.verdict is verdict]
