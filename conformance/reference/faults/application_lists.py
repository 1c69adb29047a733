"""Violations by lists of applications."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import around, drop, replace, reshape_each, unknown_as_yaml
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call

fault = Registry()


@fault(
    "app-list-without-configuration",
    "Lists applications without their Flink configuration.",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"each is listed with the values that are read of it alone: in the list, the application/spec/flinkConfiguration is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("spec", "flinkConfiguration"))


@fault(
    "app-list-without-annotations",
    "Lists applications without their annotations.",
    "CMF-APP-LIST",
    "CMF-CONC-READ",
    reason=r"each is listed with the values that are read of it alone: in the list, the application/metadata/annotations is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, ["getApplications"], drop("metadata", "annotations"))


@fault(
    "app-list-without-dotted",
    "Lists no application with a dot in its name.",
    "CMF-APP-LIST",
    reason=r"names of every legal shape are listed as they are: an existing name is not listed",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        return [one for one in original(environment) if "." not in one.name]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-stale",
    "Lists applications with the spec they were created with.",
    "CMF-CONC-READ",
    "CMF-APP-LIST",
    reason=r"an update of an application is there at once, round .*: in the list, the updated application: /spec/flinkConfiguration/version is not as",
)
def _(server: Server) -> None:
    first: dict[str, Any] = {}

    def add(original: Any, environment: Environment, application: Application) -> None:
        first[application.uid] = application.spec
        original(environment, application)

    replace(server.store, "add_application", add)
    replace(
        server.applications,
        "view_in_list",
        lambda original, one: {**original(one), "spec": first.get(one.uid, one.spec)},
    )


@fault(
    "app-list-keeps-deleted",
    "Keeps a deleted application in the list.",
    "CMF-APP-DELETE",
    "CMF-APP-LIST",
    "CMF-PAGE-TOTAL",
    reason=r"afterwards it can't be read and is not listed: a deleted application is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    ghosts: dict[tuple[Environment, str], Application] = {}

    def remove(original: Any, environment: Environment, application: Application) -> None:
        ghosts[environment, application.name] = application
        original(environment, application)

    def list_applications(original: Any, environment: Environment) -> list[Application]:
        gone = [
            one
            for (where, name), one in ghosts.items()
            if where is environment and name not in where.applications
        ]
        return [*original(environment), *gone]

    replace(server.applications, "remove", remove)
    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-elsewhere-at-first",
    "Lists an application in every older environment for the first 300 ms.",
    "CMF-APP-LIST-SCOPE",
    "CMF-APP-LIST",
    "CMF-APP-NAME-SCOPE",
    "CMF-PAGE-EMPTY",
    "CMF-PAGE-TOTAL",
    reason=r"no application of another environment is listed: an application of another environment is listed",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        young = server.clock.now() - 300
        others = [other for other in server.store.list_environments() if other is not environment]
        return [
            *original(environment),
            *(
                one
                for other in others
                for one in original(other)
                if one.created > max(young, environment.created)
            ),
        ]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-namesakes",
    "Lists the namesakes of an application in other environments beside it.",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-LIST",
    "CMF-APP-LIST-SCOPE",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"the second environment can hold the same name: after the second was created, the first namesake is not listed once",
)
def _(server: Server) -> None:
    def list_applications(original: Any, environment: Environment) -> list[Application]:
        others = [other for other in server.store.list_environments() if other is not environment]
        return [
            *original(environment),
            *(one for other in others for one in original(other) if one.name in environment.applications),
        ]

    replace(server.store, "list_applications", list_applications)


@fault(
    "app-list-unknown-empty",
    "Answers an empty list for an unknown environment.",
    "CMF-APP-LIST-UNKNOWN",
    reason=r"an environment that does not exist has no list as application/json: the answer of getApplications came with status 200",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            return server.applications.listed(call, [], {}, server.applications.view)
        return original(call)

    around(server, ["getApplications"], listing)


@fault(
    "app-list-unknown-yaml-empty",
    "Answers an empty document where applications of an unknown environment are listed as YAML.",
    "CMF-APP-LIST-UNKNOWN",
    reason=r"an environment that does not exist has no list as application/yaml: the answer of getApplications came with status 200",
)
def _(server: Server) -> None:
    unknown_as_yaml(server, ["getApplications"])
