"""What other people have on a server, byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

ENVIRONMENTS = "/cmf/api/v1/environments"
FOREIGN = 250


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> tuple[int, bytes]:
    content = None if body is None else json.dumps(body).encode()
    headers = {
        "Accept": "application/json",
        **({"Content-Type": "application/json"} if body is not None else {}),
    }
    connection.request(method, path, content, headers)
    response = connection.getresponse()
    return response.status, response.read()


@contextlib.contextmanager
def connected(url: str) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        yield connection
    finally:
        connection.close()


def application(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": "FlinkApplication",
        "metadata": {"name": name},
        "spec": {"image": "x", "job": {"state": "suspended", "jarURI": "local:///x.jar", "parallelism": 1}},
    }


def settle_in(url: str) -> None:
    """Put somebody else's environments and applications on the target, some with names like ours."""
    with connected(url) as connection:
        for number in range(FOREIGN):
            name = f"cmfc-other123-env-{number}" if number % 5 == 0 else f"foreign-{number}"
            status, _ = ask(connection, "POST", ENVIRONMENTS, {"name": name, "kubernetesNamespace": "theirs"})
            assert status == 201
        for number in range(FOREIGN):
            status, said = ask(
                connection, "POST", f"{ENVIRONMENTS}/foreign-1/applications", application(f"app-{number}")
            )
            assert status == 201, said


def at_rest(url: str) -> list[bytes]:
    """All that is on the target, once what was created has found its state."""
    deadline = time.monotonic() + 20
    seen = everything(url)
    while time.monotonic() < deadline:
        time.sleep(1)
        again = everything(url)
        if again == seen:
            return seen
        seen = again
    pytest.fail("it never comes to rest")


def everything(url: str) -> list[bytes]:
    """All that is on the target, byte for byte."""
    with connected(url) as connection:
        pages = []
        for path in (ENVIRONMENTS, f"{ENVIRONMENTS}/foreign-1/applications", "/cmf/api/v1/secrets"):
            for page in range(20):
                status, body = ask(connection, "GET", f"{path}?page={page}&size=100&sort=name")
                assert status == 200
                if not json.loads(body)["items"]:
                    break
                pages.append(body)
        assert len(pages) >= 2 * FOREIGN // 100
        return pages
