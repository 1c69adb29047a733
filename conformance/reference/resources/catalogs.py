"""Kafka catalogs (contract: /cmf/api/v1/catalogs/kafka)."""

from __future__ import annotations

from typing import Any

from conformance.reference.resources.common import RECORD_PROPERTIES, Handler, Resources
from conformance.reference.shapes import as_object, optional, refuse, required, texts
from conformance.reference.store import Record
from conformance.reference.values import Answer, Call, JsonObject, Refusal


class KafkaCatalogs(Resources):
    """The operations on Kafka catalogs, which are created once and never changed."""

    kind = "KafkaCatalog"

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on catalogs."""
        return {
            "createKafkaCatalog": self.post,
            "getKafkaCatalogs": self.page,
            "getKafkaCatalog": self.get,
            "deleteKafkaCatalog": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the catalog; raises Refusal 409 if its name exists."""
        body = self.body(call)
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = self.spec(body)
        if name in self.store.catalogs:
            raise Refusal(409, f"KafkaCatalog '{name}' already exists.")
        now = self.tools.clock.stamp()
        catalog = self.store.catalogs[name] = Record(name, metadata, spec, now, now)
        return Answer(200, self.view(catalog))

    def page(self, call: Call) -> Answer:
        """A page of catalogs."""
        return self.listed(call, list(self.store.catalogs.values()), RECORD_PROPERTIES, self.view)

    def get(self, call: Call) -> Answer:
        """One catalog."""
        return Answer(200, self.view(self.catalog(call)))

    def delete(self, call: Call) -> Answer:
        """Remove the catalog."""
        del self.store.catalogs[self.catalog(call).name]
        return Answer(204)

    def catalog(self, call: Call) -> Record:
        """The catalog that the path names; raises Refusal 404."""
        name = call.path["catName"]
        catalog = self.store.catalogs.get(name)
        if catalog is None:
            raise self.unknown(name)
        return catalog

    def spec(self, body: JsonObject) -> JsonObject:
        """The spec of a body (contract: KafkaCatalogSpec); raises Refusal 400 or 422."""
        spec = required(body, "spec", dict)
        registry = self.connection(required(spec, "srInstance", dict, "spec."), "spec.srInstance.")
        clusters: list[JsonObject] = []
        for position, value in enumerate(required(spec, "kafkaClusters", list, "spec.")):
            where = f"spec.kafkaClusters[{position}]"
            cluster = as_object(value, where)
            name = required(cluster, "databaseName", str, where + ".")
            clusters.append({"databaseName": name, **self.connection(cluster, where + ".")})
        names = [cluster["databaseName"] for cluster in clusters]
        if len(set(names)) < len(names):
            raise refuse("spec.kafkaClusters", "must not name a database twice", self.content_status)
        return {"srInstance": registry, "kafkaClusters": clusters}

    def connection(self, value: JsonObject, where: str) -> JsonObject:
        """How to connect to a registry or a cluster; raises Refusal 400."""
        configuration = required(value, "connectionConfig", dict, where)
        connection: dict[str, Any] = {"connectionConfig": texts(configuration, where + "connectionConfig")}
        secret = optional(value, "connectionSecretId", str, where)
        return connection if secret is None else {**connection, "connectionSecretId": secret}

    def view(self, catalog: Record) -> JsonObject:
        """A catalog (contract: schema KafkaCatalog, whose metadata have no update time)."""
        return {
            **self.head(),
            "metadata": self.view_metadata(catalog, updated=False),
            "spec": catalog.spec,
        }
