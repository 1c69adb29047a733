"""Live resources for the paths of operations of which nothing is known but the document.

The structure of paths tells what a parameter names: ``/a/{x}`` is created by a POST to ``/a``, whose body bears the
name or whose answer says the id.  What the contract knows too is created as it is for its own operations.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from conformance.contract.media import JSON
from conformance.contract.normal import anonymous
from conformance.expectations import Unmet
from conformance.model import Exchange
from conformance.properties.coverage import coverage
from conformance.properties.document import Document, Operation
from conformance.properties.encoding import encode, write
from conformance.properties.names import SAMPLE_NEEDED, bind
from conformance.properties.parents import Parents, kind_of
from conformance.properties.request import GeneratedRequest, NoBody, Validity
from conformance.target.answer import Answer
from conformance.target.chart import KNOWN_ITEMS
from conformance.target.cmf import ROUTES, Cmf
from conformance.target.layout import Collection, Layout
from conformance.target.wire import GuardRefusal

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TRIES = 8
"""Bodies that are tried until one is accepted."""
_SUCCESS = 2
_SQL = frozenset({"statements", "compute-pools", "secrets", "secret-mappings", "catalogs"})


class Lineage:
    """What the path parameters of one operation can be bound to."""

    def __init__(self, cmf: Cmf, document: Document, layout: Layout, operation: Operation) -> None:
        self._cmf = cmf
        self._document = document
        self._layout = layout
        self._parents = Parents(cmf, "GET", operation.template)
        self._fresh = operation.method == "DELETE"
        self._prefixes = _prefixes(operation.template)
        self._kept: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self.unbound: dict[str, str] = {}
        """Parameters for which nothing lives, and why."""
        self.by_name = True
        """Whether the last parameter is the name of its resource."""

    def live(self) -> dict[str, str]:
        """A live resource for each parameter that one can be had for, a name that nothing has for the others.

        Of what a DELETE names last there is a new one each time.
        """
        found: dict[str, str] = {}
        lost = False
        for number, (parameter, prefix) in enumerate(self._prefixes, start=1):
            last = number == len(self._prefixes)
            try:
                found[parameter] = self._one(prefix, found, lost=lost, fresh=last and self._fresh)
            except Unmet as unmet:
                lost = True
                self.unbound.setdefault(parameter, str(unmet))
                found[parameter] = self._cmf.name("none")
        return found

    def _one(self, prefix: str, around: dict[str, str], *, lost: bool, fresh: bool) -> str:
        path = anonymous(prefix)
        if lost:
            raise Unmet("nothing lives that it lies in")
        if path in self._problems:
            raise Unmet(self._problems[path])
        if path in self._kept and not fresh:
            return self._kept[path]
        try:
            name = self._create(path, prefix, around, fresh=fresh)
        except Unmet as unmet:
            self._problems[path] = str(unmet)
            raise
        self._kept.setdefault(path, name)
        return name

    def _create(self, path: str, prefix: str, around: dict[str, str], *, fresh: bool) -> str:
        plural = KNOWN_ITEMS.get(f"{path}/{{}}")
        if plural is not None:
            return self._known(plural, fresh=fresh)
        collection = next((each for each in self._layout.collections if each.path == path), None)
        if collection is None:
            raise Unmet(f"nothing can be created in {prefix}")
        creation = next(
            each
            for each in self._document.operations.values()
            if each.method == "POST" and anonymous(each.template) == path
        )
        self.by_name = not collection.pointer
        return self._accepted(creation, collection, around)

    def _known(self, plural: str, *, fresh: bool) -> str:
        """A resource that the contract knows, when the document still creates it by the same operation."""
        if plural in _SQL and not self._cmf.features.sql:
            raise Unmet(f"{plural} are declared absent (features.sql)")
        creation = ROUTES[plural].post
        if kind_of(plural) is not None and creation not in self._document.operations:
            raise Unmet(f"the document does not create {plural}")
        return self._parents.create(plural) if fresh else self._parents.kept(plural)

    def _accepted(self, creation: Operation, collection: Collection, around: dict[str, str]) -> str:
        said = "it has no body that could be generated"
        for body in itertools.islice(bodies(self._document, creation, self._cmf), _TRIES):
            name = self._cmf.name("gen")
            request = plain(creation, body)
            encoded = encode(request, name=name, namespace=self._cmf.features.namespace, live=around)
            try:
                answer = self._cmf.send(
                    "POST", encoded.path, headers=encoded.headers, content=encoded.content, accept=None
                )
            except GuardRefusal as refusal:
                said = f"it could not be proved to be this run's: {refusal}"
                continue
            if answer.status // 100 == _SUCCESS:
                return pointed(answer, collection.pointer) if collection.pointer else name
            said = f"the target answered {answer.status} {_message(answer.exchange)}".strip()
        raise Unmet(f"{creation.id} created nothing: {said}")


def bodies(document: Document, operation: Operation, cmf: Cmf) -> Iterator[Any]:
    """Bodies that the schema of an operation allows, the simplest first."""
    drafts, base, _ = coverage(document, operation, cmf.features)
    if not isinstance(base, NoBody):
        yield base
    for draft in drafts:
        if draft.target == "valid" and not isinstance(draft.body, NoBody) and writable(draft.body):
            yield draft.body


def writable(body: Any) -> bool:
    """Whether a body can be written as JSON."""
    try:
        write(bind(body, name="name", namespace="default", needed=SAMPLE_NEEDED), JSON, escape=True)
    except ValueError:
        return False
    return True


def plain(operation: Operation, body: Any) -> GeneratedRequest:
    """A request that varies nothing but its body."""
    media_type = operation.media_types[0] if operation.media_types else None
    return GeneratedRequest(
        operation=operation.id,
        method=operation.method,
        template=operation.template,
        path_parameters={},
        query=(),
        headers=(),
        body=body,
        media_type=media_type,
        accept=operation.accepts[0],
        validity=Validity.UNSURE,
        why="made to be there",
        where="",
        source="parents",
    )


def pointed(answer: Answer, pointer: str) -> str:
    """What an answer to a creation has at a pointer; raises ``Unmet`` when it is no text or number."""
    value = answer.body
    for step in pointer.split("/")[1:]:
        value = value.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise Unmet(f"the answer has nothing at {pointer}")
    return str(value)


def _prefixes(template: str) -> list[tuple[str, str]]:
    """Each parameter of a path, with the path before it."""
    return [(match[1], template[: match.start()].rstrip("/")) for match in _PLACEHOLDER.finditer(template)]


def _message(exchange: Exchange) -> str:
    body = exchange.response.body[:200] if exchange.response else b""
    return " ".join(body.decode("utf-8", "replace").split())
