"""The reference server: served by itself, or embedded in a run."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from conformance import settings
from conformance.cli.options import path_option
from conformance.config import Target


@contextmanager
def embedded(target: Target, *, wanted: bool) -> Iterator[Target]:
    """The target, or in its place when ``wanted`` the reference server, which ends with the block.

    It demands a token, so that authentication is judged as well.  Raises ``NotStarted``.
    """
    from conformance.reference.launch import ReferenceServer

    if not wanted:
        yield target
        return
    with ReferenceServer(token=secrets.token_urlsafe()) as server:
        yield settings.with_token_file(settings.with_url(target, server.url), server.token_file)


@click.command()
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
@path_option("--token-file", help="Demand the bearer token in this file.")
@path_option("--publish", help="Publish this OpenAPI document at /v3/api-docs, for drift.")
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
    publish: Path | None,
    show: bool,
) -> None:
    """Start the reference server, well-behaved or with faults."""
    from conformance.reference import __main__ as reference

    if show:
        sys.exit(reference.main(["--list"]))
    arguments = ["--host", host, "--port", str(port), "--pace", str(pace), "--latency", str(latency)]
    arguments += [word for fault in faults for word in ("--fault", fault)]
    arguments += [word for variation in variations for word in ("--variation", variation)]
    arguments += ["--token-file", str(token_file)] if token_file is not None else []
    arguments += ["--publish", str(publish)] if publish is not None else []
    sys.exit(reference.main(arguments))
