"""Generated requests for the operations of another document than the contract, by what that document tells of them."""

from __future__ import annotations

import pytest

from conformance.properties.effort import BUDGETS
from conformance.properties.survey import Survey
from conformance.runner.context import RunContext
from conformance.runner.plugin import CONTEXT, DESCRIBED, Checks
from conformance.scenario import requirement


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    context = metafunc.config.stash.get(CONTEXT, None)
    metafunc.parametrize(DESCRIBED, context().basis.described if context else ())


@requirement("CMF-ERR-SERVER", "CMF-ERR-STATUS")
def test_described_operation(run: RunContext, check: Checks, described: str) -> None:
    document = run.basis.document()
    budget = BUDGETS[run.effort].of(described, has_body=document.operations[described].body is not None)
    survey = Survey(run.cmf, document, run.basis.layout, described, run.seed, budget)
    run.tallies.append(survey.tally)
    with check("CMF-ERR-STATUS", f"generated requests of {described} were sent and answered"):
        survey.run()
    with check("CMF-ERR-SERVER", f"generated requests of {described} were answered below 500"):
        pass
