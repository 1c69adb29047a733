"""Which requirement a divergence breaks, by what was done before it was seen.

``touched`` is the resource that a step was about, and ``verb`` what it did: ``create``, ``update`` (POST), ``put``,
``conflict``, ``delete``, ``kept`` (its deletion was refused), ``spoil``, ``start``, ``suspend``, ``stop``, ``resume``;
``nowhere`` and ``unknown`` stand for writes to what does not exist.
"""

from __future__ import annotations

from conformance.kinds import APPLICATION, ENVIRONMENT, Kind
from conformance.sequences.model import APPLICATIONS, ENVIRONMENTS, MAPPINGS, SECRETS, Key, World

_OF_NEIGHBOURS = {
    "delete": "DELETE",
    "put": "UPDATE",
    "spoil": "REFUSED",
    "start": "START",
    "suspend": "SUSPEND",
    "stop": "STOP",
    "resume": "RESUME",
}


def damage(kind: Kind, key: Key, touched: Key | None, verb: str) -> str:
    """The requirement that a resource breaks that is not what it was, after something was done elsewhere."""
    if touched is None:
        return kind.rule("GET")
    if touched.plural == ENVIRONMENTS and key.environment == touched.name:
        return _of_child(kind, verb)
    if touched.plural == SECRETS and key.plural == MAPPINGS and verb == "kept":
        return "CMF-AGREE-SECRET-DELETED"
    if touched.plural != key.plural:
        return kind.rule("GET")
    if touched.name == key.name and touched.environment != key.environment:
        return kind.rule("NAME-SCOPE")
    return kind.rule(_OF_NEIGHBOURS.get(verb, "GET"))


def intrusion(  # noqa: PLR0911 - one return for each case
    world: World, kind: Kind, key: Key, touched: Key | None, verb: str
) -> tuple[str, str]:
    """The requirement that a resource breaks that is listed and must not be there, and what is wrong with it."""
    if touched is not None and touched.plural == ENVIRONMENTS and verb == "create":
        rule = ENVIRONMENT.rule("DELETE-CHILDREN") if kind is APPLICATION else "CMF-AGREE-ENVIRONMENT-DELETED"
        return rule, "is back in a new environment"
    if verb == "nowhere":
        return kind.rule("ENVIRONMENT-UNKNOWN"), "was refused"
    if verb == "unknown":
        return kind.rule("UPDATE-UNKNOWN"), "does not exist"
    if verb == "spoil" and key == touched:
        return kind.rule("REFUSED"), "was refused"
    if key in world.removed:
        return kind.rule("DELETE"), "was deleted"
    if world.has_namesake(key):
        return kind.rule("LIST-SCOPE"), "lies in another environment"
    return kind.rule("LIST"), "was never created"


def _of_child(kind: Kind, verb: str) -> str:
    applications = kind.plural == APPLICATIONS
    if verb == "update":
        return kind.rule("GET") if applications else "CMF-AGREE-ENVIRONMENT-UPDATED"
    return ENVIRONMENT.rule("DELETE-CHILDREN") if applications else "CMF-AGREE-ENVIRONMENT-DELETED"
