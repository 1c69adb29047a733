"""What other people have on the target survives a run of everything, byte for byte.

The same with ten times the requests is ``benchmarks/foreign``.
"""

from __future__ import annotations

from pathlib import Path

from conformance.reference.launch import ReferenceServer

from . import people
from .running import ended, run, started

FOREIGN = 500


def test_five_hundred_resources_of_every_kind_survive_a_full_run(
    server: ReferenceServer, tmp_path: Path
) -> None:
    people.settle_in(server.url, FOREIGN)
    before = people.at_rest(server.url)
    assert people.count(before) >= FOREIGN
    ran = run(server.url, tmp_path / "report", "--effort", "quick", "--seed", "11")
    assert people.everything(server.url) == before
    wrong = {
        name: verdict for name, verdict in ran.verdicts.items() if verdict not in {"pass", "not_applicable"}
    }
    assert (ran.code, wrong) == (0, {})
    assert ran.document["left_behind"] == []


def test_two_runs_at_the_same_time_do_not_disturb_each_other(server: ReferenceServer, tmp_path: Path) -> None:
    words = ("--profile", "core", "--effort", "quick")
    both = [
        started(server.url, tmp_path / name, *words, "--seed", seed)
        for name, seed in (("one", "1"), ("two", "2"))
    ]
    for process, name in zip(both, ("one", "two"), strict=True):
        ran = ended(process, tmp_path / name)
        wrong = {key: word for key, word in ran.verdicts.items() if word not in {"pass", "not_applicable"}}
        assert (ran.code, wrong) == (0, {})
        assert ran.document["left_behind"] == []
    assert people.everything(server.url) == {}, "nobody's and no one else's"
