"""What is in an environment: it stays when the environment is updated, and goes with it or keeps it from being deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, LABELS
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
        self.states: list[tuple[Kind, str, Any]] = []
        for part, kind in KINDS.items():
            if part in parts:
                name = names[part]
                body = _body(kind, cmf, name, names, labels=LABELS, annotations=ANNOTATIONS)
                kind.collection(cmf, environment).post(body).needed()
                self._remember(kind, name)

    def add_at_rest(self) -> None:
        """Add a compute pool that nothing uses and, where that is possible, a statement that is stopped."""
        idle, stopped = self.cmf.name("pool"), self.cmf.name("stmt")
        self.cmf.compute_pools(self.environment).post(bodies.compute_pool(idle, self.cmf.features)).needed()
        self._remember(COMPUTE_POOL, idle)
        body = bodies.statement(stopped, self.cmf.features, pool=self.names["compute pool"], stopped=True)
        if self.cmf.statements(self.environment).post(body).status < 300:
            with suppress(Broken):
                until_phase(self.cmf, self.environment, stopped, "stopped")
            self._remember(STATEMENT, stopped)

    def add_failed(self) -> None:
        """Add a statement that has failed, where one that does not compile is accepted."""
        name = self.cmf.name("stmt")
        body = _body(STATEMENT, self.cmf, name, self.names, labels=LABELS, annotations=ANNOTATIONS)
        body["spec"]["statement"] = "SELEC nothing FRM nowhere;"
        if self.cmf.statements(self.environment).post(body).status < 300:
            with suppress(Broken):
                until_phase(self.cmf, self.environment, name, "failed")
            self._remember(STATEMENT, name)

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


KINDS = {"compute pool": COMPUTE_POOL, "statement": STATEMENT, "mapping": SECRET_MAPPING}
"""In the order in which they can be created."""


def _body(kind: Kind, cmf: Cmf, name: str, names: Mapping[str, str], **marks: Any) -> dict[str, Any]:
    if kind is COMPUTE_POOL:
        return bodies.compute_pool(name, cmf.features, **marks)
    if kind is STATEMENT:
        return bodies.statement(name, cmf.features, pool=names["compute pool"], **marks)
    return bodies.secret_mapping(name, secret=names["secret"], **marks)


def _names(cmf: Cmf, secret: str) -> dict[str, str]:
    return {**{part: cmf.name(kind.word.lower()) for part, kind in KINDS.items()}, "secret": secret}


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
    names = _names(cmf, new_secret())
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
        again = bodies.environment(name, cmf.features)
        eventually(lambda: cmf.environments.post(again).expect_accepted(), within=cmf.limits.settle)
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
                    collection, bare = kind.collection(cmf, name), _body(kind, cmf, each, names)
                    eventually(lambda: collection.post(bare).expect_accepted(), within=cmf.limits.settle)
    else:
        contents.remove()
        with check("CMF-AGREE-ENVIRONMENT-DELETED", f"with {what}: once empty it can be deleted"):
            cmf.environments.delete(name).expect_accepted()


@requirement("CMF-POOL-RECREATE", "CMF-STMT-RECREATE", "CMF-STMT-UID", "CMF-MAP-RECREATE")
def test_create_again_after_the_environment(cmf: Cmf, check: Checks, new_secret: Callable[[], str]) -> None:
    names, name = _names(cmf, new_secret()), _environment(cmf)
    contents = Contents(cmf, name, tuple(KINDS), names)
    contents.add_failed()
    if cmf.environments.delete(name).status >= 300:
        for rule in (*(kind.rule("RECREATE") for kind in KINDS.values()), "CMF-STMT-UID"):
            check.nothing_to_judge(rule, "the target refuses to delete an environment with something in it")
        return
    eventually(lambda: cmf.environments.get(name).expect_absent(), within=cmf.limits.settle)
    eventually(contents.require_gone, within=cmf.limits.settle)
    new = bodies.environment(name, cmf.features)
    eventually(lambda: cmf.environments.post(new).expect_accepted(), within=cmf.limits.settle)
    for kind, each, before in contents.states:
        collection, rule = kind.collection(cmf, name), kind.rule("RECREATE")
        bare = _body(kind, cmf, each, names)
        with check(rule, f"the name of a {kind.noun} that went with its environment can be used again"):
            eventually(lambda: collection.post(bare).expect_accepted(), within=cmf.limits.settle)
        after = collection.get(each).needed(200).body
        with check(rule, f"nothing of the {kind.noun} that went with its environment is left"):
            kind.require_stored(after, bare, f"the new {kind.noun}: ")
            for part, old in (("labels", LABELS), ("annotations", ANNOTATIONS)):
                back = [key for key in old if optional(after, "metadata", part, key) is not None]
                require(not back, f"{part} of the old one are back", expected="none", got=", ".join(back))
            if kind is STATEMENT:
                data = optional(cmf.exceptions(name, each).expect(200).body, "data")
                failed = views.phase(before) == "failed"
                require(not failed or not data, "the new statement has exceptions", expected="none")
        with check(
            "CMF-STMT-UID" if kind is STATEMENT else rule, f"the new {kind.noun} has a uid of its own"
        ):
            first, second = (optional(body, "metadata", "uid") for body in (before, after))
            require(first is None or first != second, "it has the uid of the old one", expected="another")


@requirement("CMF-AGREE-ENVIRONMENT-UPDATED")
def test_update_an_environment(cmf: Cmf, check: Checks, new_secret: Callable[[], str]) -> None:
    names = _names(cmf, new_secret())
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
