"""Secret mappings: to a secret that is there, and to one that is not."""

from __future__ import annotations

from typing import Any

from conformance import bodies
from conformance.contract.media import JSON, YAML
from conformance.expectations import optional, require, require_equal
from conformance.kinds import SECRET_MAPPING
from conformance.runner.context import RunContext
from conformance.runner.plugin import Checks
from conformance.scenario import needs_sql, requirement
from conformance.target.cmf import Cmf

pytestmark = needs_sql


@requirement("CMF-MAP-SECRET-UNKNOWN")
def test_mapping_to_an_unknown_secret(run: RunContext, cmf: Cmf, check: Checks, environment: str) -> None:
    known, gone, never, held = (cmf.name(word) for word in ("secret", "gone", "never", "held"))
    for name in (known, gone):
        cmf.secrets.post(bodies.secret(name, run.canaries.data())).needed()
    cmf.secrets.delete(gone).needed(200, 202, 204)
    mappings = cmf.secret_mappings(environment)
    mappings.post(bodies.secret_mapping(held, secret=known)).needed()

    def told() -> Any:
        return optional(cmf.environments.get(environment).expect(200).body, "secrets")

    for number, (what, secret) in enumerate((("never existed", never), ("was deleted", gone))):
        for media_type in (JSON, YAML):
            name, before = cmf.name("secret-id"), told()
            body = bodies.secret_mapping(name, secret=secret, annotations={"number": str(number)})
            answer = mappings.post(body, media_type=media_type)
            with check("CMF-MAP-SECRET-UNKNOWN", f"a mapping to a secret that {what}, sent as {media_type}"):
                answer.expect(200, 400, 404, 422)
                if answer.status == 200:
                    SECRET_MAPPING.require_stored(mappings.get(name).expect(200).body, body, "the mapping: ")
                    require(name in mappings.names(), "it is not listed", expected=name)
                else:
                    mappings.get(name).expect_absent()
                    require(
                        name not in mappings.names(), "it was refused and is listed", expected="not listed"
                    )
                    require_equal(told(), before, "the secrets of the environment, ")
            state, before = mappings.get(held).needed(200).body, told()
            update = bodies.secret_mapping(held, secret=secret, annotations={"number": str(number)})
            answer = mappings.put(held, update, media_type=media_type)
            with check("CMF-MAP-SECRET-UNKNOWN", f"an update to a secret that {what}, sent as {media_type}"):
                answer.expect(200, 400, 404, 422)
                now = mappings.get(held).expect(200).body
                if answer.status == 200:
                    SECRET_MAPPING.require_stored(now, update, "the mapping: ")
                else:
                    SECRET_MAPPING.require_same(now, state, "after a refused update, the mapping: ")
                    require_equal(told(), before, "after a refused update, the secrets of the environment, ")
    with check("CMF-MAP-SECRET-UNKNOWN", "none of this created a secret"):
        cmf.secrets.get(never).expect_absent()
        cmf.secrets.get(gone).expect_absent()
