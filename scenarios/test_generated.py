"""Generated requests: valid and invalid ones for every operation, in JSON and in YAML, against parents that exist."""

from __future__ import annotations

import pytest

from conformance.expectations import require
from conformance.properties.campaign import Campaign, operations, written_kind
from conformance.properties.effort import BUDGETS
from conformance.registry import catalogue
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement

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


def is_sql(operation: str) -> bool:
    """Whether an operation belongs to the statement family."""
    return any(word in operation for word in ("Statement", "ComputePool", "Secret", "Catalog"))


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
    budget = BUDGETS[run.effort].of(operation, has_body=written_kind(operation) is not None)
    campaign = Campaign(run.cmf, run.catalogue, operation, run.seed, budget, run.recorder.add_finding)
    campaign.run()
    with check("CMF-ERR-STATUS", f"generated requests of {operation} were sent and answered"):
        require(
            campaign.answered > 0,
            f"none of {campaign.sent} generated requests was answered",
            expected="an answer",
        )
    with check("CMF-ERR-SERVER", f"generated requests of {operation} were answered below 500"):
        require(
            campaign.answered > 0,
            f"none of {campaign.sent} generated requests was answered",
            expected="an answer",
        )
