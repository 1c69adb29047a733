"""Schemas of any dialect of OpenAPI as JSON Schema 2020-12, each reference to a component.

What says nothing about a value (titles, examples, defaults) is left out: an example may be the name of something real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from conformance.errors import ConfigurationError

Node = Any

HINT = "check the document with a linter of OpenAPI"
SCHEMAS = "#/components/schemas/"
_ONE = frozenset(
    {
        "items",
        "additionalProperties",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_KEPT = frozenset(
    {
        "type",
        "enum",
        "const",
        "pattern",
        "required",
        "format",
        "readOnly",
        "writeOnly",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minContains",
        "maxContains",
        "minProperties",
        "maxProperties",
        "dependentRequired",
    }
)
_FORMATS = frozenset(
    {
        *("date-time", "date", "time", "email", "uuid", "uri", "hostname", "ipv4", "ipv6"),
        *("byte", "binary", "int32", "int64", "float", "double", "password"),
    }
)
_DEEPEST = 100


class Schemas:
    """The schemas of one document, by name, as they are met."""

    def __init__(self, document: Mapping[str, Any], notes: list[str]) -> None:
        """``notes`` takes what is left out, and why."""
        self.raw = document
        self.modern = not str(document.get("openapi")).startswith("3.0")
        self.notes = notes
        self.named: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}

    def take(self, name: str, node: Node) -> None:
        """Take a component of the document."""
        # Names that need escaping in a pointer are given another one.
        plain = self._component(f"{SCHEMAS}{escaped(name)}", name)
        self.named[plain] = {}
        self.named[plain] = self.schema(node, f"schema {name}")

    def name(self, schema: dict[str, Any], wanted: str) -> dict[str, Any]:
        """A reference to a schema, which becomes a component unless it is a reference itself."""
        if set(schema) == {"$ref"}:
            return schema
        same = (each for each in self.named if self.named[each] == schema and each.startswith(wanted))
        free = next(same, None) or unique(re.sub(r"[^\w.-]", "_", wanted), set(self.named))
        self.named[free] = schema
        return {"$ref": SCHEMAS + free}

    def must_be_usable(self) -> None:
        """Raise ``ConfigurationError`` when a schema is made of itself, or can't be understood."""
        self._must_end()
        self._must_compile()

    def resolved(self, node: Node, where: str) -> Node:
        """The node itself, or what its reference leads to."""
        seen: list[str] = []
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen:
                raise ConfigurationError(f"{where}: the reference {reference!r} leads in a circle", HINT)
            seen.append(reference)
            node = self._target(reference, where)
        return node

    def _target(self, reference: str, where: str) -> Node:
        if not reference.startswith("#"):
            raise ConfigurationError(
                f"{where}: the reference {reference!r} leads out of the document",
                "bundle the document into one file first, for example with redocly bundle",
            )
        target: Node = self.raw
        for step in filter(None, map(unescaped, reference[1:].split("/"))):
            if isinstance(target, list) and step.isdecimal() and int(step) < len(target):
                target = target[int(step)]
            elif isinstance(target, dict) and step in target:
                target = target[step]
            else:
                raise ConfigurationError(f"{where}: the reference {reference!r} leads nowhere", HINT)
        return target

    def _component(self, reference: str, wanted: str) -> str:
        if reference not in self._aliases:
            plain = re.sub(r"[^\w.-]", "_", wanted) or "schema"
            taken = {*self.named, *self._aliases.values()}
            self._aliases[reference] = unique(plain, taken)
        return self._aliases[reference]

    def schema(self, node: Node, where: str, depth: int = 0) -> dict[str, Any]:
        """A schema in normal form."""
        if depth > _DEEPEST:
            raise ConfigurationError(f"{where}: the schema is nested more than {_DEEPEST} levels deep", HINT)
        if not isinstance(node, dict):
            return {"not": {}} if node is False else {}
        if isinstance(node.get("$ref"), str):
            reference = {"$ref": SCHEMAS + self._referred(node["$ref"], where)}
            beside = {key: value for key, value in node.items() if key != "$ref"} if self.modern else {}
            more = self.schema(beside, where, depth + 1)
            return {"allOf": [reference], **more} if more else reference
        result: dict[str, Any] = {}
        for key, value in node.items():
            if key == "items" and isinstance(value, list):
                result["prefixItems"] = [self.schema(each, where, depth + 1) for each in value]
            elif key in _ONE:
                result[key] = self.schema(value, where, depth + 1)
            elif key in _MANY and isinstance(value, list) and value:
                result[key] = [self.schema(each, where, depth + 1) for each in value]
            elif key in _NAMED and isinstance(value, dict):
                result[key] = {str(name): self.schema(each, where, depth + 1) for name, each in value.items()}
            elif key in _KEPT:
                result[key] = value
        self._mend(result, node, where)
        return result

    def _mend(self, result: dict[str, Any], node: Mapping[str, Any], where: str) -> None:
        """What older dialects say in another way, and what can't be kept."""
        for bound, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(result.get(bound), bool):
                strict = result.pop(bound)
                if strict and plain in result:
                    result[bound] = result.pop(plain)
        if not isinstance(result.get("required", []), list):
            del result["required"]
        if result.get("enum") == []:
            del result["enum"]
        if node.get("nullable") is True and isinstance(result.get("type"), str):
            result["type"] = [result["type"], "null"]
            if isinstance(result.get("enum"), list) and None not in result["enum"]:
                result["enum"] = [*result["enum"], None]
        if "format" in result and result["format"] not in _FORMATS:
            del result["format"]
        if "pattern" in result and not _compiles({"pattern": result["pattern"]}):
            self.notes.append(
                f"{where}: the pattern {result.pop('pattern')!r} can't be read, and is not judged"
            )

    def _referred(self, reference: str, where: str) -> str:
        """The name of the component that a reference of a schema leads to."""
        if reference in self._aliases:
            return self._aliases[reference]
        target = self._target(reference, where)
        name = self._component(reference, unescaped(reference.rsplit("/", 1)[-1]))
        if not reference.startswith(SCHEMAS) or "/" in reference.removeprefix(SCHEMAS):
            self.named[name] = {}
            self.named[name] = self.schema(target, f"{where}, {reference}")
        return name

    def _must_end(self) -> None:
        """Raise ``ConfigurationError`` when a schema is nothing but itself, or an ``allOf`` of itself."""

        def parts(schema: Mapping[str, Any]) -> Iterator[str]:
            if "$ref" in schema:
                yield str(schema["$ref"]).removeprefix(SCHEMAS)
            for each in schema.get("allOf", ()):
                yield from parts(each)

        for name, schema in self.named.items():
            pending, seen = list(parts(schema)), set[str]()
            while pending:
                part = pending.pop()
                if part == name:
                    raise ConfigurationError(
                        f"The schema {name} is made of itself and describes nothing", HINT
                    )
                if part not in seen and part in self.named:
                    seen.add(part)
                    pending += parts(self.named[part])

    def _must_compile(self) -> None:
        for name in self.named:
            try:
                jsonschema_rs.Draft202012Validator(
                    {"$ref": SCHEMAS + name, "components": {"schemas": self.named}}
                )
            except (ValueError, jsonschema_rs.ValidationError) as error:
                reason = " ".join(str(error).split())[:200]
                raise ConfigurationError(f"The schema {name} can't be used: {reason}", HINT) from error


def _compiles(schema: dict[str, Any]) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except (ValueError, jsonschema_rs.ValidationError):
        return False
    return True


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number behind it when it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def escaped(step: str) -> str:
    """A step of a JSON pointer as it is written."""
    return step.replace("~", "~0").replace("/", "~1")


def unescaped(step: str) -> str:
    """A written step of a JSON pointer, in a reference, as it is meant."""
    text = re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), step)
    return text.replace("~1", "/").replace("~0", "~")
