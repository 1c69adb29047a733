"""Whether the routes are there that the configuration declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.config import Features
from conformance.doctor.finding import Finding, ok, unfit, unknown, warning
from conformance.doctor.stock import MISSING, Listing, status_of
from conformance.expectations import Unmet
from conformance.target.cmf import Cmf, Collection
from conformance.target.wire import NoAnswer

_FOUND = 200
_WITHOUT_SQL = "set sql: false under features in a configuration, or use --profile core"


def sql(
    features: Features, cmf: Cmf, listings: Sequence[Listing], environment: str | None
) -> Iterator[Finding]:
    """Whether statements and what they need are there, as ``features.sql`` says.

    ``environment`` is one that exists; without it nothing can be said of what lies in environments.
    """
    seen = {f"GET {_ROUTES[each.kind]}": each.status for each in listings if each.kind in _ROUTES}
    inside = {} if environment is None else _inside(cmf, environment)
    seen |= inside
    missing = [f"{route} answers {status}" for route, status in seen.items() if status in MISSING]
    there = [route for route, status in seen.items() if status == _FOUND]
    if features.sql and missing:
        yield unfit("sql", f"features.sql is declared, but {', '.join(missing)}", _WITHOUT_SQL)
    elif features.sql and len(there) < len(seen):
        odd = ", ".join(
            f"{route} answers {status or 'nothing'}" for route, status in seen.items() if status != _FOUND
        )
        yield warning("sql", f"features.sql is declared, but {odd}", "look into the log of the server")
    elif features.sql and not inside:
        yield unknown(
            "sql",
            f"{' and '.join(there)} are there; without an environment the routes of statements can't be seen",
            "--write creates an environment for it",
        )
    elif features.sql:
        yield ok("sql", "declared, and its routes are there")
    elif there:
        yield warning(
            "sql",
            f"declared absent, but {there[0]} answers 200",
            "without features.sql these requirements are not judged: is that meant?",
        )
    else:
        yield ok("sql", "declared absent, and so it is")


def flink(features: Features, cmf: Cmf, environment: str | None) -> Iterator[Finding]:
    """Whether there is anything to be seen of a Flink cluster, as ``features.flink`` says."""
    if not features.flink:
        yield ok("flink", "declared absent: nothing is started")
        return
    hint = "set flink: false under features when there is none, or use --profile core"
    application = None if environment is None else _first(cmf.applications(environment))
    if environment is None or application is None:
        yield unknown("flink", "no application exists that would show whether a Flink cluster runs", hint)
        return
    statuses = {
        f"GET {what} of an application": status_of(collection)
        for what, collection in (
            ("instances", cmf.instances(environment, application)),
            ("events", cmf.events(environment, application)),
        )
    }
    missing = [f"{route} answers {status}" for route, status in statuses.items() if status in MISSING]
    if missing:
        yield unfit("flink", f"features.flink is declared, but {', '.join(missing)}", hint)
    else:
        yield ok("flink", "declared, and its routes are there; whether jobs run is seen in the run")


_ROUTES = {"secrets": "/cmf/api/v1/secrets", "catalogs": "/cmf/api/v1/catalogs/kafka"}


def _inside(cmf: Cmf, environment: str) -> dict[str, int | None]:
    """The answers to lists of an environment; none when the environment itself is not there any more."""
    if status_of(cmf.applications(environment)) != _FOUND:
        return {}
    collections = (
        cmf.statements(environment),
        cmf.compute_pools(environment),
        cmf.secret_mappings(environment),
    )
    return {f"GET {collection.plural} of an environment": status_of(collection) for collection in collections}


def _first(collection: Collection) -> str | None:
    """The name of one resource, if there is one that can be read."""
    try:
        items = collection.list(page=0, size=1).items
        return collection.name_of(items[0]) if items else None
    except (NoAnswer, Unmet, AssertionError):
        return None
