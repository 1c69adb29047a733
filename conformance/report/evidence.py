"""The reading side of ``evidence.ndjson``: exchanges by their id, without holding the file in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from conformance.errors import ReportError
from conformance.evidence_format import from_line
from conformance.model import Exchange

_ID = re.compile(rb'\{"id":"([ !#-\[\]-~]*)"')
"""How a line of ``evidence_format`` begins: its id is known without reading a large body."""


class Evidence(Mapping[str, Exchange]):
    """The exchanges of an evidence file, each read when it is asked for.

    A last line without its line feed is what a killed run leaves; it is left out when it is not whole.
    Of two lines with the same id the later one counts.
    """

    def __init__(self, path: Path) -> None:
        """Index the file.  Raises ``ReportError`` when it cannot be read or holds other lines."""
        self._path = path
        self._offsets: dict[str, int] = {}
        try:
            with path.open("rb") as file:
                offset = 0
                for number, line in enumerate(file, start=1):
                    self._index(line, offset, number)
                    offset += len(line)
        except OSError as problem:
            raise _unreadable(path, problem) from problem

    def __getitem__(self, wanted: str) -> Exchange:
        """The exchange of this id; ``KeyError`` when the file has none."""
        offset = self._offsets[wanted]
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                return from_line(file.readline().decode("utf-8"))
        except OSError as problem:
            raise _unreadable(self._path, problem) from problem
        except ValueError as problem:
            raise _damaged(self._path, wanted) from problem

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order of the file."""
        return iter(self._offsets)

    def __len__(self) -> int:
        """How many exchanges there are."""
        return len(self._offsets)

    def _index(self, line: bytes, offset: int, number: int) -> None:
        whole = line.endswith(b"\n")
        if whole and not line.strip():
            return
        match = _ID.match(line)
        if whole and match:
            self._offsets[match[1].decode("ascii")] = offset
            return
        try:
            self._offsets[from_line(line.decode("utf-8")).id] = offset
        except ValueError as problem:
            if whole:
                raise _damaged(self._path, f"line {number}") from problem


def read_exchanges(path: Path, wanted: set[str] | None = None) -> dict[str, Exchange]:
    """The exchanges of the file by id: those wanted, or all of them.

    Ids that the file does not have are left out.  Raises ``ReportError`` when the file cannot be read.
    """
    evidence = Evidence(path)
    return {name: evidence[name] for name in evidence if wanted is None or name in wanted}


def _unreadable(path: Path, problem: OSError) -> ReportError:
    return ReportError(f"{path} cannot be read: {problem.strerror or type(problem).__name__}")


def _damaged(path: Path, where: str) -> ReportError:
    return ReportError(
        f"{path} is damaged at {where}",
        "only its last line may be cut; copy the file again from the run that wrote it",
    )
