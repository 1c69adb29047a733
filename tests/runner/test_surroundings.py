"""What surrounds the process changes nothing about a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Running
from .samples import GET, LIST, THREE, UPDATE


def test_the_users_pytest_settings_change_nothing(
    run: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing --maxfail=1 --collect-only")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    text = THREE.format(body="with check('CMF-ENV-UPDATE', 'looks'):\n        pass")
    ran = run(text, GET, UPDATE, LIST)
    assert set(ran.verdicts().values()) == {"pass"}
    assert not list(tmp_path.rglob("__pycache__"))
