"""What the tests of ``conformance.report`` build their reports from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from conformance import verdict as rules
from conformance.evidence_format import to_line
from conformance.model import (
    CheckResult,
    Coverage,
    Erratum,
    Exchange,
    GeneratedCoverage,
    HttpRequest,
    HttpResponse,
    Keyword,
    Level,
    Pair,
    Part,
    Requirement,
    RequirementResult,
    Resource,
    RunReport,
    Source,
    Unseen,
    Verdict,
)
from conformance.report import document

URL = "https://cmf.example/gateway"
HOSTILE = (
    "</pre></script><script>window.pwned=1</script><img src=x onerror=window.pwned=2>"
    "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe \x00 \ud800 \uffff "
    "``` ]]> [link](javascript:alert(1)) {{ 7*7 }} | \r\n# head"
)
"""What a hostile target sends wherever it can."""


@dataclass(frozen=True)
class Sample:
    """A report with the exchanges its evidence names."""

    report: RunReport
    exchanges: dict[str, Exchange]

    def save(self, folder: Path) -> Path:
        """Write report.json and evidence.ndjson into the folder; the path of the report."""
        lines = [to_line(exchange) + "\n" for exchange in self.exchanges.values()]
        (folder / "evidence.ndjson").write_text("".join(lines), encoding="utf-8")
        document.write(self.report, folder / "report.json")
        return folder / "report.json"


def exchange(
    name: str = "x000001",
    method: str = "POST",
    path: str = "/cmf/api/v1/environments",
    body: bytes = b'{"name":"cmfc-a1b2c3d4-x"}',
    status: int | None = 201,
    answer: bytes = b'{"name":"cmfc-a1b2c3d4-x","kubernetesNamespace":"default","secrets":{}}',
) -> Exchange:
    """An exchange with everyday headers; ``status`` None stands for no answer."""
    headers = (("content-type", "application/json"),)
    return Exchange(
        id=name,
        operation="createOrUpdateEnvironment",
        request=HttpRequest(method, URL + path, (*headers, ("authorization", "[redacted]")), body),
        response=None if status is None else HttpResponse(status, headers, answer),
        error="ReadTimeout after 30 s" if status is None else None,
        started="2025-11-03T10:00:00.125Z",
        elapsed_ms=12.4,
    )


def requirement(
    name: str, area: str = "environments", level: Level = Level.MUST, title: str = ""
) -> Requirement:
    """A requirement of the shape the catalogue has."""
    return Requirement(
        id=name,
        level=level,
        area=area,
        title=title or f"What {name} asks for",
        sentence=f"The whole rule that {name} stands for, complete enough to be judged by.",
        sources=(
            Source("openapi", "#/paths/~1cmf~1api~1v1~1environments~1{envName}/get/responses/404"),
            Source("documentation", "Identifiers"),
        ),
        operations=("createOrUpdateEnvironment",),
    )


def result(
    rule: Requirement, outcome: Verdict, *checks: CheckResult, errata: tuple[str, ...] = ()
) -> RequirementResult:
    """A requirement judged by one check of this outcome, or by the given checks."""
    made = checks or (CheckResult(rule.id, "answers of getEnvironment", outcome, count=12),)
    verdict, reason = rules.of_requirement(rule, made if outcome is not Verdict.NOT_TESTED or checks else ())
    return RequirementResult(
        rule, verdict, reason, made if verdict is not Verdict.NOT_TESTED else checks, errata
    )


def report_of(results: tuple[RequirementResult, ...], **changes: object) -> RunReport:
    """A report over these results, its counts and verdict as the rules have them."""
    verdicts = [each.verdict for each in results]
    base = RunReport(
        harness={
            "name": "cmf-conformance",
            "version": "0.1.0",
            "contract": "CMF 2.0",
            "contract_sha256": "a" * 64,
            "catalogue_sha256": "b" * 64,
        },
        run={
            "id": "a1b2c3d4",
            "seed": 20251103,
            "started": "2025-11-03T10:00:00Z",
            "finished": "2025-11-03T10:04:31.5Z",
            "profile": "core",
            "mode": "certification",
            "shard": None,
            "limits": {"read_timeout": 30.0, "requests_per_second": None, "total_requests": 20000},
            "argv_redacted": ["cmf-conformance", "run", "--url", URL],
        },
        target={
            "url": URL,
            "declared_features": {"flink": False, "namespace": "default"},
            "product": None,
            "observed_headers": {"server": "nginx"},
        },
        verdict=rules.of_run(verdicts, finished=True),
        counts=rules.counts(verdicts),
        requirements=results,
        coverage=Coverage(
            operations=("createOrUpdateEnvironment", "getEnvironment"),
            pairs=(
                Pair("getEnvironment", 404, 0, documented=True),
                Pair("getEnvironment", 200, 41, documented=True),
                Pair("createOrUpdateEnvironment", 201, 120, documented=True),
                Pair("createOrUpdateEnvironment", 418, 2, documented=False),
            ),
            requests=1234,
            requests_2xx=800,
            generated=(
                GeneratedCoverage(
                    operation="createOrUpdateEnvironment",
                    requests=100,
                    valid=44,
                    accepted=43,
                    invalid=42,
                    statuses=(201, 400),
                    sent_as=("application/json", "application/yaml"),
                    answered_as=("application/json",),
                    parts=(
                        Part("path envName", 44, 3, ""),
                        Part("", 44, 2, ""),
                        Part("/created_time", 0, 1, "no valid value: it belongs to the server"),
                    ),
                    left_out=("names, 3 cases: beyond the budget",),
                    sha256="0" * 64,
                    keywords=(Keyword("type", 44, 12), Keyword("pattern", 44, 0), Keyword("enum", 0, 0)),
                ),
            ),
            unseen=(Unseen("getEnvironment", 404, "no request that this run sent was answered so"),),
        ),
        created=(Resource("environment", "cmfc-a1b2c3d4-x", "/cmf/api/v1/environments/cmfc-a1b2c3d4-x"),),
        left_behind=(),
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the tests name fields of the report


def erratum() -> Erratum:
    """An erratum that touches CMF-ENV-GET."""
    return Erratum(
        id="E-UPSERT-201",
        title="One status for create and update",
        quotes=(Source("openapi", "#/paths/~1cmf~1api~1v1~1environments/post/responses/201"),),
        decision="200 is accepted where the contract has 201.",
        reason="Later versions of the contract have 200.",
        requirements=("CMF-ENV-GET",),
        strict="Only 201 is accepted.",
        statuses=(("createOrUpdateEnvironment", (200,)),),
    )
