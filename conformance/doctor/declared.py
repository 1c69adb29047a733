"""What the configuration says of the target: the words that it needs, and how long things may take.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from conformance.config import Features, Limits
from conformance.doctor.finding import Finding, ok, warning

REQUESTS = {"core": 3_400, "sql": 5_200, "runtime": 550, "full": 13_500}
"""How many requests a run of each profile sends, rounded, as docs/operators.md has it."""
_APPLICATIONS = ("namespace", "image", "flink_version", "service_account", "jar_uri")
_SQL = ("sql_image", "catalog", "database", "metadata_statement")
_SQL_ON_FLINK = ("query", "insert")


def words(features: Features, given: Collection[str], *, embedded: bool) -> Finding:
    """Whether the words that the target needs are declared; ``given`` are the features that the configuration has."""
    if embedded:
        return ok("declared", "the defaults fit the embedded reference server")
    needed = [*_APPLICATIONS, *(_SQL if features.sql else ())]
    needed += _SQL_ON_FLINK if features.sql and features.flink else ()
    missing = [name for name in needed if name not in given]
    if missing:
        used = ", ".join(f"{name} {getattr(features, name)!r}" for name in missing)
        return warning(
            "declared",
            f"not declared, so what fits the reference server is used: {used}",
            "say what your server needs under features in a configuration, --config (docs/configuration.md)",
        )
    told = ", ".join(f"{name} {getattr(features, name)!r}" for name in _APPLICATIONS[:4])
    return ok("declared", told)


def pace(limits: Limits, seconds: float) -> Iterator[Finding]:
    """Whether a run ends in time when each answer takes so many seconds."""
    each = max(seconds, 1 / limits.requests_per_second if limits.requests_per_second else 0.0)
    most = min(limits.total_requests, int(limits.max_time / each) if each else limits.total_requests)
    late = [f"{profile} ({count:,})" for profile, count in REQUESTS.items() if count > most]
    if late:
        yield warning(
            "pace",
            f"about {most:,} requests fit into a run; not enough for {', '.join(late)}",
            "raise --max-time, --requests-per-second or limits.total_requests, choose a smaller profile, "
            "or split the run (--shard)",
        )
    else:
        minutes = REQUESTS["full"] * each / 60
        yield ok(
            "pace",
            f"a run of the largest profile takes about {max(1, round(minutes))} min of waiting for answers",
        )
