"""Gateways, papers and runs of the command as a process of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from conformance.reference.launch import ReferenceServer
from conformance.target.evidence import EvidenceLog

from .gateway import Gateway, Rules

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def reference() -> Iterator[ReferenceServer]:
    """A reference server that demands nothing."""
    with ReferenceServer(pace=0.1) as server:
        yield server


@pytest.fixture
def gateway(reference: ReferenceServer) -> Iterator[Callable[..., Gateway]]:
    """Start a gateway in front of it; keyword arguments are its rules."""
    started: list[Gateway] = []

    def start(context: ssl.SSLContext | None = None, **rules: Any) -> Gateway:
        started.append(Gateway(Rules(**{"backend": reference.url, **rules}), context))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[EvidenceLog]:
    """The evidence of a wire."""
    log = EvidenceLog(tmp_path / "evidence.ndjson")
    yield log
    log.close()


@pytest.fixture
def call(tmp_path: Path) -> Callable[..., Done]:
    """Run the command in a folder of its own; keyword arguments are environment variables."""

    def start(*words: str | Path, **variables: str) -> Done:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("CMF_", "CONFLUENT_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "conformance", *words],
            cwd=tmp_path,
            env={**kept, "NO_PROXY": "*", **variables},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return start


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that issues certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its certificate."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path
