"""Agreement: mappings, environments and secrets tell one story, which deleting a mapped secret does not spoil."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from conformance import bodies
from conformance.contract.media import JSON, YAML
from conformance.expectations import eventually, optional, require, require_equal
from conformance.kinds import SECRET_MAPPING
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql

Story = dict[str, dict[str, str]]
"""The mappings of each environment, with the secret of each."""


@pytest.fixture
def other_environment(cmf: Cmf) -> str:
    """The name of another empty environment, with every sign in it that a name may have: stories are told by names."""
    name = f"{cmf.name('env')}.eu-1.b"
    cmf.environments.post(bodies.environment(name, cmf.features)).needed()
    return name


class Telling:
    """Holds what environments and secrets say against what the mappings say.

    Whether the mappings themselves are as they were stored is the matter of other requirements.
    """

    def __init__(self, cmf: Cmf, check: Checks, story: Story, secrets: list[str]) -> None:
        self.cmf = cmf
        self.check = check
        self.story = story
        """What was done: for the secret of a mapping that does not show it."""
        self.secrets = secrets
        self.told: set[str] = set()
        """The requirements of which something was given to look at."""
        self._accepts = itertools.cycle((JSON, YAML))
        self._names: set[str] = set()
        self._mapped: Story = {}

    def holds(self, when: str) -> None:
        """Look at all of it, after something was done: as JSON and as YAML by turns."""
        accept = next(self._accepts)
        with self.check("CMF-AGREE-ENVIRONMENT", f"{when}, environments agree with their mappings"):
            eventually(lambda: self._environments(accept), within=self.cmf.limits.settle)
        with self.check("CMF-AGREE-SECRET", f"{when}, secrets know where they are attached"):
            eventually(lambda: self._secrets(accept), within=self.cmf.limits.settle)

    def judge_silence(self) -> None:
        """Say of what nothing was given to look at."""
        for rule in {"CMF-AGREE-ENVIRONMENT", "CMF-AGREE-SECRET"} - self.told:
            self.check.nothing_to_judge(rule, "the target does not give it, as the schema allows")

    def environment(self, body: Any, name: str) -> None:
        """A representation of an environment has the secrets that its mappings name."""
        told = optional(body, "secrets")
        if told is not None:
            self.told.add("CMF-AGREE-ENVIRONMENT")
            require_equal(told, self._mapped[name], f"the secrets of {name}, ")

    def secret(self, body: Any, name: str) -> None:
        """A representation of a secret names the environments it is attached to."""
        told = optional(body, "status", "environments")
        if told is None:
            return
        self.told.add("CMF-AGREE-SECRET")
        require(
            isinstance(told, list), "status.environments is no list", expected="a list", got=repr(told)[:100]
        )
        attached = sorted(place for place, mappings in self._mapped.items() if name in mappings.values())
        require_equal(sorted({str(each) for each in told}), attached, f"status.environments of {name}, ")

    def _environments(self, accept: str) -> None:
        self._look()
        for place in self._mapped:
            self.environment(self.cmf.environments.get(place, accept=accept).expect(200).body, place)

    def _secrets(self, accept: str) -> None:
        self._look()
        listed = {self.cmf.secrets.name_of(item): item for item in self.cmf.secrets.all(accept=accept)}
        for name in self.secrets:
            for body in (listed.get(name), self.cmf.secrets.get(name, accept=accept).expect(200).body):
                self.secret(body, name)

    def _look(self) -> None:
        """What the mappings say, each read by itself."""
        for mappings in self.story.values():
            self._names.update(mappings)
        self._mapped = {place: {} for place in self.story}
        for place, mappings in self._mapped.items():
            for name in self._names:
                answer = self.cmf.secret_mappings(place).get(name)
                if answer.status == 200:
                    named = optional(answer.body, "spec", "secretName") or self.story[place].get(name)
                    mappings[name] = str(named)


@requirement("CMF-AGREE-ENVIRONMENT", "CMF-AGREE-SECRET", "CMF-AGREE-LIST")
def test_one_story(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_secret: Callable[[], str]
) -> None:
    one, two = new_secret(), new_secret()
    first, second = cmf.name("secret-id"), cmf.name("secret-id")
    here, there = cmf.secret_mappings(environment), cmf.secret_mappings(other_environment)
    story: Story = {environment: {}, other_environment: {}}
    telling = Telling(cmf, check, story, [one, two])

    def mapping(name: str, secret: str) -> dict[str, Any]:
        return bodies.secret_mapping(name, secret=secret)

    telling.holds("before anything is mapped")
    here.post(mapping(first, one)).needed()
    story[environment][first] = one
    telling.holds("with one mapping")
    here.post(mapping(second, one), media_type=YAML).needed()
    story[environment][second] = one
    telling.holds("with two mappings to one secret")
    with check("CMF-AGREE-LIST", "the list of environments does not show them"):
        told = optional(cmf.environments.item(environment), "secrets")
        require(
            told in (None, {}), "it shows the secrets", expected="no secrets, or {}", got=repr(told)[:100]
        )
    there.post(mapping(first, one)).needed()
    story[other_environment][first] = one
    telling.holds("with a namesake in another environment")
    here.put(first, mapping(first, two)).needed(200, 201, 204)
    story[environment][first] = two
    telling.holds("after one of them was mapped to another secret")
    here.put(second, mapping(second, two), media_type=YAML).needed(200, 201, 204)
    story[environment][second] = two
    telling.holds("after the second was mapped to it, too")
    here.post(mapping(first, one))
    here.put(second, {**mapping(second, one), "spec": {}})
    here.put(cmf.name("never"), mapping(cmf.name("never"), one))
    telling.holds("after writes that were refused")
    defaults = {"flinkApplicationDefaults": {"metadata": {"labels": {"updated": "yes"}}}}
    answer = cmf.environments.post(bodies.environment(environment, cmf.features, **defaults)).needed()
    with check("CMF-AGREE-ENVIRONMENT", "what updating the environment answers agrees, too"):
        telling.environment(answer.body, environment)
    telling.holds("after an update of the environment")
    answer = cmf.secrets.put(two, bodies.secret(two, {"a": "b"}, labels={"updated": "yes"})).needed(
        200, 201, 204
    )
    with check("CMF-AGREE-SECRET", "what updating the secret answers agrees, too"):
        telling.secret(answer.body, two)
    telling.holds("after an update of the secret")
    there.put(first, mapping(first, two)).needed(200, 201, 204)
    story[other_environment][first] = two
    telling.holds("after the last mapping to a secret was mapped to another")
    for name in (first, second):
        here.delete(name).needed(200, 202, 204)
        del story[environment][name]
        telling.holds(
            f"after the {'first' if name == first else 'last'} mapping of an environment was deleted"
        )
    if cmf.environments.delete(other_environment).status >= 300:
        there.delete(first).needed(200, 202, 204)
        cmf.environments.delete(other_environment).needed(200, 202, 204)
    del story[other_environment]
    telling.holds("after an environment was deleted")
    telling.judge_silence()


@requirement("CMF-AGREE-ENVIRONMENT", "CMF-AGREE-SECRET")
def test_many_mappings(cmf: Cmf, check: Checks, environment: str, new_secret: Callable[[], str]) -> None:
    secrets = [new_secret(), new_secret()]
    story: Story = {environment: {}}
    for number in range(5):
        name, secret = cmf.name("secret-id"), secrets[number % 2]
        cmf.secret_mappings(environment).post(bodies.secret_mapping(name, secret=secret)).needed()
        story[environment][name] = secret
    telling = Telling(cmf, check, story, secrets)
    telling.holds("with five mappings")
    telling.judge_silence()


@requirement("CMF-AGREE-SECRET-DELETED")
def test_a_secret_that_is_mapped_no_more(
    cmf: Cmf, check: Checks, environment: str, new_secret: Callable[[], str]
) -> None:
    old, new, name = new_secret(), new_secret(), cmf.name("secret-id")
    mappings = cmf.secret_mappings(environment)
    mappings.post(bodies.secret_mapping(name, secret=old)).needed()
    mappings.put(name, bodies.secret_mapping(name, secret=new)).needed(200, 201, 204)
    state = mappings.get(name).needed(200).body
    with check("CMF-AGREE-SECRET-DELETED", "once its only mapping names another secret, it can be deleted"):
        _require_deletable(cmf, old)
        _require_mapping(cmf, environment, name, state)


@requirement("CMF-AGREE-SECRET-DELETED")
def test_a_secret_that_was_hardly_mapped(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_secret: Callable[[], str]
) -> None:
    mapped, refused, left, name = new_secret(), new_secret(), new_secret(), cmf.name("secret-id")
    mappings = cmf.secret_mappings(environment)
    mappings.post(bodies.secret_mapping(name, secret=mapped)).needed()
    state = mappings.get(name).needed(200).body
    if mappings.post(bodies.secret_mapping(name, secret=refused)).status >= 400:
        with check("CMF-AGREE-SECRET-DELETED", "a secret can be deleted after a mapping to it was refused"):
            _require_deletable(cmf, refused)
            _require_mapping(cmf, environment, name, state)
    cmf.secret_mappings(other_environment).post(bodies.secret_mapping(name, secret=left)).needed()
    if cmf.environments.delete(other_environment).status >= 300:
        cmf.secret_mappings(other_environment).delete(name).needed(200, 202, 204)
    with check(
        "CMF-AGREE-SECRET-DELETED", "once the environment of its only mapping is gone, it can be deleted"
    ):
        _require_deletable(cmf, left)
        _require_mapping(cmf, environment, name, state)


@requirement("CMF-AGREE-SECRET-DELETED")
def test_delete_a_mapped_secret(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_secret: Callable[[], str]
) -> None:
    secret, other, name, beside = new_secret(), new_secret(), cmf.name("secret-id"), cmf.name("secret-id")
    places = (environment, other_environment)
    for place in places:
        cmf.secret_mappings(place).post(bodies.secret_mapping(name, secret=secret)).needed()
    cmf.secret_mappings(environment).post(bodies.secret_mapping(beside, secret=other)).needed()
    before = cmf.secrets.get(secret).needed(200).body
    states = {place: cmf.secret_mappings(place).get(name).needed(200).body for place in places}
    answer = cmf.secrets.delete(secret)
    with check("CMF-AGREE-SECRET-DELETED", "deleting a mapped secret is refused, or answers 204"):
        answer.expect(200, 204, 400, 409, 422)
    if answer.status < 300:
        with check(
            "CMF-AGREE-SECRET-DELETED",
            "then the secret is gone, and each mapping is either read and listed or neither",
        ):
            eventually(lambda: _require_secret_gone(cmf, secret, name, places), within=cmf.limits.settle)
    else:
        with check(
            "CMF-AGREE-SECRET-DELETED", "when it was refused, the secret and its mappings are as they were"
        ):
            now = cmf.secrets.get(secret).expect(200).body
            require_equal(
                optional(now, "metadata"), optional(before, "metadata"), "the metadata of the secret, "
            )
            require(secret in cmf.secrets.names(), "the secret is not listed", expected=secret)
            for place in places:
                _require_mapping(cmf, place, name, states[place])
        cmf.secret_mappings(environment).delete(name).needed(200, 202, 204)
        attempt = cmf.secrets.delete(secret)
        with check("CMF-AGREE-SECRET-DELETED", "with one mapping left it is refused again, and all stays"):
            attempt.expect(200, 204, 400, 409, 422)
            if attempt.status >= 300:
                cmf.secrets.get(secret).expect(200)
                _require_mapping(cmf, other_environment, name, states[other_environment])
        if attempt.status >= 300:
            cmf.secret_mappings(other_environment).delete(name).needed(200, 202, 204)
            with check("CMF-AGREE-SECRET-DELETED", "once no mapping names it, it can be deleted"):
                _require_deletable(cmf, secret)
    with check("CMF-AGREE-SECRET-DELETED", "another secret and its mapping are still there"):
        cmf.secrets.get(other).expect(200)
        cmf.secret_mappings(environment).get(beside).expect(200)


def _require_deletable(cmf: Cmf, secret: str) -> None:
    eventually(lambda: cmf.secrets.delete(secret).expect_accepted(), within=cmf.limits.settle)
    cmf.secrets.get(secret).expect_absent()


def _require_mapping(cmf: Cmf, environment: str, name: str, state: Any) -> None:
    mappings = cmf.secret_mappings(environment)
    SECRET_MAPPING.require_same(mappings.get(name).expect(200).body, state, "the mapping: ")
    require(name in mappings.names(), "the mapping is not listed", expected=name)


def _require_secret_gone(cmf: Cmf, secret: str, name: str, environments: tuple[str, ...]) -> None:
    cmf.secrets.get(secret).expect_absent()
    require(secret not in cmf.secrets.names(), "the deleted secret is listed", expected="not listed")
    for place in environments:
        mappings = cmf.secret_mappings(place)
        read = mappings.get(name).status == 200
        listed = name in mappings.names()
        require(
            read == listed, "the mapping is read and not listed, or listed and not read", expected="one story"
        )
        told = optional(cmf.environments.get(place).expect(200).body, "secrets") or {}
        require(
            read or name not in told,
            "the environment names a mapping that is gone",
            expected="nothing",
            got=repr(told)[:200],
        )
