"""Private requirements: what somebody demands of a server beside the contract, in a folder with scenarios.

They are an area of their own and never count for the verdict of the contract, so their ids must not look as if
they did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from conformance import documents
from conformance.errors import ConfigurationError
from conformance.model import Level, Requirement

AREA = "private"
FILE = "requirements.yaml"
"""Where a folder of scenarios declares what they check."""
_TAKEN = ("CMF-", "ERR-")
_HINT = "docs/private-scenarios.md shows the file"


@dataclass(frozen=True)
class Folder:
    """A folder of private scenarios."""

    path: Path
    name: str
    """What reports call it; of several folders no two have the same."""
    requirements: tuple[Requirement, ...]
    sha256: str
    """Digest over its requirements and its Python files."""

    def document(self) -> dict[str, Any]:
        """The folder as it stands in a report."""
        return {
            "folder": self.name,
            "sha256": self.sha256,
            "requirements": [_declaration(requirement) for requirement in self.requirements],
        }


def read(paths: Iterable[Path]) -> tuple[Folder, ...]:
    """The folders at these paths; raises ``ConfigurationError``."""
    folders: list[Folder] = []
    known: dict[str, Path] = {}
    for path in dict.fromkeys(path.resolve() for path in paths):
        if not path.is_dir():
            raise ConfigurationError(
                f"There is no folder of scenarios at {str(path)!r}", hint="--scenarios names a folder"
            )
        requirements = declared_in(path / FILE)
        for requirement in requirements:
            if requirement.id in known:
                _refuse(f"{requirement.id} is declared in {known[requirement.id]} and in {path}")
            known[requirement.id] = path
        alike = sum(folder.path.name == path.name for folder in folders)
        name = f"{path.name}-{alike + 1}" if alike else path.name
        folders.append(Folder(path, name, requirements, _digest(path)))
    return tuple(folders)


def declared_in(file: Path) -> tuple[Requirement, ...]:
    """The requirements that a file declares; raises ``ConfigurationError``."""
    what = f"The requirements {file}"
    content = documents.read(file, "The requirements", _HINT)
    document = documents.parse(content, what, "private-requirements", _HINT)
    requirements = of_declarations(document["requirements"])
    seen: set[str] = set()
    for requirement in requirements:
        if requirement.id.startswith(_TAKEN):
            _refuse(f"{what} declare {requirement.id}, but {requirement.id[:4]}... belongs to the contract")
        if requirement.id in seen:
            _refuse(f"{what} declare {requirement.id} twice")
        seen.add(requirement.id)
    return requirements


def of_declarations(raw: Sequence[Mapping[str, Any]]) -> tuple[Requirement, ...]:
    """Requirements from what a file or a report says of them."""
    return tuple(
        Requirement(
            id=each["id"],
            level=Level(each["level"]),
            area=AREA,
            title=each["title"],
            sentence=each["sentence"],
            sources=(),
            operations=(),
            feature=each.get("feature"),
        )
        for each in raw
    )


def _declaration(requirement: Requirement) -> dict[str, Any]:
    plain = {
        "id": requirement.id,
        "level": requirement.level.value,
        "title": requirement.title,
        "sentence": requirement.sentence,
    }
    return plain | ({"feature": requirement.feature} if requirement.feature else {})


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([folder / FILE, *folder.rglob("*.py")]):
        if path.is_file():
            name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
            digest.update(name + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _refuse(message: str) -> NoReturn:
    raise ConfigurationError(message, _HINT)
