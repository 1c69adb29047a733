"""The CMF API as scenarios speak it: environments, applications, and what lies below them.

Every call is one exchange on the wire and returns an ``Answer``, whatever the status.  What a target
does wrong shows as ``Broken`` when the answer is looked at, never as another exception.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from conformance.config import Features, Limits
from conformance.contract import media
from conformance.contract.media import JSON
from conformance.contract.openapi import Contract
from conformance.expectations import Broken, Undescribed, field, optional
from conformance.model import Exchange
from conformance.target.answer import Answer

Item = dict[str, Any]
Items = list[Item]
Names = list[str]
_ABSENT: Any = object()
_MAX_PAGES = 400
_WALKS = 4
_FIRST_NUMBER = 10_000
"""The numbers in names are as long as each other, so that no name is the beginning of another."""


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
        authenticate: bool = True,
    ) -> Exchange:
        """Send one request, with the credentials of the run or without, and return the exchange."""


class Cmf:
    """The API of one target, with names of this run."""

    def __init__(
        self, sender: Sender, contract: Contract, *, prefix: str, features: Features, limits: Limits
    ) -> None:
        self._sender = sender
        self._contract = contract
        self.prefix = prefix
        self.features = features
        self.limits = limits
        self._numbers = itertools.count(_FIRST_NUMBER)

    def name(self, word: str = "r") -> str:
        """A new name of this run, legal for every kind of resource, and never the beginning of another."""
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
        authenticate: bool = True,
    ) -> Answer:
        """Send a request to any path, with the credentials of the run; raises ``Unmet`` when no answer comes."""
        accepting = [("Accept", accept)] if accept else []
        whole = [*accepting, *headers]
        return Answer(
            self._sender.send(
                method, path, query=query, headers=whole, content=content, authenticate=authenticate
            )
        )

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
        authenticate: bool = True,
    ) -> Answer:
        """Call an operation of the contract by its ``operationId``.

        ``body`` is written as ``media_type`` (JSON or YAML); ``content`` is sent as it is instead.
        """
        known = self._contract.operations.get(operation)
        if known is None:
            raise Undescribed(f"the document has no operation {operation}")
        path = known.template
        for name, value in (names or {}).items():
            path = path.replace("{" + name + "}", quote(value, safe=""))
        if body is not _ABSENT:
            content = media.write(body, media_type)
        typed = [("Content-Type", media_type)] if content is not None else []
        return self.send(
            known.method,
            path,
            query=query,
            headers=[*typed, *headers],
            content=content,
            accept=accept,
            authenticate=authenticate,
        )

    @property
    def environments(self) -> Collection:
        """All environments."""
        return Collection(self, "environments", {})

    @property
    def secrets(self) -> Collection:
        """All secrets."""
        return Collection(self, "secrets", {})

    @property
    def catalogs(self) -> Collection:
        """All Kafka catalogs."""
        return Collection(self, "catalogs", {})

    def applications(self, environment: str) -> Collection:
        """The applications of an environment."""
        return Collection(self, "applications", {"envName": environment})

    def instances(self, environment: str, application: str) -> Collection:
        """The instances of an application."""
        return Collection(self, "instances", {"envName": environment, "appName": application})

    def events(self, environment: str, application: str) -> Collection:
        """The events of an application."""
        return Collection(self, "events", {"envName": environment, "appName": application})

    def statements(self, environment: str) -> Collection:
        """The statements of an environment."""
        return Collection(self, "statements", {"envName": environment})

    def compute_pools(self, environment: str) -> Collection:
        """The compute pools of an environment."""
        return Collection(self, "compute-pools", {"envName": environment})

    def secret_mappings(self, environment: str) -> Collection:
        """The secret mappings of an environment."""
        return Collection(self, "secret-mappings", {"envName": environment})

    def results(self, environment: str, statement: str, token: str | None = None, **how: Any) -> Answer:
        """One page of the results of a statement; the first without a token."""
        query = [] if token is None else [("page-token", token)]
        return self.call(
            "getStatementResult", {"envName": environment, "stmtName": statement}, query=query, **how
        )

    def exceptions(self, environment: str, statement: str, **how: Any) -> Answer:
        """The latest exceptions of a statement."""
        return self.call("getStatementExceptions", {"envName": environment, "stmtName": statement}, **how)

    def start(self, environment: str, application: str, **how: Any) -> Answer:
        """Start an application."""
        return self.call("startApplication", {"envName": environment, "appName": application}, **how)

    def suspend(self, environment: str, application: str, **how: Any) -> Answer:
        """Suspend an application."""
        return self.call("suspendApplication", {"envName": environment, "appName": application}, **how)


@dataclass(frozen=True)
class Routes:
    """The operations on one kind of resource; None where the contract has no such operation."""

    list: str
    get: str | None = None
    post: str | None = None
    put: str | None = None
    delete: str | None = None
    item: str = ""
    """The path parameter that names one of them."""

    @property
    def operations(self) -> frozenset[str]:
        """All of them, by ``operationId``."""
        return frozenset(filter(None, (self.list, self.get, self.post, self.put, self.delete)))


ROUTES: Mapping[str, Routes] = {
    "environments": Routes(
        "getEnvironments", "getEnvironment", "createOrUpdateEnvironment", None, "deleteEnvironment", "envName"
    ),
    "applications": Routes(
        "getApplications", "getApplication", "createOrUpdateApplication", None, "deleteApplication", "appName"
    ),
    "instances": Routes("getApplicationInstances", "getApplicationInstance", item="instName"),
    "events": Routes("getApplicationEvents"),
    "statements": Routes(
        "getStatements", "getStatement", "createStatement", "updateStatement", "deleteStatement", "stmtName"
    ),
    "compute-pools": Routes(
        "getComputePools", "getComputePool", "createComputePool", None, "deleteComputePool", "computePoolName"
    ),
    "secrets": Routes(
        "getSecrets", "getSecret", "createSecret", "updateSecret", "deleteSecret", "secretName"
    ),
    "secret-mappings": Routes(
        "getEnvironmentSecretMappings",
        "getEnvironmentSecretMapping",
        "createEnvironmentSecretMapping",
        "updateEnvironmentSecretMapping",
        "deleteEnvironmentSecretMapping",
        "name",
    ),
    "catalogs": Routes(
        "getKafkaCatalogs", "getKafkaCatalog", "createKafkaCatalog", None, "deleteKafkaCatalog", "catName"
    ),
}
"""Every kind of resource, by the word that stands for it in a path."""


class Collection:
    """All resources of one kind in one scope."""

    def __init__(self, cmf: Cmf, plural: str, scope: Mapping[str, str]) -> None:
        self._cmf = cmf
        self._routes = ROUTES[plural]
        self._scope = dict(scope)
        self.plural = plural

    @property
    def scope(self) -> dict[str, str]:
        """The path parameters that say where it lies."""
        return dict(self._scope)

    @property
    def is_global(self) -> bool:
        """Whether it lies in no environment."""
        return not self._scope

    @property
    def can_update(self) -> bool:
        """Whether the contract has a PUT for its resources."""
        return self._routes.put is not None

    def __repr__(self) -> str:
        return f"{self.plural} of {'/'.join(self._scope.values()) or 'the target'}"

    def post(self, body: Any = _ABSENT, **how: Any) -> Answer:
        """Create a resource, or update it where POST does that; ``how`` is as in ``Cmf.call``."""
        return self._call(self._routes.post, self._scope, body=body, **how)

    def put(self, name: str, body: Any = _ABSENT, **how: Any) -> Answer:
        """Update one resource."""
        return self._call(self._routes.put, self._named(name), body=body, **how)

    def get(self, name: str, **how: Any) -> Answer:
        """Read one resource."""
        return self._call(self._routes.get, self._named(name), **how)

    def delete(self, name: str, **how: Any) -> Answer:
        """Delete one resource."""
        return self._call(self._routes.delete, self._named(name), **how)

    def list(
        self,
        *,
        page: Any = None,
        size: Any = None,
        sort: Sequence[str] | str = (),
        query: Sequence[tuple[str, str]] = (),
        **how: Any,
    ) -> Answer:
        """Read one page; parameters that are None are left out, ``query`` adds others."""
        sorts = [sort] if isinstance(sort, str) else list(sort)
        pairs = [(key, str(value)) for key, value in (("page", page), ("size", size)) if value is not None]
        pairs += [("sort", value) for value in sorts]
        return self._call(self._routes.list, self._scope, query=[*pairs, *query], **how)

    def pages(self, size: int, **how: Any) -> Iterator[Answer]:
        """Every page from page 0 until one that is empty, refused, or given before.

        What comes past the end is a requirement of its own.  Raises ``Broken`` when no page is any of these.
        """
        met: list[Items] = []
        for page in range(_MAX_PAGES):
            answer = self.list(page=page, size=size, **how)
            if page and answer.status in {400, 404}:
                return
            items = answer.expect(200).items
            if items in met:
                return
            yield answer
            if not items:
                return
            met.append(items)
        raise Broken(
            f"the {self} never end",
            expected="an empty page past the end",
            got=f"{_MAX_PAGES} pages with items",
        )

    def all(self, size: int = 100, **how: Any) -> Items:
        """The items of all pages.

        What others remove meanwhile moves what lies behind it onto pages that were read before.  So a list that they
        may be changing, and that has several pages, is read until it twice has the same names, at most a few times.
        """
        pages = self._filled(size, **how)
        for _ in range(_WALKS if self.is_global and len(pages) > 1 else 0):
            before, pages = pages, self._filled(size, **how)
            if self._labels(before) == self._labels(pages):
                break
        return [item for page in pages for item in page]

    def _filled(self, size: int, **how: Any) -> Sequence[Items]:
        return [answer.items for answer in self.pages(size, **how) if answer.items]

    def _labels(self, pages: Iterable[Items]) -> Items:
        path = ("name",) if self.plural == "environments" else ("metadata", "name")
        return [optional(item, *path) for page in pages for item in page]

    def names(self, **how: Any) -> Names:
        """The names of all items, in order."""
        return [self.name_of(item) for item in self.all(**how)]

    def items(self, name: str) -> Items:
        """The items of this name in the list, one at most in a correct one."""
        return [item for item in self.all() if self.name_of(item) == name]

    def item(self, name: str) -> Any:
        """The item of this name in the list; raises ``Broken`` unless it is there exactly once."""
        items = self.items(name)
        if len(items) != 1:
            raise Broken(f"{name} is listed {len(items)} times", expected="once", got=f"{len(items)} times")
        return items[0]

    def name_of(self, item: Any) -> str:
        """The name of an item of this kind; raises ``Broken`` when it has none."""
        return str(field(item, "name") if self.plural == "environments" else field(item, "metadata", "name"))

    def _call(self, operation: str | None, names: Mapping[str, str], **how: Any) -> Answer:
        if operation is None:
            raise LookupError(f"the contract has no such operation on {self.plural}")
        return self._cmf.call(operation, names, **how)

    def _named(self, name: str) -> dict[str, str]:
        return {**self._scope, self._routes.item: name}
