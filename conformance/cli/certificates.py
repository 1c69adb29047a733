"""Signed bundles: made, and verified."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from conformance import settings
from conformance.cli.options import (
    limits_options,
    path_option,
    redacted,
    target_options,
    terminal_options,
)
from conformance.cli.reference import embedded
from conformance.cli.terminal import complain, console_of
from conformance.config import Selection
from conformance.errors import UsageError
from conformance.registry import catalogue
from conformance.report.clean import one_line
from conformance.verdict import ExitCode


@click.command(epilog="Exit codes: 0 certified; 1 not, and why is said; otherwise those of run.")
@target_options
@path_option(
    "--implementation",
    "described",
    help="implementation.yaml: vendor, product, version and so on (docs/vendors.md).",
)
@click.option("--profile", default="full", show_default=True, help="The profile, all of it.")
@click.option("--reference", is_flag=True, help="Certify the embedded reference server.")
@path_option("--key", help="The private key to sign with; CMF_CONFORMANCE_SIGNING_KEY may hold one instead.")
@path_option("--new-key", help="Only make a key, and FILE.pub beside it.")
@click.option(
    "--key-type",
    type=click.Choice(["ed25519", "ecdsa-p256"]),
    default="ed25519",
    show_default=True,
    help="The kind of the new key.",
)
@click.option(
    "--reports",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="Where the bundle goes, into a folder of its own.",
)
@click.option("--replace", is_flag=True, help="Replace a signed bundle of this implementation.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of generated requests.")
@click.option("--spec", hidden=True)
@click.option("--strict", is_flag=True, help="Judge by the letter of the contract, without errata.")
@path_option("--report-dir", help="Where the run itself writes.", metavar="DIR")
@click.option("--scenarios", multiple=True, hidden=True)
@limits_options
@terminal_options
def certify(
    *,
    described: Path | None,
    profile: str,
    reference: bool,
    key: Path | None,
    new_key: Path | None,
    key_type: str,
    reports: Path,
    replace: bool,
    spec: str | None,
    **options: Any,
) -> None:
    """Run the complete profile and write a signed bundle.

    Nothing can be left out. A run that is not conformant leaves its report in the same place, unsigned.
    """
    from conformance.certification import certificate, implementation, signing
    from conformance.report.text import verdict_lines
    from conformance.runner.options import Options
    from conformance.runner.run import execute

    if spec is not None:
        raise UsageError(
            "certify judges by the contract alone, not by --spec",
            hint="run --spec judges by another document, and certifies nothing",
        )
    if new_key is not None:
        click.echo(f"{new_key}: key {signing.new_key(new_key, key_type)}; public half in {new_key}.pub")
        return
    if options["scenarios"]:
        raise UsageError(
            "certify takes no private scenarios", hint="cmf-conformance run --scenarios runs them"
        )
    if described is None:
        raise UsageError("certify needs --implementation", hint="docs/vendors.md shows the file")
    vendor = implementation.read(described)
    signer = signing.signer_of(key)
    folder = certificate.folder_of(reports, vendor, replace=replace)
    catalogue().select(Selection(profile=profile))
    console = console_of(no_color=options["no_color"])
    target = settings.load(options["config"], options)
    if bool(target.url) is reference:
        raise UsageError("certify needs either --url or --reference", hint="the target is --url")
    with embedded(target, wanted=reference) as server:
        certificate.must_agree(server, vendor)
        outcome = execute(
            server,
            Options(
                selection=Selection(profile=profile),
                report_dir=options["report_dir"],
                seed=options["seed"],
                strict=options["strict"],
                quiet=options["quiet"],
                argv=redacted(sys.argv[1:]),
                product=vendor.title,
            ),
            console,
        )
    for line in verdict_lines(outcome.report, outcome.folder):
        console.print(line, soft_wrap=True)
    made = certificate.issue(outcome.folder, folder, vendor, signer)
    for flaw in made.flaws:
        click.echo(f"not certified: {flaw.aspect}: {one_line(flaw.message)}")
    click.echo(f"{'Bundle' if made.signed else 'Unsigned bundle'}: {made.folder}")
    if outcome.problem is not None:
        complain(outcome.problem)
    sys.exit(outcome.exit_code or (ExitCode.CONFORMANT if made.signed else ExitCode.NON_CONFORMANT))


@click.command(
    epilog="Exit codes: 0 a valid bundle of a conformant implementation; 1 not; 2 nothing to look at."
)
@click.argument("bundle", type=click.Path(path_type=Path), metavar="BUNDLE")
@path_option(
    "--trust",
    help="Public keys that count: a PEM file, or a folder of them. Without it the key in the bundle counts.",
    metavar="KEYRING",
)
@click.option("--quiet", "-q", is_flag=True, help="Only what is wrong.")
def verify(*, bundle: Path, trust: Path | None, quiet: bool) -> None:
    """Verify a bundle that somebody else has made; needs no target."""
    from conformance.certification import finding, signing, verification

    keys = signing.keyring(trust) if trust else None
    found = verification.verify(bundle, keys)
    wrong = {flaw.aspect for flaw in found.flaws}
    if not quiet:
        for aspect in found.looked_at:
            if aspect not in wrong:
                click.echo(f"ok      {aspect}: {finding.ASPECTS[aspect]}")
    for flaw in found.flaws:
        click.echo(f"WRONG   {flaw.aspect}: {one_line(flaw.message)}")
    if keys is None and found.key:
        click.echo(f"note    signed by {found.key}; without --trust nobody says whose key that is")
    click.echo(f"{'VALID' if found.valid else 'NOT VALID'}: {one_line(found.title or str(bundle))}")
    sys.exit(ExitCode.CONFORMANT if found.valid else ExitCode.NON_CONFORMANT)
