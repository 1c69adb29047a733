"""Clocks that are not everybody else's: the contract binds no server to the time of its clients."""

from __future__ import annotations

from conformance.reference.server import Server
from conformance.reference.variations.registry import variation

HOUR = 3_600_000


@variation("clock-ahead", "Has a clock that is an hour ahead.")
def clock_ahead(server: Server) -> None:
    """Every time that it gives is in the future."""
    server.clock.skew = HOUR


@variation("clock-behind", "Has a clock that is an hour behind.")
def clock_behind(server: Server) -> None:
    """Every time that it gives is long past."""
    server.clock.skew = -HOUR
