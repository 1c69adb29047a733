"""How far the published document of a target is from the contract."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from conformance import settings
from conformance.cli.options import target_options
from conformance.errors import UsageError
from conformance.registry import catalogue
from conformance.verdict import ExitCode


@click.command(
    epilog="Exit codes: 0 no breaking difference; 1 at least one; 2 wrong usage, or no OpenAPI 3 document; "
    "3 no document is published, or the target can't be reached; 130 interrupted."
)
@target_options
@click.option("--spec", metavar="FILE|URL", help="The document; default: the one that the target publishes.")
@click.option(
    "--show",
    type=click.Choice(["breaking", "compatible", "editorial"]),
    default="editorial",
    show_default=True,
    help="The least that is listed; all are counted.",
)
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def drift(*, spec: str | None, show: str, as_json: bool, **options: Any) -> None:
    """Compare the OpenAPI document that a target publishes with the contract.

    A difference is breaking when a client of the contract may be refused or get what it can't expect, compatible when
    it goes on working, and editorial when only readers see it. Nothing but GETs are sent.
    """
    from conformance.drift import listing, source
    from conformance.drift.compare import compare
    from conformance.drift.difference import Effect
    from conformance.target.address import Address

    target = settings.load(options.pop("config"), options)
    if not target.url and spec is None:
        raise UsageError("There is nothing to compare", "name a target with --url, or a document with --spec")
    contract = source.contract()
    document = source.given(spec, target) if spec is not None else source.published(target)
    found = compare(contract, document, Address(target.url).path if target.url else "")
    if as_json:
        shown = listing.as_json(found, contract, document, catalogue().contract_sha256)
        click.echo(json.dumps(shown, indent=2))
    else:
        for line in listing.lines(found, contract, document, Effect(show)):
            click.echo(line)
    sys.exit(ExitCode.NON_CONFORMANT if found.breaks else ExitCode.CONFORMANT)
