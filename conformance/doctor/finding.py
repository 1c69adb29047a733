"""One thing that was found out about a target before a run, and what all of them together mean.

    ok        a run has nothing to fear from it
    unknown   it could not be found out, or nobody asked for it
    warning   a run can be made; look at it first
    problem   a run would fail, or be worth nothing

The exit code is that of the worst problem: 3 when the target can't be observed as it is, 2 when the configuration
does not fit it, and 0 when there is no problem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from conformance.errors import HarnessError
from conformance.report.clean import one_line
from conformance.verdict import ExitCode


class State(StrEnum):
    """How a finding bears on a run."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; the message is one line, and may quote the target."""

    subject: str
    state: State
    message: str
    hint: str = ""
    """What to do next; empty when there is nothing to do."""
    leads_to: ExitCode = ExitCode.CONFORMANT
    """The exit code of a problem."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The finding for a terminal, and the hint on a line of its own."""
        line = f"{self.state:<8} {self.subject:<13} {one_line(self.message, 500)}"
        return (line, f"         hint: {one_line(self.hint, 700)}") if self.hint else (line,)


def ok(subject: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, State.OK, message)


def unknown(subject: str, message: str, hint: str) -> Finding:
    """Nothing can be said."""
    return Finding(subject, State.UNKNOWN, message, hint)


def warning(subject: str, message: str, hint: str) -> Finding:
    """Worth a look."""
    return Finding(subject, State.WARNING, message, hint)


def problem(subject: str, message: str, hint: str) -> Finding:
    """The target can't be observed like this."""
    return Finding(subject, State.PROBLEM, message, hint, ExitCode.INCOMPLETE)


def unfit(subject: str, message: str, hint: str) -> Finding:
    """The configuration does not fit the target, or can't be used at all."""
    return Finding(subject, State.PROBLEM, message, hint, ExitCode.USAGE)


def of_error(subject: str, error: HarnessError) -> Finding:
    """The problem that would end a run."""
    make = unfit if error.exit_code == ExitCode.USAGE else problem
    return make(subject, error.message, error.hint)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """What all findings together mean."""
    return max((finding.leads_to for finding in findings), default=ExitCode.INCOMPLETE)


def summary(findings: Iterable[Finding]) -> str:
    """The last line: how many of each, the worst first."""
    states = [finding.state for finding in findings]
    counted = ", ".join(f"{states.count(state)} {state}" for state in reversed(State) if state in states)
    verdict = "a run would go wrong" if State.PROBLEM in states else "nothing stands in the way of a run"
    return f"{verdict} ({counted})"


def as_json(url: str, findings: Iterable[Finding]) -> dict[str, Any]:
    """All findings as a JSON object; its schema is ``findings.schema.json``."""
    listed = list(findings)
    return {
        "schema_version": "1.0",
        "target": url,
        "exit_code": int(exit_code(listed)),
        "findings": [
            {"subject": each.subject, "state": each.state.value, "message": each.message, "hint": each.hint}
            for each in listed
        ],
    }
