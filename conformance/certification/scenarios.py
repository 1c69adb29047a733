"""The scenarios behind a report: all that its profile needs ran, and each has said what it owes.

A scenario owes an outcome to every requirement that it declares.  So a check that was taken out of a report
together with its failure leaves a gap, also where the requirement has checks of other scenarios.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from conformance.certification.finding import Flaw
from conformance.certification.implementation import Implementation
from conformance.contract.judgement import UNIVERSAL
from conformance.model import RunReport, Verdict
from conformance.registry import Catalogue
from conformance.runner.collected import Collected, scenarios
from conformance.runner.selection import Choice

_MOST_FLAWS = 20


def flaws(report: RunReport, implementation: Implementation, known: Catalogue) -> Iterator[Flaw]:
    """What is missing of the scenarios; nothing is said of a report that another catalogue has judged."""
    profile = known.profiles.get(report.run["profile"])
    if profile is None or report.harness["catalogue_sha256"] != known.catalogue_sha256:
        return
    rules = [known.requirements[name] for name in profile.requirements]
    choice = Choice.of(rules, rules, UNIVERSAL, implementation.lacking)
    needed = {
        name: each
        for name, each in scenarios().items()
        if choice.wants(each.declared, {known.requirements[rule].area for rule in each.declared}, each.needs)
    }
    plan = report.run.get("scenarios")
    if plan is None:
        yield Flaw("scenarios", "the report does not say which scenarios ran")
        return
    ran = set(plan["part"])
    if lost := sorted(needed.keys() - ran):
        yield Flaw("scenarios", f"{len(lost)} scenarios of the profile did not run, such as {lost[0]}")
    if foreign := sorted(ran - needed.keys()):
        yield Flaw("scenarios", f"{foreign[0]} is no scenario of the profile")
    if unfinished := sorted(ran - plan["seconds"].keys()):
        yield Flaw("scenarios", f"{len(unfinished)} scenarios have not ended, such as {unfinished[0]}")
    gaps = list(_gaps(report, {name: each for name, each in needed.items() if name in ran}))
    for scenario, rule in gaps[:_MOST_FLAWS]:
        yield Flaw("scenarios", f"{scenario} owes an outcome to {rule}, and there is none")


def _gaps(report: RunReport, needed: Mapping[str, Collected]) -> Iterator[tuple[str, str]]:
    said: defaultdict[str, set[str]] = defaultdict(set)
    shared = set(UNIVERSAL)
    for result in report.requirements:
        for check in result.checks:
            said[check.scenario].add(result.requirement.id)
            if check.count > 1:
                # Findings that are alike are counted with the first, whichever scenario they come from.
                shared.add(result.requirement.id)
    judged = {
        result.requirement.id
        for result in report.requirements
        if result.verdict is not Verdict.NOT_APPLICABLE
    }
    for name, each in sorted(needed.items()):
        for rule in dict.fromkeys(each.declared):
            if rule in judged and rule not in said[name] and rule not in shared:
                yield name, rule
