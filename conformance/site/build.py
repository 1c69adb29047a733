"""The site as a folder: made whole beside its place, and put there in one step.

What stands in its place is replaced only when all of it was written by an earlier build.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance import __version__
from conformance.certification import bundle
from conformance.certification.bundle import NotABundle
from conformance.certification.finding import Flaw
from conformance.errors import ReportError
from conformance.report.files import write_whole
from conformance.site import badge, pages
from conformance.site.entries import Entry, State
from conformance.site.pages import Site

LISTING = "site.json"
"""What the site holds, for programs; it also tells that a folder is a site."""
_BUNDLE = "bundle"


def build(site: Site, output: Path) -> Site:
    """Write the site; returns it as it was written, as a bundle may have changed meanwhile.

    Raises ``ReportError`` when the folder holds anything but an earlier site, or can't be written.
    """
    output = output.absolute()
    must_be_replaceable(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".site-", dir=output.parent) as room:
            made = Path(room) / "site"
            made.mkdir(mode=0o755)
            written = replace(site, entries=tuple(_published(entry, made) for entry in site.entries))
            _write(written, made)
            if output.is_dir():
                shutil.rmtree(output)
            made.rename(output)
    except OSError as problem:
        raise ReportError(
            f"The site {output} can't be written: {problem.strerror or problem}",
            "choose a folder that you may write to, with space left",
        ) from problem
    return written


def must_be_replaceable(output: Path) -> None:
    """Raise ``ReportError`` unless nothing but an earlier site, or nothing at all, stands there."""
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise ReportError(f"{output} is no folder", "--output names a folder, which need not exist")
    if not output.is_dir():
        return
    found = {str(path.relative_to(output)) for path in output.rglob("*") if not path.is_dir()}
    try:
        earlier = json.loads((output / LISTING).read_text(encoding="utf-8"))["files"] if found else []
        foreign = found - {LISTING, *map(str, earlier)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        foreign = found
    if foreign:
        raise ReportError(
            f"{output} holds what no earlier site has written, such as {min(foreign)!a}",
            "name a new folder, or move that away",
        )


def _published(entry: Entry, made: Path) -> Entry:
    """The entry with its bundle copied, when it is to be believed."""
    room = made / entry.contract / entry.slug
    room.mkdir(parents=True)
    if entry.state is not State.CONFORMANT:
        return entry
    (room / _BUNDLE).mkdir()
    try:
        bundle.copy(entry.path, room / _BUNDLE, entry.digests)
    except NotABundle as problem:
        shutil.rmtree(room / _BUNDLE)
        flaw = Flaw("files", str(problem))
        return replace(entry, state=State.NOT_VALID, flaws=(flaw,), report=None)
    return entry


def _write(site: Site, made: Path) -> None:
    write_whole(made / "index.html", pages.index(site))
    for contract in {entry.contract for entry in site.entries}:
        write_whole(made / f"{contract}.html", pages.matrix(site, contract))
    for entry in site.entries:
        room = made / entry.contract / entry.slug
        write_whole(room / "index.html", pages.detail(site, entry))
        write_whole(room / "badge.svg", badge.svg(entry))
    listing = {
        "generator": f"cmf-conformance {__version__}",
        "trusted_keys": site.trusted,
        "implementations": list(_listed(site)),
        "files": sorted(str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()),
    }
    write_whole(made / LISTING, json.dumps(listing, indent=1) + "\n")


def _listed(site: Site) -> Iterator[dict[str, Any]]:
    for entry in site.entries:
        vendor, home = entry.implementation, f"{entry.contract}/{entry.slug}"
        standings = {name: entry.standing(site.known, name) for name in site.known.profiles}
        yield {
            "contract": entry.contract,
            "state": entry.state.value,
            "vendor": vendor.vendor if vendor else None,
            "product": vendor.product if vendor else None,
            "version": vendor.version if vendor else None,
            "profile": entry.report.run["profile"] if entry.report else None,
            "profiles": {name: found.verdict.value for name, found in standings.items() if found},
            "finished": entry.report.run["finished"] if entry.report else None,
            "harness": entry.version or None,
            "key": entry.key or None,
            "flaws": [{"aspect": flaw.aspect, "message": flaw.message} for flaw in entry.flaws],
            "page": f"{home}/index.html",
            "badge": f"{home}/badge.svg",
            "report": f"{home}/{_BUNDLE}/{bundle.HTML}" if entry.report else None,
        }
