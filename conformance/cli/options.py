"""The options that several commands share, and the command line as a report may show it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

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
