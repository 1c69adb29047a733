"""The stages of a walk in which something runs: applications, their instances and events, and statements."""

from __future__ import annotations

from .samples import ENVIRONMENTS, V1, YAML, application, environment, events
from .walker import Walker


async def lifecycle(walk: Walker) -> None:
    for name in ("life-1", "life-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
        for sibling in ("run-1", "run-2"):
            await walk.send(
                "POST",
                f"{ENVIRONMENTS}/{name}/applications",
                application(sibling, logConfiguration={"file": "text"}),
            )
    one = ENVIRONMENTS + "/life-1/applications/run-1"
    namesake = ENVIRONMENTS + "/life-2/applications/run-1"
    await walk.send("GET", events(one))
    await walk.send("POST", one + "/suspend")
    await walk.send("GET", one)
    await start(walk, one, namesake)
    await walk.send("POST", one + "/suspend")
    walk.wait(300)
    await walk.send("POST", one + "/suspend")
    await walk.send("GET", one)
    await walk.send("GET", events(one))
    await start(walk, one, namesake)


async def start(walk: Walker, one: str, namesake: str) -> None:
    await walk.send("POST", one + "/start")
    await walk.send("GET", namesake)
    await walk.send("POST", ENVIRONMENTS, environment("life-1", "later"))
    for delay in (60, 100, 200):
        walk.wait(delay)
        for path in (one, one + "/instances", events(one)):
            await walk.send("GET", path)
    await walk.send("POST", one + "/start")
    await walk.send("GET", one)
    await walk.send("GET", ENVIRONMENTS + "/life-1/applications")
    await walk.send("GET", ENVIRONMENTS + "/life-1/applications?page=1&size=1", accept=YAML)
    walk.wait(7_000)
    await walk.send("GET", one)


async def runs(walk: Walker) -> None:
    for name in ("runs-1", "runs-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
        for sibling in ("run-1", "run-2"):
            path = f"{ENVIRONMENTS}/{name}/applications"
            await walk.send("POST", path, application(sibling, "running"))
            walk.wait(500)
            other = {"image": "again", "flinkConfiguration": {"state.backend.type": "rocksdb"}}
            await walk.send("POST", path, application(sibling, "running", **other))
            walk.wait(500)
    one = ENVIRONMENTS + "/runs-1/applications/run-1"
    other = ENVIRONMENTS + "/runs-1/applications/run-2"
    for path in (one, other):
        listed = await walk.send("GET", path + "/instances")
        for suffix in ("?size=5", "?size=1&page=1", "?size=5&page=3"):
            await walk.send("GET", path + "/instances" + suffix)
        for suffix in ("", "?size=2&page=0", "?size=2&page=1", "?size=2&page=9", "?size=7&page=1"):
            await walk.send("GET", events(path) + suffix)
        for item in listed.json.get("items", []) if listed.status == 200 else ():
            for where in (one, other):
                await walk.send("GET", f"{where}/instances/{item['metadata']['name']}")
        await walk.send("GET", path + "/instances/00000000-0000-4000-8000-000000000000")
    await walk.send("GET", ENVIRONMENTS + "/runs-1/applications/run-none/instances", accept=YAML)
    await walk.send("POST", other + "/suspend")
    await walk.send("GET", other + "/instances")
    await nothing(walk)


async def namesakes(walk: Walker) -> None:
    allowed = {"flinkApplicationDefaults": {"spec": {"job": {"allowNonRestoredState": True}}}}
    for name in ("kin-1", "kin-2", "kin-1-kin"):
        await walk.send("POST", ENVIRONMENTS, environment(name, **allowed))
    job = {"jarURI": "local:///x.jar", "state": "running", "parallelism": 1, "allowNonRestoredState": False}
    for name in ("kin-1", "kin-2"):
        await walk.send("POST", f"{ENVIRONMENTS}/{name}/applications", application("kin-a", job=job))
    here, there = (f"{ENVIRONMENTS}/{name}/applications/kin-a" for name in ("kin-1", "kin-2"))
    walk.wait(500)
    listed = await walk.send("GET", here + "/instances")
    await walk.send("GET", here + "/instances", accept=YAML)
    for item in listed.json.get("items", []) if listed.status == 200 else ():
        await walk.send("GET", f"{there}/instances/{item['metadata']['name']}")
    await walk.send("GET", ENVIRONMENTS + "/kin-1-kin/applications/a")
    for name in ("n" * 200, "kin.dotted"):
        path = f"{ENVIRONMENTS}/kin-1/applications/{name}"
        await walk.send("POST", f"{ENVIRONMENTS}/kin-1/applications", application(name))
        await walk.send("GET", path + "/instances")
        await walk.send("GET", events(path))
    await walk.send("POST", f"{ENVIRONMENTS}/kin-1/applications", application("kin-kin-a"))
    await walk.send("GET", ENVIRONMENTS + "/kin-1-kin/applications/kin-a")
    await walk.send("DELETE", here)
    await walk.send("GET", events(there))
    await walk.send("POST", f"{ENVIRONMENTS}/kin-1/applications", application("kin-a"))
    await walk.send("POST", ENVIRONMENTS, environment("kin-2", computePoolDefaults={}))
    await walk.send("GET", ENVIRONMENTS + "/kin-2")


async def nothing(walk: Walker) -> None:
    for path in (
        ENVIRONMENTS + "/runs-1/applications/run-none",
        ENVIRONMENTS + "/runs-none/applications/run-1",
    ):
        for part in ("start", "suspend"):
            await walk.send("POST", f"{path}/{part}")
        for suffix in ("", "/instances", "/instances/x"):
            await walk.send("GET", path + suffix)
        await walk.send("GET", events(path))


async def statements(walk: Walker) -> None:
    home = ENVIRONMENTS + "/sql-home"
    base = {"apiVersion": "cmf.confluent.io/v1"}
    await walk.send("POST", ENVIRONMENTS, environment("sql-home"))
    secret = {**base, "kind": "Secret", "metadata": {"name": "secret-1"}, "spec": {"data": {"k": "canary"}}}
    await walk.send("POST", V1 + "/secrets", secret)
    mapping = {
        **base,
        "kind": "EnvironmentSecretMapping",
        "metadata": {"name": "mapping-1"},
        "spec": {"secretName": "secret-1"},
    }
    await walk.send("POST", home + "/secret-mappings", mapping)
    await walk.send("GET", V1 + "/secrets/secret-1")
    await walk.send("GET", home)
    pool = {
        **base,
        "kind": "ComputePool",
        "metadata": {"name": "pool"},
        "spec": {"type": "DEDICATED", "clusterSpec": {}},
    }
    await walk.send("POST", home + "/compute-pools", pool)
    spec = {"statement": "SELECT * FROM t LIMIT 7", "computePoolName": "pool"}
    statement = {**base, "kind": "Statement", "metadata": {"name": "stmt"}, "spec": spec}
    await walk.send("POST", home + "/statements", statement)
    for _ in range(3):
        walk.wait(110)
        await walk.send("GET", home + "/statements/stmt")
        await walk.send("GET", home + "/statements/stmt/results")
    await walk.send("DELETE", home + "/compute-pools/pool")
    await walk.send("POST", home + "/compute-pools", pool)
    await walk.send("DELETE", home + "/statements/stmt")
    await walk.send("GET", home + "/statements/stmt")
    walk.wait(400)
    await walk.send("GET", home + "/statements/stmt")
    spec = {"statement": "INSERT INTO s SELECT * FROM t", "computePoolName": "pool"}
    stays = {**statement, "metadata": {"name": "stays"}, "spec": spec}
    await walk.send("POST", home + "/statements", stays)
    for delay in (110, 500, 9_000):
        walk.wait(delay)
        await walk.send("GET", home + "/statements/stays")
    labelled = {"name": "stays", "labels": {"tier": "gold"}}
    await walk.send("PUT", home + "/statements/stays", {**stays, "metadata": labelled})
