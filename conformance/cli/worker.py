"""One of the processes that ``run --workers`` starts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from io import StringIO
from typing import Any, NoReturn

from rich.console import Console

from conformance.certification import workers
from conformance.runner.run import execute


def command() -> tuple[str, ...]:
    """What starts a worker: this interpreter, with the same modules whatever folder it is started in."""
    program = f"import sys; sys.path[:] = {sys.path!r}; from conformance.cli import worker; worker.main()"
    return sys.executable, "-P", "-c", program


def main() -> NoReturn:
    """Do the job that comes through standard input."""
    sys.exit(workers.serve(_work))


class _Told(StringIO):
    """A file that passes on each text that is written to it, whole."""

    def __init__(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        super().__init__()
        self._tell = tell

    def write(self, text: str) -> int:
        if text.strip():
            self._tell({"text": text})
        return len(text)


def _work(job: workers.Job, tell: Callable[[Mapping[str, Any]], None]) -> int:
    console = Console(file=_Told(tell), width=160, no_color=True, highlight=False)
    outcome = execute(job.target, job.options, console)
    if outcome.problem is not None:
        tell({"problem": [outcome.problem.message, outcome.problem.hint]})
    return outcome.exit_code
