"""The collections that another document than the contract describes, so that the guard knows what their paths name.

A path may be written to when it can be proved to be this run's: its outermost resource bears a name of the run, in a
place where the run can create one and remove it again.  Everything below such a resource is the run's as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from conformance.target.routes import BASE, Place, decoded, encoded, locate

_ENVIRONMENTS = "environments"


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection in which a run may create resources."""

    path: str
    """Without the names of its parameters, e.g. ``/cmf/api/v1/environments/{}/reports``."""
    pointer: str = ""
    """Where an answer to a creation has what the path of the resource ends with; empty when that is its name."""

    @property
    def kind(self) -> str:
        """What the ledger calls its resources."""
        return self.path.removeprefix(f"{BASE}/")


@dataclass(frozen=True)
class Layout:
    """Which paths beside those of the contract name what."""

    collections: tuple[Collection, ...] = ()
    below: tuple[str, ...] = ()
    """Other paths that may be written to, each below a resource: its actions and parts."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """The operations that write and are not sent, by ``operationId``, and why."""

    def locate(self, raw_path: str) -> Place | None:
        """The place of a canonical path; None when nobody may write to it.  Raises ``NotCanonical``."""
        return locate(raw_path) or self._described(raw_path)

    def collection(self, kind: str) -> Collection | None:
        """The collection of the resources that the ledger calls so."""
        return next((each for each in self.collections if each.kind == kind), None)

    def _described(self, raw_path: str) -> Place | None:
        candidates = [(each.path, each, False) for each in self.collections]
        candidates += [(f"{each.path}/{{}}", each, True) for each in self.collections]
        fitting = [found for found in candidates if (_values(found[0], raw_path)) is not None]
        for template, collection, is_item in sorted(fitting, key=lambda found: found[0].count("{}")):
            names = [decoded(segment) for segment in _values(template, raw_path) or ()]
            name = names[-1] if is_item else None
            outer = names[:-1] if is_item else names
            place = _filled(collection.path, outer)
            return Place(
                collection.kind, _environment(template, names), name, None, place, _owner(template, outer)
            )
        for template in self.below:
            found = _values(template, raw_path)
            if found is not None:
                names = [decoded(segment) for segment in found]
                environment, owner = _environment(template, names), _owner(template, names)
                return Place(
                    template.removeprefix(f"{BASE}/"), environment, names[0], template, raw_path, owner
                )
        return None


def saved(layout: Layout) -> str:
    """The collections as text, for a ledger; empty when there are none."""
    return (
        json.dumps([[each.path, each.pointer] for each in layout.collections]) if layout.collections else ""
    )


def loaded(text: str) -> Layout:
    """The layout of a text that ``saved`` has given.  Raises ``ValueError`` for another one."""
    found = json.loads(text) if text else []
    if not isinstance(found, list) or not all(
        isinstance(each, list) and len(each) == 2 and all(isinstance(part, str) for part in each)  # noqa: PLR2004
        for each in found
    ):
        raise ValueError(text)
    return Layout(tuple(Collection(path, pointer) for path, pointer in found))


def _values(template: str, raw_path: str) -> list[str] | None:
    """The segments of a path that stand for parameters; None when the path is none of the template."""
    wanted, given = template.split("/"), raw_path.split("/")
    if len(wanted) != len(given):
        return None
    values = []
    for want, have in zip(wanted, given, strict=True):
        if want == "{}" and have:
            values.append(have)
        elif want != have:
            return None
    return values


def _filled(template: str, names: list[str]) -> str:
    path = template
    for name in names:
        path = path.replace("{}", encoded(name), 1)
    return path


def _environment(template: str, names: list[str]) -> str | None:
    """The environment that a path lies in, whatever version of the API it belongs to."""
    before = template.partition("/{}")[0]
    return names[0] if names and before.endswith(f"/{_ENVIRONMENTS}") else None


def _owner(template: str, names: list[str]) -> tuple[str, str] | None:
    """The outermost resource around a place, by kind and name."""
    if not names:
        return None
    return template.partition("/{}")[0].rpartition("/")[2], names[0]
