"""What differs between two schemas, for values that travel in one direction.

References may go round in circles, and one component is used by many operations: each pair of schemas is compared once
for each direction.
"""

from __future__ import annotations

from collections.abc import Iterator

from conformance.drift.difference import NOTHING, Difference, Direction, Effect
from conformance.drift.document import Document, Node, below
from conformance.drift.pair import IN, Change, Pair
from conformance.drift.shape import Schema, shape_of
from conformance.errors import UsageError

_DEEPEST = 60
"""Schemas within schemas that are followed; Python's own stack is not much deeper."""
Found = list[Difference]


class Schemas:
    """Compares schemas of a contract with those of a document."""

    def __init__(self, contract: Document, document: Document) -> None:
        self._contract = contract
        self._document = document
        self._known: dict[tuple[object, ...], Found] = {}

    def compare(self, old: Schema, new: Schema, direction: Direction, at: tuple[str, str]) -> Found:
        """All differences; ``at`` is where the two stand, if they are there at all.

        Raises ``UsageError`` when they can't be followed to the end.
        """
        return self._compare(old, new, direction, at, 0)

    def _compare(
        self, old: Schema, new: Schema, direction: Direction, at: tuple[str, str], depth: int
    ) -> Found:
        old, new = _resolved(self._contract, old), _resolved(self._document, new)
        old_key = tuple(node.pointer for node in old) or at[:1]
        new_key = tuple(node.pointer for node in new) or at[1:]
        key = (old_key, bool(old), new_key, bool(new), direction)
        if key in self._known:
            return self._known[key]
        if depth > _DEEPEST:
            raise UsageError(f"{self._document.source}: {new_key[0]} is nested too deep to be compared")
        found = self._known[key] = []
        pair = Pair(
            shape_of(self._contract, old, at[0]), shape_of(self._document, new, at[1]), direction, depth
        )
        if bool(pair.old.alternatives) is not bool(pair.new.alternatives):
            found.extend(self._choice(pair, old, new))
            return found
        found.extend(pair.types())
        if not pair.disjoint:
            for aspect in (pair.limits, pair.enums, pair.rules, pair.usage):
                found.extend(aspect())
            found.extend(self._members(pair))
            found.extend(self._contents(pair))
            found.extend(self._alternatives(pair))
        found.extend(pair.notes())
        return found

    def _below(self, pair: Pair, old: Schema, new: Schema, step: tuple[str, ...]) -> Found:
        at = (below(pair.old.pointer, *step), below(pair.new.pointer, *step))
        return self._compare(old, new, pair.direction, at, pair.depth + 1)

    def _members(self, pair: Pair) -> Iterator[Difference]:
        old = pair.old.named(self._contract, pair.direction)
        new = pair.new.named(self._document, pair.direction)
        if old and not pair.new.properties and pair.new.closed is None:
            yield pair.difference(
                Effect.BREAKING,
                "properties-removed",
                f"its properties are no longer described {IN[pair.direction]}",
                below(pair.old.pointer, "properties"),
                pair.new.pointer,
                sorted(old),
            )
            return
        for name, schema in old.items():
            if name in new:
                yield from self._below(pair, schema, new[name], ("properties", name))
            else:
                yield pair.difference(
                    Effect.BREAKING,
                    "property-removed",
                    f"the property {name} is gone {IN[pair.direction]}",
                    schema[0].pointer,
                    below(pair.new.pointer, "properties"),
                    name,
                )
        for name in new.keys() - old.keys():
            yield pair.added(name, new[name])
        yield from pair.required(old, new)
        common = [name for name in new if name in old]
        if common != [name for name in old if name in new]:
            places = (below(pair.old.pointer, "properties"), below(pair.new.pointer, "properties"))
            yield pair.editorial(
                "properties-reordered", "the order of properties", *places, list(old), list(new)
            )

    def _contents(self, pair: Pair) -> Iterator[Difference]:
        """What is inside of arrays and maps."""
        old, new = pair.old, pair.new
        if old.items or new.items:
            yield from self._below(pair, tuple(old.items), tuple(new.items), ("items",))
        if (old.closed is None) is not (new.closed is None):
            change = Change.WIDENED if new.closed is None else Change.NARROWED
            yield pair.changed(
                change,
                "additionalProperties",
                (old.closed or old.pointer, new.closed or new.pointer),
                old.closed is None,
                new.closed is None,
            )
        elif old.closed is None and (old.extra or new.extra):
            yield from self._below(pair, tuple(old.extra), tuple(new.extra), ("additionalProperties",))

    def _alternatives(self, pair: Pair) -> Iterator[Difference]:
        fresh = list(pair.new.alternatives)
        gone = []
        for old in pair.old.alternatives:
            partner = self._partner(pair, old, fresh)
            if partner is None:
                gone.append(old)
            else:
                fresh.remove(partner)
                yield from self._below(pair, old, partner, ("oneOf",))
        if len(gone) == len(fresh) == 1:
            yield from self._below(pair, gone.pop(), fresh.pop(), ("oneOf",))
        for old in gone:
            places = (old[0].pointer, pair.new.alternatives_at)
            yield pair.changed(Change.NARROWED, "alternatives", places, _called(old[0]), NOTHING)
        for new in fresh:
            places = (pair.old.alternatives_at, new[0].pointer)
            yield pair.changed(Change.WIDENED, "alternatives", places, NOTHING, _called(new[0]))

    def _partner(self, pair: Pair, old: Schema, candidates: list[Schema]) -> Schema | None:
        for new in candidates:
            if _called(old[0]) == _called(new[0]):
                return new
        return next((new for new in candidates if self._fits(pair, old, new)), None)

    def _fits(self, pair: Pair, old: Schema, new: Schema) -> bool:
        found = self._compare(old, new, pair.direction, ("#", "#"), pair.depth + 1)
        return all(difference.effect is not Effect.BREAKING for difference in found)

    def _choice(self, pair: Pair, old: Schema, new: Schema) -> Iterator[Difference]:
        """A choice on one side only: what the other side says must do for all, or for one, of the alternatives."""
        if pair.old.alternatives:
            base = _without_choice(old)
            trials = [self._fits(pair, (*base, *each), new) for each in pair.old.alternatives]
            all_must = pair.direction is Direction.REQUEST
        else:
            base = _without_choice(new)
            trials = [self._fits(pair, old, (*base, *each)) for each in pair.new.alternatives]
            all_must = pair.direction is Direction.RESPONSE
        good = all(trials) if all_must else any(trials)
        yield pair.difference(
            Effect.COMPATIBLE if good else Effect.BREAKING,
            "choice-changed",
            f"a choice of schemas {'became one schema' if pair.old.alternatives else 'took the place of one schema'}"
            f" {IN[pair.direction]}",
            pair.old.alternatives_at or pair.old.pointer,
            pair.new.alternatives_at or pair.new.pointer,
            [_called(each[0]) for each in pair.old.alternatives] or NOTHING,
            [_called(each[0]) for each in pair.new.alternatives] or NOTHING,
        )


def _resolved(document: Document, schema: Schema) -> Schema:
    """The same without references that say nothing besides, so that a component is known by its own place."""
    return tuple(
        node if document.siblings and len(node.value) > 1 else document.resolve(node) for node in schema
    )


def _called(node: Node) -> str:
    return str(node.value.get("$ref", "")).rpartition("/")[2] or str(node.value.get("title") or node.pointer)


def _without_choice(schema: Schema) -> Schema:
    """What holds besides the choice; the pointers differ, since these are other schemas."""
    return tuple(
        Node({key: value for key, value in node.value.items() if key not in _CHOICES}, f"{node.pointer}~")
        for node in schema
        if "$ref" not in node.value
    )


_CHOICES = {"oneOf", "anyOf"}
