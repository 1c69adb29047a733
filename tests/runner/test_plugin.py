"""However a scenario ends, each requirement that it declares has the right verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.reference.launch import ReferenceServer

Run = Callable[..., Any]
GET, UPDATE, LIST = "CMF-ENV-GET", "CMF-ENV-UPDATE", "CMF-ENV-LIST"
STEP = "a step before it did not succeed: "


def test_a_check_that_holds_is_a_pass(run: Run) -> None:
    ran = run(
        """
        @requirement("CMF-ENV-GET")
        def test_one(check, cmf):
            answer = cmf.environments.list(size=1)
            with check("CMF-ENV-GET", "it is there"):
                answer.expect(200)
        """,
        GET,
    )
    assert (ran.verdicts(), ran.exit_code) == ({GET: "pass"}, 0)
    (check,) = ran[GET].checks
    assert (check.name, check.curl) == ("it is there", "")
    assert check.scenario.endswith(".py::test_one")
    assert check.operation == "getEnvironments"
    assert check.evidence
    assert ran.report.notes == ()


def test_a_check_that_fails_says_everything_and_the_scenario_goes_on(run: Run) -> None:
    ran = run(
        """
        @requirement("CMF-ENV-GET", "CMF-ENV-UPDATE")
        def test_one(check, cmf):
            answer = cmf.environments.list(size=1)
            with check("CMF-ENV-GET", "it is there"):
                answer.expect(418)
            with check("CMF-ENV-UPDATE", "it is another"):
                pass
        """,
        GET,
        UPDATE,
    )
    assert (ran.verdicts(), ran.exit_code) == ({GET: "fail", UPDATE: "pass"}, 1)
    (check,) = ran[GET].checks
    assert check.message == "the answer of getEnvironments came with status 200"
    assert (check.expected, check.got) == ("418", "200")
    assert check.curl.startswith("curl -i --path-as-is")
    assert "/cmf/api/v1/environments?size=1" in check.curl
    assert ran.said.count("it is there") == 1


def test_failing_twice_keeps_both_and_shows_the_first(run: Run) -> None:
    ran = run(
        """
        @requirement("CMF-ENV-GET")
        @pytest.mark.parametrize("number", [1, 2])
        def test_one(check, number):
            with check("CMF-ENV-GET", f"look {number}"):
                require(False, f"broken {number}", expected="a", got="b")
        """,
        GET,
    )
    assert ran.verdicts() == {GET: "fail"}
    assert ran[GET].reason == "look 1: broken 1 (and 1 more)"
    assert [check.message for check in ran[GET].checks] == ["broken 1", "broken 2"]
    assert "broken 1" in ran.said
    assert "broken 2" not in ran.said


def test_a_broken_should_is_a_warning_and_a_may_can_not_be_broken(run: Run) -> None:
    ran = run(
        """
        @requirement("CMF-ENV-REPLACE", "CMF-CACHE-REVALIDATE")
        def test_one(check):
            for name in ("CMF-ENV-REPLACE", "CMF-CACHE-REVALIDATE"):
                with check(name, "looks"):
                    raise Broken("not so")
        """,
        "CMF-ENV-REPLACE",
        "CMF-CACHE-REVALIDATE",
    )
    assert ran.verdicts() == {"CMF-ENV-REPLACE": "warn", "CMF-CACHE-REVALIDATE": "pass"}
    assert ran.exit_code == 0


ENDS = {
    "Unmet in a check": (
        """
        with check("CMF-ENV-GET", "looks"):
            raise Unmet("no environment")
        """,
        {GET: ("not_tested", "looks: no environment"), UPDATE: ("not_tested", STEP)},
    ),
    "Unmet before any": ("raise Unmet('nothing')", {GET: ("not_tested", STEP), UPDATE: ("not_tested", STEP)}),
    "Broken outside a check": (
        """
        with check("CMF-ENV-GET", "looks"):
            pass
        raise Broken("odd")
        """,
        {GET: ("pass", "1 observation"), UPDATE: ("not_tested", STEP)},
    ),
    "a defect in a check": (
        """
        with check("CMF-ENV-GET", "looks"):
            1 // 0
        """,
        {
            GET: ("error", "looks: the harness failed: ZeroDivisionError"),
            UPDATE: ("error", "the harness failed: Zero"),
        },
    ),
    "a defect outside": (
        """
        with check("CMF-ENV-GET", "looks"):
            raise Broken("not so")
        {}["x"]
        """,
        {GET: ("fail", "looks: not so"), UPDATE: ("error", "the harness failed: KeyError")},
    ),
    "a defect beside a failure of the same requirement": (
        """
        with check("CMF-ENV-GET", "looks"):
            raise Broken("not so")
        with check("CMF-ENV-UPDATE", "looks"):
            pass
        with check("CMF-ENV-GET", "looks again"):
            1 // 0
        """,
        {GET: ("fail", "looks: not so"), UPDATE: ("pass", "1 observation")},
    ),
    "a defect after all was checked": (
        """
        for name in ("CMF-ENV-GET", "CMF-ENV-UPDATE"):
            with check(name, "looks"):
                pass
        1 // 0
        """,
        {GET: ("error", "the harness failed: Zero"), UPDATE: ("error", "the harness failed: Zero")},
    ),
    "an Unmet after all was checked once": (
        """
        for name in ("CMF-ENV-GET", "CMF-ENV-UPDATE"):
            with check(name, "looks"):
                pass
        raise Unmet("the second time")
        """,
        {GET: ("not_tested", STEP), UPDATE: ("not_tested", STEP)},
    ),
    "an undeclared requirement": (
        """
        with check("CMF-ENV-LIST", "looks"):
            pass
        """,
        {GET: ("error", "UndeclaredRequirement: CMF-ENV-LIST"), UPDATE: ("error", "UndeclaredRequirement")},
    ),
    "checks forgotten": (
        "pass",
        {GET: ("error", "ended without checking it"), UPDATE: ("error", "ended without")},
    ),
    "a skip": (
        "pytest.skip('not today')",
        {GET: ("error", "Skipped: not today"), UPDATE: ("error", "Skipped")},
    ),
    "an assertion": ("assert False", {GET: ("error", "AssertionError"), UPDATE: ("error", "AssertionError")}),
    "nothing to judge": (
        """
        for name in ("CMF-ENV-GET", "CMF-ENV-UPDATE"):
            check.nothing_to_judge(name, "the target gives no ETag")
        """,
        {GET: ("pass", "1 observation"), UPDATE: ("pass", "1 observation")},
    ),
    "GuardRefusal": (
        "cmf.environments.delete('somebody-elses')",
        {GET: ("error", "GuardRefusal"), UPDATE: ("error", "GuardRefusal")},
    ),
    "Unmet in a fixture": (
        "request.getfixturevalue('environment')",
        {GET: ("not_tested", STEP), UPDATE: ("not_tested", STEP)},
    ),
}


@pytest.mark.parametrize(("body", "outcomes"), ENDS.values(), ids=list(ENDS))
def test_ends(run: Run, body: str, outcomes: dict[str, tuple[str, str]]) -> None:
    lines = [line for line in body.splitlines() if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    text = "@requirement('CMF-ENV-GET', 'CMF-ENV-UPDATE')\ndef test_one(check, cmf, request):\n"
    ran = run(text + "\n".join("    " + line[margin:] for line in lines), GET, UPDATE)
    assert ran.verdicts() == {name: verdict for name, (verdict, _) in outcomes.items()}
    for name, (_, reason) in outcomes.items():
        assert reason in ran[name].reason
    seen = set(ran.verdicts().values())
    assert ran.exit_code == (1 if "fail" in seen else 0 if seen == {"pass"} else 3)


@pytest.mark.parametrize(
    ("fixture", "verdict"),
    [
        ("raise Unmet('no')", "not_tested"),
        ("raise Broken('no')", "not_tested"),
        ("1 // 0", "error"),
        ("yield\n    1 // 0", "error"),
    ],
    ids=["unmet", "broken", "defect", "defect at the end"],
)
def test_ends_of_fixtures(run: Run, fixture: str, verdict: str) -> None:
    text = f"@pytest.fixture\ndef ground():\n    {fixture}\n\n"
    text += "@requirement('CMF-ENV-GET')\ndef test_one(check, ground):\n"
    ran = run(text + "    with check('CMF-ENV-GET', 'looks'):\n        pass\n", GET)
    assert (ran.verdicts(), ran.exit_code) == ({GET: verdict}, 3)


THREE = """
@requirement("CMF-ENV-GET")
def test_1(check):
    with check("CMF-ENV-GET", "looks"):
        pass

