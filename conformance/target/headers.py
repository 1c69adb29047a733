"""Headers that every request to the target carries because a gateway in front of it wants them.

Their values come from environment variables and files, since they may be secret.  They cannot change what a
request of a run means, and one that a request has of its own is stronger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.config import ExtraHeader
from conformance.errors import ConfigurationError
from conformance.target import guard, tokens

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_VALUE = re.compile(r"[\x20-\x7e]+")
_OF_THE_RUN = re.compile(r"authorization|accept|accept-.*|content-.*|if-.*|range|user-agent|cookie2?")


@dataclass(frozen=True, slots=True)
class Extra:
    """One header as it is sent."""

    name: str
    value: str = field(repr=False)
    secret: bool
    """Whether the value must not be stored."""


def read(headers: tuple[ExtraHeader, ...], environment: Mapping[str, str]) -> tuple[Extra, ...]:
    """The headers with their values; raises ``ConfigurationError`` for one that cannot be sent or has no value."""
    seen: set[str] = set()
    extra = []
    for header in headers:
        name = header.name.lower()
        if not _NAME.fullmatch(name):
            message = f"the extra header {header.name!r} has no name that can be sent"
            raise ConfigurationError(message, "a name is made of letters, digits and hyphens")
        if guard.changes_meaning(name) or _OF_THE_RUN.fullmatch(name):
            message = f"the extra header {header.name!r} would change what the requests of a run mean"
            raise ConfigurationError(
                message, "leave it out; a token has settings of its own (docs/configuration.md)"
            )
        if name in seen:
            message = f"the extra header {header.name!r} is there twice"
            raise ConfigurationError(message, "give each header once")
        seen.add(name)
        extra.append(Extra(header.name, _value(header, environment), header.secret))
    return tuple(extra)


def _value(header: ExtraHeader, environment: Mapping[str, str]) -> str:
    if (header.variable is None) == (header.file is None):
        message = f"the extra header {header.name!r} needs either a variable or a file"
        raise ConfigurationError(message, "name where its value is: variable or file (docs/configuration.md)")
    if header.file is not None:
        source = f"file {header.file}"
        text = tokens.text_of(header.file, source)
    else:
        source = f"environment variable {header.variable}"
        text = environment.get(header.variable or "", "")
    value = text.strip()
    if not _VALUE.fullmatch(value):
        message = f"{source} holds no value for the header {header.name!r} that can be sent"
        raise ConfigurationError(message, "a value is one line of printable ASCII")
    return value
