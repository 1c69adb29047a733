"""Compute pools (contract: /cmf/api/v1/environments/{envName}/compute-pools)."""

from __future__ import annotations

from conformance.reference.paging import Property
from conformance.reference.resources.common import RECORD_PROPERTIES, Handler, Resources
from conformance.reference.shapes import refuse, required
from conformance.reference.store import Environment, Record
from conformance.reference.values import Answer, Call, JsonObject, Refusal

TYPES = ("DEDICATED",)

PROPERTIES: dict[str, Property] = {**RECORD_PROPERTIES, "spec.type": lambda pool: pool.spec["type"]}


class ComputePools(Resources):
    """The operations on compute pools, which are created once and never changed."""

    kind = "ComputePool"

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on compute pools."""
        return {
            "createComputePool": self.post,
            "getComputePools": self.page,
            "getComputePool": self.get,
            "deleteComputePool": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the compute pool; raises Refusal 409 if its name exists in the environment."""
        environment = self.environment(call)
        body = self.body(call)
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = self.spec(body)
        if name in environment.pools:
            raise Refusal(409, f"ComputePool '{name}' already exists.")
        now = self.tools.clock.stamp()
        pool = environment.pools[name] = Record(name, metadata, spec, now, now)
        return Answer(200, self.view(pool))

    def page(self, call: Call) -> Answer:
        """A page of the compute pools of an environment."""
        return self.listed(call, list(self.environment(call).pools.values()), PROPERTIES, self.view)

    def get(self, call: Call) -> Answer:
        """One compute pool."""
        return Answer(200, self.view(self.pool(call)))

    def delete(self, call: Call) -> Answer:
        """Remove the compute pool; raises Refusal 409 while a statement, in whatever phase, names it."""
        environment, pool = self.environment(call), self.pool(call)
        if self.in_use(environment, pool):
            raise Refusal(409, f"ComputePool '{pool.name}' is in use and cannot be deleted.")
        del environment.pools[pool.name]
        return Answer(204)

    def in_use(self, environment: Environment, pool: Record) -> bool:
        """Whether a statement of the environment runs, ran or is to run in the pool."""
        return any(one.spec["computePoolName"] == pool.name for one in environment.statements.values())

    def pool(self, call: Call) -> Record:
        """The compute pool that the path names; raises Refusal 404."""
        name = call.path["computePoolName"]
        pool = self.environment(call).pools.get(name)
        if pool is None:
            raise self.unknown(name)
        return pool

    def spec(self, body: JsonObject) -> JsonObject:
        """The spec of a body (contract: ComputePoolSpec); raises Refusal 400 or 422."""
        spec = required(body, "spec", dict)
        kind = required(spec, "type", str, "spec.")
        cluster = required(spec, "clusterSpec", dict, "spec.")
        if kind not in TYPES:
            raise refuse("spec.type", f"must be one of {', '.join(TYPES)}", self.content_status)
        return {"type": kind, "clusterSpec": cluster}

    def view(self, pool: Record) -> JsonObject:
        """A compute pool (contract: schema ComputePool, which has no update time)."""
        return {
            **self.head(),
            "metadata": self.view_metadata(pool, updated=False),
            "spec": pool.spec,
            "status": {"phase": pool.spec["type"]},
        }
