"""What is released does not change unseen: the catalogue, the changelog, and the bytes of the wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from conformance import __version__, resources
from conformance.registry import CONTRACT, catalogue

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "docs" / "freeze_catalogue.py"
KNOWN = catalogue()
RECORD = yaml.safe_load((resources.contract_folder(CONTRACT) / "catalogue.yaml").read_text("utf-8"))
CHANGES = (ROOT / "CHANGELOG.md").read_text("utf-8")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("freeze_catalogue", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the catalogue -------------------------------------------------------------------------------------


def test_the_catalogue_is_the_one_that_is_recorded() -> None:
    last = RECORD["versions"][-1]
    said = (
        "run python docs/freeze_catalogue.py"
        if last["released"] is None
        else f"catalogue {last['catalogue']} is released and can't change; "
        "run python docs/freeze_catalogue.py --new if it has to (docs/governance.md)"
    )
    assert last["catalogue"] == RECORD["catalogue"] == KNOWN.number
    assert last["catalogue_sha256"] == KNOWN.catalogue_sha256, said
    assert last["contract_sha256"] == KNOWN.contract_sha256, said
    assert last["profiles"] == {name: len(each.requirements) for name, each in KNOWN.profiles.items()}, said


def test_every_version_but_the_last_is_released_and_all_differ() -> None:
    versions = RECORD["versions"]
    assert [each["catalogue"] for each in versions] == list(range(1, len(versions) + 1))
    assert all(each["released"] for each in versions[:-1])
    digests = [each["catalogue_sha256"] for each in versions]
    assert len(digests) == len(set(digests))


def document(released: str | None) -> dict[str, Any]:
    return {"catalogue": 1, "versions": [{"catalogue": 1, "released": released, **script().record(KNOWN)}]}


def test_a_version_that_is_not_released_follows_the_files_and_is_frozen_once() -> None:
    freeze = script()
    changed = document(None)
    changed["versions"][0]["catalogue_sha256"] = "0" * 64
    assert freeze.recorded(changed, KNOWN, "0.1.0") == document(None)
    assert freeze.recorded(changed, KNOWN, "0.1.0", release=True) == document("0.1.0")
    assert freeze.recorded(document("0.1.0"), KNOWN, "0.2.0", release=True) == document("0.1.0")
    with pytest.raises(freeze.Frozen, match="Catalogue 1 is not released yet"):
        freeze.recorded(document(None), KNOWN, "0.1.0", new=True)


def test_a_released_version_is_never_changed() -> None:
    freeze = script()
    released = document("0.1.0")
    released["versions"][0]["catalogue_sha256"] = "0" * 64
    for release in (False, True):
        with pytest.raises(freeze.Frozen, match=r"Catalogue 1 was released with cmf-conformance 0\.1\.0"):
            freeze.recorded(released, KNOWN, "0.2.0", release=release)
    made = freeze.recorded(released, KNOWN, "0.2.0", new=True)
    assert made["versions"][0] == released["versions"][0]
    assert (made["catalogue"], made["versions"][1]["released"]) == (2, None)


def test_a_requirement_that_is_added_to_a_released_set_is_refused_by_the_command(tmp_path: Path) -> None:
    for name in ("docs", "specs", "conformance"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    specs = tmp_path / "specs" / CONTRACT
    released = yaml.safe_load((specs / "catalogue.yaml").read_text("utf-8"))
    released["versions"][-1]["released"] = "0.1.0"
    (specs / "catalogue.yaml").write_text(yaml.safe_dump(released), "utf-8")
    file = specs / "requirements" / "caching.yaml"
    more = yaml.safe_load(file.read_text("utf-8"))
    more["requirements"].append(more["requirements"][0] | {"id": "CMF-CACHE-NEW"})
    file.write_text(yaml.safe_dump(more), "utf-8")

    def freeze(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "docs/freeze_catalogue.py", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    before = (specs / "catalogue.yaml").read_text("utf-8")
    refused = freeze()
    assert (refused.returncode, "can't change" in refused.stderr) == (1, True)
    assert (specs / "catalogue.yaml").read_text("utf-8") == before
    number = released["catalogue"] + 1
    assert freeze("--new").stdout == f"Catalogue {number} of cmf-2.0: recorded, not released\n"
    assert freeze().stdout == f"Catalogue {number} of cmf-2.0: unchanged, not released\n"


# -- the changelog -------------------------------------------------------------------------------------


def test_the_changelog_speaks_of_this_version() -> None:
    headings = re.findall(r"^## \[([^\]]+)\](?: - (\S+))?$", CHANGES, re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == __version__
    versions = [(tuple(map(int, name.split("."))), day) for name, day in headings[1:]]
    assert versions == sorted(versions, reverse=True)
    assert all(date.fromisoformat(day) for _, day in versions)
    kinds = set(re.findall(r"^### (.+)$", CHANGES, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Verdicts"}


def test_the_changelog_names_every_released_catalogue() -> None:
    released = [each["catalogue"] for each in RECORD["versions"] if each["released"]]
    assert [number for number in released if f"atalogue {number}" not in CHANGES] == []


# -- the wheel -----------------------------------------------------------------------------------------


def built(room: Path, kind: str, **variables: str) -> Path:
    """What is built of a copy of this tree in that folder."""
    room.mkdir()
    room.chmod(0o700 if "x" in room.name else 0o755)
    for name in ("conformance", "scenarios", "specs"):
        shutil.copytree(ROOT / name, room / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        shutil.copyfile(ROOT / name, room / name)
    if "x" in room.name:
        for path in room.rglob("*"):
            os.utime(path, (1, 1))
            path.chmod(0o700 if path.is_dir() else 0o600)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", "out"],
        cwd=room,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **variables},
        capture_output=True,
        timeout=100,
        check=True,
    )
    (made,) = (room / "out").iterdir()
    return made


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_two_builds_give_the_same_bytes_wherever_and_whenever_they_are_made(
    kind: str, tmp_path: Path
) -> None:
    """Other folder, other times and rights of files, other time zone, other order of sets."""
    first = built(tmp_path / "a", kind, TZ="UTC", PYTHONHASHSEED="1", LC_ALL="C")
    second = built(tmp_path / "bx", kind, TZ="Asia/Tokyo", PYTHONHASHSEED="2", LC_ALL="C.UTF-8")
    assert first.name == second.name
    names = []
    for path in (first, second):
        if kind == "wheel":
            names.append([each.filename for each in zipfile.ZipFile(path).infolist()])
        else:
            with tarfile.open(path) as packed:
                names.append([(each.name, each.mode, each.mtime) for each in packed])
    assert names[0] == names[1]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)]
    assert digests[0] == digests[1]
