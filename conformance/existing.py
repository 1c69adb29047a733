"""What exists on a target, for runs that only read: where there is something to look at.

Nothing of it is ours, and others may change it at any moment.  So what is found here is only where to look; whoever
judges looks again.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.expectations import NeedsWriting
from conformance.target.cmf import ROUTES, Cmf, Collection

_SEARCHED = 12
"""Environments, or applications, in which something is looked for."""
_KEPT = 3
"""Lists of one kind that are looked at."""
_PAGE = 20
_GLOBAL = frozenset({"environments", "secrets", "catalogs"})
_BELOW_AN_APPLICATION = frozenset({"instances", "events"})


class Existing:
    """The lists of a target that hold something, found when they are first asked for."""

    def __init__(self, cmf: Cmf) -> None:
        self._cmf = cmf
        self._found: dict[str, list[tuple[Collection, list[str]]]] = {}

    def lists(self, plural: str) -> list[Collection]:
        """Some lists of a kind that hold something, those with most first; raises ``NeedsWriting`` when there is none."""
        return [collection for collection, _ in self._some(plural)]

    def names(self, plural: str) -> list[str]:
        """The names of some resources of a kind, all in the first of ``lists``; raises ``NeedsWriting`` for none."""
        return self._some(plural)[0][1]

    def parameters(self, operation: str) -> dict[str, str]:
        """What the path parameters of an operation that reads can be bound to; raises ``NeedsWriting`` for nothing."""
        for plural, routes in ROUTES.items():
            if operation == routes.list:
                return self._scope_of_list(plural)
            if operation == routes.get:
                return self._one(plural)
        # What is read of a statement beside itself.
        return self._one("statements")

    def _scope_of_list(self, plural: str) -> dict[str, str]:
        if plural in _GLOBAL:
            return {}
        try:
            return self.lists(plural)[0].scope
        except NeedsWriting:  # an empty list is one as well
            return self._one("applications" if plural in _BELOW_AN_APPLICATION else "environments")

    def _one(self, plural: str) -> dict[str, str]:
        collection, names = self._some(plural)[0]
        return {**collection.scope, ROUTES[plural].item: names[0]}

    def _some(self, plural: str) -> list[tuple[Collection, list[str]]]:
        if plural not in self._found:
            self._found[plural] = sorted(self._search(plural), key=lambda found: -len(found[1]))[:_KEPT]
        if not self._found[plural]:
            raise NeedsWriting(f"there are no {plural} to read, and this run creates none (--mode read-only)")
        return self._found[plural]

    def _search(self, plural: str) -> Iterator[tuple[Collection, list[str]]]:
        for scope in self._scopes(plural):
            collection = Collection(self._cmf, plural, scope)
            answer = collection.list(size=_PAGE)
            # Whether it may answer anything else is judged where lists are.
            if answer.status == 200 and answer.items:  # noqa: PLR2004 - OK
                yield collection, [collection.name_of(item) for item in answer.items]

    def _scopes(self, plural: str) -> Iterator[dict[str, str]]:
        if plural in _GLOBAL:
            yield {}
        elif plural in _BELOW_AN_APPLICATION:
            searched = [
                {**collection.scope, ROUTES["applications"].item: name}
                for collection, names in self._some("applications")
                for name in names
            ]
            yield from searched[:_SEARCHED]
        else:
            for name in self.names("environments")[:_SEARCHED]:
                yield {ROUTES["environments"].item: name}
