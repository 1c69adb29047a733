"""Send the requests of a failure once more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from conformance import settings
from conformance.cli.options import path_option, target_options
from conformance.errors import UsageError
from conformance.report.clean import one_line
from conformance.verdict import ExitCode

_EXIT_CODES = """
Exit codes: 0 the failure did not come again; 1 it did; 2 wrong usage, or nothing that can be replayed; 3 the target
could not be observed; 130 interrupted.
"""


@click.command(epilog=_EXIT_CODES)
@click.argument("evidence", type=click.Path(path_type=Path), metavar="EVIDENCE")
@click.option("--check", "requirement", metavar="ID", help="The failure of this requirement.")
@click.option(
    "--exchange",
    metavar="ID",
    help="The exchange that shows the failure, as the evidence calls it (x000123).",
)
@target_options
@path_option(
    "--report-dir",
    help="Where ledger and evidence of the replay go; default: cmf-conformance-runs/replay-<time>.",
    metavar="DIR",
)
def replay(
    *,
    evidence: Path,
    requirement: str | None,
    exchange: str | None,
    report_dir: Path | None,
    **options: Any,
) -> None:
    """Send what one failure rests on again, under new names, and say whether the failure came again.

    EVIDENCE is a report folder, its evidence.ndjson, or a file of its counterexamples. Without --url the target is
    the one that the failure was seen on. Everything that is created is removed again.
    """
    from conformance.replaying import reading, sending
    from conformance.runner.surroundings import terminable

    if requirement is not None and exchange is not None:
        raise UsageError("--check and --exchange exclude each other", hint="either names the failure")
    case = reading.read(evidence, exchange=exchange, requirement=requirement)
    target = settings.load(options.pop("config"), options)
    if not target.url:
        if case.embedded:
            raise UsageError(
                "The failure was seen on an embedded reference server, which is gone",
                hint="cmf-conformance serve starts one, and --url names it",
            )
        target = settings.with_url(target, settings.checked(case.base))
    folder = sending.folder(report_dir)

    def begin(prefix: str) -> None:
        about = f" of {case.requirement}" if case.requirement else ""
        click.echo(f"{len(case.exchanges)} requests{about}, to {one_line(target.url, 200)}, as {prefix}...")
        click.echo("   then now   (! another status, ~ another answer)")

    def tell(number: int, sent: sending.Sent) -> None:
        old, new = (sending.status_of(each) or "none" for each in (sent.old, sent.new))
        mark = "!" if old != new else " " if sent.is_same else "~"
        where = one_line(sent.new.request.url.removeprefix(target.url), 300)
        last = "  <- shows it" if number == case.shows else ""
        click.echo(f"{number:>3} {old:>4} {new:>4}{mark} {sent.new.request.method:<6} {where}{last}")

    with terminable():
        replayed = sending.replay(case, target, folder, tell, begin)
    why = f": {one_line(case.message, 400)}" if case.message and replayed.came_again else ""
    click.echo(
        f"{'The failure came again' if replayed.came_again else 'The failure did not come again'}{why}"
    )
    for resource in replayed.left:
        click.echo(f"left behind: {one_line(resource.kind)} {one_line(resource.path)}")
    if replayed.left:
        click.echo(f"try again when the target answers: cmf-conformance cleanup {replayed.ledger}")
    click.echo(f"Evidence: {one_line(str(folder / 'evidence.ndjson'), 400)}")
    sys.exit(ExitCode.NON_CONFORMANT if replayed.came_again else ExitCode.CONFORMANT)
