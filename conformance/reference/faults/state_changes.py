"""Violations by start and suspend that change more of an application than its state."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import part
from conformance.reference.replacing import drop, replace
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment

fault = Registry()


def suspend_all(server: Server, environment: Environment) -> None:
    """Suspend the applications of an environment that run."""
    for application in environment.applications.values():
        if application.running:
            server.applications.set_state(application, "suspended")
            server.lifecycle.suspended(application)


def after_state(server: Server, state: str, spoil: Any) -> None:
    """Spoil an application once its state is set."""

    def set_state(original: Any, application: Application, new: str) -> None:
        original(application, new)
        if new == state:
            spoil(application)

    replace(server.applications, "set_state", set_state)


def _without_metadata(key: str) -> Any:
    def spoil(application: Application) -> None:
        application.metadata = drop(key)(dict(application.metadata))

    return spoil


def _reset_parallelism(application: Application) -> None:
    job = part(application.spec, "job")
    if "parallelism" in job:
        application.spec = {**application.spec, "job": {**job, "parallelism": 1}}


def _reset_upgrade_mode(application: Application) -> None:
    job = part(application.spec, "job")
    if "upgradeMode" in job:
        application.spec = {**application.spec, "job": {**job, "upgradeMode": "savepoint"}}


def _first_configuration(application: Application) -> None:
    first = dict(list(part(application.spec, "flinkConfiguration").items())[:1])
    application.spec = {**application.spec, "flinkConfiguration": first}


@fault(
    "app-start-drops-labels",
    "Drops the labels of an application when it starts.",
    "CMF-APP-START-SPEC",
    reason=r"the first start changes nothing but the state: after start, the application/metadata/labels is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "running", _without_metadata("labels"))


@fault(
    "app-start-resets-parallelism",
    "Sets the parallelism to 1 when an application starts.",
    "CMF-APP-START-SPEC",
    "CMF-INST-SPEC",
    reason=r"the first start changes nothing but the state: after start, the application/spec/job/parallelism is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "running", _reset_parallelism)


@fault(
    "app-start-drops-configuration",
    "Keeps only the first Flink configuration entry at a start.",
    "CMF-APP-START-SPEC",
    "CMF-INST-SPEC",
    reason=r"the first start changes nothing but the state: after start, the application/spec/flinkConfiguration/taskmanager\.numberOfTaskSlots is not as",
)
def _(server: Server) -> None:
    after_state(server, "running", _first_configuration)


@fault(
    "app-suspend-drops-annotations",
    "Drops the annotations of an application at suspend.",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"the first suspend changes nothing but the state: after suspend, the application/metadata/annotations is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "suspended", _without_metadata("annotations"))


@fault(
    "app-suspend-sets-upgrade-mode",
    "Sets the upgrade mode to savepoint at suspend.",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"the first suspend changes nothing but the state: after suspend, the application/spec/job/upgradeMode is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "suspended", _reset_upgrade_mode)


@fault(
    "app-suspend-resets-parallelism",
    "Sets the parallelism to 1 at suspend.",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"the first suspend changes nothing but the state: after suspend, the application/spec/job/parallelism is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "suspended", _reset_parallelism)


def _without_prefixed_labels(application: Application) -> None:
    labels = {key: value for key, value in part(application.metadata, "labels").items() if "/" not in key}
    application.metadata = {**application.metadata, "labels": labels}


def _without_log_configuration(application: Application) -> None:
    application.spec = {key: value for key, value in application.spec.items() if key != "logConfiguration"}


@fault(
    "app-suspend-drops-prefixed-labels",
    "Drops labels whose keys have a prefix at suspend.",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"the first suspend changes nothing but the state: after suspend, the application/metadata/labels/example.com/owner is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "suspended", _without_prefixed_labels)


@fault(
    "app-start-drops-log-configuration",
    "Drops the logging of an application when it starts.",
    "CMF-APP-START-SPEC",
    reason=r"the first start changes nothing but the state: after start, the application/spec/logConfiguration is not as stored",
)
def _(server: Server) -> None:
    after_state(server, "running", _without_log_configuration)


@fault(
    "app-start-writes-defaults",
    "Writes the environment's defaults into the spec of an application that starts.",
    "CMF-APP-START-SPEC",
    reason=r"a start writes no defaults into the spec, those that are first: in the spec, execution\.checkpointing\.interval is not as",
)
def _(server: Server) -> None:
    def started(original: Any, environment: Environment, application: Application) -> None:
        application.spec = server.lifecycle.instance_spec(environment, application)
        original(environment, application)

    replace(server.lifecycle, "started", started)
