"""The OpenAPI document as generation sees it: its operations, through Schemathesis and as JSON Schema.

Loaded once; nothing here sends a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Err
from schemathesis.schemas import APIOperation, BaseSchema

from conformance.contract.media import MEDIA_TYPES
from conformance.errors import ConfigurationError

Schema = Mapping[str, Any]

_CONFIGURATION = {
    "seed": 0,
    "generation": {"database": "none"},
    # Undeclared methods are the business of scenarios; generated ones would be DELETEs on collections.
    "phases": {"coverage": {"unexpected-methods": []}},
}
BINDING = (
    "type",
    "required",
    "enum",
    "const",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
"""What generation reads of a schema; annotations and formats that are defined nowhere stay behind."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema with its references and ``allOf`` merged, as far as the properties of an object go."""

    properties: Mapping[str, Schema]
    required: frozenset[str]
    additional: Schema | None
    """The schema of undeclared properties, when there is one."""
    items: Schema | None
    type: str | None
    read_only: bool

    @property
    def free(self) -> bool:
        """Whether this is an object of which the contract says nothing more."""
        return self.type == "object" and not self.properties and self.additional is None


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation, as much of it as makes requests."""

    id: str
    method: str
    template: str
    path: tuple[str, ...]
    """Names of the path parameters, in their order."""
    query: Mapping[str, Schema]
    body: Schema | None
    body_name: str | None
    """Name of the component schema of the body."""
    body_required: bool
    media_types: tuple[str, ...]
    accepts: tuple[str, ...]
    """The media types that a successful answer may be asked for."""
    conditional: bool
    """Whether the contract has an answer for who knows the state already."""
    raw: APIOperation[Any, Any, Any, Any] = field(repr=False)
    """The same operation as Schemathesis sees it."""
    validator: jsonschema_rs.Validator | None = field(repr=False)

    @property
    def harmless(self) -> bool:
        """Whether the operation only reads."""
        return self.method == "GET"


class Document:
    """An OpenAPI 3.0 document: Schemathesis' schema, and the operations by ``operationId``."""

    def __init__(self, schema: BaseSchema) -> None:
        """Raise ``ConfigurationError`` when an operation of it can't be understood."""
        self.schema = schema
        self._raw: Mapping[str, Any] = schema.raw_schema
        self._components = {
            name: _json_schema(part) for name, part in self._raw["components"]["schemas"].items()
        }
        self.operations: Mapping[str, Operation] = {operation.id: operation for operation in self._read()}

    def _read(self) -> Iterator[Operation]:
        for result in self.schema.get_all_operations():
            if isinstance(result, Err):
                raise ConfigurationError(f"the OpenAPI document can't be used: {result.err()}")
            raw = result.ok()
            definition: Mapping[str, Any] = raw.definition.raw
            parameters = [self.resolve(parameter) for parameter in definition.get("parameters", ())]
            request = self.resolve(definition.get("requestBody", {}))
            content: Mapping[str, Any] = request.get("content", {})
            body = next((entry.get("schema", {}) for entry in content.values()), None)
            yield Operation(
                id=definition["operationId"],
                method=raw.method.upper(),
                template=raw.path,
                path=tuple(parameter["name"] for parameter in parameters if parameter["in"] == "path"),
                query={
                    parameter["name"]: parameter["schema"]
                    for parameter in parameters
                    if parameter["in"] == "query"
                },
                body=body or ({} if content else None),
                body_name=str(body["$ref"]).rsplit("/", 1)[-1] if body and "$ref" in body else None,
                body_required=bool(request.get("required")),
                media_types=tuple(content),
                accepts=_accepted(definition.get("responses", {})),
                conditional="304" in {str(status) for status in definition.get("responses", {})},
                raw=raw,
                validator=self._validator(body) if body else None,
            )

    def _validator(self, body: Schema) -> jsonschema_rs.Validator:
        root = {"allOf": [_json_schema(body)], "components": {"schemas": self._components}}
        return jsonschema_rs.Draft7Validator(root, validate_formats=True)

    def resolve(self, node: Schema) -> Schema:
        """The node itself, or what its reference points to."""
        while "$ref" in node:
            target: Any = self._raw
            for token in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[token.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def shape(self, schema: Schema) -> Shape:
        """The schema merged with everything it is an ``allOf`` of."""
        parts = list(self.parts(schema))
        additional = (part["additionalProperties"] for part in parts if "additionalProperties" in part)
        return Shape(
            properties={name: sub for part in parts for name, sub in part.get("properties", {}).items()},
            required=frozenset(name for part in parts for name in part.get("required", ())),
            additional=next((sub for sub in additional if isinstance(sub, dict)), None),
            items=next((part["items"] for part in parts if "items" in part), None),
            type=next((_kind(part["type"]) for part in parts if "type" in part), None),
            read_only=any(part.get("readOnly", False) for part in parts),
        )

    def parts(self, schema: Schema) -> Iterator[Schema]:
        """The schema and everything it is an ``allOf`` of, references resolved."""
        schema = self.resolve(schema)
        yield schema
        for part in schema.get("allOf", ()):
            yield from self.parts(part)


def load(path: Path) -> Document:
    """Read an OpenAPI document from a file; takes about half a second, so do it once."""
    return Document(schemathesis.openapi.from_path(path, config=SchemathesisConfig.from_dict(_CONFIGURATION)))


def of_description(document: Mapping[str, Any]) -> Document:
    """The same of a document in normal form (see ``contract.normal``)."""
    schema = schemathesis.openapi.from_dict(
        dict(document), config=SchemathesisConfig.from_dict(_CONFIGURATION)
    )
    return Document(schema)


def _accepted(responses: Mapping[Any, Any]) -> tuple[str, ...]:
    documented = {
        media_type
        for status, answer in responses.items()
        if str(status).startswith("2")
        for media_type in answer.get("content", {})
    }
    return tuple(each for each in MEDIA_TYPES if each in documented) or MEDIA_TYPES


def _kind(declared: Any) -> str | None:
    """The type of a schema; of several, the first that is not null."""
    several = declared if isinstance(declared, list) else [declared]
    return next((str(each) for each in several if each != "null"), None)


def _json_schema(schema: Any) -> Any:
    """An OpenAPI 3.0 schema as JSON Schema draft 7, for what a client sends.

    ``nullable`` becomes a type; of the formats only ``date-time`` counts; read-only and write-only
    parts are parts like others.
    """
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    result = {key: value for key, value in schema.items() if key in BINDING}
    if schema.get("format") == "date-time":
        result["format"] = "date-time"
    if schema.get("nullable") is True and "type" in schema:
        result["type"] = [schema["type"], "null"]
    for key in ("items", "additionalProperties", "not"):
        if key in schema:
            result[key] = _json_schema(schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if key in schema:
            result[key] = [_json_schema(part) for part in schema[key]]
    if "properties" in schema:
        result["properties"] = {name: _json_schema(part) for name, part in schema["properties"].items()}
    return result
