"""A badge as SVG: two words on two fields, without script, font or image from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Template

from conformance.report.harmless import environment
from conformance.site.entries import Entry, State

_TONE = {State.CONFORMANT: "#11693a", State.OTHER_VERSION: "#59626c", State.NOT_VALID: "#b3161b"}
_WORD = {
    State.CONFORMANT: "conformant",
    State.OTHER_VERSION: "not verified",
    State.NOT_VALID: "not valid",
}
_NARROW, _WIDE = 3.9, 9.6
_MIDDLE = 6.6
"""Widths in pixels of characters in an 11 px sans serif; the text is fitted to their sum, whatever the font."""


def words(entry: Entry) -> tuple[str, str]:
    """What a badge says, left and right: ``CMF 2.0 full``, ``conformant``."""
    contract = entry.contract.upper().replace("-", " ")
    # A profile is named only when it is known that it was certified.
    profile = f" {entry.report.run['profile']}" if entry.report is not None else ""
    return f"{contract}{profile}", _WORD[entry.state]


def svg(entry: Entry) -> str:
    """The badge of an entry, as a text of SVG."""
    left, right = words(entry)
    sizes = _width(left), _width(right)
    text = _template().render(left=left, right=right, widths=sizes, tone=_TONE[entry.state])
    return f"{text}\n"


def _width(text: str) -> int:
    return round(
        sum(
            _NARROW if character in "iljtfr.,:|! " else _WIDE if character in "mwMWCFGO" else _MIDDLE
            for character in text
        )
    )


@cache
def _template() -> Template:
    return environment().from_string(files(__package__).joinpath("badge.svg.j2").read_text(encoding="utf-8"))
