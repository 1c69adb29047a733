"""Every name that a request body could be read as, by whatever reads it.

The guard must know what a server *might* see, not what the contract says it should.  So duplicate keys all
count, keys are compared without regard to case, both JSON and YAML are tried, and a body that neither can
read is searched for the word ``name`` as plain text.  Nothing here recurses, builds objects, or expands
aliases: the bodies are hostile by design.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import yaml

LARGEST = 4 * 1024 * 1024
"""Bytes of a body that are looked at; the guard lets no larger one out."""
NAME_KEYS = frozenset({"name", "metadata.name"})
ENVIRONMENT_KEYS = frozenset({"environment", "environmentname", "envname", "metadata.environment"})

_CORE_TAGS = frozenset(
    {"!", *(f"tag:yaml.org,2002:{word}" for word in ("str", "int", "float", "bool", "null"))}
)
_CORE_TAGS_OF_NODES = frozenset({"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_DEEPEST = 1_000
"""Levels of YAML; its parser needs time that grows with the square of the depth."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()

_LOOSE_NAME = re.compile(
    r"""(?<![\w$-])name(?![\w$-])["'\s]*(?:[:=]>?)?["'\s]*(?P<value>[^"'\s,{}\[\]<>&]*)(?P<next>.?)""",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_ESCAPED_LETTER = re.compile(r"\\(?:u\{|u00|U000000|x)[0-9A-Fa-f]", re.ASCII)


class Pairs(list[tuple[Any, Any]]):
    """A mapping with all its keys, duplicates too."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A scalar that a reader may take for something else than a string: a number, a boolean, a date."""

    text: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A scalar or node with a tag of its own: nobody knows what a reader makes of it."""

    text: str


Tree: TypeAlias = Any
"""A ``str``, None, ``Plain``, ``Odd``, ``Pairs`` or a list of those."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body could mean."""

    trees: tuple[Tree, ...]
    """One for each document in it."""
    loose: tuple[str, ...]
    """Texts in which a careless reader could find more than the trees show."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that could be taken for the name."""

    text: str | None
    """None for null."""
    nested: bool = False
    """It stands inside a list or an object in the place of the name."""
    plain: bool = False
    """It is not necessarily a string."""
    odd: bool = False
    """No telling what a reader makes of it."""


@lru_cache(maxsize=8)
def read(body: bytes, content_type: str) -> Reading:
    """Read a body every way it could be read."""
    if not body.strip():
        return Reading((), ())
    as_json = _json(body)
    if as_json is not None:
        # JSON means the same to every reader of JSON and YAML, and is nothing else to any other.
        tree = as_json[0]
        return Reading((tree,), (tree,) if isinstance(tree, str) else ())
    as_yaml = _yaml(body)
    if as_yaml is not None and "yaml" in content_type.lower():
        return Reading(as_yaml, tuple(tree for tree in as_yaml if isinstance(tree, str)))
    return Reading(as_yaml or (), _texts(body))


def candidates(reading: Reading, keys: frozenset[str] = NAME_KEYS) -> Iterator[Candidate]:
    """Every value in the place of a name: at the top, in ``metadata``, and in what unwraps to them."""
    for value in _values(reading.trees, keys):
        yield from _candidates(value)
    if keys is NAME_KEYS:
        for text in reading.loose:
            yield from _loose(text)


def _values(trees: Iterable[Tree], keys: frozenset[str]) -> Iterator[Tree]:
    todo: list[Tree] = list(trees)
    seen: set[int] = set()
    while todo:
        root = todo.pop()
        if id(root) in seen:
            continue
        seen.add(id(root))
        if isinstance(root, Pairs):
            for key, value in root:
                word = _word(key)
                if word in keys or isinstance(key, Odd):
                    yield value
                if word in {"metadata", "<<"} or len(root) == 1:
                    todo.append(value)
        elif isinstance(root, list):
            todo.extend(root)


def _word(key: Tree) -> str:
    return key.strip().casefold() if isinstance(key, str) else ""


def _candidates(value: Tree) -> Iterator[Candidate]:
    if not isinstance(value, list):
        yield _candidate(value, nested=False)
        return
    todo: list[Tree] = [value]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            if id(node) not in seen:
                seen.add(id(node))
                todo.extend(item for _, item in node) if isinstance(node, Pairs) else todo.extend(node)
        else:
            yield _candidate(node, nested=True)


def _candidate(value: Tree, *, nested: bool) -> Candidate:
    if isinstance(value, Odd):
        return Candidate(value.text, nested, odd=True)
    if isinstance(value, Plain):
        return Candidate(value.text, nested, plain=True)
    return Candidate(value, nested)


def _loose(text: str) -> Iterator[Candidate]:
    if _ESCAPED_LETTER.search(text):
        yield Candidate("an escaped letter", odd=True)
    for match in _LOOSE_NAME.finditer(text):
        value = match["value"]
        if value and value not in _NULLS:
            yield Candidate(value)
        elif match["next"] in set("{[<>&"):
            yield Candidate(match["next"], odd=True)


def _json(body: bytes) -> tuple[Tree] | None:
    try:
        tree = json.loads(
            body, object_pairs_hook=Pairs, parse_int=Plain, parse_float=Plain, parse_constant=Plain
        )
    except (ValueError, RecursionError):
        return None
    return (_plain(tree),) if isinstance(tree, bool) else (_with_plain_booleans(tree),)


def _plain(value: bool) -> Plain:  # noqa: FBT001 - the value itself
    return Plain("true" if value else "false")


def _with_plain_booleans(tree: Tree) -> Tree:
    """The tree with ``Plain`` for each boolean, so that a scalar is a string, None, ``Plain`` or ``Odd``."""
    todo: list[list[Any]] = [tree] if isinstance(tree, list) else []
    while todo:
        node = todo.pop()
        for index, item in enumerate(node):
            value = item[1] if isinstance(node, Pairs) else item
            if isinstance(value, bool):
                value = _plain(value)
                node[index] = (item[0], value) if isinstance(node, Pairs) else value
            elif isinstance(value, list):
                todo.append(value)
    return tree


def _yaml(body: bytes) -> tuple[Tree, ...] | None:
    """The documents of a YAML stream, aliases shared and not expanded; None when it cannot be read."""
    builder = _Builder()
    try:
        for event in yaml.parse(body, Loader=_LOADER):
            builder.take(event)
    except (yaml.YAMLError, ValueError, LookupError, RecursionError):
        return None
    return tuple(builder.documents)


class _Builder:
    """Trees from the events of a YAML parser, without recursion."""

    def __init__(self) -> None:
        self.documents: list[Tree] = []
        self._anchors: dict[str | None, Tree] = {}
        self._stack: list[list[Any]] = []

    def take(self, event: yaml.Event) -> None:
        """Go on by one event; raises ``LookupError`` for an unknown anchor, ``ValueError`` when it is too deep."""
        match event:
            case yaml.DocumentStartEvent():
                self._anchors, self._stack = {}, [[]]
            case yaml.DocumentEndEvent():
                self.documents.extend(self._stack.pop())
            case yaml.AliasEvent():
                self._stack[-1].append(self._anchors[event.anchor])
            case yaml.ScalarEvent():
                self._add(event.anchor, _scalar(event))
            case yaml.CollectionStartEvent():
                node: list[Any] = Pairs() if isinstance(event, yaml.MappingStartEvent) else []
                self._add(event.anchor, _tagged(event.tag, node))
                self._stack.append(node)
                if len(self._stack) > _DEEPEST:
                    raise ValueError
            case yaml.CollectionEndEvent():
                node = self._stack.pop()
                if isinstance(node, Pairs):
                    # Up to here it holds keys and values in turn; it is changed in place, for it may hold itself.
                    flat: list[Any] = list(node)
                    node[:] = list(zip(flat[::2], flat[1::2], strict=True))

    def _add(self, anchor: str | None, node: Tree) -> None:
        if anchor:
            self._anchors[anchor] = node
        self._stack[-1].append(node)


def _tagged(tag: str | None, node: list[Any]) -> Tree:
    # A node with a foreign tag is walked as well: it is put beside an Odd that stands for the tag.
    return node if tag is None or tag in _CORE_TAGS_OF_NODES else [Odd(tag), node]


def _scalar(event: yaml.ScalarEvent) -> Tree:
    if event.tag is not None and event.tag not in _CORE_TAGS:
        return Odd(event.value)
    if event.tag is not None and event.tag.endswith(":null"):
        return Odd(event.value)
    if not event.implicit[0]:
        return event.value if event.tag in {None, "!"} or event.tag.endswith(":str") else Plain(event.value)
    if event.value in _NULLS:
        return None
    tag = str(_RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False)))
    return event.value if tag.endswith((":str", ":merge")) else Plain(event.value)


def _texts(body: bytes) -> tuple[str, ...]:
    text = body.decode("utf-8", "replace")
    return (text, body.replace(b"\0", b"").decode("utf-8", "replace")) if b"\0" in body else (text,)
