"""Environments (contract: /cmf/api/v1/environments)."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.reference.clock import rfc3339
from conformance.reference.names import NameRule
from conformance.reference.paging import Property
from conformance.reference.resources.common import Handler, Resources, Tools
from conformance.reference.shapes import optional, refuse, required, texts
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject

DEFAULT_NAMESPACE = "default"

PROPERTIES: dict[str, Property] = {
    "name": lambda environment: environment.name,
    "metadata.name": lambda environment: environment.name,
    "created_time": lambda environment: environment.created,
    "createdTime": lambda environment: environment.created,
    "metadata.creationTimestamp": lambda environment: environment.created,
    "updated_time": lambda environment: environment.updated,
    "updatedTime": lambda environment: environment.updated,
    "metadata.updateTimestamp": lambda environment: environment.updated,
    "kubernetesNamespace": lambda environment: environment.namespace,
    "kubernetes_namespace": lambda environment: environment.namespace,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An environment as a client asks for it."""

    name: str
    namespace: str | None
    settings: JsonObject


class Environments(Resources):
    """The operations on environments."""

    kind = "Environment"
    content_status = 400

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.namespace_rule = NameRule(minimum=1)

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on environments."""
        return {
            "createOrUpdateEnvironment": self.post,
            "getEnvironments": self.page,
            "getEnvironment": self.get,
            "deleteEnvironment": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the environment, or replace it if its name exists."""
        draft = self.draft(self.body(call))
        existing = self.store.environment(draft.name)
        stored = self.create(draft) if existing is None else self.update(existing, draft)
        return Answer(201, self.view(stored))

    def get(self, call: Call) -> Answer:
        """One environment."""
        return Answer(200, self.view(self.environment(call)))

    def page(self, call: Call) -> Answer:
        """A page of environments."""
        return self.listed(call, self.store.list_environments(), PROPERTIES, self.view_in_list)

    def delete(self, call: Call) -> Answer:
        """Remove the environment and everything in it."""
        self.remove(self.environment(call))
        return Answer(200)

    def draft(self, body: JsonObject) -> Draft:
        """What the body asks for (contract: schema PostEnvironment); raises Refusal 400."""
        name = required(body, "name", str)
        complaint = self.name_rule.complaint(name)
        if complaint:
            raise refuse("name", complaint)
        namespace = optional(body, "kubernetesNamespace", str)
        complaint = self.namespace_rule.complaint(namespace) if namespace is not None else None
        if complaint:
            raise refuse("kubernetesNamespace", complaint)
        return Draft(name, namespace, self.settings(body))

    def settings(self, body: JsonObject) -> JsonObject:
        """The defaults in the body; raises Refusal 400."""
        settings: JsonObject = {}
        for key in ("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults"):
            value = optional(body, key, dict)
            if value is not None:
                settings[key] = value
        self.check_statement_defaults(settings.get("statementDefaults", {}))
        return settings

    def check_statement_defaults(self, defaults: JsonObject) -> None:
        """Raise Refusal 400 unless the parts are as in the schema AllStatementDefaults."""
        for key in ("detached", "interactive"):
            where = f"statementDefaults.{key}."
            configured = optional(defaults, key, dict, "statementDefaults.")
            if configured is not None and "flinkConfiguration" in configured:
                texts(configured["flinkConfiguration"], where + "flinkConfiguration")

    def create(self, draft: Draft) -> Environment:
        """Store a new environment."""
        now = self.tools.clock.stamp()
        namespace = draft.namespace if draft.namespace is not None else DEFAULT_NAMESPACE
        environment = Environment(draft.name, namespace, draft.settings, now, now)
        self.store.add_environment(environment)
        return environment

    def update(self, environment: Environment, draft: Draft) -> Environment:
        """Replace what an environment holds; a namespace that is not named is kept."""
        if draft.namespace is not None:
            environment.namespace = draft.namespace
        environment.settings = draft.settings
        environment.updated = self.tools.clock.stamp()
        return environment

    def remove(self, environment: Environment) -> None:
        """Remove an environment that exists."""
        self.store.remove_environment(environment)

    def view(self, environment: Environment) -> JsonObject:
        """An environment alone (contract: schema Environment)."""
        return {**self.view_in_list(environment), "secrets": self.view_secrets(environment)}

    def view_in_list(self, environment: Environment) -> JsonObject:
        """An environment in a list, where its secrets are not told (contract: getEnvironments 200)."""
        return {
            "name": environment.name,
            "created_time": rfc3339(environment.created),
            "updated_time": rfc3339(environment.updated),
            "kubernetesNamespace": environment.namespace,
            **environment.settings,
        }

    def view_secrets(self, environment: Environment) -> JsonObject:
        """The secret behind each connection secret id of the environment."""
        return {name: mapping.spec["secretName"] for name, mapping in environment.mappings.items()}
