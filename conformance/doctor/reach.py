"""The way to the target: its name, the connection, the certificate, its clock, and how fast it answers."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from conformance.config import Limits, Target
from conformance.doctor.finding import Finding, ok, problem, unknown, warning
from conformance.model import Exchange
from conformance.target.address import Address
from conformance.target.auth import ssl_context
from conformance.target.hints import hint_for, no_answer
from conformance.target.proxy import is_loopback, proxy_for

SOON = 14
"""Days before its end at which a certificate is worth a warning."""
MOST_SKEW = 300.0
"""Seconds by which two clocks may differ before anybody is told."""
_SLOW = 0.2
"""The part of the longest time for an answer above which answers are slow."""
_DAY = 86_400


def name(target: Target) -> Finding | None:
    """Whether the host name means something; None when there is no name in the URL."""
    address = Address(target.url)
    proxy = proxy_for(address.scheme, address.host, ssl_context(target.auth))
    if proxy is not None:
        return ok("name", f"left to the proxy {proxy.url.host.decode('ascii')}:{proxy.url.port}")
    try:
        ipaddress.ip_address(address.host)
    except ValueError:
        pass
    else:
        return None
    found, error = _resolved(address.host, address.port, target.limits.connect_timeout)
    if found:
        return ok("name", f"{address.host} is {', '.join(found)}")
    return problem("name", f"{address.host} can't be resolved: {error}", hint_for(error, secure=False))


def _resolved(host: str, port: int, seconds: float) -> tuple[list[str], str]:
    """The addresses of a host, or why there are none; resolvers have time-outs of their own, which are long."""
    found: list[str] = []
    errors: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            errors.append(getattr(error, "strerror", None) or str(error))
        else:
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return found, errors[0] if errors else f"Timeout after {seconds:g} s"


def connection(url: str, seen: Sequence[Exchange]) -> Finding:
    """Whether anybody answers, from the exchanges so far."""
    answered = [exchange for exchange in seen if exchange.response is not None]
    if not answered:
        error = (seen[-1].error if seen else None) or "no answer"
        subject = "certificate" if "CERTIFICATE_VERIFY_FAILED" in error else "connection"
        secure = url.lower().startswith("https:")
        return problem(subject, f"{url} {no_answer(error)}", hint_for(error, secure=secure))
    failed = len(seen) - len(answered)
    if failed:
        return warning(
            "connection",
            f"{url} answers, but {failed} of {len(seen)} requests got no answer at first: {seen[0].error}",
            "does a gateway in between close connections, or is the server being restarted?",
        )
    return ok("connection", f"{url} answers")


def certificate(target: Target, shown: Mapping[str, Any] | None) -> Finding:
    """For how long the target's certificate is good; it was verified in the handshake."""
    if shown is None:
        if is_loopback(Address(target.url).host):
            return ok("certificate", "none is needed on this machine")
        return warning(
            "certificate",
            "http without TLS: credentials and secrets can be read on the way",
            "use https:// unless the server is on this machine or behind a tunnel",
        )
    end = shown.get("notAfter")
    if not isinstance(end, str):
        return unknown(
            "certificate", "it is trusted, but says nothing of its end", "look at it with openssl s_client"
        )
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC)
    left = (expires - datetime.now(UTC)).total_seconds()
    return expiring("certificate", "the server's certificate", expires, left, target.limits)


def expiring(subject: str, what: str, expires: datetime, left: float, limits: Limits) -> Finding:
    """How long something that was accepted is still good."""
    message = f"{what} is good until {expires:%Y-%m-%d %H:%M} UTC"
    if left < limits.max_time:
        return warning(
            subject, f"{message}, which may be before the end of a run", "renew it before you start the run"
        )
    if left < SOON * _DAY:
        days = int(left // _DAY)
        return warning(
            subject, f"{message}, in {days} days" if days else f"{message}, today", "renew it in time"
        )
    return ok(subject, message)


def clock(exchange: Exchange) -> Finding:
    """By how much the target's clock is ahead of ours, from the ``Date`` of an answer."""
    date = exchange.response.header("date") if exchange.response else None
    try:
        theirs = parsedate_to_datetime(date or "")
    except (ValueError, IndexError, TypeError, OverflowError):
        said = f"the Date {date!r} is no date" if date else "its answers have no Date"
        return unknown("clock", f"{said}, so its clock can't be compared", "compare it by hand")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    ours = datetime.fromisoformat(exchange.started) + timedelta(milliseconds=exchange.elapsed_ms / 2)
    ahead = (theirs - ours).total_seconds()
    if abs(ahead) <= MOST_SKEW:
        return ok("clock", "it agrees with ours")
    way = "ahead of" if ahead > 0 else "behind"
    return warning(
        "clock",
        f"it is {_long(abs(ahead))} {way} ours",
        "set both by NTP: whether certificates and tokens are still good is judged by them",
    )


def speed(seconds: Sequence[float], limits: Limits) -> Finding:
    """Whether answers come in time, from how long some of them took."""
    middle, longest = statistics.median(seconds), max(seconds)
    message = f"{middle * 1000:.0f} ms, the slowest of {len(seconds)} {longest * 1000:.0f} ms"
    if longest > _SLOW * limits.read_timeout:
        return warning(
            "speed",
            f"{message}; an answer that takes {limits.read_timeout:g} s counts as none",
            "raise --read-timeout, or run when the server is less busy",
        )
    return ok("speed", message)


def answered(seen: Sequence[Exchange]) -> Iterator[float]:
    """How many seconds each answer took."""
    for exchange in seen:
        if exchange.response is not None:
            yield exchange.elapsed_ms / 1000


def _long(seconds: float) -> str:
    if seconds < 2 * 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def ago(moment: float) -> str:
    """How long ago a moment is, in seconds since 1970."""
    return f"{_long(time.time() - moment)} ago"
