"""Violations by what stands on the pages of a list: on later ones, and in the place of items that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.paging import Page
from conformance.reference.replacing import around, drop, own_paging, replace, reshape
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


@fault(
    "page-later-without-job",
    "Shows applications without their job on every page but the first.",
    "CMF-APP-LIST",
    reason=r"each is on its page with the values that are read of it alone: on its page, the application/spec/job is not as expected",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.paging.number(call.request.parameter("page")) == 0:
            return answer
        items = [drop("spec", "job")({**item, "spec": dict(item["spec"])}) for item in answer.value["items"]]
        return Answer(200, {**answer.value, "items": items})

    around(server, ["getApplications"], listing)


@fault(
    "page-holes",
    "Leaves the places of deleted applications on their pages empty.",
    "CMF-PAGE-SIZE",
    reason=r"the first page of applications is full after one of it was deleted: page 0 of size 2 has 1",
)
def _(server: Server) -> None:
    ever: dict[Environment, list[Application]] = {}
    gone: set[Application] = set()

    def add(original: Any, environment: Environment, application: Application) -> None:
        ever.setdefault(environment, []).append(application)
        original(environment, application)

    def remove(original: Any, environment: Environment, application: Application) -> None:
        gone.add(application)
        original(environment, application)

    def cut(original: Any, items: Sequence[Any], page: Page) -> Sequence[Any]:
        return [one for one in original(items, page) if one not in gone]

    def total(_original: Any, items: Sequence[Any], _shown: Sequence[Any]) -> int:
        return sum(one not in gone for one in items)

    replace(server.store, "add_application", add)
    replace(server.store, "remove_application", remove)
    replace(server.store, "list_applications", lambda _original, environment: ever.get(environment, []))
    paging = own_paging(server, server.applications)
    replace(paging, "cut", cut)
    replace(paging, "total", total)


@fault(
    "page-pageable-clipped",
    "Names the last page as the page behind it.",
    "CMF-PAGE-PAGEABLE",
    reason=r"pageable of applications is what was asked for: pageable\.page is not what was asked for",
)
def _(server: Server) -> None:
    def clipped(value: JsonObject) -> JsonObject:
        pageable, total = value["pageable"], value["metadata"]["size"]
        last = max(0, (total - 1) // pageable["size"])
        return {**value, "pageable": {**pageable, "page": min(pageable["page"], last)}}

    reshape(server, ["getApplications"], clipped)
