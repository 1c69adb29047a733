"""Whether the run may create and delete: one environment of its own, by guard and ledger like any run, and gone again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance import bodies
from conformance.contract.judgement import error_messages
from conformance.doctor.finding import Finding, ok, problem, unfit
from conformance.errors import ReportError
from conformance.expectations import Unmet
from conformance.model import Resource
from conformance.report.clean import one_line
from conformance.target.answer import Answer
from conformance.target.cleanup import clean_up
from conformance.target.cmf import Cmf
from conformance.target.ledger import Ledger
from conformance.target.wire import NoAnswer, Wire

_CREATED = {200, 201, 202}
_REFUSED = {401, 403}
_INVALID = {400, 422}
_RUNS = Path("cmf-conformance-runs")


@contextmanager
def ledger_of(run_id: str, url: str) -> Iterator[Ledger]:
    """A ledger where runs have theirs, which disappears when nothing is left behind; raises ``ReportError``."""
    folder = _RUNS / run_id
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ReportError(
            f"The folder {folder} for the ledger can't be made: {error.strerror or error}",
            "--write needs a folder that may be written to",
        ) from None
    ledger = Ledger.create(folder / "ledger.ndjson", run_id=run_id, target_url=url)
    try:
        yield ledger
    finally:
        ledger.close()
        if not ledger.open:
            shutil.rmtree(folder, ignore_errors=True)
            if not any(_RUNS.iterdir()):
                _RUNS.rmdir()


def create(cmf: Cmf) -> tuple[str | None, Finding | None]:
    """Create an environment: its name, or why there is none."""
    name = cmf.name("doctor")
    try:
        answer = cmf.environments.post(bodies.environment(name, cmf.features))
    except (NoAnswer, Unmet) as silence:
        return None, problem(
            "write", f"no answer to the creation of an environment: {silence}", "try it again"
        )
    if answer.status in _CREATED:
        return name, None
    said = f"the creation of an environment is answered with {answer.status}{_words(answer)}"
    if answer.status in _REFUSED:
        hint = "whoever the credentials belong to must be allowed to create and delete environments"
        return None, problem("write", said, hint)
    if answer.status in _INVALID:
        hint = f"is features.namespace right? It is {cmf.features.namespace!r}"
        return None, unfit("write", said, hint)
    return None, problem("write", said, "look into the log of the server")


def remove(wire: Wire, ledger: Ledger, settle: float) -> Finding:
    """Remove what was created, and see it gone."""
    started = time.monotonic()
    left = clean_up(wire, ledger, settle=settle)
    if left:
        return _left(left, ledger.path)
    seconds = time.monotonic() - started
    return ok("write", f"an environment was created, and was gone {seconds:.1f} s after it was to be deleted")


def _left(left: tuple[Resource, ...], ledger: Path) -> Finding:
    return problem(
        "write",
        f"{left[0].path} was created and can't be deleted again",
        "whoever the credentials belong to must be allowed to delete environments, and limits.settle be long enough; "
        f"then: cmf-conformance cleanup {ledger}",
    )


def _words(answer: Answer) -> str:
    """What the target says about it, if that can be read."""
    try:
        messages = error_messages(answer.body)
    except (AssertionError, Unmet):
        return ""
    return f": {one_line(messages[0])}" if messages else ""
