"""What generation produces: requests as values, with our own judgement of them.

A name in such a value is never a name yet: it is a text with the placeholder ``{name}`` in it, which
``encoding.encode`` binds to a fresh name of this run (see ``names``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Validity(StrEnum):
    """What the contract says of a request.

    ``invalid`` only when the contract forbids it for sure; ``valid`` only when a correct server has no
    reason to refuse it; ``unsure`` is everything between, of which only harmlessness can be demanded.
    """

    VALID = "valid"
    INVALID = "invalid"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class NoBody:
    """Stands for the body of a request that has none (None is the JSON value null)."""


NO_BODY = NoBody()


@dataclass(frozen=True, slots=True)
class GeneratedRequest:
    """One request of one operation, before names are bound."""

    operation: str
    """``operationId``."""
    method: str
    template: str
    """The path, e.g. ``/cmf/api/v1/environments/{envName}/applications``."""
    path_parameters: Mapping[str, str]
    """Only what the case varies itself; the sender binds the others to live resources."""
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    """Beside Accept and Content-Type; a Content-Type in here is a deliberate lie that wins."""
    body: object | NoBody
    """A JSON-like value."""
    media_type: str | None
    """How the body is written; None for an operation without a body."""
    accept: str
    validity: Validity
    why: str
    """For an invalid or unsure request, one line that says what is wrong or open."""
    where: str
    """JSON pointer into the body, or ``query page``, ``path envName``, ``header Content-Type``."""
    source: str
    """Name of the Schemathesis scenario, or ``domain``, ``names``, ``query``, ``path`` or ``fuzz``."""
    keyword: str = ""
    """For an invalid request, the keyword of JSON Schema that forbids it."""
    ascii: bool = False
    """Whether a JSON body is written with everything outside ASCII escaped."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The requests for one operation, and what was generated but left out."""

    requests: tuple[GeneratedRequest, ...]
    dropped: tuple[tuple[str, str], ...]
    """What was left out, and why."""

    def __iter__(self) -> Iterator[GeneratedRequest]:
        """The requests, in the order to send them in."""
        return iter(self.requests)

    def __len__(self) -> int:
        """How many requests there are."""
        return len(self.requests)
