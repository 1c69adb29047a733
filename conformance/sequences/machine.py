"""One play of a sequence: each step is sent, its answer and then the target are held against the model.

A step has a meaning whatever exists: to post what is there is an update or a conflict, to delete what is not
there must be refused.  Where the contract leaves open what a target does, the model follows the answer, or the
play ends (``Ended``); it never guesses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import bodies
from conformance.contract.media import JSON, YAML
from conformance.expectations import eventually, optional, require, require_unique
from conformance.kinds import (
    APPLICATION,
    COMPUTE_POOL,
    ENVIRONMENT,
    NO_SECRET,
    SECRET,
    SECRET_MAPPING,
    STATEMENT,
    Ground,
    Kind,
)
from conformance.running import is_over
from conformance.sequences.looking import Look
from conformance.sequences.model import APPLICATIONS, POOLS, SECRETS, Entry, Key, World
from conformance.sequences.shown import require_as_before, require_nothing_of
from conformance.sequences.steps import VARIANTS, Action, Cast, Names, Step
from conformance.sequences.switching import CONFLICT, NOT_DONE, OK, REFUSED_UNKNOWN, Switch
from conformance.sequences.tape import Ended, Tape, Witness
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

SUCCESS, NOT_FOUND = 2, 404


class Play:
    """One sequence, played with names of its own."""

    def __init__(self, cmf: Cmf, tape: Tape, witness: Witness, cast: Cast, names: Names) -> None:
        self._cmf = cmf
        self._tape = tape
        self._holds = witness.holds
        self._look = Look(cmf, witness, cast, names)
        self._switch = Switch(cmf, witness, self._look)
        self._patience = cmf.limits.deploy if cast.runs else cmf.limits.settle
        """Seconds until what was deleted is gone, and its name free: what runs must be brought to an end."""
        self._cast = cast
        self._names = names
        self.world = World()

    def do(self, step: Step) -> None:
        """Do one step and compare; nothing when it has no meaning now.

        Raises ``Diverged``, or ``Ended`` when there is nothing to be said any more.
        """
        kind = self._cast.kind(step.plural)
        key = self._names.key(kind, step)
        acts: dict[Action, Callable[[Kind, Key, Step], None]] = {
            Action.POST: self._post,
            Action.PUT: self._put,
            Action.DELETE: self._delete,
            Action.START: self._run,
            Action.SUSPEND: self._run,
            Action.STOP: self._stop,
            Action.RESUME: self._stop,
            Action.SPOIL: self._spoil,
            Action.READ: self._read,
            Action.PAGES: self._pages,
        }
        acts[step.action](kind, key, step)

    def compare(self) -> None:
        """Compare everything; raises as ``do``."""
        self._look.everything(self.world)
        self._look.agreement(self.world)

    # -- creating and updating -----------------------------------------------------------------------

    def _post(self, kind: Kind, key: Key, step: Step) -> None:
        nowhere = not self.world.has_environment(key.environment)
        body = self._body(kind, key, step, loose=nowhere)
        if body is None:
            return
        if nowhere:
            self._post_nowhere(kind, key, self._send(key, body, step))
        elif key not in self.world:
            self._create(kind, key, body, step)
        elif kind.upsert:
            self._update(kind, key, body, self._send(key, body, step))
        else:
            answer = self._send(key, body, step)
            with self._holds(kind.rule("CONFLICT"), "posting an existing name answers 409"):
                answer.expect(CONFLICT)
            self._look.unchanged(self.world, key, kind.rule("CONFLICT"), "after a refused creation")
            self._compare(kind, key, "conflict")

    def _post_nowhere(self, kind: Kind, key: Key, answer: Answer) -> None:
        rule = kind.rule("ENVIRONMENT-UNKNOWN")
        with self._holds(rule, "a POST into an environment that does not exist is refused"):
            answer.expect_refused(NOT_FOUND)
        self._look.absent(key, rule, f"it creates no {kind.noun}")
        self._look.absent(Key("environments", "", key.environment), rule, "it creates no environment")
        self._look.around(self.world, key, "nowhere")

    def _create(self, kind: Kind, key: Key, body: dict[str, Any], step: Step) -> None:
        before = self.world.removed.get(key)
        rule = kind.rule("CREATE" if before is None else "RECREATE")
        with self._holds(rule, f"a new {kind.noun} is accepted, and answered as it was sent"):
            if before is None:
                answer = self._send(key, body, step).expect_accepted()
            else:
                answer = eventually(
                    lambda: self._send(key, body, step).expect_accepted(), within=self._patience
                )
            kind.require_stored(answer.body, body, f"the answer, {kind.noun} {key.name}: ")
        read_by = kind.rule("GET") if before is None else rule
        self.world, read = self._look.stored(self.world, key, self._entry(kind, body), read_by)
        if before is not None:
            with self._holds(rule, f"nothing of the old {kind.noun} is back"):
                require_nothing_of(before.body, body, read, f"the new {kind.noun} {key.name}")
            with self._holds("CMF-STMT-UID" if kind is STATEMENT else rule, "it has another uid"):
                old, new = (optional(each, "metadata", "uid") for each in (before.shown, read))
                require(
                    old is None or old != new, f"the new {kind.noun} {key.name} has the uid of the old one"
                )
        self._compare(kind, key, "create")

    def _update(self, kind: Kind, key: Key, body: dict[str, Any], answer: Answer) -> None:
        if self._cast.runs and kind is APPLICATION and answer.status == CONFLICT:  # it is on its way
            self._look.unchanged(self.world, key, kind.rule("REFUSED"), "after a refused update")
            return
        with self._holds(kind.rule("UPDATE"), "an update is accepted"):
            answer.expect_accepted()
            if kind.upsert or answer.raw:
                kind.require_stored(answer.body, body, f"the answer, {kind.noun} {key.name}: ")
        self._take_update(kind, key, body)
        if kind is ENVIRONMENT:
            self.world = self.world.reread(key.name)
            self._look.inside(self.world, key, "update")
        self._compare(kind, key, "update" if kind.upsert else "put")

    def _take_update(self, kind: Kind, key: Key, body: dict[str, Any]) -> None:
        before = self.world[key].body
        self.world, read = self._look.stored(self.world, key, self._entry(kind, body), kind.rule("UPDATE"))
        if kind is not STATEMENT:
            with self._holds(kind.rule("REPLACE"), "what an update leaves out is gone"):
                require_nothing_of(before, body, read, f"the {kind.noun} {key.name}")

    def _put(self, kind: Kind, key: Key, step: Step) -> None:
        known = key in self.world
        body = self._body(kind, key, step, loose=not self.world.has_environment(key.environment))
        if body is None:
            return
        if known and kind is STATEMENT:
            body = self._statement_update(key, body, step)
        sent = YAML if step.variant == VARIANTS - 1 else JSON
        answer = self._look.collection(key).put(key.name, body, media_type=sent)
        if not known:
            rule = kind.rule("UPDATE-UNKNOWN")
            with self._holds(rule, "a PUT of what does not exist answers 404"):
                answer.expect(NOT_FOUND)
            self._look.absent(key, rule, "it creates nothing")
            self._look.around(self.world, key, "unknown")
        elif kind is STATEMENT and answer.status in NOT_DONE:
            self._look.unchanged(self.world, key, kind.rule("UPDATE-REFUSED"), "after a refused update")
            self._compare(kind, key, "put")
        else:
            self._update(kind, key, body, answer)

    def _statement_update(self, key: Key, body: dict[str, Any], step: Step) -> dict[str, Any]:
        """What of a statement may be changed: labels, annotations, parallelism."""
        held = self.world[key].body
        fields = {name: body["metadata"].get(name, {}) for name in ("labels", "annotations")}
        return bodies.changed(dict(held), metadata=fields, parallelism=step.variant + 1)

    def _entry(self, kind: Kind, body: dict[str, Any]) -> Entry:
        runs = self._cast.runs and kind is STATEMENT
        return Entry(body, started=runs and not body["spec"].get("stopped", False))

    # -- deleting --------------------------------------------------------------------------------------

    def _delete(self, kind: Kind, key: Key, _step: Step) -> None:
        if key not in self.world:
            answer = self._look.collection(key).delete(key.name)
            with self._holds(kind.rule("DELETE-UNKNOWN"), "a DELETE of what does not exist is refused"):
                answer.expect(*(REFUSED_UNKNOWN if kind is APPLICATION else (NOT_FOUND,)))
            self._look.around(self.world, key, "")
        elif kind is ENVIRONMENT:
            self._delete_environment(key)
        elif kind is COMPUTE_POOL and any(self.world.users(key)):
            answer = self._look.collection(key).delete(key.name)
            users = (user.name for user in self.world.users(key))
            if answer.status // 100 == SUCCESS and is_over(self._cmf, key.environment, *users):
                raise Ended("whether statements that have ended use their compute pool is left open")
            with self._holds(kind.rule("IN-USE"), "a DELETE of a compute pool with statements answers 409"):
                answer.expect(CONFLICT)
            self._look.unchanged(self.world, key, kind.rule("IN-USE"), "after a refused DELETE")
            self._compare(kind, key, "")
        elif kind is SECRET and any(self.world.users(key)):
            self._delete_mapped_secret(key)
        else:
            self._delete_one(kind, key)

    def _delete_one(self, kind: Kind, key: Key) -> None:
        collection = self._look.collection(key)
        released = key.plural == POOLS and self.world.was_used(key)
        rule = kind.rule("RELEASED" if released else "DELETE")
        answer = collection.delete(key.name)
        if self.world[key].started and answer.status == CONFLICT:  # it is on its way
            self._look.unchanged(self.world, key, kind.rule("GET"), "after a refused DELETE")
            return
        with self._holds(rule, "what nothing uses can be deleted"):
            # What was used until just now may be held for a while longer.
            if key.plural in {POOLS, SECRETS} and answer.status // 100 != SUCCESS:
                eventually(lambda: collection.delete(key.name).expect_accepted(), within=self._patience)
            else:
                answer.expect_accepted()
        self._look.gone(key, rule)
        self.world = self.world.without(key)
        self._compare(kind, key, "delete")

    def _delete_environment(self, key: Key) -> None:
        children = list(self.world.children(key.name))
        answer = self._cmf.environments.delete(key.name)
        rule = ENVIRONMENT.rule("DELETE")
        if children:
            applications = all(child.plural == APPLICATIONS for child in children)
            rule = ENVIRONMENT.rule("DELETE-CHILDREN") if applications else "CMF-AGREE-ENVIRONMENT-DELETED"
        with self._holds(rule, "an environment is deleted, or when it holds something may be kept"):
            if not children or answer.status // 100 == SUCCESS:
                answer.expect_accepted()
            else:
                answer.expect(OK, *NOT_DONE)
        if answer.status // 100 == SUCCESS:
            self._look.gone(key, ENVIRONMENT.rule("DELETE"), *children, inside_rule=rule)
            self.world = self.world.without(key, *children)
        else:
            self._look.unchanged(self.world, key, rule, "after a refused DELETE")
            self._look.inside(self.world, key, "kept")
        self._compare(ENVIRONMENT, key, "delete")
        for child in dict.fromkeys(child.plural for child in children):
            self._look.around(self.world, Key(child, key.name, ""), "")

    def _delete_mapped_secret(self, key: Key) -> None:
        rule = "CMF-AGREE-SECRET-DELETED"
        answer = self._cmf.secrets.delete(key.name)
        with self._holds(rule, "a DELETE of a mapped secret is refused, or done"):
            answer.expect(OK, 204, *NOT_DONE)
        if answer.status // 100 == SUCCESS:
            self._look.gone(key, rule)
            raise Ended("what becomes of the mappings of a deleted secret is left open")
        self._look.unchanged(self.world, key, rule, "after a refused DELETE")
        for place in self.world.attached(key.name):
            self._look.compare(self.world, "secret-mappings", place, key, "kept")
        self._compare(SECRET, key, "")

    # -- the rest --------------------------------------------------------------------------------------

    def _run(self, kind: Kind, key: Key, step: Step) -> None:
        known = key in self.world
        self.world = self._switch.application(self.world, key, step.action)
        if known:
            self._compare(kind, key, step.action.value)

    def _stop(self, kind: Kind, key: Key, step: Step) -> None:
        if key not in self.world:
            self._put(kind, key, step)
            return
        self.world = self._switch.statement(self.world, key, step)
        self._compare(kind, key, step.action.value)

    def _spoil(self, kind: Kind, key: Key, step: Step) -> None:
        known = key in self.world
        body = self._body(kind, key, step, loose=False)
        if body is None or not self.world.has_environment(key.environment):
            return
        broken = (
            {**body, "flinkApplicationDefaults": ["none"]}
            if kind is ENVIRONMENT
            else {name: value for name, value in body.items() if name != "kind"}
        )
        puts = known and kind in {STATEMENT, SECRET, SECRET_MAPPING}
        collection = self._look.collection(key)
        answer = collection.put(key.name, broken) if puts else collection.post(broken)
        update = "UPDATE-" if puts and kind is STATEMENT else ""
        with self._holds(kind.rule(f"{update}BODY"), "a body that the contract forbids is refused"):
            answer.expect_refused(*(() if puts or kind.upsert or not known else (CONFLICT,)))
        if known:
            self._look.unchanged(
                self.world, key, kind.rule(f"{update}REFUSED"), "after an invalid body was refused"
            )
        else:
            self._look.absent(key, kind.rule("REFUSED"), "it creates nothing")
        self._compare(kind, key, "spoil")

    def _read(self, kind: Kind, key: Key, _step: Step) -> None:
        if key in self.world:
            self._look.unchanged(self.world, key, kind.rule("GET"), "read again")
        else:
            self._look.absent(key, kind.rule("GET-UNKNOWN"), f"a {kind.noun} that does not exist is not read")

    def _pages(self, kind: Kind, key: Key, step: Step) -> None:
        if not kind.scoped or not self.world.has_environment(key.environment):
            return  # a list that is shared may have thousands of pages of this size
        collection = self._look.collection(key)
        expected, size = self.world.within(kind.plural, key.environment), step.variant % 2 + 1
        with self._holds("CMF-PAGE-SIZE", f"a page has at most the {size} that were asked for"):
            pages = [page.items for page in collection.pages(size)]
            longest = max(map(len, pages), default=0)
            require(longest <= size, f"size={size} gave {longest}", expected=str(size), got=str(longest))
        with self._holds("CMF-PAGE-PARTITION", f"pages of {size} hold every {kind.noun} once"):
            met = [collection.name_of(item) for page in pages for item in page]
            require_unique(met, f"on pages of {size}, the {kind.noun}")
            missing = ", ".join(name for name in expected if name not in met)
            require(
                not missing,
                f"pages of {size} miss {missing}",
                expected=", ".join(expected),
                got=", ".join(met),
            )
        with self._holds(kind.rule("LIST"), f"pages of {size} show the {kind.noun}s as they are"):
            for name, item in zip(met, (item for page in pages for item in page), strict=True):
                if name in expected:
                    require_as_before(
                        kind, item, expected[name], f"on pages of {size}, the {kind.noun} {name}: "
                    )

    # -- helpers ---------------------------------------------------------------------------------------

    def _compare(self, kind: Kind, key: Key, verb: str) -> None:
        """Compare what a step may have touched besides."""
        self._look.around(self.world, key, verb)
        if kind is ENVIRONMENT and verb == "create":
            self._look.inside(self.world, key, verb)
        if kind in {ENVIRONMENT, SECRET, SECRET_MAPPING}:
            self._look.agreement(self.world)

    def _send(self, key: Key, body: dict[str, Any], step: Step) -> Answer:
        sent = YAML if step.variant == VARIANTS - 1 else JSON
        return self._look.collection(key).post(body, media_type=sent)

    def _body(self, kind: Kind, key: Key, step: Step, *, loose: bool) -> dict[str, Any] | None:
        """A legal body; None when what it must refer to does not exist, unless ``loose`` says that it need not."""
        references: dict[str, str] = {}
        if kind.needs:
            name = self._names.of(kind.needs, step.other)
            environment = key.environment if kind.needs == POOLS else ""
            if not loose and Key(kind.needs, environment, name) not in self.world:
                return None
            references[kind.needs] = name
        ground = Ground(kind, self._cmf, kind.collection(self._cmf, key.environment), references, NO_SECRET)
        body = ground.variant(key.name, step.variant) if step.variant else ground.body(key.name)
        if self._cast.runs and kind is STATEMENT:
            return bodies.changed(body, statement=self._cmf.features.insert)
        return body
