"""The parts of a target's URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from conformance.errors import ConfigurationError

_PATH = re.compile(r"(?:/[A-Za-z0-9\-._~]+)*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HINT = "name it as in https://cmf.example:8080, without what begins with /cmf/api"


class Address:
    """Where a target is, and how that is written in a request."""

    def __init__(self, url: str) -> None:
        """Raises ``ConfigurationError`` when the URL is not that of an HTTP server, or holds credentials."""
        try:
            parts = urlsplit(url.strip())
            port, host = parts.port, (parts.hostname or "").encode("idna").decode("ascii")
        except (ValueError, UnicodeError):
            message = f"the target URL {url!r} is no URL"
            raise ConfigurationError(message, _HINT) from None
        if parts.username is not None or parts.password is not None:
            message = "the target URL holds credentials"
            raise ConfigurationError(message, "give a token by CMF_CONFORMANCE_TOKEN or a token file instead")
        if parts.scheme not in _DEFAULT_PORTS or not host or parts.query or parts.fragment or port == 0:
            message = f"the target URL {url!r} is not the address of an HTTP server"
            raise ConfigurationError(message, _HINT)
        self.path = parts.path.rstrip("/")
        """What precedes every path of the API on this host, e.g. ``/gateway``; often empty."""
        if not _PATH.fullmatch(self.path) or {".", ".."} & set(self.path.split("/")):
            message = f"the path of the target URL {url!r} cannot be used"
            raise ConfigurationError(message, _HINT)
        self.scheme = parts.scheme
        self.host = host
        """In ASCII and without brackets."""
        self.port = port or _DEFAULT_PORTS[parts.scheme]
        self.authority = f"[{host}]" if ":" in host else host
        """The value of the ``Host`` header."""
        if self.port != _DEFAULT_PORTS[parts.scheme]:
            self.authority += f":{self.port}"
        self.origin = f"{self.scheme}://{self.authority}"
