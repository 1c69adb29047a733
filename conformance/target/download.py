"""A document from the web: one GET, without credentials, without redirects, of bounded size and time."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from conformance.config import Auth, Limits
from conformance.errors import ConfigurationError
from conformance.target.address import Address
from conformance.target.auth import ssl_context
from conformance.target.connection import Connections, Failure, Unsendable
from conformance.target.hints import hint_for

_OK = 200


def download(url: str, auth: Auth, limits: Limits, *, most: int) -> bytes:
    """The body of the answer to a GET, at most one byte more than ``most``.

    Of ``auth`` only the authority that is trusted counts: what identifies a user is for the target.  Raises
    ``ConfigurationError`` when there is no such document.
    """
    try:
        parts = urlsplit(url.strip())
        address = Address(f"{parts.scheme}://{parts.netloc}")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = path.encode("ascii")
    except (ValueError, ConfigurationError) as error:
        # Not shown: it may hold a password.
        raise ConfigurationError(
            "--spec is no URL of a document", "write it percent-encoded, without credentials"
        ) from error
    trusted = ssl_context(Auth(certificate_authority=auth.certificate_authority))
    connections = Connections(
        address.scheme, address.host, address.port, trusted, replace(limits, max_response_bytes=most + 1)
    )
    headers = [
        (b"Host", address.authority.encode("ascii")),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"identity"),
    ]
    try:
        response = connections.call("GET", target, headers, b"", fresh=True)
    except (Failure, Unsendable) as problem:
        hint = hint_for(str(problem), secure=address.scheme == "https")
        raise ConfigurationError(f"{url} can't be read: {problem}", hint) from problem
    finally:
        connections.close()
    if response.status != _OK:
        where = response.header("location")
        raise ConfigurationError(
            f"{url} answers {response.status} to GET",
            f"it points to {where}"
            if where
            else "name the document itself, as it is served without credentials",
        )
    return response.body
