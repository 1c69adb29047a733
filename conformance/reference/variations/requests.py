"""Liberties in what is accepted, refused and done."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace as with_changes
from typing import Any

from conformance.reference.paging import Criterion
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.shapes import refuse
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal
from conformance.reference.variations.registry import variation


@variation("no-cascade", "Refuses to delete an environment that holds something.")
def _(server: Server) -> None:
    def remove(original: Any, environment: Environment) -> None:
        if environment.applications or environment.pools or environment.statements or environment.mappings:
            raise Refusal(409, f"Environment '{environment.name}' is not empty.")
        original(environment)

    replace(server.environments, "remove", remove)


@variation("page-refused", "Refuses a nonsensical page or size with 400.")
def _(server: Server) -> None:
    def strictly(least: int, most: int) -> Any:
        def number(original: Any, text: str | None) -> int:
            sound = text is None or (text.isascii() and text.isdecimal() and len(text) <= len(str(most)))
            if not sound or (text is not None and not least <= int(text) <= most):
                raise Refusal(400, f"'{text}' is no page number or page size.")
            return original(text)  # type: ignore[no-any-return]

        return number

    replace(server.paging, "number", strictly(0, 2**31 - 1))
    replace(server.paging, "size", strictly(1, server.paging.max_size))


@variation("sort-unknown-ignored", "Ignores sort properties that it does not know.")
def _(server: Server) -> None:
    def criteria(original: Any, text: str, properties: Any) -> list[Criterion]:
        try:
            return original(text, properties)  # type: ignore[no-any-return]
        except Refusal:
            return []

    replace(server.paging, "criteria", criteria)


@variation("sort-by-metadata-name", "Sorts all but environments by metadata.name, and not by name.")
def _(server: Server) -> None:
    def criteria(original: Any, text: str, properties: Any) -> list[Criterion]:
        of_environments = "kubernetesNamespace" in properties
        known = {key: by for key, by in properties.items() if of_environments or key != "name"}
        return original(text, known)  # type: ignore[no-any-return]

    replace(server.paging, "criteria", criteria)


@variation("instance-names-read", "Answers 400 for the name of an instance that is no UUID.")
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        try:
            uuid.UUID(call.path["instName"])
        except ValueError:
            raise Refusal(400, "The name of an instance is a UUID.") from None
        return original(call)

    around(server, ["getApplicationInstance"], get)


@variation("strict-bodies", "Refuses properties that the schema does not have with 400.")
def _(server: Server) -> None:
    def check(value: Any, known: set[str], where: str = "") -> None:
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                raise refuse(f"{where}{key}", "is not known")

    def environment(original: Any, body: JsonObject) -> Any:
        check(
            body,
            {
                "name",
                "kubernetesNamespace",
                "flinkApplicationDefaults",
                "computePoolDefaults",
                "statementDefaults",
            },
        )
        defaults = body.get("statementDefaults")
        check(defaults, {"detached", "interactive"}, "statementDefaults.")
        for key in ("detached", "interactive"):
            part = defaults.get(key) if isinstance(defaults, dict) else None
            check(part, {"flinkConfiguration"}, f"statementDefaults.{key}.")
        return original(body)

    def application(original: Any, body: JsonObject) -> Any:
        check(body, {"apiVersion", "kind", "metadata", "spec", "status"})
        return original(body)

    replace(server.environments, "draft", environment)
    replace(server.applications, "draft", application)


@variation("app-422-vs-400", "Refuses applications with illegal content with 400.")
def _(server: Server) -> None:
    server.applications.content_status = 400


@variation("env-422", "Refuses environments with illegal content with 422.")
def _(server: Server) -> None:
    def draft(original: Any, body: JsonObject) -> Any:
        try:
            return original(body)
        except Refusal as refusal:
            raise Refusal(422, refusal.message) from None

    replace(server.environments, "draft", draft)


def _again(server: Server, outcome: Callable[[], Answer]) -> None:
    """Answer the start of what runs, and the suspension of what is suspended, in another way."""

    def behaviour(original: Handler, call: Call) -> Answer:
        wanted = call.operation == "startApplication"
        return outcome() if server.applications.application(call).running is wanted else original(call)

    around(server, ["startApplication", "suspendApplication"], behaviour)


@variation("start-304", "Answers 304 when there is nothing to start or suspend.")
def _(server: Server) -> None:
    _again(server, lambda: Answer(304))


@variation("start-409", "Refuses with 409 when there is nothing to start or suspend.")
def _(server: Server) -> None:
    def refused() -> Answer:
        raise Refusal(409, "The application is in this state already.")

    _again(server, refused)


@variation(
    "change-409", "Refuses a start and a suspension with 409 while the change of state before is on its way."
)
def _(server: Server) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        if server.applications.application(call).steps:
            raise Refusal(409, "The application is changing its state.")
        return original(call)

    around(server, ["startApplication", "suspendApplication"], behaviour)


@variation("any-accept", "Answers in JSON when nothing that it has is accepted.")
def _(server: Server) -> None:
    replace(server.media, "wanted", lambda original, accept: original(accept) or "application/json")


@variation("namespace-fixed", "Keeps the Kubernetes namespace of an environment whatever an update says.")
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Any) -> Any:
        return original(environment, with_changes(draft, namespace=None))

    replace(server.environments, "update", update)


@variation("namespace-required", "Refuses an environment without a Kubernetes namespace.")
def _(server: Server) -> None:
    def draft(original: Any, body: JsonObject) -> Any:
        if "kubernetesNamespace" not in body:
            raise refuse("kubernetesNamespace", "is required")
        return original(body)

    replace(server.environments, "draft", draft)


@variation("delete-unknown-304", "Answers 304 to the deletion of an unknown application.")
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        environment = server.store.environment(call.path["envName"])
        if environment is not None and server.store.application(environment, call.path["appName"]) is None:
            return Answer(304)
        return original(call)

    around(server, ["deleteApplication"], delete)


@variation("path-names-read", "Answers 400 for a name in the path that can be no name.")
def _(server: Server) -> None:
    def perform(original: Handler, call: Call) -> Answer:
        for parameter, name in call.path.items():
            complaint = server.applications.name_rule.complaint(name)
            if complaint and parameter != "instName":
                raise refuse(parameter, complaint)
        return original(call)

    replace(server, "perform", perform)


@variation("name-free-later", "Refuses with 409 the name of what was deleted until a moment later.")
def _(server: Server) -> None:
    held: dict[tuple[str, ...], int] = {}

    def remove(original: Any, *removed: Any) -> None:
        original(*removed)
        held[tuple(each.name for each in removed)] = server.clock.now() + round(server.lifecycle.pace * 1000)

    def create(original: Any, *given: Any) -> Any:
        if held.get(tuple(each.name for each in given), 0) > server.clock.now():
            raise Refusal(409, f"'{given[-1].name}' is being deleted.")
        return original(*given)

    for resources in (server.environments, server.applications):
        replace(resources, "remove", remove)
        replace(resources, "create", create)


@variation("statement-delete-202", "Deletes statements with 202, and only some time later in fact.")
def _(server: Server) -> None:
    def delete(_original: Handler, call: Call) -> Answer:
        statement = server.statements.statement(call)
        if server.statements.phase(statement).name != "DELETING":
            server.statements.begin(statement, ((0, "DELETING"), (0.3, "GONE")))
        return Answer(202)

    def existing(original: Any, environment: Environment, name: str) -> Any:
        statement = original(environment, name)
        if statement is not None and server.statements.phase(statement).name == "GONE":
            del environment.statements[name]
            return None
        return statement

    around(server, ["deleteStatement"], delete)
    replace(server.statements, "existing", existing)
