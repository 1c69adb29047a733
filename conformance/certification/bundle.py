"""The folder of a certified implementation: written whole, and read as if an enemy had made it.

Reading follows no link and opens nothing but the files of a bundle; what is larger than a run can make it is
refused, packed and unpacked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.errors import ReportError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

IMPLEMENTATION, REPORT, HTML, JUNIT = "implementation.yaml", "report.json", "report.html", "junit.xml"
EVIDENCE, SIGNER, ATTESTATION = "evidence.ndjson.zst", "signer.pem", "attestation.dsse.json"
SIGNED = (IMPLEMENTATION, REPORT, HTML, JUNIT, EVIDENCE, SIGNER)
"""Every file of a bundle but the attestation, which is about them."""
MOST_BYTES = 64 * 1024 * 1024
"""The most bytes of any file but the evidence."""
MOST_EVIDENCE = 1024 * 1024 * 1024
"""The most bytes of the evidence, packed or unpacked."""
MOST_LINE = 96 * 1024 * 1024
"""The most bytes of one exchange: a body at its limit, written in JSON."""
_PIECE = 1024 * 1024
_LEVEL = 19
"""How hard the evidence is packed: a few seconds, for half of what gzip leaves."""
_WINDOW = 25
"""The logarithm of the most bytes that unpacking may keep in memory."""


class NotABundle(ValueError):
    """The content of a folder is not that of a bundle; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was read of a bundle."""

    files: dict[str, bytes]
    """The content of every file but the evidence."""
    digests: dict[str, str]
    """The sha256 digest of every file of ``SIGNED``."""
    evidence: Path
    """The unpacked evidence, for as long as the bundle is open."""


def assemble(run: Path, folder: Path, implementation: bytes, signer: bytes) -> None:
    """Put what a run has left, and who answers for it, into an empty folder; raises ``ReportError``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (HTML, JUNIT):
            shutil.copyfile(run / name, folder / name)
        # Bundles are kept for long, and people read the HTML: without indentation it is a third smaller.
        report = json.loads((run / REPORT).read_bytes())
        (folder / REPORT).write_text(json.dumps(report, separators=(",", ":")) + "\n", "ascii")
        (folder / IMPLEMENTATION).write_bytes(implementation)
        (folder / SIGNER).write_bytes(signer)
        with (
            (run / "evidence.ndjson").open("rb") as source,
            (folder / EVIDENCE).open("wb") as packed,
            zstd.ZstdFile(packed, mode="wb", level=_LEVEL) as target,
        ):
            shutil.copyfileobj(source, target, _PIECE)
    except OSError as problem:
        raise ReportError(
            f"The bundle {folder} can't be written: {problem.strerror or problem}",
            "choose a folder that you may write to, with space left",
        ) from problem


def digests(folder: Path) -> dict[str, str]:
    """The sha256 digest of each file that an attestation is about; raises ``NotABundle``."""
    with _entered(folder) as at:
        return {name: _digest(at, name) for name in SIGNED}


def content(folder: Path, name: str) -> bytes:
    """The content of one file, which need not be part of a whole bundle; raises as ``opened`` does."""
    with _entered(folder) as at:
        return _content(at, name)


def copy(folder: Path, target: Path, digests: Mapping[str, str]) -> None:
    """Copy the files of a bundle into an empty folder, as they were when these digests were taken.

    Raises ``NotABundle`` when one has changed since, ``ReportError`` when it can't be read or written.
    """
    with _entered(folder) as at:
        for name in (*SIGNED, ATTESTATION):
            with _file(at, name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as source:
                try:
                    with (target / name).open("wb") as file:
                        shutil.copyfileobj(source, file, _PIECE)
                except OSError as problem:
                    raise ReportError(
                        f"{target / name} can't be written: {problem.strerror or problem}",
                        "choose a folder that you may write to, with space left",
                    ) from problem
    with _entered(target) as at:
        for name in SIGNED:
            if _digest(at, name) != digests.get(name):
                raise NotABundle(f"{name} was changed while it was looked at")


@contextmanager
def opened(folder: Path) -> Iterator[Bundle]:
    """Read a bundle.

    Raises ``ReportError`` when the folder can't be read, ``NotABundle`` when it holds something else than a
    bundle: a file too many or too few, a link, or what is too large.
    """
    with _entered(folder) as at, tempfile.TemporaryDirectory(prefix="cmf-conformance-") as room:
        _only_files_of_a_bundle(at)
        unpacked = Path(room) / "evidence.ndjson"
        _unpack(at, unpacked)
        files = {name: _content(at, name) for name in (*SIGNED, ATTESTATION) if name != EVIDENCE}
        yield Bundle(files, {name: _digest(at, name) for name in SIGNED}, unpacked)


@contextmanager
def _entered(folder: Path) -> Iterator[int]:
    try:
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        raise ReportError(
            f"There is no bundle at {folder}: {problem.strerror or problem}",
            "name the folder that certify has written",
        ) from problem
    try:
        yield at
    finally:
        os.close(at)


def _only_files_of_a_bundle(at: int) -> None:
    found = set(os.listdir(at))
    wanted = {*SIGNED, ATTESTATION}
    if missing := sorted(wanted - found):
        raise NotABundle(f"missing: {', '.join(missing)}")
    if foreign := sorted(found - wanted):
        raise NotABundle(f"not part of a bundle: {', '.join(map(ascii, foreign[:5]))}")


@contextmanager
def _file(at: int, name: str) -> Iterator[int]:
    """A file of the bundle, opened: what is looked at is what is read."""
    limit = MOST_EVIDENCE if name == EVIDENCE else MOST_BYTES
    try:
        # Without waiting, as opening a pipe would wait for whoever writes to it.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError as problem:
        raise NotABundle(f"{name} can't be opened as a file of its own: {problem.strerror}") from problem
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise NotABundle(f"{name} is no regular file")
        if status.st_size > limit:
            raise NotABundle(f"{name} is larger than {limit} bytes")
        yield descriptor
    finally:
        os.close(descriptor)


def _content(at: int, name: str) -> bytes:
    with _file(at, name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(MOST_BYTES)


def _digest(at: int, name: str) -> str:
    with _file(at, name) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(at: int, target: Path) -> None:
    total = line = 0
    try:
        with (
            _file(at, EVIDENCE) as descriptor,
            os.fdopen(descriptor, "rb", closefd=False) as packed,
            zstd.ZstdFile(
                packed, mode="rb", options={zstd.DecompressionParameter.window_log_max: _WINDOW}
            ) as source,
            target.open("wb") as file,
        ):
            while piece := source.read(_PIECE):
                total += len(piece)
                line = len(piece) - piece.rfind(b"\n") - 1 if b"\n" in piece else line + len(piece)
                if total > MOST_EVIDENCE or line > MOST_LINE:
                    raise NotABundle(f"{EVIDENCE} unpacks to more than a run can have written")
                file.write(piece)
    except (EOFError, zstd.ZstdError) as problem:
        raise NotABundle(f"{EVIDENCE} is no Zstandard file, or is damaged") from problem
