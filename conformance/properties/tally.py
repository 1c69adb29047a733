"""What the generated requests of one operation were, and what came of them, in numbers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from conformance.contract.media import JSON, YAML
from conformance.model import Exchange, GeneratedCoverage, Keyword, Part
from conformance.properties.document import Document, Operation, Schema
from conformance.properties.encoding import Encoded
from conformance.properties.keywords import KEYWORDS, declared
from conformance.properties.request import GeneratedRequest, Validity
from conformance.properties.validity import SERVER_OWNED

_SUCCESS = 2
_DEEPEST = 6


@dataclass
class Tally:
    """Counts what is sent for one operation while it is sent."""

    document: Document
    operation: Operation
    prefix: str
    """The prefix of the run's names, which differs between runs that send the same."""
    requests: int = 0
    valid: int = 0
    accepted: int = 0
    invalid: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    sent_as: Counter[str] = field(default_factory=Counter)
    answered_as: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    """Keywords that valid requests were bound by."""
    broken: Counter[str] = field(default_factory=Counter)
    """Keywords that invalid requests break."""
    _dropped: list[tuple[str, str]] = field(default_factory=list)
    _sent: Any = field(default_factory=hashlib.sha256)

    def sent(self, request: GeneratedRequest, encoded: Encoded, strange: tuple[str, ...] = ()) -> None:
        """A request goes out; ``strange`` are names in it that the target has given."""
        self.requests += 1
        self.valid += request.validity is Validity.VALID
        self.invalid += request.validity is Validity.INVALID
        content = encoded.content or b""
        text = repr((request.method, encoded.path, encoded.query, encoded.headers, content))
        for number, name in enumerate((*strange, self.prefix)):
            text = text.replace(name, f"<{number}>")
        self._sent.update(text.encode())
        if request.media_type and content:
            self.sent_as[request.media_type] += 1
        if request.validity is Validity.VALID:
            self.good.update(f"query {key}" for key in {key for key, _ in request.query})
            self.good.update(f"path {name}" for name in self.operation.path)
            places = {f"query {key}" for key, _ in request.query} | {
                f"path {name}" for name in self.operation.path
            }
            if self.operation.body is not None:
                inside = set(_places(request.body, ""))
                self.good.update(inside)
                places |= inside
            self.kept.update({word for place in places for word in self._keywords.get(place, ())})
        elif request.keyword:
            self.broken[request.keyword] += 1
        if request.validity is not Validity.VALID and request.where:
            self.bad[_general(request.where)] += 1

    def answered(self, request: GeneratedRequest, exchange: Exchange) -> None:
        """An answer came."""
        response = exchange.response
        if response is None:
            return
        self.statuses[response.status] += 1
        self.accepted += request.validity is Validity.VALID and response.status // 100 == _SUCCESS
        declared = (response.header("content-type") or "").partition(";")[0].strip().lower()
        if declared in {JSON, YAML}:
            self.answered_as[declared] += 1

    def result(self) -> GeneratedCoverage:
        """The numbers so far."""
        return GeneratedCoverage(
            operation=self.operation.id,
            requests=self.requests,
            valid=self.valid,
            accepted=self.accepted,
            invalid=self.invalid,
            statuses=tuple(sorted(self.statuses)),
            sent_as=tuple(sorted(self.sent_as)),
            answered_as=tuple(sorted(self.answered_as)),
            parts=tuple(
                Part(place, self.good[place], self.bad[place], why) for place, why in self._declared()
            ),
            left_out=tuple(f"{what}: {why}" for what, why in sorted(self._dropped)),
            sha256=self._sent.hexdigest(),
            keywords=tuple(self._tested()),
        )

    @cached_property
    def _keywords(self) -> Mapping[str, frozenset[str]]:
        return declared(self.document, self.operation)

    def _tested(self) -> Iterator[Keyword]:
        present = {word for words in self._keywords.values() for word in words} | self.broken.keys()
        yield from (Keyword(word, self.kept[word], self.broken[word]) for word in _in_order(present))

    def dropped(self, what: tuple[tuple[str, str], ...]) -> None:
        """These were generated, or might have been, but are not sent."""
        self._dropped += [each for each in what if each not in self._dropped]

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """What was generated, or might have been, but is not sent, each with the reason."""
        return tuple(self._dropped)

    def _declared(self) -> Iterator[tuple[str, str]]:
        """Each parameter and property that the contract declares, and why nothing was sent of it, if so."""
        for name in self.operation.path:
            yield self._with_reason(f"path {name}", "")
        for name in self.operation.query:
            yield self._with_reason(f"query {name}", "")
        if self.operation.body is not None:
            yield self._with_reason("", "")
            for place, server in _properties(self.document, self.operation.body, "", _DEEPEST):
                yield self._with_reason(place, "it belongs to the server" if server else "")

    def _with_reason(self, place: str, known: str) -> tuple[str, str]:
        lacking = [word for word, seen in (("valid", self.good), ("invalid", self.bad)) if not seen[place]]
        if not lacking:
            return place, ""
        why = known or _WHY.get(tuple(lacking), "no generated request of this run varied it")
        return place, f"no {' and no '.join(lacking)} value: {why}"


