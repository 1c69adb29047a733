"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from conformance.errors import ReportError


def write_whole(path: Path, content: str) -> None:
    """Write the text as UTF-8 so that ``path`` holds its old content or all of the new, even after a crash.

    The folder is created when it is missing.  Raises ``ReportError`` when the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("xb") as file:
                file.write(content.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        message = f"{path} cannot be written: {reason}"
        raise ReportError(message, "choose a folder that you may write to, with space left") from problem


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
