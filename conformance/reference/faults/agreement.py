"""Violations of the agreement between environments, secrets and mappings, and of what goes with an environment."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import MAPPING, POOL, SECRET, STATEMENT, Kind
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment, Record, Secret, Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "agree-environment-old-secret",
    "Shows in an environment the secret that a mapping named first.",
    "CMF-AGREE-ENVIRONMENT",
    reason=r"after one of them was mapped to another secret, environments agree with their mappings: the secrets of .*,",
)
def _(server: Server) -> None:
    first: dict[Any, str] = {}

    def view(_original: Any, environment: Environment) -> JsonObject:
        return {
            name: first.setdefault(mapping, mapping.spec["secretName"])
            for name, mapping in environment.mappings.items()
        }

    replace(server.environments, "view_secrets", view)


@fault(
    "agree-list-shows-secrets",
    "Shows the secrets of an environment in the list as well.",
    "CMF-AGREE-LIST",
    reason=r"the list of environments does not show them: it shows the secrets",
)
def _(server: Server) -> None:
    def view(original: Any, environment: Environment) -> JsonObject:
        value: JsonObject = original(environment)
        return {**value, "secrets": server.environments.view_secrets(environment)}

    replace(server.environments, "view_in_list", view)


@fault(
    "agree-secret-first-mapping-only",
    "Looks for the environments of a secret at the last mapping of each only.",
    "CMF-AGREE-SECRET",
    reason=r"after one of them was mapped to another secret, secrets know where they are attached: status\.environments of .*,  is",
)
def _(server: Server) -> None:
    def view(original: Any, secret: Secret) -> JsonObject:
        value: JsonObject = original(secret)
        attached = [
            environment.name
            for environment in server.store.environments.values()
            if environment.mappings
            and list(environment.mappings.values())[-1].spec["secretName"] == secret.name
        ]
        return {**value, "status": {**value["status"], "environments": attached}}

    replace(server.secrets, "view", view)


@fault(
    "agree-secret-environment-up-to-dot",
    "Tells the environments of a secret by what their names have before the first dot.",
    "CMF-AGREE-SECRET",
    reason=r"with a namesake in another environment, secrets know where they are attached: status\.environments of .* is not as",
)
def _(server: Server) -> None:
    def view(original: Any, secret: Secret) -> JsonObject:
        value: JsonObject = original(secret)
        told = [name.partition(".")[0] for name in value["status"].get("environments") or []]
        return {**value, "status": {**value["status"], "environments": told}}

    replace(server.secrets, "view", view)


@fault(
    "agree-secret-delete-drops-mapping",
    "Refuses to delete a mapped secret, but removes its mapping in the last environment.",
    "CMF-AGREE-SECRET-DELETED",
    reason=r"when it was refused, the secret and its mappings are as they were: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        name = call.path["secretName"]
        for environment in reversed(server.store.list_environments()):
            for mapping in list(environment.mappings.values()):
                if mapping.spec["secretName"] == name:
                    del environment.mappings[mapping.name]
                    return

    tools.when_refused(server, [SECRET.delete], {409}, act)


@fault(
    "agree-environment-deleted-pools-back",
    "Gives a new environment the compute pools of the deleted one of its name.",
    "CMF-AGREE-ENVIRONMENT-DELETED",
    "CMF-POOL-RECREATE",
    reason=r"with a compute pool: a new environment of that name is empty, and the names are free: the answer of getComputePool came with status 200",
)
def _(server: Server) -> None:
    pools: dict[str, Any] = {}

    def remove(original: Any, environment: Environment) -> None:
        pools[environment.name] = environment.pools
        original(environment)

    def add(original: Any, environment: Environment) -> None:
        environment.pools = pools.pop(environment.name, environment.pools)
        original(environment)

    replace(server.store, "remove_environment", remove)
    replace(server.store, "add_environment", add)


@fault(
    "agree-environment-deleted-longer-names-too",
    "Deletes the secret mappings of every environment whose name begins with that of a deleted one.",
    "CMF-AGREE-ENVIRONMENT-DELETED",
    reason=r"with a secret mapping: an environment with a longer name keeps its namesakes: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    def remove(original: Any, environment: Environment) -> None:
        original(environment)
        for other in server.store.list_environments():
            if other.name.startswith(environment.name):
                other.mappings.clear()

    replace(server.environments, "remove", remove)


@fault(
    "agree-environment-updated-mappings-lost",
    "Loses the mappings of an environment that is updated without any defaults.",
    "CMF-AGREE-ENVIRONMENT-UPDATED",
    reason=r"after an update without defaults, all that is in it is as it was: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Any) -> Environment:
        had = bool(environment.settings)
        updated: Environment = original(environment, draft)
        if had and not draft.settings:
            updated.mappings = {}
        return updated

    replace(server.environments, "update", update)


@fault(
    "agree-mapping-update-keeps-secret",
    "Goes on to call a secret attached that the only mapping of another environment left.",
    "CMF-AGREE-SECRET",
    reason=r"after the last mapping to a secret was mapped to another, secrets know where they are attached: status\.environments of",
)
def _(server: Server) -> None:
    left: dict[str, list[str]] = {}

    def update(original: Handler, call: Call) -> Answer:
        record = MAPPING.held(server, call).get(call.path["name"])
        before = record.spec["secretName"] if record is not None else ""
        answer = original(call)
        if (
            record is not None
            and record.spec["secretName"] != before
            and len(MAPPING.held(server, call)) == 1
        ):
            left.setdefault(before, []).append(call.path["envName"])
        return answer

    def view(original: Any, secret: Secret) -> JsonObject:
        value: JsonObject = original(secret)
        places = [place for place in left.get(secret.name, []) if place in server.store.environments]
        attached = sorted({*value["status"]["environments"], *places})
        return {**value, "status": {**value["status"], "environments": attached}}

    around(server, [MAPPING.update], update)
    replace(server.secrets, "view", view)


@fault(
    "agree-environment-three-secrets",
    "Shows the first three mappings of an environment only.",
    "CMF-AGREE-ENVIRONMENT",
    reason=r"with five mappings, environments agree with their mappings: the secrets of .*, .* is not as expected",
)
def _(server: Server) -> None:
    def view(original: Any, environment: Environment) -> JsonObject:
        return dict(list(original(environment).items())[:3])

    replace(server.environments, "view_secrets", view)


@fault(
    "agree-secret-kept-by-former-mapping",
    "Keeps a secret for as long as a mapping exists that named it once.",
    "CMF-AGREE-SECRET-DELETED",
    reason=r"once its only mapping names another secret, it can be deleted: the answer of deleteSecret came with status 409",
)
def _(server: Server) -> None:
    named: dict[Record, set[str]] = {}

    def update(original: Handler, call: Call) -> Answer:
        record = MAPPING.held(server, call).get(call.path["name"])
        if record is not None:
            named.setdefault(record, set()).add(record.spec["secretName"])
        return original(call)

    def delete(original: Handler, call: Call) -> Answer:
        name = call.path["secretName"]
        mappings = [one for each in server.store.list_environments() for one in each.mappings.values()]
        if any(name in named.get(mapping, ()) for mapping in mappings):
            raise Refusal(409, f"Secret '{name}' is still mapped.")
        return original(call)

    around(server, [MAPPING.update], update)
    around(server, [SECRET.delete], delete)


@fault(
    "agree-environment-updated-resumes",
    "Lets what is stopped in an environment go on when that is updated.",
    "CMF-AGREE-ENVIRONMENT-UPDATED",
    reason=r"after an update with defaults, all that is in it is as it was: the statement: /spec/stopped is not as expected",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Any) -> Environment:
        for statement in environment.statements.values():
            if server.statements.phase(statement).name == "STOPPED":
                statement.spec = {**statement.spec, "stopped": False}
                server.statements.run(statement)
        updated: Environment = original(environment, draft)
        return updated

    replace(server.environments, "update", update)


@fault(
    "agree-environment-updated-idle-pools-lost",
    "Deletes the compute pools of an environment that no statement names when it is updated.",
    "CMF-AGREE-ENVIRONMENT-UPDATED",
    reason=r"after an update with defaults, all that is in it is as it was: the answer of getComputePool came with status 404",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Any) -> Environment:
        used = {statement.spec["computePoolName"] for statement in environment.statements.values()}
        environment.pools = {name: pool for name, pool in environment.pools.items() if name in used}
        updated: Environment = original(environment, draft)
        return updated

    replace(server.environments, "update", update)


def _left_by_environment(server: Server, kind: Kind, restore: Any) -> None:
    """Give what is created something of what had its name and went with an environment of the same name."""
    old: dict[tuple[str, str], Any] = {}

    def remove(original: Any, environment: Environment) -> None:
        held = getattr(environment, kind.attribute)
        old.update(((environment.name, name), each) for name, each in held.items())
        original(environment)

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        name = answer.value["metadata"]["name"]
        new, before = kind.held(server, call)[name], old.get((call.path["envName"], name))
        if before is not None:
            restore(new, before)
        return Answer(answer.status, kind.resources(server).view(new))

    replace(server.environments, "remove", remove)
    around(server, [kind.create], create)


@fault(
    "pool-recreate-uid-left-by-environment",
    "Gives a compute pool the uid of one of its name that went with an environment of the same name.",
    "CMF-POOL-RECREATE",
    reason=r"the new compute pool has a uid of its own: it has the uid of the old one",
)
def _(server: Server) -> None:
    _left_by_environment(server, POOL, tools.old_uid)


@fault(
    "map-recreate-labels-left-by-environment",
    "Gives a mapping the labels of one of its name that went with an environment of the same name.",
    "CMF-MAP-RECREATE",
    reason=r"nothing of the secret mapping that went with its environment is left: labels of the old one are back",
)
def _(server: Server) -> None:
    _left_by_environment(server, MAPPING, tools.old_labels)


@fault(
    "stmt-uid-left-by-environment",
    "Gives a statement the uid of one of its name that went with an environment of the same name.",
    "CMF-STMT-UID",
    reason=r"the new statement has a uid of its own: it has the uid of the old one",
)
def _(server: Server) -> None:
    _left_by_environment(server, STATEMENT, tools.old_uid)


@fault(
    "stmt-recreate-exceptions-left-by-environment",
    "Gives a statement the exceptions of one of its name that failed and went with an environment of the same name.",
    "CMF-STMT-RECREATE",
    reason=r"nothing of the statement that went with its environment is left: the new statement has exceptions",
)
def _(server: Server) -> None:
    def restore(new: Statement, before: Statement) -> None:
        if before.query.problem:
            new.failures = [before.created]

    _left_by_environment(server, STATEMENT, restore)


def _keeps(server: Server, kept: set[str]) -> None:
    """Refuse to delete these secrets."""

    def delete(original: Handler, call: Call) -> Answer:
        if call.path["secretName"] in kept:
            raise Refusal(409, f"Secret '{call.path['secretName']}' is still mapped.")
        return original(call)

    around(server, [SECRET.delete], delete)


@fault(
    "agree-secret-kept-by-refused-mapping",
    "Keeps a secret for ever when a mapping to it was refused, since its name was taken.",
    "CMF-AGREE-SECRET-DELETED",
    reason=r"a secret can be deleted after a mapping to it was refused: the answer of deleteSecret came with status 409",
)
def _(server: Server) -> None:
    kept: set[str] = set()

    def act(_original: Handler, call: Call) -> None:
        kept.add(str(tools.sent(server, call)["spec"]["secretName"]))

    tools.when_refused(server, [MAPPING.create], {409}, act)
    _keeps(server, kept)


@fault(
    "agree-secret-kept-by-deleted-environment",
    "Keeps a secret for ever when the environment of its mapping was deleted.",
    "CMF-AGREE-SECRET-DELETED",
    reason=r"once the environment of its only mapping is gone, it can be deleted: the answer of deleteSecret came with status 409",
)
def _(server: Server) -> None:
    kept: set[str] = set()

    def remove(original: Any, environment: Environment) -> None:
        kept.update(mapping.spec["secretName"] for mapping in environment.mappings.values())
        original(environment)

    replace(server.environments, "remove", remove)
    _keeps(server, kept)
