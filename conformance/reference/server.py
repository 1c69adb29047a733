"""The server without its wire: from a request to an answer as bytes.

Order of judgement: authentication 401, route 404 and method 405, Accept 406, then what the operation says, and
last whether the client has the answer already (304).
"""

from __future__ import annotations

import hmac
import sys
import traceback

from conformance.reference.clock import Clock
from conformance.reference.conditional import Conditional
from conformance.reference.lifecycle import Lifecycle
from conformance.reference.media import JSON, Media
from conformance.reference.paging import Paging
from conformance.reference.resources.applications import Applications
from conformance.reference.resources.catalogs import KafkaCatalogs
from conformance.reference.resources.common import Handler, Resources, Tools
from conformance.reference.resources.environments import Environments
from conformance.reference.resources.pools import ComputePools
from conformance.reference.resources.results import Results
from conformance.reference.resources.runs import Events, Instances
from conformance.reference.resources.secrets import SecretMappings, Secrets
from conformance.reference.resources.statements import Statements
from conformance.reference.routes import BODILESS, Router
from conformance.reference.store import Store
from conformance.reference.values import Answer, Call, Headers, Refusal, Request, Wire
from conformance.reference.wire import Transmit, send_whole

DOCUMENT = "v3/api-docs"
"""Where a document is published, without the leading slash."""


class Server:
    """A CMF server; its parts are attributes, each of one responsibility."""

    def __init__(self, *, pace: float = 1.0, token: str | None = None) -> None:
        self.token = token
        self.document: bytes | None = None
        """What is published as a description of this server, if anything: the contract has no operation for it."""
        self.clock = Clock()
        self.store = Store()
        self.media = Media()
        self.paging = Paging()
        self.conditional = Conditional()
        self.router = Router()
        self.lifecycle = Lifecycle(self.clock, pace)
        tools = Tools(self.store, self.clock, self.media, self.paging)
        self.environments = Environments(tools)
        self.applications = Applications(tools, self.lifecycle)
        self.instances = Instances(tools, self.applications)
        self.events = Events(tools, self.applications)
        self.transmit: Transmit = send_whole
        self.pools = ComputePools(tools)
        self.statements = Statements(tools, pace)
        self.results = Results(tools, self.statements)
        self.secrets = Secrets(tools)
        self.mappings = SecretMappings(tools)
        self.catalogs = KafkaCatalogs(tools)
        kinds: tuple[Resources, ...] = (
            self.environments,
            self.applications,
            self.instances,
            self.events,
            self.pools,
            self.statements,
            self.results,
            self.secrets,
            self.mappings,
            self.catalogs,
        )
        self.handlers: dict[str, Handler] = {
            operation: handler for kind in kinds for operation, handler in kind.handlers().items()
        }

    async def handle(self, request: Request) -> Wire:
        """The answer to a request; nothing is awaited, so that requests never interleave."""
        try:
            return self.respond(request)
        except Exception:  # noqa: BLE001 - a defect of ours must show in the answer and on stderr, and end nothing
            traceback.print_exc(file=sys.stderr)
            return self.deliver(request, "", self.error(500, "Internal error."), JSON)

    def respond(self, request: Request) -> Wire:
        """The answer to a request."""
        accepted = self.media.wanted(request.headers.get("accept"))
        operation = ""
        try:
            self.authenticate(request)
            if self.document is not None and (request.method, request.path) == ("GET", DOCUMENT):
                return self.publish(self.document)
            call = self.router.call(request)
            operation = call.operation
            if accepted is None and operation not in BODILESS:
                raise self.unacceptable()
            answer = self.perform(call)
        except Refusal as refusal:
            answer = self.error(refusal.status, refusal.message, refusal.headers)
        return self.deliver(request, operation, answer, accepted or JSON)

    def authenticate(self, request: Request) -> None:
        """Raise Refusal 401 unless the request carries the token, if one is demanded."""
        if self.token is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        good = hmac.compare_digest(given.strip().encode(), self.token.encode())
        if scheme.lower() != "bearer" or not good:
            raise Refusal(401, "Authentication is required.", (("www-authenticate", "Bearer"),))

    def publish(self, document: bytes) -> Wire:
        """The document as it is, JSON or YAML."""
        media_type = "application/json" if document.lstrip().startswith(b"{") else "application/yaml"
        return Wire(200, (("content-type", media_type),), document)

    def unacceptable(self) -> Refusal:
        """The refusal of a request that accepts nothing the server has."""
        return Refusal(406, "Acceptable representations: application/json, application/yaml.")

    def perform(self, call: Call) -> Answer:
        """What the operation answers; raises Refusal."""
        return self.handlers[call.operation](call)

    def error(self, status: int, message: str, headers: Headers = ()) -> Answer:
        """An error (contract: schema RestError)."""
        return Answer(status, {"errors": [{"message": message}]}, headers)

    def deliver(self, request: Request, operation: str, answer: Answer, media_type: str) -> Wire:
        """The answer as bytes, or 304 when the client has them already."""
        wire = self.render(answer, media_type)
        return self.conditional.apply(operation, wire, request.headers.get("if-none-match"))

    def render(self, answer: Answer, media_type: str) -> Wire:
        """The answer in a media type."""
        if not answer.has_value:
            return Wire(answer.status, answer.headers)
        headers = (("content-type", media_type), ("vary", "Accept"), *answer.headers)
        return Wire(answer.status, headers, self.media.render(answer.value, media_type))
