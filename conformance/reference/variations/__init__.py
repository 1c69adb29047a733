"""Liberties that the contract leaves to a server: a correct harness fails none of them."""

from __future__ import annotations

# Importing these modules registers what they define.
from conformance.reference.variations import answers, clocks, endings, requests, statement_updates
from conformance.reference.variations.registry import VARIATIONS, Variation

__all__ = ["VARIATIONS", "Variation", "answers", "clocks", "endings", "requests", "statement_updates"]
