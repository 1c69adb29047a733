"""The public page of certified implementations."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from conformance.cli.options import path_option
from conformance.registry import catalogue
from conformance.report.clean import one_line
from conformance.verdict import ExitCode


@click.command(
    epilog="Exit codes: 0 every bundle that is shown is valid; 1 one is not, and is shown so; 2 wrong usage."
)
@click.argument("reports", type=click.Path(path_type=Path), metavar="REPORTS")
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the site goes; an earlier site there is replaced, anything else is not.",
)
@path_option(
    "--trust",
    help="Public keys that count: a PEM file, or a folder of them. Without it the key in each bundle counts.",
    metavar="KEYRING",
)
@click.option("--quiet", "-q", is_flag=True, help="Only what is wrong.")
def site(*, reports: Path, output: Path, trust: Path | None, quiet: bool) -> None:
    """Build a static site of the bundles in a folder, each verified first; needs no target and no network.

    A bundle whose vendor has not consented to publish it is left out.
    """
    from conformance.certification import signing
    from conformance.site import build, entries
    from conformance.site.pages import STATE, Site

    keys = signing.keyring(trust) if trust else None
    build.must_be_replaceable(output)
    known = catalogue()
    found = entries.find(reports, known, keys)
    made = build.build(Site(found.entries, known, len(keys) if keys else None), output)
    for name in found.withheld:
        click.echo(f"left out        {one_line(name)}: its vendor has not consented to publish it")
    wrong = False
    for entry in made.entries:
        where = f"{entry.contract}/{one_line(entry.path.name, 100)}"
        if entry.state is not entries.State.CONFORMANT:
            wrong = True
            first = entry.flaws[0]
            click.echo(f"{STATE[entry.state]:<15} {where}: {first.aspect}: {one_line(first.message)}")
        elif not quiet and entry.report is not None:
            click.echo(f"{STATE[entry.state]:<15} {where}: {entry.title}, {entry.report.run['profile']}")
    if not quiet:
        click.echo(f"Site: {output / 'index.html'}")
    sys.exit(ExitCode.NON_CONFORMANT if wrong else ExitCode.CONFORMANT)
