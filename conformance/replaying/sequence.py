"""Which requests of a run one failure rests on: those that wrote to what it is about, and those that looked at it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from conformance.model import Exchange

WRITES = frozenset({"POST", "PUT", "DELETE", "PATCH"})


def writes_before(
    known: Mapping[str, Exchange],
    last: Exchange,
    also: Iterable[Exchange],
    run_id: str,
    texts: Iterable[str] = (),
) -> list[Exchange]:
    """Everything up to ``last`` that wrote to a resource that it, ``also`` or ``texts`` name, and ``also`` itself.

    A resource that such a write names besides, such as the secret of a mapping, counts as well, and when nothing is
    named at all, what was written last.  The order is that of the evidence; resources are told by their names, which no two scenarios of a run share.
    """
    wanted = {each.id: each for each in (*also, last)}
    about = {name for text in texts for name in _names(text, run_id)}
    about |= {name for exchange in wanted.values() for name in _named(exchange, run_id)}
    order = list(_until(known, last.id))
    earlier = (known[name] for name in order)
    writes = [(each, set(_named(each, run_id))) for each in earlier if each.request.method in WRITES]
    if not about:  # a list that is shared, which is most likely about what was written last
        about |= next((names for _, names in reversed(writes) if names), set())
    grown = True
    while grown:
        grown = False
        for each, names in writes:
            if each.id not in wanted and names & about:
                wanted[each.id] = each
                about |= names
                grown = True
    return [wanted[name] for name in (*order, last.id) if name in wanted]


def written(exchanges: Iterable[Exchange], run_id: str) -> frozenset[str]:
    """The names that are written to, without the prefix of the run."""
    prefix = f"cmfc-{run_id}-"
    writes = (each for each in exchanges if each.request.method in WRITES)
    return frozenset(name.removeprefix(prefix) for each in writes for name in _named(each, run_id))


def without_repeats(exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
    """The exchanges, of several like requests in a row the last one: they are one that waited for something."""
    held: Exchange | None = None
    for exchange in exchanges:
        if held is not None and not _is_like(held, exchange):
            yield held
        held = exchange
    if held is not None:
        yield held


def _is_like(one: Exchange, other: Exchange) -> bool:
    if one.request.method in WRITES and other.attempt == 1:
        return False
    return (one.request.method, one.request.url, one.request.body) == (
        other.request.method,
        other.request.url,
        other.request.body,
    )


def _until(known: Mapping[str, Exchange], last: str) -> Iterator[str]:
    for name in known:
        if name == last:
            return
        yield name


def _named(exchange: Exchange, run_id: str) -> Iterator[str]:
    request = exchange.request
    yield from _names(unquote(request.url.partition("?")[0]), run_id)
    if request.method in WRITES:
        yield from _names(request.body.decode("utf-8", "replace"), run_id)


def _names(text: str, run_id: str) -> Iterator[str]:
    if run_id:
        pattern = rf"cmfc-{re.escape(run_id)}-[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
        yield from (found.lower() for found in re.findall(pattern, text, re.IGNORECASE))
