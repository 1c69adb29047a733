"""Which proxy, if any, stands between the harness and the target, by the usual environment variables."""

from __future__ import annotations

import ipaddress
import ssl
import urllib.request
from urllib.parse import unquote, urlsplit

import httpcore

from conformance.errors import ConfigurationError


def proxy_for(scheme: str, host: str, context: ssl.SSLContext) -> httpcore.Proxy | None:
    """The proxy for a target, from ``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

    A target on this machine is always spoken to directly.  Raises ``ConfigurationError`` for a proxy that is
    not an HTTP one.
    """
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    proxies = urllib.request.getproxies()
    url = proxies.get(scheme) or proxies.get("all")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = (
            f"a proxy of kind {parts.scheme!r} is set for {scheme} in the environment, which is not supported"
        )
        raise ConfigurationError(message, f"set an HTTP proxy, or add {host} to NO_PROXY")
    login = None
    if parts.username is not None:
        login = (unquote(parts.username), unquote(parts.password or ""))
    return httpcore.Proxy(
        httpcore.URL(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or (443 if parts.scheme == "https" else 80),
            target="/",
        ),
        auth=login,
        ssl_context=context if parts.scheme == "https" else None,
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
