"""Make the bundle of the reference server anew, and verify it.

    python reports/make_reference_bundle.py [FOLDER]

``FOLDER`` is where bundles are kept, by default this one.  The key is that of ``CMF_CONFORMANCE_SIGNING_KEY``;
without one a key is made for this bundle and thrown away, which shows that the files belong together and no more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from conformance.certification import implementation, signing
from conformance.registry import CONTRACT

HERE = Path(__file__).resolve().parent
DESCRIBED = HERE / "reference" / "implementation.yaml"


def command(*words: str | Path, environment: dict[str, str]) -> None:
    """Run a command of the harness; its failure is ours."""
    subprocess.run([sys.executable, "-m", "conformance", *words], check=True, env=environment)  # noqa: S603


def main() -> None:
    """Certify, then verify with the key that has signed."""
    reports = Path(sys.argv[1]).resolve() if sys.argv[1:] else HERE
    environment = dict(os.environ)
    with tempfile.TemporaryDirectory() as room:
        if not environment.get(signing.VARIABLE):
            signing.new_key(Path(room) / "key.pem")
            environment[signing.VARIABLE] = (Path(room) / "key.pem").read_text(encoding="ascii")
        trusted = Path(room) / "trusted.pub"
        trusted.write_bytes(signing.public_text(signing.signer_of(None, environment)))
        run = ("--report-dir", Path(room) / "run", "--reports", reports, "--replace", "--quiet")
        command("certify", "--reference", "--implementation", DESCRIBED, *run, environment=environment)
        folder = reports / CONTRACT / implementation.read(DESCRIBED).folder
        command("verify", folder, "--trust", trusted, environment=environment)


if __name__ == "__main__":
    main()
