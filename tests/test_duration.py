from __future__ import annotations

import click
import pytest

from conformance.duration import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("600", 600.0),
        ("1", 1.0),
        ("90s", 90.0),
        ("10m", 600.0),
        ("1h30m", 5_400.0),
        ("1.5h", 5_400.0),
        ("2M", 120.0),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "0", "0.5s", "10 m", "1d", "m", "30m1h", "٣", "inf", "nan", "1e3"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration(text)
