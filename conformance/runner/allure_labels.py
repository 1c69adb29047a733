"""Requirement ids, levels and areas as Allure labels, and exchanges as attachments.

Does nothing but collect when allure-pytest is not writing results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import allure
from allure_commons.types import AttachmentType, Severity

from conformance.evidence_format import to_line
from conformance.model import CheckResult, Level, Verdict
from conformance.registry import Catalogue
from conformance.target.wire import Wire

_SEVERITY = {Level.MUST: Severity.CRITICAL, Level.SHOULD: Severity.NORMAL, Level.MAY: Severity.MINOR}
_ORDER = (Level.MUST, Level.SHOULD, Level.MAY)
_MOST = 25


def label(declared: Sequence[str], catalogue: Catalogue) -> None:
    """Label the current test with the requirements it checks."""
    requirements = [catalogue.requirements[name] for name in declared]
    if not requirements:
        return
    for requirement in requirements:
        allure.dynamic.label("requirement", requirement.id)
    levels = {requirement.level for requirement in requirements}
    for level in sorted(levels, key=_ORDER.index):
        allure.dynamic.label("level", level.value)
    allure.dynamic.severity(_SEVERITY[min(levels, key=_ORDER.index)])
    for area in dict.fromkeys(requirement.area for requirement in requirements):
        allure.dynamic.feature(area)
        allure.dynamic.label("area", area)


def attach(results: Iterable[CheckResult], wire: Wire) -> None:
    """Attach the exchanges that the results of the current test rest on, failures first."""
    ranked = sorted(results, key=lambda result: result.outcome is Verdict.PASS)
    names = list(dict.fromkeys(name for result in ranked for name in result.evidence))[:_MOST]
    lines = [to_line(exchange) for name in names if (exchange := wire.evidence.get(name)) is not None]
    if lines:
        allure.attach("\n".join(lines), name="exchanges", attachment_type=AttachmentType.JSON)
