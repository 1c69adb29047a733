"""What holds for the pages of every list, whoever put the items there: shared by the scenarios about lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from conformance.contract.media import JSON, YAML
from conformance.expectations import Broken, eventually, optional, require, require_equal, require_unique
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf, Collection

Check: TypeAlias = Callable[[str, str], AbstractContextManager[None]]
"""What observes a requirement, under a name."""
SURE = 20
"""The page size that every target gives (erratum ERR-PAGE-DEFAULT)."""
SETTLED = 3.0
"""Seconds in which a list that others may be changing must once be seen unchanged."""
RULES = (
    "CMF-PAGE-SIZE",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-STABLE",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-TOTAL",
    "CMF-PAGE-PAGEABLE",
)
"""What ``judge_pages`` judges."""
WAYS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "sorted by name": {"sort": "name,asc"},
    "sorted by metadata.name, descending": {"sort": "metadata.name,desc"},
    "as YAML": {"accept": YAML},
}
"""How a whole list can be asked for."""
HOSTILE: list[list[tuple[str, str]]] = [
    *(
        [("page", value)]
        for value in (
            "-1",
            "abc",
            "1.5",
            "",
            "99999999999999999999",
            "-2147483649",
            "0x1",
            "٣",
            "1e3",
            "null",
        )
    ),
    *([("size", value)] for value in ("0", "-1", "abc", "", "99999999999999999999", "2147483648", "1.5")),
    *(
        [("sort", value)]
        for value in (
            "nosuch,asc",
            "name,sideways",
            ",",
            "",
            "name,asc,desc",
            "'; drop table--",
            "metadata..name",
            "é,asc",
            "a" * 2000,
        )
    ),
    [("page", "0"), ("page", "1")],
    [("size", "2"), ("size", "x")],
    [("page", "1000000"), ("size", "1000000")],
    [("unknown", "parameter")],
    [("page", "\0")],
]
"""Query parameters that no list should stumble over."""


@dataclass(frozen=True)
class Listed:
    """A list that nothing in the scenario changes."""

    collection: Collection
    mine: frozenset[str]
    """The names that are sure to be in it; others may come and go in a list that is shared."""

    @property
    def moving(self) -> Callable[[], object] | None:
        """What looks at a list that others may be changing; None for one that is this scenario's alone."""
        if not self.collection.is_global:
            return None
        return self._glance

    def all(self) -> list[str]:
        """The names of the whole list."""
        return self.collection.names()

    def names(self, answer: Answer) -> list[str]:
        """The names on one page."""
        return [self.collection.name_of(item) for item in answer.expect(200).items]

    def _glance(self) -> object:
        try:
            return self.all()
        except Broken:
            return self.collection.list(size=100).raw


def in_peace(listed: Listed, observe: Callable[[], None]) -> None:
    """Observe a list; one that is shared is observed anew when others have changed it meanwhile."""
    if listed.moving is None:
        observe()
    else:
        eventually(observe, within=SETTLED, moving=listed.moving)


def in_every_way(collection: Collection) -> Iterator[tuple[str, list[str]]]:
    """The names in a whole list, by each way of asking for it that the target takes, and how it was asked."""
    for way, how in WAYS.items():
        if not how or collection.list(size=100, **how).status < 400:
            yield way, collection.names(**how)


