"""The command as people and machines use it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema_rs

from .conftest import Done, Front, Stock

Call = Callable[..., Done]


def test_without_a_url_the_reference_server_is_examined(call: Call, tmp_path: Path) -> None:
    done = call("doctor", "--write")
    assert done.returncode == 0, done
    *lines, last = done.stdout.splitlines()
    assert last.startswith("nothing stands in the way of a run (")
    assert all(line.startswith("ok ") for line in lines), lines
    assert not list(tmp_path.iterdir())


def test_json_for_machines(call: Call) -> None:
    done = call("doctor", "--json", "--url", "http://127.0.0.1:1")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    schema = files("conformance.doctor").joinpath("findings.schema.json").read_text("utf-8")
    jsonschema_rs.validator_for(json.loads(schema)).validate(told)
    assert told["target"] == "http://127.0.0.1:1"
    assert told["exit_code"] == 3
    assert [each["subject"] for each in told["findings"]] == ["configuration", "connection"]
    assert set(told["findings"][1]) == {"subject", "state", "message", "hint"}
    assert told["findings"][1]["state"] == "problem"


def test_a_problem_is_a_line_with_a_hint(call: Call) -> None:
    done = call("doctor", "--url", "http://127.0.0.1:1")
    assert done.returncode == 3
    _, problem, hint, last = done.stdout.splitlines()
    assert problem.startswith("problem  connection    http://127.0.0.1:1 can't be reached")
    assert hint == "         hint: is the server running, and is the port right?"
    assert last == "a run would go wrong (1 problem, 1 ok)"


def test_a_configuration_that_cannot_be_read_is_one_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "cmf.yaml").write_text("features: {namespaces: x}\n", "utf-8")
    done = call("doctor", "--config", "cmf.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("cmf-conformance: The configuration cmf.yaml is wrong at features")


def test_what_the_configuration_has_is_declared(call: Call, tmp_path: Path, stock: Stock) -> None:
    (tmp_path / "cmf.yaml").write_text(
        f"url: {stock.url}\nfeatures: {{sql: false, namespace: flink, image: a, flink_version: v1_20,\n"
        "  service_account: robot, jar_uri: 'local:///a.jar'}\n",
        "utf-8",
    )
    done = call("doctor", "--config", "cmf.yaml")
    assert done.returncode == 0, done
    assert "ok       declared      namespace 'flink', image 'a'" in done.stdout


def test_an_interrupted_trial_removes_what_it_has_created(
    front: Callable[..., Front], stock: Stock, tmp_path: Path, environment: dict[str, str]
) -> None:
    gate = front(backend=stock.url, delay=0.2)
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "doctor", "--write", "--url", gate.url],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not stock.names() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert stock.names()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert stock.names() == []
    assert not list(tmp_path.iterdir())
