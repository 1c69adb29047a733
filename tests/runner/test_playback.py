"""A run that is played back from its evidence: what is answered, and what was left over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.evidence_format import to_line
from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.runner.clock import Clock
from conformance.runner.playback import Diverged, Playback
from conformance.target.connection import Failure

URL = "http://127.0.0.1:8080"
ANSWER = HttpResponse(200, (("content-type", "application/json"),), b'{"items": []}')


@pytest.fixture
def playback(tmp_path: Path) -> Playback:
    """Two requests, the first of which was sent twice."""
    lines = [
        to_line(
            Exchange(
                id=f"x00000{number}",
                operation=None,
                request=HttpRequest("GET", f"{URL}/cmf/api/v1/{path}", (), b""),
                response=ANSWER,
                error=None,
                started=f"2026-11-29T05:00:0{number}Z",
                elapsed_ms=1.0,
            )
        )
        for number, path in enumerate(("environments", "environments", "secrets"), start=1)
    ]
    (tmp_path / "evidence.ndjson").write_text("".join(line + "\n" for line in lines), "ascii")
    began = datetime(2026, 11, 29, 5, tzinfo=UTC)
    return Playback(tmp_path / "evidence.ndjson", URL, "a1b2c3d4", began, Clock(), token=False)


def get(playback: Playback, path: str) -> HttpResponse:
    return playback.call("GET", f"/cmf/api/v1/{path}".encode(), [], b"", fresh=False)


def test_what_was_never_sent_is_told_though_the_evidence_is_closed(playback: Playback) -> None:
    assert playback.unsent == ("x000001", "x000002", "x000003")
    assert get(playback, "environments") == ANSWER
    playback.close()
    assert playback.unsent == ("x000003",)


def test_what_was_not_recorded_is_not_answered_and_ends_the_run_before_long(playback: Playback) -> None:
    for number in range(20):
        with pytest.raises(Failure, match="nothing was recorded for this request"):
            get(playback, f"environments/{number}")
    with pytest.raises(Diverged):
        get(playback, "environments/20")
    assert len(playback.unknown) == 21
    playback.close()
