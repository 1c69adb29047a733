"""What a name or id must look like."""

from __future__ import annotations

from conformance.contract.marks import is_uuid

from .samples import UUID


def test_is_uuid() -> None:
    assert is_uuid(UUID)
    assert is_uuid(UUID.upper())
    for other in (UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}", "abcd", "", None, 1):
        assert not is_uuid(other)
