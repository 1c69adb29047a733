"""Violations by the operations on environments."""

from __future__ import annotations

import copy
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import READ_ENVIRONMENTS, around, drop, replace, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

DEFAULTS = ("flinkApplicationDefaults", "computePoolDefaults", "statementDefaults")


@fault(
    "env-create-202",
    "Answers the creation of an environment with 202.",
    "CMF-ENV-CREATE",
    "CMF-ERR-STATUS",
    "CMF-CONTENT-HOSTILE",
    "CMF-ENV-RECREATE",
    reason=r"a new name answers 201 with the environment: the answer of createOrUpdateEnvironment came with status 202",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        return Answer(202 if answer.value["name"] not in before else 201, answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


def _change_create_answer(server: Server, change: Any) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        new = answer.value["name"] not in before
        return Answer(201, change(copy.deepcopy(answer.value)) if new else answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-create-answer-without-defaults",
    "Leaves the defaults out of the answer to a creation.",
    "CMF-ENV-CREATE",
    reason=r"a new name answers 201 with the environment: the answer/flinkApplicationDefaults is not as stored",
)
def _(server: Server) -> None:
    _change_create_answer(server, drop("flinkApplicationDefaults"))


@fault(
    "env-get-pool-defaults-lost",
    "Shows no compute pool defaults where there are statement defaults.",
    "CMF-ENV-GET",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    reason=r"it is read as it was posted: the environment/computePoolDefaults is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return drop("computePoolDefaults")(value) if "statementDefaults" in value else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-interactive-lost",
    "Shows no interactive statement defaults where there are detached ones.",
    "CMF-ENV-GET",
    "CMF-CONTENT-SCALARS",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-UNICODE",
    reason=r"it is read as it was posted: the environment/statementDefaults/interactive is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("statementDefaults", {})
        return drop("statementDefaults", "interactive")(value) if "detached" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-application-metadata-lost",
    "Shows only the spec of the application defaults.",
    "CMF-ENV-GET",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-UNICODE",
    "CMF-ENV-UPDATE",
    reason=r"it is read as it was posted: the environment/flinkApplicationDefaults/metadata is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        defaults = value.get("flinkApplicationDefaults", {})
        return drop("flinkApplicationDefaults", "metadata")(value) if "spec" in defaults else value

    reshape_each(server, READ_ENVIRONMENTS, change)


@fault(
    "env-get-unknown-400",
    "Answers 400 for the name of an environment that never existed.",
    "CMF-ENV-GET-UNKNOWN",
    reason=r"a name that was never used: the answer of getEnvironment came with status 400",
)
def _(server: Server) -> None:
    known: set[str] = set()

    def add(original: Any, environment: Environment) -> None:
        known.add(environment.name)
        original(environment)

    def get(original: Handler, call: Call) -> Answer:
        if call.path["envName"] not in known:
            raise Refusal(400, "There is no such environment.")
        return original(call)

    replace(server.store, "add_environment", add)
    around(server, ["getEnvironment"], get)


@fault(
    "env-get-prefix",
    "Finds an environment by the beginning of its name.",
    "CMF-ENV-GET-UNKNOWN",
    "CMF-ENV-DELETE",
    reason=r"the beginning of an existing name, and more than it: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        name = call.path["envName"]
        longer = [known for known in server.store.environments if known.startswith(name)]
        found = name if name in longer or not longer else longer[0]
        return original(Call(call.request, call.operation, {"envName": found}))

    around(server, ["getEnvironment"], get)


@fault(
    "env-get-any-case",
    "Finds an environment by its name in upper case.",
    "CMF-ENV-GET-UNKNOWN",
    reason=r"an existing name in upper case: the answer of getEnvironment came with status 200",
)
def _(server: Server) -> None:
    def get(original: Handler, call: Call) -> Answer:
        return original(Call(call.request, call.operation, {"envName": call.path["envName"].lower()}))

    around(server, ["getEnvironment"], get)


@fault(
    "env-update-lost-on-second",
    "Loses the new values in every update of an environment after the first.",
    "CMF-ENV-UPDATE",
    "CMF-ENV-REPLACE",
    reason=r"update .*, sent as application/yaml, answers 201 and holds: the answer/flinkApplicationDefaults/metadata is not as stored",
)
def _(server: Server) -> None:
    updated: set[Environment] = set()

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        if environment in updated and set(draft.settings) == set(environment.settings):
            draft = Draft(draft.name, None, environment.settings)
        updated.add(environment)
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-update-not-stored",
    "Shows an update of an environment in its answer only.",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-ENV-REPLACE",
    reason=r"update .*, sent as application/json, answers 201 and holds: after the update,",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        draft = server.environments.draft(server.environments.body(call))
        environment = server.store.environment(draft.name)
        if environment is None:
            return original(call)
        environment.updated = server.clock.stamp()
        shown = {**server.environments.view(environment), **draft.settings}
        return Answer(201, {**shown, "kubernetesNamespace": draft.namespace or environment.namespace})

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-update-pool-defaults-kept",
    "Does not update compute pool defaults that were there before.",
    "CMF-ENV-UPDATE",
    "CMF-CONC-READ",
    "CMF-CONC-UPSERT",
    "CMF-ENV-REPLACE",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer/computePoolDefaults/spec/clusterSpec/taskManager/resource/cpu is not",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        old, new = environment.settings, dict(draft.settings)
        if "computePoolDefaults" in old and "computePoolDefaults" in new:
            new["computePoolDefaults"] = old["computePoolDefaults"]
        return original(environment, Draft(draft.name, draft.namespace, new))  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-update-answers-old",
    "Answers an update with the environment as it was before.",
    "CMF-ENV-UPDATE",
    reason=r"update .*, sent as application/json, answers 201 and holds: the",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        name = server.environments.draft(server.environments.body(call)).name
        environment = server.store.environment(name)
        before = server.environments.view(environment) if environment is not None else None
        answer = original(call)
        return answer if before is None else Answer(201, before)

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-update-202",
    "Answers the update of an environment with 202.",
    "CMF-ENV-UPDATE",
    "CMF-ERR-STATUS",
    reason=r"update .*, sent as application/json, answers 201 and holds: the answer of createOrUpdateEnvironment came with status 202",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = set(server.store.environments)
        answer = original(call)
        return Answer(202 if answer.value["name"] in before else 201, answer.value)

    around(server, ["createOrUpdateEnvironment"], post)


def _keep(server: Server, *keys: str) -> None:
    """Keep these settings when an update leaves them out."""

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        kept = {key: value for key, value in environment.settings.items() if key in keys}
        return original(environment, Draft(draft.name, draft.namespace, {**kept, **draft.settings}))  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-update-empty-kept",
    "Takes compute pool defaults that an update empties for ones that it leaves out unchanged.",
    "CMF-ENV-REPLACE",
    reason=r"computePoolDefaults is empty after an update that empties it: computePoolDefaults is still there",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        settings, key = dict(draft.settings), "computePoolDefaults"
        if settings.get(key) == {} and key in environment.settings:
            settings[key] = environment.settings[key]
        return original(environment, Draft(draft.name, draft.namespace, settings))  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-list-later-pages-as-created",
    "Lists environments with the update time that they were created with, but on the first page.",
    "CMF-ENV-LIST",
    reason=r"each is on its page with the values that are read of it alone: on its page, .*/updated_time is not as",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if dict(call.request.query).get("page", "0") == "0":
            return answer
        items = [{**item, "updated_time": item["created_time"]} for item in answer.value["items"]]
        return Answer(200, {**answer.value, "items": items})

    around(server, ["getEnvironments"], listing)


@fault(
    "env-update-merges",
    "Keeps the defaults that an update of an environment leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"flinkApplicationDefaults left out of an update is gone: flinkApplicationDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, *DEFAULTS)


@fault(
    "env-update-keeps-statement-defaults",
    "Keeps statement defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"statementDefaults left out of an update is gone: statementDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, "statementDefaults")


@fault(
    "env-update-keeps-pool-defaults",
    "Keeps compute pool defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"computePoolDefaults left out of an update is gone: computePoolDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, "computePoolDefaults")


def _duplicate_after(server: Server, posts: int) -> None:
    count: dict[Environment, int] = {}

    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        count[environment] = count.get(environment, 1) + 1
        return original(environment, draft)  # type: ignore[no-any-return]

    def list_environments(original: Any) -> list[Environment]:
        return [again for one in original() for again in [one] * (2 if count.get(one, 1) >= posts else 1)]

    replace(server.environments, "update", update)
    replace(server.store, "list_environments", list_environments)


@fault(
    "env-second-post-duplicates",
    "Lists an environment twice after it was updated.",
    "CMF-ENV-UNIQUE",
    "CMF-CONC-UPSERT",
    reason=r"after many updates it is listed once: it is listed .* times",
)
def _(server: Server) -> None:
    _duplicate_after(server, 2)


@fault(
    "env-third-post-duplicates",
    "Lists an environment twice after its second update.",
    "CMF-ENV-UNIQUE",
    "CMF-CONC-UPSERT",
    reason=r"after many updates it is listed once: it is listed .* times",
)
def _(server: Server) -> None:
    _duplicate_after(server, 3)


@fault(
    "env-created-time-reset",
    "Sets the creation time of an environment anew at every update.",
    "CMF-ENV-CREATED-KEPT",
    reason=r"created_time before and after an update of flinkApplicationDefaults: the update changed created_time",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        original(environment, draft)
        environment.created = environment.updated
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-created-time-follows",
    "Sets the creation time to the last update before.",
    "CMF-ENV-CREATED-KEPT",
    reason=r"created_time before and after an update of computePoolDefaults: the update changed created_time",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        environment.created = environment.updated
        return original(environment, draft)  # type: ignore[no-any-return]

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-stays",
    "Leaves the update time of an environment as it was.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of flinkApplicationDefaults: the update did not move updated_time",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        environment.updated = before
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-moves-once",
    "Moves the update time of an environment only once.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of computePoolDefaults: the update did not move updated_time",
)
def _(server: Server) -> None:
    def update(original: Any, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        if before != environment.created:
            environment.updated = before
        return environment

    replace(server.environments, "update", update)
