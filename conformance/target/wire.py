"""The one way to the target: guarded, entered in the ledger, limited, redacted, recorded.

What ``send`` does, and what it can raise at each step::

    the guard judges the request                       GuardRefusal   a defect of the harness, nothing was sent
    the budget is asked, the pace is kept              BudgetSpent    nothing was sent
    what it may create is on the disk, in the ledger
    it is sent, and the whole response read in time    NoAnswer       with the exchange that says why
    what came is redacted, recorded, and noted

When a request is sent again, each attempt is an exchange of its own in the evidence:

* GET and HEAD after a connection that failed or closed before a byte of the response, at most twice; and
  after 429 or 503 with ``Retry-After``, at most twice, unless it asks to wait longer than 30 s.  Not after a time-out.
* Any request once after 401, when there is another token by then (see ``auth``): 401 means it had no effect.
* No other write, ever.  Writes have a fresh connection each (see ``connection``), so none can be lost on a
  connection that the target was just closing.

Redirects are answers like any other, cookies are not kept, and no header is added but ``Host``,
``User-Agent``, ``Accept-Encoding: identity``, ``Authorization``, ``Content-Length``, and those that the
configuration names (see ``headers``).
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from conformance import __version__
from conformance.config import Mode, Target
from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.target import auth, guard, headers
from conformance.target.address import Address
from conformance.target.books import Books, Entry
from conformance.target.connection import Caller, Connections, Failure, Unsendable
from conformance.target.evidence import EvidenceLog
from conformance.target.ledger import Ledger
from conformance.target.limits import Account, Budget, BudgetSpent, Pace, http_date, retry_after
from conformance.target.redaction import Redaction

__all__ = ["BudgetSpent", "GuardRefusal", "NoAnswer", "Wire"]

USER_AGENT = f"cmf-conformance/{__version__}"
_MOST_RETRIES = 2
_PAUSES = (0.1, 1.0)
"""Seconds before a read is repeated after a connection error."""


class GuardRefusal(Exception):
    """The harness tried to send something that it must not send: always a defect of the harness."""


class NoAnswer(Exception):
    """The target gave no whole HTTP response; ``exchange.error`` says why."""

    def __init__(self, exchange: Exchange) -> None:
        """The exchange has no response."""
        super().__init__(exchange.error)
        self.exchange = exchange


class Wire:
    """The connection of one run to its target.  Safe to use from several threads."""

    def __init__(
        self,
        target: Target,
        *,
        ownership: guard.Ownership,
        ledger: Ledger | None,
        evidence: EvidenceLog,
        mode: Mode = Mode.CERTIFICATION,
        credentials: auth.Credentials | None = None,
        connections: Caller | None = None,
        identify: Callable[[str, str], str | None] = lambda _method, _path: None,
        on_exchange: Callable[[Exchange], None] | None = None,
        account: Account | None = None,
    ) -> None:
        """``ledger`` may be None when nothing will be written.

        ``credentials`` are read from the configuration of the target when they are None.
        ``connections`` answer in place of the target, when there are any.
        ``identify`` gives the ``operationId`` of a method and a path below the base URL, or None.
        ``on_exchange`` is called with every exchange, in the thread that sent it.  ``account`` is what the limits
        are drawn on together with other processes.  Raises
        ``ConfigurationError`` when the URL, the credentials or the certificates cannot be used.
        """
        self._address = address = Address(target.url)
        self._credentials = credentials or auth.Credentials(target.auth, limits=target.limits)
        self._extra = headers.read(target.auth.headers, os.environ)
        self._connections: Caller = connections or Connections(
            address.scheme, address.host, address.port, auth.ssl_context(target.auth), target.limits
        )
        self.ownership = ownership
        self.ledger = ledger
        self.evidence = evidence
        self.mode = mode
        self.redact = Redaction()
        """Give it every secret that the run plants, before it is sent."""
        for secret in self._credentials.secrets:
            self.redact.add(secret, "client-secret")
        for extra in self._extra:
            if extra.secret:
                self.redact.hide(extra.name, extra.value)
        self.budget = Budget(target.limits, account=account)
        self._pace = Pace(target.limits.requests_per_second, account=account)
        self._identify = identify
        self._on_exchange = on_exchange
        self._books = Books(ledger, ownership)
        self._redacted_token: str | None = None

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        content: bytes | None = None,
        authenticate: bool = True,
    ) -> Exchange:
        """Send one request and return the exchange, redacted.

        ``path`` is percent-encoded and below the base URL; it reaches the socket byte for byte.  ``query`` is
        percent-encoded here.  The credentials of the target are added unless ``authenticate`` is False or
        ``headers`` has an ``Authorization`` of its own.  Raises ``GuardRefusal``, ``BudgetSpent``, ``NoAnswer``,
        and ``TargetError`` when a token endpoint has never given a token.
        """
        content_type = next((value for name, value in headers if name.lower() == "content-type"), None)
        objection = guard.judge(
            method, path, headers, content_type, content, self.ownership, self.mode, query=query
        )
        if objection:
            message = f"{method} {path}: {objection}"
            raise GuardRefusal(message)
        try:
            entry = self._books.entry(method, path, content_type, content)
        except ValueError as problem:
            message = f"{method} {path}: {problem}"
            raise GuardRefusal(message) from None
        outgoing = _Outgoing(method, path, query, headers, content, authenticate)
        renewed = False
        for attempt in itertools.count(1):
            self.budget.spend()
            self._pace.wait()
            token = self._token_for(outgoing)
            exchange, failure = self._attempt(outgoing, token, entry, attempt)
            if token is not None and exchange.response is not None:
                if not _is_refused(exchange):
                    self._credentials.accepted(token)
                elif not renewed and self._credentials.renew(token):
                    renewed = True
                    continue
            pause = _pause_before_retry(method, exchange.response, failure, attempt)
            if pause is None or pause >= self.budget.seconds_left:
                break
            time.sleep(pause)
        if failure:
            raise NoAnswer(exchange)
        return exchange

    def sign_in(self) -> str:
        """Get the first token, when there is to be one; returns where tokens come from, or nothing.

        Raises ``TargetError`` when a token endpoint gives none.
        """
        _ = self._credentials.token
        return self._credentials.source

    @property
    def certificate(self) -> Mapping[str, Any] | None:
        """The target's certificate as ``ssl`` describes it, from the last handshake; None without TLS."""
        return self._connections.certificate

    def close(self) -> None:
        """Close the connections; the ledger and the evidence belong to the caller."""
        self._connections.close()

    def __enter__(self) -> Self:
        """Use the wire for the length of a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _token_for(self, outgoing: _Outgoing) -> str | None:
        given = {name.lower() for name, _ in outgoing.headers}
        token = self._credentials.token if outgoing.authenticate and "authorization" not in given else None
        if token is not None and token != self._redacted_token:
            # Before it is used for the first time, whichever thread has read it.
            self.redact.add(token, "token")
            self._redacted_token = token
        return token

    def _attempt(
        self, outgoing: _Outgoing, token: str | None, entry: Entry, attempt: int
    ) -> tuple[Exchange, Failure | None]:
        """Enter, send once, note and record what came."""
        method, content = outgoing.method, outgoing.content or b""
        sent = self._headers(outgoing, token)
        target = self._address.path + outgoing.path + _query(outgoing.query)
        response, failure, unsent, elapsed = None, None, False, 0.0
        started, clock = datetime.now(UTC), time.monotonic()
        try:
            self._books.open(entry)
            clock = time.monotonic()
            response = self._connections.call(
                method,
                target.encode("ascii"),
                [(name.encode("ascii"), value.encode("latin-1")) for name, value in sent],
                content,
                fresh=method not in guard.READS,
            )
        except Failure as problem:
            failure = problem
            unsent = problem.sent == 0
        except Unsendable as problem:
            unsent = True
            message = f"{method} {outgoing.path}: {problem}"
            raise GuardRefusal(message) from None
        finally:
            elapsed = time.monotonic() - clock
            # Also when the run is being interrupted: what may have been sent stays in the ledger as unknown.
            self._books.settle(entry, response, sent=not unsent)
        exchange = self.redact.exchange(
            Exchange(
                id=self.evidence.next_id(),
                operation=self._identify(method, outgoing.path),
                request=HttpRequest(method, self._address.origin + target, tuple(sent), content),
                response=response,
                error=failure.error if failure else None,
                started=started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                elapsed_ms=round(elapsed * 1000, 3),
                attempt=attempt,
            )
        )
        self.evidence.append(exchange)
        if self._on_exchange:
            self._on_exchange(exchange)
        return exchange, failure

    def _headers(self, outgoing: _Outgoing, token: str | None) -> list[tuple[str, str]]:
        given = {name.lower() for name, _ in outgoing.headers}
        sent = [("Host", self._address.authority)]
        if "user-agent" not in given:
            sent.append(("User-Agent", USER_AGENT))
        if "accept-encoding" not in given:
            sent.append(("Accept-Encoding", "identity"))
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        sent.extend((extra.name, extra.value) for extra in self._extra if extra.name.lower() not in given)
        sent.extend(outgoing.headers)
        if outgoing.content is not None or outgoing.method in {"POST", "PUT", "PATCH"}:
            sent.append(("Content-Length", str(len(outgoing.content or b""))))
        return sent


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A request as the caller wants it sent."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Sequence[tuple[str, str]]
    content: bytes | None
    authenticate: bool


def _query(query: Sequence[tuple[str, str]]) -> str:
    pairs = ("=".join(quote(text, safe="", errors="surrogatepass") for text in pair) for pair in query)
    return "?" + "&".join(pairs) if query else ""


def _is_refused(exchange: Exchange) -> bool:
    return exchange.response is not None and exchange.response.status == 401  # noqa: PLR2004


def _pause_before_retry(
    method: str, response: HttpResponse | None, failure: Failure | None, attempt: int
) -> float | None:
    if method not in {"GET", "HEAD"} or attempt > _MOST_RETRIES:
        return None
    if failure is not None:
        return None if failure.timed_out or failure.received else _PAUSES[attempt - 1]
    if response is not None and response.status in {429, 503}:
        # A date is one of the target's clock, which need not be ours.
        return retry_after(response.header("Retry-After"), http_date(response.header("Date")))
    return None
