"""However a scenario ends, each requirement that it declares has the right verdict."""

from __future__ import annotations

import httpx
import pytest

from conformance.reference.launch import ReferenceServer

from .conftest import Running
from .samples import GET, UPDATE

STEP = "a step before it did not succeed: "


def test_a_check_that_holds_is_a_pass(run: Running) -> None:
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


def test_a_check_that_fails_says_everything_and_the_scenario_goes_on(run: Running) -> None:
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


def test_failing_twice_keeps_both_and_shows_the_first(run: Running) -> None:
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


def test_a_broken_should_is_a_warning_and_a_may_can_not_be_broken(run: Running) -> None:
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
def test_ends(run: Running, body: str, outcomes: dict[str, tuple[str, str]]) -> None:
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
def test_ends_of_fixtures(run: Running, fixture: str, verdict: str) -> None:
    text = f"@pytest.fixture\ndef ground():\n    {fixture}\n\n"
    text += "@requirement('CMF-ENV-GET')\ndef test_one(check, ground):\n"
    ran = run(text + "    with check('CMF-ENV-GET', 'looks'):\n        pass\n", GET)
    assert (ran.verdicts(), ran.exit_code) == ({GET: verdict}, 3)


def test_what_a_crashed_scenario_created_is_removed(run: Running) -> None:
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
