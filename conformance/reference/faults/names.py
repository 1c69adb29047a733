"""Violations of the rules for names."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import re
from typing import Any

from conformance.reference.faults.tools import Registry, around, replace
from conformance.reference.names import NameRule
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


@fault(
    "env-name-min-off-by-one",
    "Accepts an environment name of 3 characters.",
    "CMF-ENV-NAME-MIN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.minimum = 3


@fault("env-name-min-too-strict", "Refuses an environment name of 4 characters.", "CMF-ENV-NAME-MIN")
def _(server: Server) -> None:
    server.environments.name_rule.minimum = 5


@fault(
    "env-name-max-off-by-one",
    "Accepts an environment name of 254 characters.",
    "CMF-ENV-NAME-MAX",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.maximum = 254


@fault("env-name-max-too-strict", "Refuses an environment name of 253 characters.", "CMF-ENV-NAME-MAX")
def _(server: Server) -> None:
    server.environments.name_rule.maximum = 252


@fault(
    "env-name-cut", "Accepts an environment name of 254 characters and cuts it to 253.", "CMF-ENV-NAME-MAX"
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        return original({**body, "name": name[:253]} if isinstance(name, str) else body)

    replace(server.environments, "draft", draft)


@fault("env-name-no-dots", "Refuses an environment name with dots between its labels.", "CMF-ENV-NAME-LEGAL")
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(LABEL)


@fault(
    "env-name-no-leading-digit", "Refuses an environment name that begins with a digit.", "CMF-ENV-NAME-LEGAL"
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"(?![0-9]){LABEL}(\.{LABEL})*")


@fault(
    "env-name-no-double-hyphen", "Refuses an environment name with repeated hyphens.", "CMF-ENV-NAME-LEGAL"
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"(?!.*--){LABEL}(\.{LABEL})*")


@fault("env-name-suffix-cut", "Reads a dotted environment name without its last label.", "CMF-ENV-NAME-LEGAL")
def _(server: Server) -> None:
    around(server, ["getEnvironment"], _cut_suffix("envName"))


def _cut_suffix(parameter: str) -> Any:
    def behaviour(original: Handler, call: Call) -> Answer:
        path = {**call.path, parameter: call.path[parameter].rpartition(".")[0] or call.path[parameter]}
        return original(Call(call.request, call.operation, path))

    return behaviour


@fault(
    "env-name-upper-case",
    "Accepts an environment name with upper-case letters.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    _ignore_case(server.environments.name_rule)


def _ignore_case(rule: NameRule) -> None:
    rule.pattern = re.compile(rule.pattern.pattern, re.IGNORECASE)


@fault(
    "env-name-case-folded",
    "Accepts upper-case letters in an environment name and makes them small.",
    "CMF-ENV-NAME-PATTERN",
)
def _(server: Server) -> None:
    _clean_name(server, str.lower)


@fault(
    "env-name-trimmed",
    "Accepts an environment name with spaces around it and cuts them off.",
    "CMF-ENV-NAME-PATTERN",
)
def _(server: Server) -> None:
    _clean_name(server, str.strip)


def _clean_name(server: Server, clean: Any) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        return original({**body, "name": clean(name)} if isinstance(name, str) else body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-underscore",
    "Accepts an environment name with an underscore.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(LABEL.replace("[-a", "[-_a") + rf"(\.{LABEL})*")


@fault(
    "env-name-trailing-newline",
    "Accepts an environment name that ends in a line break.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    _dollar(server.environments.name_rule)


def _dollar(rule: NameRule) -> None:
    """Match as ``^...$`` does in a language where ``$`` stands before a last line break, too."""
    anchored = re.compile(f"^{rule.pattern.pattern}$")
    replace(rule, "matches", lambda _original, name: anchored.match(name) is not None)


@fault(
    "env-name-bare-dot",
    "Takes the dot of the pattern as any character, so that labels may be joined by anything.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    # The same language as the pattern with a bare dot, but without its exponential backtracking.
    server.environments.name_rule.pattern = re.compile(r"[a-z0-9]+((-+|[^-a-z0-9\n])[a-z0-9]+)*")


@fault(
    "env-name-double-dot",
    "Accepts two dots in a row in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(\.+{LABEL})*")


@fault(
    "env-name-last-hyphen",
    "Accepts an environment name that ends in a hyphen.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(\.{LABEL})*-?")


@fault(
    "env-name-hyphen-dot",
    "Accepts a hyphen before a dot in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(-?\.{LABEL})*")


@fault(
    "env-name-any-letter",
    "Accepts letters outside ASCII in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    def matches(original: Any, name: str) -> bool:
        return bool(
            original("".join("x" if letter.isalnum() and letter > "\x7f" else letter for letter in name))
        )

    replace(server.environments.name_rule, "matches", matches)


@fault(
    "env-name-refused-with-404",
    "Refuses an environment name outside the pattern with 404.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ERR-STATUS",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        if (
            isinstance(name, str)
            and 4 <= len(name) <= 253
            and not server.environments.name_rule.matches(name)
        ):
            raise Refusal(404, "There is no such name.")
        return original(body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-refused-created",
    "Refuses an environment name that is too long, but keeps the environment.",
    "CMF-ENV-NAME-REFUSED",
    "CMF-ENV-SCHEMA",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        if isinstance(name, str) and len(name) > 253 and server.store.environment(name) is None:
            now = server.clock.stamp()
            server.store.add_environment(Environment(name, "default", {}, now, now))
        return original(body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-refused-created-lower",
    "Refuses upper case, but creates the name in lower case.",
    "CMF-ENV-NAME-REFUSED",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        try:
            return original(body)
        except Refusal:
            if (
                isinstance(name, str)
                and name != name.lower()
                and server.environments.name_rule.complaint(name.lower()) is None
            ):
                server.environments.create(original({**body, "name": name.lower()}))
            raise

    replace(server.environments, "draft", draft)


@fault("app-name-min-off-by-one", "Accepts an application name of 3 characters.", "CMF-APP-NAME-MIN")
def _(server: Server) -> None:
    server.applications.name_rule.minimum = 3


@fault("app-name-min-too-strict", "Refuses an application name of 4 characters.", "CMF-APP-NAME-MIN")
def _(server: Server) -> None:
    server.applications.name_rule.minimum = 5


@fault("app-name-max-off-by-one", "Accepts an application name of 254 characters.", "CMF-APP-NAME-MAX")
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 254


@fault("app-name-max-too-strict", "Refuses an application name of 253 characters.", "CMF-APP-NAME-MAX")
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 252


@fault(
    "app-name-max-of-a-label", "Refuses an application name of more than 63 characters.", "CMF-APP-NAME-MAX"
)
def _(server: Server) -> None:
    server.applications.name_rule.maximum = 63


@fault("app-name-no-dots", "Refuses an application name with dots between its labels.", "CMF-APP-NAME-LEGAL")
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(LABEL)


@fault(
    "app-name-no-last-digit",
    "Refuses an application name that ends in a digit after a dot.",
    "CMF-APP-NAME-LEGAL",
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}(\.{LABEL}(?<![0-9]))*")


@fault(
    "app-name-no-leading-digit", "Refuses an application name that begins with a digit.", "CMF-APP-NAME-LEGAL"
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"(?![0-9]){LABEL}(\.{LABEL})*")


@fault("app-name-suffix-cut", "Reads a dotted application name without its last label.", "CMF-APP-NAME-LEGAL")
def _(server: Server) -> None:
    around(server, ["getApplication"], _cut_suffix("appName"))


@fault("app-name-upper-case", "Accepts an application name with upper-case letters.", "CMF-APP-NAME-PATTERN")
def _(server: Server) -> None:
    _ignore_case(server.applications.name_rule)


@fault(
    "app-name-trailing-newline",
    "Accepts an application name that ends in a line break.",
    "CMF-APP-NAME-PATTERN",
)
def _(server: Server) -> None:
    _dollar(server.applications.name_rule)


@fault("app-name-space", "Accepts an application name with a space inside.", "CMF-APP-NAME-PATTERN")
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}([. ]{LABEL})*")


@fault(
    "app-name-control", "Accepts an application name with a control character inside.", "CMF-APP-NAME-PATTERN"
)
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"{LABEL}((\.|[\x00-\x1f]){LABEL})*")


@fault("app-name-leading-dot", "Accepts an application name that begins with a dot.", "CMF-APP-NAME-PATTERN")
def _(server: Server) -> None:
    server.applications.name_rule.pattern = re.compile(rf"\.?{LABEL}(\.{LABEL})*")


@fault(
    "app-name-refused-created",
    "Refuses an application name outside the pattern, but keeps the application.",
    "CMF-APP-NAME-REFUSED",
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
    "CMF-APP-NAME-SCOPE",
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
)
def _(server: Server) -> None:
    def create(original: Any, environment: Environment, draft: Any) -> Any:
        for other, namesake in _namesakes(server, environment, draft.name):
            server.store.remove_application(other, namesake)
        return original(environment, draft)

    replace(server.applications, "create", create)
