"""The commands of ``cmf-conformance``: read the command line, call, and leave with the right exit code."""

from conformance.cli.entry import cli, main

__all__ = ["cli", "main"]
