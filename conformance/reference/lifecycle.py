"""How an application changes in time: what it is told, what it does, and what it leaves behind.

Told to run, an application gets a new instance at once, and its status follows in steps; told to suspend, it goes
to ``SUSPENDED`` in steps.  The steps have their times when they are planned and are taken when somebody looks
(``settle``), so what is seen depends on the clock alone and never on who reads how often.
"""

from __future__ import annotations

import uuid
from typing import Any

from conformance.reference.clock import Clock
from conformance.reference.store import Application, Environment, Event, Instance, Step
from conformance.reference.values import JsonObject

KEPT = 100
"""How many events and instances of an application are kept."""

# Delay in seconds at pace 1, lifecycle state, job state, state of the job manager's deployment.
Plan = tuple[tuple[float, str, str | None, str], ...]
START: Plan = (
    (0.05, "CREATED", "RECONCILING", "MISSING"),
    (0.15, "DEPLOYED", "RECONCILING", "DEPLOYING"),
    (0.30, "STABLE", "RUNNING", "READY"),
)
RESTART: Plan = (
    (0.05, "UPGRADING", "RECONCILING", "MISSING"),
    (0.15, "DEPLOYED", "RECONCILING", "DEPLOYING"),
    (0.30, "STABLE", "RUNNING", "READY"),
)
IDLE: Plan = ((0.05, "CREATED", None, "MISSING"), (0.15, "SUSPENDED", None, "MISSING"))
STOP: Plan = ((0.05, "UPGRADING", "CANCELLING", "READY"), (0.15, "SUSPENDED", "SUSPENDED", "MISSING"))


def merged(under: JsonObject, over: JsonObject) -> JsonObject:
    """The two objects as one: objects in both are merged, anything else of ``over`` wins."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        result[key] = merged(below, value) if both and isinstance(below, dict) else value
    return result


def part(value: Any, *keys: str) -> JsonObject:
    """The object found by following the keys; empty when there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


class Lifecycle:
    """Plans the steps of applications and takes those that are due."""

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self.clock = clock
        self.pace = pace

    def instance_spec(self, environment: Environment, application: Application) -> JsonObject:
        """The environment's defaults merged with the spec (contract: FlinkApplicationInstance status.spec)."""
        defaults = part(environment.settings, "flinkApplicationDefaults", "spec")
        return merged(defaults, application.spec)

    def is_to_run(self, environment: Environment, application: Application) -> bool:
        """Whether the application, the environment's defaults considered, is to run; by default it is."""
        job = part(self.instance_spec(environment, application), "job")
        return bool(job.get("state", "running") != "suspended")

    def created(self, environment: Environment, application: Application) -> None:
        """An application came into being."""
        application.running = self.is_to_run(environment, application)
        if application.running:
            self.new_instance(environment, application)
        self.note(application, "CMF_STATUS", "FlinkApplication created", "CREATED", application.created)
        self.plan(application, START if application.running else IDLE)

    def updated(self, environment: Environment, application: Application, before: JsonObject) -> None:
        """The spec of an application was replaced; ``before`` is the spec it had."""
        ran, application.running = application.running, self.is_to_run(environment, application)
        if application.spec == before:
            return
        application.generation += 1
        self.note(application, "CMF_STATUS", "FlinkApplication updated", "UPDATED", application.updated)
        if application.running:
            self.new_instance(environment, application)
            self.plan(application, RESTART)
        elif ran:
            self.plan(application, STOP)

    def started(self, environment: Environment, application: Application) -> None:
        """A suspended application was told to run."""
        application.running = True
        application.generation += 1
        self.note(application, "CMF_STATUS", "FlinkApplication started", "STARTED", application.updated)
        self.new_instance(environment, application)
        self.plan(application, RESTART)

    def suspended(self, application: Application) -> None:
        """A running application was told to suspend."""
        application.running = False
        application.generation += 1
        self.note(application, "CMF_STATUS", "FlinkApplication suspended", "SUSPENDED", application.updated)
        self.plan(application, STOP)

    def new_instance(self, environment: Environment, application: Application) -> Instance:
        """The instance of a new run."""
        at = application.updated
        instance = Instance(self.instance_spec(environment, application), at, at)
        application.instances.append(instance)
        del application.instances[:-KEPT]
        return instance

    def note(self, application: Application, kind: str, message: str, status: str, at: int) -> None:
        """Add an event."""
        instance = application.instances[-1].uid if application.instances else None
        application.events.append(Event(kind, message, status, at, instance))
        del application.events[:-KEPT]

    def plan(self, application: Application, plan: Plan) -> None:
        """Replace what is still to come by the steps of the plan."""
        application.steps.clear()
        for delay, lifecycle, job, deployment in plan:
            at = application.updated + round(delay * self.pace * 1000)
            application.steps.append(Step(at, lifecycle, job, deployment))

    def settle(self, application: Application) -> None:
        """Take every step that is due."""
        now = self.clock.now()
        while application.steps and application.steps[0].at <= now:
            self.take(application, application.steps.popleft())

    def take(self, application: Application, step: Step) -> None:
        """Take one step: the status, the instance and the events follow it."""
        before = application.status or {}
        status: JsonObject = {
            "lifecycleState": step.lifecycle,
            "jobManagerDeploymentStatus": step.deployment,
            "observedGeneration": application.generation,
        }
        instance = application.instances[-1] if application.instances else None
        if instance is not None:
            status["currentDeployedInstanceName"] = instance.uid
        if instance is not None and step.job is not None:
            if step.job == "RUNNING" and instance.job_id is None:
                instance.job_id = uuid.uuid4().hex
            instance.state, instance.updated = step.job, step.at
            status["jobStatus"] = self.job_status(application, instance)
        application.status = status
        if before.get("lifecycleState") != step.lifecycle:
            message = f"Cluster is {step.lifecycle}"
            self.note(application, "CLUSTER_STATUS", message, step.lifecycle, step.at)
        if step.job is not None and part(before, "jobStatus").get("state") != step.job:
            self.note(application, "JOB_STATUS", f"Job is {step.job}", step.job, step.at)

    def job_status(self, application: Application, instance: Instance) -> JsonObject:
        """The status of the job of an instance."""
        status: JsonObject = {"jobName": application.name, "state": instance.state}
        if instance.job_id is not None:
            status["jobId"] = instance.job_id
        return {**status, "startTime": str(instance.created), "updateTime": str(instance.updated)}
