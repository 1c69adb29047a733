"""Sending generated requests for one operation, and saying what their answers mean.

What holds for every exchange is judged elsewhere; here it is whether what the contract forbids was refused
and had no effect, and whether what it allows was accepted and is read back as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from conformance import resources
from conformance.config import Features
from conformance.contract.media import MEDIA_TYPES
from conformance.existing import Existing
from conformance.expectations import Broken, NeedsWriting, Unmet, first_difference
from conformance.kinds import ENVIRONMENT, Kind
from conformance.model import Exchange, Finding, Verdict
from conformance.properties.document import Document, load
from conformance.properties.encoding import encode
from conformance.properties.found import Found
from conformance.properties.generation import requests_for
from conformance.properties.names import NEEDED, bind
from conformance.properties.parents import Parents, kind_of
from conformance.properties.request import Generated, GeneratedRequest, Validity
from conformance.properties.tally import Tally
from conformance.registry import Catalogue
from conformance.target.answer import REFUSED, Answer
from conformance.target.cmf import ROUTES, Cmf, Collection
from conformance.verdict import broken

_CREATED, _SUCCESS = 201, 2
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_TYPE_REFUSED = (*REFUSED, 415)
_NOT_FOUND, _CONFLICT = 404, 409
_MAPS = frozenset({"labels", "annotations", "data", "flinkConfiguration", "connectionConfig", "properties"})


def operations(catalogue: Catalogue) -> tuple[str, ...]:
    """The operations that some requirement speaks of, in the order of the contract."""
    named = {name for requirement in catalogue.requirements.values() for name in requirement.operations}
    return tuple(name for name in document(catalogue.version).operations if name in named)


@lru_cache(maxsize=2)
def document(version: str) -> Document:
    """The contract, loaded for generation."""
    return load(resources.contract_folder(version) / "openapi.yaml")


@lru_cache(maxsize=64)
def _generated(
    known: Document, operation: str, seed: int, budget: int, features: Features, *, runs: bool
) -> Generated:
    """The requests of one operation; a process that makes many runs generates them once."""
    return requests_for(known, operation, seed=seed, budget=budget, features=features, runs=runs)


@dataclass
class Campaign:
    """The generated requests of one operation against live parents."""

    cmf: Cmf
    catalogue: Catalogue
    operation: str
    seed: int
    budget: int
    sink: Callable[[Finding, Exchange], None]
    """Takes each finding, with the exchange it rests on."""
    runs: bool = False
    """Whether the requests are for what runs, which starts pods."""
    existing: Existing | None = None
    """What there is on a target on which nothing is created; then only reads are sent."""
    document: Document | None = None
    """What requests are generated from; the contract when there is none."""
    tally: Tally = field(init=False)
    sent: int = 0
    answered: int = 0
    _refused: dict[str, Answer] = field(default_factory=dict)
    _repeated: int = 0
    _parents: Parents | Found = field(init=False)

    def __post_init__(self) -> None:
        known = self.document or document(self.catalogue.version)
        self.tally = Tally(known, known.operations[self.operation], self.cmf.prefix)

    def run(self) -> None:
        """Send everything.

        Raises ``Unmet`` when the parents can't be had, when nothing could be generated, or nothing was answered:
        then nothing was tested.
        """
        if self.existing is not None:
            self._read(self.existing)
            return
        operation = self.tally.operation
        generated = self._generate()
        parents = Parents(self.cmf, operation.method, operation.template, runs=self.runs)
        self._parents = parents
        kind = written_kind(self.operation)
        for number, request in enumerate(generated):
            live = parents.live()
            if kind is None:
                self._send(request, self.cmf.name("gen"), live, self._used(parents, request))
                continue
            needed = parents.needed(kind.plural)
            collection = kind.collection(self.cmf, parents.environment if kind.scoped else "")
            if request.method == "PUT":
                exists = not request.path_parameters
                name = list(live.values())[-1] if exists else self.cmf.name("gen")
            else:
                # Every other invalid request names what exists, so that both refusals are seen to have no effect.
                exists = request.validity is Validity.INVALID and number % 2 == 1
                name = parents.kept(kind.plural) if exists else self.cmf.name("gen")
            self._write(kind, collection, request, name, live, needed, exists=exists)
        if self.runs and self.operation == "getStatementResult":
            # Rows of a query are given until they are gone, which they may be once it is stopped.
            parents.stop_statement()
            for request in [each for each in generated if not each.query][: len(MEDIA_TYPES)]:
                self._send(replace(request, validity=Validity.UNSURE), "", parents.live(), "")
        if not self.answered:
            raise Unmet(f"none of {self.sent} generated requests was answered")
        if kind is not None and self._refused:
            self._look_for_refused(
                kind, kind.collection(self.cmf, parents.environment if kind.scoped else "")
            )

    def _read(self, existing: Existing) -> None:
        """Send everything below what exists; raises ``NeedsWriting`` when there is nothing, or for a write."""
        method = self.tally.operation.method
        if method not in {"GET", "HEAD"} or self.runs:
            raise NeedsWriting(f"{self.operation} is not sent by a run that only reads (--mode read-only)")
        self._parents = found = Found(existing, self.operation)
        for request in self._generate():
            self._send(request, self.cmf.name("gen"), found.live(), "")
        if not self.answered:
            raise Unmet(f"none of {self.sent} generated requests was answered")

    def _generate(self) -> Generated:
        generated = _generated(
            self.tally.document,
            self.operation,
            self.seed,
            self.budget,
            self.cmf.features,
            runs=self.runs,
        )
        self.tally.dropped(generated.dropped)
        self._require_generated(generated)
        return generated

    def _require_generated(self, generated: Generated) -> None:
        """Raise ``Unmet`` when generation has nothing of a kind that there is for every operation of this form."""
        kinds = {request.validity for request in generated}
        wanted = {Validity.VALID, Validity.INVALID} if written_kind(self.operation) else set()
        lacking = ", ".join(sorted(wanted - kinds)) or ("" if kinds else "any")
        if lacking:
            reasons = "; ".join(dict.fromkeys(f"{what}: {why}" for what, why in generated.dropped))
            raise Unmet(f"no {lacking} request of {self.operation} could be generated ({reasons})")

    def _used(self, parents: Parents, request: GeneratedRequest) -> str:
        """What ``{needed}`` in the path stands for: something that is in use."""
        if NEEDED not in request.path_parameters.values():
            return ""
        return parents.in_use(parents.last_plural)

    def _send(self, request: GeneratedRequest, name: str, live: dict[str, str], needed: str) -> Answer | None:
        """Send one request; None when there is no answer, which is judged elsewhere."""
        encoded = encode(request, name=name, namespace=self.cmf.features.namespace, live=live, needed=needed)
        self.sent += 1
        self.tally.sent(request, encoded, self._parents.strange)
        try:
            answer = self.cmf.send(
                request.method,
                encoded.path,
                query=encoded.query,
                headers=encoded.headers,
                content=encoded.content,
                accept=None,
            )
        except Unmet:
            return None
        self.answered += 1
        self.tally.answered(request, answer.exchange)
        return answer

    def _write(
        self,
        kind: Kind,
        collection: Collection,
        request: GeneratedRequest,
        name: str,
        live: dict[str, str],
        needed: str,
        *,
        exists: bool,
    ) -> None:
        before = kind.view(collection.get(name).needed(200).body) if exists else None
        answer = self._send(request, name, live, needed)
        if answer is None:
            return
        if request.validity is Validity.INVALID:
            allowed = {*_TYPE_REFUSED, _NOT_FOUND} if kind.needs else {*_TYPE_REFUSED}
            allowed |= {_CONFLICT} if exists and not kind.upsert else set()
            wrong = answer.status not in allowed and answer.status < _SERVER_ERROR
            rule = self._rule(kind, request)
            if wrong and rule == kind.rule("BODY") and _is_in_map(request.where):
                wrong = (
                    False  # whether a text may be made of a number or a boolean is a SHOULD where it is said
                )
            self._say(
                rule,
                answer,
                f"{request.where or 'the body'}: {request.why}, answered with {answer.status}"
                if wrong
                else "",
                expected="400 or 422",
                got=str(answer.status),
            )
            if _CLIENT_ERROR <= answer.status < _SERVER_ERROR:
                if before is None:
                    self._refused[name] = answer
                else:
                    self._require_unchanged(kind, collection, request, name, before, answer)
        elif (
            request.validity is Validity.VALID
            and answer.status // 100 == _SUCCESS
            and not request.path_parameters
        ):
            self._require_stored(kind, collection, request, name, needed, answer)
            if request.method == "POST" and not kind.upsert and self._repeated < len(MEDIA_TYPES):
                self._repeated += 1
                self._require_conflict(kind, collection, request, name, live, needed)

    def _rule(self, kind: Kind, request: GeneratedRequest) -> str:
        """The requirement that an invalid request is refused by: the most special one that there is."""
        where, body = request.where, request.body
        value = _at(body, where)
        update = request.method == "PUT"
        candidates: list[str] = []
        if not isinstance(body, dict):
            candidates.append("CMF-CONTENT-NOT-OBJECT")
        elif where.rsplit("/", 1)[-1] == "name" and isinstance(value, str) and not update:
            candidates.append(kind.rule("NAME-MAX" if "{pad:" in value else "NAME-PATTERN"))
        elif kind is ENVIRONMENT and where == "/kubernetesNamespace" and isinstance(value, str):
            candidates.append("CMF-ENV-NAMESPACE")
        elif where.count("/") > (1 if kind is ENVIRONMENT else 2):
            candidates.append(kind.rule("BODY-NESTED"))
        if update:
            candidates.append(kind.rule("UPDATE-BODY"))
        return self._known(*candidates, kind.rule("BODY"))

    def _known(self, *rules: str) -> str:
        return next(rule for rule in rules if rule in self.catalogue.requirements)

    def _require_unchanged(
        self,
        kind: Kind,
        collection: Collection,
        request: GeneratedRequest,
        name: str,
        before: dict[str, Any],
        answer: Answer,
    ) -> None:
        after = kind.view(collection.get(name).needed(200).body)
        difference = first_difference(before, after)
        update = [kind.rule("UPDATE-REFUSED")] if request.method == "PUT" else []
        self._say(
            self._known(*update, kind.rule("REFUSED")),
            answer,
            f"a refused update changed {difference[0]}" if difference else "",
            expected=difference[1] if difference else "",
            got=difference[2] if difference else "",
        )

    def _require_stored(
        self,
        kind: Kind,
        collection: Collection,
        request: GeneratedRequest,
        name: str,
        needed: str,
        answer: Answer,
    ) -> None:
        body = bind(request.body, name=name, namespace=self.cmf.features.namespace, needed=needed)
        stored = collection.name_of(body)
        written, read = ("UPDATE", "UPDATE") if request.method == "PUT" else ("CREATE", "GET")
        # An answer without content is judged by whether the contract promises some.
        readings = [(kind.rule(written), answer)] if answer.raw else []
        readings += [(kind.rule(read), collection.get(stored, accept=accept)) for accept in MEDIA_TYPES]
        for rule, reading in readings:
            try:
                kind.require_stored(reading.expect(200, _CREATED).body, body, f"the {kind.noun}")
            except Broken as defect:
                self._say(
                    rule,
                    reading,
                    f"sent as {request.media_type}: {defect.message}",
                    expected=defect.expected,
                    got=defect.got,
                )
            else:
                self._say(rule, reading)

    def _require_conflict(
        self,
        kind: Kind,
        collection: Collection,
        request: GeneratedRequest,
        name: str,
        live: dict[str, str],
        needed: str,
    ) -> None:
        """Send again what was accepted: it is a conflict, and changes nothing."""
        body = bind(request.body, name=name, namespace=self.cmf.features.namespace, needed=needed)
        stored = collection.name_of(body)
        before = kind.view(collection.get(stored).needed(200).body)
        again = replace(request, validity=Validity.UNSURE, why="the name is taken", where="")
        answer = self._send(again, name, live, needed)
        if answer is None:
            return
        after = kind.view(collection.get(stored).needed(200).body)
        difference = first_difference(before, after)
        if answer.status != _CONFLICT and answer.status < _SERVER_ERROR:
            self._say(
                kind.rule("CONFLICT"),
                answer,
                "a name that is taken was not refused as such",
                expected="409",
                got=str(answer.status),
            )
        else:
            self._say(
                kind.rule("CONFLICT"),
                answer,
                f"a refused creation changed {difference[0]}" if difference else "",
                expected=difference[1] if difference else "",
                got=difference[2] if difference else "",
            )

    def _look_for_refused(self, kind: Kind, collection: Collection) -> None:
        """One look at the list for all creations that were refused."""
        listed = collection.names()
        for name, answer in self._refused.items():
            there = is_among(name, listed)
            self._say(
                self._known(kind.rule("NAME-REFUSED"), kind.rule("REFUSED")),
                answer,
                "a creation was refused and took place" if there else "",
                expected="nothing created",
                got=name,
            )

    def _say(
        self, rule: str, answer: Answer, message: str = "", *, expected: str = "", got: str = ""
    ) -> None:
        outcome = broken(self.catalogue.requirements[rule].level) if message else Verdict.PASS
        name = f"generated requests of {self.operation}"
        self.sink(Finding(rule, outcome, name, message, expected, got), answer.exchange)


def is_among(name: str, listed: Iterable[str]) -> bool:
    """Whether a name of ours stands in one of these, with whatever was generated around it.

    Our names end with a number, and the one that is numbered 40 is not the one that is numbered 4.
    """
    ours = re.compile(re.escape(name) + r"(?!\d)")
    return any(ours.search(each) for each in listed)


def written_kind(operation: str) -> Kind | None:
    """The kind of resource whose body an operation takes."""
    return next(
        (kind_of(plural) for plural, routes in ROUTES.items() if operation in {routes.post, routes.put}), None
    )


def _is_in_map(pointer: str) -> bool:
    """Whether a value lies under a key of the client's own, where only texts may be."""
    return not _MAPS.isdisjoint(list(_tokens(pointer))[:-1])


def _at(value: Any, pointer: str) -> Any:
    for token in _tokens(pointer):
        value = value.get(token) if isinstance(value, dict) else None
    return value


def _tokens(pointer: str) -> Iterator[str]:
    for token in pointer.split("/")[1:]:
        yield token.replace("~1", "/").replace("~0", "~")
