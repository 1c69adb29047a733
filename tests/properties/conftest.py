"""The contract's document, loaded once for all tests of generation."""

from __future__ import annotations

import pytest

from conformance import resources
from conformance.properties.document import Document, load


@pytest.fixture(scope="session")
def document() -> Document:
    return load(resources.contract_folder("cmf-2.0") / "openapi.yaml")
