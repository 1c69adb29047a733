"""Runs of the installed command in a process of its own, and what must be true of each whatever the target did."""

from __future__ import annotations

import html.parser
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.report.document import read

MOST_MEMORY = 300_000_000
EXIT_CODE = {"conformant": 0, "non_conformant": 1, "incomplete": 3}
_MEASURED = """
import atexit, os
from conformance.cli import main

@atexit.register
def measure():
    with open("/proc/self/status") as status, open(os.environ["PEAK"], "w") as peak:
        peak.write(next(line for line in status if line.startswith("VmHWM")).split()[1])

main()
"""


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    folder: Path
    code: int
    said: str
    """All that came out of it, on both streams."""
    seconds: float
    peak: int
    """Bytes of memory that it held at most."""
    document: dict[str, Any]

    @property
    def verdict(self) -> str:
        return str(self.document["verdict"])

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each requirement."""
        return {each["id"]: each["verdict"] for each in self.document["requirements"]}

    def messages(self, requirement: str) -> str:
        """All that the checks of a requirement say."""
        (found,) = (each for each in self.document["requirements"] if each["id"] == requirement)
        return "\n".join(f"{check['message']} {check['got']}" for check in found["checks"])


def run(url: str, folder: Path, *words: str, ceiling: float, limits: dict[str, Any]) -> Ran:
    """Run the command against a target, and see that what must always be true is true."""
    folder.mkdir(parents=True)
    settings = folder / "settings.yaml"
    settings.write_text(json.dumps({"limits": limits}))
    report, peak = folder / "report", folder / "peak"
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _MEASURED,
            "run",
            "--url",
            url,
            "--config",
            settings,
            "--report-dir",
            report,
            "--seed",
            "5",
            *words,
        ],
        cwd=folder,
        env={**os.environ, "PEAK": str(peak)},
        capture_output=True,
        timeout=ceiling,
        check=False,
    )
    seconds = time.monotonic() - began
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    document = json.loads((report / "report.json").read_bytes())
    ran = Ran(report, done.returncode, said, seconds, int(peak.read_text()) * 1024, document)
    _require_sound(ran)
    return ran


def _require_sound(ran: Ran) -> None:
    """The report is whole, the exit code tells its verdict, memory was bounded, and nothing of it is active."""
    assert list(ran.document)[-1] == "complete"
    assert ran.document["complete"] is True
    assert read(ran.folder / "report.json").verdict == ran.verdict
    assert ran.code == EXIT_CODE[ran.verdict], ran.said
    assert ran.peak < MOST_MEMORY, f"{ran.peak:,} bytes"
    assert active(ran.said) == set()
    page = (ran.folder / "report.html").read_text("utf-8")
    assert active(page) == set()
    elements = _Elements()
    elements.feed(page)
    elements.close()
    assert elements.scripts == 1, "the page's own filter, and no other"
    assert elements.handlers == []
    for name in ("report.md", "junit.xml", "report.json"):
        assert active((ran.folder / name).read_text("utf-8")) == set()


def active(text: str) -> set[str]:
    """The characters of a text that a terminal or a browser would obey instead of showing them."""
    return {character for character in set(text) if not character.isprintable() and character not in "\n\t"}


class _Elements(html.parser.HTMLParser):
    """The scripts of a page, and the attributes that would run some."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
