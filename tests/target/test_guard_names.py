"""Whose a name is: what carries the prefix of the run, and the few that were claimed."""

from __future__ import annotations

import re

import pytest

from conformance.target.guard import Ownership, new_run_id

from .conftest import ENVIRONMENTS, RUN
from .judging import OURS, judged


def test_a_run_id_fits_the_prefix() -> None:
    run = new_run_id()
    assert re.fullmatch(r"[a-z0-9]{8}", run)
    assert Ownership(run).prefix == f"cmfc-{run}-"
    assert new_run_id() != new_run_id()
    with pytest.raises(ValueError, match="run id"):
        Ownership("AB12CD34")


@pytest.mark.parametrize(
    "name",
    [
        OURS,
        OURS.upper(),
        f"-{OURS}",
        f".{OURS}",
        f"_{OURS}-",
        f" {OURS}",
        f"{OURS}\n",
        f"{OURS}\0",
        f"{OURS}..a",
        OURS + "x" * 300,
        f"{OURS}/é",
    ],
)
def test_odd_names_with_the_prefix_are_ours(name: str) -> None:
    assert Ownership(RUN).owns(name)
    assert judged("POST", ENVIRONMENTS, {"name": name}) is None


@pytest.mark.parametrize(
    "name",
    [
        "prod",
        "cmfc-zz12cd34-x",
        f"prod-{OURS}",
        f"prod/../{OURS}",
        f"\u00e9{OURS}",
        f"cmfc-{RUN}",
        f"{OURS}/../prod",
        f"{OURS}\\..\\prod",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert judged("POST", ENVIRONMENTS, {"name": name}) is not None
    assert judged("POST", "/cmf/api/v1/secrets", {"metadata": {"name": name}}) is not None


def test_letters_that_only_lower_to_ascii_are_not_the_prefix() -> None:
    assert not Ownership("kkkkkkkk").owns("cmfc-\u212akkkkkkk-x")


def test_a_claim_allows_one_exact_name_of_one_kind() -> None:
    ownership = Ownership(RUN)
    ownership.claim("abc")
    assert ownership.owns("abc", "environments")
    assert not ownership.owns("abc", "secrets")
    assert not ownership.owns("ABC", "environments")
    ownership.release("abc")
    assert not ownership.owns("abc")
    for name, kind in (("", "environments"), ("x" * 17, "environments"), ("abc", "applications")):
        with pytest.raises(ValueError, match="cannot be claimed"):
            ownership.claim(name, kind)
