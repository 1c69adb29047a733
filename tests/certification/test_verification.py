"""What verifying a bundle looks at, and when it is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.certification.finding import ASPECTS
from conformance.certification.verification import verify
from conformance.errors import ReportError

from .forging import Certified, Forged


def test_what_certify_made_is_valid(forged: Forged) -> None:
    found = forged.verify(again=True)
    assert (found.flaws, found.looked_at) == ((), tuple(ASPECTS))
    assert found.valid
    quick = forged.verify()
    assert (quick.flaws, set(ASPECTS) - set(quick.looked_at), quick.valid) == ((), {"again"}, False)
    assert found.title == "Example Corp Reference Server 0.1.0, profile core"


def test_signing_again_makes_a_valid_bundle(forged: Forged) -> None:
    forged.edit(lambda report: report)
    assert forged.wrong() == {}


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="There is no bundle"):
        verify(tmp_path / "none")


def test_the_clock_of_who_verifies(certified: Certified) -> None:
    found = verify(certified.folder, now=datetime(2025, 6, 1, tzinfo=UTC), again=False)
    assert [flaw.aspect for flaw in found.flaws] == ["times"]
