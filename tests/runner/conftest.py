"""Runs of scenarios that a test writes, against a small target of the test's own."""

from __future__ import annotations

import io
import itertools
import json
import textwrap
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias

import pytest
from rich.console import Console

from conformance import resources
from conformance.config import Features, Limits, Selection, Target
from conformance.model import RequirementResult
from conformance.runner.options import Options, Outcome
from conformance.runner.run import execute

NUMBERS = itertools.count(1)
PRELUDE = """
from __future__ import annotations

import pytest

from conformance.expectations import Broken, Unmet, require
from conformance.scenario import needs_flink, requirement

"""


class Small(ThreadingHTTPServer):
    """A target that has one empty list, drops the connection below /drop, and can die."""

    daemon_threads = True
    dead = False
    url = ""


class Answering(BaseHTTPRequestHandler):
    """Answers as ``Small`` says."""

    protocol_version = "HTTP/1.1"
    server: Small

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/die":
            self.server.dead = True
        if self.server.dead or self.path.startswith("/drop"):
            self.close_connection = True
            return
        known = self.command == "GET" and self.path.startswith("/cmf/api/v1/environments?")
        error = {"errors": [{"message": f"Resource not found: {self.path}"}]}
        body = json.dumps({"items": []} if known else error).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names are the base class's

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def small() -> Iterator[Small]:
    """A small target that listens."""
    with Small(("127.0.0.1", 0), Answering) as server:
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


class Ran:
    """What a run left."""

    def __init__(self, outcome: Outcome, said: str) -> None:
        self.outcome = outcome
        self.report = outcome.report
        self.exit_code = int(outcome.exit_code)
        self.said = said
        self.document = json.loads((outcome.folder / "report.json").read_text("utf-8"))

    def __getitem__(self, requirement: str) -> RequirementResult:
        (found,) = [each for each in self.report.requirements if each.requirement.id == requirement]
        return found

    def verdicts(self) -> dict[str, str]:
        return {each.requirement.id: each.verdict.value for each in self.report.requirements}


Running: TypeAlias = Callable[..., Ran]
"""What the fixture ``run`` is."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Small) -> Running:
    """Run scenarios given as text; the requirements are those that are selected."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    monkeypatch.setattr(resources, "scenarios_folder", lambda: folder)

    def start(
        text: str,
        *requirements: str,
        flink: bool = True,
        limits: dict[str, Any] | None = None,
        url: str = "",
        **options: Any,
    ) -> Ran:
        for earlier in folder.glob("*.py"):
            earlier.unlink()
        # Imported modules stay with the process: each needs a name of its own.
        (folder / f"test_{next(NUMBERS)}.py").write_text(PRELUDE + textwrap.dedent(text), "utf-8")
        limited = Limits(**{"connect_timeout": 2.0, "read_timeout": 2.0, "settle": 0.2, **(limits or {})})
        target = Target(url or small.url, limits=limited, features=Features(flink=flink))
        selection = Selection(requirements=requirements)
        console = Console(file=io.StringIO(), width=200)
        chosen = Options(selection=selection, report_dir=tmp_path / "report", seed=1, **options)
        outcome = execute(target, chosen, console)
        return Ran(outcome, console.file.getvalue())  # type: ignore[attr-defined]

    return start
