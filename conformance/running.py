"""Applications made to run and to stop, as arrangement of scenarios."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import views
from conformance.expectations import eventually, optional, require
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf


def until(cmf: Cmf, environment: str, application: str, holds: Callable[[Any], bool], what: str) -> Answer:
    """Wait until an application shows a state; raises ``Broken`` when it never does."""

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

    return eventually(look, within=cmf.limits.settle)


def started(cmf: Cmf, environment: str, application: str) -> Answer:
    """Start an application as arrangement, and wait until it shows."""
    cmf.start(environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_started, "started")


def suspended(cmf: Cmf, environment: str, application: str) -> Answer:
    """Suspend an application as arrangement, and wait until it shows."""
    cmf.suspend(environment, application).needed(200, 304)
    return until(cmf, environment, application, views.is_suspended, "suspended")
