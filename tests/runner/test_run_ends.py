"""However a run ends, what it has seen is reported, and what it has not seen is never green."""

from __future__ import annotations

from .conftest import Running
from .samples import GET, LIST, THREE, UPDATE


def test_a_lost_target_ends_the_run(run: Running) -> None:
    ran = run(THREE.format(body="cmf.send('GET', '/die')"), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "error", LIST: "not_tested"}
    assert ran.exit_code == 3
    assert ran[UPDATE].reason.startswith("test_2: The target stopped answering: ")
    assert ran[LIST].reason.startswith("not reached: The target stopped answering: ")
    assert any(note.startswith("The target stopped answering") for note in ran.report.notes)


def test_a_spent_budget_ends_the_run(run: Running) -> None:
    body = "[cmf.environments.list() for _ in range(9)]"
    ran = run(THREE.format(body=body), GET, UPDATE, LIST, limits={"total_requests": 5})
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert "the limit of 5 requests is reached" in ran[UPDATE].reason
    assert (ran.exit_code, ran.report.run["interrupted"]) == (3, False)


def test_what_one_scenario_saw_is_no_pass_while_another_was_not_reached(run: Running) -> None:
    body = "[cmf.environments.list() for _ in range(9)]"
    text = THREE.format(body=body).replace(LIST, GET)
    ran = run(text, GET, UPDATE, limits={"total_requests": 5})
    assert ran.verdicts() == {GET: "not_tested", UPDATE: "not_tested"}
    assert [check.outcome for check in ran[GET].checks] == ["pass", "not_tested"]
    assert "the limit of 5 requests is reached, before 1 scenario about it: " in ran[GET].reason


def test_a_budget_that_is_spent_in_a_check_leaves_it_untested(run: Running) -> None:
    body = """
        with check("CMF-ENV-UPDATE", "looks"):
            [cmf.environments.list() for _ in range(9)]
        """
    ran = run(THREE.format(body=body), GET, UPDATE, LIST, limits={"total_requests": 5})
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert ran[UPDATE].reason.startswith("looks: The run ended early: the limit of 5 requests")


def test_a_request_without_answer_is_held_against_a_target_that_serves_others(run: Running) -> None:
    ran = run(THREE.format(body="cmf.send('GET', '/drop/it')"), GET, UPDATE, LIST, "CMF-ERR-ANSWER")
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "pass", "CMF-ERR-ANSWER": "fail"}
    assert ran.exit_code == 1
    failed = [check for check in ran["CMF-ERR-ANSWER"].checks if check.outcome == "fail"]
    assert [check.message.split(" http")[0] for check in failed] == ["no answer to GET"]
    assert failed[0].evidence


def test_an_interrupted_run_is_never_conformant_but_reported(run: Running) -> None:
    ran = run(THREE.format(body="raise KeyboardInterrupt"), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "not_tested", LIST: "not_tested"}
    assert ran.exit_code == 130
    assert ran.report.verdict == "incomplete"
    assert ran.report.run["interrupted"] is True
    assert ran.document["complete"] is True
    assert "The run was interrupted" in ran.report.notes


def test_an_interrupt_after_a_failure_still_exits_130(run: Running) -> None:
    body = "with check('CMF-ENV-UPDATE', 'looks'):\n        raise Broken('no')\n    raise KeyboardInterrupt"
    ran = run(THREE.format(body=body), GET, UPDATE, LIST)
    assert ran.verdicts() == {GET: "pass", UPDATE: "fail", LIST: "not_tested"}
    assert (ran.exit_code, ran.report.verdict) == (130, "non_conformant")


def test_a_module_that_cant_be_read_says_so_and_is_never_green(run: Running) -> None:
    ran = run(THREE.format(body="pass") + "\nimport nothing_of_this_name\n", GET, UPDATE, LIST)
    assert set(ran.verdicts().values()) == {"not_tested"}
    assert ran.exit_code == 3
    (note,) = ran.report.notes
    assert note.startswith("The harness failed: test_")
    assert ".py can't be collected: " in note
    assert "nothing_of_this_name" in note


def test_no_scenario_at_all_is_never_green(run: Running) -> None:
    ran = run("", GET)
    assert (ran.verdicts(), ran.exit_code) == ({GET: "not_tested"}, 3)
    assert ran[GET].reason == "no check reached this requirement"