_WHY: Mapping[tuple[str, ...], str] = {
    ("invalid",): "the contract forbids no value of it for certain, or the budget was spent on others",
    ("valid",): "which values a correct server must accept is left open by the contract",
}


def _places(value: Any, where: str) -> Iterator[str]:
    """The pointers to everything in a body, with ``*`` for the place in a list."""
    yield where
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, f"{where}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _places(item, f"{where}/*")


def _general(where: str) -> str:
    """A pointer with ``*`` for the place in a list; ``header Content-Type`` and the like as they are."""
    if not where.startswith("/"):
        return where
    return "".join(f"/{'*' if step.isdecimal() else step}" for step in where.split("/")[1:])


def _properties(
    document: Document, schema: Schema, where: str, depth: int, *, server: bool = False
) -> Iterator[tuple[str, bool]]:
    """The pointers to the declared properties, each with whether it belongs to the server."""
    if depth == 0:
        return
    shape = document.shape(schema)
    if shape.items is not None:
        yield from _properties(document, shape.items, f"{where}/*", depth - 1, server=server)
    for name, part in shape.properties.items():
        place = f"{where}/{name}"
        owned = server or document.shape(part).read_only or place in SERVER_OWNED
        yield place, owned
        if not owned:
            yield from _properties(document, part, place, depth - 1)


def generated(tallies: Iterable[Tally]) -> tuple[GeneratedCoverage, ...]:
    """The numbers of every operation, those of several tallies of one operation put together."""
    return together(tally.result() for tally in tallies)


def together(parts: Iterable[GeneratedCoverage]) -> tuple[GeneratedCoverage, ...]:
    """One result for each operation, whatever the order in which several of one operation come."""
    found: dict[str, list[GeneratedCoverage]] = {}
    for part in parts:
        found.setdefault(part.operation, []).append(part)
    return tuple(_sum(found[name]) if len(found[name]) > 1 else found[name][0] for name in sorted(found))


def _in_order(words: Iterable[str]) -> list[str]:
    """Keywords as the specification orders them, then what it does not know."""
    given = set(words)
    return [*(word for word in KEYWORDS if word in given), *sorted(given.difference(KEYWORDS))]


def _sum(several: Sequence[GeneratedCoverage]) -> GeneratedCoverage:
    return GeneratedCoverage(
        operation=several[0].operation,
        requests=sum(each.requests for each in several),
        valid=sum(each.valid for each in several),
        accepted=sum(each.accepted for each in several),
        invalid=sum(each.invalid for each in several),
        statuses=tuple(sorted({status for each in several for status in each.statuses})),
        sent_as=tuple(sorted({media for each in several for media in each.sent_as})),
        answered_as=tuple(sorted({media for each in several for media in each.answered_as})),
        parts=tuple(_part(of_place) for of_place in zip(*(each.parts for each in several), strict=True)),
        left_out=tuple(sorted({line for each in several for line in each.left_out})),
        sha256=hashlib.sha256("\n".join(sorted(each.sha256 for each in several)).encode()).hexdigest(),
        keywords=tuple(_keywords(word for each in several for word in each.keywords)),
    )


def _keywords(several: Iterable[Keyword]) -> Iterator[Keyword]:
    valid: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    for word in several:
        valid[word.name] += word.valid
        invalid[word.name] += word.invalid
    yield from (Keyword(name, valid[name], invalid[name]) for name in _in_order(valid))


def _part(several: Sequence[Part]) -> Part:
    valid, invalid = sum(each.valid for each in several), sum(each.invalid for each in several)
    # What none of them reached is lacking, and the one that reached most says why.
    most = max(several, key=lambda each: (each.valid > 0) + (each.invalid > 0))
    return Part(most.place, valid, invalid, "" if valid and invalid else most.why)
