"""The main job: certify a server."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance import private, settings
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
from conformance.config import EMBEDDED, Effort, Mode, Target
from conformance.errors import UsageError
from conformance.registry import catalogue

if TYPE_CHECKING:
    from conformance.runner.basis import Basis

_PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}


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
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    default=Mode.CERTIFICATION.value,
    show_default=True,
    help="read-only sends nothing but GET and HEAD and judges what exists; it is never conformant (docs/verdicts.md).",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Only say what would be sent to the target; nothing is, and nothing is written to disk.",
)
@click.option(
    "--spec",
    metavar="FILE|URL",
    help="Judge by this OpenAPI document of another CMF version (docs/other-versions.md); no certification.",
)
@click.option("--strict", is_flag=True, help="Judge by the letter of the contract, without errata.")
@click.option(
    "--shard",
    metavar="I/N",
    help="Only the I-th of N parts, to be merged later "
    "[env: JOB_COMPLETION_INDEX with CMF_CONFORMANCE_SHARDS, or CI_NODE_INDEX with CI_NODE_TOTAL].",
)
@click.option(
    "--workers",
    "-n",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Run in N processes of this machine, with one report and one exit code.",
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
@click.option(
    "--scenarios",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Also run the private scenarios in this folder, which count for nothing but the exit code; may be repeated.",
)
@path_option(
    "--report-dir", help="Where the report goes; default: cmf-conformance-runs/<run id>.", metavar="DIR"
)
@limits_options
@terminal_options
def run(**options: Any) -> None:
    """Certify a CMF server and write a compliance report.

    Without --url the embedded reference server is started, certified and stopped. With --url everything created on
    the target is named cmfc-<run id>-... and removed again; nothing else is written to. With --mode read-only nothing
    is written at all.
    """
    from conformance.certification import shards, waivers, workers
    from conformance.certification.gate import FailOn, Gate
    from conformance.cli.worker import command
    from conformance.properties.effort import limits_for
    from conformance.report.text import final_table, verdict_lines
    from conformance.runner.options import Options
    from conformance.runner.run import execute

    console = console_of(no_color=options.pop("no_color"))
    effort = Effort(options["effort"])
    target = settings.load(options.pop("config"), options, limits=limits_for(effort))
    wanted = selection(options)
    basis = _basis(options["spec"], target)
    basis.catalogue.select(wanted)
    fail_on, baseline = FailOn(options["fail_on"]), options["baseline"]
    if fail_on is FailOn.NEW and baseline is None:
        raise UsageError(
            "--fail-on new needs a baseline", hint="--baseline names the failures that are not new"
        )
    shard = shards.chosen(options["shard"], os.environ)
    seed, count = options["seed"], options["workers"]
    _must_go_together(basis, split=shard is not None or count > 1, rehearsed=options["dry_run"])
    if shard is not None and seed is None:
        seed = shards.common_seed(catalogue().catalogue_sha256)
    if shard is not None and count > 1:
        raise UsageError(f"shard {shard} can't have workers", hint="leave out --workers, or cut more shards")
    gate = Gate(fail_on, waivers.read(baseline) if baseline else None)
    chosen = Options(
        selection=wanted,
        report_dir=options["report_dir"],
        seed=seed,
        effort=effort,
        strict=options["strict"],
        mode=Mode(options["mode"]),
        quiet=options["quiet"],
        argv=redacted(sys.argv[1:]),
        product=None if target.url else EMBEDDED,
        shard=shard,
        gate=gate,
        private=private.read(options["scenarios"]),
        basis=None if basis.spec is None else basis,
    )
    if options["dry_run"]:
        from conformance.cli.dry_run import dry_run

        sys.exit(dry_run(target, chosen, console))
    with embedded(target, wanted=not target.url) as server:
        if count > 1:
            outcome = workers.execute(server, chosen, count, command(), partial(console.print, **_PLAIN))
        else:
            outcome = execute(server, chosen, console)
    if not options["quiet"]:
        console.print(final_table(outcome.report))
    for line in verdict_lines(outcome.report, outcome.folder):
        console.print(line, soft_wrap=True)
    if outcome.problem is not None:
        complain(outcome.problem)
    sys.exit(outcome.exit_code)


def _must_go_together(basis: Basis, *, split: bool, rehearsed: bool) -> None:
    """Raise ``UsageError`` for what can't be asked of a run by another document than the contract."""
    if basis.spec is not None and split:
        raise UsageError(
            "A run by another document (--spec) can't be split",
            hint="leave out --workers, --shard and its variables",
        )
    if basis.spec is not None and rehearsed:
        raise UsageError(
            "A run by another document (--spec) can't be rehearsed",
            hint="leave out --dry-run; the reference server has nothing but the contract",
        )


def _basis(spec: str | None, target: Target) -> Basis:
    """What a run is judged by: the contract, or the document of a file or URL.  Raises ``ConfigurationError``."""
    from conformance import documents
    from conformance.contract.description import MOST_BYTES, describe
    from conformance.runner.basis import of_contract, of_description
    from conformance.target.download import download

    ours = of_contract()
    if spec is None:
        return ours
    if spec.lower().startswith(("http://", "https://")):
        content = download(spec, target.auth, target.limits, most=MOST_BYTES)
        origin = spec.partition("?")[0]
    else:
        hint = "--spec names an OpenAPI document"
        content, origin = documents.read(Path(spec), "The document", hint, most=MOST_BYTES), spec
    basis = of_description(describe(content, origin, ours.contract))
    basis.document()
    return basis
