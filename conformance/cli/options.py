"""The options that several commands share, and the command line as a report may show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from conformance.config import Selection
from conformance.duration import duration
from conformance.model import Level

F = TypeVar("F", bound=Callable[..., Any])
_COMMAND_OPTION = "--token-command"
EXIT_CODES = """
Exit codes: 0 conformant; 1 non-conformant; 2 wrong usage or configuration; 3 incomplete (the target could not be
observed, or something was not tested); 130 interrupted.
"""


def path_option(*names: str, help: str, metavar: str = "FILE") -> Callable[[F], F]:  # noqa: A002 - as click has it
    """An option that takes a path."""
    return click.option(*names, type=click.Path(path_type=Path), metavar=metavar, help=help)


def target_options(command: F) -> F:
    """The options that say where the target is and how to reach it."""
    for option in reversed(
        (
            click.option(
                "--url",
                metavar="URL",
                help="The target, e.g. https://cmf.example:8080 [env: CONFLUENT_CMF_URL].",
            ),
            path_option("--config", help="A configuration file (docs/configuration.md)."),
            path_option(
                "--token-file", help="A file with a bearer token; CMF_CONFORMANCE_TOKEN may hold one instead."
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
            path_option("--oauth-client-secret-file", help="A file with the secret of the OAuth client."),
            click.option("--oauth-scope", metavar="SCOPE", help="The scope to ask the token endpoint for."),
            path_option("--client-cert", help="A client certificate [env: CONFLUENT_CMF_CLIENT_CERT_PATH]."),
            path_option("--client-key", help="Its key [env: CONFLUENT_CMF_CLIENT_KEY_PATH]."),
            path_option(
                "--certificate-authority",
                help="The CA to trust [env: CONFLUENT_CMF_CERTIFICATE_AUTHORITY_PATH].",
            ),
        )
    ):
        command = option(command)
    return command


def limits_options(command: F) -> F:
    """The options that say how much time a run takes; they change its pace, never what is judged."""
    for option in reversed(
        (
            click.option(
                "--max-time",
                type=duration,
                metavar="DURATION",
                help="Longest time for the whole run, clean-up excepted: seconds, or 90s, 10m, 1h30m.",
            ),
            click.option(
                "--requests-per-second",
                type=click.FloatRange(min=0.1),
                metavar="N",
                help="Most requests a second; default: no limit.",
            ),
            click.option(
                "--read-timeout",
                type=click.FloatRange(min=0.1),
                metavar="SECONDS",
                help="Longest time for one response.",
            ),
            click.option(
                "--settle",
                type=click.FloatRange(min=0.1),
                metavar="SECONDS",
                help="Longest time until a promised change shows; limits.deploy of a file where it takes Flink.",
            ),
        )
    ):
        command = option(command)
    return command


def selection_options(command: F) -> F:
    """The options that say which requirements are meant, and how ``selection`` takes them."""
    levels = click.Choice([level.value for level in Level], case_sensitive=False)
    for option in reversed(
        (
            click.option(
                "--profile",
                default="full",
                show_default=True,
                help="core starts no application; runtime needs a Flink cluster; full is everything.",
            ),
            click.option("--area", "areas", multiple=True, help="Only this area; may be repeated."),
            click.option(
                "--level", "levels", multiple=True, type=levels, help="Only this level; may be repeated."
            ),
            click.option(
                "--operation",
                "operations",
                multiple=True,
                metavar="OPERATION_ID",
                help="Only what speaks of this operation; may be repeated.",
            ),
        )
    ):
        command = option(command)
    return command


def selection(options: Mapping[str, Any]) -> Selection:
    """What the selection options, and ``--requirement`` where there is one, have selected."""
    return Selection(
        profile=options["profile"],
        areas=options["areas"],
        requirements=options.get("requirements", ()),
        levels=tuple(level.upper() for level in options["levels"]),
        operations=options["operations"],
    )


def terminal_options(command: F) -> F:
    """The options that say how much is shown on the terminal, and how."""
    command = click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")(command)
    return click.option("--quiet", "-q", is_flag=True, help="Only the verdict.")(command)


def redacted(arguments: list[str]) -> tuple[str, ...]:
    """The command line for the report: no option takes a secret, but a URL or a command may hold one."""
    shown = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        option, equals, _ = argument.partition("=")
        if before == _COMMAND_OPTION or ("@" in argument and "//" in argument):
            shown.append("[redacted]")
        else:
            shown.append(f"{option}=[redacted]" if equals and option == _COMMAND_OPTION else argument)
    return tuple(shown)