@requirement("CMF-ENV-UPDATE")
def test_2(check, cmf, run):
    {body}

@requirement("CMF-ENV-LIST")
def test_3(check):
    with check("CMF-ENV-LIST", "looks"):
        pass
"""


def test_what_a_crashed_scenario_created_is_removed(run: Run) -> None:
    text = """
    from conformance import bodies

    @requirement("CMF-ENV-GET")
    def test_crash(check, cmf):
        home = cmf.name("env")
        cmf.environments.post(bodies.environment(home, cmf.features)).needed()
        cmf.applications(home).post(bodies.application(cmf.name("app"), cmf.features)).needed()
        1 // 0
    """
    with ReferenceServer(pace=0.05) as server:
        ran = run(text, GET, url=server.url, limits={"settle": 5.0})
        there = httpx.get(f"{server.url}/cmf/api/v1/environments").json()["items"]
    assert (ran.verdicts(), ran.exit_code) == ({GET: "error"}, 3)
    assert len(ran.report.created) == 2
    assert (ran.report.left_behind, there) == ((), [])


def test_a_lost_target_ends_the_run(run: Run) -> None:
    ran = run(THREE.format(body="cmf.send('GET', '/die')"), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "error", LIST: "not_tested"}
    assert ran.exit_code == 3
    assert ran[UPDATE].reason.startswith("test_2: The target stopped answering: ")
    assert ran[LIST].reason.startswith("not reached: The target stopped answering: ")
    assert any(note.startswith("The target stopped answering") for note in ran.report.notes)


def test_a_spent_budget_ends_the_run(run: Run) -> None:
    body = "[cmf.environments.list() for _ in range(9)]"
    ran = run(THREE.format(body=body), GET, UPDATE, LIST, limits={"total_requests": 5})
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert "the limit of 5 requests is reached" in ran[UPDATE].reason
    assert (ran.exit_code, ran.report.run["interrupted"]) == (3, False)


def test_a_budget_that_is_spent_in_a_check_leaves_it_untested(run: Run) -> None:
    body = """
        with check("CMF-ENV-UPDATE", "looks"):
            [cmf.environments.list() for _ in range(9)]
        """
    ran = run(THREE.format(body=body), GET, UPDATE, LIST, limits={"total_requests": 5})
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert ran[UPDATE].reason.startswith("looks: The run ended early: the limit of 5 requests")


def test_a_request_without_answer_is_held_against_a_target_that_serves_others(run: Run) -> None:
    ran = run(THREE.format(body="cmf.send('GET', '/drop/it')"), GET, UPDATE, LIST, "CMF-ERR-ANSWER")
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "pass", "CMF-ERR-ANSWER": "fail"}
    assert ran.exit_code == 1
    failed = [check for check in ran["CMF-ERR-ANSWER"].checks if check.outcome == "fail"]
    assert [check.message.split(" http")[0] for check in failed] == ["no answer to GET"]
    assert failed[0].evidence


def test_an_interrupted_run_is_never_conformant_but_reported(run: Run) -> None:
    ran = run(THREE.format(body="raise KeyboardInterrupt"), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert ran.exit_code == 130
    assert ran.report.verdict == "incomplete"
    assert ran.report.run["interrupted"] is True
    assert ran.document["complete"] is True
    assert "The run was interrupted" in ran.report.notes


def test_an_interrupt_after_a_failure_still_exits_130(run: Run) -> None:
    body = "with check('CMF-ENV-UPDATE', 'looks'):\n        raise Broken('no')\n    raise KeyboardInterrupt"
    ran = run(THREE.format(body=body), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "fail", LIST: "not_tested"}
    assert (ran.exit_code, ran.report.verdict) == (130, "non_conformant")


def test_a_module_that_cant_be_read_says_so_and_is_never_green(run: Run) -> None:
    ran = run(THREE.format(body="pass") + "\nimport nothing_of_this_name\n", GET, UPDATE, LIST)
    assert set(ran.verdicts().values()) == {"not_tested"}
    assert ran.exit_code == 3
    (note,) = ran.report.notes
    assert note.startswith("The harness failed: test_")
    assert ".py can't be collected: " in note
    assert "nothing_of_this_name" in note


def test_no_scenario_at_all_is_never_green(run: Run) -> None:
    ran = run("", GET)
    assert (ran.verdicts(), ran.exit_code) == ({GET: "not_tested"}, 3)
    assert ran[GET].reason == "no check reached this requirement"


def test_only_what_is_selected_runs(run: Run) -> None:
    ran = run(THREE.format(body="1 // 0"), GET)
    assert (ran.verdicts(), ran.exit_code) == ({GET: "pass"}, 0)
    # A requirement that every exchange speaks of needs scenarios that do not declare it.
    text = """
    @requirement("CMF-ERR-ROUTE")
    def test_route(check, cmf):
        with check("CMF-ERR-ROUTE", "looks"):
            cmf.send("GET", "/nowhere").expect(404)
    """
    ran = run(text, "CMF-ERR-SERVER")
    assert (ran.verdicts(), ran.exit_code) == ({"CMF-ERR-SERVER": "pass"}, 0)


def test_a_feature_that_is_declared_absent(run: Run) -> None:
    text = """
    @needs_flink
    @requirement("CMF-APP-START", "CMF-ENV-GET")
    def test_start(check):
        1 // 0

    @requirement("CMF-ENV-GET")
    def test_get(check):
        with check("CMF-ENV-GET", "looks"):
            pass
    """
    ran = run(text, "CMF-APP-START", GET, flink=False)
    assert ran.verdicts() == {"CMF-APP-START": "not_applicable", GET: "pass"}
    assert ran.exit_code == 0
    assert "features.flink" in ran["CMF-APP-START"].reason
    ran = run(text, "CMF-APP-START", GET)
    assert ran.verdicts() == {"CMF-APP-START": "error", GET: "error"}


def test_all_not_applicable_is_not_conformant(run: Run) -> None:
    ran = run("", "CMF-APP-START", flink=False)
    assert (ran.verdicts(), ran.exit_code) == ({"CMF-APP-START": "not_applicable"}, 3)


def test_the_users_pytest_settings_change_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing --maxfail=1 --collect-only")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    text = THREE.format(body="with check('CMF-ENV-UPDATE', 'looks'):\n        pass")
    ran = run(text, GET, UPDATE, LIST)
    assert set(ran.verdicts().values()) == {"pass"}
    assert not list(tmp_path.rglob("__pycache__"))


def test_allure_results_carry_labels_severity_and_exchanges(run: Run) -> None:
    text = """
    @requirement("CMF-ENV-GET", "CMF-ENV-REPLACE")
    def test_one(check, cmf):
        answer = cmf.environments.list(size=1)
        for name in ("CMF-ENV-GET", "CMF-ENV-REPLACE"):
            with check(name, "looks"):
                answer.expect(418)
    """
    ran = run(text, GET, "CMF-ENV-REPLACE")
    folder = ran.outcome.folder / "allure-results"
    (result,) = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
    labels = {(label["name"], label["value"]) for label in result["labels"]}
    assert {("requirement", GET), ("requirement", "CMF-ENV-REPLACE"), ("area", "environments")} <= labels
    assert {("level", "MUST"), ("level", "SHOULD"), ("severity", "critical")} <= labels
    assert result["status"] == "failed"
    assert "CMF-ENV-GET: looks: the answer of getEnvironments" in result["statusDetails"]["message"]
    attachments = [each["source"] for each in result.get("attachments", ())]
    attachments += [
        each["source"]
        for path in folder.glob("*-container.json")
        for fixture in json.loads(path.read_text("utf-8")).get("afters", ())
        for each in fixture.get("attachments", ())
    ]
    exchanges = "".join((folder / name).read_text("utf-8") for name in attachments)
    assert "/cmf/api/v1/environments?size=1" in exchanges


def test_a_second_run_into_the_same_folder_replaces_the_first(run: Run) -> None:
    text = THREE.format(body="with check('CMF-ENV-UPDATE', 'looks'):\n        pass")
    first = run(text, GET, UPDATE, LIST)
    second = run(text, GET)
    assert second.outcome.folder == first.outcome.folder
    assert second.document["run"]["id"] != first.document["run"]["id"]
    assert len(list((second.outcome.folder / "allure-results").glob("*-result.json"))) == 1
    assert [path.name for path in second.outcome.folder.glob("ledger*")] == ["ledger.ndjson"]


def test_the_ledger_of_a_run_that_left_something_is_kept(run: Run, tmp_path: Path) -> None:
    run("", GET)
    ledger = tmp_path / "report" / "ledger.ndjson"
    header = json.loads(ledger.read_text("utf-8").splitlines()[0])
    entry = {
        "event": "intend",
        "kind": "environments",
        "name": f"{header['prefix']}a",
        "at": "2025-03-31T11:34:01Z",
    }
    entry["path"] = f"/cmf/api/v1/environments/{entry['name']}"
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    run("", GET)
    kept = ledger.with_name(f"ledger-{header['run']}.ndjson")
    assert entry["name"] in kept.read_text("utf-8")
    assert entry["name"] not in ledger.read_text("utf-8")
