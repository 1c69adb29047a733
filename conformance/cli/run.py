"""The main job: certify a server."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from conformance import settings
from conformance.cli.options import (
    EXIT_CODES,
    limits_options,
    path_option,
    redacted,
    selection,
    selection_options,
    target_options,
    terminal_options,
)
from conformance.cli.reference import embedded
from conformance.cli.terminal import complain, console_of
from conformance.config import EMBEDDED, Effort
from conformance.errors import UsageError
from conformance.registry import catalogue


@click.command(epilog=EXIT_CODES)
@target_options
@selection_options
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    metavar="ID",
    help="Only this requirement; may be repeated.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Seed of generated requests; default: random, in the report.",
)
@click.option(
    "--effort",
    type=click.Choice([effort.value for effort in Effort]),
    default=Effort.STANDARD.value,
    show_default=True,
    help="How many requests the property tests generate (docs/configuration.md).",
)
@click.option("--strict", is_flag=True, help="Judge by the letter of the contract, without errata.")
@click.option(
    "--shard",
    metavar="I/N",
    help="Only the I-th of N parts, to be merged later "
    "[env: JOB_COMPLETION_INDEX with CMF_CONFORMANCE_SHARDS, or CI_NODE_INDEX with CI_NODE_TOTAL].",
)
@path_option(
    "--baseline",
    help="Known failures to excuse, each until a date (docs/ci.md); such a run is no certification.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["must", "should", "new"]),
    default="must",
    show_default=True,
    help="What leads to exit code 1: a broken MUST or a bad waiver; a broken SHOULD too; "
    "or only what the baseline does not excuse.",
)
@path_option(
    "--report-dir", help="Where the report goes; default: cmf-conformance-runs/<run id>.", metavar="DIR"
)
@limits_options
@terminal_options
def run(**options: Any) -> None:
    """Certify a CMF server and write a compliance report.

    Without --url the embedded reference server is started, certified and stopped. With --url everything created on
    the target is named cmfc-<run id>-... and removed again; nothing else is written to.
    """
    from conformance.certification import shards, waivers
    from conformance.certification.gate import FailOn, Gate
    from conformance.properties.effort import limits_for
    from conformance.report.text import final_table, verdict_lines
    from conformance.runner.run import Options, execute

    console = console_of(no_color=options.pop("no_color"))
    effort = Effort(options["effort"])
    target = settings.load(options.pop("config"), options, limits=limits_for(effort))
    wanted = selection(options)
    catalogue().select(wanted)
    fail_on, baseline = FailOn(options["fail_on"]), options["baseline"]
    if fail_on is FailOn.NEW and baseline is None:
        raise UsageError(
            "--fail-on new needs a baseline", hint="--baseline names the failures that are not new"
        )
    shard = shards.chosen(options["shard"], os.environ)
    seed = options["seed"]
    if shard is not None and seed is None:
        seed = shards.common_seed(catalogue().catalogue_sha256)
    gate = Gate(fail_on, waivers.read(baseline) if baseline else None)
    with embedded(target, wanted=not target.url) as server:
        outcome = execute(
            server,
            Options(
                selection=wanted,
                report_dir=options["report_dir"],
                seed=seed,
                effort=effort,
                strict=options["strict"],
                quiet=options["quiet"],
                argv=redacted(sys.argv[1:]),
                product=None if target.url else EMBEDDED,
                shard=shard,
                gate=gate,
            ),
            console,
        )
    if not options["quiet"]:
        console.print(final_table(outcome.report))
    for line in verdict_lines(outcome.report, outcome.folder):
        console.print(line, soft_wrap=True)
    if outcome.problem is not None:
        complain(outcome.problem)
    sys.exit(outcome.exit_code)
