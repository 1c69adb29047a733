"""The command group and the entry point: every error becomes one line and the right exit code."""

from __future__ import annotations

import io
import sys
import traceback
from typing import Any, NoReturn

import click

from conformance import __version__
from conformance.cli.certificates import certify, verify
from conformance.cli.cleanup import cleanup
from conformance.cli.doctor import doctor
from conformance.cli.drift import drift
from conformance.cli.options import EXIT_CODES
from conformance.cli.reference import serve
from conformance.cli.replay import replay
from conformance.cli.reports import baseline, compare, merge, render
from conformance.cli.requirements import explain, list_requirements
from conformance.cli.run import run
from conformance.cli.site import site
from conformance.cli.terminal import complain, let_go_of_output
from conformance.errors import HarnessError, UsageError
from conformance.verdict import ExitCode


class _Commands(click.Group):
    """Commands whose output may end early: ``list | head`` is no failure."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; whoever stops reading ends it well."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            let_go_of_output()
            return ExitCode.CONFORMANT


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="cmf-conformance")
def cli() -> None:
    """Certify servers of the REST API of Confluent Manager for Apache Flink (CMF) 2.0.

    Does a server keep the contract, and if not, exactly which sentence does it break?
    """


for command in (
    *(
        run,
        replay,
        certify,
        verify,
        site,
        serve,
        list_requirements,
        explain,
        render,
        baseline,
        compare,
        merge,
    ),
    *(cleanup, doctor, drift),
):
    cli.add_command(command)


def main() -> NoReturn:
    """The entry point: every error becomes one line and the right exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a target said may not exist in the character set of this terminal.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except HarnessError as error:
        complain(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        complain(UsageError(error.format_message(), hint="cmf-conformance --help"))
        sys.exit(ExitCode.USAGE)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as defect:  # noqa: BLE001 - Python's own exit code for it means non-conformant here
        traceback.print_exc()
        complain(
            HarnessError(f"The harness failed: {type(defect).__name__}: {defect}", hint="please report it")
        )
        sys.exit(ExitCode.INCOMPLETE)
    sys.exit(code if isinstance(code, int) else 0)
