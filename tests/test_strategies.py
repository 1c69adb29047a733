"""The public strategies: what they give is legal, and the example on their page runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from conformance import resources, strategies
from conformance.properties.document import Document, load
from conformance.properties.drawing import draw
from conformance.properties.names import fault

PAGE = Path(__file__).parents[1] / "docs" / "strategies.md"
PREFIX = "demo-"
BODIES: dict[str, Callable[[], SearchStrategy[Any]]] = {
    "PostEnvironment": lambda: strategies.environments(PREFIX),
    "FlinkApplication": lambda: strategies.applications(PREFIX),
    "Statement": lambda: strategies.statements("demo-pool", PREFIX),
    "ComputePool": lambda: strategies.compute_pools(PREFIX),
    "Secret": lambda: strategies.secrets(PREFIX),
    "EnvironmentSecretMapping": lambda: strategies.secret_mappings("demo-secret", PREFIX),
    "KafkaCatalog": lambda: strategies.catalogs(PREFIX),
}


@pytest.fixture(scope="module")
def contract() -> Document:
    return load(resources.contract_folder("cmf-2.0") / "openapi.yaml")


@pytest.mark.parametrize("schema", BODIES)
def test_every_body_obeys_its_schema_and_bears_a_name_of_the_prefix(schema: str, contract: Document) -> None:
    (operation,) = [
        each for each in contract.operations.values() if each.body_name == schema and each.method == "POST"
    ]
    assert operation.validator is not None
    for body in draw(BODIES[schema](), 30, seed_value=1):
        assert not list(operation.validator.iter_errors(body)), body
        name = body["name"] if "name" in body else body["metadata"]["name"]
        assert name.startswith(PREFIX)
        assert fault(name) == ""
        assert "{" + "name}" not in repr(body)
        assert "{" + "needed}" not in repr(body)


def test_bodies_refer_to_what_was_named() -> None:
    for body in draw(strategies.statement_updates("demo-1", "demo-pool"), 5, seed_value=1):
        assert (body["metadata"]["name"], body["spec"]["computePoolName"]) == ("demo-1", "demo-pool")


@given(strategies.names(PREFIX))
@settings(max_examples=50, deadline=None)
def test_legal_names_are_legal(name: str) -> None:
    assert fault(name) == ""
    assert name.startswith(PREFIX)


@given(strategies.illegal_names(PREFIX))
@settings(max_examples=50, deadline=None)
def test_illegal_names_are_illegal(name: str) -> None:
    assert fault(name)


def test_hostile_parameters_hold_no_placeholder() -> None:
    for query in draw(strategies.hostile_parameters(), 60, seed_value=2):
        assert len(query) == 1
        assert "{" not in query[0][1]


@pytest.mark.parametrize("prefix", ["Demo-", "-demo", "d" * 101, "a b"])
def test_a_prefix_that_can_begin_no_name_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="can't begin a name"):
        strategies.environments(prefix)


def test_all_that_is_public_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", PAGE.read_text("utf-8")))
    assert {name for name in strategies.__all__ if name != "PREFIX"} <= named


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "test_example.py").write_text(example, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_example.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
