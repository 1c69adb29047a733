"""Violations by the operations on secret mappings."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import MAPPING
from conformance.reference.replacing import around, at, drop, reshape
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment, Record
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


@fault(
    "map-create-answer-without-annotations",
    "Leaves the annotations out of the answer to a creation.",
    "CMF-MAP-CREATE",
    "CMF-CONTENT-JSON",
    "CMF-CONTENT-YAML",
    reason=r"generated requests of createEnvironmentSecretMapping: sent as application/json: the secret mapping/metadata/annotations is not as stored",
)
def _(server: Server) -> None:
    reshape(server, [MAPPING.create], drop("metadata", "annotations"))


@fault(
    "map-get-labels-lost-later",
    "Forgets the labels of a mapping when the next is created beside it.",
    "CMF-MAP-GET",
    "CMF-MAP-REFUSED",
    reason=r"a secret mapping stays as it is when others are created: the secret mapping: /metadata/labels is not as stored",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        before = list(MAPPING.held(server, call).values())[:-1]
        wanted = answer.value["metadata"].get("labels", {}).get("revision") == "2"
        if before and wanted and before[-1].metadata.get("labels", {}).get("revision") == "1":
            kept = {key: value for key, value in before[-1].metadata.items() if key != "labels"}
            before[-1].metadata = kept
        return answer

    around(server, [MAPPING.create], create)


@fault(
    "map-get-by-beginning",
    "Finds a mapping by its name without the last letter.",
    "CMF-MAP-GET-UNKNOWN",
    reason=r"the beginning of an existing name, and more than it: the answer of getEnvironmentSecretMapping came with status 200",
)
def _(server: Server) -> None:
    tools.found_by_beginning(server, MAPPING, MAPPING.get)


@fault(
    "map-conflict-overwrites-labels",
    "Answers 409 for an existing mapping, but takes the new labels the third time.",
    "CMF-MAP-CONFLICT",
    "CMF-CONC-CREATE",
    reason=r"after posting it with another body as application/yaml the secret mapping is as it was: the secret mapping: /metadata/labels/revision is",
)
def _(server: Server) -> None:
    def change(record: Record, body: JsonObject) -> None:
        record.metadata = {**record.metadata, "labels": tools.metadata(body).get("labels", {})}

    tools.conflict_overwrites(server, MAPPING, change)


def _around_update(server: Server, change: Any) -> None:
    """Let ``change`` put right, after an update, what the mapping has; it gets a copy of the old one."""

    def update(original: Handler, call: Call) -> Answer:
        record = MAPPING.held(server, call).get(call.path["name"])
        if record is None:
            return original(call)
        old = Record(record.name, record.metadata, record.spec, record.created, record.updated)
        answer = original(call)
        change(record, old, call)
        return Answer(answer.status, server.mappings.view(record))

    around(server, [MAPPING.update], update)


@fault(
    "map-update-annotations-kept",
    "Loses new annotations when an update of a mapping leaves the secret as it is.",
    "CMF-MAP-UPDATE",
    "CMF-CONC-READ",
    reason=r"update .*, with other labels and annotations alone, as application/json, answers 200: the answer: /metadata/annotations/note is not as stored",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        both = "annotations" in old.metadata and "annotations" in record.metadata
        same = set(old.metadata.get("annotations", ())) == set(record.metadata.get("annotations", ()))
        if both and same and old.spec == record.spec:
            record.metadata = {**record.metadata, "annotations": old.metadata["annotations"]}

    _around_update(server, change)


@fault(
    "map-replace-merges-annotations",
    "Keeps annotations that an update of a mapping leaves out.",
    "CMF-MAP-REPLACE",
    reason=r"annotations left out of an update as application/json are gone: annotations are still there",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        merged = {**old.metadata.get("annotations", {}), **record.metadata.get("annotations", {})}
        if merged:
            record.metadata = {**record.metadata, "annotations": merged}

    _around_update(server, change)


@fault(
    "map-update-new-uid",
    "Gives a mapping a new uid when it maps to another secret.",
    "CMF-MAP-CREATED-KEPT",
    reason=r"uid and creationTimestamp after an update with other content: metadata\.uid is not as expected",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        if record.spec != old.spec:
            record.uid = record.uid[:-1] + ("0" if record.uid[-1] != "0" else "1")

    _around_update(server, change)


@fault(
    "map-updated-stands-with-labels",
    "Leaves updateTimestamp as it was when an update changes labels.",
    "CMF-MAP-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with other content: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def change(record: Record, old: Record, _call: Call) -> None:
        if record.metadata.get("labels") != old.metadata.get("labels"):
            record.updated = old.updated

    _around_update(server, change)


@fault(
    "map-update-nowhere-400",
    "Answers 400 for the update of a mapping in an unknown environment.",
    "CMF-MAP-UPDATE-UNKNOWN",
    reason=r"a PUT of an existing name in an environment that does not exist answers 404: the answer of updateEnvironmentSecretMapping came with status",
)
def _(server: Server) -> None:
    tools.refused_as(
        server,
        [MAPPING.update],
        404,
        lambda call: server.store.environment(call.path["envName"]) is None,
        400,
    )


@fault(
    "map-update-name-reaches-other",
    "Refuses an update that names another mapping, but gives its annotations to that one.",
    "CMF-MAP-UPDATE-NAME",
    reason=r"a PUT whose body names another one changes no other secret mapping, and creates none: the other secret mapping: /metadata/annotations/note",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        data = tools.metadata(tools.sent(server, call))
        name = data.get("name")
        other = MAPPING.held(server, call).get(name) if isinstance(name, str) else None
        if other is not None and other.name != call.path["name"]:
            other.metadata = {**other.metadata, "annotations": data.get("annotations", {})}

    tools.when_refused(server, [MAPPING.update], {400}, act)


@fault(
    "map-list-annotations-lost",
    "Lists mappings without annotations on small pages.",
    "CMF-MAP-LIST",
    reason=r"each is listed, on pages of .* as application/json, with the values that are read of it alone: in the list, .*:",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, MAPPING, drop("metadata", "annotations"))


@fault(
    "map-list-longer-environment",
    "Lists the mappings of environments with a longer name, too.",
    "CMF-MAP-LIST-SCOPE",
    "CMF-AGREE-ENVIRONMENT-DELETED",
    reason=r"the list of an environment holds its own secret mappings alone: the list, as it comes, is not that of the environment",
)
def _(server: Server) -> None:
    tools.lists_longer_environment(server, MAPPING)


@fault(
    "map-list-nowhere-empty",
    "Answers an empty page of mappings for an unknown environment.",
    "CMF-MAP-LIST-UNKNOWN",
    reason=r"an environment that does not exist has no list: the answer of getEnvironmentSecretMappings came with status 200",
)
def _(server: Server) -> None:
    tools.empty_list_of_nowhere(server, MAPPING, "page")


@fault(
    "map-delete-still-listed",
    "Lists a deleted mapping until another is created.",
    "CMF-MAP-DELETE",
    "CMF-MAP-UPDATE-UNKNOWN",
    reason=r"afterwards it can't be read and is not listed: a deleted secret mapping is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    tools.ghost_listed(server, MAPPING)


@fault(
    "map-delete-twice-204",
    "Answers 204 for the deletion of a deleted mapping.",
    "CMF-MAP-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteEnvironmentSecretMapping came with status 204",
)
def _(server: Server) -> None:
    tools.deleted_answers(server, MAPPING, 204)


@fault(
    "map-recreate-labels-back",
    "Gives a new mapping the labels of the deleted one of its name.",
    "CMF-MAP-RECREATE",
    reason=r"nothing of the old secret mapping is left: labels of the old secret mapping are back",
)
def _(server: Server) -> None:
    tools.remembers(server, MAPPING, tools.old_labels)


@fault(
    "map-nowhere-kept",
    "Answers 404 for a mapping in an unknown environment, but has it once that is created.",
    "CMF-MAP-ENVIRONMENT-UNKNOWN",
    reason=r"nor does it show in an environment created later under that name: the list of the new environment is not as expected",
)
def _(server: Server) -> None:
    orphans: dict[str, Record] = {}

    def act(_original: Handler, call: Call) -> None:
        body, now = tools.sent(server, call), server.clock.stamp()
        name = tools.metadata(body).get("name")
        if isinstance(name, str) and server.store.environment(call.path["envName"]) is None:
            orphans[call.path["envName"]] = Record(name, {}, {"secretName": "none"}, now, now)

    original_add = server.store.add_environment

    def add(environment: Environment) -> None:
        orphan = orphans.pop(environment.name, None)
        if orphan is not None:
            environment.mappings[orphan.name] = orphan
        original_add(environment)

    tools.when_refused(server, [MAPPING.create], {404}, act)
    server.store.add_environment = add  # type: ignore[method-assign]


@fault(
    "map-secret-unknown-updates",
    "Refuses to map to an unknown secret, but takes the annotations of the update.",
    "CMF-MAP-SECRET-UNKNOWN",
    reason=r"an update to a secret that never existed, sent as application/json: after a refused update, the mapping: /metadata/annotations is not as",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        record = MAPPING.held(server, call).get(call.path["name"])
        notes = tools.metadata(tools.sent(server, call)).get("annotations")
        if record is not None and isinstance(notes, dict):
            record.metadata = {**record.metadata, "annotations": notes}

    tools.when_refused(server, [MAPPING.update], {404}, act)


@fault(
    "map-body-no-kind-in-update",
    "Accepts an update of a mapping without its kind.",
    "CMF-MAP-BODY",
    "CMF-MAP-REFUSED",
    reason=r"an update with no kind is refused: the answer of updateEnvironmentSecretMapping came with status 200",
)
def _(server: Server) -> None:
    tools.filled(server, [MAPPING.update], "kind", "EnvironmentSecretMapping")


@fault(
    "map-refused-update-kept",
    "Refuses an update without kind, but takes its annotations.",
    "CMF-MAP-REFUSED",
    reason=r"an update that is refused for no kind changes nothing: the secret mapping: /metadata/annotations/note is not as expected",
)
def _(server: Server) -> None:
    tools.updated_though_refused(server, MAPPING)


@fault(
    "map-schema-spec-text",
    "Shows a text in the place of the spec of a mapping in small lists.",
    "CMF-MAP-SCHEMA",
    "CMF-MAP-LIST",
    reason=r"answers of getEnvironmentSecretMappings: .* .* is not of type .*",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, MAPPING, lambda item: {**item, "spec": item["spec"]["secretName"]})


@fault(
    "map-update-answer-new-uid",
    "Gives another uid in the answer to an update of a mapping.",
    "CMF-MAP-CREATED-KEPT",
    reason=r"uid and creationTimestamp in the answer to an update with other content: in the answer, metadata\.uid is not as expected",
)
def _(server: Server) -> None:
    def another(uid: str) -> str:
        return uid[:-1] + ("0" if uid[-1] != "0" else "1")

    reshape(server, [MAPPING.update], at(another, "metadata", "uid"))


@fault(
    "map-delete-takes-secret",
    "Deletes with the only mapping of a secret the secret, too.",
    "CMF-MAP-DELETE",
    "CMF-AGREE-SECRET-DELETED",
    "CMF-MAP-RECREATE",
    reason=r"its secret is still there, though nothing else maps to it: the answer of getSecret came with status 404",
)
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        record = MAPPING.held(server, call).get(call.path["name"])
        answer = original(call)
        secret = server.store.secrets.get(record.spec["secretName"]) if record is not None else None
        if secret is not None and not server.secrets.environments_of(secret):
            del server.store.secrets[secret.name]
        return answer

    around(server, [MAPPING.delete], delete)


@fault(
    "map-delete-takes-namesakes-of-secret",
    "Deletes the mappings of that name to the same secret in other environments, too.",
    "CMF-MAP-DELETE",
    reason=r"its namesake in another environment is still there: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        name = call.path["name"]
        mapping = MAPPING.held(server, call).get(name)
        answer = original(call)
        for environment in server.store.list_environments():
            other = environment.mappings.get(name)
            if mapping is not None and other is not None and other.spec == mapping.spec:
                del environment.mappings[name]
        return answer

    around(server, [MAPPING.delete], delete)


@fault(
    "map-list-spec-of-namesake",
    "Lists a mapping with the secret of the first one of its name in any environment.",
    "CMF-MAP-LIST",
    reason=r"namesakes in two environments are each listed with values of their own: in the list, the namesake: /secret is not as expected",
)
def _(server: Server) -> None:
    tools.lists_spec_of_namesake(server, MAPPING)
