"""What is asked before anything is written: whether a CMF API answers at this URL at all.

Two reads.  What is told apart: nobody there, no TLS where TLS was asked for (or the other way round), something
that is not HTTP, a server without this API, and a CMF that wants (other) credentials.  Anything else - also a
server that answers only 500 - is a target to be judged.
"""

from __future__ import annotations

from conformance.contract.judgement import read_body
from conformance.errors import NotCmf, TargetError, Unreachable
from conformance.model import Exchange
from conformance.target.wire import NoAnswer, Wire

LIST = "/cmf/api/v1/environments"
_ACCEPT = [("Accept", "application/json")]
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


def preflight(wire: Wire, url: str) -> dict[str, str]:
    """What the target says of itself (its ``Server`` header and the like).

    Raises ``Unreachable``, ``NotCmf`` or ``TargetError``, each with a hint.
    """
    credentials = wire.sign_in()
    try:
        exchange = wire.send("GET", LIST, query=[("size", "1")], headers=_ACCEPT)
    except NoAnswer as silence:
        raise _unreachable(url, silence.exchange.error or "no answer") from silence
    response = exchange.response
    if response is None:
        raise Unreachable(f"{url} does not answer")
    if response.status in {_UNAUTHORIZED, _FORBIDDEN}:
        raise _refused(url, response.status, credentials)
    if response.status == _NOT_FOUND or response.status // 100 == 3:  # noqa: PLR2004 - redirection
        where = response.header("location")
        raise NotCmf(
            f"{url} answers {response.status} to GET {LIST}: no CMF API here",
            hint=f"it points to {where}" if where else "give the URL below which /cmf/api/v1 is served",
        )
    if response.status == 200 and not _looks_like_cmf(exchange):  # noqa: PLR2004 - OK
        raise NotCmf(
            f"{url} answers GET {LIST} with something that is neither JSON nor YAML: no CMF API here",
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


_CERTIFICATE_WANTED = (
    "the server ended the TLS connection: it may demand a client certificate (--client-cert, --client-key)"
)
_HINTS = (
    ("certificate has expired", "the server's certificate must be renewed; or is the clock here wrong?"),
    (
        "certificate is not yet valid",
        "the server's certificate is not valid yet; or is the clock here wrong?",
    ),
    ("Hostname mismatch", "use a host name in the URL that the server's certificate is for"),
    ("IP address mismatch", "use a host name in the URL that the server's certificate is for"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the certificate is not trusted: --certificate-authority names the CA to trust",
    ),
    (
        "CERTIFICATE_REQUIRED",
        "the server demands a client certificate: give it with --client-cert and --client-key",
    ),
    ("ALERT_UNKNOWN_CA", "the server does not trust the client certificate: is it the right one?"),
    ("ALERT_BAD_CERTIFICATE", "the server does not accept the client certificate: is it the right one?"),
    ("CERTIFICATE_EXPIRED", "the server says that the client certificate has expired"),
    ("CERTIFICATE_UNKNOWN", "the server does not accept the client certificate: is it the right one?"),
    ("CERTIFICATE_REVOKED", "the server says that the client certificate was revoked"),
    ("WRONG_VERSION_NUMBER", "the server speaks no TLS there: try http://"),
    ("RECORD_LAYER_FAILURE", "the server speaks no TLS there: try http://"),
    ("HANDSHAKE_FAILURE", _CERTIFICATE_WANTED),
    ("UNEXPECTED_EOF", _CERTIFICATE_WANTED),
    ("PROTOCOL_VERSION", "the server speaks only versions of TLS that are no longer safe"),
    ("SSL", "the TLS handshake failed: is a client certificate needed (--client-cert)?"),
    ("refused", "is the server running, and is the port right?"),
    ("Name or service not known", "is the host name right?"),
    ("nodename nor servname", "is the host name right?"),
    ("name resolution", "is the host name right, and does name resolution work here?"),
    ("No address associated", "is the host name right?"),
    ("Timeout", "the host or a firewall in between stays silent"),
)
_CLOSED = ("disconnected", "reset by peer", "broken pipe")


def _unreachable(url: str, error: str) -> Unreachable:
    return Unreachable(
        f"{url} can't be reached: {error}", hint=_hint(url.lower().startswith("https:"), error)
    )


def _hint(secure: bool, error: str) -> str:  # noqa: FBT001 - one of two words
    text = error.lower()
    for mark, hint in _HINTS:
        if mark.lower() in text:
            return hint
    if any(mark in text for mark in _CLOSED):
        return (
            _CERTIFICATE_WANTED
            if secure
            else "what listens there closes the connection; for TLS use https://"
        )
    if "RemoteProtocolError" in error:
        what = "what listens there does not speak HTTP/1.1"
        return what if secure else f"{what}; for TLS use https://"
    return "is the URL right?"
