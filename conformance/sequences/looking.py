"""Comparing the target with the model: one resource, one collection, and what they say of each other."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from conformance import views
from conformance.contract.media import JSON, YAML
from conformance.expectations import (
    Broken,
    eventually,
    optional,
    require,
    require_equal,
    shown,
)
from conformance.kinds import APPLICATION, SECRET_MAPPING, STATEMENT, UPSERTED
from conformance.model import Exchange
from conformance.sequences.blame import damage, intrusion
from conformance.sequences.model import ENVIRONMENTS, SECRETS, Entry, Key, World
from conformance.sequences.shown import job_of, require_as_before, state
from conformance.sequences.steps import Cast, Names
from conformance.sequences.tape import Witness
from conformance.target.cmf import Cmf, Collection, Items

OK = 200
_SHARED = 1.0
"""Seconds in which a list that others may be changing must once be seen right."""
_SMALL = 20
"""Items that every target gives on one page (erratum ERR-PAGE-DEFAULT)."""


class Look:
    """Observes the target, and names the requirement that what is seen speaks of."""

    def __init__(self, cmf: Cmf, witness: Witness, cast: Cast, names: Names) -> None:
        self._cmf = cmf
        self._witness = witness
        self._holds = witness.holds
        self._cast = cast
        self._names = names
        self._accepts = itertools.cycle((JSON, YAML))

    def collection(self, key: Key) -> Collection:
        """The collection that a resource lies in."""
        return self._cast.kind(key.plural).collection(self._cmf, key.environment)

    def read(self, key: Key) -> Any:
        """What the target shows of a resource, as JSON and as YAML by turns; raises ``Broken`` when it shows none."""
        return self.collection(key).get(key.name, accept=next(self._accepts)).expect(OK).body

    def stored(self, world: World, key: Key, entry: Entry, rule: str) -> tuple[World, Any]:
        """See that what was just stored is read, and take it into the model."""
        kind = self._cast.kind(key.plural)
        with self._holds(rule, f"the {kind.noun} is read as it was stored"):
            body = self.read(key)
            kind.require_stored(body, entry.body, f"the {kind.noun} {key.name}: ")
        return world.with_stored(key, replace(entry, shown=state(kind, body), job=job_of(body))), body

    def unchanged(self, world: World, key: Key, rule: str, when: str) -> None:
        """See that a resource is read as it was."""
        kind = self._cast.kind(key.plural)
        with self._holds(rule, f"{when}, the {kind.noun} is as it was"):
            require_as_before(kind, self.read(key), world[key], f"{when}, the {kind.noun} {key.name}: ")

    def absent(self, key: Key, rule: str, what: str) -> None:
        """See that there is no such resource."""
        with self._holds(rule, what):
            self.collection(key).get(key.name).expect_absent()

    def gone(self, first: Key, rule: str, *inside: Key, inside_rule: str = "") -> None:
        """See that what was deleted can't be read and is not listed, soon; and that what was inside can't be read."""
        patience = self._cmf.limits.deploy if self._cast.runs else self._cmf.limits.settle

        def unread() -> None:
            for key in (first, *inside):
                self.collection(key).get(key.name).expect_absent()

        def look() -> None:
            self.collection(first).get(first.name).expect_absent()
            noun = self._cast.kind(first.plural).noun
            require(
                first.name not in self._listed(first.plural, first.environment)[0],
                f"the deleted {noun} {first.name} is listed",
                expected="not listed",
                got=first.name,
            )

        if inside:
            with self._holds(inside_rule, "an environment is gone with everything in it"):
                eventually(unread, within=patience)
        with self._holds(rule, "what was deleted is gone"):
            eventually(look, within=patience)

    def around(self, world: World, touched: Key, verb: str) -> None:
        """Compare the lists in which what was done may show: those of this kind in every environment."""
        kind = self._cast.kind(touched.plural)
        places = [touched.environment]
        if kind.scoped:
            places += [name for name in world.within(ENVIRONMENTS) if name != touched.environment]
        for place in places:
            if world.has_environment(place):
                self.compare(world, touched.plural, place, touched, verb)

    def everything(self, world: World) -> None:
        """Compare every list."""
        for kind in self._cast.kinds:
            for place in world.within(ENVIRONMENTS) if kind.scoped else [""]:
                self.compare(world, kind.plural, place, None, "")

    def inside(self, world: World, environment: Key, verb: str) -> None:
        """Compare what lies, or once lay, inside an environment that was written to."""
        known = {*world.existing, *world.removed}
        for kind in self._cast.kinds:
            if kind.scoped and any(
                key.plural == kind.plural and key.environment == environment.name for key in known
            ):
                self.compare(world, kind.plural, environment.name, environment, verb)

    def compare(self, world: World, plural: str, environment: str, touched: Key | None, verb: str) -> None:
        """Compare one list with the model: what is in it, how often, and with which values."""
        kind = self._cast.kind(plural)
        with self._holds(kind.rule("LIST"), f"the {kind.noun}s are listed"):
            if kind.scoped:
                names, items = self._listed(plural, environment)
            else:
                names, items = self._shared(world, plural)
        listed = self._witness.last
        expected = world.within(plural, environment)
        for name in dict.fromkeys([*expected, *names]):
            key = Key(plural, environment, name)
            count = names.count(name)
            if name not in expected:
                self._intruder(world, key, touched, verb)
            elif count == 0:
                self._missing(world, key, touched, verb, listed)
            elif count > 1:
                self._repeated(world, key, count, verb)
            else:
                self._value(world, key, items[names.index(name)], touched, verb, listed)

    def agreement(self, world: World) -> None:
        """Compare what environments and secrets say of their mappings."""
        if SECRET_MAPPING not in self._cast.kinds:
            return
        with self._holds("CMF-AGREE-ENVIRONMENT", "environments agree with their mappings"):
            eventually(lambda: self._environments(world), within=self._cmf.limits.settle)
        with self._holds("CMF-AGREE-SECRET", "secrets know where they are attached"):
            eventually(lambda: self._secrets(world), within=self._cmf.limits.settle)

    def _environments(self, world: World) -> None:
        for name in world.within(ENVIRONMENTS):
            told = optional(self.read(Key(ENVIRONMENTS, "", name)), "secrets")
            if told is not None:
                require_equal(told, world.secrets_of(name), f"the secrets of {name}: ")

    def _secrets(self, world: World) -> None:
        for name in world.within(SECRETS):
            told = optional(self.read(Key(SECRETS, "", name)), "status", "environments")
            if isinstance(told, list):
                seen = sorted({str(each) for each in told})
                require_equal(seen, world.attached(name), f"status.environments of {name}: ")

    def _listed(self, plural: str, environment: str) -> tuple[list[str], Items]:
        collection = self._cast.kind(plural).collection(self._cmf, environment)
        accept = next(self._accepts)
        items: Items = []
        if environment:
            items = collection.list(size=_SMALL, accept=accept).expect(OK).items
        if not environment or len(items) >= _SMALL:
            items = collection.all(accept=accept)
        named = [(collection.name_of(item), item) for item in items]
        if not environment:
            named = [(name, item) for name, item in named if name.startswith(self._names.prefix)]
        return [name for name, _ in named], [item for _, item in named]

    def _shared(self, world: World, plural: str) -> tuple[list[str], Items]:
        """A list that others may be changing: soon with the right names, or else as it is in the end."""
        seen: list[tuple[list[str], Items]] = []

        def look() -> None:
            seen.append(self._listed(plural, ""))
            require(sorted(seen[-1][0]) == sorted(world.within(plural)), "the list is not what was created")

        try:
            eventually(look, within=min(_SHARED, self._cmf.limits.settle))
        except Broken:
            if not seen:
                raise
        return seen[-1]

    def _intruder(self, world: World, key: Key, touched: Key | None, verb: str) -> None:
        kind = self._cast.kind(key.plural)
        rule, why = intrusion(world, kind, key, touched, verb)
        with self._holds(rule, f"nothing but what exists is listed among the {kind.noun}s"):
            raise Broken(
                f"the {kind.noun} {key.name} is listed, which {why}", expected="not listed", got="listed"
            )

    def _repeated(self, world: World, key: Key, count: int, verb: str) -> None:
        kind = self._cast.kind(key.plural)
        rule = "UNIQUE" if kind in UPSERTED and verb == "update" else "LIST"
        if world.has_namesake(key):
            rule = "LIST-SCOPE"
        with self._holds(kind.rule(rule), f"each {kind.noun} is listed once"):
            raise Broken(
                f"the {kind.noun} {key.name} is listed {count} times", expected="once", got=f"{count} times"
            )

    def _missing(
        self, world: World, key: Key, touched: Key | None, verb: str, listed: Exchange | None
    ) -> None:
        kind = self._cast.kind(key.plural)
        with self._holds(
            damage(self._cast.kind(key.plural), key, touched, verb), f"every {kind.noun} that exists is read"
        ):
            require_as_before(kind, self.read(key), world[key], f"the {kind.noun} {key.name}: ")
        with self._holds(kind.rule("LIST"), f"every {kind.noun} that exists is listed"):
            raise Broken(
                f"the {kind.noun} {key.name} is not listed",
                expected="once",
                got="not at all",
                exchange=listed,
            )

    def _value(
        self,
        world: World,
        key: Key,
        item: Any,
        touched: Key | None,
        verb: str,
        listed: Exchange | None,
    ) -> None:
        kind, entry = self._cast.kind(key.plural), world[key]
        try:
            require_as_before(kind, item, entry, f"in the list, the {kind.noun} {key.name}: ")
        except Broken as broken:
            with self._holds(
                damage(self._cast.kind(key.plural), key, touched, verb),
                f"every other {kind.noun} is as it was",
            ):
                require_as_before(kind, self.read(key), entry, f"the {kind.noun} {key.name}: ")
            with self._holds(
                kind.rule("LIST"), f"each {kind.noun} is listed with the values that are read of it"
            ):
                broken.exchange = listed
                raise broken from None
        if self._cast.runs and key != touched:
            if kind is APPLICATION:
                self._require_state(item, key, entry)
            elif kind is STATEMENT:
                self._require_phase(item, key, entry)

    def _require_phase(self, item: Any, key: Key, entry: Entry) -> None:
        wrong = "stopped" if entry.started else "running"
        first = iter((item,))

        def look() -> None:
            # An update may move the phase for a while, so what is listed is looked at again.
            phase = views.phase(next(first, None) or self.read(key))
            require(
                phase != wrong, f"the statement {key.name} is {wrong}", expected="as it was", got=phase or ""
            )

        with self._holds(
            "CMF-STMT-STOP" if entry.started else "CMF-STMT-RESUME",
            f"every other statement does not come to be {wrong}",
        ):
            eventually(look, within=self._cmf.limits.settle)

    def _require_state(self, item: Any, key: Key, entry: Entry) -> None:
        holds, word = (views.is_started, "started") if entry.started else (views.is_suspended, "suspended")
        # A status follows only after a while, but what the spec says does not change by itself.
        job = job_of(item)
        right = holds(item) and not (entry.job == "suspended" and job == "running")
        with self._holds(
            "CMF-APP-SUSPEND" if entry.started else "CMF-APP-START", f"every other application stays {word}"
        ):
            require(
                right,
                f"the application {key.name} is not {word}",
                expected=word,
                got=shown({"spec.job.state": job, "status": optional(item, "status")}),
            )
