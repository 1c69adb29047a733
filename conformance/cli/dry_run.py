"""What ``run --dry-run`` does: the run is rehearsed against the reference server, and the target is left in peace."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from conformance.config import EMBEDDED, Auth, Mode, Target
from conformance.runner.options import Options
from conformance.runner.run import execute
from conformance.verdict import ExitCode

PACE = 0.1
"""How slowly the reference server changes state: a rehearsal is not to be waited for."""


def dry_run(target: Target, options: Options, console: Console) -> int:
    """Print what a run would send to a target, of which nobody hears; returns the exit code.

    Credentials are not read, and commands that print some are not run.  Nothing is left on the disk.
    """
    from conformance.reference.launch import ReferenceServer
    from conformance.report.evidence import Evidence
    from conformance.report.preview import preview

    where = target.url or EMBEDDED
    click.echo(
        f"Dry run: nothing is sent to {where}. The run is rehearsed against the reference server on this machine,\n"
        "whose answers are all right; another target may be sent a little more or less."
    )
    if options.mode is Mode.READ_ONLY:
        click.echo("It holds nothing, so what a read-only run reads of what exists is not in the numbers.")
    token = secrets.token_urlsafe() if not target.url or _has_token(target.auth) else None
    with (
        tempfile.TemporaryDirectory(prefix="cmf-conformance-") as folder,
        ReferenceServer(token=token, pace=PACE) as server,
    ):
        stand_in = replace(
            target,
            url=server.url,
            auth=Auth(token_variable="", token_file=server.token_file),
            limits=replace(target.limits, requests_per_second=None),
        )
        rehearsal = replace(options, report_dir=Path(folder) / "run", gate=None, quiet=True)
        outcome = execute(stand_in, rehearsal, console)
        if outcome.exit_code == ExitCode.INTERRUPTED:
            return int(ExitCode.INTERRUPTED)
        evidence = Evidence(outcome.folder / "evidence.ndjson")
        for line in preview(outcome.report, evidence.values(), target, where):
            click.echo(line)
    return int(ExitCode.CONFORMANT)


def _has_token(auth: Auth) -> bool:
    return bool(
        auth.token_file or auth.token_command or auth.oauth_token_url or os.environ.get(auth.token_variable)
    )
