"""What a target answered, for looking at: what it does wrong shows as ``Broken`` when it is looked at."""

from __future__ import annotations

from typing import Any, NoReturn

from conformance.contract.judgement import error_messages, read_body
from conformance.expectations import Broken, Unmet, field, shown
from conformance.model import Exchange

REFUSED = (400, 422)
"""The statuses with which invalid content is refused (erratum ERR-STATUS-INVALID)."""
_UNREAD: Any = object()


class Answer:
    """What the target answered to one request."""

    def __init__(self, exchange: Exchange) -> None:
        if exchange.response is None:
            raise Unmet(f"no answer to {exchange.request.method} {exchange.request.url}: {exchange.error}")
        self.exchange = exchange
        self._response = exchange.response
        self._body: Any = _UNREAD

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    def header(self, name: str) -> str | None:
        """The first value of a response header."""
        return self._response.header(name)

    @property
    def body(self) -> Any:
        """The body as value; raises ``Broken`` when there is none that can be read, ``Unmet`` when it was cut."""
        if self._body is _UNREAD:
            if self._response.truncated:
                raise Unmet(f"{self._what()} is larger than this run reads (limits.max_response_bytes)")
            body = read_body(self._response)
            if body.media_type is None:
                problem = body.problem or "nothing"
                raise self._broken(f"{self._what()} has no readable body: {problem}", "a body", problem)
            self._body = body.value
        return self._body

    @property
    def raw(self) -> bytes:
        """The body as bytes."""
        return self._response.body

    def at(self, *path: str) -> Any:
        """A field of the body; raises ``Broken`` when it is not there."""
        try:
            return field(self.body, *path)
        except Broken as broken:
            raise self._broken(f"{self._what()}: {broken.message}", broken.expected, broken.got) from None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of a page; raises ``Broken`` when the body is no page."""
        items = self.body.get("items", []) if isinstance(self.body, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self._broken(
                f"{self._what()} is no page", "an object with a list of items", shown(self.body)
            )
        return items

    @property
    def items_or_body(self) -> Any:
        """The items of a page, or the body that is none: what two answers to the same read share."""
        return self.body["items"] if isinstance(self.body, dict) and "items" in self.body else self.body

    def expect(self, *statuses: int) -> Answer:
        """Raise ``Broken`` unless the status is one of these; returns itself."""
        return self if self.status in statuses else self._unexpected(" or ".join(map(str, statuses)))

    def expect_accepted(self) -> Answer:
        """Raise ``Broken`` unless the status is one of success; which one is another requirement's matter."""
        return self if 200 <= self.status < 300 else self._unexpected("a success")  # noqa: PLR2004 - its class

    def expect_absent(self) -> Answer:
        """Raise ``Broken`` when what was read is there; how its absence is told is another requirement's matter."""
        return self if self.status in {400, 404, 410, 422} else self.expect(404)

    def expect_refused(self, *statuses: int) -> Answer:
        """Raise ``Broken`` unless the request was refused, as invalid or with one of these statuses."""
        return self.expect(*dict.fromkeys((*REFUSED, *statuses)))

    def needed(self, *statuses: int) -> Answer:
        """Raise ``Unmet`` unless the status is one of these, or of success when none is named.

        The step is arrangement, not observation.
        """
        if self.status not in (statuses or range(200, 300)):
            raise Unmet(
                f"{self._what()} came with status {self.status} {'; '.join(self._messages())}".strip()
            )
        return self

    def _unexpected(self, expected: str) -> NoReturn:
        got = f"{self.status} {'; '.join(self._messages())}".strip()
        raise self._broken(f"{self._what()} came with status {self.status}", expected, got)

    def _broken(self, message: str, expected: str, got: str) -> Broken:
        return Broken(message, expected=expected, got=got, exchange=self.exchange)

    def _messages(self) -> list[str]:
        return [shown(message) for message in error_messages(read_body(self._response).value)]

    def _what(self) -> str:
        return f"the answer of {self.exchange.operation or self.exchange.request.method + ' ' + self.exchange.request.url}"
