"""Kafka catalogs: every cluster and every connection of them is kept."""

from __future__ import annotations

from typing import Any

from conformance import bodies
from conformance.contract.media import JSON, YAML
from conformance.expectations import field, require, require_equal
from conformance.kinds import CATALOG
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

REGISTRY: dict[str, Any] = {"connectionConfig": {"schema.registry.url": "http://registry.invalid:8081"}}


def cluster(number: int, *, secret: bool) -> dict[str, Any]:
    """One Kafka cluster of a catalog."""
    config = {"bootstrap.servers": f"kafka-{number}.invalid:9092", "client.dns.lookup": "use_all_dns_ips"}
    known: dict[str, Any] = {"databaseName": f"database-{number}", "connectionConfig": config}
    return {**known, "connectionSecretId": f"kafka-{number}-secret-id"} if secret else known


SPECS: dict[str, dict[str, Any]] = {
    "of one cluster": {"srInstance": REGISTRY, "kafkaClusters": [cluster(1, secret=False)]},
    "of one cluster with a secret id": {"srInstance": REGISTRY, "kafkaClusters": [cluster(1, secret=True)]},
    "of three clusters with secret ids": {
        "srInstance": {**REGISTRY, "connectionSecretId": "registry-secret-id"},
        "kafkaClusters": [cluster(3, secret=True), cluster(1, secret=True), cluster(2, secret=True)],
    },
    "of clusters with the same connection": {
        "srInstance": REGISTRY,
        "kafkaClusters": [
            {**cluster(1, secret=False), "databaseName": f"database-{number}"} for number in (2, 1, 3)
        ],
    },
    "of clusters with and without a secret id": {
        "srInstance": {**REGISTRY, "connectionSecretId": "registry-secret-id"},
        "kafkaClusters": [cluster(number, secret=number % 2 == 0) for number in range(6)],
    },
}


@requirement("CMF-CAT-CREATE", "CMF-CAT-GET", "CMF-CAT-LIST")
def test_every_part_is_kept(cmf: Cmf, check: Checks) -> None:
    for sent in (JSON, YAML):
        for what, spec in SPECS.items():
            body = {**bodies.catalog(cmf.name("cat")), "spec": spec}
            name = body["metadata"]["name"]
            answer = cmf.catalogs.post(body, media_type=sent)
            with check("CMF-CAT-CREATE", f"a catalog {what}, sent as {sent}, answers 200 with all of it"):
                answer.expect(200)
                CATALOG.require_stored(answer.body, body, "the answer: ")
            answer.needed()
            for read in (JSON, YAML):
                with check(
                    "CMF-CAT-GET", f"a catalog {what}, sent as {sent}, is read as {read} with all of it"
                ):
                    stored = cmf.catalogs.get(name, accept=read).expect(200).body
                    CATALOG.require_stored(stored, body, "the catalog: ")
                    _require_no_other_secrets(stored, spec)
                with check(
                    "CMF-CAT-LIST", f"a catalog {what}, sent as {sent}, is listed as {read} with all of it"
                ):
                    items = [
                        item for item in cmf.catalogs.all(accept=read) if cmf.catalogs.name_of(item) == name
                    ]
                    require(
                        len(items) == 1,
                        f"it is listed {len(items)} times",
                        expected="once",
                        got=str(len(items)),
                    )
                    CATALOG.require_stored(items[0], body, "in the list, the catalog: ")


def _require_no_other_secrets(stored: Any, spec: dict[str, Any]) -> None:
    """A cluster that was sent without a secret id has none."""
    clusters = field(stored, "spec", "kafkaClusters")
    for sent, kept in zip(spec["kafkaClusters"], clusters, strict=True):
        require_equal(
            kept.get("connectionSecretId") or None, sent.get("connectionSecretId"), "connectionSecretId"
        )
