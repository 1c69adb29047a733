"""Events: what happens to an application shows in them, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import lookalikes
from conformance.expectations import (
    eventually,
    optional,
    require,
    require_equal,
    require_unique,
    settled,
)
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.running import started, suspended
from conformance.scenario import needs_flink, requirement
from conformance.target.cmf import Cmf


@needs_flink
@requirement(
    "CMF-EVENT-LIFE",
    "CMF-EVENT-VERSION",
    "CMF-EVENT-NAME",
    "CMF-EVENT-INSTANCE",
    "CMF-EVENT-KEPT",
    "CMF-EVENT-SCHEMA",
    "CMF-EVENT-LIST-SCOPE",
    "CMF-INST-LIST-SCOPE",
)
def test_events(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    held = new_application(environment)
    sibling = new_application(environment, lookalikes.longer(held.name))
    namesake = new_application(other_environment, held.name)
    places = [(environment, held.name), (environment, sibling.name), (other_environment, namesake.name)]
    for place in places:
        started(cmf, *place)
    for place in places:
        eventually(lambda: require(cmf.instances(*place).all(), "no instance"), within=cmf.limits.deploy)
    events = cmf.events(environment, held.name)

    def more_than(number: int) -> list[dict[str, Any]]:
        items = events.all()
        require(
            len(items) > number,
            f"there are {len(items)} events",
            expected=f"more than {number}",
            got=str(len(items)),
        )
        return items

    with check("CMF-EVENT-LIFE", "an application that was created and started has events"):
        eventually(lambda: more_than(0), within=cmf.limits.settle)
    before = settled(events.all, within=cmf.limits.settle)
    suspended(cmf, environment, held.name)
    started(cmf, environment, held.name)
    with check("CMF-EVENT-LIFE", "suspending and starting it again adds to them"):
        eventually(lambda: more_than(len(before)), within=cmf.limits.settle)
    with check("CMF-EVENT-LIFE", "what happened before is still told"):
        names = {optional(item, "metadata", "name") for item in events.all()}
        lost = [name for item in before if (name := optional(item, "metadata", "name")) not in names]
        require(not lost, "an event is gone", expected="every earlier event", got=f"no {lost[:1]!r}")
    for place in places[1:]:
        settled(cmf.events(*place).all, within=cmf.limits.settle)
    items = settled(events.all, within=cmf.limits.settle)
    if not items:
        for rule in ("VERSION", "NAME", "INSTANCE", "KEPT", "SCHEMA", "LIST-SCOPE"):
            check.nothing_to_judge(f"CMF-EVENT-{rule}", "the target has no events")
    else:
        with check("CMF-EVENT-SCHEMA", "events are given"):
            events.list().expect(200)
        with check("CMF-EVENT-VERSION", "events are given, whose version and kind can be judged"):
            require(all("kind" in item for item in items), "an event has no kind")
        with check("CMF-EVENT-NAME", "no two events share a name"):
            _require_own_names(events.all(size=2))
        with check("CMF-EVENT-INSTANCE", "each names an instance of this application, or none"):
            eventually(lambda: _require_known_instances(cmf, environment, held.name), within=2)
        with check("CMF-EVENT-KEPT", "what was told before a restart is told the same"):
            earlier, now = _by_name(before), _by_name(items)
            for name in earlier.keys() & now.keys():
                kept = {part: now[name].get(part) for part in earlier[name]}
                require_equal(kept, earlier[name], "the event, its ")
        with check("CMF-EVENT-LIST-SCOPE", "no event is listed under two applications"):
            eventually(
                lambda: _require_disjoint([cmf.events(*place).all() for place in places], "event"),
                within=cmf.limits.settle,
            )
    with check("CMF-INST-LIST-SCOPE", "no instance is listed under two applications"):
        eventually(
            lambda: _require_disjoint([cmf.instances(*place).all() for place in places], "instance"),
            within=cmf.limits.settle,
        )


def _instance(event: Any) -> Any:
    return optional(event, "metadata", "flinkApplicationInstance")


def _told(event: Any) -> dict[str, Any]:
    """What of an event is given and can't change."""
    told = {
        "creationTimestamp": optional(event, "metadata", "creationTimestamp"),
        "type": optional(event, "status", "type"),
        "flinkApplicationInstance": _instance(event),
    }
    return {part: value for part, value in told.items() if value is not None}


def _by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each event tells whose name no other has."""
    names = [optional(item, "metadata", "name") for item in items]
    return {
        name: _told(item) for name, item in zip(names, items, strict=True) if name and names.count(name) == 1
    }


def _require_known_instances(cmf: Cmf, environment: str, application: str) -> None:
    items = cmf.events(environment, application).all()
    known = cmf.instances(environment, application).names()
    for item in items:
        named = _instance(item)
        require(
            named in (None, *known),
            "an event names an unknown instance",
            expected=", ".join(known),
            got=repr(named),
        )


def _require_own_names(items: list[dict[str, Any]]) -> None:
    """Two events have two names; one that pages show twice, since the list grew, is still one."""
    named: dict[str, dict[str, Any]] = {}
    for item in items:
        if name := optional(item, "metadata", "name"):
            first = named.setdefault(name, item)
            require(
                _told(first) == _told(item),
                f"event {name!r} occurs twice, with other contents",
                expected=repr(_told(first)),
                got=repr(_told(item)),
            )


def _require_disjoint(lists: list[list[dict[str, Any]]], what: str) -> None:
    require_unique(
        (name for items in lists for item in items if (name := optional(item, "metadata", "name"))), what
    )
