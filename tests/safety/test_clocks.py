"""The clock of a target is its own: an hour between it and ours changes no verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer

from . import people
from .running import run

WORDS = (
    "--area",
    "timestamps",
    "--area",
    "caching",
    "--area",
    "lifecycle",
    "--effort",
    "quick",
    "--seed",
    "4",
)
"""What looks at times: those of resources, of events, and of conditional reads."""


@pytest.mark.parametrize("clock", ["clock-ahead", "clock-behind"])
def test_an_hour_between_the_clocks_changes_no_verdict(tmp_path: Path, clock: str) -> None:
    with ReferenceServer(variations=[clock], pace=0.05) as server:
        ran = run(server.url, tmp_path / "report", *WORDS)
        left = people.everything(server.url)
    wrong = {
        name: verdict for name, verdict in ran.verdicts.items() if verdict not in {"pass", "not_applicable"}
    }
    assert (ran.code, wrong, left) == (0, {}, {})
