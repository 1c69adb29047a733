"""The requests for one operation: a mix within a budget, the same for the same seed.

Where they come from, and what each is good for:

* ``domain``: bodies as real users send them, for the kinds we have strategies for; two fifths of the
  budget there, because only what is accepted reaches the code behind the validation;
* the coverage cases of Schemathesis, ``names``, ``query`` and ``path``: every property and parameter,
  every way of being wrong, one at a time;
* ``fuzz``: a little of what nobody thought of.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from conformance.config import Features
from conformance.contract.media import JSON
from conformance.properties import drafts, sql_values, values
from conformance.properties.coverage import AnyCase, Dropped, coverage, flat_query
from conformance.properties.document import Document, Operation
from conformance.properties.drafts import Draft, identified
from conformance.properties.drawing import Unsatisfiable, draw, reproducible
from conformance.properties.encoding import write
from conformance.properties.names import NAME, SAMPLE_NAME, SAMPLE_NAMESPACE, bind, tamed
from conformance.properties.request import (
    NO_BODY,
    Generated,
    GeneratedRequest,
    Validity,
)
from conformance.properties.validity import VALID, Judgement, judge_body, judge_query

DOMAIN_SHARE, FUZZ_SHARE = 0.4, 0.1
_LONGEST_QUERY = 2_000
_STRATEGIES = {
    "createOrUpdateEnvironment": values.environment_bodies,
    "createOrUpdateApplication": values.application_bodies,
    "createStatement": sql_values.statement_bodies,
    "updateStatement": sql_values.statement_updates,
    "createComputePool": sql_values.compute_pool_bodies,
    "createSecret": sql_values.secret_bodies,
    "updateSecret": sql_values.secret_updates,
    "createEnvironmentSecretMapping": sql_values.mapping_bodies,
    "updateEnvironmentSecretMapping": sql_values.mapping_updates,
    "createKafkaCatalog": sql_values.catalog_bodies,
}


def requests_for(
    document: Document,
    operation_id: str,
    *,
    seed: int,
    budget: int,
    features: Features | None = None,
    runs: bool = False,
) -> Generated:
    """At most ``budget`` requests for an operation; the same arguments give the same requests.

    ``runs`` asks for those that make sense only when the resource in the path runs, or may be started.
    Raises ``KeyError`` for an unknown operation.
    """
    operation = document.operations[operation_id]
    features = features or Features()
    # A text as seed is hashed the same way in every process, and differs between operations.
    chance = random.Random(f"{seed} {operation_id}")  # noqa: S311 - repeatable is the point
    covered, base, omitted = coverage(document, operation, features)
    dropped = list(omitted)
    if runs:
        found = [*drafts.query_drafts(operation), *drafts.path_drafts(operation, runs=True)]
        kept = _keep(
            [*_for_every_answer(operation, found), *(each for each in found if each.accept)],
            budget,
            chance,
            dropped,
        )
        chosen = list(_requests(document, operation, kept, chance, dropped, runs=True))
        chance.shuffle(chosen)
        return Generated(tuple(chosen), tuple(dropped))
    strategy = _STRATEGIES.get(operation_id)
    with reproducible():
        fuzz = _fuzz(operation, int(budget * FUZZ_SHARE), chance, dropped)
    if operation.body is None and not operation.harmless:
        # A write with a query is never sent: who knows what else it selects.
        dropped += [(f"query {name}", "a write with a query is never sent") for name in operation.query]
        covered = tuple(draft for draft in covered if not draft.query)
        fuzz = [draft for draft in fuzz if not draft.query]
    if operation.body is None:
        found = [*covered, *_queries(operation), *drafts.path_drafts(operation)]
        if len(found) * len(operation.accepts) <= budget - len(fuzz):
            found = [*(draft for draft in found if draft.accept), *_for_every_answer(operation, found)]
    else:
        found = [*covered, *drafts.name_drafts(operation, base), *drafts.parent_drafts(operation, base)]
    wanted = math.ceil(budget * DOMAIN_SHARE) if strategy else 0
    kept = _keep(found, budget - wanted - len(fuzz), chance, dropped)
    kept = _with_invalid(document, operation, kept, found)
    domain: list[Draft] = []
    if strategy:
        room = budget - len(fuzz) - len(kept)
        try:
            drawn = draw(strategy(features), room, seed_value=chance.randrange(2**32))
        except Unsatisfiable:
            drawn = []
        if len(drawn) < room:
            dropped.append((f"domain, {room - len(drawn)} cases", "the strategy has no more"))
        domain = [Draft("domain", "domain", "valid", body=body, domain=True) for body in drawn]
    requests = [
        request
        for group in (domain, kept, fuzz)
        for request in _requests(document, operation, group, chance, dropped)
    ]
    chance.shuffle(requests)
    return Generated(tuple(requests), tuple(dropped))


def _queries(operation: Operation) -> list[Draft]:
    return drafts.query_drafts(operation) if operation.harmless else []


def _for_every_answer(operation: Operation, found: Sequence[Draft]) -> Iterator[Draft]:
    for draft in found:
        if draft.accept is None:
            yield from (replace(draft, accept=accept) for accept in operation.accepts)


def _fuzz(operation: Operation, count: int, chance: random.Random, dropped: Dropped) -> list[Draft]:
    fuzz: list[Draft] = []
    path = dict.fromkeys(operation.path, "x") or None
    for mode, share in ((GenerationMode.POSITIVE, count - count // 2), (GenerationMode.NEGATIVE, count // 2)):
        seed_value = chance.randrange(2**32)
        if operation.body is None and not operation.query:
            dropped.append((f"fuzz, {mode.value}", "the operation has neither body nor query to vary"))
            continue
        try:
            cases = draw(operation.raw.as_strategy(mode, path_parameters=path), share, seed_value=seed_value)
        except Unsatisfiable:
            dropped.append((f"fuzz, {mode.value}", "the schema can't be satisfied, or can't be broken"))
            continue
        for case in cases:
            draft = _fuzz_draft(operation, case, mode)
            if isinstance(draft, str):
                dropped.append((f"fuzz, {mode.value}", draft))
            else:
                fuzz.append(draft)
    return fuzz


def _fuzz_draft(operation: Operation, case: AnyCase, mode: GenerationMode) -> Draft | str:
    if operation.body is None:
        query = flat_query(case.query)
        if not query:
            return "a case without query is that of the live resource"
        return _unsendable(query) or Draft("fuzz", mode.value, "fuzz", query=query)
    if isinstance(case.body, NotSet):
        return "a case without body is a coverage case"
    if isinstance(case.body, bytes):
        return "raw bytes: malformed bodies are the business of scenarios"
    body = identified(operation, case.body) if mode is GenerationMode.POSITIVE else case.body
    return Draft("fuzz", mode.value, "fuzz", body=tamed(operation.body_name, body))


def _unsendable(query: tuple[tuple[str, str], ...]) -> str:
    try:
        length = len(urlencode(query))
    except UnicodeEncodeError:
        return "half a character can't be written into a URL"
    return "a query this long is refused before the API reads it" if length > _LONGEST_QUERY else ""


def _keep(found: Sequence[Draft], count: int, chance: random.Random, dropped: Dropped) -> list[Draft]:
    """The drafts that fit, chosen so that every target and every way is kept before any is kept twice."""
    rest = list(found)
    chance.shuffle(rest)
    kept: list[Draft] = []
    targets: set[str] = set()
    ways: set[str] = set()
    pairs: set[tuple[str, str]] = set()
    passes: tuple[Callable[[Draft], bool], ...] = (
        lambda draft: draft.target not in targets and draft.way not in ways,
        lambda draft: draft.target not in targets,
        lambda draft: draft.way not in ways,
        lambda draft: (draft.target, draft.way) not in pairs,
        lambda _: True,
    )
    for wanted in passes:
        left = []
        for draft in rest:
            if len(kept) < count and wanted(draft):
                kept.append(draft)
                targets.add(draft.target)
                ways.add(draft.way)
                pairs.add((draft.target, draft.way))
            else:
                left.append(draft)
        rest = left
    for source, number in sorted(Counter(draft.source for draft in rest).items()):
        dropped.append((f"{source}, {number} cases", "beyond the budget"))
    return kept


def _with_invalid(
    document: Document, operation: Operation, kept: list[Draft], found: Sequence[Draft]
) -> list[Draft]:
    """The drafts, with one that is surely invalid in place of the last where chance has kept none.

    What an operation has to refuse is to be seen with any seed.
    """

    def invalid(draft: Draft) -> bool:
        writable = not any(
            _unwritable(draft.body, media_type, escape=False) for media_type in operation.media_types
        )
        return writable and _judge(document, operation, draft).validity is Validity.INVALID

    if not kept or any(map(invalid, kept)):
        return kept
    other = next(filter(invalid, found), None)
    return kept if other is None else [*kept[:-1], other]


def _requests(
    document: Document,
    operation: Operation,
    group: Sequence[Draft],
    chance: random.Random,
    dropped: Dropped,
    *,
    runs: bool = False,
) -> Iterator[GeneratedRequest]:
    """The drafts as requests, every media type of body and answer in turn."""
    bodies: tuple[str | None, ...] = operation.media_types or (None,)
    turns = [(media_type, accept) for media_type in bodies for accept in operation.accepts]
    start = chance.randrange(len(turns))
    for number, draft in enumerate(group):
        media_type, accept = turns[(start + number) % len(turns)]
        escape = media_type == JSON and chance.choice((True, False))
        if problem := _unwritable(draft.body, media_type, escape=escape):
            dropped.append((f"{draft.source}, {draft.way}", problem))
            continue
        judgement = _judge(document, operation, draft)
        if not runs and judgement == VALID and operation.id in drafts.NEEDS_RUNNING:
            judgement = Judgement(Validity.UNSURE, "nothing runs yet", draft.target)
        yield GeneratedRequest(
            operation=operation.id,
            method=operation.method,
            template=operation.template,
            path_parameters=dict(draft.path),
            query=draft.query,
            headers=draft.headers,
            body=draft.body,
            media_type=media_type,
            accept=draft.accept or accept,
            validity=judgement.validity,
            why=judgement.why,
            where=judgement.where,
            keyword=judgement.keyword,
            source=draft.source,
            ascii=escape,
        )


def _judge(document: Document, operation: Operation, draft: Draft) -> Judgement:
    if draft.reason:
        return Judgement(Validity.UNSURE, draft.reason, draft.target)
    judgement = judge_query(document, operation, draft.query)
    if operation.body is None:
        return judgement
    body = judge_body(document, operation, draft.body, domain=draft.domain)
    if operation.method == "PUT" and (open_name := _open_name(draft.body)):
        body = Judgement(Validity.UNSURE, open_name, "/metadata/name")
    return judgement if body == VALID else body


def _open_name(body: Any) -> str:
    """Why a server may either refuse the name in an update or keep to that in the path; empty when it may not.

    Errata ERR-NAMELESS and ERR-PUT-NAME.
    """
    metadata = body.get("metadata", {}) if isinstance(body, dict) else None
    if not isinstance(metadata, dict):
        return ""
    name = metadata.get("name")
    if name is None:
        return "no name, which the path has"
    return "another name than in the path" if isinstance(name, str) and name != NAME else ""


def _unwritable(body: Any, media_type: str | None, *, escape: bool) -> str:
    """Why a body can't be written; empty when it can."""
    if body is NO_BODY or media_type is None:
        return ""
    try:
        write(bind(body, name=SAMPLE_NAME, namespace=SAMPLE_NAMESPACE), media_type, escape=escape)
    except ValueError as error:
        return f"can't be written as {media_type}: {error}"
    return ""
