"""What is asked before anything is written: whether a CMF API answers at this URL at all.

Two reads.  What is told apart: nobody there, no TLS where TLS was asked for (or the other way round), something
that is not HTTP, a server without this API, and a CMF that wants (other) credentials.  Anything else - also a
server that answers only 500 - is a target to be judged.
"""

from __future__ import annotations

from conformance.contract.judgement import read_body
from conformance.contract.openapi import Contract
from conformance.errors import ConfigurationError, NotCmf, TargetError, Unreachable
from conformance.model import Exchange
from conformance.target.hints import hint_for, no_answer
from conformance.target.wire import NoAnswer, Wire

LIST = "/cmf/api/v1/environments"
_ONE = [("size", "1")]
_ACCEPT = [("Accept", "application/json")]
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


def probe(contract: Contract) -> tuple[str, list[tuple[str, str]]]:
    """A path and query that any server of the contract answers; that of the environments when there is one.

    Raises ``ConfigurationError`` when the document has nothing that can be read without knowing a name.
    """
    readable = [
        each for each in contract.operations.values() if each.method == "GET" and "{" not in each.template
    ]
    if any(each.template == LIST for each in readable):
        return LIST, _ONE
    if not readable:
        raise ConfigurationError(
            "The document has no GET of a path without parameters",
            "there is nothing to tell by whether a server of it answers at all",
        )
    return readable[0].template, []


def preflight(wire: Wire, url: str, contract: Contract | None = None) -> dict[str, str]:
    """What the target says of itself (its ``Server`` header and the like); ``contract`` says what it is asked.

    Raises ``Unreachable``, ``NotCmf`` or ``TargetError``, each with a hint.
    """
    path, query = probe(contract) if contract else (LIST, _ONE)
    credentials = wire.sign_in()
    try:
        exchange = wire.send("GET", path, query=query, headers=_ACCEPT)
    except NoAnswer as silence:
        raise unreachable(url, silence.exchange.error or "no answer") from silence
    response = exchange.response
    if response is None:
        raise Unreachable(f"{url} does not answer")
    if response.status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise _refused(url, response.status, credentials)
    if response.status == _NOT_FOUND or response.status // 100 == 3:  # noqa: PLR2004 - redirection
        where = response.header("location")
        raise NotCmf(
            f"{url} answers {response.status} to GET {path}: no CMF API here",
            hint=f"it points to {where}" if where else "give the URL below which /cmf/api/v1 is served",
        )
    if response.status == 200 and path == LIST and not _looks_like_cmf(exchange):  # noqa: PLR2004 - OK
        raise NotCmf(
            f"{url} answers GET {path} with something that is neither JSON nor YAML: no CMF API here",
            hint="give the URL below which /cmf/api/v1 is served",
        )
    return {
        name.lower(): value
        for name, value in response.headers
        if name.lower() in {"server", "via", "x-powered-by"}
    }


def _looks_like_cmf(exchange: Exchange) -> bool:
    return exchange.response is not None and isinstance(read_body(exchange.response).value, (dict, list))


def _refused(url: str, status: int, credentials: str) -> TargetError:
    if not credentials:
        return TargetError(
            f"{url} refuses these credentials with {status}: no token was given",
            hint="give a token in CMF_CONFORMANCE_TOKEN, --token-file, --token-command or --oauth-token-url, "
            "or a client certificate with --client-cert",
        )
    message = f"{url} refuses these credentials with {status}: {credentials}"
    if status == _FORBIDDEN:
        return TargetError(message, hint="whoever the token belongs to must be allowed to list environments")
    return TargetError(message, hint="is the token right, has it expired, and was it made for this server?")


def unreachable(url: str, error: str) -> Unreachable:
    """What to say of a target that gave no answer, with a hint that fits the error of the connection."""
    secure = url.lower().startswith("https:")
    return Unreachable(f"{url} {no_answer(error)}", hint=hint_for(error, secure=secure))
