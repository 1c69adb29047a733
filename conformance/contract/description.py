"""An OpenAPI document that a user names: read with suspicion, and identified, so that a report can say what it was.

Any of OpenAPI 3.0 and 3.1 will do, with recursion, formats that nobody knows, and operations without an id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import yaml

from conformance.contract.normal import Names, anonymous, normal
from conformance.contract.openapi import Contract
from conformance.errors import ConfigurationError

MOST_BYTES = 16 * 1024 * 1024
_MOST_NODES = 1_000_000
_DEEPEST = 200
_HINT = "--spec takes an OpenAPI 3.0 or 3.1 document, as JSON or YAML"


@dataclass(frozen=True)
class Description:
    """A document in normal form, and what identifies it."""

    origin: str
    """The file or URL it came from."""
    sha256: str
    title: str
    version: str
    openapi: str
    """The version of OpenAPI that it is written in."""
    document: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    """What of it is left out, and why."""


def describe(content: bytes, origin: str, contract: Contract) -> Description:
    """The description in the content of a file; ``contract`` names the operations that it has as well.

    Raises ``ConfigurationError`` when it is no OpenAPI document that can be used.
    """
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"{origin} is larger than {MOST_BYTES:,} bytes", _HINT)
    raw = _parsed(content, origin)
    if "swagger" in raw:
        raise ConfigurationError(
            f"{origin} is a Swagger {raw['swagger']} document, which is not supported",
            "convert it to OpenAPI 3 first, for example with swagger2openapi",
        )
    version = str(raw.get("openapi", ""))
    if not version:
        raise ConfigurationError(f"{origin} is no OpenAPI document: it has no field openapi", _HINT)
    if not version.startswith(("3.0", "3.1")):
        raise ConfigurationError(
            f"{origin} is written in OpenAPI {version[:40]}, which is not supported", _HINT
        )
    info = raw.get("info")
    info = info if isinstance(info, dict) else {}
    try:
        document, notes = normal(raw, names(contract))
    except ConfigurationError as problem:
        raise ConfigurationError(f"{origin} can't be used: {problem.message}", problem.hint) from problem
    return Description(
        origin=origin,
        sha256=hashlib.sha256(content).hexdigest(),
        title=str(info.get("title", ""))[:200],
        version=str(info.get("version", ""))[:100],
        openapi=version,
        document=document,
        notes=notes,
    )


def names(contract: Contract) -> Names:
    """The names of the contract's operations and paths."""
    return {
        (operation.method.lower(), anonymous(operation.template)): (operation.id, operation.template)
        for operation in contract.operations.values()
    }


def _parsed(content: bytes, origin: str) -> dict[str, Any]:
    try:
        value = _plain(yaml.load(content, Loader=yaml.CSafeLoader), _Count(), 0)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(
            f"{origin} is neither JSON nor YAML that can be read: {reason}", _HINT
        ) from error
    if not isinstance(value, dict):
        raise ConfigurationError(f"{origin} is no OpenAPI document: it is no object", _HINT)
    return value


@dataclass
class _Count:
    nodes: int = 0


def _plain(value: Any, count: _Count, depth: int) -> Any:
    """The value in JSON values; raises ``ValueError`` when it is endless, as YAML can be by its aliases."""
    count.nodes += 1
    if count.nodes > _MOST_NODES or depth > _DEEPEST:
        raise ValueError(f"it has more than {_MOST_NODES:,} values or {_DEEPEST} levels")
    if isinstance(value, dict):
        return {_key(key): _plain(each, count, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(each, count, depth + 1) for each in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def _key(key: Any) -> str:
    return ("true" if key else "false") if isinstance(key, bool) else str(key)
