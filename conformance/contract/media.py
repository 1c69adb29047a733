"""Bodies: reading JSON and YAML strictly, and writing them.

Both readers give plain JSON-like values.  A body that is not well-formed, not UTF-8, or not
representable as JSON (a YAML tag, a non-string key) raises ``Malformed`` with one line that says why.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

JSON = "application/json"
YAML = "application/yaml"
MEDIA_TYPES = (JSON, YAML)
MAX_NODES = 2_000_000
MAX_DEPTH = 500


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
        charset = next((value.strip(' "') for key, _, value in (p.partition("=") for p in parameters) if key.strip().lower() == "charset"), None)
        return cls(essence.strip().lower(), charset.lower() if charset else None)


def read(body: bytes, media_type: str) -> Any:
    """The value of a body of one of the two media types; raises ``Malformed``."""
    text = decode(body)
    return read_json(text) if media_type == JSON else read_yaml(text)


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
    try:
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise Malformed(f"not JSON that can be read: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("an object has the same key twice")
    return result


class _Loader(yaml.CSafeLoader):
    """YAML as data: only the types of JSON, and tags are refused."""


# YAML 1.1 and 1.2 read some plain scalars differently (yes, 1e3, 12:30:00, 2025-03-31), and both are in use.
# A plain scalar has another type than string only where both versions agree; so text that either
# kind of writer left unquoted is read as the text it was.
_PLAIN = (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?", "-+.0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-+."),
    ("tag:yaml.org,2002:merge", r"<<", "<"),
)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), list(_first))


def read_yaml(text: str) -> Any:
    """A YAML text as JSON-like value."""
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))  # noqa: S506 - derived from the safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        raise Malformed(f"not YAML: {reason}{f' in line {mark.line + 1}' if mark else ''}") from error
    if len(documents) > 1:
        raise Malformed("more than one YAML document")
    value = documents[0] if documents else None
    _check_plain(value)
    return value


def _check_plain(value: Any) -> None:
    """Raise ``Malformed`` unless the value is a tree of JSON types of bounded size."""
    pending = [(value, 0)]
    nodes = 0
    while pending:
        node, depth = pending.pop()
        nodes += 1
        if nodes > MAX_NODES or depth > MAX_DEPTH:
            raise Malformed("too large or too deep once its aliases are expanded")
        if isinstance(node, dict):
            if odd := next((key for key in node if not isinstance(key, str)), None):
                raise Malformed(f"a key is {type(odd).__name__}, not a string")
            pending.extend((child, depth + 1) for child in node.values())
        elif isinstance(node, list):
            pending.extend((child, depth + 1) for child in node)
        elif isinstance(node, float):
            if not math.isfinite(node):
                raise Malformed(f"{node} has no JSON value")
        elif not (node is None or isinstance(node, (str, bool, int))):
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
