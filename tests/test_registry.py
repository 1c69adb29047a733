from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from conformance import registry, resources
from conformance.config import Selection
from conformance.contract.judgement import UNIVERSAL
from conformance.contract.openapi import Contract
from conformance.errors import SelectionError
from conformance.model import Level, Source
from conformance.registry import CatalogueError, catalogue

SPECS = resources.contract_folder("cmf-2.0")
HEADINGS = {
    "Prerequisites",
    "Endpoints (v1)",
    "Identifiers",
    "Timestamps",
    "Example usage with curl",
    "Troubleshooting",
}
DATA = [*sorted((SPECS / "requirements").glob("*.yaml")), SPECS / "errata.yaml", SPECS / "profiles.yaml"]
KNOWN = catalogue()


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((SPECS / "openapi.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> frozenset[str]:
    return frozenset(Contract(document).operations)


def resolve(document: Any, pointer: str) -> Any:
    """What a JSON pointer in a fragment names; written from RFC 6901 rather than taken from the harness."""
    for token in pointer.removeprefix("#/").split("/"):
        step = token.replace("~1", "/").replace("~0", "~")
        # The document spells its statuses as numbers, a pointer can only spell text.
        document = document[int(step) if isinstance(document, list) or step.isdecimal() else step]
    return document


def sources() -> Iterator[tuple[str, Source]]:
    for requirement in KNOWN.requirements.values():
        yield from ((requirement.id, source) for source in requirement.sources)
    for erratum in KNOWN.errata.values():
        yield from ((erratum.id, source) for source in erratum.quotes)


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_data_files_obey_their_schemas(path: Path) -> None:
    kind = path.stem if path.parent == SPECS else "requirements"
    schemas = {
        each.name: json.loads(each.read_text("utf-8")) for each in (SPECS.parent / "schemas").iterdir()
    }
    known = jsonschema_rs.Registry(
        [(f"https://test.example/{name}", schema) for name, schema in schemas.items()]
    )
    validator = jsonschema_rs.validator_for(
        {"$ref": f"https://test.example/{kind}.schema.json"}, registry=known
    )
    validator.validate(yaml.safe_load(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted((SPECS.parent / "schemas").iterdir()), ids=lambda path: path.stem)
def test_schemas_are_schemas_and_close_their_objects(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    jsonschema_rs.meta.validate(schema)
    assert schema["additionalProperties"] is False


def test_every_source_stands_in_the_contract(document: dict[str, Any]) -> None:
    lost = []
    for name, source in sources():
        if source.kind == "documentation":
            lost += [(name, source.at)] if source.at not in HEADINGS else []
            continue
        try:
            resolve(document, source.at)
        except (KeyError, IndexError, ValueError, TypeError):
            lost.append((name, source.at))
    assert lost == []


def test_every_operation_and_schema_that_is_named_exists(
    operations: frozenset[str], document: dict[str, Any]
) -> None:
    for requirement in KNOWN.requirements.values():
        assert set(requirement.operations) <= operations, requirement.id
        assert requirement.schema is None or requirement.schema in document["components"]["schemas"]
    for erratum in KNOWN.errata.values():
        assert {name for name, _ in erratum.statuses} - {"*"} <= operations, erratum.id


def test_errata_tolerate_only_what_the_contract_does_not_list(document: dict[str, Any]) -> None:
    contract = Contract(document)
    for erratum in KNOWN.errata.values():
        for name, statuses in erratum.statuses:
            if name != "*":
                assert not set(statuses) & set(contract.operations[name].answers), (erratum.id, name)


def test_the_profiles_partition_the_catalogue() -> None:
    full = KNOWN.profiles["full"].requirements
    parts = [profile.requirements for name, profile in KNOWN.profiles.items() if name != "full"]
    assert set(full) == set(KNOWN.requirements)
    assert sorted(name for part in parts for name in part) == sorted(full), "each in one other profile"
    assert {"core", "runtime"} <= set(KNOWN.profiles)
    assert all(
        KNOWN.requirements[name].features in {(), ("auth",)} for name in KNOWN.profiles["core"].requirements
    )
    assert all(
        "flink" in KNOWN.requirements[name].features for name in KNOWN.profiles["runtime"].requirements
    )
    assert all(KNOWN.requirements[name].features == ("sql",) for name in KNOWN.profiles["sql"].requirements)


def test_titles_are_their_own() -> None:
    titles = [requirement.title for requirement in KNOWN.requirements.values()]
    assert sorted(titles) == sorted(set(titles))


def test_errata_speak_of_requirements_and_of_each_once() -> None:
    for erratum in KNOWN.errata.values():
        assert len(set(erratum.requirements)) == len(erratum.requirements), erratum.id
        assert erratum.requirements, erratum.id


def test_an_erratum_that_tolerates_statuses_is_shown_beside_the_verdict_it_touches() -> None:
    tolerant = {erratum.id for erratum in KNOWN.errata.values() if erratum.statuses}
    assert tolerant <= set(KNOWN.errata_of("CMF-ERR-STATUS"))


@pytest.fixture(scope="module")
def declared() -> dict[str, tuple[str, ...]]:
    """What each scenario declares, by node id, as pytest itself collects it."""
    script = (
        "import json, os, sys, pytest\n"
        "class Look:\n"
        "    def pytest_configure(self, config):\n"
        "        for name in ('requirement(*ids)', 'needs_flink', 'needs_sql'):\n"
        "            config.addinivalue_line('markers', name)\n"
        "    def pytest_collection_finish(self, session):\n"
        "        found = {i.nodeid: [n for m in i.iter_markers('requirement') for n in m.args] "
        "for i in session.items}\n"
        "        print('\\n' + json.dumps(found))\n"
        "sys.exit(pytest.main([sys.argv[1], '-c', os.devnull, '--rootdir', sys.argv[1], '--collect-only', '-s',"
        " '--import-mode=importlib', '-p', 'no:cacheprovider', '-p', 'no:terminal',"
        " '-p', 'conformance.runner.fixtures'], plugins=[Look()]))\n"
    )
    command = [sys.executable, "-B", "-c", script, str(resources.scenarios_folder())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {name: tuple(ids) for name, ids in json.loads(done.stdout.strip().splitlines()[-1]).items()}


def test_every_requirement_has_somebody_who_judges_it(declared: dict[str, tuple[str, ...]]) -> None:
    named = {name for ids in declared.values() for name in ids}
    assert named - set(KNOWN.requirements) == set(), "scenarios declare what nobody requires"
    assert UNIVERSAL - set(KNOWN.requirements) == set()
    assert set(KNOWN.requirements) - named - UNIVERSAL == set(), "required, but judged by nobody"


def test_every_scenario_declares_something_once(declared: dict[str, tuple[str, ...]]) -> None:
    assert [name for name, ids in declared.items() if not ids] == []
    assert [name for name, ids in declared.items() if len(set(ids)) != len(ids)] == []


# -- selection ---------------------------------------------------------------------------------------


def test_everything_is_selected_by_default() -> None:
    assert [each.id for each in KNOWN.select(Selection())] == list(KNOWN.profiles["full"].requirements)


def test_selection_by_area_level_operation_and_requirement() -> None:
    chosen = KNOWN.select(Selection(areas=("caching", "timestamps")))
    assert {each.area for each in chosen} == {"caching", "timestamps"}
    chosen = KNOWN.select(Selection(levels=("SHOULD",)))
    assert {each.level for each in chosen} == {Level.SHOULD}
    chosen = KNOWN.select(Selection(operations=("deleteEnvironment",)))
    assert {"CMF-ENV-DELETE"} <= {each.id for each in chosen}
    assert all("deleteEnvironment" in each.operations for each in chosen if each.operations)
    chosen = KNOWN.select(Selection(requirements=("CMF-ENV-GET", "CMF-APP-GET")))
    assert {each.id for each in chosen} == {"CMF-ENV-GET", "CMF-APP-GET"}


def test_filters_narrow_each_other() -> None:
    chosen = KNOWN.select(
        Selection(areas=("environments",), levels=("SHOULD",), operations=("getEnvironment",))
    )
    assert [each.id for each in chosen] == ["CMF-ENV-REPLACE"]


@pytest.mark.parametrize(
    ("selection", "what", "near"),
    [
        (Selection(requirements=("CMF-ENV-GTE",)), "Unknown requirement 'CMF-ENV-GTE'", "CMF-ENV-GET"),
        (Selection(requirements=("cmf-env-get",)), "Unknown requirement 'cmf-env-get'", "CMF-ENV-GET"),
        (Selection(areas=("enviroments",)), "Unknown area 'enviroments'", "environments"),
        (Selection(profile="cor"), "Unknown profile 'cor'", "core"),
        (Selection(operations=("getEnviroment",)), "Unknown operation 'getEnviroment'", "getEnvironment"),
        (Selection(levels=("must",)), "Unknown level 'must'", "MUST"),
    ],
)
def test_an_unknown_name_gets_a_near_miss(selection: Selection, what: str, near: str) -> None:
    with pytest.raises(SelectionError) as caught:
        KNOWN.select(selection)
    assert caught.value.message == what
    assert caught.value.hint.startswith("did you mean ")
    assert near in caught.value.hint
    assert caught.value.exit_code == 2


def test_an_unknown_name_like_none_gets_a_list() -> None:
    with pytest.raises(SelectionError) as caught:
        KNOWN.select(Selection(areas=("zzzzzz",)))
    assert caught.value.hint.startswith("there are: ")


@pytest.mark.parametrize(
    "selection",
    [
        Selection(areas=("caching",), levels=("SHOULD",)),
        Selection(profile="core", requirements=("CMF-APP-START",)),
    ],
)
def test_an_empty_selection_is_an_error(selection: Selection) -> None:
    with pytest.raises(SelectionError, match="matches no requirement"):
        KNOWN.select(selection)


def test_errata_of_a_requirement_and_tolerated_statuses() -> None:
    assert "ERR-CASCADE" in KNOWN.errata_of("CMF-ENV-DELETE-CHILDREN")
    assert {404, 409, 406} <= KNOWN.tolerated("startApplication")
    assert 409 not in KNOWN.tolerated("getEnvironment")


# -- broken catalogues -------------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Read a copy of the catalogue in which one text is replaced by another."""
    copy = tmp_path / "cmf-2.0"
    shutil.copytree(SPECS, copy)
    monkeypatch.setattr(resources, "contract_folder", lambda _version: copy)

    def read(file: str, old: str, new: str) -> None:
        text = (copy / file).read_text("utf-8")
        assert old in text
        (copy / file).write_text(text.replace(old, new, 1), "utf-8")
        registry.catalogue.__wrapped__("cmf-2.0")

    return read


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("requirements/caching.yaml", "CMF-CACHE-BODY", "CMF-CACHE-ETAG", "defined twice"),
        ("requirements/caching.yaml", "level: MAY", "level: COULD", "caching.yaml"),
        ("requirements/caching.yaml", "area: caching", "area: [", "caching.yaml"),
        ("profiles.yaml", "- CMF-CACHE-BODY", "- CMF-NOSUCH", "unknown requirements: CMF-NOSUCH"),
        ("errata.yaml", "requirements: [", "requirements: [CMF-NOSUCH, ", "unknown requirements: CMF-NOSUCH"),
    ],
)
def test_a_broken_catalogue_is_refused(
    broken: Callable[[str, str, str], None], file: str, old: str, new: str, message: str
) -> None:
    with pytest.raises(CatalogueError, match=message):
        broken(file, old, new)


def test_digests_follow_the_data(broken: Callable[[str, str, str], None]) -> None:
    broken("requirements/caching.yaml", "A 304 has no body", "A 304 carries no body")
    other = registry.catalogue.__wrapped__("cmf-2.0")
    assert other.contract_sha256 == KNOWN.contract_sha256
    assert other.catalogue_sha256 != KNOWN.catalogue_sha256
