"""Violations of the rules for the names of applications."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import re
from typing import Any

from conformance.reference.faults.names import LABEL, cut_suffix, dollar, ignore_case
from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import EVENTS, around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()

LABEL_LENGTH = 63


@fault(
    "app-name-min-off-by-one",
    "Accepts an application name of 3 characters.",
    "CMF-APP-NAME-MIN",
    reason=r"a name of .* characters is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    server.applications.name_rule.minimum = 3


@fault(
    "app-name-min-too-strict",
    "Refuses an application name of 4 characters.",
    "CMF-APP-NAME-MIN",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name of .* characters is accepted: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.minimum = 5


@fault(
    "app-name-max-off-by-one",
    "Accepts an application name of 254 characters.",
    "CMF-APP-NAME-MAX",
    reason=r"generated requests of createOrUpdateApplication: /metadata/name: name: 254 characters, maximum 253, answered with 201",
)
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 254


@fault(
    "app-name-max-too-strict",
    "Refuses an application name of 253 characters.",
    "CMF-APP-NAME-MAX",
    reason=r"a name of 253 characters is accepted: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 252


@fault(
    "app-name-max-of-a-label",
    "Refuses an application name of more than 63 characters.",
    "CMF-APP-NAME-MAX",
    reason=r"a name of 253 characters is accepted: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 63


@fault(
    "app-name-max-without-events",
    "Finds no events of an application whose name is longer than a label of DNS.",
    "CMF-APP-NAME-MAX",
    reason=r"with a name of 253 characters it is found by what belongs to it: the answer of getApplicationEvents came with status 404",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if len(call.path["appName"]) > LABEL_LENGTH:
            raise Refusal(404, "There is no such application.")
        return original(call)

    around(server, EVENTS, listing)


@fault(
    "app-name-dotted-without-instances",
    "Finds no instances of an application with a dot in its name.",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name with dots between labels is found by what belongs to it: the answer of getApplicationInstances came with status 404",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        if "." in call.path["appName"]:
            raise Refusal(404, "There is no such application.")
        return original(call)

    around(server, ["getApplicationInstances"], listing)


@fault(
    "app-name-no-dots",
    "Refuses an application name with dots between its labels.",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name with dots between labels: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(LABEL)


@fault(
    "app-name-no-last-digit",
    "Refuses an application name that ends in a digit after a dot.",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name with digits at the ends of labels: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}(\.{LABEL}(?<![0-9]))*")


@fault(
    "app-name-no-leading-digit",
    "Refuses an application name that begins with a digit.",
    "CMF-APP-NAME-LEGAL",
    reason=r"a name with a digit in front: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"(?![0-9]){LABEL}(\.{LABEL})*")


@fault(
    "app-name-suffix-cut",
    "Reads a dotted application name without its last label.",
    "CMF-APP-NAME-LEGAL",
    "CMF-APP-GET",
    reason=r"a name with dots between labels: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    around(server, ["getApplication"], cut_suffix("appName"))


@fault(
    "app-name-upper-case",
    "Accepts an application name with upper-case letters.",
    "CMF-APP-NAME-PATTERN",
    reason=r"a name with an upper-case letter is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    ignore_case(server.applications.name_rule)


@fault(
    "app-name-trailing-newline",
    "Accepts an application name that ends in a line break.",
    "CMF-APP-NAME-PATTERN",
    reason=r"a name with a line break behind is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    dollar(server.applications.name_rule)


@fault(
    "app-name-space",
    "Accepts an application name with a space inside.",
    "CMF-APP-NAME-PATTERN",
    reason=r"a name with a space inside is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}([. ]{LABEL})*")


@fault(
    "app-name-control",
    "Accepts an application name with a control character inside.",
    "CMF-APP-NAME-PATTERN",
    reason=r"a name with a line break inside is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}((\.|[\x00-\x1f]){LABEL})*")


@fault(
    "app-name-leading-dot",
    "Accepts an application name that begins with a dot.",
    "CMF-APP-NAME-PATTERN",
    reason=r"a name with a dot in front is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"\.?{LABEL}(\.{LABEL})*")


@fault(
    "app-name-refused-created",
    "Refuses an application name outside the pattern, but keeps the application.",
    "CMF-APP-NAME-REFUSED",
    "CMF-APP-REFUSED",
    reason=r"generated requests of createOrUpdateApplication: a creation was refused and took place",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            body = server.media.parse(call.request)
            environment = server.environments.environment(call)
            name = (
                body["metadata"]["name"]
                if isinstance(body, dict)
                and isinstance(body.get("metadata"), dict)
                and "name" in body["metadata"]
                else None
            )
            if (
                isinstance(name, str)
                and 4 <= len(name) <= 253
                and server.store.application(environment, name) is None
            ):
                now = server.clock.stamp()
                server.store.add_application(environment, Application(name, {}, {}, now, now))
            raise

    around(server, ["createOrUpdateApplication"], post)


def _namesakes(server: Server, environment: Environment, name: str) -> list[tuple[Environment, Application]]:
    """The applications of that name in other environments."""
    found = []
    for other in server.store.list_environments():
        application = server.store.application(other, name)
        if other is not environment and application is not None:
            found.append((other, application))
    return found


@fault(
    "app-namesake-updated",
    "Updates the namesakes of an application in other environments, too.",
    "CMF-APP-NAME-SCOPE",
    reason=r"updating one leaves the other: after the second was updated, the first namesake/spec/job/parallelism is not as stored",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, application: Application, draft: Any) -> Any:
        for _, namesake in _namesakes(server, environment, application.name):
            namesake.spec = draft.spec
        return original(environment, application, draft)

    replace(server.applications, "update", update)


@fault(
    "app-namesake-deleted",
    "Deletes the namesakes of an application in other environments, too.",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-DELETE",
    reason=r"deleting one leaves the other: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    def remove(original: Any, environment: Environment, application: Application) -> None:
        for other, namesake in _namesakes(server, environment, application.name):
            original(other, namesake)
        original(environment, application)

    replace(server.applications, "remove", remove)


@fault(
    "app-namesake-started",
    "Starts the namesakes of an application in other environments, too.",
    "CMF-APP-START",
    "CMF-APP-SUSPEND-UNKNOWN",
    reason=r"its namesake in another environment is as it was: its namesake in another environment/spec/job/state is not as stored",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        environment = server.environments.environment(call)
        for other, _ in _namesakes(server, environment, call.path["appName"]):
            original(Call(call.request, call.operation, {**call.path, "envName": other.name}))
        return original(call)

    around(server, ["startApplication"], start)


@fault(
    "app-namesake-refused",
    "Refuses an application whose name another environment has already.",
    "CMF-APP-NAME-SCOPE",
    reason=r"the second environment can hold the same name: the answer of createOrUpdateApplication came with status 422",
)
def _(server: Server) -> None:
    def create(original: Any, environment: Environment, draft: Any) -> Any:
        if _namesakes(server, environment, draft.name):
            raise Refusal(422, f"FlinkApplication '{draft.name}' exists already.")
        return original(environment, draft)

    replace(server.applications, "create", create)


@fault(
    "app-namesake-moved",
    "Moves an application to the environment in which its name is created anew.",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-LIST",
    "CMF-ENV-DELETE-CHILDREN",
    reason=r"the second environment can hold the same name: the answer of getApplication came with status 404",
)
def _(server: Server) -> None:
    def create(original: Any, environment: Environment, draft: Any) -> Any:
        for other, namesake in _namesakes(server, environment, draft.name):
            server.store.remove_application(other, namesake)
        return original(environment, draft)

    replace(server.applications, "create", create)
