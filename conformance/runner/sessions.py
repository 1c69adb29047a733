"""How pytest is called to run the scenarios of one folder, and nothing but them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def arguments(folder: Path) -> list[str]:
    """The arguments of a session: no file or plugin of the user's has a say in it."""
    return [
        str(folder),
        "-c",
        os.devnull,
        f"--rootdir={folder}",
        f"--confcutdir={folder}",
        "--import-mode=importlib",
        "--strict-markers",
        "--capture=no",  # failures are shown as they happen
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "-p",
        "no:faulthandler",
        "-p",
        "conformance.runner.fixtures",
    ]


@contextmanager
def own_modules(folder: Path) -> Iterator[None]:
    """Forget afterwards the modules of a folder, so that one of the same name in another is not taken for it."""
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]
