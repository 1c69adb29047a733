"""An OpenAPI document: read within bounds, its references resolved, nothing taken for granted.

A document from a target is not to be trusted: it may be no OpenAPI, broken, endless, or refer to itself.  Whatever
can't be used is a ``UsageError`` that names the document.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from conformance.contract import media
from conformance.errors import UsageError

MOST_BYTES = 8 * 1024 * 1024
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_BASES = 10
_MOST_REFERENCES = 50
"""References to references that are followed."""


@dataclass(frozen=True, slots=True)
class Node:
    """An object of a document, and where it stands; anything that is no object is an empty one."""

    value: Mapping[str, Any]
    pointer: str

    def at(self, *path: str) -> Node:
        """What stands below; an empty object when there is nothing."""
        value: Any = self.value
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return Node(value if isinstance(value, Mapping) else {}, below(self.pointer, *path))

    def entries(self, key: str) -> dict[str, Node]:
        """The entries of an object below, by name."""
        node = self.at(key)
        return {name: node.at(name) for name in node.value}

    def list(self, key: str) -> list[Node]:
        """The objects of a list below."""
        value = self.value.get(key)
        items = value if isinstance(value, list) else []
        return [
            Node(item if isinstance(item, Mapping) else {}, below(self.pointer, key, str(index)))
            for index, item in enumerate(items)
        ]


def below(pointer: str, *path: str) -> str:
    """The JSON pointer of what stands below another."""
    return pointer + "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


class Document:
    """One OpenAPI 3 document."""

    def __init__(self, root: Mapping[str, Any], source: str) -> None:
        """Raises ``UsageError`` when it is no such document."""
        self.root = Node(root, "#")
        self.source = source
        """What it is called in messages."""
        version = root.get("openapi")
        if "swagger" in root and version is None:
            raise UsageError(
                f"{source} is a Swagger {root['swagger']} document; only OpenAPI 3 is compared",
                "convert it to OpenAPI 3 first, or look for one at /v3/api-docs",
            )
        if not isinstance(version, str | int | float):
            raise UsageError(
                f"{source} is no OpenAPI document: it has no field 'openapi'",
                "--spec names a file or URL with an OpenAPI 3 document",
            )
        self.version = str(version)
        if not self.version.startswith("3."):
            raise UsageError(f"{source} is written in OpenAPI {self.version}; only 3.x is compared")
        if not isinstance(root.get("paths", {}), Mapping):
            raise UsageError(f"{source} is no OpenAPI document: its 'paths' is no object")

    @property
    def siblings(self) -> bool:
        """Whether what stands beside a ``$ref`` counts, as it does from OpenAPI 3.1 on."""
        return not self.version.startswith("3.0")

    @property
    def title(self) -> str:
        """Its title and version, as it calls itself."""
        info = self.root.at("info").value
        return " ".join(str(info[key]) for key in ("title", "version") if info.get(key)) or "without a title"

    @property
    def bases(self) -> tuple[str, ...]:
        """The paths of its servers, below which its own paths are meant; without those that are empty.

        Only the first few: each is tried.
        """
        paths = []
        for server in self.root.list("servers"):
            try:
                path = urlsplit(str(server.value.get("url", ""))).path.rstrip("/")
            except ValueError:
                continue
            if path:
                paths.append(path if path.startswith("/") else f"/{path}")
        return tuple(dict.fromkeys(paths))[:_MOST_BASES]

    def resolve(self, node: Node) -> Node:
        """What an object refers to, or the object itself; raises ``UsageError`` when that can't be found."""
        for _ in range(_MOST_REFERENCES):
            reference = node.value.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._target(reference, node.pointer)
        raise UsageError(f"{self.source}: {node.pointer} refers to nothing but further references")

    def operations(self) -> Iterator[tuple[str, str, Node]]:
        """Path template, method in lower case, and operation."""
        for template, item in self.root.entries("paths").items():
            path = self.resolve(item)
            for method in METHODS:
                if isinstance(path.value.get(method), Mapping):
                    yield template, method, path.at(method)

    def path_of(self, template: str) -> Node:
        """The object of a path."""
        return self.resolve(self.root.at("paths", template))

    def _target(self, reference: str, pointer: str) -> Node:
        if not reference.startswith("#/"):
            raise UsageError(
                f"{self.source}: {pointer} refers to {reference}, which is another document",
                "bundle it into one document first",
            )
        keys = [unquote(key).replace("~1", "/").replace("~0", "~") for key in reference[2:].split("/")]
        value: Any = self.root.value
        for key in keys:
            if isinstance(value, list) and key.isascii() and key.isdigit() and int(key) < len(value):
                value = value[int(key)]
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(value, Mapping):
            raise UsageError(f"{self.source}: {pointer} refers to {reference}, which is not there")
        return Node(value, below("#", *keys))


def parse(content: bytes, source: str) -> Document:
    """The document in a content, JSON or YAML; raises ``UsageError`` when there is none."""
    return Document(value_of(content, source), source)


def value_of(content: bytes, source: str) -> Mapping[str, Any]:
    """The object in a content, JSON or YAML; raises ``UsageError``."""
    hint = "--spec names a file or URL with an OpenAPI 3 document"
    if len(content) > MOST_BYTES:
        raise UsageError(f"{source} is larger than {MOST_BYTES:,} bytes", hint)
    try:
        text = media.decode(content).removeprefix("\ufeff")
        value = media.read_json(text) if text.lstrip().startswith("{") else _yaml(text)
    except media.Malformed as problem:
        raise UsageError(f"{source} can't be read: {problem}", hint) from None
    if not isinstance(value, Mapping):
        raise UsageError(f"{source} is no OpenAPI document: it is no object", hint)
    return value


def _yaml(text: str) -> Any:
    """YAML as OpenAPI has it: statuses are often written as numbers, and dates in examples mean text."""
    try:
        media.check_shape(text)
        return _plain(yaml.load(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as problem:
        reason = getattr(problem, "problem", None) or str(problem).splitlines()[0]
        mark = getattr(problem, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise media.Malformed(f"neither JSON nor YAML: {reason}{where}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_word(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    finite = not isinstance(value, float) or math.isfinite(value)
    if value is None or (isinstance(value, str | bool | int | float) and finite):
        return value
    raise media.Malformed(f"a {type(value).__name__} has no JSON value")


def _word(key: Any) -> str:
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)
