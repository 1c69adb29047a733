"""The implementation that is certified: what its vendor says of it, in ``implementation.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conformance import documents
from conformance.config import Features
from conformance.runner.selection import AUTH, FLINK, SQL, absent

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
    return parsed(documents.read(path, "The implementation", _HINT), str(path))


def parsed(content: bytes, name: str = "implementation.yaml") -> Implementation:
    """The implementation of the content of a file; raises ``ConfigurationError``, which calls it ``name``."""
    document = documents.parse(content, name, "implementation", _HINT)
    features = document["features"]
    said = {key: value for key, value in document.items() if key != "features"}
    return Implementation(**said, **features, text=content)
