"""What is made of reports that exist: renderings, a first baseline, a comparison, and one of many shards."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from conformance.cli.options import EXIT_CODES, path_option, terminal_options
from conformance.cli.terminal import console_of
from conformance.errors import UsageError
from conformance.verdict import ExitCode


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@path_option("--output", help="Where to write; default: beside the report.", metavar="DIR")
def render(*, report: Path, output: Path | None) -> None:
    """Render a report.json again as HTML, JUnit XML and Markdown; needs no target."""
    from conformance.report.render import render_all

    for path in render_all(report, output):
        click.echo(str(path))


@click.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@path_option("--output", help="Where to write; it must not exist. Default: standard output.")
def baseline(*, report: Path, output: Path | None) -> None:
    """Draft a file of waivers from the failures of a report, for run --baseline.

    Each reason and link is left for you to fill in; until then the file is refused.
    """
    from conformance.certification.draft import draft
    from conformance.report.document import read
    from conformance.report.files import write_whole

    text = draft(read(report), datetime.now(UTC).date())
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise UsageError(f"{output} exists; reasons in it must not be lost", hint="name another file")
    write_whole(output, text)
    click.echo(str(output))


@click.command()
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD.json")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.json")
def compare(*, old: Path, new: Path) -> None:
    """Show what changed from one report to a newer one; exit code 1 when something got worse.

    Worse is a requirement that newly fails without a waiver, or that is no longer judged.
    """
    from conformance.certification import compare as comparing
    from conformance.report.document import read

    comparison = comparing.compare(read(old), read(new))
    for line in comparing.lines(comparison):
        click.echo(line)
    sys.exit(ExitCode.NON_CONFORMANT if comparison.regressions else ExitCode.CONFORMANT)


@click.command(epilog=EXIT_CODES)
@click.argument("folders", type=click.Path(path_type=Path), metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default="cmf-report",
    show_default=True,
    help="Where the merged report goes.",
)
@terminal_options
def merge(*, folders: tuple[Path, ...], report_dir: Path, quiet: bool, no_color: bool) -> None:
    """Merge the report folders of all shards into the report of one whole run, and judge that.

    Shards of different runs, missing ones and overlapping ones are refused.
    """
    from conformance.certification import merge as merging
    from conformance.report.text import final_table, verdict_lines

    parts = merging.read_shards(folders)
    report = merging.merge(parts)
    merging.write(report, parts, report_dir)
    console = console_of(no_color=no_color)
    if not quiet:
        console.print(final_table(report))
    for line in verdict_lines(report, report_dir.resolve()):
        console.print(line, soft_wrap=True)
    sys.exit(merging.exit_code(report))
