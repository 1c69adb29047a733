"""The contract, and exchanges made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from conformance import resources
from conformance.contract.judgement import Judge
from conformance.contract.openapi import Contract
from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.registry import catalogue

JSON = "application/json"
Exchanging: TypeAlias = Callable[..., Exchange]


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The OpenAPI document, read once."""
    return Contract.load(resources.contract_folder("cmf-2.0") / "openapi.yaml")


@pytest.fixture(scope="session")
def judge(contract: Contract) -> Judge:
    """Who judges answers, with the errata applied."""
    return Judge(contract, catalogue())


@pytest.fixture(scope="session")
def exchange(contract: Contract) -> Exchanging:
    """Make an exchange: an operation, a status, and a body as value or bytes."""

    def make(
        operation: str | None,
        status: int,
        body: Any = b"",
        *,
        declared: str | None = JSON,
        accept: str | None = JSON,
        asked: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        truncated: bool = False,
        path: str = "/x",
    ) -> Exchange:
        known = contract.operations.get(operation or "")
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        accepting = (("Accept", accept),) if accept else ()
        typed = (("Content-Type", declared),) if declared else ()
        return Exchange(
            id="x000001",
            operation=operation,
            request=HttpRequest(
                known.method if known else "GET", f"http://cmf.example{path}", (*accepting, *asked), b""
            ),
            response=HttpResponse(status, (*typed, *headers), content, truncated),
            error=None,
            started="2025-03-31T11:34:01.503Z",
            elapsed_ms=1.0,
        )

    return make
