"""What is required: the list of it, and one requirement in full."""

from __future__ import annotations

from typing import Any

import click

from conformance.cli.options import selection, selection_options
from conformance.config import Selection
from conformance.registry import catalogue


@click.command(name="list")
@selection_options
def list_requirements(**options: Any) -> None:
    """List the requirements, one a line: id, level, area, title."""
    for requirement in catalogue().select(selection(options)):
        click.echo(f"{requirement.id:<28} {requirement.level:<6} {requirement.area:<13} {requirement.title}")


@click.command()
@click.argument("requirement", metavar="ID")
def explain(requirement: str) -> None:
    """Show a requirement: its sentence, where in the contract it stands, and the errata that decide it."""
    known = catalogue()
    (found,) = known.select(Selection(requirements=(requirement,)))
    click.echo(f"{found.id} ({found.level}, {found.area})\n{found.title}\n\n{found.sentence}\n")
    for source in found.sources:
        click.echo(f"contract:   {source}")
    click.echo(f"operations: {', '.join(found.operations) or 'all'}")
    click.echo(
        f"profiles:   {', '.join(name for name, profile in known.profiles.items() if found.id in profile.requirements)}"
    )
    if found.feature:
        click.echo(f"applies if: the target declares the feature {found.feature}")
    for name in known.errata_of(found.id):
        erratum = known.errata[name]
        click.echo(
            f"\n{erratum.id}: {erratum.title}\n  decision: {erratum.decision}\n  reason:   {erratum.reason}\n  --strict: {erratum.strict}"
        )
