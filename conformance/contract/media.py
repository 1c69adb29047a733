"""Bodies: reading JSON and YAML strictly, and writing them.

Both readers give plain JSON-like values.  A body that is not well-formed, not UTF-8, or not
representable as JSON (a YAML tag, a key that is no scalar) raises ``Malformed`` with one line that says why.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

JSON = "application/json"
YAML = "application/yaml"
MEDIA_TYPES = (JSON, YAML)
MAX_NODES = 200_000
"""Values in a body, in YAML once its aliases are expanded; more are refused unread, as each takes up to 1 kB."""
MAX_DEPTH = 500
"""Levels of nesting that are read, in either media type."""
_LONGEST_INTEGER = 4_000
"""Digits up to which integers are exact; Python converts no more than 4300."""


class Malformed(Exception):
    """A body cannot be read as the media type it is declared as."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A parsed Content-Type: lower-case essence and charset."""

    essence: str
    charset: str | None

    @classmethod
    def parse(cls, header: str | None) -> MediaType | None:
        """The media type of a Content-Type header, or None when there is none."""
        if header is None or not header.strip():
            return None
        essence, *parameters = header.split(";")
        pairs = (parameter.partition("=") for parameter in parameters)
        charset = next(
            (value.strip(' "') for key, _, value in pairs if key.strip().lower() == "charset"), None
        )
        return cls(essence.strip().lower(), charset.lower() if charset else None)


def read(body: bytes, media_type: str) -> Any:
    """The value of a body of one of the two media types; raises ``Malformed``."""
    text = decode(body)
    if media_type == JSON:
        return read_json(text)
    try:
        return read_yaml(text)
    except Malformed as defect:
        # JSON is meant to be YAML, and servers answer it as such; it may hold characters that YAML would escape.
        try:
            return read_json(text)
        except Malformed:
            raise defect from None


def decode(body: bytes) -> str:
    """The body as text; both media types are UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from error


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")


def read_json(text: str) -> Any:
    """A JSON text as value; NaN, infinities and duplicate keys are not JSON that means one thing."""
    if sum(map(text.count, ",[{")) > MAX_NODES:
        raise Malformed(f"more than the {MAX_NODES:,} values that are read")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_int=_integer, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise Malformed(f"not JSON that can be read: {error}") from error
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_plain(value)
    return value


def _integer(text: str) -> int | float:
    """An integer; one that is too long to be exact as the number that most readers make of it."""
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("an object has the same key twice")
    return result


class _Loader(yaml.CSafeLoader):
    """YAML as data: only the types of JSON, and tags are refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the signature is PyYAML's
        """A mapping whose scalar keys are text: common writers leave ``0`` or ``null`` unquoted where a name stands.

        ``<<`` is a key like others to YAML 1.2; only where it has mappings to merge it is read as YAML 1.1 does.
        """
        for key, value in node.value:
            if key.value == "<<" and key.style not in {"'", '"'} and _is_mappings(value):
                key.tag = "tag:yaml.org,2002:merge"
        self.flatten_mapping(node)
        for position, (key, value) in enumerate(node.value):
            if isinstance(key, yaml.ScalarNode) and key.tag in _SCALARS:
                text = yaml.ScalarNode("tag:yaml.org,2002:str", key.value, key.start_mark, key.end_mark)
                node.value[position] = (text, value)
        return super().construct_mapping(node, deep)


def _is_mappings(node: yaml.Node) -> bool:
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return bool(nodes) and all(isinstance(each, yaml.MappingNode) for each in nodes)


# YAML 1.1 and 1.2 read some plain scalars differently (yes, 1e3, 12:30:00, 2025-03-31), and both are in use.
# A plain scalar has another type than string only where both versions agree; so text that either
# kind of writer left unquoted is read as the text it was.
_PLAIN = (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?", "-+.0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
)
_SCALARS = frozenset(tag for tag, _, _ in _PLAIN)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_first))


def _yaml_integer(loader: _Loader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node))
    return int(text, 16) if text.startswith("0x") else _integer(text)


def _yaml_float(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node))
    if text.lstrip("+-").lower() in {".inf", ".nan"}:
        raise Malformed(f"{text} has no JSON value")
    return float(text)


_Loader.add_constructor("tag:yaml.org,2002:int", _yaml_integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _yaml_float)


