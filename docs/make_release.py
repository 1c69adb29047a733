"""Make what is published of a version, from the last commit, into ``dist/``: ``tox -e release``.

The sdist and the wheel, each built twice in different folders, which must give the same bytes; the bill of
materials (CycloneDX) of an environment that holds nothing but the wheel; and the checksums of all of them.
"""
# ruff: noqa: INP001, S603, S607 - a script beside the pages, which starts git, pip and others

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


def git(*words: str) -> bytes:
    """What git says about this repository."""
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout


def build(source: bytes, room: Path, epoch: str) -> dict[str, bytes]:
    """Build what was committed, in a new folder; the content of what was made, by its name."""
    with tarfile.open(fileobj=io.BytesIO(source)) as packed:
        packed.extractall(room, filter="data")
    for kind in ("sdist", "wheel"):
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", "out"],
            cwd=room,
            env={**os.environ, "SOURCE_DATE_EPOCH": epoch},
            check=True,
        )
    return {path.name: path.read_bytes() for path in sorted((room / "out").iterdir())}


def bill_of_materials(wheel: Path, target: Path, room: Path) -> None:
    """Describe the wheel and everything that pip installs along with it."""
    venv.create(room, with_pip=False)
    python = room / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel], check=True)
    # The version stands in the package, where the tool does not look.
    described, version = room / "pyproject.toml", wheel.name.split("-")[1]
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    described.write_text(text.replace('dynamic = ["version"]', f'version = "{version}"', 1), encoding="utf-8")
    command = ["environment", "--pyproject", described, "--output-reproducible", "--validate"]
    subprocess.run(
        [Path(sys.executable).with_name("cyclonedx-py"), *command, "--output-file", target, python],
        check=True,
    )


def main() -> int:
    """Make all of it."""
    # A build is of the time of its commit, so that anybody can repeat it.
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct").decode().strip()
    source = git("archive", "--format=tar", "HEAD")
    if git("status", "--porcelain").strip():
        print("Note: what is not committed is not in it", file=sys.stderr)  # noqa: T201 - a script
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(suffix="-again") as two:
        made, again = (build(source, Path(room), epoch) for room in (one, two))
    if differing := sorted(name for name in made.keys() | again.keys() if made.get(name) != again.get(name)):
        print(f"Two builds differ: {', '.join(differing)}", file=sys.stderr)  # noqa: T201 - a script
        return 1
    DIST.mkdir(exist_ok=True)
    for name, content in made.items():
        (DIST / name).write_bytes(content)
    (wheel,) = (DIST / name for name in made if name.endswith(".whl"))
    bom = DIST / f"{wheel.name.removesuffix('-py3-none-any.whl')}.cdx.json"
    with tempfile.TemporaryDirectory() as room:
        bill_of_materials(wheel, bom, Path(room))
    published = sorted((*(DIST / name for name in made), bom))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in published]
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="ascii")
    print(f"{DIST}, built twice with SOURCE_DATE_EPOCH={epoch}:\n{''.join(lines)}", end="")  # noqa: T201 - a script
    return 0


if __name__ == "__main__":
    sys.exit(main())
