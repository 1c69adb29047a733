"""Who the harness is to the target: a bearer token, a client certificate, and the authority it trusts.

Every problem is a ``ConfigurationError`` with a hint; no message ever holds a credential.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path

from conformance.config import Auth
from conformance.errors import ConfigurationError

_TOKEN = re.compile(r"[\x21-\x7e]+")


class Credentials:
    """The bearer token of a run, read from a file or an environment variable.

    The file, when one is named, is the stronger source, and is read again when the target refuses the token.
    """

    def __init__(self, auth: Auth, environment: Mapping[str, str] | None = None) -> None:
        """Raises ``ConfigurationError`` when the token cannot be read or sent."""
        self._auth = auth
        self._environment = os.environ if environment is None else environment
        self._lock = threading.Lock()
        self._token = self._read()

    @property
    def token(self) -> str | None:
        """The token, or None when none is configured."""
        return self._token

    def renew(self, refused: str | None) -> bool:
        """Read the token file again after the target refused this token; whether there is another one now.

        A file that cannot be read leaves things as they are: it may be in the middle of being replaced.
        """
        if self._auth.token_file is None:
            return False
        with self._lock:
            try:
                self._token = self._read()
            except ConfigurationError:
                return False
            return self._token != refused

    def _read(self) -> str | None:
        file = self._auth.token_file
        if file is None:
            name = self._auth.token_variable
            text, source = self._environment.get(name, ""), f"environment variable {name}"
            if not text.strip():
                return None
        else:
            source = f"token file {file}"
            try:
                text = file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                reason = problem.strerror if isinstance(problem, OSError) else "it is not text"
                message = f"{source} cannot be read: {reason}"
                raise ConfigurationError(
                    message, "name a file that holds the token and nothing else"
                ) from None
        token = text.strip()
        if not _TOKEN.fullmatch(token):
            message = f"{source} holds no token that can be sent"
            raise ConfigurationError(message, "a token is one line of printable ASCII without spaces")
        return token


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
