from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

ENVIRONMENTS = "/cmf/api/v1/environments"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def fresh() -> str:
    return f"env-{uuid.uuid4()}"


def body(name: str, mark: str = "1") -> dict[str, Any]:
    return {
        "name": name,
        "kubernetesNamespace": "flink",
        "flinkApplicationDefaults": {"spec": {"mark": mark}},
        "computePoolDefaults": {"spec": {"mark": mark}},
        "statementDefaults": {"detached": {"flinkConfiguration": {"a": mark}}},
    }


def test_post_creates_and_replaces(client: httpx.Client) -> None:
    name = fresh()
    created = client.post(ENVIRONMENTS, json=body(name))
    assert created.status_code == 201
    first = created.json()
    assert {key: first[key] for key in body(name)} == body(name)
    assert first["secrets"] == {}
    assert TIME.fullmatch(first["created_time"])
    assert client.get(f"{ENVIRONMENTS}/{name}").json() == first

    updated = client.post(ENVIRONMENTS, json={"name": name, "computePoolDefaults": {"x": 1}})
    assert updated.status_code == 201
    second = updated.json()
    assert "flinkApplicationDefaults" not in second
    assert second["computePoolDefaults"] == {"x": 1}
    assert second["kubernetesNamespace"] == "flink"
    assert second["created_time"] == first["created_time"]
    assert second["updated_time"] > first["updated_time"]
    assert client.get(f"{ENVIRONMENTS}/{name}").json() == second


def test_the_list_holds_each_once_and_no_secrets(client: httpx.Client) -> None:
    name = fresh()
    for mark in ("1", "2", "3"):
        client.post(ENVIRONMENTS, json=body(name, mark))
    items = client.get(ENVIRONMENTS, params={"size": 2000}).json()["items"]
    (found,) = [item for item in items if item["name"] == name]
    alone = client.get(f"{ENVIRONMENTS}/{name}").json()
    assert found == {key: value for key, value in alone.items() if key != "secrets"}


def test_deletion_takes_the_children_along(client: httpx.Client, home: str) -> None:
    child = {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": "FlinkApplication",
        "metadata": {"name": "child"},
        "spec": {},
    }
    assert client.post(home + "/applications", json=child).status_code == 201
    deleted = client.delete(home)
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert client.get(home).status_code == 404
    assert client.get(home + "/applications/child").status_code == 404
    assert client.delete(home).status_code == 404
    client.post(ENVIRONMENTS, json={"name": home.rpartition("/")[2]})
    assert client.get(home + "/applications").json()["items"] == []


@pytest.mark.parametrize(
    "name",
    ["abcd", "a" * 253, "aa.bb", "1abc", "ab--cd", "abc1", "a.b.c", "0.00"],
)
def test_legal_names(client: httpx.Client, name: str) -> None:
    assert client.post(ENVIRONMENTS, json={"name": name}).status_code == 201
    assert client.get(f"{ENVIRONMENTS}/{name}").json()["name"] == name
    client.delete(f"{ENVIRONMENTS}/{name}")


@pytest.mark.parametrize(
    "name",
    ["", "abc", "a" * 254, "Abcd", "ab_cd", "ab cd", "abcd\n", "\nabcd", "ab\x00cd", "abéd", "-abcd", "abcd-", ".abcd",
     "abcd.", "ab..cd", "ab-.cd", "ab.-cd", "ab!cd"],
)  # fmt: skip
def test_illegal_names(client: httpx.Client, name: str) -> None:
    answer = client.post(ENVIRONMENTS, json={"name": name})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("name must")
    names = [item["name"] for item in client.get(ENVIRONMENTS, params={"size": 2000}).json()["items"]]
    assert name not in names


@pytest.mark.parametrize(
    "change",
    [
        {"name": 12345},
        {"name": None},
        {"kubernetesNamespace": 1},
        {"kubernetesNamespace": ""},
        {"kubernetesNamespace": "a" * 254},
        {"kubernetesNamespace": "No_Good"},
        {"flinkApplicationDefaults": []},
        {"computePoolDefaults": "x"},
        {"statementDefaults": None},
        {"statementDefaults": {"detached": 1}},
        {"statementDefaults": {"interactive": {"flinkConfiguration": []}}},
        {"statementDefaults": {"interactive": {"flinkConfiguration": {"x": 1}}}},
    ],
)
def test_a_refused_update_changes_nothing(client: httpx.Client, home: str, change: dict[str, Any]) -> None:
    before = client.get(home).json()
    answer = client.post(ENVIRONMENTS, json={**body(before["name"], "new"), **change})
    assert answer.status_code == 400
    assert client.get(home).json() == before


def test_unknown_properties_are_ignored(client: httpx.Client) -> None:
    name = fresh()
    answer = client.post(ENVIRONMENTS, json={"name": name, "colour": "red", "created_time": "never"})
    assert answer.status_code == 201
    assert "colour" not in answer.json()
    assert TIME.fullmatch(answer.json()["created_time"])
