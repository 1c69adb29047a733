from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import verdict
from conformance.model import CheckResult, Level, Requirement, RunVerdict, Verdict
from conformance.verdict import LATTICE, ExitCode

N, P, W, A, T, F, E = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.WAIVED,
    Verdict.WARN,
    Verdict.NOT_TESTED,
    Verdict.FAIL,
    Verdict.ERROR,
)
RULE = Requirement("CMF-X", Level.MUST, "x", "a title of it", "A sentence that says it.", (), ())
verdicts = st.sampled_from(list(Verdict))


def check(outcome: Verdict, message: str = "", *, of: str = "CMF-X", count: int = 1) -> CheckResult:
    return CheckResult(of, f"look {outcome}", outcome, message, count=count)


def test_the_lattice_names_every_verdict_once() -> None:
    assert LATTICE == (N, P, W, A, T, E, F)
    assert set(LATTICE) == set(Verdict)


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations(LATTICE, 2)))
def test_the_higher_of_two_wins_in_either_order(low: Verdict, high: Verdict) -> None:
    assert verdict.highest([low, high]) is verdict.highest([high, low]) is high
    assert verdict.of_requirement(RULE, [check(low), check(high)])[0] is high


def test_nothing_seen_is_never_green() -> None:
    assert verdict.highest([]) is T
    assert verdict.of_requirement(RULE, []) == (T, "no check reached this requirement")
    assert verdict.of_run([], finished=True) is RunVerdict.INCOMPLETE
    assert verdict.of_run([N, N], finished=True) is RunVerdict.INCOMPLETE


def test_checks_of_another_requirement_say_nothing() -> None:
    assert verdict.of_requirement(RULE, [check(P, of="CMF-Y")])[0] is T
    assert verdict.of_requirement(RULE, [check(F, of="CMF-Y"), check(P)])[0] is P


def test_what_breaking_a_sentence_means() -> None:
    assert [verdict.broken(level) for level in (Level.MUST, Level.SHOULD, Level.MAY)] == [F, A, P]


@pytest.mark.parametrize(
    ("checks", "reason"),
    [
        ([check(P)], "1 observation agree with it"),
        ([check(P, count=3), check(P)], "4 observations agree with it"),
        ([check(P), check(F, "the name was accepted")], "look fail: the name was accepted"),
        ([check(F, "one"), check(F, "two"), check(F, "three")], "look fail: one (and 2 more)"),
        ([check(A), check(A)], "look warn (and 1 more)"),
        ([check(F, "broken"), check(E, "crashed")], "look fail: broken"),
        ([check(T, "unmet"), check(E, "crashed")], "look error: crashed"),
    ],
)
def test_the_reason_is_that_of_the_decisive_check(checks: list[CheckResult], reason: str) -> None:
    assert verdict.of_requirement(RULE, checks)[1] == reason


@pytest.mark.parametrize(
    ("seen", "finished", "outcome"),
    [
        ([P], True, RunVerdict.CONFORMANT),
        ([P, W, A, N], True, RunVerdict.CONFORMANT),
        ([A], True, RunVerdict.CONFORMANT),
        ([P, T], True, RunVerdict.INCOMPLETE),
        ([P, E], True, RunVerdict.INCOMPLETE),
        ([T], True, RunVerdict.INCOMPLETE),
        ([P, F], True, RunVerdict.NON_CONFORMANT),
        ([F, T], True, RunVerdict.NON_CONFORMANT),
        ([F, E], True, RunVerdict.NON_CONFORMANT),
        ([P, A], False, RunVerdict.INCOMPLETE),
        ([P, F], False, RunVerdict.NON_CONFORMANT),
        ([], False, RunVerdict.INCOMPLETE),
    ],
)
def test_the_verdict_of_a_run(seen: list[Verdict], *, finished: bool, outcome: RunVerdict) -> None:
    assert verdict.of_run(seen, finished=finished) is outcome


@given(seen=st.lists(verdicts), finished=st.booleans())
def test_one_more_bad_verdict_never_improves_a_run(seen: list[Verdict], *, finished: bool) -> None:
    rank = [RunVerdict.CONFORMANT, RunVerdict.INCOMPLETE, RunVerdict.NON_CONFORMANT]
    before = rank.index(verdict.of_run(seen, finished=finished))
    for bad in (T, F, E):
        assert rank.index(verdict.of_run([*seen, bad], finished=finished)) >= min(before, 1)
    assert verdict.of_run([*seen, F], finished=finished) is RunVerdict.NON_CONFORMANT
    assert verdict.of_run(seen, finished=False) is not RunVerdict.CONFORMANT


@given(st.lists(verdicts), verdicts)
def test_a_check_more_never_lowers_a_requirement(seen: list[Verdict], more: Verdict) -> None:
    before = verdict.highest(seen) if seen else LATTICE[0]
    after = verdict.highest([*seen, more])
    assert LATTICE.index(after) >= LATTICE.index(before)
    assert after in {before, more}


@given(seen=st.lists(verdicts), finished=st.booleans())
def test_conformant_means_that_all_was_judged_and_nothing_broken(
    seen: list[Verdict], *, finished: bool
) -> None:
    good = finished and not set(seen) & {T, F, E} and bool(set(seen) & {P, W, A})
    assert (verdict.of_run(seen, finished=finished) is RunVerdict.CONFORMANT) is good


@given(st.lists(verdicts))
def test_counts_name_every_verdict_and_lose_none(seen: list[Verdict]) -> None:
    counted = verdict.counts(seen)
    assert list(counted) == [each.value for each in LATTICE]
    assert sum(counted.values()) == len(seen)


def test_exit_codes() -> None:
    assert {verdict.exit_code(each) for each in RunVerdict} == {0, 1, 3}
    assert verdict.exit_code(RunVerdict.CONFORMANT) is ExitCode.CONFORMANT
    assert verdict.exit_code(RunVerdict.NON_CONFORMANT) is ExitCode.NON_CONFORMANT
    assert verdict.exit_code(RunVerdict.INCOMPLETE) is ExitCode.INCOMPLETE
    for each in RunVerdict:
        assert verdict.exit_code(each, interrupted=True) is ExitCode.INTERRUPTED
    assert ExitCode.USAGE == 2


@pytest.mark.parametrize(
    ("outcome", "private", "code"),
    [
        (RunVerdict.CONFORMANT, [Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.WARN], 0),
        (RunVerdict.CONFORMANT, [Verdict.NOT_TESTED], 3),
        (RunVerdict.CONFORMANT, [Verdict.PASS, Verdict.ERROR], 3),
        (RunVerdict.NON_CONFORMANT, [Verdict.ERROR], 1),
        (RunVerdict.INCOMPLETE, [Verdict.PASS], 3),
    ],
)
def test_what_was_not_judged_of_private_requirements_is_not_green(
    outcome: RunVerdict, private: list[Verdict], code: int
) -> None:
    assert verdict.exit_code(outcome, private=private) == code
    assert verdict.exit_code(outcome, private=private, closed=True) == 1
    assert verdict.exit_code(outcome, private=private, interrupted=True) == 130
