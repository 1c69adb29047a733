"""Generated requests: valid and invalid ones for every operation, in JSON and in YAML, against parents that exist."""

from __future__ import annotations

import pytest

from conformance.expectations import Broken, Unmet
from conformance.properties.campaign import Campaign, operations, written_kind
from conformance.properties.effort import BUDGETS
from conformance.registry import catalogue
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import needs_flink, needs_sql, requirement

ALWAYS = ("CMF-ERR-SERVER", "CMF-ERR-STATUS")
ALSO = {
    "createOrUpdateEnvironment": (
        "CMF-ENV-BODY",
        "CMF-ENV-CREATE",
        "CMF-ENV-GET",
        "CMF-ENV-REFUSED",
        "CMF-ENV-NAME-REFUSED",
    ),
    "createOrUpdateApplication": (
        "CMF-APP-BODY",
        "CMF-APP-CREATE",
        "CMF-APP-GET",
        "CMF-APP-REFUSED",
        "CMF-APP-NAME-REFUSED",
    ),
}
RUNNING = (
    "startApplication",
    "suspendApplication",
    "getApplicationInstances",
    "getApplicationInstance",
    "getApplicationEvents",
    "getStatementResult",
    "getStatementExceptions",
)
"""Operations of which there is more to ask when something runs."""


def is_sql(operation: str) -> bool:
    """Whether an operation belongs to the statement family."""
    return any(word in operation for word in ("Statement", "ComputePool", "Secret", "Catalog"))


def generate(run: RunContext, check: Checks, operation: str, *, runs: bool = False) -> None:
    """Send the generated requests of an operation; what could not be generated leaves it untested."""
    budget = BUDGETS[run.effort].of(operation, has_body=written_kind(operation) is not None)
    campaign = Campaign(
        run.cmf,
        run.catalogue,
        operation,
        run.seed,
        budget,
        run.recorder.add_finding,
        runs,
        run.existing if run.reads_only else None,
        run.basis.document(),
    )
    run.tallies.append(campaign.tally)
    what = "generated requests of what runs with" if runs else "generated requests of"
    with check("CMF-ERR-STATUS", f"{what} {operation} were sent and answered"):
        try:
            campaign.run()
        except Broken as broken:
            # It could not read what its requests did, which is judged elsewhere.
            raise Unmet(f"what the requests did could not be read: {broken}") from broken
    with check("CMF-ERR-SERVER", f"{what} {operation} were answered below 500"):
        if unanswered := campaign.sent - campaign.answered:
            # That they were not is held against the target elsewhere; of what they would have been answered it says nothing.
            raise Unmet(f"{unanswered} of {campaign.sent} generated requests got no answer")


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(
            name, marks=[requirement(*ALWAYS, *ALSO.get(name, ())), *([needs_sql] if is_sql(name) else [])]
        )
        for name in operations(catalogue())
    ],
)
def test_generated_requests(run: RunContext, check: Checks, operation: str) -> None:
    generate(run, check, operation)


@needs_flink
@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(name, marks=[requirement(*ALWAYS), *([needs_sql] if is_sql(name) else [])])
        for name in RUNNING
    ],
)
def test_generated_requests_of_what_runs(run: RunContext, check: Checks, operation: str) -> None:
    generate(run, check, operation, runs=True)
