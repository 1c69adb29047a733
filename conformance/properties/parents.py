"""Live resources for the paths of generated requests: created when first needed, and owned by the run."""

from __future__ import annotations

import re
import uuid

from conformance.kinds import KINDS, Kind, ground
from conformance.target.cmf import Cmf

_PARAMETER = re.compile(r"/([\w-]+)/\{(\w+)\}")
_PLURALS = {"kafka": "catalogs"}
"""Where the word in the path is not the one that stands for the kind."""


class Parents:
    """What the path parameters of one operation can be bound to."""

    def __init__(self, cmf: Cmf, method: str, template: str) -> None:
        self._cmf = cmf
        self._fresh = method == "DELETE"
        self._places = [
            (_PLURALS.get(word, word), parameter) for word, parameter in _PARAMETER.findall(template)
        ]
        self._kept: dict[str, str] = {}

    @property
    def environment(self) -> str:
        """An environment that lives as long as this; created when first asked for."""
        return self.kept("environments")

    def live(self) -> dict[str, str]:
        """A live resource for each parameter; what a DELETE names last is made anew each time.

        Raises ``Unmet`` when one can't be created.
        """
        found = {parameter: self.kept(plural) for plural, parameter in self._places[:-1]}
        for plural, parameter in self._places[-1:]:
            found[parameter] = self.create(plural) if self._fresh else self.kept(plural)
        return found

    def kept(self, plural: str) -> str:
        """One resource of a kind, the same each time."""
        if plural not in self._kept:
            self._kept[plural] = self.create(plural)
        return self._kept[plural]

    def create(self, plural: str) -> str:
        """A new resource of a kind."""
        kind = kind_of(plural)
        if kind is None:  # an instance: no client creates one
            return str(uuid.uuid5(uuid.NAMESPACE_URL, self._cmf.prefix))
        name = self._cmf.name("gen")
        place = ground(kind, self._cmf, self.environment if kind.scoped else "")
        place.collection.post(place.marked(name, {"note": "as it was"})).needed()
        return name


def kind_of(plural: str) -> Kind | None:
    """The kind that clients create under this word."""
    return next((kind for kind in KINDS if kind.plural == plural), None)
