"""What may leave the process: the rules that keep a run away from everything that is not its own.  Pure.

A request is sent when ``judge`` has no objection:

* Reads (GET, HEAD, OPTIONS) may go to any path, without a body and without headers that make them writes.
* Writes may go to the routes of the contract only, or to those that the layout of another document names, by a
  canonical path, to a resource of this run; a write to a global collection must be a POST whose body cannot be read as naming anything but a resource of this run.
* In read-only mode only GET and HEAD leave.

A resource is of this run when its name begins with the prefix of the run (see ``Ownership.owns``), when its
name was claimed, or when it is inside an environment of this run: there every name is legal to try.
"""

from __future__ import annotations

import re
import secrets
import string
import threading
from collections.abc import Iterable, Sequence

from conformance.config import Mode
from conformance.model import Resource
from conformance.target import names
from conformance.target.layout import Layout
from conformance.target.routes import GLOBAL_COLLECTIONS, NotCanonical, Place

READS = frozenset({"GET", "HEAD", "OPTIONS"})
WRITES = frozenset({"POST", "PUT", "DELETE", "PATCH"})
_RUN_ID = re.compile(r"[a-z0-9]{8}", re.ASCII)
_LONGEST_CLAIM = 16
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_PATH = re.compile(r"/[\x21-\x3e\x40-\x7e]*")
_MESSAGE_IN_BODY = re.compile(rb"HTTP/[0-9]")
_DANGEROUS_TO_READ = re.compile(
    r"host|content-length|transfer-encoding|te|trailer|connection|keep-alive|upgrade|http2-settings|expect"
    r"|proxy-.*|.*override.*|x-http-method|x-method|x-original-.*|x-rewrite-.*"
)
_FIT_TO_WRITE = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-unmodified-since",
        "pragma",
        "traceparent",
        "user-agent",
        "x-request-id",
    }
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']*)", re.IGNORECASE)
_CHARSETS_LIKE_ASCII = frozenset({"utf-8", "utf8", "us-ascii", "iso-8859-1"})
_FORMS = ("form", "multipart")


def new_run_id() -> str:
    """A random run id: 8 characters of a to z and 0 to 9."""
    alphabet = string.ascii_lowercase + string.digits
    return "".join(secrets.choice(alphabet) for _ in range(8))


class Ownership:
    """Which names on the target are this run's own."""

    def __init__(
        self, run_id: str, claims: Iterable[tuple[str, str]] = (), layout: Layout | None = None
    ) -> None:
        """``claims`` are pairs of kind and name that an earlier process of this run had claimed.

        ``layout`` says which paths name what where they are not those of the contract.  Raises ``ValueError`` when the run id is not 8 characters of a to z and 0 to 9.
        """
        if not _RUN_ID.fullmatch(run_id):
            message = f"a run id is 8 characters of a-z and 0-9, not {run_id!r}"
            raise ValueError(message)
        self.run_id = run_id
        self.prefix = f"cmfc-{run_id}-"
        self.layout = layout or Layout()
        self._claims = set(claims)
        self._lock = threading.Lock()

    def owns(self, name: str, kind: str | None = None) -> bool:
        """Whether a name is this run's own, by its prefix or (of this kind; of any when None) by a claim.

        Illegal names are ours as well: what precedes the prefix may be anything but letters and digits, the
        prefix may be in capitals, and what follows it is free.
        """
        start = next((at for at, character in enumerate(name) if character.isalnum()), len(name))
        head = name[start : start + len(self.prefix)]
        return (head.isascii() and head.lower() == self.prefix) or self.claimed(name, kind)

    def claimed(self, name: str, kind: str | None = None) -> bool:
        """Whether exactly this name was claimed, of this kind or, when None, of any."""
        with self._lock:
            return any(name == claim and kind in {None, of} for of, claim in self._claims)

    def claim(self, name: str, kind: str = "environments") -> None:
        """Take one exact name that is too short for the prefix, e.g. of 3 characters.

        Only for a caller that has just seen 404 for it, or 400 and then a list without it; the wire insists on
        the status, and enters the name in the ledger before the first request that uses it.  Raises ``ValueError``
        for a name of more than 16 characters or an unknown kind.
        """
        if not 0 < len(name) <= _LONGEST_CLAIM or kind not in GLOBAL_COLLECTIONS:
            message = f"{kind} {name!r} cannot be claimed"
            raise ValueError(message)
        with self._lock:
            self._claims.add((kind, name))

    def release(self, name: str, kind: str = "environments") -> None:
        """Give up a claim: the name turned out to be somebody else's."""
        with self._lock:
            self._claims.discard((kind, name))


