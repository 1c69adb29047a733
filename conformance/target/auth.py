"""Who the harness is to the target: a bearer token, a client certificate, and the authority it trusts.

Every problem is a ``HarnessError`` with a hint; no message ever holds a credential.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from conformance.config import Auth, Limits
from conformance.errors import ConfigurationError, HarnessError
from conformance.target.oauth import ClientCredentials
from conformance.target.tokens import CommandSource, FileSource, Source, Token, VariableSource

_MARGIN = 30.0
"""Seconds before its end at which a token is renewed; less for one that lives less than ten times as long."""
_REST = 5.0
"""Seconds in which a source is not asked again when asking it did not help."""


class Credentials:
    """The bearer token of a run.  Safe to use from several threads.

    It is renewed shortly before it expires, and when the target refuses it.  A renewal that fails leaves things as
    they are: a file may be in the middle of being replaced, a token endpoint may be restarting.
    """

    def __init__(
        self, auth: Auth, environment: Mapping[str, str] | None = None, limits: Limits | None = None
    ) -> None:
        """Reads the token, or runs the command that prints it; a token endpoint is asked when the token is needed.

        Raises ``ConfigurationError`` when there is no token to be had from what is configured.
        """
        environment = os.environ if environment is None else environment
        self._source = _source(auth, environment, limits or Limits())
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at: float | None = None
        self._asked = -_REST
        """When the source was last asked for another token."""
        self._futile = False
        """Whether that was because of a refusal, and did not help as far as is known."""
        if not isinstance(self._source, ClientCredentials):
            self._take(self._source.fetch())

    @property
    def configured(self) -> bool:
        """Whether requests carry a token."""
        return self._token is not None or isinstance(self._source, ClientCredentials)

    @property
    def source(self) -> str:
        """Where the token comes from, for messages; empty when there is none."""
        return self._source.name if self.configured else ""

    @property
    def renewable(self) -> bool:
        """Whether its source may give another token."""
        return self._source.renewable

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be stored besides the token."""
        return (self._source.secret,) if isinstance(self._source, ClientCredentials) else ()

    @property
    def token(self) -> str | None:
        """The token, or None when none is configured; renewed when it is about to expire.

        Raises ``TargetError`` when the token endpoint has never given one.
        """
        if self._is_due():
            with self._lock:
                if self._token is None:
                    self._take(self._source.fetch())
                elif self._is_due():
                    self._ask()
        return self._token.text if self._token else None

    def accepted(self, token: str) -> None:
        """Note that the target did not refuse this token."""
        if self._futile and self._token is not None and self._token.text == token:
            self._futile = False

    def renew(self, refused: str | None) -> bool:
        """Get another token after the target refused this one; whether there is another one now.

        A command or a token endpoint is asked at most once for each token that is refused, and seldom when the
        tokens that it gives are refused as well.
        """
        if not self._source.renewable:
            return False
        with self._lock:
            if self._token is None:
                return False
            rests = self._futile and self._source.costly and time.monotonic() < self._asked + _REST
            if self._token.text == refused and not rests:
                self._ask()
                self._futile = True  # until the target accepts what came of it
            return self._token.text != refused

    def _is_due(self) -> bool:
        if self._token is None:
            return isinstance(self._source, ClientCredentials)
        return self._renew_at is not None and time.monotonic() >= self._renew_at

    def _ask(self) -> None:
        """Ask the source for another token, and keep the one that is there when there is none."""
        self._asked = time.monotonic()
        earlier = self._token
        with suppress(HarnessError):
            self._take(self._source.fetch())
        if self._renew_at is not None and self._token == earlier:
            self._renew_at = max(self._renew_at, self._asked + _REST)

    def _take(self, token: Token | None) -> None:
        self._token = token
        lasts = token.seconds if token else None
        self._renew_at = None if lasts is None else time.monotonic() + lasts - min(_MARGIN, lasts / 10)


def _source(auth: Auth, environment: Mapping[str, str], limits: Limits) -> Source:
    given = {
        "token_file": auth.token_file,
        "token_command": auth.token_command,
        "oauth_token_url": auth.oauth_token_url,
    }
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        message = f"more than one source of a token is named: {', '.join(named)}"
        raise ConfigurationError(message, "name one of them")
    if auth.token_file is not None:
        return FileSource(auth.token_file)
    if auth.token_command is not None:
        return CommandSource(auth.token_command)
    if auth.oauth_token_url is not None:
        return ClientCredentials(auth, environment, ssl_context(auth), limits)
    return VariableSource(auth.token_variable, environment)


def ssl_context(auth: Auth) -> ssl.SSLContext:
    """How TLS is spoken: the target's certificate is always verified, by the system or the named authority.

    Raises ``ConfigurationError`` when a certificate, key or authority cannot be used.
    """
    context = _trusting(auth.certificate_authority)
    # Python 3.13 began to refuse certificates of private authorities that lack optional extensions; every
    # version shall trust the same ones.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if auth.client_cert is None:
        if auth.client_key is not None:
            message = f"client key {auth.client_key} is of no use without a certificate"
            raise ConfigurationError(message, "name the certificate too: CONFLUENT_CMF_CLIENT_CERT_PATH")
        return context
    key = auth.client_key or auth.client_cert
    for what, file in (("client certificate", auth.client_cert), ("client key", key)):
        _must_be_readable(what, file)
    try:
        context.load_cert_chain(auth.client_cert, auth.client_key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as problem:
        message = f"client certificate {auth.client_cert} with key {key} cannot be used: {_reason(problem)}"
        hint = "both are PEM files that belong together, and the key is not encrypted"
        raise ConfigurationError(message, hint) from None
    return context


def _trusting(authority: Path | None) -> ssl.SSLContext:
    if authority is None:
        return ssl.create_default_context()
    try:
        if authority.is_dir():
            return ssl.create_default_context(capath=authority)
        _must_be_readable("certificate authority", authority)
        return ssl.create_default_context(cafile=authority)
    except (ssl.SSLError, OSError) as problem:
        message = f"certificate authority {authority} cannot be used: {_reason(problem)}"
        raise ConfigurationError(message, "it is a PEM file with the certificates to trust") from None


def _must_be_readable(what: str, file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except OSError as problem:
        message = f"{what} {file} cannot be read: {problem.strerror}"
        raise ConfigurationError(message, "check the path and its permissions") from None


def _reason(problem: Exception) -> str:
    return getattr(problem, "reason", None) or getattr(problem, "strerror", None) or type(problem).__name__
