"""What every single exchange says about the requirements that hold everywhere: pure functions.

Whoever sent the request, and why, does not matter here.  Each rule yields a finding - a pass as
surely as a failure - so that a verdict of *pass* rests on something that was seen.  The rules by what they
look at::

    judgement   the status, and 304
    content     the media type of a successful answer
    shape       the schemas of what it holds
    marks       the names and timestamps in it
    refusal     the body of an error

A body that was cut at the limit of the run is judged by its status alone: the cut is ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.contract.body import accepted, error_messages, read_body
from conformance.contract.content import contents, missing
from conformance.contract.marks import identities, is_uuid, times
from conformance.contract.observation import Observation
from conformance.contract.openapi import Answer, Contract, Operation
from conformance.contract.refusal import refusals
from conformance.contract.shape import Shapes
from conformance.model import Exchange, Finding, HttpResponse, Verdict
from conformance.registry import Catalogue
from conformance.verdict import broken

__all__ = ["UNIVERSAL", "Judge", "accepted", "error_messages", "is_uuid", "read_body"]

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
        "CMF-STMT-SCHEMA",
        "CMF-STMT-RESULT-SCHEMA",
        "CMF-STMT-EXCEPTION-SCHEMA",
        "CMF-POOL-SCHEMA",
        "CMF-SECRET-SCHEMA",
        "CMF-MAP-SCHEMA",
        "CMF-CAT-SCHEMA",
        "CMF-SECRET-HIDDEN",
    }
)
"""The requirements that are judged on every exchange, besides what scenarios check."""
_NOT_MODIFIED, _CLIENT_ERROR, _SERVER_ERROR = 304, 400, 500
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})


class Judge:
    """Judges exchanges by one contract and its catalogue."""

    def __init__(self, contract: Contract, catalogue: Catalogue, *, strict: bool = False) -> None:
        self._contract = contract
        self._catalogue = catalogue
        self._strict = strict
        rules = {
            requirement.schema: requirement.id
            for requirement in catalogue.requirements.values()
            if requirement.schema
        }
        self._shapes = Shapes(contract, rules, strict=strict)

    def judge(self, exchange: Exchange) -> list[Finding]:
        """Everything that one exchange with an answer says; nothing when there was no answer."""
        response = exchange.response
        if response is None:
            return []
        operation = self._contract.operations.get(exchange.operation or "")
        name = f"answers of {operation.id}" if operation else "answers of other routes"
        return [
            self._finding(observation, name)
            for observation in self._observations(exchange, response, operation)
            if observation.requirement in self._catalogue.requirements
        ]

    def _finding(self, seen: Observation, name: str) -> Finding:
        if not seen.message:
            return Finding(seen.requirement, Verdict.PASS, name)
        outcome = broken(self._catalogue.requirements[seen.requirement].level)
        return Finding(seen.requirement, outcome, name, seen.message, seen.expected, seen.got)

    def _observations(
        self, exchange: Exchange, response: HttpResponse, operation: Operation | None
    ) -> Iterator[Observation]:
        yield Observation(
            "CMF-ERR-SERVER",
            f"a request was answered with {response.status}" if response.status >= _SERVER_ERROR else "",
            expected="a status below 500",
            got=f"{response.status}",
        )
        if operation is None:
            return
        yield self._status(exchange, response, operation)
        if response.truncated:
            return
        if response.status == _NOT_MODIFIED and operation.method == "GET":
            yield from _not_modified(exchange, response)
        elif response.status >= _CLIENT_ERROR:
            yield from refusals(exchange, response, operation, self._contract)
        elif (documented := operation.answer(response.status)) and documented.media_types:
            yield from self._success(exchange, response, documented)

    def _status(self, exchange: Exchange, response: HttpResponse, operation: Operation) -> Observation:
        tolerated = set() if self._strict else set(self._catalogue.tolerated(operation.id))
        listed = operation.answer(response.status) is not None or response.status in tolerated
        known = listed or response.status >= _SERVER_ERROR
        return Observation(
            "CMF-ERR-STATUS",
            "" if known else f"{operation.id} answered the undocumented status {response.status}",
            expected="one of " + ", ".join(operation.documented),
            got=f"{response.status} to {exchange.request.method}",
        )

    def _success(
        self, exchange: Exchange, response: HttpResponse, documented: Answer
    ) -> Iterator[Observation]:
        body = read_body(response)
        yield from contents(exchange, response, documented, body)
        schema = documented.schema
        page = bool(schema and schema.endswith("Page"))
        if body.media_type is None:
            yield from missing(response, documented, self._shapes.rule(schema))
            return
        if schema:
            yield from self._shapes.judge(schema, body.value)
            yield from identities(self._shapes.item(schema), body.value, page=page)
        yield from times(body.value, page=page)


def _not_modified(exchange: Exchange, response: HttpResponse) -> Iterator[Observation]:
    conditional = any(key.lower() in _CONDITIONS for key, _ in exchange.request.headers)
    yield Observation(
        "CMF-CACHE-UNCONDITIONAL",
        "" if conditional else "304 in answer to a request without condition",
        expected="200",
        got="304",
    )
    yield Observation(
        "CMF-CACHE-ETAG",
        "" if response.header("etag") else "a 304 came without ETag",
        expected="the ETag of the answer it stands for",
        got="no ETag",
    )
    size = len(response.body)
    yield Observation(
        "CMF-CACHE-BODY",
        f"a 304 came with {size} bytes of content" if size else "",
        expected="no content",
        got=f"{size} bytes",
    )
