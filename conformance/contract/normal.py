"""OpenAPI documents of any make in one form, which the rest of the harness reads.

In that form every operation has a unique ``operationId``, parameters of its own and named schemas; every reference
points to a component schema; schemas are JSON Schema 2020-12 without what says nothing about a value.
Operations that the contract has too (the same method and path) bear the contract's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from conformance.contract.media import MEDIA_TYPES
from conformance.contract.openapi import METHODS
from conformance.errors import ConfigurationError

Node = Any
Names = Mapping[tuple[str, str], tuple[str, str]]
"""Method and path without the names of its parameters, to ``operationId`` and path."""

SENT = ("get", "put", "post", "delete", "patch")
"""The methods whose operations are tested."""
LINKS = "x-cmfc-links"
"""Where an operation in normal form has its links: ``{operation: {parameter: expression}}``."""
UNWRITABLE = "x-cmfc-unwritable"
"""Why no request of an operation can be written."""

_SCHEMAS = "#/components/schemas/"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
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


def anonymous(template: str) -> str:
    """A path without the names of its parameters: what two documents must share to mean the same path."""
    return _PLACEHOLDER.sub("{}", template)


def normal(document: Mapping[str, Any], known: Names) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The document in normal form, and what of it is left out, each with the reason.

    ``document`` has JSON values only.  Raises ``ConfigurationError`` when a reference leads nowhere or in a circle,
    or a schema can't be understood.
    """
    work = _Work(document, known)
    return work.result(), tuple(dict.fromkeys(work.notes))


