"""A bundle of the reference server, made once by the command, and the means to forge it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.certification import attestation, bundle, signing
from conformance.certification.verification import Verification, verify
from conformance.report import document
from conformance.report.evidence import Evidence
from conformance.report.html import render_html
from conformance.report.junit import render_junit

SAID = "said.json"
COMMAND = Path(sys.executable).with_name("cmf-conformance")
PACE = (
    *("--max-time", "20m", "--read-timeout", "25"),
    *("--settle", "14", "--requests-per-second", "5000"),
)
DESCRIBED = """\
vendor: Example Corp
product: Reference Server
version: 0.1.0
contact: cmf@example.com
features: {flink: true, sql: true, authentication: true}
consent_to_publish: true
"""


Change = Callable[[dict[str, Any]], object]
"""What is done to a report."""


def at(path: str, value: object) -> Change:
    """A change of one value of the report."""

    def change(report: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        inner: Any = report
        for name in parents:
            inner = inner[int(name)] if isinstance(inner, list) else inner[name]
        inner[int(last) if isinstance(inner, list) else last] = value

    return change


@dataclass(frozen=True)
class Certified:
    """What ``certify`` has made, and with which key."""

    folder: Path
    key: Path
    said: str
    code: int


def certify(at: Path, *words: str | Path, described: str = DESCRIBED) -> Certified:
    (at / "implementation.yaml").write_text(described, "utf-8")
    key = at / "key.pem"
    if not key.exists():
        signing.new_key(key)
    done = subprocess.run(
        [
            *(COMMAND, "certify", "--implementation", "implementation.yaml", "--key", key),
            *("--profile", "core", "--seed", "7", "--quiet", *PACE, *words),
        ],
        cwd=at,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert "Traceback" not in done.stderr
    (at / SAID).write_text(json.dumps([done.stdout + done.stderr, done.returncode]), "ascii")
    return certified_in(at)


def certified_in(folder: Path) -> Certified:
    """What ``certify`` has made in a folder."""
    said, code = json.loads((folder / SAID).read_text("ascii"))
    made = folder / "reports/cmf-2.0/example-corp-reference-server-0.1.0"
    return Certified(made, folder / "key.pem", said, code)


class Forged:
    """A copy of a bundle that can be changed and signed again, as its vendor could."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder = folder
        self.signer = signing.signer_of(key)

    @property
    def report(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / bundle.REPORT).read_text("utf-8"))
        return loaded

    def edit(self, change: Change) -> None:
        """Change the report, with everything made from it, and sign."""
        edited = self.report
        change(edited)
        (self.folder / bundle.REPORT).write_text(json.dumps(edited), "utf-8")
        self.render()
        self.sign()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in unpacked(self.folder).splitlines()]

    def put(self, lines: list[dict[str, Any]]) -> None:
        """Other evidence, and sign."""
        run = self.folder.with_name("run")
        run.mkdir()
        for name in (bundle.REPORT, bundle.HTML, bundle.JUNIT):
            shutil.copy(self.folder / name, run)
        (run / "evidence.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "ascii")
        bundle.assemble(
            run,
            self.folder,
            (self.folder / bundle.IMPLEMENTATION).read_bytes(),
            signing.public_text(self.signer),
        )
        self.render()
        self.sign()

    def render(self) -> None:
        report = document.read(self.folder / bundle.REPORT)
        plain = self.folder.with_name("plain.ndjson")
        plain.write_bytes(unpacked(self.folder))
        evidence = Evidence(plain)
        (self.folder / bundle.HTML).write_text(render_html(report, evidence), "utf-8")
        (self.folder / bundle.JUNIT).write_text(render_junit(report, evidence), "utf-8")

    def sign(self) -> None:
        report = document.read(self.folder / bundle.REPORT)
        payload = attestation.payload(report, bundle.digests(self.folder))
        (self.folder / bundle.ATTESTATION).write_text(signing.sign(payload, self.signer), "utf-8")

    def verify(self, *, again: bool = False) -> Verification:
        """Verify it; ``again`` plays the run back as well, which takes seconds."""
        return verify(self.folder, (self.signer.public_key,), again=again)

    def wrong(self, *, again: bool = False) -> dict[str, str]:
        """The first flaw of each aspect that is wrong."""
        found: dict[str, str] = {}
        for flaw in self.verify(again=again).flaws:
            found.setdefault(flaw.aspect, flaw.message)
        return found


def unpacked(folder: Path) -> bytes:
    return bundle.zstd.decompress((folder / bundle.EVIDENCE).read_bytes())
