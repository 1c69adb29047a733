from __future__ import annotations

import functools
from pathlib import Path

import pytest
import yaml

from conformance.reference.faults import FAULTS, Fault
from conformance.reference.server import Server
from conformance.reference.variations import VARIATIONS

from .journey import Transcript, stages_from, walk

REQUIREMENTS = Path(__file__).parents[2] / "specs/cmf-2.0/requirements"


# Where the faults of a module show soonest.  Those of the SQL family, of authentication, of names alike and of what is
# seldom sent (rarities) are seen by the kill matrix alone.
STAGE_OF = {
    "names": "names",
    "application_names": "names",
    "environments": "environments",
    "environment_updates": "environments",
    "environment_lists": "environments",
    "environment_removal": "environments",
    "schemas": "environments",
    "bodies": "applications",
    "applications": "applications",
    "application_updates": "applications",
    "application_lists": "applications",
    "application_removal": "applications",
    "lifecycle": "lifecycle",
    "state_changes": "lifecycle",
    "instances": "runs",
    "instance_restarts": "runs",
    "instance_specs": "runs",
    "events": "runs",
    "pages": "pages",
    "page_items": "pages",
    "sorting": "pages",
    "content": "content",
    "reading": "content",
    "data": "content",
    "errors": "errors",
    "routes": "errors",
    "times": "runs",
    "caching": "caching",
    "concurrency": "concurrency",
}


def module(fault: Fault) -> str:
    """The last name of the module that the fault is in."""
    return fault.apply.__module__.rpartition(".")[2]


@functools.cache
def clean(area: str) -> Transcript:
    return walk(Server(), stages_from(area))


def first_difference(server: Server, area: str) -> Transcript:
    """What the server answered until it was different from the clean one; fails if it never was."""
    expected = clean(area)
    seen = walk(server, stages_from(area), lambda transcript: transcript != expected[: len(transcript)])
    assert seen != expected[: len(seen)]
    return seen


@pytest.fixture(scope="module")
def levels() -> dict[str, str]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(REQUIREMENTS.glob("*.yaml"))]
    return {one["id"]: one["level"] for file in files for one in file["requirements"]}


def test_the_clean_server_is_deterministic_and_never_fails() -> None:
    seen = walk(Server())
    assert walk(Server()) == seen
    assert [label for label, reply in seen if reply.status >= 500] == []
    assert all(reply.whole for _, reply in seen)


@pytest.mark.parametrize("identifier", [name for name, fault in FAULTS.items() if module(fault) in STAGE_OF])
def test_a_fault_shows(identifier: str) -> None:
    fault, server = FAULTS[identifier], Server()
    fault.apply(server)
    seen = first_difference(server, STAGE_OF[module(fault)])
    if "CMF-ERR-SERVER" not in fault.breaks:
        assert [label for label, reply in seen if reply.status >= 500] == []


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_variation_shows(name: str) -> None:
    server = Server()
    VARIATIONS[name].apply(server)
    first_difference(server, "environments")


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_variation_never_fails(name: str) -> None:
    server = Server()
    VARIATIONS[name].apply(server)
    assert [label for label, reply in walk(server) if reply.status >= 500] == []


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_fault_can_be_combined_with_a_variation(name: str) -> None:
    server = Server()
    VARIATIONS[name].apply(server)
    FAULTS["env-update-lost-on-second"].apply(server)
    assert walk(server, stages_from("environments")[:1])


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_variation_can_be_combined_with_any_other(name: str) -> None:
    for other in VARIATIONS:
        server = Server()
        VARIATIONS[name].apply(server)
        VARIATIONS[other].apply(server)
        seen = walk(server, stages_from("environments")[:1])
        assert [label for label, reply in seen if reply.status >= 500] == [], other


def test_a_fault_says_what_it_breaks(levels: dict[str, str]) -> None:
    for fault in FAULTS.values():
        assert fault.breaks, fault.id
        assert set(fault.breaks) <= set(levels), fault.id
        assert fault.title.endswith("."), fault.id


def test_every_binding_requirement_has_a_fault_of_its_own(levels: dict[str, str]) -> None:
    first = {fault.breaks[0] for fault in FAULTS.values()}
    assert {one for one, level in levels.items() if level != "MAY"} - first == set()


def test_a_variation_is_warned_about_for_recommendations_only(levels: dict[str, str]) -> None:
    for variation in VARIATIONS.values():
        assert {levels[one] for one in variation.warns} <= {"SHOULD"}, variation.name


def test_ids_are_unique_and_readable() -> None:
    for name in (*FAULTS, *VARIATIONS):
        assert name == name.lower()
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
