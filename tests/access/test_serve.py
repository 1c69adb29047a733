"""``cmf-conformance serve`` can demand a token."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import httpx


def test_serve_demands_the_token_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "serve", "--port", "0", "--token-file", tmp_path / "token"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().removeprefix("listening on ") + "/cmf/api/v1/environments"
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers={"Authorization": "Bearer s3cret"}).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
