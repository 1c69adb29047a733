"""The Jinja environment of every page: what it prints is made harmless first, and escaped afterwards."""

from __future__ import annotations

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from conformance.report.clean import clean, short


def environment(loader: BaseLoader | None = None) -> Environment:
    """An environment that escapes whatever a template prints, whether it asks for that or not.

    A name that is not there is an error.
    """
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
        loader=loader,
    )
    made.filters["short"] = short
    return made


def _harmless(value: object) -> object:
    """What a template prints: text made harmless; Jinja escapes it afterwards."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
