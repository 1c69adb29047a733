"""What is required: the list of it, and one requirement in full."""

from __future__ import annotations

import click

from conformance.config import Selection
from conformance.registry import catalogue


@click.command(name="list")
@click.option("--profile", default="full", show_default=True, help="Only what this profile demands.")
@click.option("--area", "areas", multiple=True, help="Only this area.")
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False),
    help="Only this level.",
)
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="OPERATION_ID",
    help="Only what speaks of this operation.",
)
def list_requirements(
    *, profile: str, areas: tuple[str, ...], levels: tuple[str, ...], operations: tuple[str, ...]
) -> None:
    """List the requirements, one a line: id, level, area, title."""
    selection = Selection(
        profile=profile, areas=areas, levels=tuple(level.upper() for level in levels), operations=operations
    )
    for requirement in catalogue().select(selection):
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
