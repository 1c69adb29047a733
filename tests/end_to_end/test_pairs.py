"""What ``specs/cmf-2.0/pairs.yaml`` claims of each documented answer, held against what runs have seen."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from rich.console import Console

from conformance import resources
from conformance.config import Limits, Selection, Target
from conformance.reference.launch import ReferenceServer
from conformance.registry import CONTRACT
from conformance.runner.options import Options
from conformance.runner.run import execute

from .conftest import Ran

Pair = tuple[str, int]
SERVER_ERROR = 500
LIMITS = Limits(settle=5.0, deploy=5.0)


def claims() -> dict[Pair, dict[str, Any]]:
    text = (resources.contract_folder(CONTRACT) / "pairs.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        (operation, int(status)): entry
        for operation, statuses in document["pairs"].items()
        for status, entry in statuses.items()
    }


CLAIMS = claims()
BY_CHOICE = {pair: entry for pair, entry in CLAIMS.items() if "choice" in entry}


def observed(coverage: dict[str, Any]) -> set[Pair]:
    return {(pair["operation"], pair["status"]) for pair in coverage["pairs"] if pair["documented"]}


@pytest.fixture(scope="module")
def full(ran: Ran) -> set[Pair]:
    """What a run of everything has seen."""
    return observed(ran.document["coverage"])


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> set[Pair]:
    """What a server has shown that makes the other choices."""
    folder = tmp_path_factory.mktemp("chosen")
    requirements = {name for entry in BY_CHOICE.values() for name in entry["requirements"]}
    selection = Selection(requirements=tuple(sorted(requirements)))
    variations = sorted({entry["choice"] for entry in BY_CHOICE.values()})
    with ReferenceServer(variations=variations, pace=0.3) as server:
        options = Options(selection=selection, report_dir=folder, seed=7, quiet=True)
        execute(Target(url=server.url, limits=LIMITS), options, Console(file=io.StringIO()))
    return observed(json.loads((folder / "report.json").read_text("utf-8"))["coverage"])


def test_every_pair_that_a_requirement_holds_is_observed(full: set[Pair]) -> None:
    held = {pair for pair, entry in CLAIMS.items() if "requirements" in entry and "choice" not in entry}
    assert sorted(held - full) == []


def test_no_other_pair_is_observed(full: set[Pair]) -> None:
    """So that the list of what is not provoked stays exact."""
    other = {pair for pair, entry in CLAIMS.items() if "requirements" not in entry or "choice" in entry}
    assert sorted(other & full) == []


def test_answers_by_choice_are_observed_when_they_are_given(chosen: set[Pair]) -> None:
    assert sorted(BY_CHOICE.keys() - chosen) == []


def test_nearly_every_answer_below_500_is_observed(full: set[Pair], chosen: set[Pair]) -> None:
    below = {pair for pair in CLAIMS if pair[1] < SERVER_ERROR}
    assert len(below) == 98
    assert len(below & (full | chosen)) >= 97, sorted(below - full - chosen)
