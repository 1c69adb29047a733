"""Live resources for the paths of generated requests: created when first needed, and owned by the run."""

from __future__ import annotations

import re
import uuid

from conformance import bodies
from conformance.expectations import Broken, Unmet, eventually, require
from conformance.kinds import APPLICATION, KINDS, STATEMENT, Ground, Kind, ground
from conformance.properties.names import SAMPLE_NEEDED
from conformance.properties.sql_values import AS_IT_WAS
from conformance.running import is_over, put_as_read, switched
from conformance.target.cmf import Cmf
from conformance.views import phase

_PARAMETER = re.compile(r"/([\w-]+)/\{(\w+)\}")
_REFUSED = 400
_PLURALS = {"kafka": "catalogs"}
"""Where the word in the path is not the one that stands for the kind."""


class Parents:
    """What the path parameters of one operation can be bound to."""

    def __init__(self, cmf: Cmf, method: str, template: str, *, runs: bool = False) -> None:
        """``runs`` asks for applications that are started and for statements that run."""
        self._cmf = cmf
        self._runs = runs
        self._needed: dict[str, str] = {}
        self.strange: tuple[str, ...] = ()
        """Names that the target has given."""
        self._fresh = method == "DELETE"
        self._places = [
            (_PLURALS.get(word, word), parameter) for word, parameter in _PARAMETER.findall(template)
        ]
        self._kept: dict[str, str] = {}
        self._grounds: dict[str, Ground] = {}

    @property
    def last_plural(self) -> str:
        """What the last parameter of the path names, as it stands in paths."""
        return str(self._places[-1][0])

    @property
    def environment(self) -> str:
        """An environment that lives as long as this; created when first asked for."""
        return self.kept("environments")

    def live(self) -> dict[str, str]:
        """A live resource for each parameter; what a DELETE names last is made anew each time.

        Raises ``Unmet`` when one can't be created.
        """
        found = {parameter: self.kept(plural) for plural, parameter in self._places[:-1]}
        for plural, parameter in self._places[-1:]:
            found[parameter] = self.create(plural) if self._fresh else self.kept(plural)
        return found

    def kept(self, plural: str) -> str:
        """One resource of a kind, the same each time."""
        if plural not in self._kept:
            self._kept[plural] = self.create(plural)
        return self._kept[plural]

    def needed(self, plural: str) -> str:
        """What resources of a kind refer to; they refer to the same one each time."""
        kind = kind_of(plural)
        if kind is None or kind.needs is None:
            return SAMPLE_NEEDED
        self._ground(kind)
        return self._needed[plural]

    def in_use(self, plural: str) -> str:
        """A resource of a kind that another one refers to."""
        (user,) = (kind for kind in KINDS if kind.needs == plural)
        self.kept(user.plural)
        return self._needed[user.plural]

    def _ground(self, kind: Kind) -> Ground:
        if kind.plural not in self._grounds:
            place = ground(kind, self._cmf, self.environment if kind.scoped else "")
            self._grounds[kind.plural] = place
            self._needed.update(dict.fromkeys([kind.plural], next(iter(place.references.values()), "")))
        return self._grounds[kind.plural]

    def create(self, plural: str) -> str:
        """A new resource of a kind."""
        kind = kind_of(plural)
        if kind is None:  # an instance: no client creates one
            if self._runs:
                return self._instance()
            return str(uuid.uuid5(uuid.NAMESPACE_URL, "cmf-conformance"))
        name = self._cmf.name("gen")
        place = self._ground(kind)
        if self._runs and kind is STATEMENT:
            pool = self._needed[plural]
            body = bodies.statement(name, self._cmf.features, pool=pool, sql=self._cmf.features.query)
            place.collection.post(body).needed()
            self._await_phase(name, "running", "completed")
        else:
            place.collection.post(place.marked(name, AS_IT_WAS)).needed()
        return name

    def stop_statement(self) -> None:
        """Stop the statement that runs, and wait until it has, unless it has ended; raises ``Unmet`` when it goes on."""
        name = self.kept(STATEMENT.plural)
        pool = self._needed[STATEMENT.plural]
        body = bodies.statement(name, self._cmf.features, pool=pool, sql=self._cmf.features.query)
        answer = put_as_read(self._cmf, self.environment, body, stopped=True)
        if answer.status >= _REFUSED and is_over(self._cmf, self.environment, name):
            return
        answer.needed()
        self._await_phase(name, "stopped")

    def _instance(self) -> str:
        application = self.kept(APPLICATION.plural)
        switched(self._cmf, self._cmf.start, self.environment, application).needed()
        instances = self._cmf.instances(self.environment, application)

        def first() -> str:
            names = instances.names()
            require(names, "a started application has no instance")
            return names[0]

        try:
            name = eventually(first, within=self._cmf.limits.deploy)
        except Broken as never:
            raise Unmet(str(never)) from never
        self.strange = (name,)
        return name

    def _await_phase(self, name: str, *phases: str) -> None:
        def arrived() -> None:
            now = phase(self._cmf.statements(self.environment).get(name).needed(200).body)
            require(now in {*phases, None}, f"the statement is {now}", expected=" or ".join(phases))

        try:
            eventually(arrived, within=self._cmf.limits.deploy)
        except Broken as never:
            raise Unmet(str(never)) from never


def kind_of(plural: str) -> Kind | None:
    """The kind that clients create under this word."""
    return next((kind for kind in KINDS if kind.plural == plural), None)
