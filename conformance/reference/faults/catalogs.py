"""Violations by the operations on Kafka catalogs."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import CATALOG
from conformance.reference.replacing import around, at, drop, replace, reshape, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Record
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


@fault(
    "cat-create-answer-last-cluster-lost",
    "Leaves the last of three clusters out of the answer to a creation.",
    "CMF-CAT-CREATE",
    reason=r"a catalog of three clusters with secret ids, sent as application/json, answers 200 with all of it: the answer: /spec/kafkaClusters is not",
)
def _(server: Server) -> None:
    reshape(server, [CATALOG.create], at(lambda all_of: all_of[:2], "spec", "kafkaClusters"))


@fault(
    "cat-get-second-secret-lost",
    "Shows the connection secret of the first cluster only.",
    "CMF-CAT-GET",
    reason=r"a catalog of three clusters with secret ids, sent as application/json, is read as application/json with all of it: the catalog:",
)
def _(server: Server) -> None:
    def change(clusters: list[JsonObject]) -> list[JsonObject]:
        others = [
            {key: value for key, value in one.items() if key != "connectionSecretId"} for one in clusters[1:]
        ]
        return [*clusters[:1], *others]

    reshape(server, [CATALOG.get], at(change, "spec", "kafkaClusters"))


@fault(
    "cat-get-by-beginning",
    "Finds a catalog by its name without the last letter.",
    "CMF-CAT-GET-UNKNOWN",
    reason=r"the beginning of an existing name, and more than it: the answer of getKafkaCatalog came with status 200",
)
def _(server: Server) -> None:
    tools.found_by_beginning(server, CATALOG, CATALOG.get)


@fault(
    "cat-conflict-overwrites-spec",
    "Answers 409 for an existing catalog, but takes the new spec the third time.",
    "CMF-CAT-CONFLICT",
    "CMF-CONC-CREATE",
    reason=r"after posting it with another body as application/yaml the catalog is as it was: the catalog: /spec/srInstance/connectionConfig/client\.id",
)
def _(server: Server) -> None:
    def change(record: Record, body: JsonObject) -> None:
        record.spec = body.get("spec", record.spec)

    tools.conflict_overwrites(server, CATALOG, change)


@fault(
    "cat-list-annotations-lost",
    "Lists catalogs without annotations on small pages.",
    "CMF-CAT-LIST",
    reason=r"each is listed, on pages of .* as application/json, with the values that are read of it alone: in the list, .*:",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, CATALOG, drop("metadata", "annotations"))


@fault(
    "cat-delete-still-listed",
    "Lists a deleted catalog until another is created.",
    "CMF-CAT-DELETE",
    reason=r"afterwards it can't be read and is not listed: a deleted catalog is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    tools.ghost_listed(server, CATALOG)


@fault(
    "cat-delete-twice-204",
    "Answers 204 for the deletion of a deleted catalog.",
    "CMF-CAT-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteKafkaCatalog came with status 204",
)
def _(server: Server) -> None:
    tools.deleted_answers(server, CATALOG, 204)


@fault(
    "cat-recreate-uid-back",
    "Gives a new catalog the uid of the deleted one of its name.",
    "CMF-CAT-RECREATE",
    reason=r"nothing of the old catalog is left: it has the uid of the old one",
)
def _(server: Server) -> None:
    tools.remembers(server, CATALOG, tools.old_uid)


@fault(
    "cat-body-database-name-missing",
    "Accepts a second cluster without a database name.",
    "CMF-CAT-BODY",
    reason=r"a second cluster without database name is refused: the answer of createKafkaCatalog came with status 200",
)
def _(server: Server) -> None:
    def spec(original: Any, body: JsonObject) -> JsonObject:
        given = body.get("spec")
        clusters = given.get("kafkaClusters") if isinstance(given, dict) else None
        if isinstance(given, dict) and isinstance(clusters, list):
            named = [
                {"databaseName": f"database-{number}", **one} if number and isinstance(one, dict) else one
                for number, one in enumerate(clusters)
            ]
            body = {**body, "spec": {**given, "kafkaClusters": named}}
        return original(body)  # type: ignore[no-any-return]

    replace(server.catalogs, "spec", spec)


@fault(
    "cat-refused-created",
    "Refuses labels of the wrong type, but creates the catalog without them.",
    "CMF-CAT-REFUSED",
    "CMF-CAT-NAME-REFUSED",
    reason=r"none of .* refused bodies created a catalog: refused for \[.*\], it is listed all the same",
)
def _(server: Server) -> None:
    tools.created_though_refused(server, CATALOG)


@fault(
    "cat-schema-uid-number",
    "Shows the uid of a catalog as a number in small lists.",
    "CMF-CAT-SCHEMA",
    "CMF-CAT-LIST",
    reason=r"answers of getKafkaCatalogs: .* .* is not of type .*",
)
def _(server: Server) -> None:
    tools.listed_otherwise(
        server, CATALOG, lambda item: {**item, "metadata": {**item["metadata"], "uid": 17}}
    )


@fault(
    "cat-list-without-secret-ids",
    "Leaves the ids of connection secrets out of the list of catalogs.",
    "CMF-CAT-LIST",
    reason=r"is listed as application/json with all of it: in the list, the catalog: /spec/.*/connectionSecretId is not as stored",
)
def _(server: Server) -> None:
    def change(catalog: Any) -> Any:
        for part in (*catalog["spec"]["kafkaClusters"], catalog["spec"]["srInstance"]):
            part.pop("connectionSecretId", None)
        return catalog

    reshape_each(server, [CATALOG.page], change)


@fault(
    "page-pageable-size-of-last-page",
    "Tells the number of its items as the size of a page of catalogs or applications that is not full.",
    "CMF-PAGE-PAGEABLE",
    reason=r"pageable of applications is what was asked for: pageable\.size is not what was asked for",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        count = len(answer.value["items"])
        if not 0 < count < answer.value["pageable"]["size"]:
            return answer
        return Answer(200, {**answer.value, "pageable": {**answer.value["pageable"], "size": count}})

    around(server, [CATALOG.page, "getApplications"], listing)
