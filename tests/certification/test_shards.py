"""Shares: stable, balanced, each scenario once, and chosen by whoever says so first."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from conformance.certification.shards import COUNT, Share, chosen, common_seed, recorded
from conformance.errors import ConfigurationError
from conformance.registry import catalogue

NAMES = [f"test_{number}" for number in range(40)]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 60])
@pytest.mark.parametrize("durations", [{}, {"test_3": 9.0, "test_4": 1.0}], ids=["unknown", "known"])
def test_every_scenario_is_in_exactly_one_part(count: int, durations: dict[str, float]) -> None:
    parts = [Share(index, count, durations).of(NAMES) for index in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == sorted(NAMES)


def test_parts_do_not_depend_on_the_order_of_collection() -> None:
    assert Share(2, 3, {}).of(NAMES) == Share(2, 3, {}).of(reversed(NAMES))


def test_parts_do_not_depend_on_the_order_of_sets_in_a_process() -> None:
    # Added in one order these have the average 0.2, in another a little more: the unknown one then comes first.
    program = (
        "import json; from conformance.certification.shards import Share; known = {'a': 0.1, 'b': 0.2, 'c': 0.3}; "
        "print(json.dumps([sorted(Share(part, 3, known).of([*known, 'unknown'])) for part in (1, 2, 3)]))"
    )
    cut = [
        json.loads(
            subprocess.check_output(
                [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, text=True
            )
        )
        for seed in ("1", "2", "3", "4", "5", "6")
    ]
    assert all(parts == cut[0] for parts in cut), cut


def test_without_durations_parts_are_alike_in_number() -> None:
    assert [len(Share(index, 3, {}).of(NAMES)) for index in (1, 2, 3)] == [14, 13, 13]


def test_a_long_scenario_has_a_part_for_itself() -> None:
    parts = [
        Share(index, 2, {"test_0": 100.0, "test_1": 1.0, "test_2": 1.0}).of(NAMES[:3]) for index in (1, 2)
    ]
    assert parts == [{"test_0"}, {"test_1", "test_2"}]


@pytest.mark.parametrize("count", [2, 3, 7])
def test_what_was_recorded_is_balanced(count: int) -> None:
    known = recorded()
    assert len(known) > 300
    loads = [sum(known[name] for name in Share(index, count).of(known)) for index in range(1, count + 1)]
    assert max(loads) - min(loads) < 0.05 * sum(loads) / count


@pytest.mark.parametrize(
    ("flag", "environment", "share"),
    [
        (None, {}, None),
        ("2/3", {}, "2/3"),
        ("1/1", {"CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "3"}, None),
        ("1/2", {"JOB_COMPLETION_INDEX": "2", COUNT: "3"}, "1/2"),
        (None, {"JOB_COMPLETION_INDEX": "0", COUNT: "3"}, "1/3"),
        (None, {"JOB_COMPLETION_INDEX": "2", COUNT: "3", "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"}, "3/3"),
        (None, {"JOB_COMPLETION_INDEX": "0", COUNT: "1"}, None),
        (None, {"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3"}, "3/3"),
        (None, {"CI_NODE_TOTAL": "1"}, None),
        (None, {COUNT: "3"}, None),
    ],
)
def test_who_chooses(flag: str | None, environment: dict[str, str], share: str | None) -> None:
    found = chosen(flag, environment)
    assert (found and str(found)) == share


@pytest.mark.parametrize(
    ("flag", "environment"),
    [
        ("", {}),
        ("3", {}),
        ("0/3", {}),
        ("4/3", {}),
        ("1/0", {}),
        ("-1/3", {}),
        ("a/b", {}),
        ("1/9999", {}),
        (None, {"JOB_COMPLETION_INDEX": "0"}),
        (None, {"JOB_COMPLETION_INDEX": "3", COUNT: "3"}),
        (None, {"JOB_COMPLETION_INDEX": "x", COUNT: "3"}),
        (None, {"CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "3"}),
        (None, {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "many"}),
    ],
)
def test_what_is_no_shard_is_refused(flag: str | None, environment: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        chosen(flag, environment)


def test_shards_without_a_seed_have_the_same() -> None:
    assert 0 <= common_seed(catalogue().catalogue_sha256) < 2**32
