"""What must not be stored: credentials, and the secrets that a run plants on the target.

Redaction happens once, in the wire, before anything else sees an exchange.  Each secret is replaced by a mask
of its own, ``REDACTED-<label>``, made of letters, digits and hyphens only: a redacted JSON or YAML body stays
well-formed, and a check that looks for a planted secret in an answer looks for its mask.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import threading
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from conformance.model import Exchange, HttpRequest, HttpResponse

SHORTEST = 4
"""Characters below which a value is not searched for: it would turn up everywhere by chance."""
SHORTEST_OF_HEADER = 8
"""The same for the value of a header: it may be a word, such as a tenant's name, rather than a secret."""
_SHORTEST_IN_BASE64 = 6
_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-auth-token",
        "authentication-info",
    }
)
_SCHEME = re.compile(r"(?:Bearer|Basic|Digest|Negotiate)(?= )", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_ESCAPES = (b"\\", b"%", b"&#")


def mask_of(label: str) -> str:
    """What stands in the place of a secret of this label."""
    return f"REDACTED-{label}"


class Redaction:
    """The secrets of one run.  Safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing but the headers that always carry credentials is redacted at first."""
        self._lock = threading.Lock()
        self._needles: dict[bytes, bytes] = {}
        self._patterns: dict[str, tuple[re.Pattern[bytes], bytes]] = {}
        self._rules: tuple[tuple[bytes, bytes], ...] = ()
        self._headers = _HEADERS

    def add(self, value: str, label: str = "secret") -> str:
        """Redact a value from now on, in every form it may take; returns its mask.

        A value of fewer than 4 characters is not searched for.  Raises ``ValueError`` for a label that is not
        made of a-z, 0-9 and hyphens.
        """
        if not _LABEL.fullmatch(label):
            message = f"label {label!r} is not made of a-z, 0-9 and hyphens"
            raise ValueError(message)
        mask = mask_of(label)
        if len(value) >= SHORTEST:
            with self._lock:
                for needle in forms(value):
                    self._needles.setdefault(needle, mask.encode("ascii"))
                self._patterns.setdefault(value, (_escaped(value), mask.encode("ascii")))
                # Longest first, so that a form that contains another one is replaced whole.
                self._rules = tuple(sorted(self._needles.items(), key=lambda rule: -len(rule[0])))
        return mask

    def hide(self, header: str, value: str) -> None:
        """Redact the value of a header wherever it stands, and whatever else a header of this name holds.

        A value of fewer than 8 characters is not searched for elsewhere.
        """
        self._headers |= {header.lower()}
        if len(value) >= SHORTEST_OF_HEADER:
            self.add(value, "header")

    def data(self, data: bytes) -> bytes:
        """Bytes without any known secret."""
        for needle, mask in self._rules:
            if needle in data:
                data = data.replace(needle, mask)
        if self._patterns and any(escape in data for escape in _ESCAPES):
            for pattern, mask in tuple(self._patterns.values()):
                data = pattern.sub(mask, data)
        return data

    def text(self, text: str) -> str:
        """Text without any known secret."""
        return self.data(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def headers(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Headers without any known secret, and without the values of those that always carry credentials."""
        shown = tuple(
            (name, _without_credentials(value) if name.lower() in self._headers else value)
            for name, value in headers
        )
        whole = "\n".join(f"{name}\n{value}" for name, value in shown)
        if self.text(whole) == whole:
            return shown  # by far the most often
        return tuple((self.text(name), self.text(value)) for name, value in shown)

    def exchange(self, exchange: Exchange) -> Exchange:
        """An exchange that may be stored."""
        request, response = exchange.request, exchange.response
        return dataclasses.replace(
            exchange,
            request=HttpRequest(
                request.method, self.text(request.url), self.headers(request.headers), self.data(request.body)
            ),
            response=None
            if response is None
            else HttpResponse(
                response.status, self.headers(response.headers), self.data(response.body), response.truncated
            ),
            error=None if exchange.error is None else self.text(exchange.error),
        )


def _without_credentials(value: str) -> str:
    scheme = _SCHEME.match(value)
    return f"{scheme[0]} REDACTED" if scheme else "REDACTED"


def forms(value: str) -> Iterator[bytes]:
    """The ways in which a value is commonly written: plain, quoted for URLs, JSON, YAML and HTML, base64, hex."""
    plain = value.encode("utf-8", "surrogatepass")
    texts = {
        value,
        *(quote(plain, safe=safe) for safe in ("", "/", "/:@!$&'()*+,;=")),
        quote_plus(plain),
        *(json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)),
        json.dumps(value)[1:-1].replace("/", "\\/"),
        html.escape(value),
        value.replace("'", "''"),
        plain.hex(),
        plain.hex().upper(),
    }
    texts |= {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in texts if "%" in text}
    yield from sorted({text.encode("utf-8", "surrogatepass") for text in texts} | set(_base64(plain)))


def _base64(plain: bytes) -> Iterator[bytes]:
    """What of a value's base64 is the same wherever the value stands inside a longer text."""
    if len(plain) < _SHORTEST_IN_BASE64:
        return
    for offset, first in ((0, 0), (1, 2), (2, 3)):
        whole = (offset + len(plain)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(offset) + plain)[first:whole]


def _escaped(value: str) -> re.Pattern[bytes]:
    """A pattern for the value with any of its characters escaped in any of the usual ways."""
    parts = []
    for character in value:
        code = ord(character)
        plain = character.encode("utf-8", "surrogatepass")
        ways = [re.escape(plain), b"&#0*%d;" % code, b"(?i:&#x0*%x;)" % code]
        ways.append(b"(?i:" + b"".join(b"%%%02x" % byte for byte in plain) + b")")
        units = character.encode("utf-16-be", "surrogatepass")
        ways.append(
            b"".join(rb"(?i:\\u%02x%02x)" % (units[at], units[at + 1]) for at in range(0, len(units), 2))
        )
        if code < 0x100:  # noqa: PLR2004 - what YAML's short escape can hold
            ways.append(rb"(?i:\\x%02x)" % code)
        if character in "/\"\\'":
            ways.append(re.escape(b"\\" + plain))
        parts.append(b"(?:" + b"|".join(ways) + b")")
    return re.compile(b"".join(parts))
