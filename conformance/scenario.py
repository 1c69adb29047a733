"""What scenario modules write with: the markers, and one scenario for several kinds of resource."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from conformance.kinds import UPSERTED, Kind

requirement = pytest.mark.requirement
"""``@requirement("CMF-…")``: what a scenario checks."""

needs_flink = pytest.mark.needs_flink
"""The scenario runs applications, which starts pods on a real target."""


def each_kind(*rules: str, kinds: Sequence[Kind] = UPSERTED) -> pytest.MarkDecorator:
    """Run a scenario for each kind of resource, as its own requirement of these rules."""
    return pytest.mark.parametrize(
        "kind",
        [pytest.param(kind, marks=requirement(*map(kind.rule, rules)), id=kind.noun) for kind in kinds],
    )
