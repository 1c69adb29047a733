"""A token by OAuth 2.0 client credentials (RFC 6749, section 4.4): asked for with the id and secret of a client.

The token endpoint is spoken to with the time-outs, the size limit and the TLS settings of the target, through the
same proxy, and never redirected.  Of what it answers only the token, its lifetime and the error codes of the
standard are looked at: whatever else it says may hold the secret that it was sent.
"""

from __future__ import annotations

import base64
import json
import math
import ssl
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from conformance.config import Auth, Limits
from conformance.errors import ConfigurationError, TargetError, Unreachable
from conformance.target import tokens
from conformance.target.connection import Connections, Failure
from conformance.target.hints import hint_for, no_answer
from conformance.target.proxy import is_loopback
from conformance.target.tokens import Token

_HINT_URL = "for example --oauth-token-url https://login.example/oauth2/token"
_ERRORS = {
    "invalid_client": "are the client's id and secret right, and does the endpoint take HTTP Basic authentication?",
    "unauthorized_client": "the client must be allowed to use the grant client_credentials",
    "unsupported_grant_type": "the token endpoint must support the grant client_credentials",
    "invalid_scope": "is the scope right (--oauth-scope)?",
    "invalid_request": "does the endpoint demand a scope (--oauth-scope)?",
    "invalid_grant": "is the client still valid?",
}
_OK, _REDIRECTS, _REFUSALS = 200, range(300, 400), {400, 401, 403}
_MOST_BYTES = 1024 * 1024
_PORTS = {"http": 80, "https": 443}


class ClientCredentials:
    """A source of tokens that asks a token endpoint."""

    renewable = costly = True

    def __init__(
        self, auth: Auth, environment: Mapping[str, str], context: ssl.SSLContext, limits: Limits
    ) -> None:
        """Asks for nothing yet.  Raises ``ConfigurationError`` when URL, id or secret are of no use."""
        self._scheme, self._host, self._port, self._path = _endpoint(auth.oauth_token_url or "")
        self._authority = f"[{self._host}]" if ":" in self._host else self._host
        if self._port != _PORTS[self._scheme]:
            self._authority += f":{self._port}"
        self.name = f"OAuth token endpoint {self._scheme}://{self._authority}"
        self._client, self.secret = _client(auth, environment)
        self._scope = auth.oauth_scope
        self._context = context
        self._limits = limits
        proxy_checked = Connections(self._scheme, self._host, self._port, context, limits)
        proxy_checked.close()

    def fetch(self) -> Token:
        """Ask for a token.

        Raises ``Unreachable`` when no answer comes, ``TargetError`` when there is no token in it.
        """
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        body = urlencode(form).encode("ascii")
        # Both are quoted before they are joined (RFC 6749, section 2.3.1).
        client = f"{quote_plus(self._client)}:{quote_plus(self.secret)}".encode("ascii")
        headers = {
            "Host": self._authority,
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Basic {base64.b64encode(client).decode('ascii')}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        sent = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        connections = Connections(self._scheme, self._host, self._port, self._context, self._limits)
        with closing(connections):
            try:
                answer = connections.call("POST", self._path, sent, body, fresh=True)
            except Failure as problem:
                message = f"{self.name} {no_answer(problem.error)}"
                hint = hint_for(problem.error, secure=self._scheme == "https")
                raise Unreachable(message, hint) from None
        if answer.status in _REDIRECTS:
            message = f"{self.name} answers {answer.status}: a secret is not sent on to where it points"
            raise TargetError(message, "give the URL of the token endpoint itself")
        document = _document(answer.body) if len(answer.body) <= _MOST_BYTES else {}
        if answer.status != _OK:
            error = document.get("error")
            known = error if isinstance(error, str) and error in _ERRORS else None
            message = f"{self.name} gives no token: {answer.status}{f' {known}' if known else ''}"
            unknown = (
                _ERRORS["invalid_client"] if answer.status in _REFUSALS else "is --oauth-token-url right?"
            )
            raise TargetError(message, _ERRORS[known] if known else unknown)
        return self._token(document)

    def _token(self, document: Mapping[str, Any]) -> Token:
        token, kind = document.get("access_token"), document.get("token_type", "bearer")
        if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
            message = f"{self.name} answers with no bearer token"
            raise TargetError(message, "the answer must be JSON with access_token, and Bearer as token_type")
        try:
            text = tokens.checked(token, "the answer")
        except ConfigurationError:
            message = f"{self.name} answers with a token that cannot be sent"
            raise TargetError(message, "a token is printable ASCII without spaces") from None
        return Token(text, _seconds(document.get("expires_in")) or tokens.seconds_left(text))


def _endpoint(url: str) -> tuple[str, str, int, bytes]:
    """Scheme, host, port and path of a token endpoint; raises ``ConfigurationError``."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode("ascii")
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}".encode("ascii")
    except (ValueError, UnicodeError):
        message = "the URL of the OAuth token endpoint is no URL"
        raise ConfigurationError(message, _HINT_URL) from None
    if parts.username is not None or parts.password is not None:
        message = "the URL of the OAuth token endpoint holds credentials"
        raise ConfigurationError(
            message, "give them in environment variables or a file (docs/configuration.md)"
        )
    if parts.scheme not in _PORTS or not host or parts.fragment or port == 0 or not target.isascii():
        message = f"the URL of the OAuth token endpoint {url!r} is not the address of an HTTP server"
        raise ConfigurationError(message, _HINT_URL)
    if any(byte <= ord(" ") for byte in target):
        message = f"the URL of the OAuth token endpoint {url!r} cannot be sent"
        raise ConfigurationError(message, _HINT_URL)
    if parts.scheme == "http" and not is_loopback(host):
        message = f"the OAuth token endpoint {url!r} is spoken to without TLS"
        raise ConfigurationError(message, "a client secret is sent over https only, or to this machine")
    return parts.scheme, host, port or _PORTS[parts.scheme], target


def _client(auth: Auth, environment: Mapping[str, str]) -> tuple[str, str]:
    """Id and secret of the client; raises ``ConfigurationError``."""
    client = environment.get(auth.oauth_client_id_variable, "").strip()
    if not client:
        message = f"environment variable {auth.oauth_client_id_variable} holds no OAuth client id"
        raise ConfigurationError(message, "put the id of the client there")
    if auth.oauth_client_secret_file is None:
        name = f"environment variable {auth.oauth_client_secret_variable}"
        secret = environment.get(auth.oauth_client_secret_variable, "")
    else:
        name = f"client secret file {auth.oauth_client_secret_file}"
        secret = tokens.text_of(auth.oauth_client_secret_file, name)
    secret = secret.strip()
    if not secret or not secret.isprintable():
        message = f"{name} holds no OAuth client secret"
        raise ConfigurationError(
            message, "put the secret of the client there, or name a file: --oauth-client-secret-file"
        )
    return client, secret


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(value: Any) -> float | None:
    """A lifetime; some endpoints write the number as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
