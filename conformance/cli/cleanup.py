"""Finish what an interrupted run left behind."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from conformance import settings
from conformance.cli.options import EXIT_CODES, target_options
from conformance.report.clean import one_line
from conformance.verdict import ExitCode


@click.command(epilog=EXIT_CODES)
@click.argument("ledger", type=click.Path(path_type=Path), metavar="LEDGER")
@target_options
def cleanup(*, ledger: Path, **options: Any) -> None:
    """Remove what an earlier run left on its target, from the ledger in its report folder.

    Without --url the target is the one named in the ledger. Nothing that the ledger does not hold is touched.
    """
    from conformance.target.cleanup import from_ledger
    from conformance.target.ledger import Ledger

    target = settings.load(options.pop("config"), options)
    if not target.url:
        with closing(Ledger.read(ledger)) as earlier:
            target = settings.with_url(target, settings.checked(earlier.target_url))
    left = from_ledger(ledger, target, waiting=lambda line: click.echo(line, err=True))
    for resource in left:
        click.echo(f"left behind: {one_line(resource.kind)} {one_line(resource.path)}")
    click.echo(
        "nothing is left behind"
        if not left
        else f"{len(left)} left behind; try again when the target answers"
    )
    sys.exit(ExitCode.INCOMPLETE if left else ExitCode.CONFORMANT)
