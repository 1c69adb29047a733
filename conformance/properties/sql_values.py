"""Hypothesis strategies for bodies of the statement family, as the documentation shows them; none starts a pod.

``{needed}`` stands for the live resource that a body refers to (see ``names``).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance import bodies
from conformance.config import Features
from conformance.properties.names import NAME, NEEDED
from conformance.properties.values import (
    Object,
    flink_configuration,
    kubernetes_annotations,
    kubernetes_labels,
    names,
    texts,
)

AS_IT_WAS = {"note": "as it was"}
"""What parents are marked with where any text is legal."""


def _resource(
    kind: str, spec: SearchStrategy[Object], name: SearchStrategy[str] | None = None
) -> SearchStrategy[Object]:
    metadata = st.fixed_dictionaries(
        {"name": names() if name is None else name},
        optional={"labels": kubernetes_labels(), "annotations": kubernetes_annotations()},
    )
    return st.fixed_dictionaries(
        {
            "apiVersion": st.just(bodies.API_VERSION),
            "kind": st.just(kind),
            "metadata": metadata,
            "spec": spec,
        }
    )


def statement_bodies(features: Features) -> SearchStrategy[Object]:
    """Bodies for ``createStatement``: a statement that only reads metadata."""
    known = bodies.statement(NAME, features, pool=NEEDED)["spec"]
    spec = st.fixed_dictionaries(
        {key: st.just(known[key]) for key in ("statement", "properties", "computePoolName")},
        optional={
            "flinkConfiguration": flink_configuration(),
            "parallelism": st.integers(1, 4),
            "stopped": st.just(False),  # noqa: FBT003 - a value of the contract
        },
    )
    return _resource("Statement", spec)


def statement_updates(features: Features) -> SearchStrategy[Object]:
    """Bodies for ``updateStatement`` that change what may be changed in every phase: labels and annotations."""
    known = bodies.statement(NAME, features, pool=NEEDED, configuration=AS_IT_WAS)["spec"]
    spec = st.fixed_dictionaries(
        {key: st.just(value) for key, value in known.items()},
        optional={"stopped": st.just(False), "parallelism": st.just(1)},  # noqa: FBT003
    )
    return _resource("Statement", spec, st.just(NAME))


def compute_pool_bodies(features: Features) -> SearchStrategy[Object]:
    """Bodies for ``createComputePool``: dedicated pools of all shapes."""
    manager = st.fixed_dictionaries(
        {
            "resource": st.fixed_dictionaries(
                {"cpu": st.sampled_from((0.5, 1, 1.5)), "memory": st.sampled_from(("1024m", "2g"))}
            )
        }
    )
    cluster = st.fixed_dictionaries(
        {
            "flinkVersion": st.just(features.flink_version),
            "image": st.just(features.sql_image),
            "taskManager": manager,
            "jobManager": manager,
        },
        optional={"flinkConfiguration": flink_configuration()},
    )
    spec = st.fixed_dictionaries({"type": st.just("DEDICATED"), "clusterSpec": cluster})
    return _resource("ComputePool", spec)


def secret_bodies(features: Features) -> SearchStrategy[Object]:  # noqa: ARG001 - one signature for all
    """Bodies for ``createSecret``: properties of a connection, with values of any text."""
    return _resource("Secret", _secret())


def secret_updates(features: Features) -> SearchStrategy[Object]:  # noqa: ARG001
    """Bodies for ``updateSecret``."""
    return _resource("Secret", _secret(), st.just(NAME))


def _secret() -> SearchStrategy[Object]:
    data = st.fixed_dictionaries(
        {"sasl.mechanism": st.sampled_from(("PLAIN", "SCRAM-SHA-512"))},
        optional={"sasl.jaas.config": texts(), "basic.auth.user.info": texts()},
    )
    return st.fixed_dictionaries({"data": data})


def mapping_bodies(features: Features) -> SearchStrategy[Object]:  # noqa: ARG001
    """Bodies for ``createEnvironmentSecretMapping``."""
    return _resource("EnvironmentSecretMapping", _mapping())


def mapping_updates(features: Features) -> SearchStrategy[Object]:  # noqa: ARG001
    """Bodies for ``updateEnvironmentSecretMapping``."""
    return _resource("EnvironmentSecretMapping", _mapping(), st.just(NAME))


def _mapping() -> SearchStrategy[Object]:
    return st.fixed_dictionaries({"secretName": st.just(NEEDED)})


def catalog_bodies(features: Features) -> SearchStrategy[Object]:  # noqa: ARG001
    """Bodies for ``createKafkaCatalog``: one to three databases, with and without credentials."""

    def connection(key: str, value: str) -> dict[str, SearchStrategy[Any]]:
        more = st.dictionaries(st.sampled_from(("client.id", "client.dns.lookup")), texts(), max_size=2)
        return {"connectionConfig": more.map(lambda rest: {key: value, **rest})}

    identity = {"connectionSecretId": st.just(NAME)}
    registry = st.fixed_dictionaries(
        connection("schema.registry.url", "http://schema-registry.invalid:8081"), optional=identity
    )
    kafka = connection("bootstrap.servers", "kafka.invalid:9092")
    databases = st.integers(1, 3).flatmap(
        lambda count: st.tuples(
            *(
                st.fixed_dictionaries({"databaseName": st.just(f"database-{n}"), **kafka}, optional=identity)
                for n in range(count)
            )
        ).map(list)
    )
    spec = st.fixed_dictionaries({"srInstance": registry, "kafkaClusters": databases})
    return _resource("KafkaCatalog", spec)
