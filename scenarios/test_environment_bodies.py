"""Environments: bodies that are refused, and what a refusal leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance import views
from conformance.bodies import DEFAULTS, OTHER_DEFAULTS
from conformance.expectations import require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf

WRONG: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no name": lambda body: {key: value for key, value in body.items() if key != "name"},
    "null as name": lambda body: {**body, "name": None},
    "a list as name": lambda body: {**body, "name": [body["name"]]},
    "an object as name": lambda body: {**body, "name": {"name": body["name"]}},
    "a list as namespace": lambda body: {**body, "kubernetesNamespace": ["default"]},
    "an object as namespace": lambda body: {**body, "kubernetesNamespace": {}},
    "a string as application defaults": lambda body: {**body, "flinkApplicationDefaults": "spec: {}"},
    "a list as application defaults": lambda body: {**body, "flinkApplicationDefaults": []},
    "a number as compute pool defaults": lambda body: {**body, "computePoolDefaults": 7},
    "a boolean as statement defaults": lambda body: {**body, "statementDefaults": True},
}
WRONG_INSIDE: dict[str, Any] = {
    "a string as detached defaults": {"detached": "x"},
    "a list as Flink configuration": {"interactive": {"flinkConfiguration": ["a"]}},
    "an object as Flink configuration value": {"detached": {"flinkConfiguration": {"a": {"b": "c"}}}},
}
# What the contract leaves to the server: it may be accepted, but when it is refused it must have no effect.
DOUBTFUL: dict[str, dict[str, Any]] = {
    "an unknown property": {"unknown": True},
    "null as namespace": {"kubernetesNamespace": None},
    "null as application defaults": {"flinkApplicationDefaults": None},
    "a creation time": {"created_time": "2001-01-01T00:00:00Z"},
    "an unknown property of a default": {"statementDefaults": {"unknown": {}}},
    "application defaults that are none": {"flinkApplicationDefaults": {"unknown": True}},
}
NAMESPACES = {
    "empty": "",
    "too long": "n" * 254,
    "upper case": "Default",
    "an underscore": "a_b",
    "a hyphen behind": "default-",
}


@requirement("CMF-ENV-BODY", "CMF-ENV-BODY-NESTED", "CMF-ENV-NAMESPACE", "CMF-ENV-REFUSED")
def test_invalid_bodies(cmf: Cmf, check: Checks, new_environment: Callable[..., Held]) -> None:
    held = new_environment(**DEFAULTS)
    before = cmf.environments.get(held.name).needed(200).body
    changed = {**held.body, **OTHER_DEFAULTS}
    cmf.environments.post({**held.body, "name": cmf.name("env")}).needed()

    def require_unchanged(why: str) -> None:
        after = cmf.environments.get(held.name).expect(200).body
        require_equal(
            views.environment(after),
            views.environment(before),
            f"after a refused update with {why}, the environment",
        )

    def try_each(rule: str, wrong: dict[str, Any]) -> None:
        nonlocal before
        for why, body in wrong.items():
            answer = cmf.environments.post(body)
            with check(rule, f"{why} is refused"):
                answer.expect_refused()
            if answer.status < 400:
                cmf.environments.post({**held.body, **DEFAULTS}).needed()
                before = cmf.environments.get(held.name).needed(200).body
            else:
                with check("CMF-ENV-REFUSED", f"a refused update with {why} changes nothing"):
                    require_unchanged(why)

    for why, part in DOUBTFUL.items():
        for name in (held.name, cmf.name("refused")):
            body = {**changed, "name": name, **part}
            if cmf.environments.post(body).status < 400:
                cmf.environments.post({**held.body, **DEFAULTS}).needed()
                before = cmf.environments.get(held.name).needed(200).body
                continue
            with check("CMF-ENV-REFUSED", f"what is refused for {why} has no effect"):
                require_unchanged(why)
                if name != held.name:
                    cmf.environments.get(name).expect_absent()
    try_each("CMF-ENV-BODY", {why: spoil(changed) for why, spoil in WRONG.items()})
    try_each(
        "CMF-ENV-BODY-NESTED",
        {why: {**changed, "statementDefaults": part} for why, part in WRONG_INSIDE.items()},
    )
    # Also as new environments: an update may be refused because the namespace can't be changed.
    for what, known in (("in an update", True), ("in a creation", False)):
        named = {why: held.name if known else cmf.name("refused") for why in NAMESPACES}
        try_each(
            "CMF-ENV-NAMESPACE",
            {
                f"a namespace that is {why} {what}": {
                    **changed,
                    "name": named[why],
                    "kubernetesNamespace": value,
                }
                for why, value in NAMESPACES.items()
            },
        )
