"""Which faults and variations the matrix runs, and which of them also in its short form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.model import Level
from conformance.reference.faults import FAULTS
from conformance.reference.variations import VARIATIONS
from conformance.registry import catalogue

HELD = {name: fault for name, fault in FAULTS.items() if fault.reason}
"""The faults that say for what reason they are caught."""
BINDING = {each.id for each in catalogue().requirements.values() if each.level is not Level.MAY}
"""The requirements of which a check must be shown to turn red."""
CLEAN = "clean"
TOGETHER: Mapping[str, tuple[str, ...]] = {
    CLEAN: (),
    "frugal": ("fields-absent", "no-etag", "text-404", "newest-first"),
    "explicit": (
        "fields-null",
        "weak-etag",
        "text-errors-of-http",
        "delete-body",
        "defaults-framed",
        "sort-by-metadata-name",
    ),
    "verbose": (
        "fields-extra",
        "chunked-bodies",
        "times-in-nanoseconds",
        "size-is-page-length",
        "clock-ahead",
    ),
    "slow": (
        "slow-transitions",
        "no-cascade",
        "statement-delete-202",
        "clock-behind",
        "statements-end-later",
        "name-free-later",
    ),
    "strict": (
        "page-default",
        "page-refused",
        "strict-bodies",
        "app-422-vs-400",
        "start-409",
        "times-of-lists",
        "path-names-read",
        "instance-names-read",
    ),
    "lenient": (
        "sort-unknown-ignored",
        "env-422",
        "start-304",
        "any-accept",
        "delete-unknown-304",
        "front-refuses-paths",
    ),
    "hasty": ("statements-end", "jobs-end", "pool-free-when-ended"),
    "reticent": (
        "yaml-like-json",
        "secret-spec-empty",
        "mapping-spec-hidden",
        "times-in-seconds",
        "statements-fail-later",
    ),
    "demanding": (
        "namespace-required",
        "namespace-fixed",
        "change-409",
        "statement-defaults-shown",
        "statement-texts-fixed",
    ),
}
"""Servers that differ in several legal ways at once."""
ALONE = {name: (name,) for name in VARIATIONS}
"""Servers that differ in one legal way."""
TASTES = {**TOGETHER, **ALONE}


def _own() -> Iterator[str]:
    """For each requirement a fault that breaks it before anything else, or else one that breaks it at all."""
    for requirement in sorted(BINDING):
        own = (name for name, fault in HELD.items() if fault.breaks[0] == requirement)
        other = (name for name, fault in HELD.items() if requirement in fault.breaks)
        yield from [name for name in [next(own, None) or next(other, None)] if name]


def _fewest() -> Iterator[str]:
    """Of those, few that together break every requirement: the one first that breaks most of what is left."""
    broken = {name: BINDING.intersection(HELD[name].breaks) for name in sorted(OWN)}
    left = set(BINDING)
    while best := max(broken, key=lambda name: len(broken[name] & left)):
        if not broken[best] & left:
            return
        yield best
        left -= broken[best]


OWN = frozenset(_own())
COVERING = frozenset(_fewest())
SHORT = COVERING | set(TOGETHER)
"""What is run unless more is asked for."""
LONGER = OWN | set(TOGETHER)
"""What ``--own`` runs."""
