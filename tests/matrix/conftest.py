"""How much of the matrix is run.

By default few faults that together turn every requirement red; ``--own`` runs a fault of its own for each
requirement, ``--all`` every fault and variation, and ``--share 2/5`` the second fifth of them.
"""

from __future__ import annotations

import re

import pytest
from chosen import LONGER, SHORT


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--own``, ``--all`` and ``--share``."""
    parser.addoption("--own", action="store_true", help="run a fault of its own for each requirement")
    parser.addoption("--all", action="store_true", help="run every fault, and every variation also by itself")
    parser.addoption("--share", default="1/1", metavar="I/N", help="run the I-th of N shares of the matrix")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was asked for of the parametrised tests, and everything else."""
    match = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", config.getoption("--share"))
    if match is None or int(match[1]) > int(match[2]):
        raise pytest.UsageError("--share is I/N with I from 1 to N")
    mine, shares = int(match[1]) - 1, int(match[2])
    matrix = [item for item in items if item.get_closest_marker("matrix") and hasattr(item, "callspec")]
    names = LONGER if config.getoption("--own") else SHORT
    wanted = [
        item for item in matrix if config.getoption("--all") or names & {*item.callspec.params.values()}
    ]
    kept = {item.nodeid for number, item in enumerate(wanted) if number % shares == mine}
    dropped = [item for item in matrix if item.nodeid not in kept]
    items[:] = [item for item in items if item not in dropped]
    config.hook.pytest_deselected(items=dropped)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show fault x requirement: what each fault that was run turned red."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.stats.get(key, [])]
    rows = [(report.nodeid, dict(report.user_properties).get("red")) for report in reports]
    shown = [(nodeid.partition("[")[2].rstrip("]"), red) for nodeid, red in rows if isinstance(red, list)]
    if shown:
        terminalreporter.section("fault x requirement")
        for fault, red in sorted(shown):
            terminalreporter.write_line(f"{fault:<42} {', '.join(red)}")
