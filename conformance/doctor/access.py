"""Who the run is to the target: whether its credentials are accepted, needed, and good for long enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from conformance.config import Auth, Limits
from conformance.doctor.finding import Finding, of_error, ok, problem, warning
from conformance.doctor.reach import ago, expiring
from conformance.errors import TargetError
from conformance.runner.preflight import LIST
from conformance.target import tokens
from conformance.target.auth import Credentials
from conformance.target.wire import NoAnswer, Wire

_REFUSALS = {401, 403}
_ACCEPT = [("Accept", "application/json")]


def refused(error: TargetError, credentials: Credentials) -> Finding:
    """What is known of credentials that the target does not accept."""
    token = credentials.token if credentials.configured else None
    ended = tokens.expiry(token) if token else None
    if ended is not None and tokens.seconds_left(token or "") is None:
        return problem(
            "credentials", f"{error.message}; by its own words the token ended {ago(ended)}", "get a new one"
        )
    return of_error("credentials", error)


def accepted(wire: Wire, credentials: Credentials, auth: Auth, limits: Limits) -> Iterator[Finding]:
    """What is known of credentials that the target accepts, or of none."""
    if not credentials.configured:
        how = "a client certificate" if auth.client_cert else "nothing"
        yield ok("credentials", f"no token is given and none is demanded; the run shows {how}")
    elif (status := _status_without(wire)) in _REFUSALS:
        yield ok("credentials", f"{credentials.source}: accepted, and without it the answer is {status}")
    else:
        said = f"the answer is {status}" if status else "no answer comes"
        yield warning(
            "credentials",
            f"{credentials.source}: accepted, but without it {said}, too: the area authentication will fail",
            "leave the token out when the server demands none",
        )
    yield from _lifetime(credentials, limits)
    if auth.client_cert is not None:
        yield from _client_certificate(auth.client_cert, limits)


def _status_without(wire: Wire) -> int | None:
    try:
        exchange = wire.send("GET", LIST, query=[("size", "1")], headers=_ACCEPT, authenticate=False)
    except NoAnswer:
        return None
    return exchange.response.status if exchange.response else None


def _lifetime(credentials: Credentials, limits: Limits) -> Iterator[Finding]:
    token = credentials.token if credentials.configured else None
    ends = tokens.expiry(token) if token else None
    left = tokens.seconds_left(token) if token else None
    if ends is None or left is None:
        return
    try:
        message = f"it is good until {datetime.fromtimestamp(ends, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        message = "it is good for longer than a calendar can say"
    if credentials.renewable:
        yield ok("token", f"{message}, and its source is asked again for another")
    elif left < limits.max_time:
        yield warning(
            "token",
            f"{message}, which may be before the end of a run",
            "get a new one, or use --token-file, --token-command or --oauth-token-url, which can renew it",
        )
    else:
        yield ok("token", message)


def _client_certificate(file: Path, limits: Limits) -> Iterator[Finding]:
    """The harness's own certificate; whether it fits the key was seen when it was loaded."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return
    expires = certificate.not_valid_after_utc
    left = (expires - datetime.now(UTC)).total_seconds()
    if left < 0:
        yield warning(
            "client cert",
            f"the client certificate was good until {expires:%Y-%m-%d %H:%M} UTC; the server accepts it all the same",
            "renew it",
        )
        return
    yield expiring("client cert", "the client certificate", expires, left, limits)
