"""The layout of a document: in which of its collections a run may create, and which of its writes are not sent.

Judged by the document alone, and cautiously: a write is refused, with the reason, unless its path can be proved to name
what is the run's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.normal import LINKS, UNWRITABLE, anonymous
from conformance.contract.openapi import Contract, Operation
from conformance.target.layout import Collection, Layout
from conformance.target.routes import ACTIONS, CHILD_COLLECTIONS, GLOBAL_COLLECTIONS

_IDENTITY = re.compile(r"(^|_|-|[a-z])(id|uid|uuid|Id|Uid|Uuid|ID|UID|UUID)$")
_READS = frozenset({"GET"})
_POINTERS = ("/metadata/uid", "/metadata/id", "/uid", "/id")
_ENVIRONMENT = f"{GLOBAL_COLLECTIONS['environments']}/{{}}"
_KNOWN = (
    *GLOBAL_COLLECTIONS.values(),
    *(f"{_ENVIRONMENT}/{kind}" for kind in CHILD_COLLECTIONS),
)
"""The collections of the contract."""
KNOWN_ITEMS: Mapping[str, str] = {
    **{f"{path}/{{}}": kind for kind, path in GLOBAL_COLLECTIONS.items()},
    **{f"{_ENVIRONMENT}/{kind}/{{}}": kind for kind in CHILD_COLLECTIONS},
    f"{_ENVIRONMENT}/applications/{{}}/instances/{{}}": "instances",
}
"""The paths of the resources of the contract, and the words for their kinds."""
_KNOWN_BELOW = tuple(f"{_ENVIRONMENT}/applications/{{}}/{action}" for action in ACTIONS)


def chart(contract: Contract) -> Layout:
    """The layout of a document in normal form."""
    return _Chart(contract).layout()


class _Chart:
    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.methods: dict[str, dict[str, Operation]] = {}
        for operation in contract.operations.values():
            self.methods.setdefault(anonymous(operation.template), {})[operation.method] = operation
        self.collections: dict[str, Collection] = {}
        self.refused: dict[str, str] = {}
        self.below: list[str] = []

    def layout(self) -> Layout:
        for path in sorted(self.methods, key=lambda path: (path.count("{}"), path)):
            creation = self.methods[path].get("POST")
            if path not in _KNOWN and creation is not None and f"{path}/{{}}" in self.methods:
                found = self._collection(path, creation)
                if isinstance(found, str):
                    self.refused[creation.id] = found
                else:
                    self.collections[path] = found
        for path, methods in self.methods.items():
            for method, operation in methods.items():
                if method not in _READS and operation.id not in self.refused:
                    problem = self._form(operation) or self._objection(path, method)
                    if problem:
                        self.refused[operation.id] = problem
        return Layout(tuple(self.collections.values()), tuple(dict.fromkeys(self.below)), self.refused)

    def _items(self) -> Iterator[str]:
        """The paths of the resources that a run can create."""
        yield from (f"{path}/{{}}" for path in (*_KNOWN, *self.collections))

    def _around(self, path: str) -> str:
        """The path of the innermost resource around a path that a run can create; empty when there is none."""
        inside = (item for item in self._items() if path.startswith(f"{item}/"))
        return max(inside, key=len, default="")

    def _collection(self, path: str, creation: Operation) -> Collection | str:
        """The collection of this path, or why nothing is created in it."""
        item = self.methods[f"{path}/{{}}"]
        if "DELETE" not in item:
            return f"what it creates could not be removed again: there is no DELETE of {path}/{{}}"
        around = self._around(path)
        if path.removeprefix(around).count("{}"):
            return f"{path} lies in what no run can create"
        if problem := self._form(creation):
            return problem
        parameter = next(iter(item.values())).template.rsplit("/", 1)[-1].strip("{}")
        named = self.contract.name_in(creation.request_schema)
        linked = self._linked(creation, {operation.id for operation in item.values()}, parameter)
        if not _IDENTITY.search(parameter) and not linked:
            return Collection(path) if named else "what it creates would not bear a name of this run"
        if not around:
            return (
                "what it creates is addressed by an id of the target, which can't be proved to be this run's"
            )
        pointer = linked or self._identity(creation)
        return (
            Collection(path, pointer) if pointer else "its answer does not say what addresses what it creates"
        )

    def _linked(self, creation: Operation, operations: set[str], parameter: str) -> str:
        """Where the links of a creation say that the last parameter of its resource is to be found."""
        links: Mapping[str, Mapping[str, str]] = self._raw(creation).get(LINKS, {})
        for aim in sorted(operations & links.keys()):
            expression = links[aim].get(parameter, "")
            if expression.startswith("$response.body#/"):
                pointer = expression.partition("#")[2]
                return "" if pointer in {"/name", "/metadata/name"} else pointer
        return ""

    def _identity(self, creation: Operation) -> str:
        answers = [each for status, each in creation.answers.items() if status // 100 == 2]  # noqa: PLR2004
        for answer in answers:
            for pointer in _POINTERS:
                if answer.schema and self.contract.declares(answer.schema, pointer):
                    return pointer
        return ""

    def _form(self, operation: Operation) -> str:
        """Why no request of an operation that writes can be made; empty when one can."""
        raw = self._raw(operation)
        if problem := raw.get(UNWRITABLE):
            return str(problem)
        for parameter in raw.get("parameters", ()):
            if parameter.get("required") and parameter["in"] == "query":
                return f"it needs the query parameter {parameter['name']}, and a write with a query is never sent"
            if parameter.get("required") and parameter["in"] in {"header", "cookie"}:
                return f"it needs the {parameter['in']} {parameter['name']}, of which nothing is known"
        return ""

    def _objection(self, path: str, method: str) -> str:
        """Why a write to a path can't be proved to be this run's; empty when it can."""
        if path in _KNOWN or path in self.collections:
            return "" if method == "POST" else "it writes to a whole collection"
        if path in self._items() or path in _KNOWN_BELOW:
            return ""
        if not path.count("{}"):
            return "its path names nothing that is this run's"
        if f"{path}/{{}}" in self.methods and method != "POST":
            return "it writes to a whole collection"
        if self._around(path):
            self.below.append(path)
            return ""
        return "its path names what no run can create and remove"

    def _raw(self, operation: Operation) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.contract.document["paths"][operation.template][
            operation.method.lower()
        ]
        return found
