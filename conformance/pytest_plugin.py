"""What users of pytest get: our fixtures and checks in their own tests, against a CMF server that they name.

pytest loads this module wherever the package is installed, so it imports nothing of ours and defines no fixture
until ``--cmf-url`` or ``--cmf-config`` is given.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from conformance.runner.markers import MARKERS

FIXTURES = frozenset(
    {
        "at_rest",
        "check",
        "cmf",
        "collection",
        "compute_pool",
        "environment",
        "ground",
        "new_application",
        "new_compute_pool",
        "new_environment",
        "new_secret",
        "new_statement",
        "other_environment",
        "run",
        "short_name",
        "suspended_application",
        "until_phase",
    }
)
"""The fixtures that tests get once a server is named."""
_NEEDED = "needs a CMF server: give --cmf-url or --cmf-config"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options that name the server."""
    group = parser.getgroup("cmf-conformance", "tests against a CMF server (cmf-conformance)")
    group.addoption("--cmf-url", metavar="URL", help="the server, e.g. https://cmf.example:8080")
    group.addoption(
        "--cmf-config",
        metavar="FILE",
        help="a configuration file of cmf-conformance: URL, credentials, limits, features",
    )
    group.addoption(
        "--cmf-token-file",
        metavar="FILE",
        help="a file with a bearer token; CMF_CONFORMANCE_TOKEN may hold one instead",
    )
    group.addoption("--cmf-token-command", metavar="CMD", help="a command that prints a bearer token")
    group.addoption(
        "--cmf-report-dir",
        metavar="DIR",
        help="where ledger and evidence go; default: cmf-conformance-runs/<run id>",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and the fixtures when a server is named."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    if _is_active(config):
        from conformance.runner.own_tests import activate  # noqa: PLC0415 - costs others nothing

        activate(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a server the tests that are ours to run are skipped."""
    if _is_active(config):
        return
    for item in items:
        lacking = _lacking(item)
        if "cmf" in lacking or (lacking and item.get_closest_marker("requirement")):
            item.add_marker(pytest.mark.skip(reason=_NEEDED))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where a fixture of ours was not found, say what is missing."""
    report = yield
    if call.when == "setup" and report.failed and not _is_active(item.config):
        report.sections += [
            ("cmf-conformance", f"The fixture {name} {_NEEDED}.") for name in sorted(_lacking(item))
        ]
    return report


def _is_active(config: pytest.Config) -> bool:
    return bool(config.getoption("cmf_url") or config.getoption("cmf_config"))


def _lacking(item: pytest.Item) -> set[str]:
    """The fixtures of ours that a test asks for and nobody defines."""
    info = getattr(item, "_fixtureinfo", None)
    return set(FIXTURES & set(info.names_closure)) - set(info.name2fixturedefs) if info else set()
