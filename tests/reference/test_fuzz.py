from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.reference.launch import ReferenceServer
from conformance.reference.routes import OPERATIONS

FUZZ = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

NAMES = st.sampled_from(
    ["fuzz", "pool", "stmt", "a" * 300, "é", "%00", "..", "", "a/b", "\ud83d\ude00", "x y", "%"]
)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["cmf.confluent.io/v1", "fuzz", "pool", "SELECT 1", "running", "\x00"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
KEYS = st.sampled_from(["name", "apiVersion", "kind", "metadata", "spec", "status", "labels", "annotations", "job", "state",
                        "statement", "computePoolName", "parallelism", "stopped", "type", "clusterSpec", "data", "secretName",
                        "srInstance", "kafkaClusters", "connectionConfig", "databaseName", "kubernetesNamespace",
                        "flinkApplicationDefaults", "statementDefaults", "detached", "flinkConfiguration"]) | TEXTS  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)
KINDS = ["FlinkApplication", "Statement", "ComputePool", "Secret", "EnvironmentSecretMapping", "KafkaCatalog"]
NEARLY = st.builds(
    lambda kind, name, spec, metadata, more: {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": kind,
        "name": name,
        "metadata": {"name": name, **metadata},
        "spec": spec,
        **more,
    },
    st.sampled_from(KINDS),
    st.sampled_from(["fuzz", "pool", "stmt", "bad name"]),
    st.dictionaries(KEYS, VALUES, max_size=6),
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(KEYS, VALUES, max_size=3),
)
BODIES = st.binary(max_size=60) | (VALUES | NEARLY).map(lambda value: json.dumps(value).encode())
# What http.client lets through in a header.
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
TYPES = (
    st.sampled_from(["application/json", "application/yaml", "application/json; charset=utf-8", "text/plain"])
    | HEADER
)
ACCEPTS = (
    st.sampled_from(["application/json", "application/yaml", "*/*", "application/*;q=0.1", "text/html"])
    | HEADER
)
QUERIES = st.lists(
    st.tuples(st.sampled_from(["page", "size", "sort", "phase", "compute-pool", "page-token", "x"]), st.text(max_size=12) | st.integers().map(str)),
    max_size=4,
)  # fmt: skip
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "PROPFIND"])


def percent(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="%.")


@st.composite
def requests(draw: Any) -> tuple[str, str, bytes, dict[str, str]]:
    operation, method, path = draw(st.sampled_from(OPERATIONS))
    segments = [percent(draw(NAMES)) if part.startswith("{") else part for part in path.split("/")]
    query = "&".join(f"{name}={percent(value)}" for name, value in draw(QUERIES))
    headers = {"content-type": draw(TYPES), "accept": draw(ACCEPTS)}
    if draw(st.booleans()):
        headers["if-none-match"] = draw(HEADER)
    body = draw(BODIES) if method in ("POST", "PUT") or draw(st.booleans()) else b""
    target = f"/{'/'.join(segments)}?{query}"
    return draw(st.just(method) | METHODS) if operation else method, target, body, headers


@pytest.fixture(autouse=True, scope="module")
def something_there(reference: ReferenceServer) -> None:
    """Parents for the generated requests to hit, and children to change."""
    base = f"{reference.url}/cmf/api/v1/environments"
    head = {"apiVersion": "cmf.confluent.io/v1"}
    pool = {"type": "DEDICATED", "clusterSpec": {}}
    statement = {"statement": "SELECT * FROM t LIMIT 5", "computePoolName": "pool"}
    for path, body in (
        ("", {"name": "fuzz"}),
        (
            "/fuzz/applications",
            {**head, "kind": "FlinkApplication", "metadata": {"name": "fuzz"}, "spec": {}},
        ),
        ("/fuzz/compute-pools", {**head, "kind": "ComputePool", "metadata": {"name": "pool"}, "spec": pool}),
        ("/fuzz/statements", {**head, "kind": "Statement", "metadata": {"name": "stmt"}, "spec": statement}),
    ):
        assert httpx.post(base + path, json=body).status_code < 300


@FUZZ
@given(requests())
def test_no_request_makes_it_fail(
    reference: ReferenceServer, request: tuple[str, str, bytes, dict[str, str]]
) -> None:
    method, target, body, headers = request
    connection = http.client.HTTPConnection(urlsplit(reference.url).netloc, timeout=10)
    try:
        connection.request(
            method, target, body, {name: value.strip().encode("latin-1") for name, value in headers.items()}
        )  # type: ignore[misc]
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status < 500
        declared = answer.getheader("content-type", "")
        if content and declared == "application/json":
            value = json.loads(content)
            assert answer.status < 400 or value["errors"][0]["message"]
    finally:
        connection.close()


@FUZZ
@given(st.binary(max_size=200) | st.builds(
    lambda method, target, headers, body: method + b" " + target + b" HTTP/1.1\r\n" + headers + b"\r\n\r\n" + body,
    st.binary(max_size=8) | st.sampled_from([b"GET", b"POST"]),
    st.binary(max_size=60) | st.sampled_from([b"/cmf/api/v1/environments", b"*", b"http://x/cmf", b"/%", b"/%zz?%=%"]),
    st.binary(max_size=80) | st.sampled_from([b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Expect: 100-continue"]),
    st.binary(max_size=40),
))  # fmt: skip
def test_no_bytes_make_it_fail(reference: ReferenceServer, data: bytes) -> None:
    address = urlsplit(reference.url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80), timeout=10) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(4096)
    assert not answer.startswith(b"HTTP/1.1 5")


def test_it_still_answers(reference: ReferenceServer) -> None:
    connection = http.client.HTTPConnection(urlsplit(reference.url).netloc, timeout=10)
    connection.request("GET", "/cmf/api/v1/environments")
    assert connection.getresponse().status == 200
    connection.close()
