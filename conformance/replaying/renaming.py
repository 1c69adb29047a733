"""A request as it is sent again: under the names of another run, and with something fresh where it was redacted."""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass
from urllib.parse import parse_qsl

from conformance.model import Exchange

_MASK = re.compile(rb"REDACTED-[a-z0-9]+(?:-[a-z0-9]+)*")
_LENGTH = 20
_OF_THE_WIRE = frozenset({"host", "user-agent", "accept-encoding", "content-length", "authorization"})
_REDACTED = "REDACTED"


@dataclass(frozen=True, slots=True)
class Request:
    """What is given to the wire."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    content: bytes | None
    authenticate: bool


class Renaming:
    """Names of one run made those of another, and a fresh value for each mask, the same each time."""

    def __init__(self, old: str, new: str) -> None:
        """The ids of the two runs; ``old`` is empty when no name is to be changed."""
        self._pattern = (
            re.compile(rb"cmfc-" + re.escape(old.encode()) + rb"-", re.IGNORECASE) if old else None
        )
        self._new = f"cmfc-{new}-".encode()
        self._source = random.Random(f"{new} replay")  # noqa: S311 - it protects nothing
        self._fresh: dict[bytes, bytes] = {}

    def data(self, data: bytes) -> bytes:
        """Bytes with the names of the new run, in capitals where they were, and without masks."""
        if self._pattern is not None:
            data = self._pattern.sub(
                lambda found: self._new.upper() if found[0].isupper() else self._new, data
            )
        return _MASK.sub(self._value, data)

    def text(self, text: str) -> str:
        """The same of text."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def request(self, exchange: Exchange, base: str, *, authenticated: bool) -> Request:
        """The request of an exchange, sent anew to the same place below another base URL.

        ``authenticated`` says whether any request of the sequence carried a credential: then one that carried none
        did so on purpose.
        """
        sent = exchange.request
        path, _, query = sent.url.removeprefix(base).partition("?")
        given = {name.lower() for name, _ in sent.headers}
        headers = tuple(
            (name, self.text(value))
            for name, value in sent.headers
            if name.lower() not in _OF_THE_WIRE and value != _REDACTED
        )
        pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        return Request(
            sent.method,
            self.text(path),
            tuple((self.text(key), self.text(value)) for key, value in pairs),
            headers,
            self.data(sent.body) if sent.body or "content-type" in given else None,
            authenticate="authorization" in given or not authenticated,
        )

    def _value(self, mask: re.Match[bytes]) -> bytes:
        if mask[0] not in self._fresh:
            word = "".join(self._source.choice(string.ascii_letters) for _ in range(_LENGTH))
            self._fresh[mask[0]] = word.encode()
        return self._fresh[mask[0]]
