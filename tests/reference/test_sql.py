from __future__ import annotations

import time
import uuid
from typing import Any

import httpx
import pytest

V1 = "/cmf/api/v1"


def resource(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "cmf.confluent.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def pool(name: str = "pool") -> dict[str, Any]:
    return resource("ComputePool", name, {"type": "DEDICATED", "clusterSpec": {"flinkVersion": "v1_19"}})


def statement(text: str, name: str = "stmt", **spec: Any) -> dict[str, Any]:
    return resource("Statement", name, {"statement": text, "computePoolName": "pool", **spec})


@pytest.fixture
def sql(client: httpx.Client, home: str) -> str:
    """The path of the statements of an environment with a compute pool."""
    assert client.post(home + "/compute-pools", json=pool()).status_code == 200
    return home + "/statements"


def in_phase(client: httpx.Client, path: str, phase: str) -> dict[str, Any]:
    for _ in range(100):
        found: dict[str, Any] = client.get(path).json()
        if found["status"]["phase"] == phase:
            return found
        time.sleep(0.01)
    pytest.fail(f"still {found['status']}")


def test_compute_pools(client: httpx.Client, home: str) -> None:
    created = client.post(home + "/compute-pools", json=pool())
    assert created.status_code == 200
    assert created.json()["status"] == {"phase": "DEDICATED"}
    assert "updateTimestamp" not in created.json()["metadata"]
    again = client.post(
        home + "/compute-pools", json={**pool(), "spec": {"type": "DEDICATED", "clusterSpec": {}}}
    )
    assert again.status_code == 409
    assert client.get(home + "/compute-pools/pool").json() == created.json()
    assert client.get(home + "/compute-pools").json()["items"] == [created.json()]
    client.post(home + "/statements", json=statement("SHOW TABLES"))
    assert client.delete(home + "/compute-pools/pool").status_code == 409
    client.delete(home + "/statements/stmt")
    assert client.delete(home + "/compute-pools/pool").status_code == 204
    assert client.delete(home + "/compute-pools/pool").status_code == 404
    assert client.get(home + "/compute-pools/pool").status_code == 404
    assert client.post(home + "-no/compute-pools", json=pool()).status_code == 404


def test_a_bounded_query_is_read_to_its_end(client: httpx.Client, sql: str) -> None:
    created = client.post(sql, json=statement("SELECT * FROM clicks LIMIT 7"))
    assert created.status_code == 200
    assert created.json()["status"]["phase"] == "PENDING"
    done = in_phase(client, sql + "/stmt", "COMPLETED")
    assert done["status"]["traits"]["sqlKind"] == "SELECT"
    rows, token, tokens = [], None, []
    for _ in range(5):
        page = client.get(sql + "/stmt/results", params={"page-token": token} if token else {}).json()
        rows += page["results"]["data"]
        token = page["metadata"].get("annotations", {}).get("nextPageToken")
        tokens.append(token)
        if token is None:
            break
    assert [row["row"] for row in rows] == [[f"row {n}"] for n in range(7)]
    assert client.get(sql + "/stmt/results", params={"page-token": tokens[0]}).status_code == 410
    assert client.get(sql + "/stmt/results").status_code == 410
    assert client.get(sql + "/stmt/results", params={"page-token": "nonsense"}).status_code == 400
    assert client.get(sql + "/stmt/exceptions").json()["data"] == []


def test_values_are_the_rows(client: httpx.Client, sql: str) -> None:
    client.post(sql, json=statement("-- two rows\nSELECT * FROM (VALUES (1, 'it''s'), (2, 'b')) AS t(n, x);"))
    in_phase(client, sql + "/stmt", "COMPLETED")
    rows = client.get(sql + "/stmt/results").json()["results"]["data"]
    assert [row["row"] for row in rows] == [["1", "it's"], ["2", "b"]]


@pytest.mark.parametrize(
    ("text", "compiles"),
    [
        ("SHOW TABLES /* all; of them */ LIKE 'a;b''%'; -- it's", True),
        ("explain SELECT 1", True),
        ("SHOW TABLES LIKE", False),
        ("SELECT FROM WHERE;", False),
        ("SELECT 'open", False),
        ("SELECT (1", False),
        ("SHOW TABLES; SHOW TABLES", False),
        ("this is no SQL", False),
        ("  ", False),
        ("/* nothing", False),
    ],
)
def test_what_compiles(client: httpx.Client, sql: str, text: str, compiles: bool) -> None:  # noqa: FBT001
    phase = client.post(sql, json=statement(text)).json()["status"]["phase"]
    assert phase == ("COMPLETED" if compiles else "FAILED")


def test_statements_without_results(client: httpx.Client, sql: str) -> None:
    shown = client.post(sql, json=statement("SHOW TABLES;", "show")).json()
    assert shown["status"]["phase"] == "COMPLETED"
    assert len(shown["result"]["results"]["data"]) == 2
    failed = client.post(sql, json=statement("SELEKT 1", "wrong"))
    assert failed.status_code == 200
    assert failed.json()["status"]["phase"] == "FAILED"
    client.post(sql, json=statement("INSERT INTO a SELECT * FROM b", "insert"))
    for name in ("show", "wrong", "insert"):
        assert client.get(f"{sql}/{name}/results").status_code == 400
    assert client.get(sql + "/none/results").status_code == 404
    assert client.get(sql + "/none/exceptions").status_code == 404


def test_stop_and_resume(client: httpx.Client, sql: str) -> None:
    body = statement("SELECT * FROM clicks", parallelism=2)
    client.post(sql, json=body)
    in_phase(client, sql + "/stmt", "RUNNING")
    body["spec"]["stopped"] = True
    stopped = client.put(sql + "/stmt", json=body)
    assert (stopped.status_code, stopped.content) == (200, b"")
    in_phase(client, sql + "/stmt", "STOPPED")
    assert client.get(sql + "/stmt/results").status_code == 410
    body["spec"].update(stopped=False, parallelism=3)
    assert client.put(sql + "/stmt", json=body).status_code == 200
    assert in_phase(client, sql + "/stmt", "RUNNING")["spec"]["parallelism"] == 3
    for change in (
        {"statement": "SELECT 1"},
        {"computePoolName": "other"},
        {"parallelism": 0},
        {"properties": {"a": "b"}},
    ):
        assert client.put(sql + "/stmt", json={**body, "spec": {**body["spec"], **change}}).status_code == 422
    assert client.put(sql + "/stmt", json={**body, "metadata": {"name": "other"}}).status_code == 422
    assert client.put(sql + "/stmt", json={**body, "spec": {"statement": 1}}).status_code == 400
    assert client.put(sql + "/none", json=body).status_code == 404


def test_a_failing_statement_throws(client: httpx.Client, sql: str) -> None:
    client.post(sql, json=statement("SELECT 1 / 0 FROM clicks"))
    in_phase(client, sql + "/stmt", "FAILED")
    listed = client.get(sql + "/stmt/exceptions").json()
    assert listed["kind"] == "StatementExceptionList"
    times = [one["timestamp"] for one in listed["data"]]
    assert len(times) == 10
    assert times == sorted(times, reverse=True)
    assert len({one["name"] for one in listed["data"]}) == 10


def test_filters_and_refusals(client: httpx.Client, home: str, sql: str) -> None:
    client.post(home + "/compute-pools", json=pool("pool-2"))
    client.post(sql, json=statement("SHOW TABLES", "stmt-1"))
    client.post(sql, json=statement("SHOW TABLES", "stmt-2", computePoolName="pool-2"))
    client.post(sql, json=statement("SELECT * FROM t", "stmt-3", stopped=True))

    def found(query: str) -> list[str]:
        return [item["metadata"]["name"] for item in client.get(f"{sql}?{query}").json()["items"]]

    assert found("compute-pool=pool") == ["stmt-1", "stmt-3"]
    assert found("phase=completed&sort=name,desc") == ["stmt-2", "stmt-1"]
    assert found("phase=stopped&compute-pool=pool-2") == []
    assert found("phase=nonsense") == []
    assert client.post(sql, json=statement("SHOW TABLES", "stmt-1")).status_code == 409
    assert (
        client.post(sql, json=statement("SHOW TABLES", "stmt-4", computePoolName="none")).status_code == 422
    )
    assert client.post(sql, json=statement("SHOW TABLES", "stmt-4", parallelism=True)).status_code == 400
    assert client.post(home + "-no/statements", json=statement("SHOW TABLES")).status_code == 404
    assert client.delete(sql + "/stmt-1").status_code == 204
    assert client.delete(sql + "/stmt-1").status_code == 404
    assert client.get(sql + "/stmt-1").status_code == 404


def test_secrets_and_mappings_agree_and_never_tell(client: httpx.Client, home: str) -> None:
    name = f"secret-{uuid.uuid4()}"
    body = resource("Secret", name, {"data": {"sasl.jaas.config": "canary"}})
    created = client.post(V1 + "/secrets", json=body)
    assert created.status_code == 200
    assert client.post(V1 + "/secrets", json=body).status_code == 409
    mapping = resource("EnvironmentSecretMapping", "kafka-id", {"secretName": name})
    assert client.post(home + "/secret-mappings", json=mapping).status_code == 200
    assert client.post(home + "/secret-mappings", json=mapping).status_code == 409
    unknown = resource("EnvironmentSecretMapping", "kafka-2", {"secretName": "none"})
    assert client.post(home + "/secret-mappings", json=unknown).status_code == 404
    assert client.put(home + "/secret-mappings/kafka-id", json=mapping).status_code == 200
    assert client.put(home + "/secret-mappings/none", json=mapping).status_code == 404
    environment = home.rpartition("/")[2]
    assert client.get(home).json()["secrets"] == {"kafka-id": name}
    updated = client.put(f"{V1}/secrets/{name}", json={**body, "spec": {"data": {"k": "canary-2"}}})
    assert updated.json()["status"] == {"version": "1", "environments": [environment]}
    assert updated.json()["metadata"]["updateTimestamp"] > created.json()["metadata"]["updateTimestamp"]
    assert client.put(f"{V1}/secrets/{name}", json=resource("Secret", "other-name", {})).status_code == 422
    for path in (f"{V1}/secrets/{name}", V1 + "/secrets?size=2000", home, home + "/secret-mappings"):
        for accept in ("application/json", "application/yaml"):
            assert "canary" not in client.get(path, headers={"accept": accept}).text
    assert client.delete(f"{V1}/secrets/{name}").status_code == 409
    assert client.delete(home + "/secret-mappings/kafka-id").status_code == 204
    assert client.get(home).json()["secrets"] == {}
    assert client.delete(f"{V1}/secrets/{name}").status_code == 204
    assert client.delete(f"{V1}/secrets/{name}").status_code == 404
    tag = client.get(V1 + "/secrets").headers["etag"]
    assert client.get(V1 + "/secrets", headers={"if-none-match": tag}).status_code == 304


def test_catalogs(client: httpx.Client) -> None:
    name = f"cat-{uuid.uuid4()}"
    spec: dict[str, Any] = {
        "srInstance": {
            "connectionConfig": {"schema.registry.url": "http://sr"},
            "connectionSecretId": "sr-id",
        },
        "kafkaClusters": [{"databaseName": "db", "connectionConfig": {"bootstrap.servers": "kafka:9092"}}],
    }
    created = client.post(V1 + "/catalogs/kafka", json=resource("KafkaCatalog", name, spec))
    assert created.status_code == 200
    assert created.json()["spec"] == spec
    assert client.post(V1 + "/catalogs/kafka", json=resource("KafkaCatalog", name, spec)).status_code == 409
    assert client.get(f"{V1}/catalogs/kafka/{name}").json() == created.json()
    assert created.json() in client.get(V1 + "/catalogs/kafka?size=2000").json()["items"]
    twice = {**spec, "kafkaClusters": spec["kafkaClusters"] * 2}
    assert (
        client.post(V1 + "/catalogs/kafka", json=resource("KafkaCatalog", "cat-2", twice)).status_code == 422
    )
    for field in ("uid", "creationTimestamp"):
        named = {"name": "cat-2", field: 1}
        odd = {**resource("KafkaCatalog", "cat-2", spec), "metadata": named}
        assert client.post(V1 + "/catalogs/kafka", json=odd).status_code == 400
    for wrong in ({}, {"srInstance": {}}, {**spec, "kafkaClusters": [1]}, {**spec, "kafkaClusters": {}}):
        assert (
            client.post(V1 + "/catalogs/kafka", json=resource("KafkaCatalog", "cat-2", wrong)).status_code
            == 400
        )
    assert client.delete(f"{V1}/catalogs/kafka/{name}").status_code == 204
    assert client.get(f"{V1}/catalogs/kafka/{name}").status_code == 404
    assert client.delete(f"{V1}/catalogs/kafka/{name}").status_code == 404
