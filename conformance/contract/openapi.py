"""The OpenAPI document of the contract: its operations, and validators for what they return and accept.

Errata that touch schemas are applied here: ``oneOf`` of event data is read as ``anyOf``, write-only
parts are not required in answers, and null stands for absent where a field is optional.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_AMBIGUOUS = re.compile(r"%(0[0-9a-f]|1[0-9a-f]|2f|5c|25|7f|2e)|//|[^\x21-\x7e]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the contract says of one status of an operation."""

    status: int
    """0 when it is said of several."""
    media_types: tuple[str, ...]
    """Empty when the contract describes no body."""
    schema: str | None
    """Name of the component schema of the body."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path of the contract."""

    id: str
    method: str
    template: str
    answers: Mapping[int, Answer]
    """By single statuses."""
    request_schema: str | None
    parameters: tuple[str, ...]
    pattern: re.Pattern[str] = field(repr=False)
    others: Mapping[str, Answer] = field(default_factory=dict)
    """Of whole classes, such as ``4XX``, and of ``default``."""

    def answer(self, status: int) -> Answer | None:
        """What the contract says of a status; None when it is not documented."""
        known = self.answers.get(status) or self.others.get(f"{status // 100}XX")
        return known or self.others.get("default")

    @property
    def documented(self) -> tuple[str, ...]:
        """The statuses that are documented, and classes of them, in ascending order."""
        return (*map(str, sorted(self.answers)), *sorted(self.others))

    @property
    def is_list(self) -> bool:
        """Whether a successful answer is a page of items."""
        answer = self.answers.get(200)
        return bool(answer and answer.schema and answer.schema.endswith("Page"))


