"""The catalogue of one contract version: requirements, errata and profiles, read from its data files.

Data files that do not obey their JSON Schema, or that refer to each other wrongly, raise ``CatalogueError``:
a defect of this package, not of its user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs
import yaml

from conformance import resources
from conformance.config import Selection
from conformance.errors import SelectionError
from conformance.model import Erratum, Level, Profile, Requirement, Source

CONTRACT = "cmf-2.0"
CHOICE = "a correct server may answer so, and need not"

T = TypeVar("T")


class CatalogueError(Exception):
    """A data file of the contract is broken."""


@dataclass(frozen=True)
class Catalogue:
    """Everything that is known about one contract version, apart from its OpenAPI document."""

    version: str
    requirements: Mapping[str, Requirement]
    errata: Mapping[str, Erratum]
    profiles: Mapping[str, Profile]
    contract_sha256: str
    """Digest of the OpenAPI document."""
    catalogue_sha256: str
    """Digest over requirements, errata and profiles."""
    number: int
    """The version of the catalogue itself; what was released under it never changes (docs/governance.md)."""

    @property
    def areas(self) -> tuple[str, ...]:
        """Every area, in the order of the catalogue."""
        return tuple(dict.fromkeys(requirement.area for requirement in self.requirements.values()))

    def select(self, selection: Selection) -> tuple[Requirement, ...]:
        """The requirements a run judges, in the order of the catalogue.

        Raises ``SelectionError`` for an unknown name, and when nothing is left.
        """
        profile = _known(self.profiles, selection.profile, "profile")
        chosen = [self.requirements[name] for name in profile.requirements]
        if selection.requirements:
            wanted = {_known(self.requirements, name, "requirement").id for name in selection.requirements}
            chosen = [requirement for requirement in chosen if requirement.id in wanted]
        if selection.areas:
            for area in selection.areas:
                _known(dict.fromkeys(self.areas), area, "area")
            chosen = [requirement for requirement in chosen if requirement.area in selection.areas]
        if selection.levels:
            for level in selection.levels:
                _known(dict.fromkeys(Level), level, "level")
            chosen = [requirement for requirement in chosen if requirement.level in selection.levels]
        if selection.operations:
            known = {name for requirement in self.requirements.values() for name in requirement.operations}
            for operation in selection.operations:
                _known(dict.fromkeys(known), operation, "operation")
            wanted = set(selection.operations)
            # What names no operation holds for all of them.
            chosen = [each for each in chosen if not each.operations or wanted & set(each.operations)]
        if not chosen:
            raise SelectionError(
                "The selection matches no requirement", hint="cmf-conformance list shows what there is"
            )
        return tuple(chosen)

    def extended(self, requirements: Iterable[Requirement]) -> Catalogue:
        """The catalogue with requirements that are in no profile, and so are never selected."""
        return replace(self, requirements={**self.requirements, **{each.id: each for each in requirements}})

    def errata_of(self, requirement: str) -> tuple[str, ...]:
        """The errata that say how this requirement is judged."""
        return tuple(erratum.id for erratum in self.errata.values() if requirement in erratum.requirements)

    def tolerated(self, operation: str) -> frozenset[int]:
        """The statuses that errata accept from an operation beyond the documented ones."""
        return frozenset(
            status
            for erratum in self.errata.values()
            for name, statuses in erratum.statuses
            if name in {operation, "*"}
            for status in statuses
        )


@lru_cache(maxsize=4)
def unprovoked(version: str = CONTRACT) -> Mapping[tuple[str, int], str]:
    """The documented answers that a run may never see, by operation and status, each with the reason.

    Raises ``CatalogueError`` when the data file is broken.
    """
    document = _read(resources.contract_folder(version) / "pairs.yaml", "pairs")
    return {
        (operation, int(status)): " ".join(entry.get("unprovoked", CHOICE).split())
        for operation, statuses in document["pairs"].items()
        for status, entry in statuses.items()
        if "unprovoked" in entry or "choice" in entry
    }


def described(known: Catalogue, sha256: str, operations: tuple[str, ...], schema: Requirement) -> Catalogue:
    """The catalogue as another document than the contract is judged by it.

    ``operations`` are those that only that document has, or has in another way; ``schema`` is the requirement that
    stands for schemas of which the catalogue knows nothing.
    """
    added = replace(schema, operations=operations)
    return replace(
        known,
        requirements={**known.requirements, added.id: added},
        profiles={
            name: replace(profile, requirements=(*profile.requirements, added.id))
            for name, profile in known.profiles.items()
        },
        contract_sha256=sha256,
    )


def _known(names: Mapping[str, T], name: str, what: str) -> T:
    if name in names:
        return names[name]
    close = suggestions(name, names)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(sorted(names)[:12])}"
    raise SelectionError(f"Unknown {what} {name!r}", hint=hint)


def suggestions(name: str, names: Iterable[str]) -> list[str]:
    """Up to three names that resemble a mistyped one, whatever their case."""
    import difflib  # noqa: PLC0415 - needed for mistakes only

    folded = {known.casefold(): known for known in names}
    return [
        folded[near] for near in difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.6)
    ]


@lru_cache(maxsize=4)
def catalogue(version: str = CONTRACT) -> Catalogue:
    """Read the catalogue of a contract version.

    Raises ``CatalogueError`` when its data files are broken.
    """
    folder = resources.contract_folder(version)
    requirements: dict[str, Requirement] = {}
    paths = sorted((folder / "requirements").glob("*.yaml"))
    for path in paths:
        document = _read(path, "requirements")
        for raw in document["requirements"]:
            requirement = _requirement(document["area"], raw)
            if requirement.id in requirements:
                raise CatalogueError(f"{path.name}: {requirement.id} is defined twice")
            requirements[requirement.id] = requirement
    errata = {raw["id"]: _erratum(raw) for raw in _read(folder / "errata.yaml", "errata")["errata"]}
    profiles = {
        name: Profile(name, raw["title"], tuple(raw["requirements"]))
        for name, raw in _read(folder / "profiles.yaml", "profiles")["profiles"].items()
    }
    named = {name for profile in profiles.values() for name in profile.requirements}
    named |= {name for erratum in errata.values() for name in erratum.requirements}
    if unknown := sorted(named - requirements.keys()):
        raise CatalogueError(f"Profiles or errata name unknown requirements: {', '.join(unknown)}")
    return Catalogue(
        version=version,
        requirements=requirements,
        errata=errata,
        profiles=profiles,
        contract_sha256=_digest([folder / "openapi.yaml"]),
        catalogue_sha256=_digest([*paths, folder / "errata.yaml", folder / "profiles.yaml"]),
        number=_read(folder / "catalogue.yaml", "catalogue")["catalogue"],
    )


def _read(path: Path, schema: str) -> Any:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        _validator(schema).validate(document)
    except (OSError, yaml.YAMLError, jsonschema_rs.ValidationError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    return document


@lru_cache(maxsize=8)
def _validator(name: str) -> jsonschema_rs.Validator:
    folder = resources.schemas_folder()
    base = folder.as_uri() + "/"
    schemas = {
        path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.schema.json")
    }
    registry = jsonschema_rs.Registry([(base + file, schema) for file, schema in schemas.items()])
    return jsonschema_rs.validator_for({"$ref": f"{base}{name}.schema.json"}, registry=registry)


def _sources(raw: list[dict[str, str]]) -> tuple[Source, ...]:
    return tuple(Source(kind, at) for entry in raw for kind, at in entry.items())


def _requirement(area: str, raw: dict[str, Any]) -> Requirement:
    return Requirement(
        id=raw["id"],
        level=Level(raw["level"]),
        area=area,
        title=raw["title"],
        sentence=raw["sentence"],
        sources=_sources(raw["sources"]),
        operations=tuple(raw["operations"]),
        schema=raw.get("schema"),
        feature=raw.get("feature"),
    )


def _erratum(raw: dict[str, Any]) -> Erratum:
    return Erratum(
        id=raw["id"],
        title=raw["title"],
        quotes=_sources(raw["quotes"]),
        decision=raw["decision"],
        reason=raw["reason"],
        requirements=tuple(raw["requirements"]),
        strict=raw["strict"],
        statuses=tuple((name, tuple(statuses)) for name, statuses in raw.get("statuses", {}).items()),
    )


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
