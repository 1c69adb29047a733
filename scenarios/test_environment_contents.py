"""What is in an environment: it stays when the environment is updated, and goes with it or keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.contract.media import JSON, YAML
from conformance.expectations import Broken, eventually, optional, require, require_equal
from conformance.kinds import COMPUTE_POOL, SECRET_MAPPING, STATEMENT, Kind
from conformance.runner.plugin import Checks
from conformance.running import until_phase
from conformance.scenario import needs_sql, requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

pytestmark = needs_sql


class Contents:
    """A statement, a compute pool and a secret mapping, or some of them, in one environment."""

    def __init__(self, cmf: Cmf, environment: str, parts: tuple[str, ...], names: Mapping[str, str]) -> None:
        self.cmf = cmf
        self.environment = environment
        self.names = names
        sent: dict[Kind, dict[str, Any]] = {}
        if "compute pool" in parts:
            sent[COMPUTE_POOL] = bodies.compute_pool(names["pool"], cmf.features, labels={"tier": "gold"})
        if "statement" in parts:
            sent[STATEMENT] = bodies.statement(names["statement"], cmf.features, pool=names["pool"])
        if "mapping" in parts:
            sent[SECRET_MAPPING] = bodies.secret_mapping(names["mapping"], secret=names["secret"])
        self.states: list[tuple[Kind, str, Any]] = []
        for kind, body in sent.items():
            kind.collection(cmf, environment).post(body).needed()
            self._remember(kind, body["metadata"]["name"])

    def add_at_rest(self) -> None:
        """Add a compute pool that nothing uses and, where that is possible, a statement that is stopped."""
        idle, stopped = self.cmf.name("pool"), self.cmf.name("stmt")
        self.cmf.compute_pools(self.environment).post(bodies.compute_pool(idle, self.cmf.features)).needed()
        self._remember(COMPUTE_POOL, idle)
        body = bodies.statement(stopped, self.cmf.features, pool=self.names["pool"], stopped=True)
        if self.cmf.statements(self.environment).post(body).status < 300:
            with suppress(Broken):
                until_phase(self.cmf, self.environment, stopped, "stopped")
            self._remember(STATEMENT, stopped)

    def _remember(self, kind: Kind, name: str) -> None:
        state = kind.collection(self.cmf, self.environment).get(name).needed(200).body
        self.states.append((kind, name, state))

    def require_there(self) -> None:
        """All of it is read and listed as it was."""
        for kind, name, state in self.states:
            collection = kind.collection(self.cmf, self.environment)
            now = collection.get(name).expect(200).body
            if kind is STATEMENT:  # its update time moves with its status
                require_equal(kind.view(now), kind.view(state), f"the {kind.noun}: ")
                if views.phase(state) == "stopped":
                    require_equal(views.phase(now), "stopped", f"the phase of the stopped {kind.noun}")
            else:
                kind.require_same(now, state, f"the {kind.noun}: ")
            listed = collection.names().count(name)
            require(
                listed == 1, f"the {kind.noun} is listed {listed} times", expected="once", got=str(listed)
            )

    def require_gone(self) -> None:
        """None of it can be read."""
        for kind, name, _ in self.states:
            kind.collection(self.cmf, self.environment).get(name).expect_absent()

    def remove(self) -> None:
        """Delete all of it, in the order in which it can be."""
        order = (STATEMENT, COMPUTE_POOL, SECRET_MAPPING)
        for kind, name, _ in sorted(self.states, key=lambda state: order.index(state[0])):
            collection = kind.collection(self.cmf, self.environment)
            collection.delete(name).needed(200, 202, 204)
            eventually(lambda: collection.get(name).expect_absent(), within=self.cmf.limits.settle)


def _environment(cmf: Cmf, name: str = "") -> str:
    name = name or cmf.name("env")
    cmf.environments.post(bodies.environment(name, cmf.features)).needed()
    return name


PARTS = {
    "a compute pool": ("compute pool",),
    "a secret mapping": ("mapping",),
    "a statement in a compute pool": ("compute pool", "statement"),
    "a statement, a compute pool and a mapping": ("compute pool", "statement", "mapping"),
}


@requirement("CMF-AGREE-ENVIRONMENT-DELETED")
@pytest.mark.parametrize("what", PARTS)
def test_delete_an_environment(cmf: Cmf, check: Checks, what: str, new_secret: Callable[[], str]) -> None:
    names = {word: cmf.name(word) for word in ("pool", "statement", "mapping")} | {"secret": new_secret()}
    name, parts = _environment(cmf), PARTS[what]
    contents = Contents(cmf, name, parts, names)
    others = {
        "another environment": Contents(cmf, _environment(cmf), parts, names),
        "an environment with a longer name": Contents(
            cmf, _environment(cmf, lookalikes.longer(name)), parts, names
        ),
    }
    catalog = cmf.name("cat")
    cmf.catalogs.post(bodies.catalog(catalog, secret_id=names["mapping"])).needed()
    answer: Answer = cmf.environments.delete(name)

    def all_gone() -> None:
        cmf.environments.get(name).expect_absent()
        contents.require_gone()

    with check(
        "CMF-AGREE-ENVIRONMENT-DELETED", f"with {what}: all is gone, or it was refused and all is there"
    ):
        answer.expect(200, 202, 204, 400, 409, 422)
        if answer.status < 300:
            eventually(all_gone, within=cmf.limits.settle)
        else:
            cmf.environments.get(name).expect(200)
            contents.require_there()
    for whose, elsewhere in others.items():
        with check("CMF-AGREE-ENVIRONMENT-DELETED", f"with {what}: {whose} keeps its namesakes"):
            elsewhere.require_there()
    with check("CMF-AGREE-ENVIRONMENT-DELETED", f"with {what}: secrets and catalogs stay"):
        cmf.secrets.get(names["secret"]).expect(200)
        cmf.catalogs.get(catalog).expect(200)
    if answer.status < 300:
        cmf.environments.post(bodies.environment(name, cmf.features)).needed()
        with check(
            "CMF-AGREE-ENVIRONMENT-DELETED",
            f"with {what}: a new environment of that name is empty, and the names are free",
        ):
            contents.require_gone()
            for kind in (STATEMENT, COMPUTE_POOL, SECRET_MAPPING):
                require_equal(
                    kind.collection(cmf, name).names(), [], f"the {kind.noun}s of the new environment, "
                )
            require(
                not optional(cmf.environments.get(name).expect(200).body, "secrets"),
                "it has secrets",
                expected="none",
            )
            for kind, each, _ in contents.states:
                if kind is not STATEMENT:
                    again = _again(kind, cmf, each, names)
                    kind.collection(cmf, name).post(again).expect_accepted()
    else:
        contents.remove()
        with check("CMF-AGREE-ENVIRONMENT-DELETED", f"with {what}: once empty it can be deleted"):
            cmf.environments.delete(name).expect_accepted()


def _again(kind: Kind, cmf: Cmf, name: str, names: Mapping[str, str]) -> dict[str, Any]:
    if kind is COMPUTE_POOL:
        return bodies.compute_pool(name, cmf.features)
    return bodies.secret_mapping(name, secret=names["secret"])


@requirement("CMF-AGREE-ENVIRONMENT-UPDATED")
def test_update_an_environment(cmf: Cmf, check: Checks, new_secret: Callable[[], str]) -> None:
    names = {word: cmf.name(word) for word in ("pool", "statement", "mapping")} | {"secret": new_secret()}
    name = _environment(cmf)
    contents = Contents(cmf, name, PARTS["a statement, a compute pool and a mapping"], names)
    contents.add_at_rest()
    updates: dict[str, tuple[dict[str, Any], str]] = {
        "with defaults": ({"flinkApplicationDefaults": {"metadata": {"labels": {"a": "b"}}}}, JSON),
        "with other defaults, as YAML": (
            {"flinkApplicationDefaults": {"metadata": {"labels": {"c": "d"}}}},
            YAML,
        ),
        "without defaults": ({}, JSON),
    }
    for what, (fields, media_type) in updates.items():
        body = bodies.environment(name, cmf.features, **fields)
        cmf.environments.post(body, media_type=media_type).needed()
        with check(
            "CMF-AGREE-ENVIRONMENT-UPDATED", f"after an update {what}, all that is in it is as it was"
        ):
            contents.require_there()
    cmf.environments.post({**bodies.environment(name, cmf.features), "flinkApplicationDefaults": "x"})
    with check("CMF-AGREE-ENVIRONMENT-UPDATED", "so it is after an update that was refused"):
        contents.require_there()
