"""Everything that can end a command early, as values that know how to show themselves.

    HarnessError                      a message, a hint, and the exit code it leads to
    ├── UsageError              (2)   the command line or a file it names is wrong; nothing was sent
    │   ├── ConfigurationError        the configuration file or an environment variable is wrong
    │   ├── SelectionError            the filters select no requirement, or name an unknown one
    │   └── ReportError               a report or ledger cannot be read or written
    └── TargetError             (3)   the target could not be observed
        ├── Unreachable               no connection, no TLS, no HTTP on the other side, or half an answer
        └── NotCmf                    something answers, but not this API

Exit codes are those of ``verdict.ExitCode``.  What the *target* does wrong is never an exception that
reaches the user: it is a failed check (see ``expectations.Broken``).
"""

from __future__ import annotations


class HarnessError(Exception):
    """An end of the command that the user can act on: what happened, and what to do next."""

    exit_code: int = 3

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(HarnessError):
    """The request to the harness itself is wrong; nothing was sent to any target."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A configuration file or environment variable cannot be used."""


class SelectionError(UsageError):
    """The selection names something unknown or selects nothing."""


class ReportError(UsageError):
    """A report, ledger or report folder cannot be read or written."""


class TargetError(HarnessError):
    """The target could not be observed, so nothing can be said about it."""


class Unreachable(TargetError):
    """No connection could be made, what answers does not speak HTTP, or it never ended its answer."""


class NotCmf(TargetError):
    """An HTTP server answers, but no route of the CMF API does."""
