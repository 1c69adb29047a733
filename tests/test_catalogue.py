"""The catalogue hangs together: nothing is required that nobody observes or breaks, and the page says so."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import jsonschema_rs
import pytest

from conformance import resources
from conformance.model import Level
from conformance.reference.faults import FAULTS
from conformance.reference.variations import VARIATIONS
from conformance.registry import catalogue

GENERATOR = Path(__file__).parents[1] / "docs" / "generate_catalogue.py"
KNOWN = catalogue()


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_catalogue", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(generator: ModuleType) -> None:
    written = generator.PAGE.read_text(encoding="utf-8")
    assert written == generator.page(), "run python docs/generate_catalogue.py"


def test_every_requirement_is_observed(generator: ModuleType) -> None:
    declared = {name for ids in generator.scenarios().values() for name in ids}
    assert set(KNOWN.requirements) - declared - generator.EVERY_EXCHANGE == set()


def test_scenarios_and_rules_observe_what_is_required(generator: ModuleType) -> None:
    unknown = {
        node: lost
        for node, ids in generator.scenarios().items()
        if (lost := set(ids) - set(KNOWN.requirements))
    }
    assert unknown == {}
    assert generator.EVERY_EXCHANGE - set(KNOWN.requirements) == set()


def test_every_scenario_observes_something(generator: ModuleType) -> None:
    assert [node for node, ids in generator.scenarios().items() if not ids] == []


def test_every_binding_requirement_can_be_broken(generator: ModuleType) -> None:
    broken = set(generator.breakers())
    binding = {each.id for each in KNOWN.requirements.values() if each.level is not Level.MAY}
    assert sorted(binding - broken) == [], "without a fault: not shown to be a check"


def test_faults_and_variations_break_what_is_required() -> None:
    named = {name for fault in FAULTS.values() for name in fault.breaks}
    named |= {name for variation in VARIATIONS.values() for name in variation.warns}
    assert named - set(KNOWN.requirements) == set()


def test_every_erratum_names_a_requirement() -> None:
    assert [each.id for each in KNOWN.errata.values() if not each.requirements] == []


def test_every_documented_pair_has_an_entry(generator: ModuleType) -> None:
    contract = generator.contract(KNOWN.version)
    documented = {(name, status) for name, each in contract.operations.items() for status in each.answers}
    listed = set(generator.pairs(KNOWN.version))
    assert len(documented) == 136
    assert sorted(documented - listed) == []
    assert sorted(listed - documented) == []


def test_what_holds_a_pair_speaks_of_its_operation(generator: ModuleType) -> None:
    lost = []
    for (operation, status), pair in generator.pairs(KNOWN.version).items():
        for name in pair.requirements:
            known = KNOWN.requirements.get(name)
            if known is None or (known.operations and operation not in known.operations):
                lost.append((operation, status, name))
    assert lost == []


def test_every_operation_has_an_answer_that_is_held(generator: ModuleType) -> None:
    held = {operation for (operation, _), pair in generator.pairs(KNOWN.version).items() if pair.requirements}
    assert held == set(generator.contract(KNOWN.version).operations)


def test_a_server_error_is_never_provoked(generator: ModuleType) -> None:
    listed = generator.pairs(KNOWN.version)
    errors = [pair for (_, status), pair in listed.items() if status >= 500]
    assert len(errors) == 38
    assert all("CMF-ERR-SERVER" in pair.unprovoked for pair in errors)


def test_choices_are_variations_of_the_reference_server(generator: ModuleType) -> None:
    choices = {pair.choice for pair in generator.pairs(KNOWN.version).values() if pair.choice}
    assert choices <= set(VARIATIONS)


def test_a_broken_list_of_pairs_is_refused(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "pairs: {getSecret: {'200': {requirements: [CMF-SECRET-GET], unprovoked: because of this and that}}}\n"
    (tmp_path / "pairs.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(resources, "contract_folder", lambda _version: tmp_path)
    with pytest.raises(jsonschema_rs.ValidationError):
        generator.pairs(KNOWN.version)


def test_a_scenario_module_that_cannot_be_read_is_no_empty_catalogue(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "docs" / GENERATOR.name
    copy.parent.mkdir()
    broken = "from conformance import resources\nfrom pathlib import Path\nresources.scenarios_folder = lambda: Path('/nowhere')\n"
    text = GENERATOR.read_text(encoding="utf-8").replace("\n_COLLECT =", f"\n{broken}_COLLECT =", 1)
    copy.write_text(text, encoding="utf-8")
    monkeypatch.setattr(generator, "__file__", str(copy))
    generator.scenarios.cache_clear()
    with pytest.raises(subprocess.CalledProcessError):
        generator.scenarios()
