"""Reading evidence.ndjson."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.errors import ReportError
from conformance.evidence_format import to_line
from conformance.report.evidence import Evidence, read_exchanges

from .samples import HOSTILE, exchange

ONE, TWO, THREE = (exchange(f"x00000{number}", path=f"/{number}") for number in (1, 2, 3))


def written(folder: Path, text: str) -> Path:
    path = folder / "evidence.ndjson"
    path.write_text(text, encoding="utf-8", newline="")
    return path


def lines(*exchanges: object) -> str:
    return "".join(to_line(each) + "\n" for each in exchanges)  # type: ignore[arg-type]  # exchanges all


def test_everything_is_read_in_order(tmp_path: Path) -> None:
    assert list(read_exchanges(written(tmp_path, lines(ONE, TWO, THREE))).values()) == [ONE, TWO, THREE]


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    assert read_exchanges(written(tmp_path, lines(ONE, TWO)), {"x000002", "x999999"}) == {"x000002": TWO}


@pytest.mark.parametrize("kept", [1, 5, 14, 60, 200])
def test_a_cut_last_line_is_left_out(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path, lines(ONE) + to_line(TWO)[:kept])
    assert read_exchanges(path) == {"x000001": ONE}


def test_a_last_line_that_lacks_its_line_feed_only_is_read(tmp_path: Path) -> None:
    assert read_exchanges(written(tmp_path, lines(ONE) + to_line(TWO))) == {"x000001": ONE, "x000002": TWO}


def test_an_empty_file_has_no_exchanges(tmp_path: Path) -> None:
    assert read_exchanges(written(tmp_path, "")) == {}


def test_blank_lines_and_other_key_orders_are_no_matter(tmp_path: Path) -> None:
    spaced = to_line(TWO).replace('{"id":', '{ "id" :')
    assert read_exchanges(written(tmp_path, f"{lines(ONE)}\n{spaced}\n")) == {"x000001": ONE, "x000002": TWO}


def test_ids_need_no_particular_shape(tmp_path: Path) -> None:
    odd = replace(ONE, id=HOSTILE)
    assert read_exchanges(written(tmp_path, lines(odd, TWO))) == {HOSTILE: odd, "x000002": TWO}


def test_of_two_lines_with_one_id_the_later_counts(tmp_path: Path) -> None:
    again = replace(ONE, attempt=2)
    assert read_exchanges(written(tmp_path, lines(ONE, again))) == {"x000001": again}


def test_damage_before_the_end_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, lines(ONE) + to_line(TWO)[9:40] + "\n" + lines(THREE))
    with pytest.raises(ReportError, match="damaged at line 2"):
        read_exchanges(path)


def test_damage_inside_a_line_is_told_when_it_is_read(tmp_path: Path) -> None:
    evidence = Evidence(written(tmp_path, to_line(ONE)[:60] + "\n" + lines(TWO)))
    assert evidence["x000002"] == TWO
    with pytest.raises(ReportError, match="damaged at x000001"):
        evidence["x000001"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="cannot be read: No such file"):
        Evidence(tmp_path / "evidence.ndjson")


def test_the_mapping_is_lazy_and_sized(tmp_path: Path) -> None:
    evidence = Evidence(written(tmp_path, lines(ONE, TWO)))
    assert len(evidence) == 2
    assert "x000003" not in evidence
    (tmp_path / "evidence.ndjson").unlink()
    with pytest.raises(ReportError, match="cannot be read"):
        evidence["x000001"]
