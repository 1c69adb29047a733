"""Keeps the ledger true to what is sent and answered.

``Books.open`` is called before a request is sent and ``Books.settle`` with what came of it; between the two
the resource is *in flight*, and nobody's 404 can take it out of the ledger.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

from conformance.contract import media
from conformance.model import HttpResponse, Resource
from conformance.target import guard, names
from conformance.target.ledger import Event, Ledger
from conformance.target.routes import NotCanonical, Place

_GONE = frozenset({404, 410})
_UNREADABLE = 400
"""What a target may answer for a name that can be none; who claims it has to find it in no list, too."""
_SHORT = 16
"""Characters of a name that could be claimed."""
_MOST_NAMES_OF_AN_ANSWER = 4
_LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer to a creation that are searched for names."""


@dataclass(slots=True)
class Entry:
    """One request, as the books see it."""

    method: str
    place: Place | None
    creates: tuple[Resource, ...] = ()
    """What the request may create, by every reading of it."""
    deleted_before: bool = False
    """The deletion of its resource was acknowledged before this request was sent."""
    in_flight: list[Resource] = field(default_factory=list)
    """Those in ``creates`` that were entered."""
    new: set[str] = field(default_factory=set)
    """The paths of those that were not in the ledger, or gone, when the request was sent."""


class Books:
    """The entries of one run.  Safe to use from several threads."""

    def __init__(self, ledger: Ledger | None, ownership: guard.Ownership) -> None:
        """Without a ledger nothing is kept, and nothing may be written to the target."""
        self._ledger = ledger
        self._ownership = ownership
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()
        self._deleted: set[str] = set()
        self._absent: set[str] = set()

    def entry(self, method: str, path: str, content_type: str | None, content: bytes | None) -> Entry:
        """The entry for a request that the guard let pass.

        Raises ``ValueError`` with one line that says why it must not be sent all the same: there is no ledger,
        or it writes to a claimed name that was neither seen to be free nor created by this run.
        """
        try:
            place = self._ownership.layout.locate(path)
        except NotCanonical:
            return Entry(method, None)
        if place is None or method not in guard.WRITES:
            return Entry(method, place, deleted_before=place is not None and self._is_deleted(place.resource))
        if self._ledger is None:
            message = "a write without a ledger"
            raise ValueError(message)
        touched = guard.named(place, content_type, content) if place.resource is None else (place.resource,)
        for resource in touched:
            if not self._is_well_founded(method, place, resource):
                message = (
                    f"a write to claimed {resource.kind} {resource.name!r}, which was not seen to be free"
                )
                raise ValueError(message)
        return Entry(method, place, () if method == "DELETE" or place.action else touched)

    def open(self, entry: Entry) -> None:
        """Enter what the request may create; returns when it is on the disk."""
        if self._ledger is None:
            return
        for resource in entry.creates:
            with self._lock:
                self._in_flight[resource.path] += 1
                self._deleted.discard(resource.path)
                self._absent.discard(resource.path)
            entry.in_flight.append(resource)
            if self._ledger.state(resource.path) in {None, "gone"}:
                entry.new.add(resource.path)
            self._ledger.intend(resource)

    def settle(self, entry: Entry, response: HttpResponse | None, *, sent: bool = True) -> None:
        """Note what came of the request; ``sent`` is False when not a byte of it left the process."""
        if self._ledger is None or entry.place is None:
            return
        status = response.status if response else None
        answered = self._of_answer(entry, response)
        event = _event(status, sent=sent)
        while entry.in_flight:
            resource = entry.in_flight.pop()
            certain = event != "created" or len(entry.creates) == 1 or resource in answered
            if self._ledger.state(resource.path) is not None:
                self._ledger.note(resource, event if certain else "unknown")
            with self._lock:
                self._in_flight[resource.path] -= 1
                alone = not self._in_flight[resource.path]
            if status == 409 and alone and resource.path in entry.new:  # noqa: PLR2004
                self._give_up(resource)
        for resource in answered:
            self._ledger.intend(resource)
            self._ledger.note(resource, "created")
        if entry.place.resource and entry.place.action is None:
            self._look(entry, entry.place.resource, status)

    def _is_deleted(self, resource: Resource | None) -> bool:
        with self._lock:
            return (
                resource is not None and resource.path in self._deleted and not self._in_flight[resource.path]
            )

    def _is_well_founded(self, method: str, place: Place, resource: Resource) -> bool:
        if place.environment is not None or not self._ownership.claimed(resource.name, resource.kind):
            return True
        state = self._ledger.state(resource.path) if self._ledger else None
        with self._lock:
            free = method != "DELETE" and resource.path in self._absent
        return free or state not in {None, "gone"}

    def _give_up(self, resource: Resource) -> None:
        """A claimed name was free, we have not created it, and now it exists: somebody else was faster."""
        if self._ledger and self._ownership.claimed(resource.name, resource.kind):
            self._ownership.release(resource.name, resource.kind)
            self._ledger.note(resource, "gone")

    def _look(self, entry: Entry, resource: Resource, status: int | None) -> None:
        if entry.method == "DELETE" and (_succeeded(status) or status in _GONE or status == 304):  # noqa: PLR2004
            with self._lock:
                self._deleted.add(resource.path)
        if self._ledger is None or entry.method != "GET" or status not in {*_GONE, _UNREADABLE}:
            return
        with self._lock:
            idle = not self._in_flight[resource.path]
            deleted = entry.deleted_before and resource.path in self._deleted
            if len(resource.name) <= _SHORT and entry.place and entry.place.environment is None:
                self._absent.add(resource.path)
        if status == _UNREADABLE:
            return
        state = self._ledger.state(resource.path)
        if state is not None and idle and (deleted or state == "refused"):
            self._ledger.note(resource, "gone")

    def _of_answer(self, entry: Entry, response: HttpResponse | None) -> set[Resource]:
        """What an answer to a creation says was created: the target may have changed the name, or chosen one."""
        place = entry.place
        if place is None or place.name is not None or entry.method != "POST" or response is None:
            return set()
        if not _succeeded(response.status) or len(response.body) > _LARGEST_ANSWER:
            return set()
        collection = self._ownership.layout.collection(place.kind)
        if collection is not None and collection.pointer:
            identity = _pointed(response.body, collection.pointer)
            return {place.named(identity)} if identity else set()
        found = names.candidates(names.read(response.body, response.header("Content-Type") or ""))
        resources = set()
        for candidate in islice(found, _MOST_NAMES_OF_AN_ANSWER):
            if candidate.text and not candidate.nested and not candidate.odd:
                ours = place.environment is not None or self._ownership.owns(candidate.text, place.kind)
                if ours or not entry.creates:
                    resources.add(place.named(candidate.text))
        return resources


def _pointed(body: bytes, pointer: str) -> str:
    """The text at a place in a body; empty when there is none."""
    try:
        value = media.read(body, media.YAML)
    except media.Malformed:
        return ""
    for step in pointer.split("/")[1:]:
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _event(status: int | None, *, sent: bool) -> Event:
    if status is None:
        return "unknown" if sent else "refused"
    if _succeeded(status):
        return "created"
    return "refused" if 400 <= status < 500 and status != 408 else "unknown"  # noqa: PLR2004


def _succeeded(status: int | None) -> bool:
    return status is not None and 200 <= status < 300  # noqa: PLR2004
