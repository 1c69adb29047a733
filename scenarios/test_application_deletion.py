"""Applications that are deleted: gone with what lies below them, and the name free again."""

from __future__ import annotations

from collections.abc import Callable

from conformance import bodies, lookalikes, views
from conformance.bodies import ANNOTATIONS, CONFIGURATION, LABELS
from conformance.contract import timestamps
from conformance.contract.media import MEDIA_TYPES, YAML
from conformance.expectations import eventually, optional, require, require_contains, require_equal
from conformance.runner.fixtures import Held
from conformance.runner.plugin import Checks
from conformance.scenario import requirement
from conformance.target.cmf import Cmf


@requirement("CMF-APP-DELETE", "CMF-APP-DELETE-UNKNOWN", "CMF-APP-LIST")
def test_delete(
    cmf: Cmf, check: Checks, environment: str, other_environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    earlier, held, neighbour = (new_application(environment, annotations=ANNOTATIONS) for _ in range(3))
    longer = bodies.application(lookalikes.longer(held.name), cmf.features)
    applications.post(longer).needed()
    new_application(other_environment, held.name)
    left = sorted([earlier.name, neighbour.name, longer["metadata"]["name"]])
    survivors = [(applications, name) for name in left]
    survivors.append((cmf.applications(other_environment), held.name))
    before = [views.application(place.get(name).needed(200).body) for place, name in survivors]
    applications.get(held.name, accept=YAML).needed(200)
    with check("CMF-APP-DELETE", "a DELETE answers 200"):
        applications.delete(held.name).expect(200)

    def gone() -> None:
        for accept in MEDIA_TYPES:
            applications.get(held.name, accept=accept).expect(404)
        require(
            held.name not in applications.names(), "a deleted application is listed", expected="not listed"
        )

    with check("CMF-APP-DELETE", "afterwards it can't be read and is not listed"):
        eventually(gone, within=cmf.limits.settle)
    with check("CMF-APP-DELETE", "what lies below it is gone too"):
        eventually(
            lambda: cmf.instances(environment, held.name).list().expect_absent(), within=cmf.limits.settle
        )
        eventually(
            lambda: cmf.events(environment, held.name).list().expect_absent(), within=cmf.limits.settle
        )
    with check("CMF-APP-DELETE", "it does not come back when its environment is updated"):
        part = {"flinkApplicationDefaults": {"metadata": {"labels": {"updated": "yes"}}}}
        cmf.environments.post(bodies.environment(environment, cmf.features, **part)).needed()
        gone()
    with check("CMF-APP-DELETE", "its neighbours and its namesake in another environment are as they were"):
        for (place, name), had in zip(survivors, before, strict=True):
            require_equal(views.application(place.get(name).expect(200).body), had, "what was not deleted")
    with check("CMF-APP-LIST", "after a deletion its neighbours are still listed"):
        require_equal(sorted(applications.names()), left, "the names in the list")
    with check("CMF-APP-DELETE-UNKNOWN", "a second DELETE does not claim success"):
        applications.delete(held.name).expect(404, 304, 400, 409, 410, 422)
    with check("CMF-APP-DELETE-UNKNOWN", "nor does one of a name that was never used"):
        applications.delete(cmf.name("never")).expect(404, 304, 400, 409, 410, 422)
    with check(
        "CMF-APP-DELETE-UNKNOWN",
        "nor one in an environment that does not exist, which leaves namesakes alone",
    ):
        cmf.applications(cmf.name("never")).delete(neighbour.name).expect(404, 304, 400, 409, 410, 422)
        applications.get(neighbour.name).expect(200)


@requirement("CMF-APP-RECREATE")
def test_create_again(
    cmf: Cmf, check: Checks, environment: str, new_application: Callable[..., Held]
) -> None:
    applications = cmf.applications(environment)
    held = new_application(
        environment, parallelism=6, configuration=CONFIGURATION, labels=LABELS, annotations=ANNOTATIONS
    )
    first = applications.get(held.name).needed(200).body
    applications.delete(held.name).needed(200)
    eventually(lambda: applications.get(held.name).expect_absent(), within=cmf.limits.settle)
    bare = bodies.application(held.name, cmf.features)
    with check("CMF-APP-RECREATE", "the name can be used again"):
        eventually(lambda: applications.post(bare).expect(201), within=cmf.limits.settle)
    read = applications.get(held.name).needed(200).body
    with check("CMF-APP-RECREATE", "its uid and creation time are not those of the old application"):
        uid, new = (optional(body, "metadata", "uid") for body in (first, read))
        require(uid is None or uid != new, "it has the uid of the old one", expected="another", got=repr(new))
        timestamps.require_newer(*(optional(body, "metadata", "creationTimestamp") for body in (first, read)))
    with check("CMF-APP-RECREATE", "nothing of the old application is left"):
        require_contains(read, bare, "the new application")
        for part, old in (("labels", LABELS), ("annotations", ANNOTATIONS)):
            back = [key for key in old if optional(read, "metadata", part, key) is not None]
            require(not back, f"{part} of the old application are back", expected="none", got=", ".join(back))
        back = optional(read, "spec", "flinkConfiguration", "execution.checkpointing.interval")
        require(
            back is None, "configuration of the old application is back", expected="nothing", got=repr(back)
        )
        require(
            applications.names() == [held.name], "it is not the one application listed", expected=held.name
        )
