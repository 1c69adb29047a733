"""Generated requests for an operation of which nothing is known but the document.

What their answers mean is judged by what holds for every exchange: documented statuses, media types, schemas, and no
5xx.  A request that can't be proved to touch only what is this run's is not sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import jsonschema_rs
from hypothesis.errors import HypothesisException
from schemathesis.errors import SchemathesisError

from conformance.expectations import Broken, Unmet
from conformance.properties.document import Document, Operation
from conformance.properties.encoding import encode
from conformance.properties.generation import requests_for
from conformance.properties.lineage import Lineage
from conformance.properties.request import Generated, GeneratedRequest
from conformance.properties.tally import Tally
from conformance.target.cmf import Cmf
from conformance.target.layout import Layout
from conformance.target.wire import GuardRefusal

_UNGENERATED = (
    HypothesisException,
    SchemathesisError,
    jsonschema_rs.ValidationError,
    RecursionError,
    re.error,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)
"""What generation raises for schemas that it can't satisfy or understand."""


@dataclass
class Survey:
    """The generated requests of one operation, against parents that are created as the paths tell."""

    cmf: Cmf
    document: Document
    layout: Layout
    operation: str
    seed: int
    budget: int
    tally: Tally = field(init=False)
    sent: int = 0
    answered: int = 0
    withheld: dict[str, int] = field(default_factory=dict)
    """Why requests were not sent, and how many each time."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.document, self.known, self.cmf.prefix)

    @property
    def known(self) -> Operation:
        """The operation as the document has it."""
        return self.document.operations[self.operation]

    def run(self) -> None:
        """Send everything.

        Raises ``Unmet`` when nothing may be sent, could be generated, or was answered: then nothing was tested.
        """
        if reason := self.layout.refused.get(self.operation):
            self.tally.dropped((("everything", reason),))
            raise Unmet(f"{self.operation} is not sent: {reason}")
        lineage = Lineage(self.cmf, self.document, self.layout, self.known)
        for request in self._generated():
            self._send(request, lineage)
        self.tally.dropped(tuple((f"path {name}, live", why) for name, why in lineage.unbound.items()))
        self.tally.dropped(tuple((f"{count} requests", why) for why, count in self.withheld.items()))
        if not self.sent:
            reasons = "; ".join(dict.fromkeys((*self.withheld, *(why for _, why in self.tally.left_out))))
            raise Unmet(f"no request of {self.operation} was sent: {reasons or 'none could be generated'}")
        if not self.answered:
            raise Unmet(f"none of {self.sent} generated requests was answered")

    def _generated(self) -> Generated:
        try:
            generated = requests_for(
                self.document,
                self.operation,
                seed=self.seed,
                budget=self.budget,
                features=self.cmf.features,
            )
        except _UNGENERATED as problem:
            line = " ".join(str(problem).split())[:200]
            raise Unmet(
                f"no request of {self.operation} could be generated: {type(problem).__name__}: {line}"
            ) from problem
        self.tally.dropped(generated.dropped)
        return generated

    def _send(self, request: GeneratedRequest, lineage: Lineage) -> None:
        try:
            live = lineage.live()
        except Broken as broken:
            raise Unmet(f"what it needs could not be created: {broken}") from broken
        name = self.cmf.name("gen")
        if self.known.method != "POST" and live and lineage.by_name and not request.path_parameters:
            name = list(live.values())[-1]
        encoded = encode(request, name=name, namespace=self.cmf.features.namespace, live=live)
        try:
            answer = self.cmf.send(
                request.method,
                encoded.path,
                query=encoded.query,
                headers=encoded.headers,
                content=encoded.content,
                accept=None,
            )
        except GuardRefusal:
            # Whether a body can be proved to be ours is for the guard to say, of the very bytes that would be sent.
            reason = "it can't be proved to touch only what is this run's"
            self.withheld[reason] = self.withheld.get(reason, 0) + 1
            return
        except Unmet:
            self.sent += 1
            self.tally.sent(request, encoded)
            return
        self.sent += 1
        self.answered += 1
        self.tally.sent(request, encoded)
        self.tally.answered(request, answer.exchange)
