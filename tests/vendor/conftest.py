"""A vendor's own tests, run both ways against real reference servers: by the command, and by pytest."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.request import urlopen

import pytest

from conformance.reference.launch import ReferenceServer

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-vendor"
Done: TypeAlias = "subprocess.CompletedProcess[str]"
Call = Callable[..., Done]
Write = Callable[..., Path]
PRELUDE = """
import pytest

from conformance.expectations import Unmet, require
from conformance.scenario import needs_flink, requirement

"""


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """A reference server that does all well."""
    with ReferenceServer(pace=0.1) as server:
        yield server.url


@pytest.fixture(scope="session")
def without_labels() -> Iterator[str]:
    """A reference server that loses the labels of applications."""
    with ReferenceServer(faults=["app-get-labels-lost"], pace=0.1) as server:
        yield server.url


def environments(url: str) -> list[str]:
    with urlopen(f"{url}/cmf/api/v1/environments?size=100") as answer:  # noqa: S310 - loopback
        return [each["name"] for each in json.load(answer)["items"]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a folder of tests, with requirements of which each is ``id: level``, or ``id: level feature``."""

    def in_folder(name: str, text: str, file: str = "test_own.py", **requirements: str) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(PRELUDE + textwrap.dedent(text))
        declared = []
        for key, said in requirements.items():
            level, _, feature = said.partition(" ")
            known = {
                "id": key.replace("_", "-"),
                "level": level,
                "title": f"About {key}",
                "sentence": "It holds.",
            }
            declared.append(known | ({"feature": feature} if feature else {}))
        if declared:
            (folder / "requirements.yaml").write_text(json.dumps({"requirements": declared}))
        return folder

    return in_folder


@pytest.fixture
def command(tmp_path: Path) -> Call:
    """Run our command; it never ends with a traceback."""

    def start(*words: str | Path) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "conformance", *map(str, words)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return start


def with_plugin(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "pytest", "-p", "conformance.pytest_plugin", *map(str, words)]


def surroundings() -> dict[str, str]:
    """The environment of a pytest that loads the plugin by its name: other plugins that are there stay out."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def plain(tmp_path: Path) -> Call:
    """Run pytest with the plugin, as a user of it would."""

    def start(folder: Path, *words: str | Path, config: str | Path = os.devnull) -> Done:
        return subprocess.run(
            with_plugin("-p", "no:cacheprovider", "-c", config, "--rootdir", folder, folder, *words),
            cwd=tmp_path,
            env=surroundings(),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return start
