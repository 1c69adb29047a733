"""Making applications and statements run and stand still, and seeing that they do and that nothing else changes."""

from __future__ import annotations

from typing import Any

from conformance import bodies, views
from conformance.contract.media import JSON, YAML
from conformance.expectations import optional, require, require_contains
from conformance.kinds import APPLICATION, STATEMENT
from conformance.running import as_read, is_over, until, until_phase
from conformance.sequences.looking import Look
from conformance.sequences.model import Entry, Key, World
from conformance.sequences.shown import job_of, state
from conformance.sequences.steps import VARIANTS, Action, Step
from conformance.sequences.tape import Ended, Witness
from conformance.target.cmf import Cmf

OK, NOT_MODIFIED, CONFLICT = 200, 304, 409
NOT_DONE = (400, CONFLICT, 422)
"""How a change that the contract leaves to the target may be refused."""
REFUSED_UNKNOWN = (NOT_MODIFIED, 400, 404, CONFLICT, 410, 422)
"""How something may be refused that is done to an application that does not exist (erratum ERR-STATUS-UNKNOWN)."""
ENDED = ("completed", "failed")
RUNS = ("running", *ENDED)
"""Where a statement comes to that is not stopped; some come to an end at once."""


class Switch:
    """Starts and suspends applications, stops and resumes statements."""

    def __init__(self, cmf: Cmf, witness: Witness, look: Look) -> None:
        self._cmf = cmf
        self._holds = witness.holds
        self._look = look

    def application(self, world: World, key: Key, action: Action) -> World:
        """Start or suspend an application; raises ``Diverged``."""
        word, start = action.value, action is Action.START
        answer = (self._cmf.start if start else self._cmf.suspend)(key.environment, key.name)
        if key not in world:
            rule = APPLICATION.rule(f"{word.upper()}-UNKNOWN")
            with self._holds(rule, f"a {word} of what does not exist is refused"):
                answer.expect(*REFUSED_UNKNOWN)
            self._look.absent(key, rule, "it creates nothing")
            return world
        held = world[key]
        again = held.started is start
        rule = APPLICATION.rule(f"{word.upper()}-AGAIN" if again else word.upper())
        with self._holds(rule, f"a {word} answers 200, or may be refused when there is nothing to do"):
            answer.expect(OK, CONFLICT, *((NOT_MODIFIED,) if again else ()))
        started = held.started if answer.status == CONFLICT else start
        holds, shows = (views.is_started, "started") if started else (views.is_suspended, "suspended")
        with self._holds(rule, f"after {word} the application shows that it is {shows}"):
            read = until(self._cmf, key.environment, key.name, holds, shows)
        with self._holds(APPLICATION.rule(f"{word.upper()}-SPEC"), f"a {word} changes nothing but the state"):
            require_contains(
                state(APPLICATION, read.body),
                held.shown or {},
                f"after {word}, the application {key.name}: ",
            )
        return world.with_stored(
            key, Entry(held.body, state(APPLICATION, read.body), started, job_of(read.body))
        )

    def statement(self, world: World, key: Key, step: Step) -> World:
        """Stop or resume a statement that exists.

        Raises ``Diverged``, or ``Ended`` for one that comes to its end, which can't be stopped.
        """
        held, stop = world[key], step.action is Action.STOP
        word, again = step.action.value, held.started is not stop
        rule = STATEMENT.rule(word.upper())
        now = self._arrive(key, STATEMENT.rule("RUN" if held.started else "STOP"), started=held.started)
        body = bodies.changed(dict(held.body), stopped=stop)
        sent = YAML if step.variant == VARIANTS - 1 else JSON
        answer = self._look.collection(key).put(key.name, as_read(body, now), media_type=sent)
        if answer.status in NOT_DONE and is_over(self._cmf, key.environment, key.name):
            raise Ended("the INSERT of the configuration has come to its end meanwhile")
        with self._holds(rule, f"a PUT with stopped {str(stop).lower()} answers 200"):
            answer.expect(OK, *(NOT_DONE if again else ()))
        with self._holds(rule, "it is read as such at once"):
            told = bool(optional(self._look.read(key), "spec", "stopped"))
            require(
                told is stop,
                f"after {word}, spec.stopped of the statement {key.name} is another",
                expected=str(stop).lower(),
                got=str(told).lower(),
            )
        read = self._arrive(key, rule, started=not stop)
        with self._holds(STATEMENT.rule("STOP-SPEC"), f"a {word} changes nothing else"):
            require_contains(
                _but_stopped(state(STATEMENT, read)),
                _but_stopped(held.shown or {}),
                f"after {word}, the statement {key.name}: ",
            )
        return world.with_stored(key, Entry(body, state(STATEMENT, read), started=not stop))

    def _arrive(self, key: Key, rule: str, *, started: bool) -> Any:
        """Wait until a statement does what its spec says, since only then it must take another change."""
        phases = RUNS if started else ("stopped",)
        with self._holds(rule, f"it comes to be {phases[0]}"):
            body = until_phase(self._cmf, key.environment, key.name, *phases, within=self._cmf.limits.deploy)
        if started and views.phase(body) in ENDED:
            raise Ended("the INSERT of the configuration comes to its end before it can be stopped")
        return body


def _but_stopped(shown: Any) -> dict[str, Any]:
    spec = {name: value for name, value in (shown.get("spec") or {}).items() if name != "stopped"}
    return {**shown, "spec": spec} if "spec" in shown else dict(shown)
