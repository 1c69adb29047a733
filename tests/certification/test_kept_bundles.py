"""The bundles that this repository keeps are what the public page would say of them."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__
from conformance.certification import bundle, implementation
from conformance.registry import CONTRACT, catalogue
from conformance.report import document
from conformance.site.entries import Entry, State, find

REPORTS = Path(__file__).parents[2] / "reports"
OURS = implementation.read(REPORTS / "reference" / "implementation.yaml")
REMAKE = "run python reports/make_reference_bundle.py and commit reports/"
MOST_BYTES = 4 * 1024 * 1024
"""Of a whole run at the standard effort, some 17,000 exchanges: report.json and report.html are most of it."""


@pytest.fixture(scope="module")
def kept() -> dict[str, Entry]:
    """What is kept, by folder; ours is made sure to be there, and of the catalogue and version of this tree."""
    folder = REPORTS / CONTRACT / OURS.folder
    assert folder.is_dir(), f"the bundle of the reference server is missing: {REMAKE}"
    harness = document.read(folder / bundle.REPORT).harness
    known = catalogue()
    made_with = (harness["version"], harness["contract_sha256"], harness["catalogue_sha256"])
    wanted = (__version__, known.contract_sha256, known.catalogue_sha256)
    assert made_with == wanted, (
        f"the bundle of the reference server is of another version or catalogue: {REMAKE}"
    )
    return {
        f"{each.contract}/{each.path.name}": each
        for each in find(REPORTS, known, again=_alike(harness)).entries
    }


def _alike(harness: dict[str, Any]) -> bool:
    """Whether the libraries that generate requests are those of the bundle; others may generate other ones."""
    then = {"python": harness["python"], **harness["dependencies"]}
    now = {"python": platform.python_version(), **{name: version(name) for name in harness["dependencies"]}}
    return then == now


def test_the_reference_server_is_certified_by_the_version_of_this_tree(kept: dict[str, Entry]) -> None:
    ours = kept[f"{CONTRACT}/{OURS.folder}"]
    assert OURS.version == __version__, "reports/reference/implementation.yaml names another version"
    assert ours.state is State.CONFORMANT, f"{[flaw.message for flaw in ours.flaws]}: {REMAKE}"
    assert ours.report is not None
    assert ours.report.run["profile"] == "full"


def test_no_bundle_that_is_kept_is_forged(kept: dict[str, Entry]) -> None:
    wrong = {
        name: [f"{flaw.aspect}: {flaw.message}" for flaw in each.flaws]
        for name, each in kept.items()
        if each.state is State.NOT_VALID
    }
    assert wrong == {}


def test_bundles_stay_small_enough_for_a_repository(kept: dict[str, Entry]) -> None:
    sizes = {
        name: sum(path.stat().st_size for path in each.path.iterdir())
        for name, each in kept.items()
        if name == f"{CONTRACT}/{OURS.folder}"
    }
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
