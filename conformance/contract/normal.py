"""OpenAPI documents of any make in one form, which the rest of the harness reads.

In that form every operation has a unique ``operationId``, parameters of its own and named schemas; every reference
points to a component schema; schemas are JSON Schema 2020-12 without what says nothing about a value.
Operations that the contract has too (the same method and path) bear the contract's names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.dialect import HINT, Schemas, unescaped, unique
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

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


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
        self.notes: list[str] = []
        self.schemas = Schemas(document, self.notes)
        self._ids: dict[str, str] = {}

    def result(self) -> dict[str, Any]:
        base = self._base()
        components = _mapping(_mapping(self.raw.get("components")).get("schemas"))
        for name, schema in components.items():
            self.schemas.take(name, schema)
        paths: dict[str, dict[str, Any]] = {}
        listed = list(self._listed())
        self._name(listed, base)
        for template, method, item, raw in listed:
            path, operation = self._operation(base + template, method, item, raw)
            paths.setdefault(path, {})[method] = operation
        if not paths:
            raise ConfigurationError("The document describes no operation that can be tested", HINT)
        result = {
            "openapi": "3.1.0",
            "info": {"title": "described", "version": "1"},
            "paths": paths,
            "components": {"schemas": self.schemas.named},
        }
        self.schemas.must_be_usable()
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
            item = _mapping(self.schemas.resolved(raw, f"path {template}"))
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
                name = unique(wanted or _derived(method, base + template), taken)
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
            renamed[given] = unique(plain, set(renamed.values()))
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
            answer = _mapping(self.schemas.resolved(response, f"{where}, response {status}"))
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
            parameter = _mapping(self.schemas.resolved(node, where))
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
                "schema": self.schemas.schema(
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
        body = _mapping(self.schemas.resolved(node, f"{where}, request body"))
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
        known = self.schemas.schema(schema, where)
        return {"schema": self.schemas.name(known, name)}

    def _links(self, answer: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for node in _mapping(answer.get("links")).values():
            link = _mapping(self.schemas.resolved(node, "a link"))
            aim = link.get("operationId")
            if aim is None and str(link.get("operationRef", "")).startswith("#/paths/"):
                steps = [unescaped(step) for step in str(link["operationRef"])[2:].split("/")]
                aim = f"{steps[-1]} {steps[1]}"
            parameters = {
                str(key).removeprefix("path."): value
                for key, value in _mapping(link.get("parameters")).items()
                if isinstance(value, str)
            }
            if aim in self._ids and parameters:
                found[self._ids[aim]] = parameters
        return found


def _mapping(node: Node) -> Mapping[str, Any]:
    return node if isinstance(node, dict) else {}


def _list(node: Node) -> list[Any]:
    return node if isinstance(node, list) else []


def _essence(media: str) -> str:
    return media.partition(";")[0].strip().lower()


def _derived(method: str, template: str) -> str:
    """``getEnvironmentsByEnvNameSavepoints`` for a GET of ``/cmf/api/v1/environments/{envName}/savepoints``."""
    steps = [step for step in template.split("/") if step and not re.fullmatch(r"cmf|api|v[0-9]\w*", step)]
    words = []
    for step in steps:
        named = step.startswith("{")
        plain = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", step))
        words.append(f"By{plain}" if named else plain)
    return method + ("".join(words) or "Root")
