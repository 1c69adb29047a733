"""The CMF API as scenarios speak it: environments, applications, and what lies below them.

Every call is one exchange on the wire and returns an ``Answer``, whatever the status.  What a target
does wrong shows as ``Broken`` when the answer is looked at, never as another exception.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from conformance.config import Features, Limits
from conformance.contract import media
from conformance.contract.judgement import error_messages, read_body
from conformance.contract.media import JSON
from conformance.contract.openapi import Contract
from conformance.expectations import Broken, Unmet, field, shown
from conformance.model import Exchange

REFUSED = (400, 422)
"""The statuses with which invalid content is refused (erratum ERR-STATUS-INVALID)."""
Item = dict[str, Any]
Items = list[Item]
Names = list[str]
_ABSENT: Any = object()
_MAX_PAGES = 400


class Sender(Protocol):
    """What sends a request; ``wire.Wire`` is one."""

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
    ) -> Exchange:
        """Send one request and return the exchange."""


class Answer:
    """What the target answered to one request."""

    def __init__(self, exchange: Exchange) -> None:
        if exchange.response is None:
            raise Unmet(f"no answer to {exchange.request.method} {exchange.request.url}: {exchange.error}")
        self.exchange = exchange
        self._response = exchange.response
        self._body: Any = _ABSENT

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    def header(self, name: str) -> str | None:
        """The first value of a response header."""
        return self._response.header(name)

    @property
    def body(self) -> Any:
        """The body as value; raises ``Broken`` when there is none that can be read."""
        if self._body is _ABSENT:
            body = read_body(self._response)
            if body.media_type is None:
                problem = body.problem or "nothing"
                raise self._broken(f"{self._what()} has no readable body", "a body", problem)
            self._body = body.value
        return self._body

    @property
    def raw(self) -> bytes:
        """The body as bytes."""
        return self._response.body

    def at(self, *path: str) -> Any:
        """A field of the body; raises ``Broken`` when it is not there."""
        try:
            return field(self.body, *path)
        except Broken as broken:
            raise self._broken(f"{self._what()}: {broken.message}", broken.expected, broken.got) from None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of a page; raises ``Broken`` when the body is no page."""
        items = self.body.get("items", []) if isinstance(self.body, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self._broken(f"{self._what()} is no page", "an object with a list of items", shown(self.body))
        return items

    @property
    def items_or_body(self) -> Any:
        """The items of a page, or the body that is none: what two answers to the same read share."""
        return self.body["items"] if isinstance(self.body, dict) and "items" in self.body else self.body

    def expect(self, *statuses: int) -> Answer:
        """Raise ``Broken`` unless the status is one of these; returns itself."""
        if self.status not in statuses:
            raise self._broken(
                f"{self._what()} came with status {self.status}",
                " or ".join(map(str, statuses)),
                f"{self.status} {'; '.join(self._messages())}".strip(),
            )
        return self

    def expect_refused(self, *statuses: int) -> Answer:
        """Raise ``Broken`` unless the request was refused, as invalid or with one of these statuses."""
        return self.expect(*dict.fromkeys((*REFUSED, *statuses)))

    def needed(self, *statuses: int) -> Answer:
        """Raise ``Unmet`` unless the status is one of these: the step is arrangement, not observation."""
        if self.status not in statuses:
            raise Unmet(f"{self._what()} came with status {self.status} {'; '.join(self._messages())}".strip())
        return self

    def _broken(self, message: str, expected: str, got: str) -> Broken:
        return Broken(message, expected=expected, got=got, exchange=self.exchange)

    def _messages(self) -> list[str]:
        return [shown(message) for message in error_messages(read_body(self._response).value)]

    def _what(self) -> str:
        return f"the answer of {self.exchange.operation or self.exchange.request.method + ' ' + self.exchange.request.url}"


class Cmf:
    """The API of one target, with names of this run."""

    def __init__(self, sender: Sender, contract: Contract, *, prefix: str, features: Features, limits: Limits) -> None:
        self._sender = sender
        self._contract = contract
        self.prefix = prefix
        self.features = features
        self.limits = limits
        self._numbers = itertools.count(1)
        self.environments = Collection(self, "Environment", "environments", {})

    def name(self, word: str = "r") -> str:
        """A new name of this run, legal for every kind of resource."""
        return f"{self.prefix}{word}-{next(self._numbers)}"

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        accept: str | None = JSON,
    ) -> Answer:
        """Send a request to any path; raises ``Unmet`` when no answer comes."""
        accepting = [("Accept", accept)] if accept else []
        return Answer(self._sender.send(method, path, query=query, headers=[*accepting, *headers], content=content))

    def call(
        self,
        operation: str,
        names: Mapping[str, str] | None = None,
        *,
        body: Any = _ABSENT,
        content: bytes | None = None,
        media_type: str = JSON,
        accept: str | None = JSON,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Call an operation of the contract by its ``operationId``.

        ``body`` is written as ``media_type`` (JSON or YAML); ``content`` is sent as it is instead.
        """
        known = self._contract.operations[operation]
        path = known.template
        for name, value in (names or {}).items():
            path = path.replace("{" + name + "}", quote(value, safe=""))
        if body is not _ABSENT:
            content = media.write(body, media_type)
        typed = [("Content-Type", media_type)] if content is not None else []
        return self.send(
            known.method, path, query=query, headers=[*typed, *headers], content=content, accept=accept
        )

    def applications(self, environment: str) -> Collection:
        """The applications of an environment."""
        return Collection(self, "Application", "applications", {"envName": environment})

    def instances(self, environment: str, application: str) -> Collection:
        """The instances of an application."""
        names = {"envName": environment, "appName": application}
        return Collection(self, "ApplicationInstance", "instances", names)

    def events(self, environment: str, application: str) -> Collection:
        """The events of an application."""
        names = {"envName": environment, "appName": application}
        return Collection(self, "ApplicationEvent", "events", names)

    def start(self, environment: str, application: str, **how: Any) -> Answer:
        """Start an application."""
        return self.call("startApplication", {"envName": environment, "appName": application}, **how)

    def suspend(self, environment: str, application: str, **how: Any) -> Answer:
        """Suspend an application."""
        return self.call("suspendApplication", {"envName": environment, "appName": application}, **how)


_ITEM_PARAMETER = {"Environment": "envName", "Application": "appName", "ApplicationInstance": "instName"}


class Collection:
    """All resources of one kind in one scope."""

    def __init__(self, cmf: Cmf, kind: str, plural: str, scope: Mapping[str, str]) -> None:
        self._cmf = cmf
        self._kind = kind
        self.plural = plural
        self._scope = dict(scope)

    @property
    def is_global(self) -> bool:
        """Whether it lies in no environment."""
        return not self._scope

    def __repr__(self) -> str:
        return f"{self.plural} of {'/'.join(self._scope.values()) or 'the target'}"

    def post(self, body: Any = _ABSENT, **how: Any) -> Answer:
        """Create or update a resource; ``how`` is as in ``Cmf.call``."""
        return self._cmf.call(f"createOrUpdate{self._kind}", self._scope, body=body, **how)

    def get(self, name: str, **how: Any) -> Answer:
        """Read one resource."""
        return self._cmf.call(f"get{self._kind}", self._named(name), **how)

    def delete(self, name: str, **how: Any) -> Answer:
        """Delete one resource."""
        return self._cmf.call(f"delete{self._kind}", self._named(name), **how)

    def list(self, *, page: Any = None, size: Any = None, sort: Sequence[str] | str = (), **how: Any) -> Answer:
        """Read one page; parameters that are None are left out."""
        sorts = [sort] if isinstance(sort, str) else list(sort)
        query = [(key, str(value)) for key, value in (("page", page), ("size", size)) if value is not None]
        query += [("sort", value) for value in sorts]
        return self._cmf.call(f"get{self._kind}s", self._scope, query=query, **how)

    def pages(self, size: int, **how: Any) -> Iterator[Answer]:
        """Every page from page 0 until an empty one; raises ``Broken`` when no page is ever empty."""
        for page in range(_MAX_PAGES):
            answer = self.list(page=page, size=size, **how).expect(200)
            yield answer
            if not answer.items:
                return
        raise Broken(f"the {self} never end", expected="an empty page past the end", got=f"{_MAX_PAGES} pages with items")

    def all(self, size: int = 100, **how: Any) -> Items:
        """The items of all pages."""
        return [item for answer in self.pages(size, **how) for item in answer.items]

    def names(self, **how: Any) -> Names:
        """The names of all items, in order."""
        return [self.name_of(item) for item in self.all(**how)]

    def name_of(self, item: Any) -> str:
        """The name of an item of this kind; raises ``Broken`` when it has none."""
        return str(field(item, "name") if self._kind == "Environment" else field(item, "metadata", "name"))

    def _named(self, name: str) -> dict[str, str]:
        return {**self._scope, _ITEM_PARAMETER[self._kind]: name}
