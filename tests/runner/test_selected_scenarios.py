"""Scenarios run when something of theirs is selected and no feature that they need is declared absent."""

from __future__ import annotations

from .conftest import Running
from .samples import GET, THREE


def test_only_what_is_selected_runs(run: Running) -> None:
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


def test_a_feature_that_is_declared_absent(run: Running) -> None:
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


def test_all_not_applicable_is_not_conformant(run: Running) -> None:
    ran = run("", "CMF-APP-START", flink=False)
    assert (ran.verdicts(), ran.exit_code) == ({"CMF-APP-START": "not_applicable"}, 3)
