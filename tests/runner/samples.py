"""Scenarios as text, and the requirements that they declare."""

from __future__ import annotations

GET, UPDATE, LIST = "CMF-ENV-GET", "CMF-ENV-UPDATE", "CMF-ENV-LIST"
THREE = """
@requirement("CMF-ENV-GET")
def test_1(check):
    with check("CMF-ENV-GET", "looks"):
        pass

@requirement("CMF-ENV-UPDATE")
def test_2(check, cmf, run):
    {body}

@requirement("CMF-ENV-LIST")
def test_3(check):
    with check("CMF-ENV-LIST", "looks"):
        pass
"""
"""Three scenarios; the second does what the test says."""
