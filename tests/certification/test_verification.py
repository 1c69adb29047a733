"""What verifying a bundle looks at, and when it is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.certification.finding import ASPECTS
from conformance.certification.verification import verify
from conformance.errors import ReportError

from .forging import Certified, Forged


def test_a_bundle_that_was_not_played_back_is_not_valid_though_it_has_no_flaw(forged: Forged) -> None:
    quick = forged.verify()
    assert (quick.flaws, set(ASPECTS) - set(quick.looked_at), quick.valid) == ((), {"again"}, False)
    assert quick.title == "Example Corp Reference Server 0.1.0, profile core"


def test_signing_again_makes_a_valid_bundle(forged: Forged) -> None:
    forged.edit(lambda report: report)
    assert forged.wrong() == {}


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="There is no bundle"):
        verify(tmp_path / "none")


def test_the_clock_of_who_verifies(certified: Certified) -> None:
    found = verify(certified.folder, now=datetime(2025, 6, 1, tzinfo=UTC), again=False)
    assert [flaw.aspect for flaw in found.flaws] == ["times"]
