"""What the faults of the SQL family share: the kinds with their operations, and ways to spoil any of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from conformance.reference.media import JSON
from conformance.reference.replacing import around
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Record
from conformance.reference.values import Answer, Call, JsonObject, Refusal, Request


@dataclass(frozen=True)
class Kind:
    """A kind of resource of the SQL family."""

    word: str
    """As it stands in the ids of requirements."""
    attribute: str
    """Where the server has its operations, and an environment or the store its resources."""
    parameter: str
    create: str
    get: str
    page: str
    delete: str
    update: str = ""

    @property
    def reads(self) -> tuple[str, str]:
        """The operations that read it."""
        return self.get, self.page

    def resources(self, server: Server) -> Any:
        """The operations of the server."""
        return getattr(server, self.attribute)

    def held(self, server: Server, call: Call) -> dict[str, Any]:
        """The resources beside the one that is called, by name."""
        if "envName" not in call.path:
            found: dict[str, Any] = getattr(server.store, self.attribute)
            return found
        environment = server.store.environment(call.path["envName"])
        return {} if environment is None else getattr(environment, self.attribute)


STATEMENT = Kind(
    "STMT",
    "statements",
    "stmtName",
    "createStatement",
    "getStatement",
    "getStatements",
    "deleteStatement",
    "updateStatement",
)
POOL = Kind(
    "POOL",
    "pools",
    "computePoolName",
    "createComputePool",
    "getComputePool",
    "getComputePools",
    "deleteComputePool",
)
SECRET = Kind(
    "SECRET",
    "secrets",
    "secretName",
    "createSecret",
    "getSecret",
    "getSecrets",
    "deleteSecret",
    "updateSecret",
)
MAPPING = Kind(
    "MAP",
    "mappings",
    "name",
    "createEnvironmentSecretMapping",
    "getEnvironmentSecretMapping",
    "getEnvironmentSecretMappings",
    "deleteEnvironmentSecretMapping",
    "updateEnvironmentSecretMapping",
)
CATALOG = Kind(
    "CAT",
    "catalogs",
    "catName",
    "createKafkaCatalog",
    "getKafkaCatalog",
    "getKafkaCatalogs",
    "deleteKafkaCatalog",
)


def sent(server: Server, call: Call) -> JsonObject:
    """The body of the request; empty when it is no object."""
    try:
        value = server.media.parse(call.request)
    except Refusal:
        return {}
    return value if isinstance(value, dict) else {}


def metadata(body: JsonObject) -> JsonObject:
    """The metadata of a body; empty when they are no object."""
    value = body.get("metadata")
    return value if isinstance(value, dict) else {}


def is_yaml(call: Call) -> bool:
    """Whether the body of the request is declared as YAML."""
    return "yaml" in call.request.headers.get("content-type", "")


def with_body(call: Call, body: JsonObject) -> Call:
    """The call with another body."""
    old = call.request
    headers = {**old.headers, "content-type": JSON}
    request = Request(old.method, old.segments, old.query, headers, json.dumps(body).encode())
    return Call(request, call.operation, call.path)


def rewrite(
    server: Server, operations: Iterable[str], change: Callable[[JsonObject], JsonObject | None]
) -> None:
    """Let the operations see another body, where ``change`` gives one."""

    def behaviour(original: Handler, call: Call) -> Answer:
        changed = change(sent(server, call))
        return original(call if changed is None else with_body(call, changed))

    around(server, operations, behaviour)


def filled(server: Server, operations: Iterable[str], key: str, value: Any) -> None:
    """Let a body that lacks the key pass as if it had the value there."""
    rewrite(server, operations, lambda body: {**body, key: value} if body and key not in body else None)


def when_refused(
    server: Server, operations: Iterable[str], statuses: Iterable[int], act: Callable[[Handler, Call], None]
) -> None:
    """Do something after the operations refused with one of the statuses, and refuse all the same."""

    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if refusal.status in statuses:
                act(original, call)
            raise

    around(server, operations, behaviour)


def refused_as(
    server: Server, operations: Iterable[str], status: int, condition: Callable[[Call], bool], wrong: int
) -> None:
    """Refuse with the wrong status what is refused with the other one, on a condition."""

    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            if refusal.status == status and condition(call):
                raise Refusal(wrong, refusal.message) from None
            raise

    around(server, operations, behaviour)


def found_by_beginning(server: Server, kind: Kind, *operations: str) -> None:
    """Find a resource by its name without the last letter."""

    def behaviour(original: Handler, call: Call) -> Answer:
        name = call.path[kind.parameter]
        known = kind.held(server, call)
        longer = [each for each in known if each[:-1] == name]
        path = {**call.path, kind.parameter: longer[0]} if longer and name not in known else call.path
        return original(Call(call.request, call.operation, path))

    around(server, operations, behaviour)


def conflict_overwrites(server: Server, kind: Kind, change: Callable[[Record, JsonObject], None]) -> None:
    """Change what is there at every third conflict about a name."""
    conflicts: dict[int, int] = {}

    def act(_original: Handler, call: Call) -> None:
        body = sent(server, call)
        record = kind.held(server, call).get(metadata(body).get("name", ""))
        if record is not None:
            conflicts[id(record)] = conflicts.get(id(record), 0) + 1
            if conflicts[id(record)] % 3 == 0:
                change(record, body)

    when_refused(server, [kind.create], {409}, act)


def listed_otherwise(
    server: Server, kind: Kind, change: Callable[[JsonObject], JsonObject], size: str = "2"
) -> None:
    """Show resources otherwise on pages of one size."""

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if call.request.parameter("size") != size:
            return answer
        items = [change({**item, "metadata": dict(item["metadata"])}) for item in answer.value["items"]]
        return Answer(200, {**answer.value, "items": items})

    around(server, [kind.page], listing)


def deleted_answers(server: Server, kind: Kind, status: int) -> None:
    """Answer the status for the deletion of what was deleted before."""
    deleted: set[tuple[str, ...]] = set()

    def delete(original: Handler, call: Call) -> Answer:
        try:
            answer = original(call)
        except Refusal as refusal:
            if refusal.status == 404 and call.request.segments in deleted:  # noqa: PLR2004
                return Answer(status)
            raise
        deleted.add(call.request.segments)
        return answer

    around(server, [kind.delete], delete)


def ghost_listed(server: Server, kind: Kind) -> None:
    """List the last resource that was deleted until another is created in its place."""
    ghosts: dict[str, Any] = {}

    def delete(original: Handler, call: Call) -> Answer:
        record = kind.held(server, call).get(call.path[kind.parameter])
        answer = original(call)
        ghosts[call.path.get("envName", "")] = record
        return answer

    def create(original: Handler, call: Call) -> Answer:
        ghosts.pop(call.path.get("envName", ""), None)
        return original(call)

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        ghost = ghosts.get(call.path.get("envName", ""))
        if ghost is None or call.request.parameter("page") not in {None, "0"}:
            return answer
        if len(answer.value["items"]) >= answer.value["pageable"]["size"]:
            return answer
        items = [*answer.value["items"], kind.resources(server).view(ghost)]
        return Answer(200, {**answer.value, "items": items})

    around(server, [kind.delete], delete)
    around(server, [kind.create], create)
    around(server, [kind.page], listing)


def remembers(server: Server, kind: Kind, restore: Callable[[Any, Any], None]) -> None:
    """Give a new resource something of the deleted one of its name."""
    old: dict[tuple[Any, str], Any] = {}

    def delete(original: Handler, call: Call) -> Answer:
        name = call.path[kind.parameter]
        held = kind.held(server, call)
        record = held.get(name)
        answer = original(call)
        old[id(held), name] = record
        return answer

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        held, name = kind.held(server, call), answer.value["metadata"]["name"]
        before = old.pop((id(held), name), None)
        if before is not None:
            restore(held[name], before)
        return Answer(answer.status, kind.resources(server).view(held[name]))

    around(server, [kind.delete], delete)
    around(server, [kind.create], create)


def old_annotations(new: Record, before: Record) -> None:
    """Let the annotations of the deleted resource come back."""
    new.metadata = {**new.metadata, "annotations": before.metadata.get("annotations", {})}


def old_labels(new: Record, before: Record) -> None:
    """Let the labels of the deleted resource come back."""
    new.metadata = {**new.metadata, "labels": before.metadata.get("labels", {})}


def old_uid(new: Record, before: Record) -> None:
    """Let the uid of the deleted resource come back."""
    new.uid = before.uid


def lists_longer_environment(server: Server, kind: Kind) -> None:
    """List the resources of environments whose names begin with that of this one, too."""
    resources = kind.resources(server)
    plain = resources.listed

    def listed(call: Call, items: list[Any], properties: Any, view: Any) -> Answer:
        name = call.path["envName"]
        more = [
            record
            for environment in server.store.list_environments()
            if environment.name != name and environment.name.startswith(name)
            for record in getattr(environment, kind.attribute).values()
        ]
        answer: Answer = plain(call, [*items, *more], properties, view)
        return answer

    resources.listed = listed


def empty_list_of_nowhere(server: Server, kind: Kind, parameter: str) -> None:
    """Answer an empty list for an environment that does not exist, when the parameter is given."""

    def listing(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None and call.request.parameter(parameter):
            return Answer(200, server.paging.page(call.request, [], {}, dict))
        return original(call)

    around(server, [kind.page], listing)


def namesakes_deleted(server: Server, kind: Kind) -> None:
    """Remove a resource from every environment."""

    def delete(original: Handler, call: Call) -> Answer:
        answer = original(call)
        for environment in server.store.list_environments():
            getattr(environment, kind.attribute).pop(call.path[kind.parameter], None)
        return answer

    around(server, [kind.delete], delete)


def created_though_refused(server: Server, kind: Kind) -> None:
    """Refuse labels of the wrong type, but create the resource without them."""

    def act(original: Handler, call: Call) -> None:
        body = sent(server, call)
        if not isinstance(metadata(body).get("labels", {}), dict):
            kept = {key: value for key, value in metadata(body).items() if key != "labels"}
            original(with_body(call, {**body, "metadata": kept}))

    when_refused(server, [kind.create], {400, 422}, act)


def updated_though_refused(server: Server, kind: Kind) -> None:
    """Refuse an update that lacks its kind, but take its annotations."""

    def act(_original: Handler, call: Call) -> None:
        body = sent(server, call)
        record = kind.held(server, call).get(call.path[kind.parameter])
        notes = metadata(body).get("annotations")
        if record is not None and body and "kind" not in body and isinstance(notes, dict):
            record.metadata = {**record.metadata, "annotations": notes}

    when_refused(server, [kind.update], {400, 422}, act)


def lists_spec_of_namesake(server: Server, kind: Kind) -> None:
    """List a resource with the spec of the first one of its name in any environment."""

    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        items = []
        for item in answer.value["items"]:
            everywhere = (getattr(one, kind.attribute) for one in server.store.list_environments())
            first = next(
                held[item["metadata"]["name"]] for held in everywhere if item["metadata"]["name"] in held
            )
            items.append({**item, "spec": first.spec})
        return Answer(200, {**answer.value, "items": items})

    around(server, [kind.page], listing)
