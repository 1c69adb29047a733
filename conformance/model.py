"""The values everything else is about: frozen, without I/O, without rules.

The words are those of the contract and of this project; what they *mean* (which verdict wins, which
exit code follows) stands in ``verdict``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How binding a requirement is, in the sense of RFC 2119."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Verdict(StrEnum):
    """What is known of one requirement after a run; the order is ``verdict.LATTICE``."""

    NOT_APPLICABLE = "not_applicable"
    PASS = "pass"  # noqa: S105 - a verdict
    WAIVED = "waived"
    WARN = "warn"
    NOT_TESTED = "not_tested"
    FAIL = "fail"
    ERROR = "error"


class RunVerdict(StrEnum):
    """What is known of the target after a run."""

    CONFORMANT = "conformant"
    NON_CONFORMANT = "non_conformant"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Source:
    """Where in the contract a sentence stands: a documentation section or a JSON pointer."""

    kind: str
    """``documentation`` or ``openapi``."""
    at: str
    """The section heading, or a JSON pointer such as ``#/components/schemas/Environment``."""

    def __str__(self) -> str:
        return f"{'OpenAPI ' if self.kind == 'openapi' else 'documentation, '}{self.at}"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative sentence or schema rule of the contract."""

    id: str
    level: Level
    area: str
    title: str
    sentence: str
    """The rule in our own words, complete enough to be judged by."""
    sources: tuple[Source, ...]
    operations: tuple[str, ...]
    """``operationId`` of every operation the sentence speaks of; empty when it speaks of all."""
    schema: str | None = None
    """The component schema whose rules this requirement stands for, judged on every answer."""
    feature: str | None = None
    """The target features without which the requirement does not apply, separated by blanks."""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features without which the requirement does not apply."""
        return tuple((self.feature or "").split())


@dataclass(frozen=True, slots=True)
class Erratum:
    """A place where the contract contradicts itself or cannot be met as written, and our decision."""

    id: str
    title: str
    quotes: tuple[Source, ...]
    decision: str
    reason: str
    requirements: tuple[str, ...]
    strict: str
    """What ``--strict`` does instead."""
    statuses: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Statuses tolerated beyond the documented ones, by ``operationId`` (``*`` for every operation)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named, frozen set of requirements."""

    name: str
    title: str
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it left the process (credentials already redacted)."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response as it arrived (credentials already redacted)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool = False
    """The body was larger than the limit and was cut."""

    def header(self, name: str) -> str | None:
        """The first value of the header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came of it: the unit of evidence."""

    id: str
    operation: str | None
    """``operationId`` when the path and method are those of a documented operation."""
    request: HttpRequest
    response: HttpResponse | None
    error: str | None
    """Why there is no response, e.g. ``ReadTimeout``."""
    started: str
    """RFC 3339, UTC."""
    elapsed_ms: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """What one observation says about one requirement."""

    requirement: str
    outcome: Verdict
    name: str
    """What was looked at, e.g. ``answers of getEnvironment``."""
    message: str = ""
    """Empty for a pass without remark; for a failure one line that says what is wrong."""
    expected: str = ""
    got: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The outcome of one check, with the exchanges it rests on."""

    requirement: str
    name: str
    outcome: Verdict
    message: str = ""
    expected: str = ""
    got: str = ""
    evidence: tuple[str, ...] = ()
    curl: str = ""
    """A command that repeats the decisive exchange; empty for a pass."""
    operation: str | None = None
    scenario: str = ""
    """The pytest node id of the scenario or property test."""
    count: int = 1
    """How many observations of the same kind this result stands for."""


@dataclass(frozen=True, slots=True)
class RequirementResult:
    """A requirement with its verdict and everything the verdict rests on."""

    requirement: Requirement
    verdict: Verdict
    reason: str
    checks: tuple[CheckResult, ...]
    errata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """How often an operation answered with a status."""

    operation: str
    status: int
    count: int
    documented: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A parameter or property of an operation's request, and how often generated requests varied it."""

    place: str
    """``path envName``, ``query page``, or a JSON pointer into the body (empty for the body itself)."""
    valid: int
    """Requests meant to be valid in which it was present."""
    invalid: int
    """Requests in which its value was forbidden, or not certain to be allowed."""
    why: str
    """Why there was none of one kind; empty when there were both."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword of the schemas of an operation's request, and how often generated requests put it to the test."""

    name: str
    valid: int
    """Requests meant to be valid in which something was bound by it."""
    invalid: int
    """Requests that the contract forbids because of it."""


@dataclass(frozen=True, slots=True)
class GeneratedCoverage:
    """What the property tests sent for one operation, and what came of it."""

    operation: str
    requests: int
    valid: int
    """Requests meant to be valid."""
    accepted: int
    """Those of them that were answered with 2xx."""
    invalid: int
    """Requests that the contract forbids for certain."""
    statuses: tuple[int, ...]
    """Every status that came."""
    sent_as: tuple[str, ...]
    """Media types of the request bodies."""
    answered_as: tuple[str, ...]
    """Media types of the answers."""
    parts: tuple[Part, ...]
    left_out: tuple[str, ...]
    """What was generated but not sent, and why."""
    sha256: str
    """Of all requests, byte for byte and in their order, names without the prefix of the run.

    Of several series of requests, sent by different scenarios, the digest of their sorted digests.
    """
    keywords: tuple[Keyword, ...] = ()
    """Those that the schemas declare."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A documented answer that no request of the run was given."""

    operation: str
    status: int
    why: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the contract a run exercised."""

    operations: tuple[str, ...]
    """Every operation that was sent at least one request."""
    pairs: tuple[Pair, ...]
    requests: int
    requests_2xx: int
    generated: tuple[GeneratedCoverage, ...] = ()
    """Of each operation, what the property tests did."""
    unseen: tuple[Unseen, ...] = ()
    """Of each operation that was sent a request, the documented answers that never came."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource this run created, or tried to, on the target."""

    kind: str
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything that is known after a run; ``report.document`` turns it into ``report.json``."""

    harness: dict[str, Any]
    run: dict[str, Any]
    target: dict[str, Any]
    verdict: RunVerdict
    counts: dict[str, int]
    requirements: tuple[RequirementResult, ...]
    coverage: Coverage
    created: tuple[Resource, ...]
    left_behind: tuple[Resource, ...]
    notes: tuple[str, ...] = ()
    """Why a run is incomplete, and other things the reader must know."""
    errata: tuple[Erratum, ...] = field(default=())
    private: tuple[RequirementResult, ...] = ()
    """What private scenarios have shown; nothing else in the report counts it."""
