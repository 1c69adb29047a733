"""Other people's resources on a server, of every kind, and all that is on it, byte for byte."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

API = "/cmf/api/v1"
ENVIRONMENTS = f"{API}/environments"
INSIDE = ("applications", "compute-pools", "statements", "secret-mappings")
HOMES = 2
"""Environments that hold something."""


@contextlib.contextmanager
def connected(url: str, token: str | None = None) -> Iterator[Any]:
    """A function that asks the server: method, path, body to status and content."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    fixed = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def ask(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        content = None if body is None else json.dumps(body).encode()
        headers = fixed | ({} if body is None else {"Content-Type": "application/json"})
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        return response.status, response.read()

    try:
        yield ask
    finally:
        connection.close()


def settle_in(url: str, number: int) -> None:
    """Put at least so many resources of somebody else on a server, of every kind, some with names like a run's."""
    with connected(url) as ask:

        def put(path: str, body: dict[str, Any]) -> None:
            status, said = ask("POST", path, body)
            assert status in {200, 201}, said

        each = -(-number // (3 + len(INSIDE)))
        for at in range(each):
            name = f"cmfc-other123-{at}" if at % 5 == 4 else f"prod-{at}"
            put(ENVIRONMENTS, {"name": name, "kubernetesNamespace": "theirs"})
            put(f"{API}/secrets", resource("Secret", name, {"data": {"user": "someone"}}))
            put(f"{API}/catalogs/kafka", resource("KafkaCatalog", name, catalog()))
        for at in range(each):
            home = f"{ENVIRONMENTS}/prod-{at % HOMES}"
            name = f"theirs-{at}"
            put(f"{home}/applications", resource("FlinkApplication", name, application()))
            put(f"{home}/compute-pools", resource("ComputePool", name, pool()))
            put(f"{home}/statements", resource("Statement", name, statement(name)))
            secret = f"prod-{at if at % 5 < 4 else at - 1}"
            put(f"{home}/secret-mappings", resource("EnvironmentSecretMapping", name, {"secretName": secret}))


def resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cmf.confluent.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def application() -> dict[str, Any]:
    return {
        "image": "x",
        "flinkVersion": "v1_19",
        "job": {"state": "suspended", "jarURI": "local:///x.jar", "parallelism": 1},
    }


def pool() -> dict[str, Any]:
    return {"type": "DEDICATED", "clusterSpec": {"image": "x", "flinkVersion": "v1_19"}}


def statement(pool_name: str) -> dict[str, Any]:
    properties = {"sql.current-catalog": "examples", "sql.current-database": "marketplace"}
    return {"statement": "SHOW TABLES;", "properties": properties, "computePoolName": pool_name}


def catalog() -> dict[str, Any]:
    return {
        "srInstance": {"connectionConfig": {"schema.registry.url": "http://sr:8081"}},
        "kafkaClusters": [
            {"databaseName": "theirs", "connectionConfig": {"bootstrap.servers": "kafka:9092"}}
        ],
    }


def everything(url: str) -> dict[str, bytes]:
    """Every list on the server and every resource in them, by path."""
    seen: dict[str, bytes] = {}
    with connected(url) as ask:

        def walk(path: str) -> list[str]:
            names: list[str] = []
            for page in range(100):
                where = f"{path}?page={page}&size=100&sort=name"
                status, body = ask("GET", where)
                assert status == 200, body
                items = json.loads(body).get("items") or []
                if not items:
                    return names
                seen[where] = body
                names += [item["name"] if "name" in item else item["metadata"]["name"] for item in items]
            raise AssertionError(f"{path} does not end")

        for top in (ENVIRONMENTS, f"{API}/secrets", f"{API}/catalogs/kafka"):
            for name in walk(top):
                _, seen[f"{top}/{name}"] = ask("GET", f"{top}/{name}")
                if top == ENVIRONMENTS:
                    for kind in INSIDE:
                        for inner in walk(f"{top}/{name}/{kind}"):
                            path = f"{top}/{name}/{kind}/{inner}"
                            _, seen[path] = ask("GET", path)
    return seen


def at_rest(url: str) -> dict[str, bytes]:
    """``everything``, once what was created has found its state."""
    deadline = time.monotonic() + 60
    seen = everything(url)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        again = everything(url)
        if again == seen:
            return seen
        seen = again
    raise AssertionError("it never comes to rest")


def count(seen: dict[str, bytes]) -> int:
    """How many resources these are."""
    return sum("?" not in path for path in seen)
