"""Two shapes, and what can be said of their difference without looking deeper into them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Any

from conformance.drift.difference import NOTHING, Difference, Direction, Effect
from conformance.drift.shape import LOWEST, Bound, Rule, Schema, Shape, is_narrower, text

IN = {Direction.REQUEST: "in requests", Direction.RESPONSE: "in answers"}
_ALL = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})
_NARROWER_FORMATS = {("int64", "int32"), ("double", "float")}


class Change(Enum):
    """What happened to the set of allowed values."""

    NARROWED = auto()
    WIDENED = auto()
    CHANGED = auto()

    def effect(self, direction: Direction) -> Effect:
        """A request must go on being accepted, an answer must stay within what was announced."""
        harmless = Change.WIDENED if direction is Direction.REQUEST else Change.NARROWED
        return Effect.COMPATIBLE if self is harmless else Effect.BREAKING


class Pair:
    """Two shapes, and what can be said of them without looking deeper."""

    def __init__(self, old: Shape, new: Shape, direction: Direction, depth: int) -> None:
        self.old = old
        self.new = new
        self.direction = direction
        self.depth = depth
        self._old_types, self._new_types = old.types or _ALL, new.types or _ALL
        self.disjoint = not self._old_types & self._new_types

    def difference(
        self,
        effect: Effect,
        kind: str,
        message: str,
        contract: str,
        document: str,
        old: Any = NOTHING,
        new: Any = NOTHING,
    ) -> Difference:
        """A difference of values that travel in this direction."""
        return Difference(effect, kind, message, contract, document, old, new, self.direction)

    def editorial(
        self, kind: str, message: str, contract: str, document: str, old: Any, new: Any
    ) -> Difference:
        """A difference that only readers see."""
        return Difference(Effect.EDITORIAL, kind, message, contract, document, old, new)

    def changed(
        self, change: Change, aspect: str, at: tuple[str, str], old: Any = NOTHING, new: Any = NOTHING
    ) -> Difference:
        """A change of what is allowed."""
        word = change.name.lower()
        message = f"{aspect} {word} {IN[self.direction]}"
        return self.difference(change.effect(self.direction), f"{aspect}-{word}", message, *at, old, new)

    def types(self) -> Iterator[Difference]:
        """Allowed types."""
        old, new = self._old_types, self._new_types
        if old == new:
            return
        change = Change.NARROWED if new < old else Change.WIDENED if old < new else Change.CHANGED
        places = (self.old.types_at or self.old.pointer, self.new.types_at or self.new.pointer)
        yield self.changed(change, "type", places, _types(old), _types(new))

    def limits(self) -> Iterator[Difference]:
        """Lengths, counts and sizes."""
        for keyword in dict.fromkeys((*self.old.bounds, *self.new.bounds)):
            old, new = _limit(self.old, keyword), _limit(self.new, keyword)
            if old == new or (old and new and (old.value, old.exclusive) == (new.value, new.exclusive)):
                continue
            narrowed = new is not None and (old is None or is_narrower(keyword, new, old))
            yield self.changed(
                Change.NARROWED if narrowed else Change.WIDENED,
                keyword,
                (old.pointer if old else self.old.pointer, new.pointer if new else self.new.pointer),
                old.shown if old else NOTHING,
                new.shown if new else NOTHING,
            )

    def enums(self) -> Iterator[Difference]:
        """Enumerated values."""
        old, new = self.old.enum, self.new.enum
        if old is None and new is None:
            return
        at = (old.pointer if old else self.old.pointer, new.pointer if new else self.new.pointer)
        values = [list(each.value.values()) if each else NOTHING for each in (old, new)]
        if old is None or (new and new.value.keys() < old.value.keys()):
            yield self.changed(Change.NARROWED, "enum", at, *values)
        elif new is None or old.value.keys() < new.value.keys():
            yield self.changed(Change.WIDENED, "enum", at, *values)
        elif old.value.keys() != new.value.keys():
            yield self.changed(Change.CHANGED, "enum", at, *values)
        elif list(old.value) != list(new.value):
            yield self.editorial("enum-reordered", "the order of enum", *at, *values)

    def rules(self) -> Iterator[Difference]:
        """Patterns, formats, and whatever else must hold."""
        for keyword in dict.fromkeys(name.rstrip("+") for name in (*self.old.rules, *self.new.rules)):
            olds, news = _values(self.old, keyword), _values(self.new, keyword)
            gone = [olds[key] for key in olds.keys() - news.keys()]
            fresh = [news[key] for key in news.keys() - olds.keys()]
            if not gone and not fresh:
                continue
            change = Change.NARROWED if not gone else Change.WIDENED if not fresh else Change.CHANGED
            if len(gone) == len(fresh) == 1:
                change = _related(keyword, gone[0].value, fresh[0].value)
            yield self.changed(
                change,
                keyword,
                (
                    gone[0].pointer if gone else self.old.pointer,
                    fresh[0].pointer if fresh else self.new.pointer,
                ),
                gone[0].value if gone else NOTHING,
                fresh[0].value if fresh else NOTHING,
            )

    def usage(self) -> Iterator[Difference]:
        """What absence means, and what is going to disappear."""
        old, new = self.old.default, self.new.default
        old_value, new_value = old.value if old else NOTHING, new.value if new else NOTHING
        if (old is None) is not (new is None) or (old and new and text(old.value) != text(new.value)):
            at = (old.pointer if old else self.old.pointer, new.pointer if new else self.new.pointer)
            breaks = self.direction is Direction.REQUEST and old is not None
            word = "added" if old is None else "removed" if new is None else "changed"
            message = f"default {word} {IN[self.direction]}"
            effect = Effect.BREAKING if breaks else Effect.COMPATIBLE
            yield self.difference(effect, f"default-{word}", message, *at, old_value, new_value)
        if (self.old.deprecated is None) is not (self.new.deprecated is None):
            at = (self.old.deprecated or self.old.pointer, self.new.deprecated or self.new.pointer)
            message = "deprecated" if self.new.deprecated else "no longer deprecated"
            yield Difference(Effect.COMPATIBLE, "deprecation-changed", message, *at)

    def added(self, name: str, schema: Schema) -> Difference:
        """A property that the contract does not have."""
        demanded = self.direction is Direction.REQUEST and name in self.new.required
        forbidden = self.direction is Direction.RESPONSE and self.old.closed is not None
        return self.difference(
            Effect.BREAKING if demanded or forbidden else Effect.COMPATIBLE,
            "property-added",
            f"the {'required' if name in self.new.required else 'optional'} property {name} is new {IN[self.direction]}",
            self.old.pointer,
            schema[0].pointer,
            new=name,
        )

    def required(self, old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[Difference]:
        """Properties that both have, and one of them requires."""
        for name in dict.fromkeys((*self.old.required, *self.new.required)):
            before, now = self.old.required.get(name), self.new.required.get(name)
            undescribed = name not in self.old.properties and name not in self.new.properties
            if (before is None) is (now is None) or not (undescribed or (name in old and name in new)):
                continue
            places = (before or self.old.pointer, now or self.new.pointer)
            change = Change.NARROWED if before is None else Change.WIDENED
            word = "required" if before is None else "no longer required"
            message = f"the property {name} is {word} {IN[self.direction]}"
            effect = change.effect(self.direction)
            yield self.difference(
                effect, "required-changed", message, *places, before is not None, now is not None
            )

    def notes(self) -> Iterator[Difference]:
        """Titles, descriptions and examples."""
        yield from notes(self.old.notes, self.new.notes, (self.old.pointer, self.new.pointer))


def notes(old: dict[str, Rule], new: dict[str, Rule], at: tuple[str, str]) -> Iterator[Difference]:
    """What readers are told differently; ``at`` is where the two stand."""
    for keyword in dict.fromkeys((*old, *new)):
        before, now = old.get(keyword), new.get(keyword)
        if before and now and text(before.value) == text(now.value):
            continue
        yield Difference(
            Effect.EDITORIAL,
            f"{keyword}-changed",
            keyword,
            before.pointer if before else at[0],
            now.pointer if now else at[1],
            before.value if before else NOTHING,
            now.value if now else NOTHING,
        )


def _types(types: frozenset[str]) -> Any:
    if types == _ALL:
        return "any"
    shown = sorted(types - {"integer"} if "number" in types else types)
    return shown[0] if len(shown) == 1 else shown


def _limit(shape: Shape, keyword: str) -> Bound | None:
    """A limit that says something: a length of at least 0 does not."""
    bound = shape.bounds.get(keyword)
    if bound and keyword in LOWEST and keyword != "minimum" and bound.value <= 0:
        return None
    return bound


def _values(shape: Shape, keyword: str) -> dict[str, Rule]:
    return {text(rule.value): rule for name, rule in shape.rules.items() if name.rstrip("+") == keyword}


def _related(keyword: str, old: Any, new: Any) -> Change:
    """What a changed rule means, as far as that can be told."""
    if keyword == "format":
        if (old, new) in _NARROWER_FORMATS:
            return Change.NARROWED
        return Change.WIDENED if (new, old) in _NARROWER_FORMATS else Change.CHANGED
    if keyword == "multipleOf" and all(isinstance(each, int) and each > 0 for each in (old, new)):
        return Change.NARROWED if new % old == 0 else Change.WIDENED if old % new == 0 else Change.CHANGED
    return Change.CHANGED
