"""Violations by updates of environments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.reference.faults.environments import DEFAULTS
from conformance.reference.faults.registry import Registry
from conformance.reference.media import YAML
from conformance.reference.replacing import around, drop, replace, reshape
from conformance.reference.resources.common import Handler
from conformance.reference.resources.environments import Draft
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

Update = Callable[[Environment, Draft], Environment]


def _keep(server: Server, *keys: str) -> None:
    """Keep these settings when an update leaves them out."""

    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        kept = {key: value for key, value in environment.settings.items() if key in keys}
        return original(environment, Draft(draft.name, draft.namespace, {**kept, **draft.settings}))

    replace(server.environments, "update", update)


@fault(
    "env-update-lost-on-second",
    "Loses the new values in every update of an environment after the first.",
    "CMF-ENV-UPDATE",
    "CMF-ENV-REPLACE",
    reason=r"update .*, sent as application/yaml, answers 201 and holds: the answer/flinkApplicationDefaults/metadata is not as stored",
)
def _(server: Server) -> None:
    updated: set[Environment] = set()

    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        if environment in updated and set(draft.settings) == set(environment.settings):
            draft = Draft(draft.name, None, environment.settings)
        updated.add(environment)
        return original(environment, draft)

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
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        old, new = environment.settings, dict(draft.settings)
        if "computePoolDefaults" in old and "computePoolDefaults" in new:
            new["computePoolDefaults"] = old["computePoolDefaults"]
        return original(environment, Draft(draft.name, draft.namespace, new))

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


@fault(
    "env-update-empty-kept",
    "Takes compute pool defaults that an update empties for ones that it leaves out unchanged.",
    "CMF-ENV-REPLACE",
    reason=r"computePoolDefaults is empty after an update that empties it: computePoolDefaults is still there",
)
def _(server: Server) -> None:
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        settings, key = dict(draft.settings), "computePoolDefaults"
        if settings.get(key) == {} and key in environment.settings:
            settings[key] = environment.settings[key]
        return original(environment, Draft(draft.name, draft.namespace, settings))

    replace(server.environments, "update", update)


@fault(
    "env-update-merges",
    "Keeps the defaults that an update of an environment leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"flinkApplicationDefaults left out of an update as application/json is gone: flinkApplicationDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, *DEFAULTS)


@fault(
    "env-update-yaml-merges",
    "Keeps the defaults that an update as YAML leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"flinkApplicationDefaults left out of an update as application/yaml is gone: flinkApplicationDefaults is still there",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        name = server.environments.draft(server.environments.body(call)).name
        environment = server.store.environment(name)
        before = environment.settings if environment is not None else {}
        answer = original(call)
        if environment is not None and call.request.headers.get("content-type") == YAML:
            environment.settings = {**before, **environment.settings}
        return answer

    around(server, ["createOrUpdateEnvironment"], post)


@fault(
    "env-update-keeps-statement-defaults",
    "Keeps statement defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"statementDefaults left out of an update as application/json is gone: statementDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, "statementDefaults")


@fault(
    "env-update-keeps-pool-defaults",
    "Keeps compute pool defaults that an update leaves out.",
    "CMF-ENV-REPLACE",
    reason=r"computePoolDefaults left out of an update as application/json is gone: computePoolDefaults is still there",
)
def _(server: Server) -> None:
    _keep(server, "computePoolDefaults")


def _duplicate_after(server: Server, posts: int) -> None:
    count: dict[Environment, int] = {}

    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        count[environment] = count.get(environment, 1) + 1
        return original(environment, draft)

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
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
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
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        environment.created = environment.updated
        return original(environment, draft)

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-stays",
    "Leaves the update time of an environment as it was.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of flinkApplicationDefaults: the update did not move updated_time",
)
def _(server: Server) -> None:
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        environment.updated = before
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-ignores-pool-defaults",
    "Leaves the update time of an environment as it was when compute pool defaults alone change.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of computePoolDefaults: the update did not move updated_time",
)
def _(server: Server) -> None:
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        part, before, updated = "computePoolDefaults", dict(environment.settings), environment.updated
        original(environment, draft)
        pools = before.pop(part, None) != draft.settings.get(part)
        others = before == {key: value for key, value in draft.settings.items() if key != part}
        if pools and others:
            environment.updated = updated
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-updated-time-moves-once",
    "Moves the update time of an environment only once.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of computePoolDefaults: the update did not move updated_time",
)
def _(server: Server) -> None:
    def update(original: Update, environment: Environment, draft: Draft) -> Environment:
        before = environment.updated
        original(environment, draft)
        if before != environment.created:
            environment.updated = before
        return environment

    replace(server.environments, "update", update)


@fault(
    "env-refused-update-applied",
    "Applies the legal parts of an update that it refuses.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, body: JsonObject) -> None:
        for key in DEFAULTS[:2]:
            if isinstance(body.get(key), dict):
                environment.settings = {**environment.settings, key: body[key]}

    _spoil_refused(server, spoil)


def _spoil_refused(server: Server, spoil: Any) -> None:
    def draft(original: Callable[[JsonObject], Draft], body: JsonObject) -> Draft:
        try:
            return original(body)
        except Refusal:
            name = body.get("name")
            environment = server.store.environment(name) if isinstance(name, str) else None
            if environment is not None:
                spoil(environment, body)
            raise

    replace(server.environments, "draft", draft)


@fault(
    "env-refused-update-erases",
    "Erases the statement defaults when it refuses an update.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the environment/statementDefaults is",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.settings = drop("statementDefaults")(dict(environment.settings))

    _spoil_refused(server, spoil)


@fault(
    "env-refused-update-moves-time",
    "Moves the update time when it refuses an update.",
    "CMF-ENV-REFUSED",
    reason=r"what is refused for null as namespace has no effect: after a refused update with null as namespace, the environment/updated_time is not as",
)
def _(server: Server) -> None:
    def spoil(environment: Environment, _body: JsonObject) -> None:
        environment.updated = server.clock.stamp()

    _spoil_refused(server, spoil)


@fault(
    "env-update-answer-created-now",
    "Gives the time of the update as creation time in the answer to it.",
    "CMF-ENV-CREATED-KEPT",
    reason=r"created_time in the answer to an update of flinkApplicationDefaults: the update changed created_time",
)
def _(server: Server) -> None:
    def change(view: JsonObject) -> JsonObject:
        return {**view, "created_time": view["updated_time"]}

    reshape(server, ["createOrUpdateEnvironment"], change)


@fault(
    "env-updated-time-stays-as-yaml",
    "Leaves the update time of an environment as it was when the update is sent as YAML.",
    "CMF-ENV-UPDATED-MOVES",
    reason=r"updated_time before and after an update of all defaults, sent as YAML: the update did not move updated_time",
)
def _(server: Server) -> None:
    def post(original: Handler, call: Call) -> Answer:
        before = {one: one.updated for one in server.store.list_environments()}
        answer = original(call)
        environment = server.store.environment(answer.value["name"])
        if environment in before and call.request.headers.get("content-type") == YAML:
            environment.updated = before[environment]
            return Answer(201, server.environments.view(environment))
        return answer

    around(server, ["createOrUpdateEnvironment"], post)
