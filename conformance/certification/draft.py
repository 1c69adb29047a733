"""The first baseline: a file of waivers written from the failures of a report, for a human to complete.

Reason and link are left empty, which the schema refuses: only a human knows them, and a file that worked as it
was written would excuse everything that anyone ever broke.  The day of expiry has a near default instead,
because a day can be proposed, and a near one is looked at again soon.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

from conformance.certification import waivers
from conformance.certification.waivers import Baseline, State, Waiver
from conformance.model import RequirementResult, RunReport, Verdict
from conformance.report.clean import one_line

DAYS = 30
"""For how long a new waiver is proposed."""


def draft(report: RunReport, today: date) -> str:
    """A file of waivers, as YAML, for every MUST that the report shows broken.

    Waivers that the report's own baseline had, and that are still needed and alive, are kept as they are.
    """
    kept = _kept(report, today)
    waived = waivers.apply(waivers.lifted(report.requirements), kept, today)
    lines = [
        f"# Known failures of {one_line(str(report.target['url']), 300)}, drafted from run {one_line(report.run['id'], 100)}.",
        "# Fill in each reason and link, and choose the last day (UTC) on which the failure is excused.",
        "waivers:",
    ]
    entries = [line for waiver in kept for line in _entry(waiver)]
    entries += [line for result in waived for line in _asked(result, today + timedelta(days=DAYS))]
    return "\n".join([*lines, *entries] if entries else [*lines[:2], "waivers: []"]) + "\n"


def _kept(report: RunReport, today: date) -> list[Waiver]:
    applied = report.run.get("baseline")
    if not applied:
        return []
    used = [entry["state"] == State.USED for entry in applied["waivers"]]
    entries = zip(Baseline.of_document(applied).waivers, used, strict=True)
    return [waiver for waiver, needed in entries if needed and waiver.expires >= today]


def _asked(result: RequirementResult, expires: date) -> Iterator[str]:
    """One waiver for each operation that was seen broken, or one for all when some failure names none."""
    broken = [check for check in result.checks if check.outcome is Verdict.FAIL]
    operations = dict.fromkeys(check.operation for check in broken)
    for operation in [None] if None in operations else operations:
        first = next(check for check in broken if operation in {None, check.operation})
        yield f"# {one_line(result.requirement.title, 200)}"
        yield f"# seen: {one_line(f'{first.name}: {first.message}', 300)}"
        yield from _entry(Waiver(result.requirement.id, "", "", expires, operation))


def _entry(waiver: Waiver) -> Iterator[str]:
    yield f"- requirement: {waiver.requirement}"
    if waiver.operation is not None:
        yield f"  operation: {_quoted(waiver.operation)}"
    yield f"  reason: {_quoted(waiver.reason)}"
    yield f"  link: {_quoted(waiver.link)}"
    yield f"  expires: {_quoted(waiver.expires.isoformat())}"


def _quoted(text: str) -> str:
    """The text as a scalar that every reader of YAML takes for the same string."""
    return json.dumps(text)
