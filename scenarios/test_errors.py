"""Errors: what every refusal carries, routes and methods that the contract does not have."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest

from conformance import bodies, views
from conformance.contract.judgement import error_messages
from conformance.contract.media import JSON, YAML, write
from conformance.expectations import require, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.answer import Answer
from conformance.target.cmf import Cmf

API = "/cmf/api/v1"
EXAMPLE, ROOT = "/hello", "/"
"""What the section *Troubleshooting* asks for in vain; later servers have pages for people at the second."""


def require_message(answer: Answer) -> None:
    """The answer is a RestError that says something."""
    messages = error_messages(answer.body)
    require(
        messages, "the error says nothing", expected="a RestError with a message", got=repr(answer.raw[:160])
    )


@requirement("CMF-ERR-BODY", "CMF-ERR-MESSAGE", "CMF-ERR-NEGOTIATED")
@pytest.mark.parametrize("accept", [JSON, YAML])
def test_refusals(cmf: Cmf, check: Checks, environment: str, suspended_application: str, accept: str) -> None:
    never = cmf.name("never")
    below = {"envName": environment, "appName": never}
    applications = cmf.applications(environment)
    invalid = bodies.application(suspended_application, cmf.features)
    refusals: dict[str, Callable[[], Answer]] = {
        "an unknown environment": lambda: cmf.environments.get(never, accept=accept),
        "deleting an unknown environment": lambda: cmf.environments.delete(never, accept=accept),
        "an invalid environment": lambda: cmf.environments.post({"name": f"{never}_A"}, accept=accept),
        "a malformed environment": lambda: cmf.environments.post(content=b"{", accept=accept),
        "an unknown application": lambda: applications.get(never, accept=accept),
        "applications of an unknown environment": lambda: cmf.applications(never).list(accept=accept),
        "an invalid application": lambda: applications.post({**invalid, "spec": "x"}, accept=accept),
        "a malformed application": lambda: applications.post(content=b"a: [", media_type=YAML, accept=accept),
        "instances of an unknown application": lambda: cmf.call(
            "getApplicationInstances", below, accept=accept
        ),
        "an unknown instance": lambda: cmf.instances(environment, suspended_application).get(
            never, accept=accept
        ),
        "events of an unknown application": lambda: cmf.call("getApplicationEvents", below, accept=accept),
    }
    for what, act in refusals.items():
        answer = act()
        if answer.status < 400:
            continue  # that it was not refused is another requirement's matter
        with check("CMF-ERR-MESSAGE", f"{what}, accepting {accept}, is a RestError with a message"):
            require_message(answer)
        declared = (answer.header("content-type") or "").split(";")[0].strip().lower()
        with check("CMF-ERR-BODY", f"{what}, accepting {accept}, is of a documented type"):
            require(
                declared in {JSON, YAML},
                "the error is of no documented type",
                expected=f"{JSON} or {YAML}",
                got=declared or "nothing",
            )
        with check("CMF-ERR-NEGOTIATED", f"{what}, accepting {accept}"):
            require(
                declared == accept, "the error is not of the type asked for", expected=accept, got=declared
            )


@requirement("CMF-ERR-ROUTE", "CMF-ERR-ROUTE-BODY")
def test_unknown_routes(cmf: Cmf, check: Checks, environment: str, suspended_application: str) -> None:
    cmf.environments.get(environment).needed(200)
    cmf.applications(environment).get(suspended_application).needed(200)
    name, application = quote(environment), quote(suspended_application)
    for path in (
        EXAMPLE,
        "/cmf/api/v1/hello",
        "/cmf/api/v2/environments",
        "/cmf/api/v1/environment",
        f"{API}/environments/{name}/hello",
        f"{API}/environments/{name}/applications/{cmf.name('never')}/hello",
        f"{API}/environments/{name}/applications/{application}/hello",
        f"{API}/environments/{name}/events",
        f"/environments/{name}",
    ):
        answer = cmf.send("GET", path)
        shown = path.replace(name, "{environment}").replace(application, "{application}")
        with check("CMF-ERR-ROUTE", f"GET {shown} is not found"):
            answer.expect(404)
        with check("CMF-ERR-ROUTE-BODY", f"GET {shown} says so"):
            require_message(answer)
            require(
                any(message.startswith("Resource not found") for message in error_messages(answer.body)),
                "the message does not begin with Resource not found",
                expected="Resource not found: [...]",
                got=repr(error_messages(answer.body)),
            )
        if path == EXAMPLE:
            with check("CMF-ERR-ROUTE-BODY", f"GET {path} says what the example of the documentation says"):
                said = error_messages(answer.body)
                require(
                    f"Resource not found: [{path[1:]}]" in said,
                    "it is not the message of the example",
                    expected=f"Resource not found: [{path[1:]}]",
                    got=repr(said),
                )
    answer = cmf.send("GET", ROOT)
    if answer.status < 400:
        check.nothing_to_judge("CMF-ERR-ROUTE-BODY", f"the target has something to show at {ROOT}")
        return
    with check("CMF-ERR-ROUTE-BODY", f"GET {ROOT} says what the example of the documentation says"):
        require_message(answer)
        said = error_messages(answer.body)
        require(
            "Resource not found: []" in said,
            "it is not the message of the example",
            expected="Resource not found: []",
            got=repr(said),
        )


@requirement("CMF-ERR-METHOD", "CMF-ERR-BODY-HTTP")
def test_methods_that_the_contract_does_not_have(
    cmf: Cmf,
    check: Checks,
    environment: str,
    new_environment: Callable[..., Held],
    new_application: Callable[..., Held],
) -> None:
    held, application = new_environment(), new_application(environment)
    other = write({**held.body, "flinkApplicationDefaults": {"metadata": {"labels": {"a": "b"}}}}, JSON)
    changed = write(bodies.application(application.name, cmf.features, parallelism=8), JSON)
    before = cmf.environments.get(held.name).needed(200).body
    app_before = cmf.applications(environment).get(application.name).needed(200).body
    item = f"{API}/environments/{held.name}"
    app_item = f"{API}/environments/{environment}/applications/{application.name}"
    for method, path, content in (
        ("PUT", item, other),
        ("PATCH", item, other),
        ("POST", item, other),
        ("PUT", app_item, changed),
        ("PATCH", app_item, changed),
        ("POST", app_item, changed),
    ):
        what = f"{method} on a single {'application' if path == app_item else 'environment'}"
        with check("CMF-ERR-METHOD", f"{what} is refused"):
            answer = cmf.send(method, path, content=content, headers=[("Content-Type", JSON)])
            require(
                400 <= answer.status < 500,
                "it was not refused",
                expected="405 or another 4xx",
                got=str(answer.status),
            )
        if answer.status >= 400:
            with check("CMF-ERR-BODY-HTTP", f"the refusal of {what} says something"):
                require_message(answer)
        with check("CMF-ERR-METHOD", f"{what} changes nothing"):
            now = cmf.environments.get(held.name).expect(200).body
            require_equal(views.environment(now), views.environment(before), "the environment")
            now = cmf.applications(environment).get(application.name).expect(200).body
            require_equal(views.application(now), views.application(app_before), "the application")
