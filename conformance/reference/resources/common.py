"""What the kinds of resources share: the tools of an operation, and metadata in and out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.reference.clock import Clock, rfc3339
from conformance.reference.media import Media
from conformance.reference.names import NameRule
from conformance.reference.paging import Paging, Property
from conformance.reference.shapes import as_object, optional, optional_texts, refuse, required
from conformance.reference.store import Environment, Record, Store
from conformance.reference.values import Answer, Call, JsonObject, Refusal

API_VERSION = "cmf.confluent.io/v1"

OWN = ("uid", "creationTimestamp", "updateTimestamp")
"""Metadata that the server decides, whatever a body says."""

Handler = Callable[[Call], Answer]


@dataclass(slots=True)
class Tools:
    """The parts of the server that operations work with."""

    store: Store
    clock: Clock
    media: Media
    paging: Paging


class Resources:
    """The base of every kind of resource."""

    kind = ""
    content_status = 422
    """How a body of the right shape with illegal content is refused; 400 where the contract has no 422."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.store = tools.store
        self.name_rule = NameRule()

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on this kind."""
        raise NotImplementedError

    def body(self, call: Call) -> JsonObject:
        """The request body, an object; raises Refusal 400, 413 or 415."""
        return as_object(self.tools.media.parse(call.request))

    def environment(self, call: Call) -> Environment:
        """The environment that the path names; raises Refusal 404."""
        name = call.path["envName"]
        environment = self.store.environment(name)
        if environment is None:
            raise Refusal(404, f"Environment '{name}' not found.")
        return environment

    def listed(
        self,
        call: Call,
        items: list[Any],
        properties: Mapping[str, Property],
        view: Callable[[Any], JsonObject],
    ) -> Answer:
        """The answer with one page of the items."""
        return Answer(200, self.tools.paging.page(call.request, items, properties, view))

    def check_identity(self, body: JsonObject) -> None:
        """Raise Refusal unless version and kind are those of this kind, and what the server decides has a form."""
        version = required(body, "apiVersion", str)
        kind = required(body, "kind", str)
        if version != API_VERSION:
            raise refuse("apiVersion", f"must be {API_VERSION}", self.content_status)
        if kind != self.kind:
            raise refuse("kind", f"must be {self.kind}", self.content_status)
        for key in ("status", "result"):
            # The server decides both; a body may repeat them, or say null as the clients of the vendor do.
            if body.get(key) is not None:
                optional(body, key, dict)

    def metadata(self, body: JsonObject) -> tuple[str, JsonObject]:
        """The legal name and the rest that is kept of a body's metadata; raises Refusal."""
        metadata = required(body, "metadata", dict)
        name = required(metadata, "name", str, "metadata.")
        self.check_name(name)
        for key in OWN:
            optional(metadata, key, str, "metadata.")
        kept: JsonObject = {}
        for key in ("labels", "annotations"):
            texts = optional_texts(metadata, key, "metadata.")
            if texts is not None:
                kept[key] = texts
        return name, kept

    def check_name(self, name: str) -> None:
        """Raise Refusal for an illegal name (contract: Identifiers)."""
        complaint = self.name_rule.complaint(name)
        if complaint:
            raise refuse("metadata.name", complaint, self.content_status)

    def unknown(self, name: str) -> Refusal:
        """The refusal of a name that does not exist."""
        return Refusal(404, f"{self.kind} '{name}' not found.")

    def view_metadata(self, record: Record, *, updated: bool = True) -> JsonObject:
        """The metadata of an answer."""
        view = {
            "name": record.name,
            "uid": record.uid,
            "creationTimestamp": rfc3339(record.created),
            **({"updateTimestamp": rfc3339(record.updated)} if updated else {}),
        }
        return {**view, **record.metadata}

    def head(self) -> JsonObject:
        """What every answer of this kind begins with."""
        return {"apiVersion": API_VERSION, "kind": self.kind}


RECORD_PROPERTIES: dict[str, Property] = {
    "name": lambda record: record.name,
    "metadata.name": lambda record: record.name,
    "uid": lambda record: record.uid,
    "metadata.uid": lambda record: record.uid,
    "creationTimestamp": lambda record: record.created,
    "metadata.creationTimestamp": lambda record: record.created,
    "created_time": lambda record: record.created,
    "updateTimestamp": lambda record: record.updated,
    "metadata.updateTimestamp": lambda record: record.updated,
    "updated_time": lambda record: record.updated,
}
"""What lists of resources with metadata can be sorted by."""
