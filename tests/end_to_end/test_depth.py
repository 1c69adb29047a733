"""How deep the property tests of a standard run reach, and that a seed decides what they send."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance import resources
from conformance.contract.media import JSON, YAML
from conformance.registry import CONTRACT

from .conftest import Ran

OPERATIONS, BELOW_500 = 38, 98


@pytest.fixture
def generated(ran: Ran) -> list[dict[str, Any]]:
    """What the property tests of a run of everything sent, by operation."""
    found: list[dict[str, Any]] = ran.document["coverage"]["generated"]
    return found


def documented() -> set[tuple[str, int]]:
    """The pairs of operation and status below 500 that the contract documents."""
    text = (resources.contract_folder(CONTRACT) / "pairs.yaml").read_text(encoding="utf-8")
    pairs = yaml.load(text, Loader=yaml.CSafeLoader)["pairs"]
    return {(name, int(status)) for name, those in pairs.items() for status in those if int(status) < 500}


def test_what_is_valid_is_accepted_on_every_operation(generated: list[dict[str, Any]]) -> None:
    assert len(generated) == OPERATIONS
    shares = {each["operation"]: (each["accepted"], each["valid"]) for each in generated}
    assert {name: share for name, share in shares.items() if share[0] < max(1, 0.4 * share[1])} == {}


def test_nearly_every_documented_answer_is_provoked(generated: list[dict[str, Any]]) -> None:
    seen = {(each["operation"], status) for each in generated for status in each["statuses"]}
    assert len(documented()) == BELOW_500
    assert len(seen & documented()) >= 90, sorted(documented() - seen)


def test_both_media_types_go_both_ways(generated: list[dict[str, Any]]) -> None:
    for each in generated:
        assert not each["sent_as"] or each["sent_as"] == sorted((JSON, YAML)), each["operation"]
        assert each["answered_as"] == sorted((JSON, YAML)), each["operation"]
    assert sum(bool(each["sent_as"]) for each in generated) == 10


def test_what_was_not_reached_has_a_reason(generated: list[dict[str, Any]]) -> None:
    for each in generated:
        assert each["parts"] or not each["valid"] or each["operation"] == "getEnvironments", each
        for part in each["parts"]:
            assert bool(part["why"]) == (not part["valid"] or not part["invalid"]), part


def test_the_same_seed_sends_the_same_requests_byte_for_byte(tmp_path: Path) -> None:
    one, two = (sent(tmp_path / hash_seed, hash_seed) for hash_seed in ("1", "2"))
    assert len(one) == OPERATIONS
    assert one == two


def sent(folder: Path, hash_seed: str) -> list[tuple[str, int, str]]:
    """What a run in a process of its own sends, with the scenarios of answers below 500 and nothing else."""
    words = ["--requirement", "CMF-ERR-SERVER", "--effort", "quick", "--seed", "7", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", *words, "--report-dir", folder],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    coverage = json.loads((folder / "report.json").read_text("utf-8"))["coverage"]
    return [(each["operation"], each["requests"], each["sha256"]) for each in coverage["generated"]]
