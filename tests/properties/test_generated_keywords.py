"""Which keywords of the schemas generated requests put to the test, with valid and with invalid values."""

from __future__ import annotations

import pytest

from conformance.properties.document import Document
from conformance.properties.encoding import encode
from conformance.properties.generation import requests_for
from conformance.properties.keywords import declared
from conformance.properties.request import Validity
from conformance.properties.tally import Tally


def test_keywords_stand_at_their_places(document: Document) -> None:
    found = declared(document, document.operations["createOrUpdateEnvironment"])
    assert {"type", "pattern", "minLength", "maxLength"} <= found["/name"]
    assert "required" in found[""]
    assert found["/statementDefaults/detached"]
    assert declared(document, document.operations["getEnvironment"]) == {"path envName": frozenset({"type"})}


def test_names_are_bound_by_the_prose_where_the_schema_is_silent(document: Document) -> None:
    for operation in ("createSecret", "createOrUpdateApplication"):
        found = declared(document, document.operations[operation])
        assert {"pattern", "minLength", "maxLength"} <= found["/metadata/name"]


@pytest.mark.parametrize(
    "operation", ["createOrUpdateEnvironment", "createOrUpdateApplication", "createStatement"]
)
def test_each_invalid_request_breaks_one_keyword_and_valid_ones_obey_many(
    document: Document, operation: str
) -> None:
    tally = Tally(document, document.operations[operation], "cmfc-ab12cd34-")
    requests = requests_for(document, operation, seed=1, budget=200)
    live = dict.fromkeys(document.operations[operation].path, "cmfc-ab12cd34-1")
    for request in requests:
        assert bool(request.keyword) == (request.validity is Validity.INVALID), request
        tally.sent(request, encode(request, name="cmfc-ab12cd34-2", live=live))
    words = {word.name: word for word in tally.result().keywords}
    assert sum(word.invalid for word in words.values()) == tally.invalid
    for name in ("type", "required", "pattern"):
        assert words[name].valid > 0
        assert words[name].invalid > 0
