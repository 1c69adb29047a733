"""Violations that show with names alike: one that begins with another, or that a pattern takes for another.

And with other names that are seldom met: full of dots, as long as can be, or had before by what is gone.
"""
# ruff: noqa: PLR2004 - statuses and lengths are what this is about

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference.faults.names import LABEL
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import (
    CATALOG,
    MAPPING,
    POOL,
    SECRET,
    STATEMENT,
    Kind,
    metadata,
    sent,
)
from conformance.reference.replacing import around, replace
from conformance.reference.resources.applications import Draft
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()


def _deletes_longer(server: Server, kind: Kind) -> None:
    """Delete what has a name that begins with that of what is deleted, too."""

    def delete(original: Handler, call: Call) -> Answer:
        answer = original(call)
        held = kind.held(server, call)
        for name in [each for each in held if each.startswith(call.path[kind.parameter])]:
            del held[name]
        return answer

    around(server, [kind.delete], delete)


@fault(
    "secret-delete-longer-names-too",
    "Deletes with a secret those whose names begin with its name.",
    "CMF-SECRET-DELETE",
    "CMF-SECRET-LIST",
    reason=r"what was created before and after it is as it was: the answer of getSecret came with status 404",
)
def _(server: Server) -> None:
    _deletes_longer(server, SECRET)


