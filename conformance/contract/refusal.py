"""The body of an error: a RestError that says what is wrong, in the media type that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from conformance.contract.body import (
    Body,
    accepted,
    accepts_neither,
    declared,
    error_messages,
    excerpt,
    read_body,
)
from conformance.contract.observation import Observation
from conformance.contract.openapi import Contract, Operation
from conformance.model import Exchange, HttpResponse

_BAD_REQUEST, _NOT_ACCEPTABLE, _SERVER_ERROR = 400, 406, 500
_REST_ERROR = "RestError"
_OF_HTTP = frozenset({400, 401, 403, 405, 406, 408, 411, 413, 414, 415, 417, 426, 428, 429, 431})
"""Statuses that HTTP defines for every server, often answered before the application is reached."""


def refusals(
    exchange: Exchange, response: HttpResponse, operation: Operation, contract: Contract
) -> Iterator[Observation]:
    """Everything that the body of an answer from 400 upwards says (erratum ERR-REST-ERROR-HTTP)."""
    documented = operation.answer(response.status)
    schema = _REST_ERROR if contract.has(_REST_ERROR) else documented.schema if documented else None
    if schema is None:
        return  # a document that describes no body of its errors
    body = read_body(response)
    broken = _broken(body, contract, schema)
    silent = "" if error_messages(body.value) or schema != _REST_ERROR else "it holds no message"
    of_http = response.status in _OF_HTTP and (
        documented is None or (bool(broken) and _is_odd(exchange, response))
    )
    if of_http or response.status > _SERVER_ERROR:
        problem = broken or silent
        expected = "a RestError with a message"
        if problem and response.status == _NOT_ACCEPTABLE and accepts_neither(exchange):
            return  # a client of neither JSON nor YAML can be told in what it accepts
        yield _observation("CMF-ERR-BODY-HTTP", response, problem, expected)
        return
    yield _observation(
        "CMF-ERR-BODY", response, broken, "a RestError as application/json or application/yaml"
    )
    if broken:
        return
    yield _observation("CMF-ERR-MESSAGE", response, silent, "at least one message that is not blank")
    promised = documented.media_types if documented else ()
    if (wanted := accepted(exchange)) and (not promised or wanted in promised):
        essence = declared(response) or "nothing"
        wrong = f"asked for {wanted}, the error is declared as {essence}" if essence != wanted else ""
        yield Observation("CMF-ERR-NEGOTIATED", wrong, wanted, essence)


def _is_odd(exchange: Exchange, response: HttpResponse) -> bool:
    """Whether a web server in front may have refused the path, as many do with what looks like an attack to them."""
    return response.status == _BAD_REQUEST and "%" in urlsplit(exchange.request.url).path


def _observation(requirement: str, response: HttpResponse, problem: str, expected: str) -> Observation:
    return Observation(
        requirement, f"{response.status}: {problem}" if problem else "", expected, excerpt(response)
    )


def _broken(body: Body, contract: Contract, schema: str) -> str:
    """Why a body is no RestError, or what stands for one; empty when it is."""
    if body.problem:
        return f"the body is {body.problem}"
    if not isinstance(body.value, dict):
        return "the body is no object"
    stripped, _ = contract.without_nulls(schema, body.value)
    problems = contract.problems(schema, stripped)
    return f"{problems[0].where}: {problems[0].what}" if problems else ""
