"""Lengths of time on the command line: plain seconds, or hours, minutes and seconds with their letters."""

from __future__ import annotations

import re

import click

_PARTS = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s?)?", re.ASCII
)
_SECONDS = {"h": 3_600.0, "m": 60.0, "s": 1.0}


def duration(text: str) -> float:
    """The seconds of a time such as ``600``, ``90s``, ``10m`` or ``1h30m``.

    Raises ``click.BadParameter`` when it is none, or shorter than one second.
    """
    match = _PARTS.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise click.BadParameter(f"{text!r} is not a duration such as 600, 90s, 10m or 1h30m.")
    seconds = sum(_SECONDS[unit] * float(number) for unit, number in match.groupdict().items() if number)
    if seconds < 1:
        raise click.BadParameter(f"{text!r} is shorter than one second.")
    return seconds
