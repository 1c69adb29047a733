"""What a sequence sent, and what ended it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from conformance.expectations import Broken
from conformance.model import Exchange
from conformance.target.cmf import Sender

_SERVER_ERROR = 500
_KEPT_OUT = frozenset({401, 403, 429})
"""Answers that say nothing of the state of the target."""


class Ended(Exception):
    """A sequence can't go on: the contract leaves open what is so now, or what came is judged elsewhere."""


class Spent(Exception):
    """The requests or the seconds of this search are used up."""


class Diverged(Exception):
    """The target is not what the model says it must be."""

    def __init__(self, rule: str, what: str, broken: Broken, exchange: Exchange | None) -> None:
        super().__init__(broken.message)
        self.rule = rule
        """The id of the requirement that says so."""
        self.what = what
        """What was looked at."""
        self.broken = broken
        self.exchange = exchange
        """The exchange that shows it."""


class Tape:
    """A sender that keeps what was exchanged."""

    def __init__(self, sender: Sender, spend: Callable[[], None] = lambda: None) -> None:
        """``spend`` is called before each request; what it raises keeps the request from being sent."""
        self._sender = sender
        self._spend = spend
        self.exchanges: list[Exchange] = []

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
        """Send one request; as ``Sender.send``."""
        self._spend()
        exchange = self._sender.send(
            method, path, query=query, headers=headers, content=content, authenticate=authenticate
        )
        self.exchanges.append(exchange)
        return exchange

    @property
    def last(self) -> Exchange | None:
        """What came last."""
        return self.exchanges[-1] if self.exchanges else None


class Witness:
    """Says which requirement an observation speaks of, and who is told when it agrees."""

    def __init__(self, tape: Tape, agreed: Callable[[str, Exchange], None]) -> None:
        """``agreed`` takes each requirement that was seen kept, with the exchange that shows it."""
        self._tape = tape
        self._agreed = agreed

    @property
    def last(self) -> Exchange | None:
        """What was exchanged last."""
        return self._tape.last

    @contextmanager
    def holds(self, rule: str, what: str) -> Iterator[None]:
        """Observe a requirement; raises ``Diverged`` for what is raised as ``Broken`` inside."""
        try:
            yield
        except Broken as broken:
            exchange = broken.exchange or self._tape.last
            if _says_nothing(exchange) or _says_nothing(self._tape.last):
                raise Ended(f"{rule} could not be looked at: {broken.message}") from broken
            raise Diverged(rule, what, broken, exchange) from None
        if self._tape.last is not None:
            self._agreed(rule, self._tape.last)


def _says_nothing(exchange: Exchange | None) -> bool:
    if exchange is None or exchange.response is None:
        return True
    status = exchange.response.status
    return status >= _SERVER_ERROR or status in _KEPT_OUT
