"""Violations by the spec of instances: the application's own, the environment's defaults in its gaps."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import merged, part
from conformance.reference.replacing import INSTANCES, around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


@fault(
    "inst-spec-without-defaults",
    "Leaves the environment's defaults out of the spec of an instance.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: flinkConfiguration of the instance/execution\.checkpointing\.interval is not",
)
def _(server: Server) -> None:
    replace(server.lifecycle, "instance_spec", lambda _original, _environment, application: application.spec)


@fault(
    "inst-spec-defaults-win",
    "Lets the environment's defaults win over the application's spec.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: flinkConfiguration of the instance/taskmanager\.numberOfTaskSlots is not as",
)
def _(server: Server) -> None:
    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        defaults = part(environment.settings, "flinkApplicationDefaults", "spec")
        spec = merged(application.spec, defaults)
        job = part(application.spec, "job")
        return {**spec, "job": {**part(spec, "job"), **job}} if job else spec

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault(
    "inst-spec-false-is-none",
    "Takes a value of the application that is false, zero or empty for one that is not there.",
    "CMF-INST-SPEC",
    reason=r"the application's value wins, though it is false: the environment's true wins over the application's false",
)
def _(server: Server) -> None:
    def sparse(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sparse(each) for key, each in value.items() if each or isinstance(each, dict)}
        return value

    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        defaults = part(environment.settings, "flinkApplicationDefaults", "spec")
        return merged(defaults, sparse(application.spec))

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault(
    "inst-spec-shallow",
    "Merges the defaults and the spec at their first level only.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: flinkConfiguration of the instance/execution\.checkpointing\.interval is not",
)
def _(server: Server) -> None:
    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        return {**part(environment.settings, "flinkApplicationDefaults", "spec"), **application.spec}

    replace(server.lifecycle, "instance_spec", instance_spec)


@fault(
    "inst-spec-live",
    "Merges the spec of an instance anew whenever it is read.",
    "CMF-INST-SPEC",
    reason=r"later changes of the defaults and of the application do not reach it: flinkConfiguration of the earlier",
)
def _(server: Server) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        environment, application = (
            server.environments.environment(call),
            server.applications.application(call),
        )
        for instance in application.instances:
            instance.spec = server.lifecycle.instance_spec(environment, application)
        return original(call)

    around(server, INSTANCES, behaviour)


def _own_spec_with_configuration(environment: Environment, application: Application) -> JsonObject:
    """The application's spec, of the defaults only the Flink configuration merged into it."""
    usual = part(environment.settings, "flinkApplicationDefaults", "spec", "flinkConfiguration")
    configuration = merged(usual, part(application.spec, "flinkConfiguration"))
    return {**application.spec, "flinkConfiguration": configuration}


@fault(
    "inst-spec-gaps-stay",
    "Fills gaps of an application's spec with the environment's defaults in its Flink configuration alone.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: the spec of the instance/imagePullPolicy is not as stored",
)
def _(server: Server) -> None:
    replace(
        server.lifecycle,
        "instance_spec",
        lambda _original, environment, application: _own_spec_with_configuration(environment, application),
    )


@fault(
    "inst-spec-defaults-win-elsewhere",
    "Lets the environment's defaults win over the application's spec in everything but the Flink configuration and the job.",
    "CMF-INST-SPEC",
    reason=r"the application.*s fill the gaps: the spec of the instance/image is not as stored",
)
def _(server: Server) -> None:
    def instance_spec(_original: Any, environment: Environment, application: Application) -> JsonObject:
        usual = part(environment.settings, "flinkApplicationDefaults", "spec")
        elsewhere = {key: value for key, value in usual.items() if key not in {"flinkConfiguration", "job"}}
        return merged(merged(usual, application.spec), elsewhere)

    replace(server.lifecycle, "instance_spec", instance_spec)
