"""The implementation that is certified: what its vendor says of it, in ``implementation.yaml``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance import resources
from conformance.config import Features
from conformance.contract import media
from conformance.errors import ConfigurationError
from conformance.runner.selection import AUTH, FLINK, SQL, absent

_MOST_BYTES = 100_000
_HINT = "docs/vendors.md shows one"


@dataclass(frozen=True, slots=True)
class Implementation:
    """A server that a vendor makes, and what the vendor says that it can do."""

    vendor: str
    product: str
    version: str
    contact: str
    flink: bool
    sql: bool
    authentication: bool
    consent_to_publish: bool
    text: bytes
    """The file as it was read."""

    @property
    def folder(self) -> str:
        """The name of the folder of its bundle: one path component, made of a-z, 0-9, ``.`` and ``-``."""
        name = f"{self.vendor}-{self.product}-{self.version}".lower()
        return re.sub(r"[^a-z0-9.]+", "-", name)

    @property
    def title(self) -> str:
        """Vendor, product and version as people say them."""
        return f"{self.vendor} {self.product} {self.version}"

    @property
    def features(self) -> dict[str, bool]:
        """The features by the names that requirements use."""
        return {FLINK: self.flink, SQL: self.sql, AUTH: self.authentication}

    @property
    def lacking(self) -> frozenset[str]:
        """The features it has not."""
        return absent(Features(flink=self.flink, sql=self.sql), token=self.authentication)


def read(path: Path) -> Implementation:
    """The implementation of a file; raises ``ConfigurationError``."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as problem:
        raise ConfigurationError(
            f"The implementation {path} can't be read: {problem.strerror or problem}", _HINT
        ) from problem
    return parsed(content, str(path))


def parsed(content: bytes, name: str = "implementation.yaml") -> Implementation:
    """The implementation of the content of a file; raises ``ConfigurationError``, which calls it ``name``."""
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"{name} is larger than {_MOST_BYTES} bytes", _HINT)
    try:
        document: Any = media.read(content, media.YAML)
    except (media.Malformed, ValueError) as problem:
        raise ConfigurationError(f"{name} can't be used: {problem}", _HINT) from problem
    wrong = next(_validator().iter_errors(document), None)
    if wrong:
        where = "/".join(map(str, wrong.instance_path)) or "the top"
        raise ConfigurationError(f"{name} is wrong at {where}: {wrong.message}", _HINT)
    features = document["features"]
    said = {key: value for key, value in document.items() if key != "features"}
    return Implementation(**said, **features, text=content)


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    schema = (resources.schemas_folder() / "implementation.schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(schema))