def judge(  # noqa: PLR0911 - one return for each rule
    method: str,
    raw_path: str,
    headers: Sequence[tuple[str, str]],
    content_type: str | None,
    body: bytes | None,
    ownership: Ownership,
    mode: Mode,
    *,
    query: Sequence[tuple[str, str]] = (),
) -> str | None:
    """None when the request may be sent, otherwise one line that says why not.

    ``raw_path`` is the percent-encoded path below the target's base URL, without a query.
    """
    content_type, body = content_type or "", body or b""
    if objection := _form(method, raw_path, headers, body, query):
        return objection
    if mode is Mode.READ_ONLY and method not in {"GET", "HEAD"}:
        return f"{method} in read-only mode"
    if method in READS:
        return "a read with a body" if body else None
    if method not in WRITES:
        return f"method {method!r} is neither a read nor a write that the contract knows"
    if unfit := [name for name, _ in headers if name.lower() not in _FIT_TO_WRITE]:
        return f"a write with header {unfit[0]!r}"
    if sum(name.lower() == "content-type" for name, _ in headers) > 1:
        return "a write with two media types"
    if query:
        return "a write with a query"
    try:
        place = ownership.layout.locate(raw_path)
    except NotCanonical as problem:
        return f"a write to an ambiguous path: {problem}"
    if place is None:
        return f"no resource that may be written to: {raw_path}"
    return _place(method, place, ownership) or _body(place, content_type, body, ownership)


def changes_meaning(header: str) -> bool:
    """Whether a header of this name (in lower case) could make another request of the one that carries it."""
    return _DANGEROUS_TO_READ.fullmatch(header) is not None


def named(place: Place, content_type: str | None, body: bytes | None) -> tuple[Resource, ...]:
    """Every resource that a POST to a collection could create, by the names its body could be read as."""
    found = names.candidates(names.read(body or b"", content_type or ""))
    texts = (one.text for one in found if one.text and not one.odd and not (one.nested and one.plain))
    return tuple(map(place.named, dict.fromkeys(texts)))


def _form(  # noqa: PLR0911 - one return for each rule
    method: str,
    raw_path: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    query: Sequence[tuple[str, str]],
) -> str | None:
    if not _TOKEN.fullmatch(method):
        return f"method {method!r} is no token"
    if not _PATH.fullmatch(raw_path):
        return f"path {raw_path!r} does not begin with / or holds characters that cannot be sent"
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or value != value.strip(" \t"):
            return f"header {name!r} cannot be sent"
        if changes_meaning(name.lower()):
            return f"header {name!r} could change what the request means"
    if any(key.strip().lower() in {"_method", "x-http-method-override"} for key, _ in query):
        return "a query that could change the method"
    if _MESSAGE_IN_BODY.search(body):
        return "a body that could be read as a further request"
    return None


def _place(method: str, place: Place, ownership: Ownership) -> str | None:
    if place.name is None and method != "POST":
        return f"{method} of a whole collection"
    if place.environment is not None:
        if not ownership.owns(place.environment, "environments"):
            return f"environment {place.environment!r} is not this run's"
    elif place.owner is not None:
        if not ownership.owns(place.owner[1], place.owner[0]):
            return f"{place.owner[0]} {place.owner[1]!r} is not this run's"
    elif place.name is not None and not ownership.owns(place.name, place.kind):
        return f"{place.kind} {place.name!r} is not this run's"
    return None


def _body(place: Place, content_type: str, body: bytes, ownership: Ownership) -> str | None:
    if not body:
        return None
    if len(body) > names.LARGEST:
        return f"a body of {len(body)} bytes"
    charset = _CHARSET.search(content_type)
    if charset and charset[1].lower() not in _CHARSETS_LIKE_ASCII:
        return f"a body in charset {charset[1]!r}"
    if any(word in content_type.lower() for word in _FORMS):
        return f"a body of media type {content_type!r}"
    return _naming(place, names.read(body, content_type), ownership)


def _naming(place: Place, reading: names.Reading, ownership: Ownership) -> str | None:
    if place.environment is not None:
        for candidate in names.candidates(reading, names.ENVIRONMENT_KEYS):
            if not _ours(candidate, ownership, "environments"):
                return f"a body that could be read as one for environment {candidate.text!r}"
        if not place.path:
            return None
    for candidate in names.candidates(reading):
        if not _ours(candidate, ownership, place.kind):
            return f"a body that could be read as naming {place.kind} {candidate.text!r}"
    return None


def _ours(candidate: names.Candidate, ownership: Ownership, kind: str) -> bool:
    text = candidate.text
    if candidate.odd:
        return False
    if not text:
        return True
    if candidate.nested and candidate.plain and len(text) < 4:  # noqa: PLR2004 - shorter than any name
        return True
    return ownership.owns(text, kind) and not _climbs(text)


def _climbs(name: str) -> bool:
    """Whether a server that joined the name to a path of its own would leave its folder."""
    return any(part in {".", ".."} for part in re.split(r"[/\\]", name)[1:])
