"""What generated requests were answered with, and what is in the lists afterwards."""

from __future__ import annotations

import pytest

from conformance.properties.campaign import is_among


@pytest.mark.parametrize(
    ("name", "listed", "there"),
    [
        ("cmfc-abc-gen-4", ["cmfc-abc-gen-4"], True),
        ("cmfc-abc-gen-4", ["cmfc-abc-gen-40", "cmfc-abc-gen-14"], False),
        ("cmfc-abc-gen-4", ["cmfc-abc-gen-40", "cmfc-abc-gen-4"], True),
        ("cmfc-abc-gen-4", ["cmfc-abc-gen-4_"], True),
        ("cmfc-abc-gen-4", ["-cmfc-abc-gen-4xxxx"], True),
        ("cmfc-abc-gen-4", [], False),
    ],
)
def test_a_refused_name_is_looked_for_with_what_was_generated_around_it(
    name: str, listed: list[str], *, there: bool
) -> None:
    assert is_among(name, listed) is there
