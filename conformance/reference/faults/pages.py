"""Violations of paging and sorting."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.faults.tools import EVENTS, Registry, around, replace
from conformance.reference.paging import Criterion, Page
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request

fault = Registry()

SHORT = ("getApplicationInstances", *EVENTS)


def _with_query(call: Call, change: Any) -> Call:
    """The call with another query; ``change`` gets name and value and gives the pairs to put there."""
    query = tuple(pair for name, value in call.request.query for pair in change(name, value))
    old = call.request
    return Call(Request(old.method, old.segments, query, old.headers, old.body), call.operation, call.path)


@fault("page-size-ignored-on-events", "Ignores the page size when it lists events.", "CMF-PAGE-SIZE")
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        asked = server.paging.size(call.request.parameter("size"))
        answer = original(_with_query(call, lambda name, value: [] if name == "size" else [(name, value)]))
        return Answer(200, {**answer.value, "pageable": {**answer.value["pageable"], "size": asked}})

    around(server, EVENTS, listing)


@fault("page-size-plus-one", "Shows one item more than asked for.", "CMF-PAGE-SIZE", "CMF-PAGE-PARTITION")
def _(server: Server) -> None:
    def cut(_original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        first = page.number * page.size
        return items[first : first + page.size + 1]

    replace(server.paging, "cut", cut)


@fault("page-size-capped", "Never shows more than 2 items of what was sorted.", "CMF-PAGE-SIZE")
def _(server: Server) -> None:
    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        return original(items, page)[:2] if page.criteria else original(items, page)  # type: ignore[no-any-return]

    replace(server.paging, "cut", cut)


@fault("page-size-capped-on-instances", "Never shows more than one instance on a page.", "CMF-PAGE-SIZE")
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        asked = server.paging.size(call.request.parameter("size"))
        answer = original(_with_query(call, lambda name, value: [] if name == "size" else [(name, value)]))
        items = answer.value["items"]
        number = server.paging.number(call.request.parameter("page"))
        everything = server.instances.of(server.applications.application(call))[::-1]
        if asked > 1:
            items = [server.instances.view(one) for one in everything[number : number + 1]]
        return Answer(
            200, {**answer.value, "items": items, "pageable": {**answer.value["pageable"], "size": asked}}
        )

    around(server, ["getApplicationInstances"], listing)


@fault(
    "page-absent-is-second", "Gives the second page when a size but no page is asked for.", "CMF-PAGE-ZERO"
)
def _(server: Server) -> None:
    def wanted(original: Any, request: Request, properties: Any) -> Page:
        page: Page = original(request, properties)
        given = request.parameter("page") is not None or request.parameter("size") is None
        return page if given else Page(1, page.size, page.criteria)

    replace(server.paging, "wanted", wanted)


@fault(
    "page-zero-skips-first",
    "Leaves the first item out of page 0 when it is asked for.",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-PARTITION",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        value: JsonObject = original(request, items, properties, view)
        return {**value, "items": value["items"][1:]} if request.parameter("page") == "0" else value

    replace(server.paging, "page", page)


@fault(
    "page-counted-from-one",
    "Counts the pages of instances and events from one.",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-PAST-END",
)
def _(server: Server) -> None:
    def earlier(name: str, value: str) -> list[tuple[str, str]]:
        one_based = name == "page" and value.isdecimal() and int(value) > 0
        return [(name, str(int(value) - 1) if one_based else value)]

    def listing(original: Handler, call: Call) -> Answer:
        return original(_with_query(call, earlier))

    around(server, SHORT, listing)


@fault("page-last-loses-item", "Loses the last item of the last page.", "CMF-PAGE-PARTITION")
def _(server: Server) -> None:
    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        shown: Sequence[Any] = original(items, page)
        is_last = page.number > 0 and page.number * page.size + len(shown) >= len(items)
        return shown[:-1] if is_last else shown

    replace(server.paging, "cut", cut)


@fault(
    "page-overlap",
    "Begins every page after the first with the last item of the page before.",
    "CMF-PAGE-PARTITION",
)
def _(server: Server) -> None:
    def cut(_original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        first = page.number * page.size
        if 0 < first < len(items):
            first -= 1
        return items[first : first + page.size]

    replace(server.paging, "cut", cut)


@fault("page-partial-dropped", "Shows no last page that is not full.", "CMF-PAGE-PARTITION")
def _(server: Server) -> None:
    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        shown: Sequence[Any] = original(items, page)
        return shown if page.number == 0 or len(shown) == page.size else ()

    replace(server.paging, "cut", cut)


@fault("page-order-flips", "Turns the order of a page around at every second reading.", "CMF-PAGE-STABLE")
def _(server: Server) -> None:
    readings: dict[tuple[Any, ...], int] = {}

    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        value: JsonObject = original(request, items, properties, view)
        key = (request.segments, request.query)
        readings[key] = readings.get(key, 0) + 1
        flipped = readings[key] % 2 == 0 and request.parameter("sort") is None
        return {**value, "items": value["items"][::-1]} if flipped else value

    replace(server.paging, "page", page)


@fault(
    "page-order-rotates",
    "Begins an unsorted list one item later at every reading.",
    "CMF-PAGE-STABLE",
    "CMF-PAGE-PARTITION",
)
def _(server: Server) -> None:
    readings: dict[tuple[str, ...], int] = {}

    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        readings[request.segments] = readings.get(request.segments, 0) + 1
        by = readings[request.segments] % len(items) if items else 0
        return original(request, [*items[by:], *items[:by]], properties, view)  # type: ignore[no-any-return]

    replace(server.paging, "page", page)


def _past_end(
    server: Server, operations: Sequence[str], behind: Callable[[Handler, Call, Answer], Answer]
) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        number = server.paging.number(call.request.parameter("page"))
        return behind(original, call, answer) if number > 0 and not answer.value["items"] else answer

    around(server, operations, listing)


@fault(
    "page-past-end-404",
    "Answers 404 for a page of applications behind the last one.",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-PARTITION",
)
def _(server: Server) -> None:
    def behind(_original: Handler, _call: Call, _answer: Answer) -> Answer:
        raise Refusal(404, "There is no such page.")

    _past_end(server, ["getApplications"], behind)


@fault("page-past-end-far-404", "Answers 404 for an event page far behind the last one.", "CMF-PAGE-PAST-END")
def _(server: Server) -> None:
    def behind(_original: Handler, call: Call, answer: Answer) -> Answer:
        number, size = server.paging.number(call.request.parameter("page")), answer.value["pageable"]["size"]
        if (number - 1) * size >= answer.value["metadata"]["size"]:
            raise Refusal(404, "There is no such page.")
        return answer

    _past_end(server, EVENTS, behind)


@fault(
    "page-past-end-repeats",
    "Gives the last page again for a page of environments behind it.",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-PARTITION",
)
def _(server: Server) -> None:
    def behind(original: Handler, call: Call, answer: Answer) -> Answer:
        last = max(0, -(-answer.value["metadata"]["size"] // answer.value["pageable"]["size"]) - 1)
        repeated = original(
            _with_query(call, lambda name, value: [(name, str(last) if name == "page" else value)])
        )
        return Answer(200, {**answer.value, "items": repeated.value["items"]})

    _past_end(server, ["getEnvironments"], behind)


@fault(
    "page-empty-404", "Answers 404 for the applications of an environment that has none.", "CMF-PAGE-EMPTY"
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if answer.value["metadata"]["size"] == 0:
            raise Refusal(404, "There are no applications.")
        return answer

    around(server, ["getApplications"], listing)


@fault(
    "page-sort-default-descending", "Sorts in descending order unless asked otherwise.", "CMF-PAGE-SORT-ASC"
)
def _(server: Server) -> None:
    replace(server.paging, "descending", lambda _original, direction: direction != "asc")


@fault("page-sort-asc-descending", "Sorts in descending order when asked for ascending.", "CMF-PAGE-SORT-ASC")
def _(server: Server) -> None:
    replace(server.paging, "descending", lambda _original, direction: direction in {"asc", "desc"})


@fault(
    "page-sort-ignored",
    "Ignores how applications are to be sorted.",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-DESC",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        return original(_with_query(call, lambda name, value: [] if name == "sort" else [(name, value)]))

    around(server, ["getApplications"], listing)


@fault(
    "page-sort-descending-ignored",
    "Sorts in ascending order when asked for descending.",
    "CMF-PAGE-SORT-DESC",
)
def _(server: Server) -> None:
    replace(server.paging, "descending", lambda _original, _direction: False)


@fault("page-sort-per-page", "Sorts each page by itself instead of the whole list.", "CMF-PAGE-SORT-DESC")
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        wanted = server.paging.wanted(request, properties)
        value: JsonObject = original(request, items, properties, view)
        shown = server.paging.cut(items, wanted)
        return {**value, "items": [view(item) for item in server.paging.order(shown, wanted.criteria)]}

    replace(server.paging, "page", page)


@fault("page-sort-first-page-only", "Sorts only the first page of a descending list.", "CMF-PAGE-SORT-DESC")
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        wanted = server.paging.wanted(request, properties)
        value: JsonObject = original(request, items, properties, view)
        descending = any(criterion.descending for criterion in wanted.criteria)
        return {**value, "items": value["items"][::-1]} if descending and wanted.number > 0 else value

    replace(server.paging, "page", page)


@fault("page-sort-by-length", "Sorts names by their length first.", "CMF-PAGE-SORT-ASC", "CMF-PAGE-SORT-DESC")
def _(server: Server) -> None:
    def order(original: Any, items: Sequence[Any], criteria: Sequence[Criterion]) -> list[Any]:
        def by_length(item: Any, criterion: Criterion) -> Any:
            value = criterion.value(item)
            return (len(value), value) if isinstance(value, str) else value

        def lengthened(one: Criterion) -> Criterion:
            return Criterion(lambda item: by_length(item, one), one.descending)

        return original(items, [lengthened(one) for one in criteria])  # type: ignore[no-any-return]

    replace(server.paging, "order", order)


def _choose_criteria(server: Server, choose: Any) -> None:
    replace(server.paging, "order", lambda original, items, criteria: original(items, choose(criteria)))


@fault("page-sort-last-criterion-first", "Lets the last sort criterion count most.", "CMF-PAGE-SORT-MULTIPLE")
def _(server: Server) -> None:
    _choose_criteria(server, lambda criteria: criteria[::-1])


@fault(
    "page-sort-first-criterion-only", "Ignores every sort criterion but the first.", "CMF-PAGE-SORT-MULTIPLE"
)
def _(server: Server) -> None:
    _choose_criteria(server, lambda criteria: criteria[:1])


@fault(
    "page-sort-one-direction",
    "Sorts by every criterion in the direction of the first.",
    "CMF-PAGE-SORT-MULTIPLE",
)
def _(server: Server) -> None:
    _choose_criteria(
        server, lambda criteria: [Criterion(one.value, criteria[0].descending) for one in criteria]
    )


@fault("page-total-plus-one", "Counts one item too many in the metadata of a list.", "CMF-PAGE-TOTAL")
def _(server: Server) -> None:
    replace(server.paging, "total", lambda original, items, shown: original(items, shown) + 1)


@fault(
    "page-total-counts-deleted", "Counts deleted applications in the metadata of a list.", "CMF-PAGE-TOTAL"
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
    replace(server.paging, "pageable", lambda original, page: change(original(page)))


@fault("page-pageable-from-one", "Counts the page in the pageable of a list from one.", "CMF-PAGE-PAGEABLE")
def _(server: Server) -> None:
    _pageable(server, lambda pageable: {**pageable, "page": pageable["page"] + 1})


@fault("page-pageable-default-size", "Says the default size in the pageable of a list.", "CMF-PAGE-PAGEABLE")
def _(server: Server) -> None:
    _pageable(server, lambda pageable: {**pageable, "size": server.paging.default_size})


@fault(
    "page-pageable-shown", "Says the number of items shown as the size in the pageable.", "CMF-PAGE-PAGEABLE"
)
def _(server: Server) -> None:
    def page(original: Any, *details: Any) -> JsonObject:
        value: JsonObject = original(*details)
        return {**value, "pageable": {**value["pageable"], "size": max(1, len(value["items"]))}}

    replace(server.paging, "page", page)


def _broken(_text: str) -> Refusal:
    return Refusal(500, "Internal error.")


@fault("page-negative-500", "Answers 500 for a negative page.", "CMF-PAGE-HOSTILE", "CMF-ERR-SERVER")
def _(server: Server) -> None:
    def number(original: Any, text: str | None) -> int:
        if text is not None and text.startswith("-"):
            raise _broken(text)
        return original(text)  # type: ignore[no-any-return]

    replace(server.paging, "number", number)


@fault("page-size-zero-500", "Answers 500 for the page size 0.", "CMF-PAGE-HOSTILE", "CMF-ERR-SERVER")
def _(server: Server) -> None:
    def size(original: Any, text: str | None) -> int:
        if text == "0":
            raise _broken(text)
        return original(text)  # type: ignore[no-any-return]

    replace(server.paging, "size", size)


@fault("page-huge-500", "Answers 500 for a page or size above 32 bits.", "CMF-PAGE-HOSTILE", "CMF-ERR-SERVER")
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

    replace(server.paging, "number", check)
    replace(server.paging, "size", check)


@fault(
    "page-sort-unknown-500", "Answers 500 for an unknown sort property.", "CMF-PAGE-HOSTILE", "CMF-ERR-SERVER"
)
def _(server: Server) -> None:
    def criteria(original: Any, text: str, properties: Any) -> list[Criterion]:
        try:
            return original(text, properties)  # type: ignore[no-any-return]
        except Refusal:
            raise _broken(text) from None

    replace(server.paging, "criteria", criteria)


@fault("page-sort-flags-text", "Gives the flags of a page's sort as strings.", "CMF-PAGE-SCHEMA")
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
)
def _(server: Server) -> None:
    replace(server.paging, "total", lambda original, items, shown: str(original(items, shown)))


@fault(
    "page-pageable-size-fraction",
    "Gives the size in the pageable of events with a fraction.",
    "CMF-PAGE-SCHEMA",
    "CMF-PAGE-PAGEABLE",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        pageable = answer.value["pageable"]
        return Answer(200, {**answer.value, "pageable": {**pageable, "size": pageable["size"] + 0.5}})

    around(server, EVENTS, listing)
