"""The evidence: whole lines on the disk, little in memory."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conformance.errors import ReportError
from conformance.evidence_format import from_line
from conformance.model import Exchange, HttpRequest, HttpResponse
from conformance.target.evidence import EvidenceLog


def exchange(exchange_id: str, body: bytes = b"\xff") -> Exchange:
    return Exchange(
        id=exchange_id,
        operation="getEnvironment",
        request=HttpRequest("GET", "http://x/\ud800", (("A", "b"),), b""),
        response=HttpResponse(200, (), body),
        error=None,
        started="2025-01-01T00:00:00Z",
        elapsed_ms=1.5,
    )


def test_ids_count_up(evidence: EvidenceLog) -> None:
    assert [evidence.next_id() for _ in range(3)] == ["x000001", "x000002", "x000003"]


def test_ids_begin_with_the_prefix(tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path / "e", prefix="s2x")
    assert log.next_id() == "s2x000001"
    log.close()


def test_every_exchange_is_a_line_and_can_be_had_again(evidence: EvidenceLog) -> None:
    exchanges = [exchange(evidence.next_id(), f"é{number}".encode()) for number in range(200)]
    for one in exchanges:
        evidence.append(one)
        assert evidence.path.read_bytes().endswith(b"\n")
    assert [from_line(line) for line in evidence.path.read_text().splitlines()] == exchanges
    assert [evidence.get(one.id) for one in exchanges] == exchanges
    assert len(evidence) == 200
    with pytest.raises(KeyError):
        evidence.get("x999999")


def test_large_bodies_do_not_stay_in_memory(evidence: EvidenceLog) -> None:
    for _ in range(10):
        evidence.append(exchange(evidence.next_id(), b"x" * 1_000_000))
    assert sum(size for _, size in evidence._recent.values()) <= 4 * 1024 * 1024
    response = evidence.get("x000001").response
    assert response is not None
    assert len(response.body) == 1_000_000


def test_reading_and_writing_mix_from_many_threads(evidence: EvidenceLog) -> None:
    wrong: list[str] = []

    def work() -> None:
        for _ in range(100):
            one = exchange(evidence.next_id(), b"y" * 200)
            evidence.append(one)
            if evidence.get(one.id) != one or evidence.get("x000001").id != "x000001":
                wrong.append(one.id)

    evidence.append(exchange(evidence.next_id()))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(evidence.path.read_text().splitlines()) == 401


def test_recent_evidence_can_be_had_after_closing(evidence: EvidenceLog) -> None:
    evidence.append(exchange("x000001"))
    evidence.close()
    evidence.close()
    assert evidence.get("x000001").id == "x000001"


def test_evidence_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be written"):
        EvidenceLog(tmp_path / "none" / "evidence")
