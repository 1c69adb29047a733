"""Violations of paging and sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.paging import Page
from conformance.reference.replacing import EVENTS, around, own_paging, replace, with_query
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request

fault = Registry()

SHORT = ("getApplicationInstances", *EVENTS)


@fault(
    "page-size-ignored-on-events",
    "Ignores the page size when it lists events.",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-ZERO",
    reason=r"a page of events has as many as asked for: size=.* gave .* events",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        asked = server.paging.size(call.request.parameter("size"))
        answer = original(with_query(call, lambda name, value: [] if name == "size" else [(name, value)]))
        return Answer(200, {**answer.value, "pageable": {**answer.value["pageable"], "size": asked}})

    around(server, EVENTS, listing)


@fault(
    "page-size-plus-one",
    "Shows one instance or event more than asked for.",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-ZERO",
    reason=r"a page of instances has as many as asked for: size=.* gave .* instances",
)
def _(server: Server) -> None:
    def cut(_original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        first = page.number * page.size
        return items[first : first + page.size + 1]

    replace(own_paging(server, server.instances, server.events), "cut", cut)


@fault(
    "page-size-capped",
    "Never shows more than 2 applications when no page is asked for.",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-SIZE",
    reason=r"page .* of applications is the first, and what no page gives: page .* is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        value: JsonObject = original(request, items, properties, view)
        sized = request.parameter("size") is not None and request.parameter("page") is None
        return {**value, "items": value["items"][:2]} if sized else value

    replace(own_paging(server, server.applications), "page", page)


@fault(
    "page-size-capped-on-instances",
    "Never shows more than one instance on a page.",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-ZERO",
    reason=r"a page of instances has as many as asked for: size=.* gave .* instances",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        asked = server.paging.size(call.request.parameter("size"))
        answer = original(with_query(call, lambda name, value: [] if name == "size" else [(name, value)]))
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
    "page-absent-is-second",
    "Gives the second page of applications when a size but no page is asked for.",
    "CMF-PAGE-ZERO",
    reason=r"page .* of applications is the first, and what no page gives: page .* is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def wanted(original: Any, request: Request, properties: Any) -> Page:
        page: Page = original(request, properties)
        given = request.parameter("page") is not None or request.parameter("size") is None
        return page if given else Page(1, page.size, page.criteria)

    replace(own_paging(server, server.applications), "wanted", wanted)


@fault(
    "page-zero-skips-first",
    "Leaves the first event out of page 0 when it is asked for.",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-SIZE",
    "CMF-PAGE-TOTAL",
    reason=r"page .* of events is the first, and what no page gives: page .*/.* is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        value: JsonObject = original(request, items, properties, view)
        return {**value, "items": value["items"][1:]} if request.parameter("page") == "0" else value

    replace(own_paging(server, server.events), "page", page)


@fault(
    "page-counted-from-one",
    "Counts the pages of instances and events from one.",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-PAGEABLE",
    "CMF-PAGE-ZERO",
    reason=r"pages of .* hold all instances, each once: with size=.* the pages miss .* of .* \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def earlier(name: str, value: str) -> list[tuple[str, str]]:
        one_based = name == "page" and value.isdecimal() and int(value) > 0
        return [(name, str(int(value) - 1) if one_based else value)]

    def listing(original: Handler, call: Call) -> Answer:
        return original(with_query(call, earlier))

    around(server, SHORT, listing)


@fault(
    "page-last-loses-item",
    "Loses the last application of the last page of an unsorted list.",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-SIZE",
    reason=r"pages of .* hold all applications, each once: with size=.* the pages miss .* of .* \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        shown: Sequence[Any] = original(items, page)
        is_last = page.number > 0 and not page.criteria and page.number * page.size + len(shown) >= len(items)
        return shown[:-1] if is_last else shown

    replace(own_paging(server, server.applications), "cut", cut)


@fault(
    "page-overlap",
    "Begins every page of unsorted applications after the first with the last item of the page before.",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-ZERO",
    "CMF-PAGE-SIZE",
    reason=r"pages of .* hold all applications, each once: with size=.*, .* occurs twice \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def cut(_original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        first = page.number * page.size
        if 0 < first < len(items) and not page.criteria:
            first -= 1
        return items[first : first + page.size]

    replace(own_paging(server, server.applications), "cut", cut)


@fault(
    "page-partial-dropped",
    "Shows no last page of events that is not full.",
    "CMF-PAGE-PARTITION",
    reason=r"pages of .* hold all events, each once: with size=.* the pages miss .* of .* \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        shown: Sequence[Any] = original(items, page)
        return shown if page.number == 0 or len(shown) == page.size else ()

    replace(own_paging(server, server.events), "cut", cut)


@fault(
    "page-order-flips",
    "Turns the order of a page of applications around at every second reading.",
    "CMF-PAGE-STABLE",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-ZERO",
    reason=r"the same pages of applications, read twice: page .* read again/.* is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    readings: dict[tuple[Any, ...], int] = {}

    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        value: JsonObject = original(request, items, properties, view)
        key = (request.segments, request.query)
        readings[key] = readings.get(key, 0) + 1
        flipped = readings[key] % 2 == 0 and request.parameter("sort") is None
        return {**value, "items": value["items"][::-1]} if flipped else value

    replace(own_paging(server, server.applications), "page", page)


@fault(
    "page-order-rotates",
    "Begins the list of events one item later at every reading.",
    "CMF-PAGE-STABLE",
    "CMF-PAGE-PARTITION",
    "CMF-CONTENT-SAME",
    "CMF-PAGE-ZERO",
    reason=r"the same pages of events, read twice: page .* read again/.* is not as expected \(after waiting .* s\)",
)
def _(server: Server) -> None:
    readings: dict[tuple[str, ...], int] = {}

    def page(original: Any, request: Request, items: Sequence[Any], properties: Any, view: Any) -> JsonObject:
        readings[request.segments] = readings.get(request.segments, 0) + 1
        by = readings[request.segments] % len(items) if items else 0
        return original(request, [*items[by:], *items[:by]], properties, view)  # type: ignore[no-any-return]

    replace(own_paging(server, server.events), "page", page)


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
    "CMF-PAGE-EMPTY",
    "CMF-PAGE-HOSTILE",
    "CMF-PAGE-TOTAL",
    reason=r"pages of applications behind the last are empty: the answer of getApplications came with status 404 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def behind(_original: Handler, _call: Call, _answer: Answer) -> Answer:
        raise Refusal(404, "There is no such page.")

    _past_end(server, ["getApplications"], behind)


@fault(
    "page-past-end-far-404",
    "Answers 404 for an event page far behind the last one.",
    "CMF-PAGE-PAST-END",
    "CMF-PAGE-HOSTILE",
    "CMF-PAGE-TOTAL",
    reason=r"pages of events behind the last are empty: the answer of getApplicationEvents came with status 404 \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def behind(_original: Handler, call: Call, answer: Answer) -> Answer:
        number, size = server.paging.number(call.request.parameter("page")), answer.value["pageable"]["size"]
        if (number - 1) * size >= answer.value["metadata"]["size"]:
            raise Refusal(404, "There is no such page.")
        return answer

    _past_end(server, EVENTS, behind)


@fault(
    "page-past-end-repeats",
    "Gives the last page again for a page of instances behind it.",
    "CMF-PAGE-PAST-END",
    reason=r"pages of instances behind the last are empty: page .* of size .* holds .* of .* \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def behind(original: Handler, call: Call, answer: Answer) -> Answer:
        last = max(0, -(-answer.value["metadata"]["size"] // answer.value["pageable"]["size"]) - 1)
        repeated = original(
            with_query(call, lambda name, value: [(name, str(last) if name == "page" else value)])
        )
        return Answer(200, {**answer.value, "items": repeated.value["items"]})

    _past_end(server, ["getApplicationInstances"], behind)


@fault(
    "page-empty-404",
    "Answers 404 for the applications of an environment that has none.",
    "CMF-PAGE-EMPTY",
    "CMF-ENV-DELETE-CHILDREN",
    "CMF-ENV-RECREATE",
    "CMF-PAGE-TOTAL",
    reason=r"a new environment has a page without applications: the answer of getApplications came with status 404",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if answer.value["metadata"]["size"] == 0:
            raise Refusal(404, "There are no applications.")
        return answer

    around(server, ["getApplications"], listing)


@fault(
    "page-size-at-most-five",
    "Never shows more than 5 applications on a page, whatever size is asked for.",
    "CMF-PAGE-SIZE",
    reason=r"a page of applications has as many as asked for: size=7 gave 5 applications",
)
def _(server: Server) -> None:
    paging = own_paging(server, server.applications)
    replace(paging, "size", lambda original, text: min(original(text), 5))


@fault(
    "page-size-at-most-twelve",
    "Never shows more than 12 applications on a page, whatever size is asked for.",
    "CMF-PAGE-SIZE",
    reason=r"a page of 20 applications has as many, and the next has the rest: page 0 of size 20 has 12 applications",
)
def _(server: Server) -> None:
    paging = own_paging(server, server.applications)
    replace(paging, "size", lambda original, text: min(original(text), 12))


@fault(
    "page-size-needs-page",
    "Takes the page size of applications only together with a page.",
    "CMF-PAGE-SIZE",
    reason=r"so has one of applications without page, and one as YAML: size=1 gave 7 applications",
)
def _(server: Server) -> None:
    def page(original: Handler, call: Call) -> Answer:
        if call.request.parameter("page") is None:
            call = with_query(call, lambda name, value: [] if name == "size" else [(name, value)])
        return original(call)

    around(server, ["getApplications"], page)


@fault(
    "page-first-as-yaml",
    "Shows the first page of applications as YAML, whichever is asked for.",
    "CMF-PAGE-PARTITION",
    "CMF-PAGE-SORT-ASC",
    "CMF-PAGE-SORT-DESC",
    reason=r"a page of applications as YAML is the one as JSON: as YAML, page 1 of size 2/0 is not as expected",
)
def _(server: Server) -> None:
    def page(original: Handler, call: Call) -> Answer:
        if "yaml" in (call.request.headers.get("accept", "")):
            call = with_query(call, lambda name, value: [] if name == "page" else [(name, value)])
        return original(call)

    around(server, ["getApplications"], page)


@fault(
    "page-total-of-all-environments",
    "Counts the applications of all environments in the metadata of the list of one.",
    "CMF-PAGE-TOTAL",
    reason=r"metadata\.size of an empty list is 0: metadata\.size of an empty list is not 0",
)
def _(server: Server) -> None:
    def total(_original: Any, _items: Sequence[Any], _shown: Sequence[Any]) -> int:
        return sum(len(each.applications) for each in server.store.environments.values())

    replace(own_paging(server, server.applications), "total", total)
