"""What commands say on the terminal, also when nobody reads it any more."""

from __future__ import annotations

import os
import sys

import click
from rich.console import Console

from conformance.errors import HarnessError
from conformance.report.clean import one_line


class _Console(Console):
    """A console that a run outlives: when nobody reads any more, the run goes on in silence."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        let_go_of_output()


def console_of(*, no_color: bool) -> Console:
    """The console of a command."""
    return _Console(no_color=True if no_color else None, highlight=False)


def let_go_of_output() -> None:
    """Leave standard output to nobody, so that what is still to be flushed does no harm at the end."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, sys.stdout.fileno())
    os.close(nobody)


def complain(error: HarnessError) -> None:
    """Say what went wrong, and what to do next, each on one line."""
    hint = f"\n  hint: {one_line(error.hint)}" if error.hint else ""
    click.echo(f"cmf-conformance: {one_line(error.message, 500)}{hint}", err=True)
