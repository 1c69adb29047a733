"""Nothing that a run writes holds a credential or a planted secret, though the target repeats all of them."""

# ruff: noqa: S105 - the secrets are none
from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from .conftest import Done
from .gateway import Gateway

SECRET = 's3cret/of:the+client"with\\odd%chars'
KEY = 'key/of+the="gateway"\\with&odd%chars'
WRITERS = {
    "plain": lambda value: [value],
    "quoted for a URL": lambda value: [
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        quote(value).lower(),
    ],
    "escaped for JSON": lambda value: [
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        "".join(f"\\u{ord(character):04x}" for character in value),
    ],
    "in base64": lambda value: [text for encode in ENCODERS for text in anywhere_in_base64(value, encode)],
}
ENCODERS = (base64.b64encode, base64.urlsafe_b64encode)


def anywhere_in_base64(value: str, encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What is the same wherever the value stands in what was encoded."""
    for before in range(3):
        text = encode(b"\0" * before + value.encode()).decode().rstrip("=")
        yield text[(before * 8 + 5) // 6 : (before + len(value.encode())) * 8 // 6]


@dataclass
class Left:
    """What a run and a clean-up left."""

    gate: Gateway
    run: Done
    cleanup: Done
    folder: Path

    def written(self) -> dict[str, str]:
        """Everything that was written, by where."""
        texts = {
            str(path.relative_to(self.folder)): path.read_bytes().decode("utf-8", "replace")
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        for name, done in (("run", self.run), ("cleanup", self.cleanup)):
            texts |= {f"stdout of {name}": done.stdout, f"stderr of {name}": done.stderr}
        return texts

    def planted(self) -> set[str]:
        """The words that the run has put into secrets on the target."""
        bodies = b"\n\n".join(self.gate.seen.bodies).decode("utf-8", "replace")
        return set(
            re.findall(r"\.password\W.{0,40}?(?<![A-Za-z])([A-Za-z]{20})(?![A-Za-z])", bodies, re.DOTALL)
        )


@pytest.fixture
def left(gateway: Callable[..., Gateway], call: Callable[..., Done], tmp_path: Path) -> Left:
    """A run through an indiscreet gateway, with tokens of a short life, and a clean-up."""
    gate = gateway(
        indiscreet=True, client=("a client", SECRET), key=("X-Api-Key", KEY), lifetime=1.5, announced=None
    )
    folder = tmp_path / "report"
    (tmp_path / "cmf.yaml").write_text("auth: {headers: [{name: X-Api-Key, variable: KEY}]}\n")
    access = ("--url", gate.url, "--config", "cmf.yaml", "--oauth-token-url", gate.token_url)
    variables = {"CMF_CONFORMANCE_CLIENT_ID": "a client", "CMF_CONFORMANCE_CLIENT_SECRET": SECRET, "KEY": KEY}
    words = ("--requirement", "CMF-SECRET-HIDDEN", "--requirement", "CMF-AUTH-HIDDEN", "--report-dir", folder)
    run = call("run", *access, *words, **variables)
    cleanup = call("cleanup", folder / "ledger.ndjson", *access, **variables)
    return Left(gate, run, cleanup, folder)


def test_no_secret_is_written_anywhere(left: Left) -> None:
    assert left.run.returncode == 1, left.run.stderr
    assert left.cleanup.returncode == 0, left.cleanup.stderr
    document = json.loads((left.folder / "report.json").read_text())
    verdicts = {each["id"]: each["verdict"] for each in document["requirements"]}
    assert verdicts["CMF-SECRET-HIDDEN"] == "fail", "the leak is seen all the same"
    planted, issued = left.planted(), set(left.gate.seen.issued)
    assert len(planted) >= 5
    assert len(issued) >= 2
    written = left.written()
    assert any(name.startswith("allure-results/") for name in written)
    assert {
        "report.json",
        "report.html",
        "report.md",
        "junit.xml",
        "evidence.ndjson",
        "ledger.ndjson",
    } <= set(written)
    whole = "".join(written.values())
    for mask in ("REDACTED-token", "REDACTED-client-secret", "REDACTED-header", "REDACTED-canary"):
        assert mask in whole, "what was to be hidden came by"
    found = [
        (where, form, value)
        for value in {SECRET, KEY, *planted, *issued}
        for form, write in WRITERS.items()
        for text in write(value)
        for where, content in written.items()
        if text in content
    ]
    assert found == []
