"""Record which requirements a version of the catalogue holds, in ``specs/cmf-2.0/catalogue.yaml``.

    python docs/freeze_catalogue.py             after any change of the contract, requirements, errata or profiles
    python docs/freeze_catalogue.py --release   freeze the version: from now on it can't change
    python docs/freeze_catalogue.py --new       begin the next version, when the last one is frozen

``tests/test_governance.py`` fails while the record is out of date.  docs/governance.md says what a version means.
"""
# ruff: noqa: INP001 - a script beside the pages

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from conformance import __version__
from conformance.registry import CONTRACT, Catalogue, catalogue

FILE = Path(__file__).parents[1] / "specs" / CONTRACT / "catalogue.yaml"
COMMAND = "python docs/freeze_catalogue.py"
_HEAD = f"""\
# Written by `{COMMAND}`; docs/governance.md says when. What is released never changes.
"""


class Frozen(Exception):
    """What is asked for would change a released version, or leave one out; the message says what to do."""


def record(known: Catalogue) -> dict[str, Any]:
    """What is recorded of the catalogue as it is."""
    return {
        "contract_sha256": known.contract_sha256,
        "catalogue_sha256": known.catalogue_sha256,
        "profiles": {name: len(profile.requirements) for name, profile in known.profiles.items()},
    }


def recorded(
    document: Mapping[str, Any], known: Catalogue, harness: str, *, new: bool = False, release: bool = False
) -> dict[str, Any]:
    """The record brought up to date; raises ``Frozen``."""
    versions = [dict(each) for each in document["versions"]]
    last = versions[-1]
    if new:
        if last["released"] is None:
            raise Frozen(
                f"Catalogue {last['catalogue']} is not released yet, so it may still change: no --new"
            )
        last = {"catalogue": last["catalogue"] + 1, "released": None}
        versions.append(last)
    now = record(known)
    changed = [name for name, value in now.items() if last.get(name) != value]
    if last["released"] is not None and changed:
        raise Frozen(
            f"Catalogue {last['catalogue']} was released with cmf-conformance {last['released']} and can't change;"
            f" {COMMAND} --new begins the next one"
        )
    last.update(now)
    if release and last["released"] is None:
        last["released"] = harness
    return {"catalogue": last["catalogue"], "versions": versions}


def main(arguments: list[str]) -> int:
    """Write the record."""
    parser = argparse.ArgumentParser(
        description="Record which requirements a version of the catalogue holds."
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--new", action="store_true", help="begin the next version")
    only.add_argument("--release", action="store_true", help=f"freeze it, as released with {__version__}")
    options = parser.parse_args(arguments)
    before = FILE.read_text(encoding="utf-8")
    try:
        made = recorded(
            yaml.safe_load(before), catalogue(), __version__, new=options.new, release=options.release
        )
    except Frozen as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a script
        return 1
    after = _HEAD + yaml.safe_dump(made, sort_keys=False)
    FILE.write_text(after, encoding="utf-8")
    state = made["versions"][-1]["released"]
    print(  # noqa: T201 - a script
        f"Catalogue {made['catalogue']} of {CONTRACT}: {'unchanged' if after == before else 'recorded'}, "
        f"{f'released with {state}' if state else 'not released'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
