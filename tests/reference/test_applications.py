from __future__ import annotations

import operator
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from .samples import application


def settled(get: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """What is got once it is as wanted, within two seconds."""
    for _ in range(100):
        value = get()
        if done(value):
            return value
        time.sleep(0.02)
    pytest.fail(f"still {value}")


def events_of(path: str) -> str:
    return path.replace("/v1/", "/v1alpha1/") + "/events"


def test_post_creates_and_replaces(client: httpx.Client, home: str) -> None:
    created = client.post(
        home + "/applications", json={**application("app-1"), "status": None, "colour": "red"}
    )
    assert created.status_code == 201
    first = created.json()
    assert {key: first[key] for key in ("apiVersion", "kind", "spec")} == {
        key: application("app-1")[key] for key in ("apiVersion", "kind", "spec")
    }
    assert first["metadata"]["labels"] == application("app-1")["metadata"]["labels"]
    assert "status" not in first
    assert "colour" not in first

    smaller = application("app-1")
    del smaller["metadata"]["labels"], smaller["spec"]["flinkConfiguration"]
    second = client.post(home + "/applications", json=smaller).json()
    assert second["spec"] == smaller["spec"]
    assert "labels" not in second["metadata"]
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["metadata"]["creationTimestamp"] == first["metadata"]["creationTimestamp"]
    assert second["metadata"]["updateTimestamp"] > first["metadata"]["updateTimestamp"]
    assert len(client.get(home + "/applications").json()["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda body: body.pop("apiVersion"), 400),
        (lambda body: body.pop("kind"), 400),
        (lambda body: body.pop("metadata"), 400),
        (lambda body: body.pop("spec"), 400),
        (lambda body: body["metadata"].pop("name"), 400),
        (lambda body: body.update(spec=None), 400),
        (lambda body: body.update(metadata=[]), 400),
        (lambda body: body["metadata"].update(name=1), 400),
        (lambda body: body.update(status="RUNNING"), 400),
        (lambda body: body.update(kind="Pod"), 422),
        (lambda body: body.update(apiVersion="v1"), 422),
        (lambda body: body["metadata"].update(name="abc"), 422),
        (lambda body: body["metadata"].update(name="abcd\n"), 422),
        (lambda body: body["metadata"].update(labels={"a": 1}), 422),
        (lambda body: body["spec"].update(job=[]), 422),
        (lambda body: body["spec"]["job"].update(state="paused"), 422),
        (lambda body: body["spec"]["job"].update(state={}), 422),
    ],
)
def test_refused_bodies(client: httpx.Client, home: str, change: Callable[[Any], Any], status: int) -> None:
    client.post(home + "/applications", json=application("app-1"))
    before = client.get(home + "/applications").json()["items"][0]["spec"]
    body = application("app-1", image="new")
    change(body)
    answer = client.post(home + "/applications", json=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]
    assert [item["spec"] for item in client.get(home + "/applications").json()["items"]] == [before]


def test_names_are_unique_in_their_environment_only(client: httpx.Client, home: str) -> None:
    other = home + "-2"
    client.post(home.rpartition("/")[0], json={"name": other.rpartition("/")[2]})
    client.post(home + "/applications", json=application("app-1", image="one"))
    client.post(other + "/applications", json=application("app-1", image="two"))
    assert client.get(home + "/applications/app-1").json()["spec"]["image"] == "one"
    assert client.delete(home + "/applications/app-1").status_code == 200
    assert client.get(home + "/applications/app-1").status_code == 404
    assert client.get(other + "/applications/app-1").json()["spec"]["image"] == "two"
    assert client.delete(home + "/applications/app-1").status_code == 404


def test_a_running_application_gets_stable_and_leaves_traces(client: httpx.Client, home: str) -> None:
    environments, _, name = home.rpartition("/")
    defaults = {"spec": {"image": "default", "flinkConfiguration": {"a.b": "default", "d": "default"}}}
    client.post(environments, json={"name": name, "flinkApplicationDefaults": defaults})
    app = home + "/applications/app-1"
    client.post(home + "/applications", json=application("app-1", "running"))

    status = settled(
        lambda: client.get(app).json().get("status", {}), lambda it: it.get("lifecycleState") == "STABLE"
    )
    assert status["jobStatus"]["state"] == "RUNNING"
    (instance,) = client.get(app + "/instances").json()["items"]
    identity = instance["metadata"]["name"]
    assert instance["metadata"]["uid"] == identity == status["currentDeployedInstanceName"]
    assert instance["status"]["jobStatus"] == {"jobId": status["jobStatus"]["jobId"], "state": "RUNNING"}
    assert instance["status"]["spec"]["image"] == "confluentinc/cp-flink:1.19.1-cp2"
    assert instance["status"]["spec"]["flinkConfiguration"] == {
        "a.b": "2",
        "d": "default",
        "taskmanager.numberOfTaskSlots": "1",
        "c": "x",
    }
    assert client.get(f"{app}/instances/{identity}").json() == instance

    events = client.get(events_of(app)).json()["items"]
    assert [event["status"]["data"]["newStatus"] for event in reversed(events)] == [
        "CREATED", "CREATED", "RECONCILING", "DEPLOYED", "STABLE", "RUNNING",
    ]  # fmt: skip
    assert {event["status"]["type"] for event in events} == {"CMF_STATUS", "CLUSTER_STATUS", "JOB_STATUS"}
    assert {event["apiVersion"] for event in events} == {"cmf.confluent.io/v1alpha1"}
    assert {event["metadata"]["flinkApplicationInstance"] for event in events} == {identity}
    assert len({event["metadata"]["uid"] for event in events}) == len(events)


def test_start_and_suspend(client: httpx.Client, home: str) -> None:
    app = home + "/applications/app-1"
    body = application("app-1")
    client.post(home + "/applications", json=body)
    for state, operation, lifecycle, runs in (
        ("running", "start", "STABLE", 1),
        ("suspended", "suspend", "SUSPENDED", 1),
        ("running", "start", "STABLE", 2),
    ):
        for _ in range(2):
            answer = client.post(f"{app}/{operation}")
            assert answer.status_code == 200
            assert answer.json()["spec"] == {**body["spec"], "job": {**body["spec"]["job"], "state": state}}
            assert answer.json()["metadata"]["labels"] == body["metadata"]["labels"]
        settled(
            lambda: client.get(app).json().get("status", {}).get("lifecycleState"),
            partial(operator.eq, lifecycle),
        )
        assert len(client.get(app + "/instances").json()["items"]) == runs


def test_a_new_spec_is_a_new_instance_and_the_old_one_keeps_its_own(client: httpx.Client, home: str) -> None:
    app = home + "/applications/app-1"
    client.post(home + "/applications", json=application("app-1", "running", image="one"))
    client.post(home + "/applications", json=application("app-1", "running", image="one"))
    client.post(home + "/applications", json=application("app-1", "running", image="two"))
    images = [item["status"]["spec"]["image"] for item in client.get(app + "/instances").json()["items"]]
    assert images == ["two", "one"]


def test_what_does_not_exist(client: httpx.Client, home: str) -> None:
    nowhere = home + "-no/applications/app-1"
    for path in (home + "/applications/app-1", nowhere):
        for suffix in ("", "/instances", "/instances/x"):
            assert client.get(path + suffix).status_code == 404
        assert client.get(events_of(path)).status_code == 404
        assert client.delete(path).status_code == 404
        assert client.post(path + "/start").status_code == 404
        assert client.post(path + "/suspend").status_code == 404
    assert client.get(home + "-no/applications").status_code == 404
    assert client.post(home + "-no/applications", json=application("app-1")).status_code == 404


def test_reading_changes_no_times(client: httpx.Client, home: str) -> None:
    app = home + "/applications/app-1"
    client.post(home + "/applications", json=application("app-1", "running"))
    first = client.get(app).json()["metadata"]
    settled(lambda: client.get(app).json().get("status", {}), lambda it: it.get("lifecycleState") == "STABLE")
    assert client.get(app).json()["metadata"] == first
