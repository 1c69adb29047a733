"""Sending the requests of a failure once more: through the guard, with a ledger, and cleaned up after."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from conformance import resources
from conformance.config import Mode, Target
from conformance.contract.judgement import UNIVERSAL, Judge
from conformance.contract.openapi import Contract
from conformance.errors import HarnessError, ReportError, UsageError
from conformance.model import Exchange, Resource, Verdict
from conformance.registry import catalogue
from conformance.replaying.comparing import is_same
from conformance.replaying.reading import Case
from conformance.replaying.renaming import Renaming, Request
from conformance.replaying.sequence import WRITES
from conformance.runner.preflight import preflight
from conformance.target import guard
from conformance.target.cleanup import clean_up
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership, new_run_id
from conformance.target.ledger import Ledger
from conformance.target.wire import BudgetSpent, NoAnswer, Wire

_PAUSE = 0.1
_BROKEN = (Verdict.FAIL, Verdict.WARN)
_A_MOMENT = 2.0
"""Seconds in which what moves by itself, such as a status, may come to where it was."""
_SUCCESS, _SERVER_ERROR = 2, 500
_KEPT_OUT = frozenset({401, 403, 429})


@dataclass(frozen=True, slots=True)
class Sent:
    """One request of the failure, as it was answered then and now."""

    old: Exchange
    new: Exchange
    is_same: bool
    """Whether it was answered as before, names, ids and times aside."""


@dataclass(frozen=True)
class Replayed:
    """What came of it."""

    came_again: bool
    left: tuple[Resource, ...]
    ledger: Path


class Stranded(HarnessError):
    """The requests before the decisive one can't be sent as they were: nothing can be said."""


def replay(
    case: Case, target: Target, folder: Path, tell: Callable[[int, Sent], None], begin: Callable[[str], None]
) -> Replayed:
    """Send the requests of a failure to a target, and say whether it came again.

    ``begin`` is told the prefix of the new names before anything is sent, ``tell`` of each answer; ledger and
    evidence go to ``folder``.  Raises ``UsageError`` for what must not be sent, before anything is, ``TargetError``
    when nobody answers, and ``Stranded``.
    """
    run_id = new_run_id()
    ownership = Ownership(run_id)
    renaming = Renaming(case.run_id, run_id)
    authenticated = any(
        name.lower() == "authorization" for each in case.exchanges for name, _ in each.request.headers
    )
    requests = [renaming.request(each, case.base, authenticated=authenticated) for each in case.exchanges]
    for exchange, request in zip(case.exchanges, requests, strict=True):
        _must_be_ours(exchange, request, ownership)
    contract = Contract.load(resources.contract_folder(catalogue().version) / "openapi.yaml")
    with _wired(target, ownership, folder, contract) as (wire, ledger):
        preflight(wire, target.url)
        begin(ownership.prefix)
        try:
            player = _Player(case, wire, Judge(contract, catalogue()), target.limits.settle, tell)
            came_again = player.play(requests)
        finally:
            left = clean_up(wire, ledger, settle=target.limits.settle)
    return Replayed(came_again, left, ledger.path)


def folder(wanted: Path | None) -> Path:
    """Where ledger and evidence of a replay go; raises ``UsageError`` when something like that is there already."""
    chosen = wanted or Path("cmf-conformance-runs") / f"replay-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    if any((chosen / name).exists() for name in ("ledger.ndjson", "evidence.ndjson")):
        raise UsageError(
            f"{chosen} holds the evidence of another run", hint="--report-dir names a new folder"
        )
    return chosen


@contextmanager
def _wired(
    target: Target, ownership: Ownership, folder: Path, contract: Contract
) -> Iterator[tuple[Wire, Ledger]]:
    def identify(method: str, path: str) -> str | None:
        operation = contract.identify(method, path)
        return operation.id if operation else None

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise ReportError(
            f"The folder {folder} can't be made: {problem.strerror or problem}",
            hint="--report-dir names another",
        ) from problem
    with (
        closing(
            Ledger.create(folder / "ledger.ndjson", run_id=ownership.run_id, target_url=target.url)
        ) as ledger,
        closing(EvidenceLog(folder / "evidence.ndjson")) as evidence,
        Wire(target, ownership=ownership, ledger=ledger, evidence=evidence, identify=identify) as wire,
    ):
        yield wire, ledger


