"""Where the data that travels with the package lies: contract versions and scenarios.

In a wheel they are folders of the package; in a checkout (or an editable install) they stand beside it.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def contract_folder(version: str) -> Path:
    """The folder of one contract version, e.g. ``cmf-2.0``."""
    return _folder("specs") / version


def schemas_folder() -> Path:
    """The folder of the JSON Schemas that the contract's data files obey."""
    return _folder("specs") / "schemas"


def scenarios_folder() -> Path:
    """The folder of the scenario modules."""
    return _folder("scenarios")
