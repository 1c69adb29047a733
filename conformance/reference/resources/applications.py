"""Flink applications (contract: /cmf/api/v1/environments/{envName}/applications)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.reference.lifecycle import Lifecycle
from conformance.reference.paging import Property
from conformance.reference.resources.common import OWN, RECORD_PROPERTIES, Handler, Resources, Tools
from conformance.reference.shapes import refuse, required, texts
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject

STATES = ("running", "suspended")

PROPERTIES: dict[str, Property] = {
    **RECORD_PROPERTIES,
    "state": lambda application: (application.status or {}).get("lifecycleState"),
    "status.lifecycleState": lambda application: (application.status or {}).get("lifecycleState"),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An application as a client asks for it."""

    name: str
    metadata: JsonObject
    spec: JsonObject


class Applications(Resources):
    """The operations on applications."""

    kind = "FlinkApplication"

    def __init__(self, tools: Tools, lifecycle: Lifecycle) -> None:
        super().__init__(tools)
        self.lifecycle = lifecycle

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on applications."""
        return {
            "createOrUpdateApplication": self.post,
            "getApplications": self.page,
            "getApplication": self.get,
            "deleteApplication": self.delete,
            "startApplication": self.start,
            "suspendApplication": self.suspend,
        }

    def post(self, call: Call) -> Answer:
        """Create the application, or replace it if its name exists in the environment."""
        environment = self.environment(call)
        draft = self.draft(self.body(call))
        existing = self.store.application(environment, draft.name)
        if existing is None:
            return Answer(201, self.view(self.create(environment, draft)))
        self.lifecycle.settle(existing)
        return Answer(201, self.view(self.update(environment, existing, draft)))

    def get(self, call: Call) -> Answer:
        """One application."""
        return Answer(200, self.view(self.application(call)))

    def page(self, call: Call) -> Answer:
        """A page of the applications of an environment."""
        applications = self.store.list_applications(self.environment(call))
        for application in applications:
            self.lifecycle.settle(application)
        return self.listed(call, applications, PROPERTIES, self.view_in_list)

    def delete(self, call: Call) -> Answer:
        """Remove the application."""
        environment = self.environment(call)
        self.remove(environment, self.application(call))
        return Answer(200)

    def start(self, call: Call) -> Answer:
        """Let the application run; nothing changes if it is to run already."""
        application = self.application(call)
        if not application.running:
            self.set_state(application, "running")
            self.lifecycle.started(self.environment(call), application)
        return Answer(200, self.view(application))

    def suspend(self, call: Call) -> Answer:
        """Suspend the application; nothing changes if it is suspended already."""
        application = self.application(call)
        if application.running:
            self.set_state(application, "suspended")
            self.lifecycle.suspended(application)
        return Answer(200, self.view(application))

    def application(self, call: Call) -> Application:
        """The application that the path names, as it is now; raises Refusal 404."""
        name = call.path["appName"]
        application = self.store.application(self.environment(call), name)
        if application is None:
            raise self.unknown(name)
        self.lifecycle.settle(application)
        return application

    def draft(self, body: JsonObject) -> Draft:
        """What the body asks for (contract: schema FlinkApplication); raises Refusal 400 or 422."""
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = required(body, "spec", dict)
        self.check_spec(spec)
        return Draft(name, metadata, spec)

    def metadata(self, body: JsonObject) -> tuple[str, JsonObject]:
        """The legal name and everything else in the metadata, which is free in form; raises Refusal."""
        metadata = required(body, "metadata", dict)
        name = required(metadata, "name", str, "metadata.")
        self.check_name(name)
        for key in ("labels", "annotations"):
            if key in metadata:
                texts(metadata[key], f"metadata.{key}", self.content_status)
        return name, {key: value for key, value in metadata.items() if key not in ("name", *OWN)}

    def check_spec(self, spec: JsonObject) -> None:
        """Raise Refusal 422 for a job that is no object or has a state that no job can be told to have."""
        job = spec.get("job", {})
        if not isinstance(job, dict):
            raise refuse("spec.job", "must be an object", self.content_status)
        if "state" in job and job["state"] not in STATES:
            raise refuse("spec.job.state", f"must be one of {', '.join(STATES)}", self.content_status)

    def create(self, environment: Environment, draft: Draft) -> Application:
        """Store a new application."""
        now = self.tools.clock.stamp()
        application = Application(draft.name, draft.metadata, draft.spec, now, now)
        self.store.add_application(environment, application)
        self.lifecycle.created(environment, application)
        return application

    def update(self, environment: Environment, application: Application, draft: Draft) -> Application:
        """Replace metadata and spec of an application."""
        before = application.spec
        application.metadata, application.spec = draft.metadata, draft.spec
        application.updated = self.tools.clock.stamp()
        self.lifecycle.updated(environment, application, before)
        return application

    def set_state(self, application: Application, state: str) -> None:
        """Write the job state, and nothing else, into the spec."""
        job = {**application.spec.get("job", {}), "state": state}
        application.spec = {**application.spec, "job": job}
        application.updated = self.tools.clock.stamp()

    def remove(self, environment: Environment, application: Application) -> None:
        """Remove an application that exists."""
        self.store.remove_application(environment, application)

    def view(self, application: Application) -> JsonObject:
        """An application in an answer; without a status while nothing is known of it."""
        view = {**self.head(), "metadata": self.view_metadata(application), "spec": application.spec}
        if application.status is not None:
            view["status"] = application.status
        return view

    def view_in_list(self, application: Application) -> JsonObject:
        """An application in a list."""
        return self.view(application)
