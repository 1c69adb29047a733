"""What is on the target, what it can do, and whether the run may write to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.config import Features
from conformance.doctor import declared
from conformance.doctor.finding import State
from conformance.target.ledger import Ledger

from .conftest import Done, Findings, Front, Stock

Start = Callable[..., Front]
Look = Callable[..., Findings]
OK, UNKNOWN, WARNING, PROBLEM = State.OK, State.UNKNOWN, State.WARNING, State.PROBLEM
SQL = r"GET /cmf/api/v1/(secrets|catalogs/kafka).*"
APPLICATION = {
    "apiVersion": "cmf.confluent.io/v1",
    "kind": "FlinkApplication",
    "metadata": {"name": "theirs"},
    "spec": {
        "image": "x",
        "flinkVersion": "v1_19",
        "flinkConfiguration": {},
        "serviceAccount": "flink",
        "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
        "taskManager": {"resource": {"memory": "1024m", "cpu": 1}},
        "job": {
            "jarURI": "local:///x.jar",
            "state": "suspended",
            "parallelism": 1,
            "upgradeMode": "stateless",
        },
    },
}


def test_only_reads_are_sent_unless_asked(front: Start, look: Look) -> None:
    gate = front()
    found = look(gate.url)
    assert found.exit_code == 0
    assert {asked.split()[0] for asked in gate.rules.asked} == {"GET"}
    found.told("write", UNKNOWN, "nothing was written", "--write creates one environment")
    found.told("left-overs", OK, "none")
    found.told("others", OK, "0 environments, 0 secrets, 0 catalogs of other people")
    found.told("sql", UNKNOWN, "without an environment", "--write creates an environment")
    assert not list(Path.cwd().iterdir())


def test_the_trial_creates_one_environment_and_removes_it(front: Start, look: Look, stock: Stock) -> None:
    stock.environment("somebody-elses")
    gate = front(backend=stock.url)
    found = look(gate.url, write=True)
    found.told("write", OK, "an environment was created, and was gone")
    found.told("sql", OK, "declared, and its routes are there")
    assert found.exit_code == 0
    writes = [asked for asked in gate.rules.asked if not asked.startswith("GET")]
    assert writes[0] == "POST /cmf/api/v1/environments"
    assert len(writes) >= 2
    assert all(asked.startswith("DELETE /cmf/api/v1/environments/cmfc-") for asked in writes[1:])
    assert stock.names() == ["somebody-elses"]
    assert not list(Path.cwd().iterdir())


def test_creating_is_refused(front: Start, look: Look) -> None:
    refusal = json.dumps({"errors": [{"message": "not\nyou"}]}).encode()
    found = look(front(answers=[("POST .*", 403, refusal)]).url, write=True)
    found.told("write", PROBLEM, "is answered with 403: not you", "must be allowed to create")
    assert found.exit_code == 3
    assert not list(Path.cwd().iterdir())


def test_a_namespace_that_is_wrong(front: Start, look: Look) -> None:
    found = look(front(answers=[("POST .*", 400, b"{}")]).url, features={"namespace": "nowhere"}, write=True)
    found.told("write", PROBLEM, "is answered with 400", "is features.namespace right? It is 'nowhere'")
    assert found.exit_code == 2


def test_deleting_is_refused_and_the_ledger_stays(
    front: Start, look: Look, stock: Stock, call: Callable[..., Done]
) -> None:
    gate = front(backend=stock.url, answers=[("DELETE .*", 403, b"")])
    found = look(gate.url, limits={"settle": 0.3}, write=True)
    found.told("write", PROBLEM, "was created and can't be deleted again", "cmf-conformance cleanup")
    assert found.exit_code == 3
    (left,) = stock.names()
    gate.rules.answers.clear()

    again = look(gate.url)
    again.told(
        "left-overs",
        WARNING,
        f"1 environments of run {left[5:13]}, such as '{left}'",
        "cmf-conformance cleanup ",
    )
    ledger = Path("cmf-conformance-runs", left[5:13], "ledger.ndjson")
    assert again["left-overs"].hint.endswith(f"cmf-conformance cleanup {ledger}")
    done = call("cleanup", ledger)
    assert done.returncode == 0, done
    assert stock.names() == []


def test_left_overs_of_several_runs_and_what_is_of_others(look: Look, stock: Stock) -> None:
    for name in ("cmfc-ab12cd34-r-1", "cmfc-ab12cd34-r-2", "cmfc-zzzzzzzz-r-1", "cmfc-mine", "theirs"):
        stock.environment(name)
    found = look(stock.url)
    told = [each for each in found.all if each.subject == "left-overs"]
    assert [each.message for each in told] == [
        "2 environments of run ab12cd34, such as 'cmfc-ab12cd34-r-1'",
        "1 environments of run zzzzzzzz, such as 'cmfc-zzzzzzzz-r-1'",
    ]
    assert all(each.state is WARNING for each in told)
    assert f"curl -X DELETE {stock.url}/cmf/api/v1/environments/cmfc-ab12cd34-r-1" in told[0].hint
    found.told("others", OK, "2 environments, 0 secrets, 0 catalogs")
    assert found.exit_code == 0


def test_left_overs_are_found_on_every_page(look: Look, stock: Stock) -> None:
    for number in range(120):
        stock.environment(f"theirs-{number:03}")
    stock.environment("zz-last")
    stock.environment("cmfc-ab12cd34-r-1")
    found = look(stock.url)
    found.told("others", OK, "121 environments")
    found.told("left-overs", WARNING, "1 environments of run ab12cd34")


def test_sql_is_declared_and_not_there(front: Start, look: Look) -> None:
    found = look(front(answers=[(SQL, 404, b"")]).url)
    found.told(
        "sql",
        PROBLEM,
        "declared, but GET /cmf/api/v1/secrets answers 404, GET .*kafka answers 404",
        "set sql: false",
    )
    assert found.exit_code == 2


def test_sql_is_declared_and_one_route_of_an_environment_is_not_there(
    front: Start, look: Look, stock: Stock
) -> None:
    stock.environment("theirs")
    found = look(front(backend=stock.url, answers=[("GET .*/statements.*", 405, b"")]).url)
    found.told("sql", PROBLEM, "declared, but GET statements of an environment answers 405", "set sql: false")
    assert found.exit_code == 2


def test_sql_is_declared_and_broken_or_forbidden(front: Start, look: Look) -> None:
    found = look(front(answers=[(SQL, 500, b"")]).url)
    found.told("sql", WARNING, "GET /cmf/api/v1/secrets answers 500", "log of the server")
    found = look(front(answers=[("GET /cmf/api/v1/secrets.*", 403, b"")]).url)
    found.told(
        "permissions", PROBLEM, "the list of secrets is refused with 403", "must be allowed to read secrets"
    )
    assert found.exit_code == 3


def test_sql_is_declared_absent(front: Start, look: Look) -> None:
    found = look(front(answers=[(SQL, 404, b"")]).url, features={"sql": False})
    found.told("sql", OK, "declared absent, and so it is")
    assert found.exit_code == 0
    look(front().url, features={"sql": False}).told("sql", WARNING, "declared absent, but GET .* answers 200")


def test_flink_is_declared(front: Start, look: Look, stock: Stock) -> None:
    stock.environment("theirs")
    status, answer = stock.send("POST", "/environments/theirs/applications", APPLICATION)
    assert status == 201, answer
    found = look(stock.url)
    found.told("flink", OK, "declared, and its routes are there")
    found.told("sql", OK, "declared, and its routes are there")
    found = look(front(backend=stock.url, answers=[("GET .*/events.*", 404, b"")]).url)
    found.told("flink", PROBLEM, "GET events of an application answers 404", "set flink: false")
    assert found.exit_code == 2
    look(stock.url, features={"flink": False}).told("flink", OK, "declared absent")


def test_the_words_that_a_target_needs(front: Start, look: Look) -> None:
    gate = front()
    found = look(gate.url, given=["namespace", "image"])
    found.told("declared", WARNING, "service_account 'flink', jar_uri", "under features")
    assert "namespace" not in found["declared"].message
    everything = tuple(Features.__dataclass_fields__)
    look(gate.url, given=everything).told("declared", OK, "namespace 'default', image 'confluentinc")
    look(gate.url, embedded=True).told("declared", OK, "embedded reference server")


@pytest.mark.parametrize(
    "content",
    [b"<html>", b'{"items": 3}', b'{"items": [{"nothing": 1}]}', b'{"items": [{"name": "\\u001b[31m"}]}'],
)
def test_a_list_of_nonsense(front: Start, look: Look, content: bytes) -> None:
    found = look(front(answers=[(r"GET /cmf/api/v1/environments\?page=.*", 200, content)]).url)
    assert found.exit_code == 0
    assert not any("\x1b" in line for each in found.all for line in each.lines)


def test_a_hostile_name_is_quoted_in_the_command_that_removes_it(front: Start, look: Look) -> None:
    content = json.dumps({"items": [{"name": "cmfc-ab12cd34-\x1b[31m'; rm -rf / #\n"}]}).encode()
    found = look(front(answers=[(r"GET /cmf/api/v1/environments\?page=.*", 200, content)]).url)
    lines = "\n".join(found["left-overs"].lines)
    assert "\x1b" not in lines
    assert "curl -X DELETE 'http" in lines or "%27%3B%20rm" in lines
    assert "rm -rf / #" not in found["left-overs"].hint


def test_the_numbers_of_requests_are_those_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operators.md").read_text("utf-8")
    for profile, count in declared.REQUESTS.items():
        assert f"| `{profile}` | {count:,} |" in page


def test_the_trial_keeps_a_ledger_before_it_writes(front: Start, look: Look, stock: Stock) -> None:
    """The server looks into the ledger at the moment when the creation arrives."""
    seen: list[list[str]] = []
    gate = front(backend=stock.url)

    class Watching(list[str]):
        def append(self, asked: str) -> None:
            if asked.startswith("POST"):
                (path,) = Path("cmf-conformance-runs").glob("*/ledger.ndjson")
                ledger = Ledger.read(path)
                seen.append([each.kind for each in ledger.open])
                ledger.close()
            super().append(asked)

    gate.rules.asked = Watching()
    assert look(gate.url, write=True).exit_code == 0
    assert seen == [["environments"]]
