"""Workers: one run in several processes of one machine, with one report and one exit code.

Each worker takes a shard, and what they leave is merged, so the verdicts are those of one whole run for the
same reason as with shards of several machines.  They draw on the limits of the run together.

A worker is a process group of its own: Ctrl-C in a terminal reaches this process alone, which passes it on once
to each worker, after that has begun its run and so will clean up and report.  Job and answers pass through
pipes; a worker whose standard input ends has lost this process, and ends as if it was interrupted.
"""

from __future__ import annotations

import json
import os
import pickle
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from conformance.certification import merge
from conformance.certification.shards import Share
from conformance.config import Target
from conformance.errors import HarnessError, ReportError, TargetError, UsageError
from conformance.model import Verdict
from conformance.report import document
from conformance.runner import private
from conformance.runner.folder import report_folder
from conformance.runner.options import Options, Outcome
from conformance.runner.run import must_be_usable
from conformance.runner.surroundings import postponed, terminable, undisturbed
from conformance.target.ledger import Ledger
from conformance.verdict import ExitCode

MOST = 64
"""More processes than this on one machine are a typing error."""
_LOOK = 0.05
"""Seconds between two looks at the workers."""
_LINES = 20
"""Last lines of what a worker said of its own failure."""
_NAMED = 5
"""Broken requirements that are named in one line."""


@dataclass(frozen=True)
class Job:
    """What one worker is to do: run a shard."""

    target: Target
    options: Options


def execute(
    target: Target, options: Options, count: int, command: Sequence[str], say: Callable[[str], None]
) -> Outcome:
    """Run what is selected in ``count`` processes of ``command`` and write the merged report.

    ``say`` is given what is to be shown meanwhile.  Raises ``UsageError`` before anything is sent, as a run by
    itself does, and ``HarnessError`` when a worker ended without a report or the reports can't be merged; it names
    what they hold of failures, and leads to the exit code of those.
    """
    must_be_usable(target)
    private.look(options.private)
    folder = report_folder(options.report_dir, secrets.token_hex(4))
    room = folder / "workers"
    room.mkdir(exist_ok=True)
    account = room / "account"
    account.unlink(missing_ok=True)
    seed = options.seed if options.seed is not None else secrets.randbelow(2**32)
    common = replace(options, seed=seed, account=account, quiet=False)
    workers = [
        _Worker(command, replace(common, report_dir=room / str(index), shard=Share(index, count)), target)
        for index in range(1, count + 1)
    ]
    with terminable():
        try:
            with postponed() as interrupts:
                for worker in workers:
                    worker.start(lambda text: None if options.quiet else say(text))
            _await(workers, len(interrupts))
        finally:
            for worker in workers:
                worker.end()
    with undisturbed():
        _demand_reports(workers)
        try:
            shards = merge.read_shards(worker.folder for worker in workers)
            report = merge.merge(shards)
            merge.write(report, shards, folder)
        except ReportError as refusal:
            raise _without_a_merged_report(
                workers,
                f"The reports of the workers could not be merged: {refusal.message}",
                f"what each of them found is in {room}",
            ) from refusal
        _keep(workers, room, folder)
    problem = next((worker.problem for worker in workers if worker.problem), None)
    return Outcome(report, folder, merge.exit_code(report), problem)


