"""The commands of ``cmf-conformance``: read the command line, call, and leave with the right exit code."""

from __future__ import annotations

import io
import os
import secrets
import sys
import traceback
from collections.abc import Callable
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console

from conformance import __version__, settings
from conformance.config import EMBEDDED, Effort, Selection
from conformance.duration import duration
from conformance.errors import HarnessError, UsageError
from conformance.registry import catalogue
from conformance.report.clean import one_line
from conformance.verdict import ExitCode

F = TypeVar("F", bound=Callable[..., Any])
_COMMAND_OPTION = "--token-command"
EXIT_CODES = """
Exit codes: 0 conformant; 1 non-conformant; 2 wrong usage or configuration; 3 incomplete (the target could not be
observed, or something was not tested); 130 interrupted.
"""


def target_options(command: F) -> F:
    """The options that say where the target is and how to reach it."""
    for option in reversed(
        (
            click.option(
                "--url",
                metavar="URL",
                help="The target, e.g. https://cmf.example:8080 [env: CONFLUENT_CMF_URL].",
            ),
            click.option(
                "--config",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A configuration file (docs/configuration.md).",
            ),
            click.option(
                "--token-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A file with a bearer token; CMF_CONFORMANCE_TOKEN may hold one instead.",
            ),
            click.option(
                "--token-command",
                metavar="CMD",
                help="A command that prints a bearer token; run without a shell, and again when it is refused or expires.",
            ),
            click.option(
                "--oauth-token-url",
                metavar="URL",
                help="An OAuth 2.0 token endpoint; the client is in CMF_CONFORMANCE_CLIENT_ID and ..._CLIENT_SECRET.",
            ),
            click.option(
                "--oauth-client-secret-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A file with the secret of the OAuth client.",
            ),
            click.option("--oauth-scope", metavar="SCOPE", help="The scope to ask the token endpoint for."),
            click.option(
                "--client-cert",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A client certificate [env: CONFLUENT_CMF_CLIENT_CERT_PATH].",
            ),
            click.option(
                "--client-key",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Its key [env: CONFLUENT_CMF_CLIENT_KEY_PATH].",
            ),
            click.option(
                "--certificate-authority",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="The CA to trust [env: CONFLUENT_CMF_CERTIFICATE_AUTHORITY_PATH].",
            ),
        )
    ):
        command = option(command)
    return command


