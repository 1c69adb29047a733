"""Bodies of the statement family, and what is said when nothing can be generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from hypothesis import strategies as st

from conformance.config import Features
from conformance.expectations import Unmet
from conformance.properties import generation
from conformance.properties.campaign import Campaign
from conformance.properties.document import Document
from conformance.properties.drawing import draw
from conformance.properties.generation import requests_for
from conformance.properties.names import NAME
from conformance.properties.validity import judge_body
from conformance.registry import catalogue
from conformance.target.cmf import Cmf

STRATEGIES: Mapping[str, Callable[[Features], st.SearchStrategy[Any]]] = generation._STRATEGIES


@pytest.mark.parametrize("operation", sorted(STRATEGIES))
def test_every_body_is_one_that_the_contract_allows(document: Document, operation: str) -> None:
    drawn = draw(STRATEGIES[operation](Features()), 40, seed_value=5)
    assert len(drawn) >= 20
    for body in drawn:
        judgement = judge_body(document, document.operations[operation], body, domain=True)
        assert judgement.validity == "valid", (judgement, body)


@pytest.mark.parametrize("operation", [name for name in sorted(STRATEGIES) if name.startswith("update")])
def test_an_update_with_another_name_or_none_may_be_refused_or_not(
    document: Document, operation: str
) -> None:
    for request in requests_for(document, operation, seed=1, budget=120):
        body = request.body
        if isinstance(body, dict) and isinstance(body.get("metadata", {}), dict):
            name = body.get("metadata", {}).get("name")
            if name is None or (isinstance(name, str) and name != NAME):
                assert request.validity == "unsure", request


def test_what_can_not_be_generated_is_not_tested(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_features: Features) -> st.SearchStrategy[Any]:
        return st.nothing()

    monkeypatch.setitem(generation._STRATEGIES, "createSecret", nothing)
    monkeypatch.setattr(generation.drafts, "name_drafts", lambda *_: [])
    generated = requests_for(document, "createSecret", seed=99, budget=40)
    assert not [request for request in generated if request.validity == "valid"]

    class Nobody:
        """Stands where no request is ever sent."""

        prefix, features = "cmfc-nobody00-", Features()

    campaign = Campaign(cast("Cmf", Nobody()), catalogue(), "createSecret", 99, 41, lambda *_: None)
    with pytest.raises(Unmet, match="no valid request of createSecret could be generated"):
        campaign.run()
