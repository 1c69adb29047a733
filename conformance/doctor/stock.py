"""What is on the target already: resources of other people, and what earlier runs have left behind."""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from conformance.doctor.finding import Finding, ok, problem, unknown, warning
from conformance.expectations import Broken, Unmet
from conformance.target.cmf import Cmf, Collection
from conformance.target.routes import item_path
from conformance.target.wire import NoAnswer

MISSING = frozenset({404, 405, 501})
"""Statuses of a route that is not there."""
_OF_A_RUN = re.compile(r"cmfc-([a-z0-9]{8})-.*", re.DOTALL)
_PAGE, _MOST_PAGES = 100, 50
_MANY = 1_000
_MOST_RUNS = 10
_RUNS = Path("cmf-conformance-runs")


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources of one kind that lie in no environment."""

    kind: str
    status: int | None
    """Of the first page; None when no answer came."""
    names: tuple[str, ...] = ()
    whole: bool = True
    """Whether all pages were read."""
    defect: str = ""
    """Why the list can't be read although it was answered."""


def take(cmf: Cmf) -> list[Listing]:
    """The lists of all kinds that lie in no environment."""
    return [_listing(collection) for collection in (cmf.environments, cmf.secrets, cmf.catalogs)]


def foreign(cmf: Cmf, listings: Sequence[Listing]) -> str | None:
    """An environment that somebody else has, for looking at what is inside of environments."""
    names = listings[0].names
    return next((name for name in names if name and not name.startswith(cmf.prefix)), None)


def leftovers(cmf: Cmf, listings: Sequence[Listing], url: str) -> Iterator[Finding]:
    """What earlier runs have left, run by run, with the command that removes it."""
    runs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for listing in listings:
        for name in listing.names:
            found = _OF_A_RUN.fullmatch(name)
            if found and not name.startswith(cmf.prefix):
                runs[found[1]].append((listing.kind, name))
    for run, resources in islice(runs.items(), _MOST_RUNS):
        counted = Counter(kind for kind, _ in resources)
        what = ", ".join(f"{count} {kind}" for kind, count in counted.items())
        yield warning(
            "left-overs", f"{what} of run {run}, such as {resources[0][1]!r}", _removal(run, resources, url)
        )
    if len(runs) > _MOST_RUNS:
        yield warning("left-overs", f"and of {len(runs) - _MOST_RUNS} further runs", "remove these first")
    if not runs:
        yield ok("left-overs", "none of earlier runs")


def others(listings: Sequence[Listing]) -> Iterator[Finding]:
    """How much there is of other people."""
    for listing in listings:
        if listing.defect:
            yield warning(
                "others",
                f"the list of {listing.kind} can't be read: {listing.defect}",
                "a run will say more about it",
            )
    counts = [
        (sum(not _OF_A_RUN.fullmatch(name) for name in listing.names), listing)
        for listing in listings
        if listing.status == 200 and not listing.defect  # noqa: PLR2004
    ]
    if not counts:
        yield unknown("others", "no list could be read", "see the findings above")
        return
    told = ", ".join(
        f"{count}{'' if listing.whole else ' or more'} {listing.kind}" for count, listing in counts
    )
    if sum(count for count, _ in counts) > _MANY:
        yield warning(
            "others",
            f"{told} of other people; a run reads all of these lists many times",
            "give the run more --max-time, or use a server with less on it",
        )
    else:
        yield ok("others", f"{told} of other people, which a run reads and never writes to")


def unreadable(listings: Sequence[Listing], *, sql: bool) -> Iterator[Finding]:
    """Lists that a run needs and is not allowed to read."""
    for listing in listings:
        if listing.status in {401, 403} and (sql or listing.kind == "environments"):
            yield problem(
                "permissions",
                f"the list of {listing.kind} is refused with {listing.status}",
                f"whoever the credentials belong to must be allowed to read {listing.kind}",
            )


def status_of(collection: Collection) -> int | None:
    """The status of one page with one item; None when no answer comes."""
    try:
        return collection.list(page=0, size=1).status
    except (NoAnswer, Unmet):
        return None


def _listing(collection: Collection) -> Listing:
    names: list[str] = []
    try:
        status = collection.list(page=0, size=1).status
        if status != 200:  # noqa: PLR2004
            return Listing(collection.plural, status)
        pages = 0
        for page in islice(collection.pages(_PAGE), _MOST_PAGES):
            pages += 1
            names += [collection.name_of(item) for item in page.items]
    except NoAnswer as silence:
        return Listing(collection.plural, None, tuple(names), whole=False, defect=str(silence))
    except Broken as broken:
        return Listing(collection.plural, 200, tuple(names), whole=False, defect=broken.message)
    except Unmet as unmet:
        return Listing(collection.plural, 200, tuple(names), whole=False, defect=str(unmet))
    return Listing(collection.plural, 200, tuple(names), whole=pages < _MOST_PAGES)


def _removal(run: str, resources: Sequence[tuple[str, str]], url: str) -> str:
    ledger = _RUNS / run / "ledger.ndjson"
    unless = "unless that run is still going on"
    if ledger.is_file():
        return f"{unless}: cmf-conformance cleanup {ledger}"
    # Secrets may be in use by what is in environments.
    kind, name = resources[0]
    by_hand = f"curl -X DELETE {shlex.quote(url + item_path(kind, name))}"
    more = "" if len(resources) == 1 else ", and so on"
    return (
        f"{unless}: cmf-conformance cleanup LEDGER, with the ledger.ndjson in the report folder of run {run}; "
        f"if that is lost: {by_hand}{more} (what is inside of an environment first)"
    )