class _Commands(click.Group):
    """Commands whose output may end early: ``list | head`` is no failure."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a command; whoever stops reading ends it well."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _let_go_of_output()
            return ExitCode.CONFORMANT


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="cmf-conformance")
def cli() -> None:
    """Certify servers of the REST API of Confluent Manager for Apache Flink (CMF) 2.0.

    Does a server keep the contract, and if not, exactly which sentence does it break?
    """


@cli.command(epilog=EXIT_CODES)
@target_options
@click.option(
    "--profile",
    default="full",
    show_default=True,
    help="core starts no application; runtime needs a Flink cluster; full is everything.",
)
@click.option("--area", "areas", multiple=True, help="Only this area; may be repeated.")
@click.option(
    "--requirement",
    "requirements",
    multiple=True,
    metavar="ID",
    help="Only this requirement; may be repeated.",
)
@click.option(
    "--level",
    "levels",
    multiple=True,
    type=click.Choice(["MUST", "SHOULD", "MAY"], case_sensitive=False),
    help="Only this level; may be repeated.",
)
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="OPERATION_ID",
    help="Only what speaks of this operation; may be repeated.",
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
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
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
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the report goes; default: cmf-conformance-runs/<run id>.",
)
@click.option(
    "--max-time",
    type=duration,
    metavar="DURATION",
    help="Longest time for the whole run, clean-up excepted: seconds, or 90s, 10m, 1h30m.",
)
@click.option(
    "--requests-per-second",
    type=click.FloatRange(min=0.1),
    metavar="N",
    help="Most requests a second; default: no limit.",
)
@click.option(
    "--read-timeout", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Longest time for one response."
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Longest time until a promised change shows.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
def run(**options: Any) -> None:
    """Certify a CMF server and write a compliance report.

    Without --url the embedded reference server is started, certified and stopped. With --url everything created on
    the target is named cmfc-<run id>-... and removed again; nothing else is written to.
    """
    from conformance.certification import shards, waivers  # noqa: PLC0415
    from conformance.certification.gate import FailOn, Gate  # noqa: PLC0415
    from conformance.properties.effort import limits_for  # noqa: PLC0415
    from conformance.reference.launch import ReferenceServer  # noqa: PLC0415 - none but this command starts it
    from conformance.report.text import final_table, verdict_lines  # noqa: PLC0415
    from conformance.runner.run import Options, execute  # noqa: PLC0415 - pytest and all are slow to import

    console = _console(no_color=options.pop("no_color"))
    effort = Effort(options["effort"])
    target = settings.load(options.pop("config"), options, limits=limits_for(effort))
    selection = Selection(
        profile=options["profile"],
        areas=options["areas"],
        requirements=options["requirements"],
        levels=tuple(level.upper() for level in options["levels"]),
        operations=options["operations"],
    )
    catalogue().select(selection)
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
    embedded = not target.url
    # It demands a token, so that authentication is judged as well.
    server = ReferenceServer(token=secrets.token_urlsafe()) if embedded else nullcontext(None)
    with server as reference:
        if reference is not None:
            target = settings.with_token_file(settings.with_url(target, reference.url), reference.token_file)
        outcome = execute(
            target,
            Options(
                selection=selection,
                report_dir=options["report_dir"],
                seed=seed,
                effort=effort,
                strict=options["strict"],
                quiet=options["quiet"],
                argv=_redacted(sys.argv[1:]),
                product=EMBEDDED if embedded else None,
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
        _complain(outcome.problem)
    sys.exit(outcome.exit_code)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--fault", "faults", multiple=True, metavar="ID", help="Commit this violation; may be repeated."
)
@click.option(
    "--variation",
    "variations",
    multiple=True,
    metavar="NAME",
    help="Behave in this other, legal way; may be repeated.",
)
@click.option(
    "--pace",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="How slowly applications change state; 0 is at once.",
)
@click.option(
    "--latency",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Longest random delay of an answer, in seconds.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Demand the bearer token in this file.",
)
@click.option("--list", "show", is_flag=True, help="List the faults and variations and leave.")
def serve(
    *,
    host: str,
    port: int,
    faults: tuple[str, ...],
    variations: tuple[str, ...],
    pace: float,
    latency: float,
    token_file: Path | None,
    show: bool,
) -> None:
    """Start the reference server, well-behaved or with faults."""
    from conformance.reference import __main__ as reference  # noqa: PLC0415 - none but these commands start it

    if show:
        sys.exit(reference.main(["--list"]))
    arguments = ["--host", host, "--port", str(port), "--pace", str(pace), "--latency", str(latency)]
    arguments += [word for fault in faults for word in ("--fault", fault)]
    arguments += [word for variation in variations for word in ("--variation", variation)]
    arguments += ["--token-file", str(token_file)] if token_file is not None else []
    sys.exit(reference.main(arguments))


@cli.command(name="list")
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


@cli.command()
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


@cli.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to write; default: beside the report.",
)
def render(*, report: Path, output: Path | None) -> None:
    """Render a report.json again as HTML, JUnit XML and Markdown; needs no target."""
    from conformance.report.render import render_all  # noqa: PLC0415 - slow to import

    for path in render_all(report, output):
        click.echo(str(path))


@cli.command()
@click.argument("report", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to write; it must not exist. Default: standard output.",
)
def baseline(*, report: Path, output: Path | None) -> None:
    """Draft a file of waivers from the failures of a report, for run --baseline.

    Each reason and link is left for you to fill in; until then the file is refused.
    """
    from conformance.certification.draft import draft  # noqa: PLC0415 - slow to import
    from conformance.report.document import read  # noqa: PLC0415
    from conformance.report.files import write_whole  # noqa: PLC0415

    text = draft(read(report), datetime.now(UTC).date())
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise UsageError(f"{output} exists; reasons in it must not be lost", hint="name another file")
    write_whole(output, text)
    click.echo(str(output))


@cli.command()
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD.json")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.json")
def compare(*, old: Path, new: Path) -> None:
    """Show what changed from one report to a newer one; exit code 1 when something got worse.

    Worse is a requirement that newly fails without a waiver, or that is no longer judged.
    """
    from conformance.certification import compare as comparing  # noqa: PLC0415 - slow to import
    from conformance.report.document import read  # noqa: PLC0415

    comparison = comparing.compare(read(old), read(new))
    for line in comparing.lines(comparison):
        click.echo(line)
    sys.exit(ExitCode.NON_CONFORMANT if comparison.regressions else ExitCode.CONFORMANT)


@cli.command(epilog=EXIT_CODES)
@click.argument("folders", type=click.Path(path_type=Path), metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--report-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default="cmf-report",
    show_default=True,
    help="Where the merged report goes.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
def merge(*, folders: tuple[Path, ...], report_dir: Path, quiet: bool, no_color: bool) -> None:
    """Merge the report folders of all shards into the report of one whole run, and judge that.

    Shards of different runs, missing ones and overlapping ones are refused.
    """
    from conformance.certification import merge as merging  # noqa: PLC0415 - slow to import
    from conformance.report.text import final_table, verdict_lines  # noqa: PLC0415
    from conformance.verdict import exit_code  # noqa: PLC0415

    parts = merging.read_shards(folders)
    report = merging.merge(parts)
    merging.write(report, parts, report_dir)
    console = _console(no_color=no_color)
    if not quiet:
        console.print(final_table(report))
    for line in verdict_lines(report, report_dir.resolve()):
        console.print(line, soft_wrap=True)
    closed = bool(report.run["gate"]["closed_by"])
    sys.exit(exit_code(report.verdict, interrupted=report.run["interrupted"], closed=closed))


@cli.command(epilog=EXIT_CODES)
@click.argument("ledger", type=click.Path(path_type=Path), metavar="LEDGER")
@target_options
def cleanup(*, ledger: Path, **options: Any) -> None:
    """Remove what an earlier run left on its target, from the ledger in its report folder.

    Without --url the target is the one named in the ledger. Nothing that the ledger does not hold is touched.
    """
    from conformance.target.cleanup import from_ledger  # noqa: PLC0415 - slow to import
    from conformance.target.ledger import Ledger  # noqa: PLC0415

    target = settings.load(options.pop("config"), options)
    if not target.url:
        with closing(Ledger.read(ledger)) as earlier:
            target = settings.with_url(target, settings.checked(earlier.target_url))
    left = from_ledger(ledger, target)
    for resource in left:
        click.echo(f"left behind: {one_line(resource.kind)} {one_line(resource.path)}")
    click.echo(
        "nothing is left behind"
        if not left
        else f"{len(left)} left behind; try again when the target answers"
    )
    sys.exit(ExitCode.INCOMPLETE if left else ExitCode.CONFORMANT)


@cli.command(epilog="Exit codes: 0 certified; 1 not, and why is said; otherwise those of run.")
@target_options
@click.option(
    "--implementation",
    "described",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="implementation.yaml: vendor, product, version and so on (docs/vendors.md).",
)
@click.option("--profile", default="full", show_default=True, help="The profile, all of it.")
@click.option("--reference", is_flag=True, help="Certify the embedded reference server.")
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The private key to sign with; CMF_CONFORMANCE_SIGNING_KEY may hold one instead.",
)
@click.option(
    "--new-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only make a key, and FILE.pub beside it.",
)
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
@click.option("--strict", is_flag=True, help="Judge by the letter of the contract, without errata.")
@click.option(
    "--report-dir", type=click.Path(path_type=Path), metavar="DIR", help="Where the run itself writes."
)
@click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
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
    **options: Any,
) -> None:
    """Run the complete profile and write a signed bundle.

    Nothing can be left out. A run that is not conformant leaves its report in the same place, unsigned.
    """
    from conformance.certification import certificate, implementation, signing  # noqa: PLC0415 - slow to import
    from conformance.reference.launch import ReferenceServer  # noqa: PLC0415 - none but this command starts it
    from conformance.report.text import verdict_lines  # noqa: PLC0415
    from conformance.runner.run import Options, execute  # noqa: PLC0415

    if new_key is not None:
        click.echo(f"{new_key}: key {signing.new_key(new_key, key_type)}; public half in {new_key}.pub")
        return
    if described is None:
        raise UsageError("certify needs --implementation", hint="docs/vendors.md shows the file")
    vendor = implementation.read(described)
    signer = signing.signer_of(key)
    folder = certificate.folder_of(reports, vendor, replace=replace)
    catalogue().select(Selection(profile=profile))
    console = _console(no_color=options["no_color"])
    target = settings.load(options["config"], options)
    if bool(target.url) is reference:
        raise UsageError("certify needs either --url or --reference", hint="the target is --url")
    server = ReferenceServer(token=secrets.token_urlsafe()) if reference else nullcontext(None)
    with server as started:
        if started is not None:
            target = settings.with_token_file(settings.with_url(target, started.url), started.token_file)
        certificate.must_agree(target, vendor)
        outcome = execute(
            target,
            Options(
                selection=Selection(profile=profile),
                report_dir=options["report_dir"],
                seed=options["seed"],
                strict=options["strict"],
                quiet=options["quiet"],
                argv=_redacted(sys.argv[1:]),
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
        _complain(outcome.problem)
    sys.exit(outcome.exit_code or (ExitCode.CONFORMANT if made.signed else ExitCode.NON_CONFORMANT))


@cli.command(
    epilog="Exit codes: 0 a valid bundle of a conformant implementation; 1 not; 2 nothing to look at."
)
@click.argument("bundle", type=click.Path(path_type=Path), metavar="BUNDLE")
@click.option(
    "--trust",
    type=click.Path(path_type=Path),
    metavar="KEYRING",
    help="Public keys that count: a PEM file, or a folder of them. Without it the key in the bundle counts.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only what is wrong.")
def verify(*, bundle: Path, trust: Path | None, quiet: bool) -> None:
    """Verify a bundle that somebody else has made; needs no target."""
    from conformance.certification import finding, signing, verification  # noqa: PLC0415 - slow to import

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


class _Console(Console):
    """A console that a run outlives: when nobody reads any more, the run goes on in silence."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _let_go_of_output()


