"""Applications and statements made to run and to stop, as arrangement of scenarios."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from conformance import bodies, views
from conformance.contract.media import JSON
from conformance.expectations import Broken, eventually, optional, require, shown
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

CONFLICT = 409
TOO_LATE = "the INSERT of the configuration comes to its end before that can be asked of it"
"""Why there is nothing to judge about a statement that should have been running."""
PHASELESS = 2.0
"""Seconds after which a statement without a phase is taken for one that never has any."""


def switched(cmf: Cmf, act: Callable[[str, str], Answer], environment: str, application: str) -> Answer:
    """Start or suspend an application, and say it again as long as the answer is 409.

    A change of state that is on its way may be told so, and Flink takes its time.  Returns the last answer, whatever
    it is: any other status is final.
    """
    last: list[Answer] = []

    def say() -> None:
        last[:] = [act(environment, application)]
        require(
            last[0].status != CONFLICT,
            "a change of state is refused as long as another is on its way",
            expected="another status",
            got=str(CONFLICT),
        )

    with suppress(Broken):
        eventually(say, within=cmf.limits.deploy)
    return last[0]


def until(
    cmf: Cmf,
    environment: str,
    application: str,
    holds: Callable[[Any], bool],
    what: str,
    *,
    within: float | None = None,
) -> Answer:
    """Wait until an application shows a state; raises ``Broken`` when it never does.

    ``within`` is in seconds, the time to settle unless told.
    """

    def look() -> Answer:
        answer = cmf.applications(environment).get(application).expect(200)
        state = {
            "spec.job.state": optional(answer.body, "spec", "job", "state"),
            "status": optional(answer.body, "status"),
        }
        require(
            holds(answer.body),
            f"the application does not show that it is {what}",
            expected=what,
            got=repr(state),
        )
        return answer

    return eventually(look, within=cmf.limits.settle if within is None else within)


def started(cmf: Cmf, environment: str, application: str) -> Answer:
    """Start an application as arrangement, and wait until it shows."""
    switched(cmf, cmf.start, environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_started, "started")


def suspended(cmf: Cmf, environment: str, application: str) -> Answer:
    """Suspend an application as arrangement, and wait until it shows."""
    switched(cmf, cmf.suspend, environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_suspended, "suspended")


def until_phase(
    cmf: Cmf, environment: str, statement: str, *phases: str, within: float | None = None
) -> dict[str, Any]:
    """Wait until a statement is in one of some phases, in the words of the filter, and return it.

    ``within`` is in seconds, the time to settle unless told.  Raises ``Broken`` when it does not get there.  A
    target that gives no phase at all can't be waited for: then the statement is returned as it is.
    """
    patience = time.monotonic() + PHASELESS

    def look() -> dict[str, Any]:
        body: dict[str, Any] = cmf.statements(environment).get(statement).expect(200).body
        now, expected = views.phase(body), " or ".join(phases)
        require(
            now in phases or (now is None and time.monotonic() > patience),
            f"the statement is not {expected}",
            expected=expected,
            got=shown(optional(body, "status")),
        )
        return body

    return eventually(look, within=cmf.limits.settle if within is None else within)


def is_over(cmf: Cmf, environment: str, *statements: str) -> bool:
    """Whether statements have come to their end by themselves.

    Then they can't be asked to stop, to go on or to change, and need not use their compute pool (erratum
    ERR-POOL-USED).
    """
    bodies = (cmf.statements(environment).get(name).body for name in statements)
    return all(views.phase(body) in {"completed", "failed"} for body in bodies)


def is_kept(cmf: Cmf, environment: str, pool: str, *statements: str, **how: Any) -> bool:
    """Whether a DELETE of a compute pool that these statements name is refused with 409.

    False where a target that may takes the pool for unused; raises ``Broken`` for any other answer.
    """
    answer = cmf.compute_pools(environment).delete(pool, **how)
    if answer.status != CONFLICT and is_over(cmf, environment, *statements):
        answer.expect(200, 202, 204)
        return False
    answer.expect(CONFLICT)
    return True


def as_read(body: dict[str, Any], shown: Any) -> dict[str, Any]:
    """A body of a statement with what the target shows of it beside, for a PUT that changes only what is in the body.

    A target may fill in defaults, and need not take an update that leaves them out (erratum ERR-STMT-UPDATE).
    """
    filled = dict(body)
    for part, names in (
        ("spec", ("statement", "properties", "flinkConfiguration", "computePoolName", "parallelism")),
        ("metadata", ("labels", "annotations")),
    ):
        told = {name: optional(shown, part, name) for name in names}
        filled[part] = _beside(body[part], {name: value for name, value in told.items() if value})
    return filled


def put_as_read(
    cmf: Cmf, environment: str, body: dict[str, Any], *, media_type: str = JSON, **changes: Any
) -> Answer:
    """PUT a statement as it is read, with other fields in its spec."""
    statements, name = cmf.statements(environment), body["metadata"]["name"]
    filled = as_read(bodies.changed(body, **changes), statements.get(name).body)
    return statements.put(name, filled, media_type=media_type)


def _beside(own: Any, shown: Any) -> Any:
    if not isinstance(own, Mapping) or not isinstance(shown, Mapping):
        return own
    beside = {key: value for key, value in shown.items() if key not in own}
    return {**{key: _beside(value, shown.get(key)) for key, value in own.items()}, **beside}
