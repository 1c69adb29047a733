"""Sending generated requests for one operation, and saying what their answers mean.

What holds for every exchange is judged elsewhere; here it is whether what the contract forbids was refused
and had no effect, and whether what it allows was accepted and is read back as it was sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from conformance import bodies, resources
from conformance.contract.media import MEDIA_TYPES
from conformance.expectations import Broken, Unmet, first_difference, require_contains
from conformance.kinds import APPLICATION, ENVIRONMENT, Kind, ground
from conformance.model import Exchange, Finding, Verdict
from conformance.properties.document import Document, load
from conformance.properties.encoding import encode
from conformance.properties.generation import requests_for
from conformance.properties.names import bind
from conformance.properties.request import GeneratedRequest, Validity
from conformance.registry import Catalogue
from conformance.target.answer import REFUSED, Answer
from conformance.target.cmf import Cmf, Collection
from conformance.verdict import broken

_CREATED = 201
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_POSTS = {"createOrUpdateEnvironment": ENVIRONMENT, "createOrUpdateApplication": APPLICATION}
_TYPE_REFUSED = (*REFUSED, 415)


def operations(catalogue: Catalogue) -> tuple[str, ...]:
    """The operations that some requirement speaks of, in the order of the contract."""
    named = {name for requirement in catalogue.requirements.values() for name in requirement.operations}
    return tuple(name for name in document(catalogue.version).operations if name in named)


@lru_cache(maxsize=2)
def document(version: str) -> Document:
    """The contract, loaded for generation."""
    return load(resources.contract_folder(version) / "openapi.yaml")


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
    sent: int = 0
    answered: int = 0
    accepted: int = 0
    """Valid requests that were answered with 2xx."""
    valid: int = 0
    _refused: dict[str, Answer] = field(default_factory=dict)
    _kept: str = ""

    def run(self) -> None:
        """Send everything; raises ``Unmet`` when the parents can't be had."""
        generated = requests_for(
            document(self.catalogue.version), self.operation, seed=self.seed, budget=self.budget, features=self.cmf.features
        )
        environment = self.cmf.name("gen-env")
        self.cmf.environments.post(bodies.environment(environment, self.cmf.features)).needed(200, 201)
        kind = _POSTS.get(self.operation)
        victim = self._create(kind, environment) if kind else ""
        for number, request in enumerate(generated):
            live = self._live(environment)
            if kind is None:
                self._send(request, self.cmf.name("gen"), live)
            else:
                collection = kind.collection(self.cmf, environment)
                # Every other invalid request is an update, so that both refusals are seen to have no effect.
                update = request.validity is Validity.INVALID and number % 2 == 1
                self._post(kind, collection, request, victim if update else self.cmf.name("gen"), live, update=update)
        if kind is not None:
            self._look_for_refused(kind, kind.collection(self.cmf, environment))

    def _create(self, kind: Kind, environment: str) -> str:
        name = self.cmf.name("gen-victim")
        base = ground(kind, self.cmf, environment)
        base.collection.post(base.marked(name, {"note": "as it was"})).needed(200, 201)
        return name

    def _live(self, environment: str) -> dict[str, str]:
        """Live resources for the path of one request; what is deleted is made anew each time."""
        live = {"envName": environment, "appName": "", "instName": str(uuid.uuid5(uuid.NAMESPACE_URL, environment))}
        if self.operation == "deleteEnvironment":
            live["envName"] = self.cmf.name("gen-env")
            self.cmf.environments.post(bodies.environment(live["envName"], self.cmf.features)).needed(200, 201)
        elif "Application" in self.operation and self.operation not in {"getApplications", "createOrUpdateApplication"}:
            live["appName"] = self._application(environment)
        return live

    def _application(self, environment: str) -> str:
        if self.operation != "deleteApplication" and self._kept:
            return self._kept
        name = self.cmf.name("gen-app")
        self.cmf.applications(environment).post(bodies.application(name, self.cmf.features)).needed(200, 201)
        self._kept = name
        return name

    def _send(self, request: GeneratedRequest, name: str, live: dict[str, str]) -> Answer | None:
        """Send one request; None when there is no answer, which is judged elsewhere."""
        encoded = encode(request, name=name, namespace=self.cmf.features.namespace, live=live)
        self.sent += 1
        try:
            answer = self.cmf.send(
                request.method, encoded.path, query=encoded.query, headers=encoded.headers, content=encoded.content, accept=None
            )
        except Unmet:
            return None
        self.answered += 1
        if request.validity is Validity.VALID:
            self.valid += 1
            self.accepted += answer.status // 100 == 2  # noqa: PLR2004 - the class of success
        return answer

    def _post(
        self, kind: Kind, collection: Collection, request: GeneratedRequest, name: str, live: dict[str, str], *, update: bool
    ) -> None:
        before = kind.view(collection.get(name).needed(200).body) if update else None
        answer = self._send(request, name, live)
        if answer is None:
            return
        if request.validity is Validity.INVALID:
            rule = _rule(kind, request)
            wrong = answer.status not in _TYPE_REFUSED and answer.status < _SERVER_ERROR
            self._say(
                rule,
                answer,
                f"{request.where or 'the body'}: {request.why}, answered with {answer.status}" if wrong else "",
                expected="400 or 422",
                got=str(answer.status),
            )
            if _CLIENT_ERROR <= answer.status < _SERVER_ERROR:
                if before is None:
                    self._refused[name] = answer
                else:
                    self._require_unchanged(kind, collection, name, before, answer)
        elif request.validity is Validity.VALID and answer.status == _CREATED and not request.path_parameters:
            self._require_stored(kind, collection, request, name, answer)

    def _require_unchanged(self, kind: Kind, collection: Collection, name: str, before: dict[str, Any], answer: Answer) -> None:
        after = kind.view(collection.get(name).needed(200).body)
        difference = first_difference(before, after)
        self._say(
            kind.rule("REFUSED"),
            answer,
            f"a refused update changed {difference[0]}" if difference else "",
            expected=difference[1] if difference else "",
            got=difference[2] if difference else "",
        )

    def _require_stored(self, kind: Kind, collection: Collection, request: GeneratedRequest, name: str, answer: Answer) -> None:
        body = bind(request.body, name=name, namespace=self.cmf.features.namespace)
        stored = collection.name_of(body)
        readings = [(kind.rule("CREATE"), answer)]
        readings += [(kind.rule("GET"), collection.get(stored, accept=accept)) for accept in MEDIA_TYPES]
        for rule, reading in readings:
            try:
                require_contains(kind.view(reading.expect(200, _CREATED).body), kind.view(body), f"the {kind.noun}")
            except Broken as defect:
                self._say(rule, answer, f"sent as {request.media_type}: {defect.message}", expected=defect.expected, got=defect.got)
            else:
                self._say(rule, answer)

    def _look_for_refused(self, kind: Kind, collection: Collection) -> None:
        """One look at the list for all creations that were refused."""
        listed = collection.names()
        for name, answer in self._refused.items():
            there = any(name in each for each in listed)
            self._say(
                kind.rule("NAME-REFUSED"), answer, "a creation was refused and took place" if there else "", expected="nothing created", got=name
            )

    def _say(self, rule: str, answer: Answer, message: str = "", *, expected: str = "", got: str = "") -> None:
        outcome = broken(self.catalogue.requirements[rule].level) if message else Verdict.PASS
        name = f"generated requests of {self.operation}"
        self.sink(Finding(rule, outcome, name, message, expected, got), answer.exchange)


def _rule(kind: Kind, request: GeneratedRequest) -> str:
    """The requirement that an invalid request is refused by."""
    where, body = request.where, request.body
    value = _at(body, where)
    if not isinstance(body, dict):
        return "CMF-CONTENT-NOT-OBJECT"
    if where.rsplit("/", 1)[-1] == "name" and isinstance(value, str):
        return kind.rule("NAME-MAX" if "{pad:" in value else "NAME-PATTERN")
    if kind is ENVIRONMENT and where == "/kubernetesNamespace" and isinstance(value, str):
        return "CMF-ENV-NAMESPACE"
    if kind is ENVIRONMENT and where.startswith("/statementDefaults/"):
        return "CMF-ENV-BODY-NESTED"
    return kind.rule("BODY")


def _at(value: Any, pointer: str) -> Any:
    for token in _tokens(pointer):
        value = value.get(token) if isinstance(value, dict) else None
    return value


def _tokens(pointer: str) -> Iterator[str]:
    for token in pointer.split("/")[1:]:
        yield token.replace("~1", "/").replace("~0", "~")