def _console(*, no_color: bool) -> Console:
    return _Console(no_color=True if no_color else None, highlight=False)


def _let_go_of_output() -> None:
    """Leave standard output to nobody, so that what is still to be flushed does no harm at the end."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nobody, sys.stdout.fileno())
    os.close(nobody)


def _redacted(arguments: list[str]) -> tuple[str, ...]:
    """The command line for the report: no option takes a secret, but a URL or a command may hold one."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, _ = argument.partition("=")
        if before == _COMMAND_OPTION or ("@" in argument and "//" in argument):
            shown.append("[redacted]")
        else:
            shown.append(f"{option}=[redacted]" if equals and option == _COMMAND_OPTION else argument)
    return tuple(shown)


def _complain(error: HarnessError) -> None:
    hint = f"\n  hint: {one_line(error.hint)}" if error.hint else ""
    click.echo(f"cmf-conformance: {one_line(error.message, 500)}{hint}", err=True)


def main() -> NoReturn:
    """The entry point: every error becomes one line and the right exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a target said may not exist in the character set of this terminal.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(standalone_mode=False)
    except HarnessError as error:
        _complain(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        _complain(UsageError(error.format_message(), hint="cmf-conformance --help"))
        sys.exit(ExitCode.USAGE)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as defect:  # noqa: BLE001 - Python's own exit code for it means non-conformant here
        traceback.print_exc()
        _complain(
            HarnessError(f"The harness failed: {type(defect).__name__}: {defect}", hint="please report it")
        )
        sys.exit(ExitCode.INCOMPLETE)
    sys.exit(code if isinstance(code, int) else 0)
