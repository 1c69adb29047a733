"""YAML as another notation for JSON values.

Read from the events of the C parser without recursion, because a general loader knows tags, dates, sexagesimal
numbers and unbounded aliases, all of which a REST body must not have.  A plain scalar is something else than text
only where YAML 1.1 and 1.2 agree on what it is: ``yes``, ``0123``, ``0o17`` and ``1e3`` stay text.  (A signed
exponent is enough for a number, since that is how JSON is written, and JSON is YAML.)  Written with the C emitter,
every string quoted that *any* YAML version could take for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

MAX_WEIGHT = 4_000_000
"""Characters and nodes after every alias is expanded."""
NODE_WEIGHT = 32

_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+][0-9]+)?|[0-9]+[eE][-+][0-9]+)")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ /.-]*[A-Za-z0-9_/-]")
"""Texts that are candidates for being written without quotes."""
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


class NotYaml(Exception):
    """The text is not one YAML document that stands for a JSON value; the message says why."""


class _Frame:
    """A collection under construction."""

    __slots__ = ("anchor", "key", "value", "weight")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: str | None = None
        self.weight = NODE_WEIGHT


def load(text: str, max_depth: int) -> Any:
    """The value of a YAML text of one document; raises NotYaml."""
    try:
        return _build(_events(text), max_depth)
    except (yaml.YAMLError, UnicodeError) as wrong:
        raise NotYaml(" ".join(str(wrong).split())) from None


def _events(text: str) -> Iterator[Any]:
    loader = _Loader(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _build(events: Iterator[Any], max_depth: int) -> Any:
    root: list[Any] = []
    stack = [_Frame(root, None)]
    anchors: dict[str, tuple[Any, int]] = {}
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            as_key = isinstance(stack[-1].value, dict) and stack[-1].key is None
            scalar = event.value if as_key else _scalar(event)
            _add(stack, scalar, NODE_WEIGHT + len(event.value), event.anchor, anchors)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise NotYaml(f"the alias {event.anchor} has no anchor before it")
            value, weight = anchors[event.anchor]
            _add(stack, value, weight, None, anchors)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
                raise NotYaml(f"the tag {event.tag} is not supported")
            if len(stack) > max_depth:
                raise NotYaml("it is nested too deeply")
            stack.append(_Frame({} if mapping else [], event.anchor))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = stack.pop()
            _add(stack, done.value, done.weight, done.anchor, anchors)
        elif isinstance(event, yaml.DocumentStartEvent) and root:
            raise NotYaml("it holds more than one document")
    return root[0] if root else None


def _add(
    stack: list[_Frame], value: Any, weight: int, anchor: str | None, anchors: dict[str, tuple[Any, int]]
) -> None:
    frame = stack[-1]
    frame.weight += weight
    if frame.weight > MAX_WEIGHT:
        raise NotYaml("it is too large when its aliases are expanded")
    if anchor is not None:
        anchors[anchor] = (value, weight)
    if isinstance(frame.value, list):
        frame.value.append(value)
    elif frame.key is None:
        if not isinstance(value, str):
            raise NotYaml("a key is not a scalar")
        if value in frame.value:
            raise NotYaml(f"the key {value} stands there twice")
        frame.key = value
    else:
        frame.value[frame.key] = value
        frame.key = None


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.tag in ("!", _TAG + "str"):
        return text
    if event.tag is None:
        return _resolve(text) if event.implicit[0] else text
    value = _resolve(text)
    kind = {type(None): "null", bool: "bool", int: "int", float: "float"}.get(type(value))
    if event.tag == _TAG + "float" and kind == "int":
        return float(value)
    if event.tag != f"{_TAG}{kind}":
        raise NotYaml(f"the tag {event.tag} is not supported")
    return value


def _resolve(text: str) -> Any:
    """The value of a plain scalar."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    try:
        if _INT.fullmatch(text):
            return int(text)
        if _HEX.fullmatch(text):
            return int(text, 0)
    except ValueError:
        raise NotYaml("it holds a number that is too large") from None
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        raise NotYaml(f"{text} is no JSON value")
    return text


class _Dumper(_BaseDumper):  # type: ignore[misc]
    """Writes JSON values; repeats shared parts in full, because an alias is no JSON."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return dumper.represent_scalar(_TAG + "str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)


def dump(value: Any) -> bytes:
    """The value as one YAML document in UTF-8, in block style, keys in their order."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=4096
    )
    return text.encode()
