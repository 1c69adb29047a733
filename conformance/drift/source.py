"""Where the document of a target comes from: one of the usual places below its URL, another URL, or a file.

Everything is a GET over the transport of runs, with its limits, and redirects are not followed.  Credentials of the
target go to the target only.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from conformance import resources
from conformance.config import Auth, Mode, Target
from conformance.drift.document import MOST_BYTES, Document, parse, value_of
from conformance.errors import ConfigurationError, TargetError, UsageError
from conformance.model import HttpResponse
from conformance.registry import CONTRACT
from conformance.runner.preflight import unreachable
from conformance.target.address import Address
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership, new_run_id
from conformance.target.wire import NoAnswer, Wire

PLACES = (
    *("/v3/api-docs", "/v3/api-docs.yaml", "/openapi.json", "/openapi.yaml", "/openapi"),
    *("/cmf/v3/api-docs", "/cmf/openapi.json", "/cmf/openapi.yaml", "/q/openapi", "/api-docs"),
    *("/swagger.json", "/v2/api-docs"),
)
"""Where servers publish such a document, below the URL of the target; the first that has one is taken."""
_ACCEPT = [("Accept", "application/json, application/yaml;q=0.9, */*;q=0.8")]
_OK, _REFUSED, _REDIRECTS = 200, (401, 403), range(300, 400)


def contract() -> Document:
    """The document of the contract."""
    path = resources.contract_folder(CONTRACT) / "openapi.yaml"
    return parse(path.read_bytes(), f"the contract {CONTRACT}")


def given(spec: str, target: Target) -> Document:
    """The document that is named by a URL or a file.

    Raises ``UsageError`` when it can't be used, ``TargetError`` when a URL doesn't answer with it.
    """
    if spec.lower().startswith(("http://", "https://")):
        return _fetched(spec, target)
    file = Path(spec)
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise UsageError(f"{spec!r} can't be read: {reason}", "--spec names a file or URL") from None
    return parse(content, str(file))


def published(target: Target) -> Document:
    """The document that a target publishes.

    Raises ``Unreachable`` when it doesn't answer, ``TargetError`` when it has none in any of the ``PLACES``, and
    ``UsageError`` when it has one that is no OpenAPI 3.
    """
    seen: Counter[int] = Counter()
    with _wire(target) as wire:
        for place in PLACES:
            response = _get(wire, target.url, place)
            seen[response.status] += 1
            if response.status == _OK and _may_be_one(response):
                return parse(response.body, f"{target.url}{place}")
    refused = any(seen[status] for status in _REFUSED)
    answers = ", ".join(f"{status} ({count} times)" for status, count in sorted(seen.items()))
    raise TargetError(
        f"{target.url} publishes no OpenAPI document: {len(PLACES)} usual places such as {PLACES[0]} "
        f"were asked, and answered {answers}",
        "give credentials that may read it, or name it with --spec FILE or URL"
        if refused
        else "--spec names a file or URL with it",
    )


def _fetched(url: str, target: Target) -> Document:
    """The document at a URL: with the credentials of the target only when it is on the target."""
    try:
        parts = urlsplit(url)
        origin = Address(f"{parts.scheme}://{parts.netloc}").origin
    except ValueError:
        raise UsageError(f"--spec {url!r} is no URL", "for example https://cmf.example/v3/api-docs") from None
    except ConfigurationError as problem:
        raise UsageError(f"--spec {url!r} can't be used: {problem.message}") from None
    at_target = bool(target.url) and Address(target.url).origin == origin
    auth = target.auth if at_target else Auth(certificate_authority=target.auth.certificate_authority)
    with _wire(replace(target, url=origin, auth=auth)) as wire:
        query = parse_qsl(parts.query, keep_blank_values=True)
        response = _get(wire, origin, parts.path or "/", query, authenticate=at_target)
    if response.status in _REDIRECTS:
        where = response.header("location")
        raise TargetError(
            f"{url} answers {response.status}; redirects are not followed",
            f"it points to {where}" if where else "give the URL of the document itself",
        )
    if response.status != _OK:
        raise TargetError(f"{url} answers {response.status}", "is the URL right, and are credentials needed?")
    if response.truncated:
        raise UsageError(f"{url} is larger than limits.max_response_bytes")
    return parse(response.body, url)


@contextmanager
def _wire(target: Target) -> Iterator[Wire]:
    """A wire that only reads, and whose evidence nobody keeps."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cmf-conformance-"))
        log = EvidenceLog(Path(folder) / "evidence.ndjson")
        stack.callback(log.close)
        ownership = Ownership(new_run_id())
        yield stack.enter_context(
            Wire(target, ownership=ownership, ledger=None, evidence=log, mode=Mode.READ_ONLY)
        )


def _get(
    wire: Wire, url: str, path: str, query: list[tuple[str, str]] | None = None, *, authenticate: bool = True
) -> HttpResponse:
    try:
        exchange = wire.send("GET", path, query=query or (), headers=_ACCEPT, authenticate=authenticate)
    except NoAnswer as silence:
        raise unreachable(url, silence.exchange.error or "no answer") from None
    assert exchange.response is not None  # noqa: S101 - else there is NoAnswer
    return exchange.response


def _may_be_one(response: HttpResponse) -> bool:
    """Whether an answer is meant as an OpenAPI or Swagger document: many servers answer any path with a page."""
    if response.truncated:
        return False
    try:
        value = value_of(response.body, "the answer")
    except UsageError:
        return False
    return "openapi" in value or "swagger" in value
