"""What Example Corp demands of its own server, beyond the contract of CMF."""

from __future__ import annotations

from collections.abc import Callable

from conformance.expectations import require, require_contains, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf

LABELS = {"example.com/team": "payments", "example.com/stage": "test"}
MOST_MILLISECONDS = 1_000


@requirement("EXAMPLE-APP-LABELS")
def test_labels_are_kept(
    cmf: Cmf, environment: str, new_application: Callable[..., Held], check: Checks
) -> None:
    application = new_application(environment, labels=LABELS)
    answer = cmf.applications(environment).get(application.name)
    with check("EXAMPLE-APP-LABELS", "the labels of a new application"):
        require_contains(answer.expect(200).at("metadata", "labels"), LABELS, "metadata.labels")


@requirement("EXAMPLE-ENV-QUICK")
def test_an_empty_environment_is_read_quickly(cmf: Cmf, environment: str, check: Checks) -> None:
    answer = cmf.environments.get(environment).expect(200)
    with check("EXAMPLE-ENV-QUICK", "reading an empty environment"):
        took = answer.exchange.elapsed_ms
        require(took <= MOST_MILLISECONDS, "it took too long", expected="1 s at most", got=f"{took:.0f} ms")


@requirement("EXAMPLE-APP-SUSPENDED")
def test_what_is_suspended_has_no_instance(
    cmf: Cmf, environment: str, suspended_application: str, check: Checks
) -> None:
    with check("EXAMPLE-APP-SUSPENDED", "the instances of a new application"):
        require_equal(cmf.instances(environment, suspended_application).names(), [], "the list of instances")
