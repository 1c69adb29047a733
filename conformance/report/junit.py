"""JUnit XML for CI servers: one test suite an area, one test case a requirement, private ones among them.

JUnit has no word for most of our verdicts, so each takes the one that misleads nobody: ``fail`` is a failure;
``error`` and ``not_tested`` are errors, because a skip looks green and they count against the run; ``waived``
and ``not_applicable`` are skipped, with the reason; ``pass`` and ``warn`` pass, the warning as output.
What closes the gate beside the verdicts, such as a waiver that has expired, is a suite of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from conformance.model import Exchange, RequirementResult, RunReport, Verdict
from conformance.report.clean import clean, one_line
from conformance.report.selection import decisive, telling
from conformance.report.text import failure_block
from conformance.report.wording import LABEL, MEANING, headline, verdict_sentence

_FAILURES = frozenset({Verdict.FAIL})
_ERRORS = frozenset({Verdict.ERROR, Verdict.NOT_TESTED})
_SKIPPED = frozenset({Verdict.WAIVED, Verdict.NOT_APPLICABLE})
_BODY_LIMIT = 2_000
_BLOCKS = 10


def render_junit(report: RunReport, exchanges: Mapping[str, Exchange]) -> str:
    """The report as JUnit XML, valid for the schema that Jenkins and GitLab read."""
    name = f"cmf-conformance {one_line(str(report.run.get('profile', '')), 60)}".strip()
    closed = report.run.get("gate", {}).get("closed_by", [])
    everything = (*report.requirements, *report.private)
    root = ET.Element("testsuites", {"name": name, **_totals(everything, closed), "time": _seconds(report)})
    for area in dict.fromkeys(result.requirement.area for result in everything):
        results = tuple(result for result in everything if result.requirement.area == area)
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                "name": one_line(area, 100),
                **_totals(results),
                "skipped": str(sum(result.verdict in _SKIPPED for result in results)),
                "time": "0",
                "timestamp": str(report.run.get("started", ""))[:19],
            },
        )
        _properties(suite, report)
        for result in results:
            _case(suite, result, exchanges)
    if closed:
        _gate(root, report, closed)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _gate(root: ET.Element, report: RunReport, closed: Sequence[str]) -> None:
    totals = {**_totals((), closed), "skipped": "0", "time": "0"}
    started = str(report.run.get("started", ""))[:19]
    suite = ET.SubElement(root, "testsuite", {"name": "gate", **totals, "timestamp": started})
    _properties(suite, report)
    for number, line in enumerate(closed, start=1):
        attributes = {"classname": "cmf.gate", "name": f"gate {number}", "time": "0"}
        case = ET.SubElement(suite, "testcase", attributes)
        problem = ET.SubElement(case, "failure", {"message": one_line(line, 500), "type": "gate"})
        problem.text = clean(line)


def _totals(results: tuple[RequirementResult, ...], closed: Sequence[str] = ()) -> dict[str, str]:
    return {
        "tests": str(len(results) + len(closed)),
        "failures": str(sum(result.verdict in _FAILURES for result in results) + len(closed)),
        "errors": str(sum(result.verdict in _ERRORS for result in results)),
    }


def _seconds(report: RunReport) -> str:
    """How long the run took; 0 when its instants do not tell."""
    try:
        started, finished = (datetime.fromisoformat(str(report.run[key])) for key in ("started", "finished"))
        return f"{max(0.0, (finished - started).total_seconds()):.3f}"
    except (KeyError, ValueError, TypeError):
        return "0"


def _properties(suite: ET.Element, report: RunReport) -> None:
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("target", report.target.get("url", "")),
        ("verdict", headline(report)),
        ("meaning", verdict_sentence(report)),
        ("profile", report.run.get("profile", "")),
        ("seed", report.run.get("seed", "")),
        ("harness", f"{report.harness.get('name', '')} {report.harness.get('version', '')}"),
    ):
        ET.SubElement(properties, "property", {"name": name, "value": one_line(str(value), 500)})


def _case(suite: ET.Element, result: RequirementResult, exchanges: Mapping[str, Exchange]) -> None:
    requirement = result.requirement
    attributes = {
        "classname": f"cmf.{one_line(requirement.area, 100)}",
        "name": f"{requirement.id} {one_line(requirement.title, 200)}",
        "time": "0",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    verdict = result.verdict
    message = one_line(result.reason or MEANING[verdict], 1_000)
    if verdict in _SKIPPED:
        ET.SubElement(case, "skipped", {"message": f"{LABEL[verdict]}: {message}"})
    elif verdict in _FAILURES | _ERRORS:
        kind = "failure" if verdict in _FAILURES else "error"
        problem = ET.SubElement(case, kind, {"message": message, "type": verdict.value})
        problem.text = _body(result, exchanges)
    elif verdict is Verdict.WARN:
        ET.SubElement(case, "system-out").text = _body(result, exchanges)


def _body(result: RequirementResult, exchanges: Mapping[str, Exchange]) -> str:
    checks = telling(result)
    blocks = [
        failure_block(result.requirement, check, decisive(check, exchanges), body_limit=_BODY_LIMIT)
        for check in checks[:_BLOCKS]
    ]
    if not blocks:
        requirement = result.requirement
        blocks = [
            f"{LABEL[result.verdict].upper()} {requirement.id}\n  {requirement.sentence}\n  {result.reason}"
        ]
    if len(checks) > _BLOCKS:
        blocks.append(f"({len(checks) - _BLOCKS} more checks in report.json)")
    return clean("\n" + "\n\n".join(blocks) + "\n")