class _Work:
    def __init__(self, document: Mapping[str, Any], known: Names) -> None:
        self.raw = document
        self.known = known
        self.modern = not str(document.get("openapi")).startswith("3.0")
        self.notes: list[str] = []
        self.schemas: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    def result(self) -> dict[str, Any]:
        base = self._base()
        components = _mapping(_mapping(self.raw.get("components")).get("schemas"))
        for name, schema in components.items():
            # Names that need escaping in a pointer are given another one.
            self.schemas[self._component(f"{_SCHEMAS}{_escaped(name)}", name)] = {}
            self.schemas[self._aliases[f"{_SCHEMAS}{_escaped(name)}"]] = self.schema(schema, f"schema {name}")
        paths: dict[str, dict[str, Any]] = {}
        listed = list(self._listed())
        self._name(listed, base)
        for template, method, item, raw in listed:
            path, operation = self._operation(base + template, method, item, raw)
            paths.setdefault(path, {})[method] = operation
        if not paths:
            raise ConfigurationError("The document describes no operation that can be tested", _HINT)
        result = {
            "openapi": "3.1.0",
            "info": {"title": "described", "version": "1"},
            "paths": paths,
            "components": {"schemas": self.schemas},
        }
        self._must_end()
        self._must_compile()
        return result

    def _base(self) -> str:
        """The path of the server, which stands before every path of the document."""
        servers = self.raw.get("servers")
        first = (
            servers[0].get("url")
            if isinstance(servers, list) and servers and isinstance(servers[0], dict)
            else ""
        )
        path = re.sub(r"^[a-zA-Z][\w+.-]*://[^/]*", "", str(first or "")).rstrip("/")
        return path if re.fullmatch(r"(/[\w.~-]+)+", path) else ""

    def _listed(self) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
        for template, raw in _mapping(self.raw.get("paths")).items():
            item = _mapping(self.resolved(raw, f"path {template}"))
            if not template.startswith("/") or "?" in template or "#" in template:
                self.notes.append(f"path {template}: it is no path")
                continue
            for method in METHODS:
                if not isinstance(item.get(method), dict):
                    continue
                if method in SENT:
                    yield template, method, item, item[method]
                else:
                    self.notes.append(
                        f"{method.upper()} {template}: only {', '.join(SENT).upper()} are tested"
                    )

    # -- operations ------------------------------------------------------------------------------------

    def _name(self, listed: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]], base: str) -> None:
        """Give every operation its id: that of the contract, its own, or one of its method and path."""
        taken = {name for name, _ in self.known.values()}
        for template, method, _, raw in listed:
            contract = self.known.get((method, anonymous(base + template)))
            own = raw.get("operationId")
            if contract:
                name = contract[0]
            else:
                wanted = own if isinstance(own, str) and re.fullmatch(r"[\w.-]{1,100}", own) else ""
                name = _unique(wanted or _derived(method, base + template), taken)
                taken.add(name)
            self._ids[f"{method} {template}"] = name
            if isinstance(own, str):
                self._ids.setdefault(own, name)

    def _operation(
        self, template: str, method: str, item: Mapping[str, Any], raw: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        short = template.removeprefix(self._base())
        name = self._ids[f"{method} {short}"]
        where = f"{method.upper()} {short}"
        contract = self.known.get((method, anonymous(template)))
        wanted = _PLACEHOLDER.findall(contract[1] if contract else template)
        renamed: dict[str, str] = {}
        for given, good in zip(_PLACEHOLDER.findall(template), wanted, strict=True):
            plain = re.sub(r"\W", "_", good) or "parameter"
            plain = f"p_{plain}" if plain[0].isdigit() else plain
            renamed[given] = _unique(plain, set(renamed.values()))
        path = _PLACEHOLDER.sub(lambda match: "{" + renamed[match[1]] + "}", template)
        operation: dict[str, Any] = {
            "operationId": name,
            "parameters": list(self._parameters(item, raw, renamed, where)),
            "responses": {},
        }
        if "requestBody" in raw:
            body, problem = self._body(raw["requestBody"], name, where)
            operation["requestBody"] = body
            if problem:
                operation[UNWRITABLE] = problem
        links: dict[str, dict[str, str]] = {}
        for status, response in _mapping(raw.get("responses")).items():
            answer = _mapping(self.resolved(response, f"{where}, response {status}"))
            if not re.fullmatch(r"[1-5]([0-9]{2}|[xX]{2})|default", str(status)):
                self.notes.append(f"{where}: response {status} is no status")
                continue
            content = {
                _essence(media): self._named(
                    entry, f"{name}Response{status.title()}", f"{where}, response {status}"
                )
                for media, entry in _mapping(answer.get("content")).items()
            }
            described = {"description": ""} | ({"content": content} if content else {})
            operation["responses"][str(status).upper() if status != "default" else status] = described
            links |= self._links(answer)
        if not operation["responses"]:
            operation["responses"]["default"] = {"description": ""}
        if links:
            operation[LINKS] = links
        return path, operation

    def _parameters(
        self, item: Mapping[str, Any], raw: Mapping[str, Any], renamed: Mapping[str, str], where: str
    ) -> Iterator[dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for node in (*_list(item.get("parameters")), *_list(raw.get("parameters"))):
            parameter = _mapping(self.resolved(node, where))
            name, place = parameter.get("name"), parameter.get("in")
            if not isinstance(name, str) or place not in {"path", "query", "header", "cookie"}:
                self.notes.append(f"{where}: a parameter without name or place")
                continue
            schema = parameter.get("schema")
            if schema is None:
                schema = next(
                    (_mapping(each).get("schema") for each in _mapping(parameter.get("content")).values()),
                    None,
                )
            found[name, place] = {
                "name": renamed.get(name, name) if place == "path" else name,
                "in": place,
                "required": place == "path" or parameter.get("required") is True,
                "schema": self.schema(
                    {"type": "string"} if schema is None else schema, f"{where}, parameter {name}"
                ),
            }
        for given, plain in renamed.items():
            if (given, "path") not in found:
                found[given, "path"] = {
                    "name": plain,
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                }
        for (name, place), parameter in found.items():
            if place != "path" or name in renamed:
                yield parameter

    def _body(self, node: Node, name: str, where: str) -> tuple[dict[str, Any], str]:
        body = _mapping(self.resolved(node, f"{where}, request body"))
        content = {
            _essence(media): self._named(entry, f"{name}Request", f"{where}, request body")
            for media, entry in _mapping(body.get("content")).items()
            if _essence(media) in MEDIA_TYPES
        }
        described = {"content": content, "required": body.get("required") is True}
        if content:
            return described, ""
        offered = ", ".join(_mapping(body.get("content"))) or "no media type"
        return described, f"its body is taken as {offered}, and only JSON and YAML can be written"

    def _named(self, entry: Node, name: str, where: str) -> dict[str, Any]:
        """A media type whose schema, if it has one, is a component."""
        schema = _mapping(entry).get("schema")
        if schema is None:
            return {}
        known = self.schema(schema, where)
        if set(known) != {"$ref"}:
            same = next(
                (each for each in self.schemas if self.schemas[each] == known and each.startswith(name)), None
            )
            free = same or _unique(re.sub(r"[^\w.-]", "_", name), set(self.schemas))
            self.schemas[free] = known
            known = {"$ref": _SCHEMAS + free}
        return {"schema": known}

    def _links(self, answer: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for node in _mapping(answer.get("links")).values():
            link = _mapping(self.resolved(node, "a link"))
            aim = link.get("operationId")
            if aim is None and str(link.get("operationRef", "")).startswith("#/paths/"):
                steps = [_unescaped(step) for step in str(link["operationRef"])[2:].split("/")]
                aim = f"{steps[-1]} {steps[1]}"
            parameters = {
                str(key).removeprefix("path."): value
                for key, value in _mapping(link.get("parameters")).items()
                if isinstance(value, str)
            }
            if aim in self._ids and parameters:
                found[self._ids[aim]] = parameters
        return found

    # -- references and schemas ---------------------------------------------------------------------------

    def resolved(self, node: Node, where: str) -> Node:
        """The node itself, or what its reference leads to."""
        seen: list[str] = []
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            if reference in seen:
                raise ConfigurationError(f"{where}: the reference {reference!r} leads in a circle", _HINT)
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
        for step in filter(None, map(_unescaped, reference[1:].split("/"))):
            if isinstance(target, list) and step.isdecimal() and int(step) < len(target):
                target = target[int(step)]
            elif isinstance(target, dict) and step in target:
                target = target[step]
            else:
                raise ConfigurationError(f"{where}: the reference {reference!r} leads nowhere", _HINT)
        return target

    def _component(self, reference: str, wanted: str) -> str:
        if reference not in self._aliases:
            plain = re.sub(r"[^\w.-]", "_", wanted) or "schema"
            taken = {*self.schemas, *self._aliases.values()}
            self._aliases[reference] = _unique(plain, taken)
        return self._aliases[reference]

    def schema(self, node: Node, where: str, depth: int = 0) -> dict[str, Any]:
        """A schema in normal form."""
        if depth > _DEEPEST:
            raise ConfigurationError(f"{where}: the schema is nested more than {_DEEPEST} levels deep", _HINT)
        if not isinstance(node, dict):
            return {"not": {}} if node is False else {}
        if isinstance(node.get("$ref"), str):
            reference = {"$ref": _SCHEMAS + self._referred(node["$ref"], where)}
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
        name = self._component(reference, _unescaped(reference.rsplit("/", 1)[-1]))
        if not reference.startswith(_SCHEMAS) or "/" in reference.removeprefix(_SCHEMAS):
            self.schemas[name] = {}
            self.schemas[name] = self.schema(target, f"{where}, {reference}")
        return name

    def _must_end(self) -> None:
        """Raise ``ConfigurationError`` when a schema is nothing but itself, or an ``allOf`` of itself."""

        def parts(schema: Mapping[str, Any]) -> Iterator[str]:
            if "$ref" in schema:
                yield str(schema["$ref"]).removeprefix(_SCHEMAS)
            for each in schema.get("allOf", ()):
                yield from parts(each)

        for name, schema in self.schemas.items():
            pending, seen = list(parts(schema)), set[str]()
            while pending:
                part = pending.pop()
                if part == name:
                    raise ConfigurationError(
                        f"The schema {name} is made of itself and describes nothing", _HINT
                    )
                if part not in seen and part in self.schemas:
                    seen.add(part)
                    pending += parts(self.schemas[part])

    def _must_compile(self) -> None:
        for name in self.schemas:
            try:
                jsonschema_rs.Draft202012Validator(
                    {"$ref": _SCHEMAS + name, "components": {"schemas": self.schemas}}
                )
            except (ValueError, jsonschema_rs.ValidationError) as error:
                reason = " ".join(str(error).split())[:200]
                raise ConfigurationError(f"The schema {name} can't be used: {reason}", _HINT) from error


_HINT = "check the document with a linter of OpenAPI"


def _compiles(schema: dict[str, Any]) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except (ValueError, jsonschema_rs.ValidationError):
        return False
    return True


def _mapping(node: Node) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _list(node: Node) -> list[Any]:
    return node if isinstance(node, list) else []


def _essence(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _unescaped(step: str) -> str:
    text = re.sub(r"%([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), step)
    return text.replace("~1", "/").replace("~0", "~")


def _unique(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _derived(method: str, template: str) -> str:
    """``getEnvironmentsByEnvNameSavepoints`` for a GET of ``/cmf/api/v1/environments/{envName}/savepoints``."""
    steps = [step for step in template.split("/") if step and not re.fullmatch(r"cmf|api|v[0-9]\w*", step)]
    words = []
    for step in steps:
        named = step.startswith("{")
        plain = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", step))
        words.append(f"By{plain}" if named else plain)
    return method + ("".join(words) or "Root")