_ODD = re.compile(r"[\s\[{,][?:][^\s,\[\]{}]")
"""What a text has that may need mending: most have not, and are not looked at any closer."""
_REST = r"(?:[^,\[\]{}:]|:(?![\s,\[\]{}]))*"
_FLOW = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)"""
    rf"|(?P<odd>(?<=[\s\[{{,])[?:](?=[^\s,\[\]{{}}]){_REST})"
    rf"|(?P<plain>[^\s,\[\]{{}}?:\"'#]{_REST})",
    re.DOTALL,
)


def _with_odd_text_quoted(text: str) -> str:
    """Flow YAML, with plain text that begins with a question mark or a colon in quotes.

    YAML 1.2 lets it stand plain in a flow collection, and libyaml takes its first character for an indicator.
    """

    def quoted(found: re.Match[str]) -> str:
        plain = found["odd"]
        return found[0] if plain is None else "'" + plain.rstrip().replace("'", "''") + "'"

    return _FLOW.sub(quoted, text) if text[:1] in {"{", "["} and _ODD.search(text) else text


def read_yaml(text: str) -> Any:
    """A YAML text as JSON-like value; one that is too deep, or too large once expanded, is refused unread."""
    text = _with_odd_text_quoted(text)
    try:
        check_shape(text)
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        raise Malformed(f"not YAML: {reason}{f' in line {mark.line + 1}' if mark else ''}") from error
    if len(documents) > 1:
        raise Malformed("more than one YAML document")
    value = documents[0] if documents else None
    _check_plain(value)
    return value


@dataclass(slots=True)
class _Extent:
    """How far a YAML node reaches, with everything that its aliases stand for."""

    anchor: str | None = None
    nodes: int = 1
    height: int = 0

    def take_in(self, child: _Extent) -> None:
        self.nodes += child.nodes
        self.height = max(self.height, child.height + 1)


def check_shape(text: str) -> None:
    """Raise ``Malformed`` for YAML that would exhaust whoever builds it: deep, endless or multiplying.

    The parser's events come one by one, so this needs no stack and no memory to speak of; the composer is
    recursive in C, and would take the process with it.
    """
    known: dict[str, _Extent] = {}
    open_nodes = [_Extent()]
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append(_Extent(event.anchor))
            done = None
        elif isinstance(event, yaml.ScalarEvent):
            done = _Extent(event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            done = known.get(event.anchor or "")
            if done is None:
                raise Malformed(f"the alias {event.anchor} stands for what it is part of, or for nothing")
        elif isinstance(event, yaml.CollectionEndEvent):
            done = open_nodes.pop()
        else:
            continue
        if done is not None:
            open_nodes[-1].take_in(done)
            if isinstance(event, yaml.ScalarEvent | yaml.CollectionEndEvent) and done.anchor:
                known[done.anchor] = done
        if open_nodes[-1].nodes > MAX_NODES or len(open_nodes) + open_nodes[-1].height > MAX_DEPTH:
            raise Malformed("too large or too deep once its aliases are expanded")


def _check_plain(value: Any) -> None:
    """Raise ``Malformed`` unless the value is a tree of JSON types of bounded depth."""
    pending = [(value, 0)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise Malformed(f"nested more than {MAX_DEPTH} levels deep")
        if isinstance(node, dict):
            odd = [key for key in node if not isinstance(key, str)]
            if odd:
                raise Malformed(f"a key is {type(odd[0]).__name__}, not a string")
            pending.extend((child, depth + 1) for child in node.values())
        elif isinstance(node, list):
            pending.extend((child, depth + 1) for child in node)
        elif not (node is None or isinstance(node, (str, bool, int, float))):
            raise Malformed(f"a {type(node).__name__} has no JSON value")


def write(value: Any, media_type: str) -> bytes:
    """A value as a body of one of the two media types."""
    if media_type == JSON:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    return yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False).encode("utf-8")


class _Dumper(yaml.CSafeDumper):
    """YAML without anchors, so that every reader understands it, and with ambiguous text quoted."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Readers of YAML 1.1 and 1.2 disagree on which plain scalars are text; a quoted one is text for all.
    plain = text.isascii() and text.replace("-", "a").replace("_", "a").isalnum() and text[0].isalpha()
    plain = plain and text.lower() not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)
