"""Violations by the operations on secrets."""
# ruff: noqa: PLR2004 - statuses and counts are what this is about

from __future__ import annotations

import base64
from typing import Any

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import SECRET
from conformance.reference.media import JSON, YAML
from conformance.reference.replacing import around, drop, reshape, unknown_as_yaml
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Record
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()


@fault(
    "secret-create-answer-without-labels",
    "Leaves the labels out of the answer to a creation.",
    "CMF-SECRET-CREATE",
    reason=r"a new secret, body .* as application/json, answers 200: the answer: /metadata/labels is not as stored",
)
def _(server: Server) -> None:
    reshape(server, [SECRET.create], drop("metadata", "labels"))


@fault(
    "secret-get-labels-lost-later",
    "Forgets the labels of the second to last secret when one is created.",
    "CMF-SECRET-GET",
    "CMF-SECRET-REFUSED",
    reason=r"a secret stays as it is when others are created: the secret: /metadata/labels is not as stored",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        before = list(server.store.secrets.values())[:-1]
        if before and answer.value["metadata"].get("labels", {}).get("revision") == "2":
            record = before[-1]
            if record.metadata.get("labels", {}).get("revision") == "1":
                record.metadata = {key: value for key, value in record.metadata.items() if key != "labels"}
        return answer

    around(server, [SECRET.create], create)


@fault(
    "secret-get-by-beginning",
    "Finds a secret by its name without the last letter.",
    "CMF-SECRET-GET-UNKNOWN",
    reason=r"the beginning of an existing name, and more than it: the answer of getSecret came with status 200",
)
def _(server: Server) -> None:
    tools.found_by_beginning(server, SECRET, SECRET.get)


@fault(
    "secret-shown-in-yaml-list",
    "Shows the data of secrets in base64 in lists as YAML.",
    "CMF-SECRET-HIDDEN",
    reason=r"answers of getSecrets: the answer shows what is in a secret, at .*",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.media.wanted(call.request.headers.get("accept")) != "application/yaml":
            return answer
        items = []
        for item in answer.value["items"]:
            data = server.store.secrets[item["metadata"]["name"]].spec["data"]
            hidden = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
            items.append({**item, "spec": {"data": hidden}})
        return Answer(200, {**answer.value, "items": items})

    around(server, [SECRET.page], listing)


@fault(
    "secret-shown-in-refusal",
    "Shows the data of a secret in the message that refuses an update.",
    "CMF-SECRET-HIDDEN",
    reason=r"answers of updateSecret: the answer shows what is in a secret, at /errors/.*/message",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal as refusal:
            spec = tools.sent(server, call).get("spec", {})
            if refusal.status == 400 and isinstance(spec, dict) and spec.get("data"):
                raise Refusal(400, f"{refusal.message} Was: {spec['data']}") from None
            raise

    around(server, [SECRET.update], update)


@fault(
    "secret-conflict-overwrites-labels",
    "Answers 409 for an existing secret, but takes the new labels the third time.",
    "CMF-SECRET-CONFLICT",
    "CMF-CONC-CREATE",
    reason=r"after posting it with another body as application/yaml the secret is as it was: the secret: /metadata/labels/revision is not as expected",
)
def _(server: Server) -> None:
    def change(record: Record, body: JsonObject) -> None:
        record.metadata = {**record.metadata, "labels": tools.metadata(body).get("labels", {})}

    tools.conflict_overwrites(server, SECRET, change)


@fault(
    "secret-update-lost-on-third",
    "Loses the labels of the third update of a secret.",
    "CMF-SECRET-UPDATE",
    reason=r"update .*, with other content again, as application/yaml, holds, read as application/json: the secret: /metadata/labels/revision is not as",
)
def _(server: Server) -> None:
    updates: dict[Record, int] = {}

    def update(original: Handler, call: Call) -> Answer:
        record = SECRET.held(server, call).get(call.path["secretName"])
        labels = record.metadata.get("labels") if record is not None else None
        answer = original(call)
        if record is not None:
            updates[record] = updates.get(record, 0) + 1
            if updates[record] == 3 and labels is not None and "labels" in record.metadata:
                record.metadata = {**record.metadata, "labels": labels}
        return answer

    around(server, [SECRET.update], update)


@fault(
    "secret-replace-merges-labels",
    "Keeps labels that an update of a secret leaves out.",
    "CMF-SECRET-REPLACE",
    reason=r"labels left out of an update as application/json are gone: labels are still there",
)
def _(server: Server) -> None:
    _merges(server, "labels", JSON)


@fault(
    "secret-replace-yaml-merges-annotations",
    "Keeps annotations that an update of a secret as YAML leaves out.",
    "CMF-SECRET-REPLACE",
    reason=r"annotations left out of an update as application/yaml are gone: annotations are still there",
)
def _(server: Server) -> None:
    _merges(server, "annotations", YAML)


def _merges(server: Server, part: str, media_type: str) -> None:
    def update(original: Handler, call: Call) -> Answer:
        record = SECRET.held(server, call).get(call.path["secretName"])
        before = record.metadata.get(part, {}) if record is not None else {}
        answer = original(call)
        if record is None or not before or call.request.headers.get("content-type") != media_type:
            return answer
        record.metadata = {**record.metadata, part: {**before, **record.metadata.get(part, {})}}
        return Answer(200, server.secrets.view(record))

    around(server, [SECRET.update], update)


@fault(
    "secret-update-takes-claimed-time",
    "Takes the creation time that an update of a secret claims.",
    "CMF-SECRET-CREATED-KEPT",
    reason=r"uid and creationTimestamp after an update that sends others in their place: the update changed creationTimestamp",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        answer = original(call)
        claimed = tools.metadata(tools.sent(server, call)).get("creationTimestamp")
        if claimed == "2001-01-01T00:00:00Z":
            SECRET.held(server, call)[call.path["secretName"]].created = 978307200000
        return answer

    around(server, [SECRET.update], update)


@fault(
    "secret-updated-stands-on-second",
    "Leaves updateTimestamp as it was in every second update of a secret.",
    "CMF-SECRET-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with other content: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        record = SECRET.held(server, call).get(call.path["secretName"])
        before = record.updated if record is not None else 0
        labels = record.metadata.get("labels") if record is not None else None
        answer = original(call)
        if record is not None and labels != record.metadata.get("labels"):
            record.updated = before
        return answer

    around(server, [SECRET.update], update)


@fault(
    "secret-delete-leaves-yaml",
    "Goes on to answer what it has once written of a secret as YAML.",
    "CMF-SECRET-DELETE",
    reason=r"afterwards it can't be read and is not listed: the answer of getSecret came with status 200",
)
def _(server: Server) -> None:
    written: dict[str, Answer] = {}

    def get(original: Handler, call: Call) -> Answer:
        name, yaml = call.path["secretName"], call.request.headers.get("accept") == "application/yaml"
        gone = SECRET.held(server, call).get(name) is None
        if yaml and gone and name in written:
            return written[name]
        answer = original(call)
        if yaml:
            written[name] = answer
        return answer

    around(server, ["getSecret"], get)


@fault(
    "secret-updated-time-of-metadata",
    "Does not move the update time of a secret with its data.",
    "CMF-SECRET-UPDATED-MOVES",
    reason=r"updateTimestamp after an update with another spec alone: the update did not move updateTimestamp",
)
def _(server: Server) -> None:
    def update(original: Handler, call: Call) -> Answer:
        record = SECRET.held(server, call).get(call.path["secretName"])
        before = (record.updated, record.metadata) if record is not None else (0, {})
        answer = original(call)
        if record is not None and before[1] == record.metadata:
            record.updated = before[0]
        return answer

    around(server, [SECRET.update], update)


@fault(
    "secret-update-unknown-revives",
    "Answers 404 for the update of a deleted secret, but brings it back.",
    "CMF-SECRET-UPDATE-UNKNOWN",
    reason=r"a PUT of a deleted secret answers 404, and does not bring it back: the answer of getSecret came with status 200",
)
def _(server: Server) -> None:
    deleted: dict[str, Any] = {}

    def delete(original: Handler, call: Call) -> Answer:
        record = server.store.secrets.get(call.path["secretName"])
        answer = original(call)
        deleted[call.path["secretName"]] = record
        return answer

    def act(_original: Handler, call: Call) -> None:
        name = call.path["secretName"]
        if name in deleted and metadata_of(call).get("labels"):
            server.store.secrets[name] = deleted.pop(name)

    def metadata_of(call: Call) -> JsonObject:
        return tools.metadata(tools.sent(server, call))

    around(server, [SECRET.delete], delete)
    tools.when_refused(server, [SECRET.update], {404}, act)


@fault(
    "secret-update-name-reaches-other",
    "Refuses an update that names another secret, but gives its annotations to that one.",
    "CMF-SECRET-UPDATE-NAME",
    reason=r"a PUT whose body names another one changes no other secret, and creates none: the other secret: /metadata/annotations/note is not as",
)
def _(server: Server) -> None:
    def act(_original: Handler, call: Call) -> None:
        data = tools.metadata(tools.sent(server, call))
        other = SECRET.held(server, call).get(str(data.get("name")))
        if other is not None and other.name != call.path["secretName"]:
            other.metadata = {**other.metadata, "annotations": data.get("annotations", {})}

    tools.when_refused(server, [SECRET.update], {422}, act)


@fault(
    "secret-list-annotations-lost",
    "Lists secrets without annotations on small pages.",
    "CMF-SECRET-LIST",
    reason=r"each is listed, on pages of .* as application/json, with the values that are read of it alone: in the list, .*:",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, SECRET, drop("metadata", "annotations"))


@fault(
    "secret-delete-still-listed",
    "Lists a deleted secret until another is created.",
    "CMF-SECRET-DELETE",
    "CMF-SECRET-UPDATE-UNKNOWN",
    reason=r"afterwards it can't be read and is not listed: a deleted secret is listed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    tools.ghost_listed(server, SECRET)


@fault(
    "secret-delete-twice-204",
    "Answers 204 for the deletion of a deleted secret.",
    "CMF-SECRET-DELETE-UNKNOWN",
    reason=r"a second DELETE answers 404: the answer of deleteSecret came with status 204",
)
def _(server: Server) -> None:
    tools.deleted_answers(server, SECRET, 204)


@fault(
    "secret-recreate-uid-back",
    "Gives a new secret the uid of the deleted one of its name.",
    "CMF-SECRET-RECREATE",
    reason=r"nothing of the old secret is left: it has the uid of the old one",
)
def _(server: Server) -> None:
    tools.remembers(server, SECRET, tools.old_uid)


@fault(
    "secret-body-no-kind-in-update",
    "Accepts an update of a secret without its kind.",
    "CMF-SECRET-BODY",
    "CMF-SECRET-REFUSED",
    reason=r"an update with no kind is refused: the answer of updateSecret came with status 200",
)
def _(server: Server) -> None:
    tools.filled(server, [SECRET.update], "kind", "Secret")


@fault(
    "secret-refused-update-kept",
    "Refuses an update without kind, but takes its annotations.",
    "CMF-SECRET-REFUSED",
    reason=r"an update that is refused for no kind changes nothing: the secret: /metadata/annotations/note is not as expected",
)
def _(server: Server) -> None:
    tools.updated_though_refused(server, SECRET)


@fault(
    "secret-schema-spec-text",
    "Shows a text in the place of the spec of a secret in small lists.",
    "CMF-SECRET-SCHEMA",
    reason=r"answers of getSecrets: .* .* is not of type .*",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, SECRET, lambda item: {**item, "spec": "hidden"})


@fault(
    "secret-update-answer-created-now",
    "Gives the time of the update as creation time in the answer to it.",
    "CMF-SECRET-CREATED-KEPT",
    reason=r"uid and creationTimestamp in the answer to an update with other content: the update changed creationTimestamp",
)
def _(server: Server) -> None:
    def change(view: JsonObject) -> JsonObject:
        metadata = view["metadata"]
        return {**view, "metadata": {**metadata, "creationTimestamp": metadata["updateTimestamp"]}}

    reshape(server, [SECRET.update], change)


@fault(
    "secret-get-unknown-yaml-empty",
    "Answers an empty document for an unknown secret that is read as YAML.",
    "CMF-SECRET-GET-UNKNOWN",
    "CMF-SECRET-DELETE",
    "CMF-SECRET-SCHEMA",
    reason=r"a name that was never used, as application/yaml: the answer of getSecret came with status 200",
)
def _(server: Server) -> None:
    unknown_as_yaml(server, [SECRET.get])