@fault(
    "map-delete-longer-names-too",
    "Deletes with a mapping those whose names begin with its name.",
    "CMF-MAP-DELETE",
    "CMF-MAP-LIST",
    "CMF-MAP-DELETE-UNKNOWN",
    reason=r"what was created before and after it is as it was: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    _deletes_longer(server, MAPPING)


@fault(
    "cat-delete-longer-names-too",
    "Deletes with a catalog those whose names begin with its name.",
    "CMF-CAT-DELETE",
    "CMF-CAT-LIST",
    reason=r"what was created before and after it is as it was: the answer of getKafkaCatalog came with status 404",
)
def _(server: Server) -> None:
    _deletes_longer(server, CATALOG)


def _found_by(server: Server, operation: str, parameter: str, known: Callable[[Call], Any]) -> None:
    """Take the name in the path for a regular expression."""

    def get(original: Handler, call: Call) -> Answer:
        pattern = call.path[parameter]
        names = list(known(call))
        expression = re.escape(pattern).replace(r"\.", ".")
        found = [name for name in names if re.fullmatch(expression, name)]
        name = found[0] if found and pattern not in names else pattern
        return original(Call(call.request, call.operation, {**call.path, parameter: name}))

    around(server, [operation], get)


@fault(
    "env-get-by-pattern",
    "Takes a dot in the name of an environment for any character.",
    "CMF-ENV-GET-UNKNOWN",
    reason=r"an existing name with a dot, which stands for any character in a regular expression: the answer of getEnvironment came",
)
def _(server: Server) -> None:
    _found_by(server, "getEnvironment", "envName", lambda _call: server.store.environments)


@fault(
    "app-get-by-pattern",
    "Takes a dot in the name of an application for any character.",
    "CMF-APP-GET-UNKNOWN",
    reason=r"an existing name with a dot, which stands for any character in a regular expression: the answer of getApplication came",
)
def _(server: Server) -> None:
    def known(call: Call) -> Any:
        environment = server.store.environment(call.path["envName"])
        return environment.applications if environment is not None else ()

    _found_by(server, "getApplication", "appName", known)


@fault(
    "secret-get-by-pattern",
    "Takes a dot in the name of a secret for any character.",
    "CMF-SECRET-GET-UNKNOWN",
    reason=r"an existing name with a dot, which stands for any character in a regular expression: the answer of getSecret came",
)
def _(server: Server) -> None:
    _found_by(server, SECRET.get, SECRET.parameter, lambda call: SECRET.held(server, call))


@fault(
    "stmt-get-by-pattern",
    "Takes a dot in the name of a statement for any character.",
    "CMF-STMT-GET-UNKNOWN",
    reason=r"an existing name with a dot, which stands for any character in a regular expression: the answer of getStatement came",
)
def _(server: Server) -> None:
    _found_by(server, STATEMENT.get, STATEMENT.parameter, lambda call: STATEMENT.held(server, call))


@fault(
    "cat-name-compared-in-part",
    "Compares the first 200 characters of catalog names to see whether one exists.",
    "CMF-CAT-NAME-MAX",
    reason=r"a name that differs from it in the last character alone is another: the answer of createKafkaCatalog came with status 409",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        name = str(metadata(sent(server, call)).get("name"))
        if any(known[:200] == name[:200] for known in CATALOG.held(server, call) if len(name) > 200):
            raise Refusal(409, f"Catalog '{name}' already exists.")
        return original(call)

    around(server, [CATALOG.create], create)


@fault(
    "app-name-stored-in-part",
    "Keeps the first 252 characters of an application's name for its key.",
    "CMF-APP-NAME-MAX",
    reason=r"a name that differs from it in the last character alone is another: it is read under another name",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        environment, name = server.store.environment(call.path["envName"]), call.path["appName"]
        known = [] if environment is None else [each for each in environment.applications if len(each) > 252]
        found = [each for each in known if each[:252] == name[:252]]
        path = {**call.path, "appName": found[-1]} if found and len(name) > 252 else call.path
        return original(Call(call.request, call.operation, path))

    around(server, ["getApplication"], get)


Below = Callable[[Application], list[Any]]
Listed = Callable[[Call, list[Any], Any, Any], Answer]


def _lists_below_longer(server: Server, operation: str, resources: Any, below: Below) -> None:
    """List what lies below applications whose names begin with that of this one, too."""

    def listed(original: Listed, call: Call, items: list[Any], properties: Any, view: Any) -> Answer:
        name = call.path["appName"]
        environment: Environment = server.environments.environment(call)
        others = [each for each in environment.applications if each != name and each.startswith(name)]
        more = [item for each in others for item in below(environment.applications[each])]
        both = sorted([*items, *more], key=lambda item: item.created)
        return original(call, both if call.operation == operation else items, properties, view)

    replace(resources, "listed", listed)


@fault(
    "inst-list-longer-names-too",
    "Lists the instances of applications whose names begin with that of this one, too.",
    "CMF-INST-LIST-SCOPE",
    reason=r"no instance is listed under two applications: instance .* occurs twice",
)
def _(server: Server) -> None:
    _lists_below_longer(
        server, "getApplicationInstances", server.instances, lambda application: application.instances
    )


@fault(
    "event-list-longer-names-too",
    "Lists the events of applications whose names begin with that of this one, too.",
    "CMF-EVENT-LIST-SCOPE",
    "CMF-EVENT-INSTANCE",
    reason=r"no event is listed under two applications: event .* occurs twice",
)
def _(server: Server) -> None:
    _lists_below_longer(server, "getApplicationEvents", server.events, lambda application: application.events)


def _lists_everything_when_sorted(
    server: Server, resources: Any, operation: str, within: Callable[[Environment], dict[str, Any]]
) -> None:
    """List the resources of all environments when they are to be sorted."""

    def listed(original: Listed, call: Call, items: list[Any], properties: Any, view: Any) -> Answer:
        if call.operation == operation and call.request.parameter("sort"):
            items = [each for one in server.store.list_environments() for each in within(one).values()]
        return original(call, items, properties, view)

    replace(resources, "listed", listed)


@fault(
    "pool-list-sorted-of-all",
    "Lists the compute pools of all environments when they are to be sorted.",
    "CMF-POOL-LIST-SCOPE",
    reason=r"the list of an environment holds its own compute pools alone: the list, sorted by .*, is not that of the environment",
)
def _(server: Server) -> None:
    _lists_everything_when_sorted(
        server, POOL.resources(server), POOL.page, lambda one: getattr(one, POOL.attribute)
    )


@fault(
    "stmt-list-sorted-of-all",
    "Lists the statements of all environments when they are to be sorted.",
    "CMF-STMT-LIST-SCOPE",
    "CMF-STMT-FILTER-PAGE",
    reason=r"no statement of another environment is listed: a statement of another environment is listed, sorted by",
)
def _(server: Server) -> None:
    _lists_everything_when_sorted(
        server, STATEMENT.resources(server), STATEMENT.page, lambda one: getattr(one, STATEMENT.attribute)
    )


@fault(
    "app-list-sorted-of-all",
    "Lists the applications of all environments when they are to be sorted.",
    "CMF-APP-LIST-SCOPE",
    reason=r"no application of another environment is listed: an application of another environment is listed, sorted by",
)
def _(server: Server) -> None:
    _lists_everything_when_sorted(
        server, server.applications, "getApplications", lambda one: one.applications
    )


def _unfound(server: Server, operation: str, parameter: str, condition: Callable[[str], bool]) -> None:
    """Let an operation answer 404 for what has a name with ``condition(name)``."""

    def behaviour(original: Handler, call: Call) -> Answer:
        if condition(call.path[parameter]):
            raise Refusal(404, f"'{call.path[parameter]}' not found.")
        return original(call)

    around(server, [operation], behaviour)


@fault(
    "map-update-dotted-unfound",
    "Answers 404 for an update of a mapping with a dot in its name.",
    "CMF-MAP-NAME-LEGAL",
    reason=r"by a name with dots between labels it is updated and deleted: the answer of updateEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    _unfound(server, MAPPING.update, MAPPING.parameter, lambda name: "." in name)


@fault(
    "stmt-update-dotted-unfound",
    "Answers 404 for an update of a statement with a dot in its name.",
    "CMF-STMT-NAME-LEGAL",
    reason=r"by a name with dots between labels it is updated and deleted: the answer of updateStatement came with status 404",
)
def _(server: Server) -> None:
    _unfound(server, STATEMENT.update, STATEMENT.parameter, lambda name: "." in name)


@fault(
    "map-delete-dotted-unfound",
    "Answers 404 for the deletion of a mapping with a dot in its name.",
    "CMF-MAP-NAME-LEGAL",
    reason=r"by a name with dots between labels it is updated and deleted: the answer of deleteEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    _unfound(server, MAPPING.delete, MAPPING.parameter, lambda name: "." in name)


@fault(
    "secret-update-longest-unfound",
    "Answers 404 for an update of a secret whose name has 253 characters.",
    "CMF-SECRET-NAME-MAX",
    reason=r"by a name of 253 characters it is updated and deleted: the answer of updateSecret came with status 404",
)
def _(server: Server) -> None:
    _unfound(server, SECRET.update, SECRET.parameter, lambda name: len(name) == 253)


@fault(
    "app-name-max-of-undotted",
    "Accepts an application name of 254 characters when it has a dot.",
    "CMF-APP-NAME-MAX",
    reason=r"a name of 254 characters and a dot is refused: the answer of createOrUpdateApplication came with status 201",
)
def _(server: Server) -> None:
    rule = server.applications.name_rule

    def complaint(original: Any, name: str) -> str | None:
        return original(name.replace(".", "", 1) if rule.matches(name) and len(name) == 254 else name)  # type: ignore[no-any-return]

    replace(rule, "complaint", complaint)


@fault(
    "stmt-name-four-labels",
    "Refuses a statement name with more than three dots.",
    "CMF-STMT-NAME-LEGAL",
    reason=r"a name with many labels of one character: the answer of createStatement came with status 422",
)
def _(server: Server) -> None:
    server.statements.name_rule.pattern = re.compile(rf"{LABEL}(\.{LABEL}){{0,3}}")


def _return_after_environment(server: Server, restore: Any) -> None:
    """Let something of an application that went with its environment come back in the next one of both names."""
    ghosts: dict[tuple[str, str], Application] = {}

    def remove(original: Any, environment: Environment) -> None:
        ghosts.update(((environment.name, name), each) for name, each in environment.applications.items())
        original(environment)

    def create(original: Any, environment: Environment, draft: Draft) -> Application:
        made: Application = original(environment, draft)
        if (environment.name, draft.name) in ghosts:
            restore(made, ghosts[environment.name, draft.name])
        return made

    replace(server.environments, "remove", remove)
    replace(server.applications, "create", create)


@fault(
    "app-recreate-events-left-by-environment",
    "Gives an application the events of one of its name that went with an environment of the same name.",
    "CMF-APP-RECREATE",
    reason=r"instances and events went with the environment, too: some of the old application are back",
)
def _(server: Server) -> None:
    def restore(made: Application, ghost: Application) -> None:
        made.events = [*ghost.events, *made.events]

    _return_after_environment(server, restore)


@fault(
    "app-recreate-instances-left-by-environment",
    "Gives an application the instances of one of its name that went with an environment of the same name.",
    "CMF-APP-RECREATE",
    reason=r"instances and events went with the environment, too: some of the old application are back",
)
def _(server: Server) -> None:
    def restore(made: Application, ghost: Application) -> None:
        made.instances = [*ghost.instances, *made.instances]

    _return_after_environment(server, restore)


@fault(
    "app-recreate-annotations-left-by-environment",
    "Gives an application the annotations of one of its name that went with an environment of the same name.",
    "CMF-APP-RECREATE",
    reason=r"nothing of an application that went with its environment is left: annotations of the old application are back",
)
def _(server: Server) -> None:
    def restore(made: Application, ghost: Application) -> None:
        notes = ghost.metadata.get("annotations", {})
        made.metadata = {**made.metadata, "annotations": {**notes, **made.metadata.get("annotations", {})}}

    _return_after_environment(server, restore)
