from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from conformance.config import Limits
from conformance.running import switched
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf


def cmf(deploy: float = 1.0) -> Cmf:
    """As much of the API as this needs."""
    return cast("Cmf", SimpleNamespace(limits=Limits(settle=0.2, deploy=deploy)))


def answers(*statuses: int) -> tuple[Any, list[tuple[str, str]]]:
    """What answers with these statuses, the last one for ever, and what it was asked."""
    asked: list[tuple[str, str]] = []
    left: Iterator[int] = iter(statuses)
    status = 0

    def act(environment: str, application: str) -> Answer:
        nonlocal status
        asked.append((environment, application))
        status = next(left, status)
        return cast("Answer", SimpleNamespace(status=status))

    return act, asked


@pytest.mark.parametrize("status", [200, 304, 400, 404, 500])
def test_any_status_but_409_is_final(status: int) -> None:
    act, asked = answers(status)
    assert switched(cmf(), act, "env", "app").status == status
    assert asked == [("env", "app")]


def test_it_is_said_again_while_another_change_is_on_its_way() -> None:
    act, asked = answers(409, 409, 200)
    assert switched(cmf(), act, "env", "app").status == 200
    assert len(asked) == 3


def test_it_is_not_said_for_ever() -> None:
    act, asked = answers(409)
    assert switched(cmf(deploy=0.1), act, "env", "app").status == 409
    assert len(asked) > 1
