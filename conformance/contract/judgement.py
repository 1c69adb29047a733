"""What every single exchange says about the requirements that hold everywhere: pure functions.

Whoever sent the request, and why, does not matter here.  Each rule yields a finding - a pass as
surely as a failure - so that a verdict of *pass* rests on something that was seen.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.contract import media, timestamps
from conformance.contract.media import JSON, MEDIA_TYPES, YAML, Malformed, MediaType
from conformance.contract.openapi import Contract, Operation
from conformance.model import Exchange, Finding, HttpResponse, Verdict
from conformance.registry import Catalogue
from conformance.verdict import broken

# Statuses that HTTP defines for every server, often answered before the application is reached.
_HTTP_STATUSES = frozenset({401, 403, 405, 406, 408, 411, 413, 414, 415, 417, 426, 428, 429, 431})
UNIVERSAL = frozenset(
    {
        "CMF-ERR-ANSWER",
        "CMF-ERR-SERVER",
        "CMF-ERR-STATUS",
        "CMF-ERR-BODY",
        "CMF-ERR-BODY-HTTP",
        "CMF-ERR-MESSAGE",
        "CMF-ERR-NEGOTIATED",
        "CMF-CONTENT-JSON",
        "CMF-CONTENT-YAML",
        "CMF-CONTENT-TYPE",
        "CMF-CONTENT-NULL",
        "CMF-TIME-FORMAT",
        "CMF-TIME-ORDER",
        "CMF-CACHE-BODY",
        "CMF-CACHE-ETAG",
        "CMF-CACHE-UNCONDITIONAL",
        "CMF-INST-NAME",
        "CMF-EVENT-NAME",
        "CMF-EVENT-VERSION",
        "CMF-ENV-SCHEMA",
        "CMF-APP-SCHEMA",
        "CMF-INST-SCHEMA",
        "CMF-EVENT-SCHEMA",
        "CMF-PAGE-SCHEMA",
    }
)
"""The requirements that are judged on every exchange, besides what scenarios check."""
_NOT_MODIFIED = 304
_SERVER_ERROR = 500
_CLIENT_ERROR = 400
_INDEX = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True)
class Body:
    """A response body as far as it could be read."""

    value: Any = None
    media_type: str | None = None
    """The media type it was read as."""
    problem: str | None = None
    """Why it could not be read as what it is declared to be."""


def read_body(response: HttpResponse) -> Body:
    """The body as it is declared; when that fails, as whatever it turns out to be."""
    declared = MediaType.parse(response.header("content-type"))
    essence = declared.essence if declared else None
    if response.truncated:
        return Body(problem="the body is larger than the limit and was cut")
    problem: str | None
    if essence in MEDIA_TYPES:
        try:
            return Body(media.read(response.body, essence), essence)
        except Malformed as error:
            problem = f"declared as {essence}, but {error}"
    else:
        problem = f"declared as {essence}" if essence else "not declared by a Content-Type"
    for media_type in MEDIA_TYPES:
        try:
            value = media.read(response.body, media_type)
        except Malformed:
            continue
        if isinstance(value, (dict, list)):
            return Body(value, media_type, problem)
    return Body(None, None, problem)


class Judge:
    """Judges exchanges by one contract and its catalogue."""

    def __init__(self, contract: Contract, catalogue: Catalogue, *, strict: bool = False) -> None:
        self._contract = contract
        self._catalogue = catalogue
        self._strict = strict
        self._by_schema = {
            requirement.schema: requirement.id
            for requirement in catalogue.requirements.values()
            if requirement.schema
        }

    def judge(self, exchange: Exchange) -> list[Finding]:
        """Everything that one exchange with an answer says; nothing when there was no answer."""
        response = exchange.response
        if response is None:
            return []
        operation = self._contract.operations.get(exchange.operation or "")
        name = f"answers of {operation.id}" if operation else "answers of other routes"
        return [
            finding
            for finding in self._findings(exchange, response, operation, name)
            if finding.requirement in self._catalogue.requirements
        ]

    def _findings(self, exchange: Exchange, response: HttpResponse, operation: Operation | None, name: str) -> Iterator[Finding]:
        yield self._finding(
            "CMF-ERR-SERVER",
            name,
            "" if response.status < _SERVER_ERROR else f"a request was answered with {response.status}",
            expected="a status below 500",
            got=f"{response.status}",
        )
        if operation is None:
            return
        yield self._status(exchange, response, operation, name)
        if response.status == _NOT_MODIFIED and operation.method == "GET":
            yield from self._not_modified(exchange, response, name)
        elif response.status >= _CLIENT_ERROR:
            yield from self._error(exchange, response, operation, name)
        elif response.status in operation.answers and operation.answers[response.status].media_types:
            yield from self._success(exchange, response, operation, name)

    def _finding(self, requirement: str, name: str, message: str = "", *, expected: str = "", got: str = "") -> Finding:
        known = self._catalogue.requirements.get(requirement)
        outcome = broken(known.level) if message and known else Verdict.PASS
        return Finding(requirement, outcome, name, message, expected if message else "", got if message else "")

    def _status(self, exchange: Exchange, response: HttpResponse, operation: Operation, name: str) -> Finding:
        documented = set(operation.answers)
        tolerated = set() if self._strict else set(self._catalogue.tolerated(operation.id))
        known = response.status in documented | tolerated or response.status >= _SERVER_ERROR
        return self._finding(
            "CMF-ERR-STATUS",
            name,
            "" if known else f"{operation.id} answered the undocumented status {response.status}",
            expected="one of " + ", ".join(map(str, sorted(documented))),
            got=f"{response.status} to {exchange.request.method}",
        )

    def _not_modified(self, exchange: Exchange, response: HttpResponse, name: str) -> Iterator[Finding]:
        conditional = any(key.lower() in {"if-none-match", "if-modified-since"} for key, _ in exchange.request.headers)
        yield self._finding(
            "CMF-CACHE-UNCONDITIONAL",
            name,
            "" if conditional else "304 in answer to a request without condition",
            expected="200",
            got="304",
        )
        yield self._finding(
            "CMF-CACHE-ETAG",
            name,
            "" if response.header("etag") else "a 304 came without ETag",
            expected="the ETag of the answer it stands for",
            got="no ETag",
        )
        yield self._finding(
            "CMF-CACHE-BODY",
            name,
            f"a 304 came with {len(response.body)} bytes of content" if response.body else "",
            expected="no content",
            got=f"{len(response.body)} bytes",
        )

    def _success(self, exchange: Exchange, response: HttpResponse, operation: Operation, name: str) -> Iterator[Finding]:
        documented = operation.answers[response.status]
        declared = MediaType.parse(response.header("content-type"))
        essence = declared.essence if declared else None
        body = read_body(response)
        yield self._finding(
            "CMF-CONTENT-TYPE",
            name,
            "" if essence in documented.media_types else f"the body is declared as {essence or 'nothing'}",
            expected=" or ".join(documented.media_types),
            got=essence or "no Content-Type",
        )
        wanted = accepted(exchange)
        for media_type, rule in ((JSON, "CMF-CONTENT-JSON"), (YAML, "CMF-CONTENT-YAML")):
            if wanted == media_type or (wanted is None and essence == media_type):
                message = ""
                if essence != media_type:
                    message = f"asked for {media_type}, the body is declared as {essence or 'nothing'}"
                elif body.problem:
                    message = f"the body is {body.problem}"
                elif declared and declared.charset not in {None, "utf-8", "utf8", "us-ascii"}:
                    message = f"the body is declared to be in {declared.charset}"
                yield self._finding(rule, name, message, expected=f"well-formed {media_type}", got=_excerpt(response))
        if body.media_type is None:
            problem = "the body is empty" if not response.body else f"the body can't be read: it is {body.problem}"
            if essence in documented.media_types and not response.body and (requirement := self._schema_requirement(documented.schema)):
                yield self._finding(requirement, name, problem, expected=f"a {documented.schema}", got="no content")
            return
        if documented.schema:
            yield from self._schema(documented.schema, body.value, name)
            yield from self._identities(documented.schema, body.value, name)
        yield from self._times(body.value, name)

    def _schema_requirement(self, schema: str | None) -> str | None:
        if schema is None:
            return None
        if schema.endswith("Page"):
            return self._by_schema.get("PaginationResponse")
        return self._by_schema.get(schema)

    def _schema(self, schema: str, value: Any, name: str) -> Iterator[Finding]:
        stripped, nulls = (value, []) if self._strict else self._contract.without_nulls(schema, value)
        nulls = [where for where in nulls if not (where.endswith("/status") and "Application" in schema)]
        yield self._finding(
            "CMF-CONTENT-NULL",
            name,
            "null in place of an absent field" if nulls else "",
            expected="a field without a value is left out",
            got="null for " + ", ".join(dict.fromkeys(_INDEX.sub("/*", where) for where in nulls)),
        )
        item_schema = self._contract.item_schema(schema) if schema.endswith("Page") else None
        if item_schema is None:
            yield self._one(schema, stripped, name, "")
            return
        page, items = stripped, []
        if isinstance(stripped, dict) and isinstance(stripped.get("items"), list):
            items = stripped["items"]
            page = {**stripped, "items": []}
        problems = self._contract.problems(schema, page)
        yield self._schema_finding("PaginationResponse", problems, name, "")
        for index, item in enumerate(items):
            yield self._one(item_schema, item, name, f"/items/{index}")

    def _one(self, schema: str, value: Any, name: str, where: str) -> Finding:
        return self._schema_finding(schema, self._contract.problems(schema, value), name, where)

    def _schema_finding(self, schema: str, problems: list[Any], name: str, where: str) -> Finding:
        first = problems[0] if problems else None
        place = (where + first.where).rstrip("/") or "/" if first else ""
        return self._finding(
            self._by_schema.get(schema, ""),
            name,
            f"{place}: {first.what}" if first else "",
            expected=f"a valid {schema}",
            got=f"{len(problems)} deviation{'s' if len(problems) != 1 else ''}",
        )

    def _identities(self, schema: str, value: Any, name: str) -> Iterator[Finding]:
        """Names of events and instances, and the version of events."""
        kind = self._contract.item_schema(schema) if schema.endswith("Page") else schema
        rule = {"FlinkApplicationEvent": "CMF-EVENT-NAME", "FlinkApplicationInstance": "CMF-INST-NAME"}.get(kind or "")
        if rule is None:
            return
        for resource in _resources(value):
            metadata = resource.get("metadata")
            given, uid = (metadata.get("name"), metadata.get("uid")) if isinstance(metadata, dict) else (None, None)
            message = "uid is not identical to name" if None not in (given, uid) and given != uid else ""
            if rule == "CMF-INST-NAME" and given is not None and not is_uuid(given):
                message = "the name of an instance is no UUID"
            yield self._finding(rule, name, message, expected="a UUID, and the same as uid", got=f"{given!r}, uid {uid!r}")
            if rule == "CMF-EVENT-NAME":
                version, event = resource.get("apiVersion"), resource.get("kind")
                wrong = "apiVersion" if str(version).rsplit("/", 1)[-1] != "v1alpha1" else ""
                wrong = wrong or ("kind" if event != "FlinkApplicationEvent" else "")
                yield self._finding(
                    "CMF-EVENT-VERSION",
                    name,
                    f"the {wrong} of an event is another" if wrong else "",
                    expected="v1alpha1, FlinkApplicationEvent",
                    got=f"{version!r}, {event!r}",
                )

    def _times(self, value: Any, name: str) -> Iterator[Finding]:
        for resource in _resources(value):
            for created, updated in _timestamps(resource):
                yield from self._time_pair(created, updated, name)

    def _time_pair(self, created: Any, updated: Any, name: str) -> Iterator[Finding]:
        sound = True
        for text in (created, updated):
            if text is None:
                continue
            message = ""
            if not isinstance(text, str):
                message = f"{text!r} is not a string"
            else:
                try:
                    timestamps.parse(text)
                except timestamps.NotATimestamp as error:
                    message = str(error)
            sound = sound and not message
            yield self._finding("CMF-TIME-FORMAT", name, message, expected="an RFC 3339 string in UTC", got=repr(text))
        if sound and created is not None and updated is not None:
            wrong = timestamps.is_before(updated, created)
            yield self._finding(
                "CMF-TIME-ORDER",
                name,
                "a resource is updated before it is created" if wrong else "",
                expected=f"an update time not before {created}",
                got=f"{updated}",
            )

    def _error(self, exchange: Exchange, response: HttpResponse, operation: Operation, name: str) -> Iterator[Finding]:
        if exchange.request.method == "HEAD":
            return
        essence = (MediaType.parse(response.header("content-type")) or MediaType("nothing", None)).essence
        body = read_body(response)
        http = response.status in _HTTP_STATUSES and response.status not in operation.answers
        problem = self._rest_error_problem(body)
        if http or response.status > _SERVER_ERROR:
            yield self._finding(
                "CMF-ERR-BODY-HTTP",
                name,
                f"{response.status}: {problem or _message_problem(body)}" if problem or _message_problem(body) else "",
                expected="a RestError with a message",
                got=_excerpt(response),
            )
            return
        yield self._finding(
            "CMF-ERR-BODY",
            name,
            f"{response.status}: {problem}" if problem else "",
            expected="a RestError as application/json or application/yaml",
            got=_excerpt(response),
        )
        if problem is None:
            yield self._finding(
                "CMF-ERR-MESSAGE",
                name,
                f"{response.status}: {_message_problem(body)}" if _message_problem(body) else "",
                expected="at least one message that is not blank",
                got=_excerpt(response),
            )
        wanted = accepted(exchange)
        if wanted and problem is None:
            yield self._finding(
                "CMF-ERR-NEGOTIATED",
                name,
                "" if essence == wanted else f"asked for {wanted}, the error is declared as {essence}",
                expected=wanted,
                got=essence,
            )

    def _rest_error_problem(self, body: Body) -> str | None:
        if body.problem:
            return f"the body is {body.problem}"
        if not isinstance(body.value, dict):
            return "the body is no object"
        stripped, _ = self._contract.without_nulls("RestError", body.value)
        problems = self._contract.problems("RestError", stripped)
        return f"{problems[0].where}: {problems[0].what}" if problems else None


def accepted(exchange: Exchange) -> str | None:
    """The one documented media type that a request accepts, or None when it leaves a choice."""
    accept = [value for key, value in exchange.request.headers if key.lower() == "accept"]
    return accept[0] if len(accept) == 1 and accept[0] in MEDIA_TYPES else None


def error_messages(value: Any) -> list[str]:
    """The messages of a RestError that are not blank."""
    errors = value.get("errors") if isinstance(value, dict) else None
    messages = [error.get("message") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return [message for message in messages if isinstance(message, str) and message.strip()]


def _message_problem(body: Body) -> str:
    return "" if error_messages(body.value) else "it holds no message"


def is_uuid(text: object) -> bool:
    """Whether a value is a UUID in its usual form."""
    try:
        return isinstance(text, str) and str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _resources(value: Any) -> list[dict[str, Any]]:
    """The resources in a body: the items of a page, or the one that it is."""
    found = value.get("items", [value]) if isinstance(value, dict) else []
    return [resource for resource in found if isinstance(resource, dict)] if isinstance(found, list) else []


def _timestamps(resource: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The pairs of creation and update time that the section Timestamps names."""
    yield resource.get("created_time"), resource.get("updated_time")
    metadata = resource.get("metadata")
    if isinstance(metadata, dict):
        yield metadata.get("creationTimestamp"), metadata.get("updateTimestamp")


def _excerpt(response: HttpResponse, limit: int = 160) -> str:
    declared = response.header("content-type") or "no Content-Type"
    text = response.body[: limit + 1].decode("utf-8", "replace")
    return f"{response.status}, {declared}, {text[:limit]!r}{'…' if len(text) > limit else ''}" if text else f"{response.status}, {declared}, no content"
