"""Files in YAML or JSON that people write for the harness, each with a JSON Schema that ships with it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance import resources
from conformance.contract import media
from conformance.errors import ConfigurationError

MOST_BYTES = 1_000_000


def read(file: Path, what: str, hint: str, *, most: int = MOST_BYTES) -> bytes:
    """The content of a file, at most one byte more than ``most``; raises ``ConfigurationError``, which calls it ``what``."""
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{what} {str(file)!r} can't be read: {reason}", hint) from error
    return content


def parse(content: bytes, what: str, schema: str, hint: str) -> Any:
    """The document in a content, as its schema has it; an empty one is an empty object.

    Raises ``ConfigurationError``, which calls it ``what``.
    """
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"{what} is larger than {MOST_BYTES} bytes", hint)
    try:
        document = media.read(content, media.YAML)
    except (media.Malformed, ValueError) as error:
        raise ConfigurationError(f"{what} can't be used: {error}", hint) from error
    document = {} if document is None else document
    problem = next(_validator(schema).iter_errors(document), None)
    if problem:
        where = "/".join(map(str, problem.instance_path)) or "the top"
        raise ConfigurationError(f"{what} is wrong at {where}: {problem.message}", hint)
    return document


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    text = (resources.schemas_folder() / f"{schema}.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text))