def judge_pages(check: Check, listed: Listed, which: str) -> None:
    """Judge the pages of a list of at least three items by ``RULES``."""
    collection = listed.collection
    total = len(listed.all())

    def page_sizes(sizes: Iterable[int], **how: Any) -> None:
        for size in sizes:
            got = len(collection.list(size=size, **how).expect(200).items)
            require(got == size, f"size={size} gave {got} {which}", expected=str(size), got=str(got))

    with check("CMF-PAGE-SIZE", f"a page of {which} has as many as asked for"):
        page_sizes((1, 2, 3, min(len(listed.mine), SURE)), page=0)
    with check("CMF-PAGE-SIZE", f"so has one of {which} without page, and one as YAML"):
        page_sizes((1, 3))
        page_sizes((1, 3), page=0, accept=YAML)
    with check("CMF-PAGE-ZERO", f"page 0 of {which} is the first, and what no page gives"):
        eventually(lambda: _require_zero(listed), within=SETTLED, moving=listed.moving)
    for size in (
        {1, 2, 3, max(2, total - 1), total, total + 3}
        if total <= 12
        else {max(2, min(total // 5, 99)), max(3, min(total // 5, 99) + 1)}
    ):
        with check("CMF-PAGE-PARTITION", f"pages of {size} hold all {which}, each once"):
            eventually(lambda: _require_partition(listed, size), within=SETTLED, moving=listed.moving)
    with check("CMF-PAGE-PARTITION", f"a page of {which} as YAML is the one as JSON"):
        eventually(lambda: _require_same_as_yaml(listed), within=SETTLED, moving=listed.moving)
    with check("CMF-PAGE-STABLE", f"the same pages of {which}, read twice"):
        eventually(lambda: _require_stable(listed), within=SETTLED, moving=listed.moving)
    with check("CMF-PAGE-PAST-END", f"pages of {which} behind the last are empty"):
        eventually(lambda: _require_end(listed), within=SETTLED, moving=listed.moving)
    with check("CMF-PAGE-TOTAL", f"metadata.size counts {which}"):
        eventually(lambda: _require_totals(listed), within=SETTLED, moving=listed.moving)
    with check("CMF-PAGE-PAGEABLE", f"pageable of {which} is what was asked for"):
        # Also of the last page, which is not full, and of one behind it.
        behind = len(listed.all()) + 3
        for page, size in ((0, 2), (1, 2), (1, 3), (2, 1), _partial(len(listed.all())), (behind, 2)):
            answer = collection.list(page=page, size=size)
            if page == behind and answer.status >= 400:
                continue  # that it is empty, and no error, is another requirement's matter
            answer.expect(200)
            for key, asked in (("page", page), ("size", size)):
                told = optional(answer.body, "pageable", key)
                require(
                    told is None or told == asked,
                    f"pageable.{key} is not what was asked for",
                    expected=str(asked),
                    got=repr(told),
                )


def _require_zero(listed: Listed) -> None:
    everything = listed.names(listed.collection.list(size=100))
    require_equal(listed.names(listed.collection.list(page=0, size=100)), everything, "page 0")
    first = listed.names(listed.collection.list(page=0, size=2))
    require_equal(first, everything[:2], "page 0 of size 2")
    require_equal(listed.names(listed.collection.list(page=1, size=2)), everything[2:4], "page 1 of size 2")
    default = listed.names(listed.collection.list())
    require_equal(listed.names(listed.collection.list(page=0)), default, "page 0 of the default size")
    require_equal(default[: len(everything)], everything[: len(default)], "the list without parameters")


def _require_partition(listed: Listed, size: int) -> None:
    met = listed.collection.names(size=size)
    require_unique(met, f"with size={size},")
    everything = listed.all()
    missing = [name for name in everything if name not in met]
    require(
        not missing,
        f"with size={size} the pages miss {len(missing)} of {len(everything)}",
        expected="all",
        got=", ".join(missing[:3]),
    )
    require_equal(met, everything, f"the order over pages of {size}")


def _require_same_as_yaml(listed: Listed) -> None:
    for page, size in ((1, 2), (0, 3), (2, 1)):
        given, again = (
            listed.names(listed.collection.list(page=page, size=size, accept=accept))
            for accept in (JSON, YAML)
        )
        require_equal(again, given, f"as YAML, page {page} of size {size}")


def _require_end(listed: Listed) -> None:
    total = len(listed.all())
    # The first page past the end, of sizes that fill the last page and of sizes that do not, and pages far behind it.
    for page, size in (
        (total, 1),
        (-(-total // 2), 2),
        (-(-total // 3), 3),
        *((_pages(listed, total, size), size) for size in (max(1, total), total + 1)),
        (total, 5),
        (1000, 5),
    ):
        items = listed.collection.list(page=page, size=size).expect(200).items
        require(
            not items,
            f"page {page} of size {size} holds {len(items)} of {total}",
            expected="no items",
            got=f"{len(items)} items",
        )


def _pages(listed: Listed, total: int, size: int) -> int:
    """How many pages of that size there are, which a target may make smaller (erratum ERR-PAGE-DEFAULT)."""
    given = len(listed.collection.list(page=0, size=size).expect(200).items) or size
    return -(-total // min(given, size))


def _require_stable(listed: Listed) -> None:
    for page, size in ((0, 5), (1, 2)):
        first = listed.names(listed.collection.list(page=page, size=size))
        require_equal(
            listed.names(listed.collection.list(page=page, size=size)), first, f"page {page} read again"
        )


def _partial(total: int) -> tuple[int, int]:
    """The number and the size of a last page that is not full."""
    size = next((size for size in (2, 3, 4, 5, 7) if total % size), 11)
    return total // size, size


def _require_totals(listed: Listed) -> None:
    total = len(listed.all())
    # Also of the last page that is not full, and of the last that is.
    for page, size in (
        (0, 2),
        (0, 100),
        (1, 2),
        _partial(total),
        (max(0, total // 2 - 1), 2),
        (1000, 2),
    ):
        answer = listed.collection.list(page=page, size=size).expect(200)
        told = optional(answer.body, "metadata", "size")
        legal = {total, len(answer.items)}
        require(
            told is None or told in legal,
            f"metadata.size of page {page} counts something else",
            expected=" or ".join(map(str, sorted(legal))),
            got=repr(told),
        )


def sort_keys(which: str) -> tuple[str, ...]:
    """How the name may be addressed in a sort parameter (erratum ERR-SORT-PROPERTY)."""
    return ("name",) if which == "environments" else ("name", "metadata.name")


def judge_hostile_parameters(
    check: Check, operation: str, names: Mapping[str, str], which: str, cmf: Cmf
) -> None:
    """Judge how a list takes each of ``HOSTILE``; it must have answered without them."""
    for query in HOSTILE:
        shown = "&".join(f"{key}={value[:30]!r}" for key, value in query)
        with check("CMF-PAGE-HOSTILE", f"{which} with {shown}"):
            answer = cmf.call(operation, names, query=query).expect(200, 400, 414, 422)
            if answer.status == 200:
                require(isinstance(answer.items, list), "the answer is no page")
