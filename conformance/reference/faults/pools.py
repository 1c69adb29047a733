"""Violations by the operations on compute pools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import POOL, is_yaml
from conformance.reference.media import YAML
from conformance.reference.replacing import around, at, drop, replace, reshape, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.resources.statements import STOP, STOPPABLE
from conformance.reference.server import Server
from conformance.reference.store import Environment, Record, Statement
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request, Wire

fault = Registry()


@fault(
    "pool-create-answer-without-configuration",
    "Leaves the Flink configuration out of the answer to a creation.",
    "CMF-POOL-CREATE",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-YAML",
    reason=r"a new compute pool, body .* as application/json, answers 200: the answer: /spec/clusterSpec/flinkConfiguration is not as stored",
)
def _(server: Server) -> None:
    reshape(server, [POOL.create], drop("spec", "clusterSpec", "flinkConfiguration"))


@fault(
    "pool-get-labels-lost-later",
    "Forgets the labels of the other compute pools when one is created.",
    "CMF-POOL-GET",
    "CMF-POOL-REFUSED",
    "CMF-CONTENT-YAML-BODY",
    reason=r"a compute pool stays as it is when others are created: the compute pool: /metadata/labels is not as stored",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        name = answer.value["metadata"]["name"]
        for record in POOL.held(server, call).values():
            if record.name != name and len(record.metadata.get("annotations", {})) > 1:
                record.metadata = {key: value for key, value in record.metadata.items() if key != "labels"}
        return answer

    around(server, [POOL.create], create)


def _kept(value: Any, keep: Callable[[Any, int], bool], depth: int = 0) -> Any:
    """A part of a spec with those members of its objects that are kept."""
    if isinstance(value, list):
        return [_kept(one, keep, depth) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _kept(one, keep, depth + 1) for key, one in value.items() if keep(one, depth)}


def _pruned(keep: Callable[[Any, int], bool], server: Server) -> None:
    """Read cluster specs with what is kept of them alone."""
    reshape_each(server, POOL.reads, at(partial(_kept, keep=keep), "spec", "clusterSpec"))


for _word, _what, _keep, _lost in (
    ("false", "false", lambda one, _depth: one is not False, "/spec/automount.* is not as stored"),
    ("empty-lists", "empty lists", lambda one, _depth: one != [], "/spec/containers/0/env is not as stored"),
    ("empty-objects", "empty objects", lambda one, _depth: one != {}, ": the empty object is gone"),
    ("depth", "what lies deep", lambda _one, depth: depth < 5, "/spec/affinity.* is not as stored"),  # noqa: PLR2004
):
    fault(
        f"pool-get-without-{_word}",
        f"Leaves {_what} out of the cluster spec of a compute pool that is read.",
        "CMF-POOL-GET",
        reason=rf"a deep cluster spec with false, an empty list and an empty object.*{_lost}",
    )(partial(_pruned, _keep))


@fault(
    "pool-get-by-beginning",
    "Finds a compute pool by its name without the last letter.",
    "CMF-POOL-GET-UNKNOWN",
    reason=r"the beginning of an existing name, and more than it: the answer of getComputePool came with status 200",
)
def _(server: Server) -> None:
    tools.found_by_beginning(server, POOL, POOL.get)


@fault(
    "pool-conflict-overwrites-spec",
    "Answers 409 for an existing compute pool, but takes the new spec the third time.",
    "CMF-POOL-CONFLICT",
    "CMF-CONC-CREATE",
    reason=r"after posting it with another body as application/yaml the compute pool is as it was: the compute pool:",
)
def _(server: Server) -> None:
    def change(record: Record, body: JsonObject) -> None:
        record.spec = body.get("spec", record.spec)

    tools.conflict_overwrites(server, POOL, change)


@fault(
    "pool-list-annotations-lost",
    "Lists compute pools without annotations on small pages.",
    "CMF-POOL-LIST",
    reason=r"each is listed, on pages of .* as application/json, with the values that are read of it alone: in the list, .*:",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, POOL, drop("metadata", "annotations"))


@fault(
    "pool-list-longer-environment",
    "Lists the compute pools of environments with a longer name, too.",
    "CMF-POOL-LIST-SCOPE",
    "CMF-AGREE-ENVIRONMENT-DELETED",
    reason=r"the list of an environment holds its own compute pools alone: the list, as it comes, is not that of the environment",
)
def _(server: Server) -> None:
    tools.lists_longer_environment(server, POOL)


@fault(
    "pool-list-nowhere-empty",
    "Answers an empty page of compute pools for an unknown environment.",
    "CMF-POOL-LIST-UNKNOWN",
    reason=r"an environment that does not exist has no list: the answer of getComputePools came with status 200",
)
def _(server: Server) -> None:
    tools.empty_list_of_nowhere(server, POOL, "page")


@fault(
    "pool-delete-still-listed",
    "Lists a deleted compute pool until another is created.",
    "CMF-POOL-DELETE",
    "CMF-POOL-RELEASED",
    reason=r"afterwards it can't be read and is not listed: a deleted compute pool is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    tools.ghost_listed(server, POOL)


@fault(
    "pool-delete-twice-204",
    "Answers 204 for the deletion of a deleted compute pool.",
    "CMF-POOL-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteComputePool came with status 204",
)
def _(server: Server) -> None:
    tools.deleted_answers(server, POOL, 204)


@fault(
    "pool-recreate-annotations-back",
    "Gives a new compute pool the annotations of the deleted one of its name.",
    "CMF-POOL-RECREATE",
    reason=r"nothing of the old compute pool is left: annotations of the old compute pool are back",
)
def _(server: Server) -> None:
    tools.remembers(server, POOL, tools.old_annotations)


@fault(
    "pool-in-use-ignores-resumed",
    "Takes a compute pool for unused when its statements were once stopped.",
    "CMF-POOL-IN-USE",
    reason=r"the compute pool of a statement that is running can't be deleted: the answer of deleteComputePool came with status 204",
)
def _(server: Server) -> None:
    resumed: set[Statement] = set()

    def change(original: Any, statement: Statement, spec: JsonObject) -> None:
        if statement.spec.get("stopped", False) and not spec.get("stopped", False):
            resumed.add(statement)
        original(statement, spec)

    def in_use(_original: Any, environment: Environment, pool: Record) -> bool:
        users = (one for one in environment.statements.values() if one not in resumed)
        return any(one.spec["computePoolName"] == pool.name for one in users)

    replace(server.statements, "change", change)
    replace(server.pools, "in_use", in_use)


@fault(
    "pool-in-use-ignores-failed",
    "Deletes a compute pool whose statements have failed or were stopped.",
    "CMF-POOL-IN-USE",
    reason=r"the compute pool of a statement that was created stopped can't be deleted: the answer of deleteComputePool came with status 204",
)
def _(server: Server) -> None:
    def in_use(_original: Any, environment: Environment, pool: Record) -> bool:
        return any(
            one.spec["computePoolName"] == pool.name
            and server.statements.phase(one).name not in {"FAILED", "STOPPED"}
            for one in environment.statements.values()
        )

    replace(server.pools, "in_use", in_use)


@fault(
    "pool-released-not-by-longer-name",
    "Keeps a compute pool as long as a statement uses one of a longer name.",
    "CMF-POOL-RELEASED",
    reason=r"a statement of another environment, and one in a pool of a longer name, keep nothing: the answer of deleteComputePool came with status 409",
)
def _(server: Server) -> None:
    def in_use(_original: Any, environment: Environment, pool: Record) -> bool:
        return any(
            one.spec["computePoolName"].startswith(pool.name) for one in environment.statements.values()
        )

    replace(server.pools, "in_use", in_use)


@fault(
    "pool-nowhere-kept",
    "Refuses a compute pool in an unknown environment, and has it there once that is created.",
    "CMF-POOL-ENVIRONMENT-UNKNOWN",
    reason=r"nor does it show in an environment created later under that name: the list of the new environment is not as expected",
)
def _(server: Server) -> None:
    orphans: dict[str, Record] = {}

    def act(_original: Handler, call: Call) -> None:
        name = tools.metadata(tools.sent(server, call)).get("name")
        if isinstance(name, str) and server.store.environment(call.path["envName"]) is None:
            now = server.clock.stamp()
            orphans[call.path["envName"]] = Record(
                name, {}, {"type": "DEDICATED", "clusterSpec": {}}, now, now
            )

    def add(original: Any, environment: Environment) -> None:
        orphan = orphans.pop(environment.name, None)
        if orphan is not None:
            environment.pools[orphan.name] = orphan
        original(environment)

    tools.when_refused(server, [POOL.create], {404}, act)
    replace(server.store, "add_environment", add)


@fault(
    "pool-body-no-kind",
    "Accepts a compute pool without its kind.",
    "CMF-POOL-BODY",
    reason=r"no kind is refused: the answer of createComputePool came with status 200",
)
def _(server: Server) -> None:
    tools.filled(server, [POOL.create], "kind", "ComputePool")


@fault(
    "pool-refused-created",
    "Refuses labels of the wrong type, but creates the compute pool without them.",
    "CMF-POOL-REFUSED",
    "CMF-POOL-NAME-REFUSED",
    reason=r"none of .* refused bodies created a compute pool: refused for \[.*\], it is listed all the same",
)
def _(server: Server) -> None:
    tools.created_though_refused(server, POOL)


@fault(
    "pool-schema-phase-number",
    "Shows the phase of a compute pool as a number in small lists.",
    "CMF-POOL-SCHEMA",
    reason=r"answers of getComputePools: .* .* is not of type .*",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, POOL, lambda item: {**item, "status": {"phase": 1}})


@fault(
    "conc-create-two-winners",
    "Lets each of several requests that create one compute pool at once have it.",
    "CMF-CONC-CREATE",
    reason=r"of .* parallel creations of one compute pool one wins, round .*: .* creations were accepted",
)
def _(server: Server) -> None:
    async def handle(original: Any, request: Request) -> Wire:
        if request.method == "POST" and request.segments[5:] == ("compute-pools",):
            try:
                body = server.media.parse(request)
            except Refusal:
                body = None
            metadata = body.get("metadata") if isinstance(body, dict) else None
            name = metadata.get("name") if isinstance(metadata, dict) else None
            environment = server.store.environment(request.segments[4])
            if environment is not None and isinstance(name, str) and name not in environment.pools:
                await asyncio.sleep(0.02)  # other requests come in meanwhile
                environment.pools.pop(name, None)
        return await original(request)  # type: ignore[no-any-return]

    replace(server, "handle", handle)


@fault(
    "pool-of-stopped-statement-deleted",
    "Deletes a compute pool whose statements have all been stopped by an update.",
    "CMF-POOL-IN-USE",
    reason=r"the compute pool of a statement that is stopped can't be deleted: the answer of deleteComputePool came with status 20",
)
def _(server: Server) -> None:
    def in_use(original: Any, environment: Environment, pool: Record) -> bool:
        used = [one for one in environment.statements.values() if one.spec["computePoolName"] == pool.name]
        stopped = [len(one.plan) > 1 and server.statements.phase(one).name == "STOPPED" for one in used]
        return bool(original(environment, pool)) and not all(stopped)

    replace(server.pools, "in_use", in_use)


@fault(
    "pool-list-spec-of-namesake",
    "Lists a compute pool with the spec of the first one of its name in any environment.",
    "CMF-POOL-LIST",
    reason=r"namesakes in two environments are each listed with values of their own: in the list, the namesake: /spec/clusterSpec/",
)
def _(server: Server) -> None:
    tools.lists_spec_of_namesake(server, POOL)


@fault(
    "pool-list-yaml-kept",
    "Answers every page of compute pools as YAML as it was when it was first read.",
    "CMF-POOL-LIST",
    "CMF-POOL-DELETE",
    reason=r"each is listed, on pages of 100 as application/yaml, with the values that are read of it alone: .* is not listed",
)
def _(server: Server) -> None:
    kept: dict[Any, Answer] = {}

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.media.wanted(call.request.headers.get("accept")) != YAML:
            return answer
        return kept.setdefault((call.request.segments, call.request.query), answer)

    around(server, [POOL.page], listing)


@fault(
    "pool-in-use-stops-statements",
    "Refuses to delete a compute pool that is in use, but stops what runs in it.",
    "CMF-POOL-IN-USE",
    reason=r"its statements are still there, and others can be created in it: a refused DELETE has stopped a statement",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        environment = server.store.environment(call.path["envName"])
        for one in environment.statements.values() if environment is not None else ():
            used = one.spec["computePoolName"] == call.path["computePoolName"]
            if used and server.statements.phase(one).name in STOPPABLE:
                one.spec = {**one.spec, "stopped": True}
                server.statements.begin(one, STOP)

    tools.when_refused(server, [POOL.delete], {409}, act)


@fault(
    "pool-body-yaml-labels-text",
    "Makes text of whatever is the value of a label in YAML.",
    "CMF-POOL-BODY",
    reason=r"an object as label as YAML is refused: the answer of createComputePool came with status 200",
)
def _(server: Server) -> None:
    def texts(body: JsonObject) -> JsonObject | None:
        labels = tools.metadata(body).get("labels")
        if not isinstance(labels, dict):
            return None
        spoken = {key: value if isinstance(value, str) else repr(value) for key, value in labels.items()}
        return {**body, "metadata": {**body["metadata"], "labels": spoken}}

    def create(original: Handler, call: Call) -> Answer:
        changed = texts(tools.sent(server, call)) if is_yaml(call) else None
        return original(call if changed is None else tools.with_body(call, changed))

    around(server, [POOL.create], create)