@dataclass(frozen=True)
class Problem:
    """One place where a value does not obey its schema."""

    where: str
    """JSON pointer into the body."""
    what: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a schema and everything it is an ``allOf`` of say of the parts of a value."""

    schema: Mapping[str, Any]
    items: Mapping[str, Any]
    properties: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]


class Contract:
    """An OpenAPI document with the errata applied."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._shapes: dict[int, _Shape] = {}
        self.operations: dict[str, Operation] = {
            operation.id: operation for operation in _operations(document)
        }

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Read an OpenAPI document from a YAML file."""
        return cls(yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))

    def identify(self, method: str, path: str) -> Operation | None:
        """The operation that a raw request path belongs to.

        None for a route of no operation, and for a path that servers and proxies in front of them may
        legitimately read in another way (encoded slashes, dots, control characters).
        """
        if _AMBIGUOUS.search(path):
            return None
        for operation in self.operations.values():
            if operation.method == method and operation.pattern.fullmatch(path):
                return operation
        return None

    def path_values(self, operation: Operation, path: str) -> dict[str, str]:
        """The decoded path parameters of a raw request path."""
        match = operation.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in match.groupdict().items()} if match else {}

    @cached_property
    def _schemas(self) -> dict[str, Any]:
        schemas = dict(self.document["components"]["schemas"])
        if "EventData" in schemas:
            events = schemas["EventData"]
            schemas["EventData"] = {"anyOf": events["oneOf"]} if "oneOf" in events else events
        return {name: _response_schema(schema) for name, schema in schemas.items()}

    @lru_cache(maxsize=64)  # noqa: B019 - one contract lives as long as the process
    def _validator(self, name: str) -> jsonschema_rs.Validator:
        return jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": {"schemas": self._schemas}}
        )

    def problems(self, name: str, value: Any) -> list[Problem]:
        """Where a returned value breaks a component schema."""
        try:
            errors = list(self._validator(name).iter_errors(value))
        except UnicodeEncodeError:
            # JSON can spell half of a surrogate pair, which the validator's strings can't hold.
            errors = list(self._validator(name).iter_errors(_without_surrogates(value)))
        return [
            Problem("/" + "/".join(map(str, error.instance_path)), _short(error.message)) for error in errors
        ]

    def has(self, schema: str) -> bool:
        """Whether there is a component schema of that name."""
        return schema in self._schemas

    def name_in(self, schema: str | None) -> str:
        """Where a body of this component schema has the name of the resource, as a pointer; empty when nowhere."""
        if schema is None or schema not in self._schemas:
            return ""
        top = self._shape(self._schemas[schema])
        if "name" in top.properties:
            return "/name"
        metadata = top.properties.get("metadata")
        inside = self._shape(metadata) if isinstance(metadata, dict) else None
        return "/metadata/name" if inside and "name" in inside.properties else ""

    def declares(self, schema: str, pointer: str) -> bool:
        """Whether a component schema declares the property at a pointer."""
        place: Mapping[str, Any] = self._schemas.get(schema, {})
        for step in pointer.split("/")[1:]:
            properties = self._shape(place).properties
            if not isinstance(properties.get(step), dict):
                return False
            place = properties[step]
        return True

    def item_schema(self, page: str) -> str | None:
        """The component schema of the items of a page schema."""
        for part in self._parts(page):
            items = part.get("properties", {}).get("items", {}).get("items", {})
            if "$ref" in items:
                return str(items["$ref"]).rsplit("/", 1)[-1]
        return None

    def without_nulls(self, name: str, value: Any) -> tuple[Any, list[str]]:
        """The value without the nulls that stand for absent optional fields, and where they stood."""
        found: list[str] = []
        return self._strip(self._schemas[name], value, "", found), found

    def _strip(self, schema: Mapping[str, Any], value: Any, where: str, found: list[str]) -> Any:
        if not schema or not isinstance(value, (dict, list)):
            return value  # inside a free-form object a null is a value like any other
        shape = self._shape(schema)
        if isinstance(value, list):
            return [
                self._strip(shape.items, item, f"{where}/{index}", found) for index, item in enumerate(value)
            ]
        result = {}
        for key, item in value.items():
            optional = key in shape.properties and key not in shape.required
            if item is None and optional and not self._takes_null(shape.properties[key]):
                found.append(f"{where}/{key}")
            else:
                result[key] = self._strip(shape.properties.get(key, {}), item, f"{where}/{key}", found)
        return result

    def _takes_null(self, schema: Mapping[str, Any]) -> bool:
        return any(
            part.get("type") == "null" or (isinstance(part.get("type"), list) and "null" in part["type"])
            for whole in self._flatten(schema)
            for part in (whole, *whole.get("anyOf", ()), *whole.get("oneOf", ()))
        )

    def _shape(self, schema: Mapping[str, Any]) -> _Shape:
        known = self._shapes.get(id(schema))
        if known is None:
            parts = list(self._flatten(schema))
            known = self._shapes[id(schema)] = _Shape(
                schema=schema,
                items=next((part["items"] for part in parts if "items" in part), {}),
                properties={name: sub for part in parts for name, sub in part.get("properties", {}).items()},
                required=frozenset(name for part in parts for name in part.get("required", ())),
            )
        return known

    def _parts(self, name: str) -> Iterator[Mapping[str, Any]]:
        return self._flatten({"$ref": f"#/components/schemas/{name}"})

    def _flatten(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """A schema and everything it is an ``allOf`` of, references resolved."""
        while "$ref" in schema:
            schema = self._schemas[str(schema["$ref"]).rsplit("/", 1)[-1]]
        yield schema
        for part in schema.get("allOf", ()):
            yield from self._flatten(part)


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for template, path in document["paths"].items():
        for method in METHODS:
            if method not in path:
                continue
            raw = path[method]
            content = raw.get("requestBody", {}).get("content", {})
            parameters = [_resolve(document, parameter) for parameter in raw.get("parameters", ())]
            yield Operation(
                id=raw["operationId"],
                method=method.upper(),
                template=template,
                answers={
                    int(status): _answer(int(status), answer)
                    for status, answer in raw["responses"].items()
                    if str(status).isdecimal()
                },
                others={
                    str(status): _answer(0, answer)
                    for status, answer in raw["responses"].items()
                    if not str(status).isdecimal()
                },
                request_schema=next((_schema_name(entry) for entry in content.values()), None),
                parameters=tuple(parameter["name"] for parameter in parameters if parameter["in"] == "query"),
                pattern=_pattern(template),
            )


def _pattern(template: str) -> re.Pattern[str]:
    literal = re.split(r"(\{\w+\})", template)
    return re.compile(
        "".join(f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in literal)
    )


def _resolve(document: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = document
    for token in str(node["$ref"])[2:].split("/"):
        target = target[token]
    return dict(target)


def _answer(status: int, raw: Mapping[str, Any]) -> Answer:
    content = raw.get("content", {})
    return Answer(status, tuple(content), next((_schema_name(entry) for entry in content.values()), None))


def _schema_name(entry: Mapping[str, Any]) -> str | None:
    reference = entry.get("schema", {}).get("$ref")
    return str(reference).rsplit("/", 1)[-1] if reference else None


def _response_schema(schema: Any) -> Any:
    """A schema for judging answers: without formats, and without requiring what is write-only."""
    if isinstance(schema, list):
        return [_response_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    properties = schema.get("properties")
    result = {
        key: _response_schema(value)
        for key, value in schema.items()
        # Timestamps have a requirement of their own; the other formats are not defined anywhere.
        if key not in {"format", "example", "default", "title", "description", "properties", "required"}
    }
    if isinstance(properties, dict):
        result["properties"] = {name: _response_schema(value) for name, value in properties.items()}
    if "required" in schema:
        written = {
            name
            for name, value in (properties or {}).items()
            if isinstance(value, dict) and value.get("writeOnly")
        }
        result["required"] = [name for name in schema["required"] if name not in written]
    return result


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _short(message: str, limit: int = 200) -> str:
    return message if len(message) <= limit else message[: limit - 1] + "…"
