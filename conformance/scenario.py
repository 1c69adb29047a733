"""What scenario modules write with: the markers, and one scenario for several kinds of resource."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from _pytest.mark.structures import ParameterSet

from conformance.kinds import KINDS, UPSERTED, Kind

NOT_DONE = (400, 409, 422)
"""How the update of a statement may be refused in the phase that it is in (erratum ERR-STMT-UPDATE)."""

NO_TOKENS = (
    "never given with any page of any result",
    "5d0c2f9e-7b41-4c58-9a1e-d3f60b8e2a97",
    "bmV2ZXIgZ2l2ZW4gd2l0aCBhbnkgcGFnZSBvZiBhbnkgcmVzdWx0",
    "é日本",
    "x" * 3000,
    "../results",
    "\0",
)
"""Page tokens that no target gives: a small number may be one, as the row that a page begins with."""

requirement = pytest.mark.requirement
"""``@requirement("CMF-…")``: what a scenario checks."""

needs_flink = pytest.mark.needs_flink
"""The scenario runs applications, which starts pods on a real target."""


needs_sql = pytest.mark.needs_sql
"""The scenario creates statements, compute pools, secrets, secret mappings or catalogs, which not every target has.

Requirements that only scenarios with both marks observe have ``feature: flink sql``.
"""

needs_auth = pytest.mark.needs_auth
"""The scenario speaks of credentials, which only a run that was given a token can do."""

reads_what_exists = pytest.mark.reads_what_exists
"""The scenario creates nothing, and judges what is on the target: it runs in read-only mode alone."""


def kind_param(kind: Kind, *marks: pytest.MarkDecorator) -> ParameterSet:
    """A kind as a parameter of a scenario, with what the scenario then needs."""
    needed = () if kind in UPSERTED else (needs_sql,)
    return pytest.param(kind, marks=(*marks, *needed), id=kind.noun)


def kinds(*these: Kind) -> pytest.MarkDecorator:
    """Run a scenario for each of these kinds of resource; for all of them when none is named."""
    return pytest.mark.parametrize("kind", [kind_param(kind) for kind in these or KINDS])


def each_kind(*rules: str, kinds: Sequence[Kind] = UPSERTED) -> pytest.MarkDecorator:
    """Run a scenario for each kind of resource, as its own requirement of these rules."""
    return pytest.mark.parametrize(
        "kind", [kind_param(kind, requirement(*map(kind.rule, rules))) for kind in kinds]
    )
