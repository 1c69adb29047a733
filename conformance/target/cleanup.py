"""The way out: everything that the ledger says may still exist is deleted, children first, and seen to be gone.

Nothing that is not in the ledger is touched, and the guard judges every deletion once more.  A name that was
claimed because it is too short for the prefix is deleted only when its creation was confirmed: after a
crash, one whose creation was not could be somebody else's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from conformance.config import Target
from conformance.errors import ReportError
from conformance.model import Resource
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.layout import Layout, loaded
from conformance.target.ledger import Ledger
from conformance.target.routes import GLOBAL_COLLECTIONS, item_path
from conformance.target.wire import NoAnswer, Wire

ORDER = (
    "statements",
    "applications",
    "compute-pools",
    "secret-mappings",
    "environments",
    "catalogs",
    "secrets",
)
"""What must go before what: each kind may be in use by a later one only."""
_PARALLEL = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_PATIENCE = 5.0
"""Seconds after which a deletion that was acknowledged is asked for once more."""
_RETURN = 6
"""How many times as long as a change may take to settle is waited for a target that does not answer: one that is
restarted is back by then."""
_IN_VAIN = 2
"""How many times as long is waited on while nothing goes; what is left is then asked for once each."""
_ROOT = "/cmf/api/v1/environments"
_GONE = frozenset({404, 410})
_NEVER_WAS = _GONE | {400, 414, 422}
"""What a target may say to a GET of a name that it refused to create."""
_ACKNOWLEDGED = frozenset({200, 202, 204, 304, *_GONE})


def clean_up(
    wire: Wire,
    ledger: Ledger,
    *,
    settle: float,
    stop: Callable[[], bool] = lambda: False,
    waiting: Callable[[str], None] = lambda _line: None,
) -> tuple[Resource, ...]:
    """Delete what this run may have left on the target; returns what may still be there.

    Each resource has ``settle`` seconds to be gone; when none goes for twice as long, the others are asked for once
    each.  A target that does not answer is waited for six times as long, and then the work ends.  ``waiting`` is told
    once, in a line, that it is.  ``stop`` is asked before each request, and ends the work when it says so.  Can be
    called again.  The budget of the wire is lifted.  Nothing is raised but ``KeyboardInterrupt``, after the requests
    under way have ended; what is left then is ``ledger.open``.
    """
    wire.budget.lift()
    work = _Work(wire, ledger, settle, stop, waiting)
    work.do_all(work.note_if_missing, [r for r in ledger.open if r.kind == "environments"])
    for kind in _order(ledger.open):
        work.do_all(work.remove, [r for r in ledger.open if r.kind == kind])
    # What went while others were waited for is not left behind.
    work.do_all(work.look, ledger.open)
    return ledger.open


def _order(resources: Iterable[Resource]) -> list[str]:
    """The kinds of the resources, those first that others may hold or use.

    Of kinds that the contract does not have it is known only what they lie in: the innermost go first of all, and those
    that lie in nothing last.
    """
    others = dict.fromkeys(resource.kind for resource in resources if resource.kind not in ORDER)
    inner = sorted((kind for kind in others if "{}" in kind), key=lambda kind: -kind.count("{}"))
    return [*inner, *ORDER, *(kind for kind in others if "{}" not in kind)]


def tidy(wire: Wire, ledger: Ledger, tried: set[str]) -> None:
    """Delete what can be deleted at once, so that the target never holds more of a run than a scenario needs.

    Each resource is asked for once only, and not waited for; ``tried`` remembers its path.  Of what lies in an
    environment that goes as well, only the environment is looked for afterwards.  What is left is for ``clean_up``.
    """
    fresh = [resource for resource in ledger.open if resource.path not in tried]
    tried.update(resource.path for resource in fresh)
    environments = tuple(f"{resource.path}/" for resource in fresh if resource.kind == "environments")
    inside = {resource for resource in fresh if resource.path.startswith(environments)}
    work = _Work(wire, ledger, 0.0, lambda: False, lambda _line: None)
    for kind in _order(fresh):
        these = [resource for resource in fresh if resource.kind == kind]
        work.do_all(work.delete, [resource for resource in these if resource in inside])
        work.do_all(work.remove, [resource for resource in these if resource not in inside])


def from_ledger(
    path: Path,
    target: Target,
    *,
    evidence: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    waiting: Callable[[str], None] = lambda _line: None,
) -> tuple[Resource, ...]:
    """Finish the run that left this ledger; returns what may still be on the target.

    ``stop`` and ``waiting`` are as in ``clean_up``.  The evidence goes to ``<ledger>.cleanup.ndjson`` unless another file is named.  Claimed names are left alone
    when the target has another URL than the run had.  Raises ``ReportError`` when the ledger cannot be read,
    ``ConfigurationError`` when the target cannot be spoken to, ``TargetError`` when no token can be had.
    """
    ledger = Ledger.read(path)
    log: EvidenceLog | None = None
    try:
        ownership = Ownership(ledger.run_id, layout=_layout(ledger))
        if ledger.target_url.rstrip("/") == target.url.rstrip("/"):
            _claim_again(ledger, ownership)
        log = EvidenceLog(evidence or path.with_name(f"{path.name}.cleanup.ndjson"), prefix="c")
        with Wire(target, ownership=ownership, ledger=ledger, evidence=log) as wire:
            if ledger.open:
                wire.sign_in()
            return clean_up(wire, ledger, settle=target.limits.settle, stop=stop, waiting=waiting)
    finally:
        ledger.close()
        if log:
            log.close()


def _layout(ledger: Ledger) -> Layout:
    try:
        return loaded(ledger.layout)
    except ValueError as problem:
        raise ReportError(
            f"ledger {ledger.path} is damaged in line 1", "delete its resources by hand"
        ) from problem


def _claim_again(ledger: Ledger, ownership: Ownership) -> None:
    for resource in ledger.open:
        in_place = resource.kind in GLOBAL_COLLECTIONS and resource.path == item_path(
            resource.kind, resource.name
        )
        if in_place and not ownership.owns(resource.name) and ledger.state(resource.path) == "created":
            with suppress(ValueError):
                ownership.claim(resource.name, resource.kind)


class _Halted(Exception):
    """Somebody asked to stop."""


class _Work:
    """One clean-up in progress."""

    def __init__(
        self,
        wire: Wire,
        ledger: Ledger,
        settle: float,
        stop: Callable[[], bool],
        waiting: Callable[[str], None],
    ) -> None:
        self._wire = wire
        self._ledger = ledger
        self._settle = settle
        self._stop = stop
        self._halted = threading.Event()
        self._waiting = waiting
        self._returning = threading.Lock()
        self._told = False
        self._away = 0.0
        self._last_answer = self._last_gone = time.monotonic()

    def do_all(self, action: Callable[[Resource], object], resources: Iterable[Resource]) -> None:
        """Do something with resources that do not depend on each other; what goes wrong ends nothing else."""
        due = list(resources)
        if not due:
            return
        pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="cleanup")
        try:
            for future in [pool.submit(self._do, action, resource) for resource in due]:
                future.result()
        except KeyboardInterrupt:
            self._halted.set()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def note_if_missing(self, environment: Resource) -> None:
        """Note an environment that is not there; what was inside it is gone with it."""
        if self._ledger.state(environment.path) != "refused" and self._status("GET", environment) in _GONE:
            # The deletion proves that this 404 was not a passing one.
            self._status("DELETE", environment)
            self._status("GET", environment)

    def remove(self, resource: Resource) -> None:
        """Delete a resource and wait until it is gone, at most as long as it may take to settle."""
        began, away_before = time.monotonic(), self._away
        pause, delete_again, acknowledged = _FIRST_PAUSE, 0.0, False
        while self._is_due(resource):
            with suppress(NoAnswer):
                if time.monotonic() >= delete_again and self._status("DELETE", resource) in _ACKNOWLEDGED:
                    delete_again, acknowledged = time.monotonic() + _PATIENCE, True
                # The wire notes the 404 that follows an acknowledged deletion.
                self._status("GET", resource)
                if self._ledger.state(resource.path) == "gone":
                    self._last_gone = time.monotonic() - self._away
                    return
            # The time in which there was nobody to delete it does not count.
            now = time.monotonic() + pause - self._away
            waited, in_vain = now - (began - away_before), now - self._last_gone
            patience = _RETURN if acknowledged else _IN_VAIN
            if waited > self._settle or in_vain > patience * self._settle:
                return
            self._halted.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def look(self, resource: Resource) -> None:
        """Look once whether a resource is gone by now; the wire notes it."""
        self._status("GET", resource)

    def delete(self, resource: Resource) -> None:
        """Ask for the deletion of a resource that may be there, and leave it to others to see whether it is gone."""
        if self._ledger.state(resource.path) not in {None, "gone", "refused"}:
            self._status("DELETE", resource)

    def _is_due(self, resource: Resource) -> bool:
        state = self._ledger.state(resource.path)
        if state == "refused":
            with suppress(NoAnswer):
                if self._status("GET", resource) in _NEVER_WAS:
                    self._ledger.note(resource, "gone")
                    return False
        return state not in {None, "gone"}

    def _status(self, method: str, resource: Resource) -> int | None:
        """Send a request; raises ``NoAnswer``, or ``_Halted`` when there is no point in going on."""
        self._may_go_on()
        try:
            response = self._wire.send(method, resource.path).response
        except NoAnswer:
            self._await_return()
            raise
        self._last_answer = time.monotonic()
        return response.status if response else None

    def _may_go_on(self) -> None:
        silence = time.monotonic() - self._last_answer
        if self._halted.is_set() or silence > max(_RETURN * self._settle, _LONGEST_PAUSE) or self._stop():
            self._halted.set()
            raise _Halted

    def _await_return(self) -> None:
        """Return when somebody answers; raise ``_Halted`` when nobody does for too long.

        One thread knocks for all, and what time it takes is nobody's fault.
        """
        if not self._settle:
            return
        asked = time.monotonic()
        with self._returning:
            if self._last_answer > asked:
                return
            began = time.monotonic()
            try:
                while not self._is_back():
                    self._may_go_on()
                    if not self._told:
                        self._told = True
                        self._waiting(
                            f"the target does not answer; waiting up to {_RETURN * self._settle:g} s for it to come back"
                        )
                    self._halted.wait(_LONGEST_PAUSE)
            finally:
                self._away += time.monotonic() - began

    def _is_back(self) -> bool:
        with suppress(NoAnswer):
            self._wire.send("GET", _ROOT, query=[("size", "1")])
            self._last_answer = time.monotonic()
            return True
        return False

    def _do(self, action: Callable[[Resource], object], resource: Resource) -> None:
        # Whatever goes wrong with one resource, be it a full disk: the others are to be removed, and what is
        # left is in the ledger.
        with suppress(Exception):
            action(resource)
