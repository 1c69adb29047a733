"""Pages of a list (contract: parameters page, size and sort; schemas PaginationResponse, Pageable, Sort).

Numbers that make no sense fall back to the defaults, as the framework behind the contract's
``x-spring-paginated`` does; a sort property or direction that nobody knows is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.reference.values import JsonObject, Refusal, Request

Property = Callable[[Any], Any]
"""Takes the value to sort by out of an item; None sorts first."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One ``sort`` criterion."""

    value: Property
    descending: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list was asked for."""

    number: int
    """Counted from zero."""
    size: int
    criteria: tuple[Criterion, ...] = ()


class Paging:
    """Reads what page is meant, cuts it out and describes it."""

    default_size = 20
    max_size = 2000

    def wanted(self, request: Request, properties: Mapping[str, Property]) -> Page:
        """The page that the query asks for; raises Refusal 400 for an unknown sort criterion."""
        criteria: list[Criterion] = []
        for text in request.parameters("sort"):
            criteria += self.criteria(text, properties)
        number, size = self.number(request.parameter("page")), self.size(request.parameter("size"))
        return Page(number, size, tuple(criteria))

    def number(self, text: str | None) -> int:
        """The zero-based page number; 0 for what is none."""
        number = _integer(text)
        return 0 if number is None or number < 0 else number

    def size(self, text: str | None) -> int:
        """The page size, at most the maximum; the default for what is none."""
        size = _integer(text)
        return self.default_size if size is None or size < 1 else min(size, self.max_size)

    def criteria(self, text: str, properties: Mapping[str, Property]) -> list[Criterion]:
        """The criteria of one ``sort`` parameter, ``property[,property...][,asc|desc]``."""
        parts = [part.strip() for part in text.split(",")]
        direction = parts[-1].lower() if len(parts) > 1 else ""
        if direction in {"asc", "desc"}:
            parts.pop()
        names = [part for part in parts if part]
        unknown = [name for name in names if name not in properties]
        if unknown:
            raise Refusal(400, f"Cannot sort by '{unknown[0]}'.")
        return [Criterion(properties[name], self.descending(direction)) for name in names]

    def descending(self, direction: str) -> bool:
        """Whether the direction, which may be missing, is descending."""
        return direction == "desc"

    def order(self, items: Sequence[Any], criteria: Sequence[Criterion]) -> list[Any]:
        """The items in the order of the criteria; equal ones stay in the order they were in."""
        ordered = list(items)
        for criterion in reversed(criteria):
            ordered.sort(key=_sort_key(criterion.value), reverse=criterion.descending)
        return ordered

    def cut(self, items: Sequence[Any], page: Page) -> Sequence[Any]:
        """The items of the page; none behind the end."""
        first = page.number * page.size
        return items[first : first + page.size]

    def pageable(self, page: Page) -> JsonObject:
        """The description of the page."""
        ordered = bool(page.criteria)
        sort = {"sorted": ordered, "unsorted": not ordered, "empty": not ordered}
        return {"page": page.number, "size": page.size, "sort": sort}

    def total(self, items: Sequence[Any], shown: Sequence[Any]) -> int:  # noqa: ARG002 - for those who count otherwise
        """The ``metadata.size`` of a list: the number of all its items."""
        return len(items)

    def page(
        self,
        request: Request,
        items: Sequence[Any],
        properties: Mapping[str, Property],
        view: Callable[[Any], JsonObject],
    ) -> JsonObject:
        """The page of the list that the request asks for, each item as ``view`` shows it."""
        page = self.wanted(request, properties)
        shown = self.cut(self.order(items, page.criteria), page)
        return {
            "pageable": self.pageable(page),
            "metadata": {"size": self.total(items, shown)},
            "items": [view(item) for item in shown],
        }


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _sort_key(value: Property) -> Callable[[Any], tuple[bool, Any]]:
    def key(item: Any) -> tuple[bool, Any]:
        found = value(item)
        return (found is not None, found if found is not None else 0)

    return key
