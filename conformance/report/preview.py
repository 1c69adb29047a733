"""What a run would send to a target, in plain lines, from a rehearsal of it against the reference server.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from conformance.config import Limits, Target
from conformance.curl import curl_line
from conformance.model import Exchange, RunReport
from conformance.report.clean import one_line
from conformance.report.wording import plural

READS = frozenset({"GET", "HEAD"})
FIRST = 3
"""Requests of each sort, reading and writing, that are shown whole."""
SHORT = 4
"""Characters of a name that can't hold the prefix of a run."""
_OTHERS = "(other routes)"
_RUN_ID = "xxxxxxxx"
"""Stands for the id of the run to come, which is not known yet."""


def preview(report: RunReport, exchanges: Iterable[Exchange], target: Target, where: str) -> list[str]:
    """The lines; ``report`` and ``exchanges`` are those of the rehearsal, ``where`` is where the run would go."""
    rehearsed, run_id = str(report.target["url"]), str(report.run["id"])

    def at_target(text: str) -> str:
        return text.replace(rehearsed, target.url or rehearsed).replace(run_id, _RUN_ID)

    methods: Counter[str] = Counter()
    operations: Counter[tuple[str, str]] = Counter()
    first: dict[bool, list[str]] = {True: [], False: []}
    for exchange in exchanges:
        request = exchange.request
        methods[request.method] += 1
        operations[exchange.operation or _OTHERS, request.method if exchange.operation else ""] += 1
        shown = first[request.method in READS]
        if len(shown) < FIRST:
            shown.append(at_target(curl_line(replace(exchange, id=""))))
    lines = [
        f"Requests to {one_line(where, 500)}: about {sum(methods.values()):,} ({_counted(methods)}), clean-up included",
        *(f"  {name:<34}{method:<8}{count:>7,}" for (name, method), count in sorted(operations.items())),
    ]
    kinds = Counter(resource.kind for resource in report.created)
    if kinds:
        names = "named cmfc-<run id>-…"
        if any(len(resource.name) <= SHORT for resource in report.created):
            names += " but for a few of 4 characters that nothing has"
        lines.append(f"Creates {plural(sum(kinds.values()), 'resource')}, {names}: {_counted(kinds)}")
        lines.append(f"Leaves behind: {plural(len(report.left_behind), 'resource')}")
    else:
        lines.append("Creates nothing")
    lines += ["Limits", *(f"  {line}" for line in _limits(target.limits))]
    for reading, title in ((True, "reads"), (False, "writes")):
        if first[reading]:
            lines += [f"The first {title}", *(f"  {line}" for line in first[reading])]
    return lines


def _counted(counter: Mapping[str, int]) -> str:
    return ", ".join(f"{key} {count:,}" for key, count in sorted(counter.items(), key=lambda each: -each[1]))


def _limits(limits: Limits) -> list[str]:
    pace = limits.requests_per_second
    return [
        f"at most {limits.total_requests:,} requests in {limits.max_time:g} s, clean-up excepted",
        f"at most {pace:g} requests a second" if pace else "as many requests a second as it answers",
        f"{limits.connect_timeout:g} s to connect, {limits.read_timeout:g} s for a whole answer",
        f"at most {limits.max_response_bytes:,} bytes of an answer are read",
        f"{limits.settle:g} s until a promised change shows, {limits.deploy:g} s where it takes Flink",
    ]
