"""Violations of sorting, and of what a list says about itself."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.paging import Criterion
from conformance.reference.replacing import EVENTS, around, own_paging, replace, with_query
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request

fault = Registry()


@fault(
    "page-sort-default-descending",
    "Sorts in descending order unless asked otherwise.",
    "CMF-PAGE-SORT-ASC",
    reason=r"environments sort in ascending order without direction, pages of .*: the order of environments with sort=name, size=.*/.* is not as",
)
def _(server: Server) -> None:
    replace(own_paging(server), "descending", lambda _original, direction: direction != "asc")


@fault(
    "page-sort-asc-descending",
    "Sorts in descending order when asked for ascending.",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"environments sort in ascending order, pages of .*: the order of environments with sort=name,asc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    replace(own_paging(server), "descending", lambda _original, direction: direction in {"asc", "desc"})


@fault(
    "page-sort-ignored",
    "Ignores how applications are to be sorted.",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-DESC",
    reason=r"applications sort in ascending order, pages of .*: the order of applications with sort=name,asc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        return original(with_query(call, lambda name, value: [] if name == "sort" else [(name, value)]))

    around(server, ["getApplications"], listing)


@fault(
    "page-sort-descending-ignored",
    "Sorts in ascending order when asked for descending.",
    "CMF-PAGE-SORT-DESC",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"environments sort in descending order, pages of .*: the order of environments with sort=name,desc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    replace(own_paging(server), "descending", lambda _original, _direction: False)


@fault(
    "page-sort-per-page",
    "Sorts each page by itself instead of the whole list.",
    "CMF-PAGE-SORT-DESC",
    "CMF-PAGE-SORT-ASC",
    reason=r"environments sort in descending order, pages of .*: the order of environments with sort=name,desc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        wanted = server.paging.wanted(request, properties)
        value: JsonObject = original(request, items, properties, view)
        shown = server.paging.cut(items, wanted)
        return {**value, "items": [view(item) for item in server.paging.order(shown, wanted.criteria)]}

    replace(own_paging(server), "page", page)


@fault(
    "page-sort-first-page-only",
    "Sorts only the first page of a descending list.",
    "CMF-PAGE-SORT-DESC",
    reason=r"environments sort in descending order, pages of .*: the order of environments with sort=name,desc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        wanted = server.paging.wanted(request, properties)
        value: JsonObject = original(request, items, properties, view)
        descending = any(criterion.descending for criterion in wanted.criteria)
        return {**value, "items": value["items"][::-1]} if descending and wanted.number > 0 else value

    replace(own_paging(server), "page", page)


@fault(
    "page-sort-by-length",
    "Sorts names by their length first.",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-DESC",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"environments sort in ascending order, pages of .*: the order of environments with sort=name,asc, size=.*/.* is not as expected",
)
def _(server: Server) -> None:
    def order(original: Any, items: Sequence[Any], criteria: Sequence[Criterion]) -> list[Any]:
        def by_length(item: Any, criterion: Criterion) -> Any:
            value = criterion.value(item)
            return (len(value), value) if isinstance(value, str) else value

        def lengthened(one: Criterion) -> Criterion:
            return Criterion(lambda item: by_length(item, one), one.descending)

        return original(items, [lengthened(one) for one in criteria])  # type: ignore[no-any-return]

    replace(own_paging(server), "order", order)


def _choose_criteria(server: Server, choose: Any) -> None:
    replace(own_paging(server), "order", lambda original, items, criteria: original(items, choose(criteria)))


@fault(
    "page-sort-last-criterion-first",
    "Lets the last sort criterion count most.",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"the first criterion decides: the order with sort=name,desc and created_time,asc/.* is not as expected",
)
def _(server: Server) -> None:
    _choose_criteria(server, lambda criteria: criteria[::-1])


@fault(
    "page-sort-first-criterion-only",
    "Ignores every sort criterion but the first.",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"the second criterion orders what the first leaves equal: the order with sort=kubernetesNamespace,asc and name,desc/.* is not as expected",
)
def _(server: Server) -> None:
    _choose_criteria(server, lambda criteria: criteria[:1])


@fault(
    "page-sort-one-direction",
    "Sorts by every criterion in the direction of the first.",
    "CMF-PAGE-SORT-MULTIPLE",
    reason=r"the second criterion orders what the first leaves equal: the order with sort=kubernetesNamespace,asc and name,desc/.* is not as expected",
)
def _(server: Server) -> None:
    _choose_criteria(
        server, lambda criteria: [Criterion(one.value, criteria[0].descending) for one in criteria]
    )


@fault(
    "page-total-plus-one",
    "Counts one item too many in the metadata of a list.",
    "CMF-PAGE-TOTAL",
    reason=r"metadata\.size counts environments: metadata\.size of page .* counts something else \(after waiting .* s\)",
)
def _(server: Server) -> None:
    replace(own_paging(server), "total", lambda original, items, shown: original(items, shown) + 1)


@fault(
    "page-total-counts-deleted",
    "Counts deleted applications in the metadata of a list.",
    "CMF-PAGE-TOTAL",
    reason=r"metadata\.size does not count what was deleted beside .*: metadata\.size is not the number of items \(after waiting .* s\)",
)
def _(server: Server) -> None:
    deleted: dict[Environment, int] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        deleted[environment] = deleted.get(environment, 0) + 1
        original(environment, application)

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        more = deleted.get(server.environments.environment(call), 0)
        size = answer.value["metadata"]["size"] + more
        return Answer(200, {**answer.value, "metadata": {"size": size}})

    replace(server.applications, "remove", remove)
    around(server, ["getApplications"], listing)


def _pageable(server: Server, change: Any) -> None:
    replace(own_paging(server), "pageable", lambda original, page: change(original(page)))


@fault(
    "page-pageable-from-one",
    "Counts the page in the pageable of a list from one.",
    "CMF-PAGE-PAGEABLE",
    reason=r"pageable of environments is what was asked for: pageable\.page is not what was asked for",
)
def _(server: Server) -> None:
    _pageable(server, lambda pageable: {**pageable, "page": pageable["page"] + 1})


@fault(
    "page-pageable-default-size",
    "Says the default size in the pageable of a list.",
    "CMF-PAGE-PAGEABLE",
    reason=r"pageable of environments is what was asked for: pageable\.size is not what was asked for",
)
def _(server: Server) -> None:
    _pageable(server, lambda pageable: {**pageable, "size": server.paging.default_size})


@fault(
    "page-pageable-shown",
    "Says the number of items shown as the size in the pageable.",
    "CMF-PAGE-PAGEABLE",
    reason=r"pageable of instances is what was asked for: pageable\.size is not what was asked for",
)
def _(server: Server) -> None:
    def page(original: Any, *details: Any) -> JsonObject:
        value: JsonObject = original(*details)
        return {**value, "pageable": {**value["pageable"], "size": max(1, len(value["items"]))}}

    replace(own_paging(server), "page", page)


def _broken(_text: str) -> Refusal:
    return Refusal(500, "Internal error.")


@fault(
    "page-negative-500",
    "Answers 500 for a negative page.",
    "CMF-PAGE-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"environments with page=.*: the answer of getEnvironments came with status 500",
)
def _(server: Server) -> None:
    def number(original: Any, text: str | None) -> int:
        if text is not None and text.startswith("-"):
            raise _broken(text)
        return original(text)  # type: ignore[no-any-return]

    replace(own_paging(server), "number", number)


@fault(
    "page-size-zero-500",
    "Answers 500 for the page size 0.",
    "CMF-PAGE-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"environments with size=.*: the answer of getEnvironments came with status 500",
)
def _(server: Server) -> None:
    def size(original: Any, text: str | None) -> int:
        if text == "0":
            raise _broken(text)
        return original(text)  # type: ignore[no-any-return]

    replace(own_paging(server), "size", size)


@fault(
    "page-huge-500",
    "Answers 500 for a page or size above 32 bits.",
    "CMF-PAGE-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"environments with page=.*: the answer of getEnvironments came with status 500",
)
def _(server: Server) -> None:
    def check(original: Any, text: str | None) -> int:
        if (
            text is not None
            and text.isascii()
            and text.isdecimal()
            and (len(text) > 10 or int(text) >= 2**31)
        ):
            raise _broken(text)
        return original(text)  # type: ignore[no-any-return]

    paging = own_paging(server)
    replace(paging, "number", check)
    replace(paging, "size", check)


@fault(
    "page-sort-unknown-500",
    "Answers 500 for an unknown sort property.",
    "CMF-PAGE-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"environments with sort=.*: the answer of getEnvironments came with status 500",
)
def _(server: Server) -> None:
    def criteria(original: Any, text: str, properties: Any) -> list[Criterion]:
        try:
            return original(text, properties)  # type: ignore[no-any-return]
        except Refusal:
            raise _broken(text) from None

    replace(own_paging(server), "criteria", criteria)


@fault(
    "page-sort-flags-text",
    "Gives the flags of a page's sort as strings.",
    "CMF-PAGE-SCHEMA",
    reason=r"answers of getEnvironments: /pageable/sort/sorted: .* is not of type .*",
)
def _(server: Server) -> None:
    _pageable(
        server,
        lambda value: {**value, "sort": {key: str(flag).lower() for key, flag in value["sort"].items()}},
    )


@fault(
    "page-total-text",
    "Gives the size in the metadata of a list as a string.",
    "CMF-PAGE-SCHEMA",
    "CMF-PAGE-TOTAL",
    reason=r"answers of getEnvironments: /metadata/size: .* is not of type .*",
)
def _(server: Server) -> None:
    replace(own_paging(server), "total", lambda original, items, shown: str(original(items, shown)))


@fault(
    "page-pageable-size-fraction",
    "Gives the size in the pageable of events with a fraction.",
    "CMF-PAGE-SCHEMA",
    "CMF-PAGE-PAGEABLE",
    reason=r"answers of getApplicationEvents: /pageable/size: .* is not of type .*",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        pageable = answer.value["pageable"]
        return Answer(200, {**answer.value, "pageable": {**pageable, "size": pageable["size"] + 0.5}})

    around(server, EVENTS, listing)


@fault(
    "page-sort-needs-page",
    "Sorts applications only together with a page.",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-DESC",
    reason=r"applications sort in descending order without page and size, and as YAML: the order of applications with sort=name,desc, size=None/.* is not as expected",
)
def _(server: Server) -> None:
    def page(original: Handler, call: Call) -> Answer:
        if call.request.parameter("page") is None:
            call = with_query(call, lambda name, value: [] if name == "sort" else [(name, value)])
        return original(call)

    around(server, ["getApplications"], page)
