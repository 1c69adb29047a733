"""Hypothesis strategies for bodies that the contract allows and a real CMF has no reason to refuse.

Names are placeholders (see ``names``).  Applications are always suspended, so that none starts a pod.
Whatever is free text is drawn from a fixed alphabet: the tables of Unicode differ between Python
versions, and the same seed must give the same bodies in all of them.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance import bodies
from conformance.config import Features
from conformance.properties.names import NAME, NAMESPACE

Object = dict[str, Any]

# fmt: off
_ALPHABET = "abcdXYZ019 -_.,:;/\\\"'#%&*!|>@`~?=+<()[]\u00e9\u00df\u0416\u6f22\u05d0\u0301\U0001f642\n\t"
_LOOK_ALIKES = (
    "yes", "no", "on", "null", "~", "true", "1.10", "0123", "0x1F", "1e3", "12:30:00", "2025-03-31", "",
)
_TEXTS = (
    "caf\u00e9 \u2013 na\u00efve", "\u65e5\u672c\u8a9e", "\u0645\u0631\u062d\u0628\u0627", "e\u0301\u0323",
    "\U0001f642\U0001f469\u200d\U0001f4bb", "line one\nline two\n", "tab\tand \"quotes\" and 'more'",
    "C:\\path\\n", " leading and trailing ", "# not a comment", "key: value", "- item", "[1, 2]",
    "{not: a map}",
    "&anchor *alias !tag", "%TAG", "<b>&amp;</b>", "'; DROP TABLE x; --",
)
# fmt: on
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def names() -> SearchStrategy[str]:
    """Legal names of every shape that the pattern allows: dots, digits first and last, repeated hyphens."""
    label = st.builds(
        lambda first, hyphens, last: f"{first}{'-' * hyphens}{last}",
        st.text(_LETTERS, min_size=1, max_size=4),
        st.integers(0, 2),
        st.text(_LETTERS, min_size=1, max_size=3),
    )
    suffix = st.builds(lambda joint, text: joint + text, st.sampled_from(("-", "--", ".", "")), label)
    return st.one_of(st.just(NAME), st.builds(lambda end: NAME + end, suffix))


def texts() -> SearchStrategy[str]:
    """Any text that must be kept as it is: scripts, quotes, line breaks, look-alikes of other types."""
    return st.one_of(st.sampled_from(_TEXTS), st.sampled_from(_LOOK_ALIKES), st.text(_ALPHABET, max_size=24))


def kubernetes_labels() -> SearchStrategy[dict[str, str]]:
    """Kubernetes labels: short ASCII keys, with or without a domain, and values of at most 63 characters."""
    value = st.one_of(
        st.just(""),
        st.text(_LETTERS, min_size=1, max_size=63),
        st.sampled_from(("A_b.c-9", "true", "1.10", "0123")),
    )
    return st.dictionaries(_keys(), value, max_size=3)


def kubernetes_annotations() -> SearchStrategy[dict[str, str]]:
    """Kubernetes annotations: keys as those of labels, values of any text."""
    return st.dictionaries(_keys(), texts(), max_size=3)


def _keys() -> SearchStrategy[str]:
    plain = st.text(_LETTERS, min_size=1, max_size=12)
    domain = st.sampled_from(("", "example.com/", "a.b-c.example/"))
    return st.builds(lambda prefix, key: prefix + key, domain, plain)


def flink_configuration() -> SearchStrategy[dict[str, str]]:
    """Flink options, whose values are always texts, and user options of any text."""
    return st.fixed_dictionaries(
        {},
        optional={
            "taskmanager.numberOfTaskSlots": st.sampled_from(("1", "2", "4")),
            "execution.checkpointing.interval": st.sampled_from(("10s", "1 min", "60000")),
            "pipeline.operator-chaining.enabled": st.sampled_from(("true", "false")),
            "metrics.reporters": st.just("prom"),
            "restart-strategy.type": st.sampled_from(("fixed-delay", "disable")),
            "env.java.opts.all": st.just('-Dkey="a value" -XX:+UseG1GC'),
            "user.text": texts(),
        },
    )


def _resources() -> SearchStrategy[Object]:
    return st.fixed_dictionaries(
        {"memory": st.sampled_from(("1024m", "2048m", "2g")), "cpu": st.sampled_from((1, 2, 0.5, 1.5))},
    )


def _pod_template() -> SearchStrategy[Object]:
    variable = st.fixed_dictionaries({"name": st.sampled_from(("LANG", "TEXT")), "value": texts()})
    container = st.fixed_dictionaries(
        {"name": st.just("flink-main-container"), "env": st.lists(variable, max_size=2)},
    )
    containers = st.lists(container, min_size=1, max_size=1)
    return st.fixed_dictionaries({"spec": st.fixed_dictionaries({"containers": containers})})


def _managers(*, replicas: bool) -> SearchStrategy[Object]:
    more: dict[str, SearchStrategy[Any]] = {"podTemplate": _pod_template()}
    if replicas:
        more["replicas"] = st.integers(1, 3)
    return st.fixed_dictionaries({"resource": _resources()}, optional=more)


def application_specs(features: Features) -> SearchStrategy[Object]:
    """Specs as the documentation shows them, complete and suspended."""
    job = st.fixed_dictionaries(
        {
            "jarURI": st.just(features.jar_uri),
            "state": st.just("suspended"),
            "parallelism": st.integers(1, 8),
            "upgradeMode": st.just("stateless"),
        },
        optional={
            "args": st.lists(texts(), max_size=3),
            "entryClass": st.just("org.apache.flink.streaming.examples.statemachine.StateMachineExample"),
            "allowNonRestoredState": st.booleans(),
        },
    )
    return st.fixed_dictionaries(
        {
            "image": st.just(features.image),
            "flinkVersion": st.just(features.flink_version),
            "flinkConfiguration": flink_configuration(),
            "serviceAccount": st.just(features.service_account),
            "jobManager": _managers(replicas=False),
            "taskManager": _managers(replicas=True),
            "job": job,
        },
        optional={
            "imagePullPolicy": st.sampled_from(("IfNotPresent", "Always", "Never")),
            "restartNonce": st.integers(0, 2**31 - 1),
            "logConfiguration": st.just(
                {"log4j-console.properties": "rootLogger.level = INFO\nmonitorInterval = 30\n"}
            ),
            "podTemplate": _pod_template(),
        },
    )


def application_bodies(features: Features) -> SearchStrategy[Object]:
    """Bodies for ``createOrUpdateApplication``."""
    metadata = st.fixed_dictionaries(
        {"name": names()},
        optional={"labels": kubernetes_labels(), "annotations": kubernetes_annotations()},
    )
    return st.fixed_dictionaries(
        {
            "apiVersion": st.just(bodies.API_VERSION),
            "kind": st.just("FlinkApplication"),
            "metadata": metadata,
            "spec": application_specs(features),
        },
    )


def environment_bodies(features: Features) -> SearchStrategy[Object]:
    """Bodies for ``createOrUpdateEnvironment``: every optional property present or absent."""
    metadata = st.fixed_dictionaries(
        {}, optional={"labels": kubernetes_labels(), "annotations": kubernetes_annotations()}
    )
    spec = st.fixed_dictionaries(
        {},
        optional={
            "image": st.just(features.image),
            "flinkVersion": st.just(features.flink_version),
            "flinkConfiguration": flink_configuration(),
            "serviceAccount": st.just(features.service_account),
            "taskManager": _managers(replicas=True),
        },
    )
    cluster = st.fixed_dictionaries(
        {},
        optional={
            "flinkVersion": st.just(features.flink_version),
            "flinkConfiguration": flink_configuration(),
            "taskManager": st.fixed_dictionaries({"resource": _resources()}),
        },
    )
    pool = st.fixed_dictionaries({}, optional={"type": st.just("DEDICATED"), "clusterSpec": cluster})
    statements = st.fixed_dictionaries({}, optional={"flinkConfiguration": flink_configuration()})
    return st.fixed_dictionaries(
        {"name": names()},
        optional={
            "kubernetesNamespace": st.just(NAMESPACE),
            "flinkApplicationDefaults": st.fixed_dictionaries(
                {}, optional={"metadata": metadata, "spec": spec}
            ),
            "computePoolDefaults": st.fixed_dictionaries({}, optional={"metadata": metadata, "spec": pool}),
            "statementDefaults": st.fixed_dictionaries(
                {},
                optional={"detached": statements, "interactive": statements},
            ),
        },
    )