def _must_be_ours(exchange: Exchange, request: Request, ownership: Ownership) -> None:
    media_type = next((value for name, value in request.headers if name.lower() == "content-type"), None)
    objection = guard.judge(
        request.method,
        request.path,
        request.headers,
        media_type,
        request.content,
        ownership,
        Mode.CERTIFICATION,
        query=request.query,
    )
    if objection:
        raise UsageError(
            f"{exchange.id} can't be replayed: {objection}",
            hint="names without the prefix of the run are not sent again; nothing was sent",
        )


@dataclass(frozen=True)
class _Player:
    case: Case
    wire: Wire
    judge: Judge
    settle: float
    tell: Callable[[int, Sent], None]

    def play(self, requests: list[Request]) -> bool:
        """Send all; whether what shows the failure shows it again.

        That is every look at the target since the last write: a list is wrong on one of its pages, and it may be the
        comparison of two answers that is.
        """
        pairs = list(zip(self.case.exchanges, requests, strict=True))
        looks = next(
            (at for at, (old, _) in enumerate(reversed(pairs)) if old.request.method in WRITES), len(pairs)
        )
        first = len(pairs) - max(looks, 1)
        for number, (old, request) in enumerate(pairs[:first], start=1):
            new = self._send(request, until=partial(_has_status_of, old))
            self.tell(number, self._sent(old, new))
            _must_go_on(old, new)
        sent = self._look(pairs[first:])
        for number, each in enumerate(sent, start=first + 1):
            self.tell(number, each)
        return self._came_again(sent)

    def _look(self, pairs: list[tuple[Exchange, Request]]) -> list[Sent]:
        """Look until the failure shows, for a moment; what was waited for in vain has to stay away as long this time."""
        waits = pairs[-1][0].request.method == "GET"
        deadline = time.monotonic() + ((self.settle if self.case.waited else _A_MOMENT) if waits else 0.0)
        while True:
            sent = [self._sent(old, self._send_once(request)) for old, request in pairs]
            over = time.monotonic() + _PAUSE > deadline
            if over or self._came_again(sent) is not self.case.waited:
                return sent
            time.sleep(_PAUSE)

    def _sent(self, old: Exchange, new: Exchange) -> Sent:
        return Sent(old, new, is_same(old, new, self.case.names, without_status=self.case.looks_past_status))

    def _came_again(self, sent: list[Sent]) -> bool:
        if self.case.requirement in UNIVERSAL:
            return any(
                found.requirement == self.case.requirement and found.outcome in _BROKEN
                for each in sent
                for found in self.judge.judge(each.new)
            )
        return all(each.is_same for each in sent)

    def _send(self, request: Request, *, until: Callable[[Exchange], bool]) -> Exchange:
        """Send a request; a read again and again until something holds, for a moment."""
        deadline = time.monotonic() + (_A_MOMENT if request.method == "GET" else 0.0)
        while True:
            new = self._send_once(request)
            if until(new) or time.monotonic() + _PAUSE > deadline:
                return new
            time.sleep(_PAUSE)

    def _send_once(self, request: Request) -> Exchange:
        try:
            return self.wire.send(
                request.method,
                request.path,
                query=request.query,
                headers=request.headers,
                content=request.content,
                authenticate=request.authenticate,
            )
        except NoAnswer as silence:
            return silence.exchange
        except BudgetSpent as spent:
            raise Stranded(f"The replay ended early: {spent}", hint="--config may allow more") from spent


def _has_status_of(old: Exchange, new: Exchange) -> bool:
    return status_of(new) == status_of(old)


def _must_go_on(old: Exchange, new: Exchange) -> None:
    """Raise ``Stranded`` when a step that had succeeded says nothing of the target now."""
    status = status_of(new)
    lost = status is None or status >= _SERVER_ERROR or status in _KEPT_OUT
    if lost and (status_of(old) or 0) // 100 == _SUCCESS:
        came = new.error or status
        raise Stranded(
            f"{old.id} was answered with {status_of(old)} before, and now with {came}: the failure can't be replayed",
            hint="is the target well, and may these credentials write?",
        )


def status_of(exchange: Exchange) -> int | None:
    """The status of an answer; None when there is none."""
    return None if exchange.response is None else exchange.response.status