class _Worker:
    """One process that runs a shard."""

    def __init__(self, command: Sequence[str], options: Options, target: Target) -> None:
        assert options.report_dir is not None  # noqa: S101 - for the type checker
        self.folder = options.report_dir
        self.name = str(options.shard)
        self.problem: TargetError | None = None
        self.error: HarnessError | None = None
        self._command = command
        self._job = Job(target, options)
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = Event()
        self._interrupts = 0
        self._readers: list[Thread] = []
        self._complaint: list[str] = []

    def start(self, say: Callable[[str], None]) -> None:
        (self.folder / "report.json").unlink(missing_ok=True)
        self._process = process = subprocess.Popen(  # noqa: S603 - our own interpreter
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._readers = [
            Thread(target=self._listen, args=(process.stdout, say), daemon=True),
            Thread(target=self._hear_complaints, args=(process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            process.stdin.write(pickle.dumps(self._job))  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # It has ended already, and will have said why.

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def reported(self) -> bool:
        return (self.folder / "report.json").exists()

    @property
    def why(self) -> str:
        """Why it ended without a report, on one line."""
        code = self._process.returncode if self._process else None
        last = f": {self._complaint[-1]}" if self._complaint else ""
        return f"exit code {code}{last}"

    def interrupt(self, times: int) -> None:
        """See that it is interrupted so many times in all, but not before it has begun its run."""
        if self._process and self._begun.is_set() and self._interrupts < times and self.running:
            self._interrupts = times
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Let go of it; one that is still running is lost patience with."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join(5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _listen(self, pipe: IO[bytes], say: Callable[[str], None]) -> None:
        for line in pipe:
            try:
                message: Mapping[str, Any] = json.loads(line)
            except ValueError:
                continue
            self._begun.set()
            if "text" in message:
                text = str(message["text"]).rstrip("\n")
                say(f"{self.name} {text}" if "\n" not in text else text)
            elif "problem" in message:
                self.problem = TargetError(*message["problem"])
            elif "error" in message:
                code, *words = message["error"]
                self.error = (UsageError if code == UsageError.exit_code else HarnessError)(*words)
        self._begun.set()

    def _hear_complaints(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            if text := line.decode("utf-8", "replace").strip():
                self._complaint = [*self._complaint, text][-_LINES:]


def _await(workers: Sequence[_Worker], interrupts: int) -> None:
    """Return when all have ended; one that ends without a report ends the others too, and so does Ctrl-C.

    ``interrupts`` says how often that was pressed already.
    """
    while True:
        try:
            if not any(worker.running for worker in workers):
                return
            if not interrupts and any(not worker.running and not worker.reported for worker in workers):
                interrupts = 1
            for worker in workers:
                worker.interrupt(interrupts)
            time.sleep(_LOOK)
        except KeyboardInterrupt:
            interrupts += 1


def _demand_reports(workers: Sequence[_Worker]) -> None:
    lost = [worker for worker in workers if not worker.reported]
    if not lost:
        return
    if error := next((worker.error for worker in lost if worker.error), None):
        raise error
    ledgers = [str(worker.folder / "ledger.ndjson") for worker in workers if _has_left(worker.folder)]
    raise _without_a_merged_report(
        workers,
        f"Worker {lost[0].name} ended without a report ({lost[0].why})",
        f"finish with: cmf-conformance cleanup {'; cmf-conformance cleanup '.join(ledgers)}"
        if ledgers
        else "nothing was left on the target",
    )


def _without_a_merged_report(workers: Sequence[_Worker], message: str, hint: str) -> HarnessError:
    """The error of a run that has no report of its own; what its workers saw broken outweighs that."""
    broken: set[str] = set()
    for worker in workers:
        with suppress(ReportError):
            report = document.read(worker.folder / "report.json")
            results = (*report.requirements, *report.private)
            broken |= {each.requirement.id for each in results if each.verdict is Verdict.FAIL}
    if not broken:
        return HarnessError(message, hint)
    more = f" and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
    named = ", ".join(sorted(broken)[:_NAMED])
    error = HarnessError(f"Not conformant: the workers saw {named}{more} broken. {message}", hint)
    error.exit_code = ExitCode.NON_CONFORMANT
    return error


def _has_left(folder: Path) -> bool:
    try:
        with closing(Ledger.read(folder / "ledger.ndjson")) as ledger:
            return bool(ledger.open)
    except ReportError:
        return False


def _keep(workers: Sequence[_Worker], room: Path, folder: Path) -> None:
    """Keep of the workers' folders what the merged report does not hold: Allure results, and ledgers."""
    results = folder / "allure-results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    for worker in workers:
        for path in sorted((worker.folder / "allure-results").glob("*")):
            path.rename(results / path.name)
    for path in sorted(room.glob("*/ledger*.ndjson")):
        with closing(Ledger.read(path)) as ledger:
            path.rename(folder / f"ledger-{ledger.run_id}.ndjson")
    shutil.rmtree(room)


# -- in the worker's own process -----------------------------------------------------------------------


def serve(work: Callable[[Job, Callable[[Mapping[str, Any]], None]], int]) -> int:
    """Do in this process the job that comes through standard input; returns the exit code."""
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301 - it comes from whoever started us
    Thread(target=_outlive_nobody, daemon=True).start()

    def tell(message: Mapping[str, Any]) -> None:
        try:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever started us is gone.  There is still a target to be left clean.
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, sys.stdout.fileno())
            os.close(nobody)

    try:
        return work(job, tell)
    except HarnessError as error:
        tell({"error": [error.exit_code, error.message, error.hint]})
        return error.exit_code


def _outlive_nobody() -> None:
    # Not through sys.stdin, whose lock a thread must not hold when the interpreter ends.
    while os.read(0, 1):
        pass
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
