"""Waivers: read with suspicion, applied to failures only, and judged themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema_rs
import pytest

from conformance import verdict as rules
from conformance.certification import waivers
from conformance.certification.gate import FailOn, Gate
from conformance.certification.waivers import Baseline, Scope, State, Waiver
from conformance.config import Selection
from conformance.errors import ConfigurationError
from conformance.model import RequirementResult, RunReport, RunVerdict, Verdict
from conformance.report import document
from conformance.report.html import render_html
from conformance.report.junit import render_junit
from conformance.report.markdown import render_markdown
from conformance.report.text import verdict_lines

from .samples import GET, KNOWN, NAME, POST, SHOULD, judged, report_of

TODAY = date(2026, 11, 24)
REASON = "it is slow until release 3"
LINK = "https://tracker.example/17"


def waiver(requirement: str = NAME, operation: str | None = None, expires: date = TODAY) -> Waiver:
    return Waiver(requirement, REASON, LINK, expires, operation)


@pytest.fixture
def report() -> RunReport:
    """One failure and one pass."""
    return report_of(judged(NAME, (Verdict.FAIL, POST)), judged("CMF-ENV-GET", (Verdict.PASS, GET)))


def states(one: Waiver, *results: RequirementResult, scope: Scope = Scope()) -> State:  # noqa: B008 - frozen
    return waivers.states([one], results, KNOWN, TODAY, scope)[one]


# -- the file ------------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(
        f"waivers:\n- requirement: {NAME}\n  operation: {POST}\n  reason: {REASON}\n  link: {LINK}\n"
        "  expires: 2026-11-24\n"
    )
    assert waivers.read(file).waivers == (waiver(operation=POST),)
    file.write_text("waivers: []\n")
    assert waivers.read(file).waivers == ()


ENTRY = {"requirement": NAME, "reason": REASON, "link": LINK, "expires": "2026-11-24"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reason": ""}, "wrong at waivers/0/reason"),
        ({"reason": "   \t        "}, "wrong at waivers/0/reason"),
        ({"link": ""}, "wrong at waivers/0/link"),
        ({"link": "later"}, "wrong at waivers/0/link"),
        ({"expires": "never"}, "wrong at waivers/0/expires"),
        ({"expires": "2026-02-30"}, "wrong at waivers/0/expires"),
        ({"expires": None}, "wrong at waivers/0/expires"),
        ({"requirement": None}, "wrong at waivers/0/requirement"),
        ({"surprise": "x"}, "wrong at waivers/0"),
    ],
)
def test_what_breaks_the_schema_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(json.dumps({"waivers": [{**ENTRY, **change}]}))
    with pytest.raises(ConfigurationError, match=says):
        waivers.read(file)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"waivers: {", b"\xff\xfe", b"waivers: &a [*a]", b"other: 1"]
)
def test_what_is_no_file_of_waivers_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "waivers.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError):
        waivers.read(tmp_path / "waivers.yaml")
    with pytest.raises(ConfigurationError, match="can't be read"):
        waivers.read(tmp_path)


def test_the_same_failure_is_waived_once(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(json.dumps({"waivers": [ENTRY, ENTRY]}))
    with pytest.raises(ConfigurationError, match=f"waives {NAME} twice"):
        waivers.read(file)


# -- what is excused -----------------------------------------------------------------------------------


def test_a_failure_is_excused_with_the_reason_up_to_its_last_day() -> None:
    (excused,) = waivers.apply([judged(NAME, (Verdict.FAIL, POST), (Verdict.PASS, GET))], [waiver()], TODAY)
    assert excused.verdict is Verdict.WAIVED
    assert excused.reason == f"excused until 2026-11-24: {REASON} ({LINK}). a look: it is wrong"
    (not_any_more,) = waivers.apply([judged(NAME, (Verdict.FAIL, POST))], [waiver()], date(2026, 11, 25))
    assert not_any_more.verdict is Verdict.FAIL


def test_a_waiver_of_an_operation_excuses_nothing_else() -> None:
    seen = judged(NAME, (Verdict.FAIL, POST), (Verdict.FAIL, GET))
    (partly,) = waivers.apply([seen], [waiver(operation=POST)], TODAY)
    assert partly.verdict is Verdict.FAIL
    assert [check.outcome for check in partly.checks] == [Verdict.WAIVED, Verdict.FAIL]
    (wholly,) = waivers.apply([seen], [waiver(operation=POST), waiver(operation=GET)], TODAY)
    assert wholly.verdict is Verdict.WAIVED


@pytest.mark.parametrize("outcome", [Verdict.NOT_TESTED, Verdict.ERROR])
def test_what_was_not_looked_at_is_never_excused(outcome: Verdict) -> None:
    (result,) = waivers.apply([judged(NAME, (Verdict.FAIL, POST), (outcome, POST))], [waiver()], TODAY)
    assert result.verdict is outcome


@pytest.mark.parametrize("name", [NAME, SHOULD])
def test_waivers_can_be_lifted_again(name: str) -> None:
    broken = rules.broken(KNOWN.requirements[name].level)
    before = (judged(name, (broken, POST), (Verdict.PASS, GET)), judged("CMF-ENV-GET", (Verdict.PASS, GET)))
    after = waivers.apply(before, [waiver(name)], TODAY)
    assert after[0].verdict is Verdict.WAIVED
    assert waivers.lifted(after) == before


# -- waivers are judged --------------------------------------------------------------------------------


def test_what_a_run_shows_of_a_waiver() -> None:
    failing, passing = judged(NAME, (Verdict.FAIL, POST)), judged(NAME, (Verdict.PASS, POST))
    assert states(waiver(), failing) is State.USED
    assert states(waiver(), passing) is State.STALE
    assert states(waiver(operation=GET), failing) is State.STALE
    assert states(waiver(expires=date(2026, 11, 23)), failing) is State.EXPIRED
    assert states(waiver("CMF-NO-SUCH"), failing) is State.UNKNOWN
    assert states(waiver(operation="noSuch"), failing) is State.UNKNOWN


def test_waivers_are_judged_only_among_what_was_selected_and_seen() -> None:
    passing = judged(NAME, (Verdict.PASS, POST))
    assert states(waiver()) is State.NOT_JUDGED
    assert states(waiver(expires=date(2020, 1, 1))) is State.NOT_JUDGED
    assert states(waiver(), judged(NAME)) is State.NOT_JUDGED
    assert states(waiver(), passing, scope=Scope(finished=False)) is State.NOT_JUDGED
    assert states(waiver(operation=GET), passing, scope=Scope((POST,))) is State.NOT_JUDGED
    assert states(waiver(operation=POST), passing, scope=Scope((POST,))) is State.STALE
    everywhere = judged("CMF-ERR-SERVER", (Verdict.PASS, POST))
    assert states(waiver("CMF-ERR-SERVER"), everywhere, scope=Scope((POST,))) is State.NOT_JUDGED


def settled(report: RunReport, *entries: Waiver, fail_on: FailOn = FailOn.MUST) -> RunReport:
    after = Gate(fail_on, Baseline("waivers.yaml", "a" * 64, entries)).settle(report, finished=True)
    jsonschema_rs.Draft202012Validator(document.schema()).validate(document.to_document(after))
    assert document.from_document(document.to_document(after)) == after
    return after


def test_a_report_with_waivers_is_conformant_but_says_what_it_is(report: RunReport) -> None:
    after = settled(report, waiver())
    assert (report.verdict, after.verdict) == (RunVerdict.NON_CONFORMANT, RunVerdict.CONFORMANT)
    assert after.counts["waived"] == 1
    assert after.run["gate"] == {"fail_on": "must", "closed_by": []}
    assert [each["state"] for each in after.run["baseline"]["waivers"]] == ["used"]
    terminal = "\n".join(line.plain for line in verdict_lines(after, None))
    for rendered in (render_html(after, {}), render_markdown(after, {}), terminal):
        assert "except for waivers" in rendered.lower().replace("\n", " ")
        assert "no certification" in rendered
    for rendered in (render_html(after, {}), render_markdown(after, {}), render_junit(after, {})):
        assert REASON in rendered
        assert "tracker.example" in rendered
        assert "2026" in rendered


def test_waivers_that_must_be_looked_at_close_the_gate_with_a_line_each(report: RunReport) -> None:
    after = settled(
        report,
        waiver("CMF-ENV-GET"),
        waiver(expires=date(2026, 1, 1)),
        waiver("CMF-ENV-UPDAT"),
        waiver(operation="x"),
    )
    assert after.run["gate"]["closed_by"] == [
        "The waiver of CMF-ENV-GET is not needed: it no longer fails; remove it",
        f"The waiver of {NAME} expired on 2026-01-01: {LINK}",
        f"A waiver names the unknown requirement CMF-ENV-UPDAT; did you mean {NAME} or CMF-ENV-UPDATED-MOVES or CMF-ENV-GET?",
        f"A waiver names the unknown operation x, for {NAME}",
    ]
    terminal = "\n".join(line.plain for line in verdict_lines(after, None))
    for rendered in (render_html(after, {}), render_junit(after, {}), terminal):
        assert "is not needed: it no longer fails" in rendered
    assert rules.exit_code(RunVerdict.CONFORMANT, closed=True) == 1
    assert settled(report, waiver("CMF-ENV-GET"), fail_on=FailOn.NEW).run["gate"]["closed_by"] == []


def test_a_broken_should_closes_the_gate_when_asked_for(report: RunReport) -> None:
    warned = replace(
        report, requirements=(judged(SHOULD, (Verdict.WARN, GET)),), verdict=RunVerdict.CONFORMANT
    )
    assert Gate(FailOn.SHOULD).settle(warned, finished=True).run["gate"]["closed_by"] == [
        "1 broken SHOULD with --fail-on should"
    ]
    assert Gate().settle(warned, finished=True).run["gate"]["closed_by"] == []
    assert settled(warned, waiver(SHOULD), fail_on=FailOn.SHOULD).run["gate"]["closed_by"] == []


def test_every_requirement_can_be_waived_by_its_id() -> None:
    assert all(states(waiver(each.id)) is State.NOT_JUDGED for each in KNOWN.select(Selection()))
