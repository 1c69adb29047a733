"""Why a run can't go on."""

from __future__ import annotations


class TargetLost(Exception):
    """The target stopped answering altogether, so the run can't go on."""


class LimitReached(TargetLost):
    """The run has used up its requests or its time: what is left stays untested."""
