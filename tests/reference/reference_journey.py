"""A long, deterministic walk through a server in this process, and everything that it answered.

Time and identifiers are made up, so two servers that behave alike give equal transcripts: what differs is what a
fault or a variation does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import quote

import yaml

from conformance.reference.asgi import Wiring
from conformance.reference.server import Server

V1 = "/cmf/api/v1"
ENVIRONMENTS = V1 + "/environments"
START = 1_750_000_000_000
JSON = "application/json"
YAML = "application/yaml"


@dataclass
class FakeClock:
    """Time that passes only when it is told to."""

    at: int = START

    def now(self) -> int:
        return self.at

    def stamp(self) -> int:
        self.at += 1
        return self.at


@dataclass
class Reply:
    """One answer as it went out."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Walker:
    """Sends requests and keeps every answer."""

    wiring: Wiring
    clock: FakeClock
    transcript: list[tuple[str, Reply]] = field(default_factory=list)

    async def send(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str
    ) -> Reply:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        given = {"content-type": JSON} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(dict(message))

        await self.wiring(scope, receive, send)
        last = [message for message in sent if message["type"] == "http.response.body"]
        reply = Reply(
            sent[0]["status"],
            {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]},
            b"".join(message.get("body", b"") for message in last),
            bool(last) and not last[-1].get("more_body", False),
        )
        self.transcript.append((f"{method} {path}?{query} {given}", reply))
        return reply

    def wait(self, milliseconds: int) -> None:
        self.clock.at += milliseconds


@contextmanager
def made_up_identifiers() -> Iterator[None]:
    """Let UUIDs be counted instead of drawn."""
    count = itertools.count(1)
    with mock.patch.object(
        uuid, "uuid4", side_effect=lambda: uuid.UUID(int=next(count) << 64 | 4 << 76 | 1 << 63)
    ):
        yield


def application(name: str, state: str = "suspended", **spec: Any) -> dict[str, Any]:
    """A body with every kind of value in it."""
    return {
        "apiVersion": "cmf.confluent.io/v1",
        "kind": "FlinkApplication",
        "metadata": {"name": name, "labels": {"team": "a"}, "annotations": {"note": "plain"}},
        "spec": {
            "image": "confluentinc/cp-flink:1.19.1-cp2",
            "flinkVersion": "v1_19",
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "1", "a.b": "2", "c": "x"},
            "serviceAccount": "flink",
            "jobManager": {"resource": {"memory": "1024m", "cpu": 1}},
            "taskManager": {"resource": {"memory": "2048m", "cpu": 0.5}},
            "job": {"jarURI": "local:///x.jar", "state": state, "parallelism": 3, "upgradeMode": "stateless"},
            **spec,
        },
    }


def environment(name: str, mark: str = "1", **more: Any) -> dict[str, Any]:
    """A body with every default."""
    return {
        "name": name,
        "kubernetesNamespace": "flink",
        "flinkApplicationDefaults": {
            "metadata": {"labels": {"by": mark}},
            "spec": {
                "image": "other",
                "flinkConfiguration": {"a.b": "default", "d": mark},
                "extra": {"deep": mark},
            },
        },
        "computePoolDefaults": {"spec": {"mark": mark}},
        "statementDefaults": {
            "detached": {"flinkConfiguration": {"x": mark}},
            "interactive": {"flinkConfiguration": {"y": mark}},
        },
        **more,
    }


async def names(walk: Walker) -> None:
    home = ENVIRONMENTS + "/home"
    await walk.send("POST", ENVIRONMENTS, environment("home"))
    good = ["abcd", "a" * 253, "aa.bb", "1abc", "ab--cd", "abc1", "ab.c1", "n.o.dots"]
    bad = ["abc", "a" * 254, "Abcd", "ab_cd", " abcd ", "abcd\n", "ab!cd", "ab..cd", "abcd-", "ab-.cd", "abéd",
           "ab cd", "ab\x01cd", ".abcd", "-abcd", "ABCDE", ""]  # fmt: skip
    for name in good + bad:
        await walk.send("POST", ENVIRONMENTS, {"name": name})
        await walk.send("GET", f"{ENVIRONMENTS}/{quote(name, safe='')}")
        body = application(name)
        await walk.send("POST", home + "/applications", body)
        await walk.send("GET", f"{home}/applications/{quote(name, safe='')}")
    await walk.send("GET", ENVIRONMENTS + "?size=100")
    await walk.send("GET", home + "/applications?size=100")
    for name in good:
        await walk.send("DELETE", f"{ENVIRONMENTS}/{name}")
        await walk.send("DELETE", f"{home}/applications/{name}")
    await walk.send("GET", ENVIRONMENTS + "/ABCD")


async def environments(walk: Walker) -> None:
    one, another = ENVIRONMENTS + "/env-one", ENVIRONMENTS + "/env-one-longer"
    await walk.send("POST", ENVIRONMENTS, environment("env-one-longer"))
    await walk.send("GET", one)
    await walk.send("POST", ENVIRONMENTS, environment("env-one"))
    for mark in ("2", "3"):
        await walk.send("GET", one)
        await walk.send("GET", ENVIRONMENTS)
        await walk.send(
            "POST", ENVIRONMENTS, environment("env-one", mark, kubernetesNamespace=f"flink-{mark}")
        )
    await walk.send("GET", one)
    await walk.send("GET", ENVIRONMENTS)
    await walk.send("POST", ENVIRONMENTS, {"name": "env-one", "flinkApplicationDefaults": {"spec": {}}})
    await walk.send("GET", one)
    await walk.send("POST", ENVIRONMENTS, environment("env-one", "4"))
    wrong: list[dict[str, Any]] = [
        {"kubernetesNamespace": ""},
        {"kubernetesNamespace": "A_b"},
        {"kubernetesNamespace": "a" * 254},
        {"kubernetesNamespace": 5},
        {"flinkApplicationDefaults": []},
        {"computePoolDefaults": "x"},
        {"statementDefaults": 1},
        {"statementDefaults": {"interactive": []}},
        {"statementDefaults": {"detached": {"flinkConfiguration": {"x": 1}}}},
        {"name": 12345},
    ]
    for part in wrong:
        await walk.send("POST", ENVIRONMENTS, {**environment("env-one", "5"), **part})
        await walk.send("GET", one)
    await walk.send("POST", ENVIRONMENTS, {"kubernetesNamespace": "x"})
    await walk.send("POST", ENVIRONMENTS, {"name": "env-bare"})
    await walk.send("POST", ENVIRONMENTS, {**environment("env-extra"), "colour": "red"})
    for method, path in (
        ("DELETE", one),
        ("GET", one),
        ("GET", ENVIRONMENTS),
        ("DELETE", one),
        ("DELETE", one + "-no"),
    ):
        await walk.send(method, path)
    await walk.send("POST", ENVIRONMENTS, {"name": "env-one", "kubernetesNamespace": "new"})
    await walk.send("GET", one)
    await walk.send("POST", another + "/applications", application("child-1"))
    await walk.send("POST", another + "/applications", application("child-2"))
    await walk.send("DELETE", another)
    await walk.send("GET", another + "/applications/child-1")
    await walk.send("GET", another + "/applications/child-2")
    await walk.send("POST", ENVIRONMENTS, {"name": "env-one-longer"})
    await walk.send("GET", another + "/applications")


async def applications(walk: Walker) -> None:
    for name in ("apps-1", "apps-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
    one, two = ENVIRONMENTS + "/apps-1/applications", ENVIRONMENTS + "/apps-2/applications"
    await walk.send("GET", one)
    await walk.send("POST", one, application("same-name"))
    await walk.send("GET", two + "/same-name")
    await walk.send("GET", two)
    await walk.send("POST", two, application("same-name", image="two"))
    await walk.send("GET", one + "/same-name")
    walk.wait(1000)
    changed = application("same-name", image="new", serviceAccount="other", extra={"a": 1, "b": 2})
    changed["metadata"]["labels"] = {"team": "b"}
    changed["spec"]["job"]["parallelism"] = 5
    changed["spec"]["flinkConfiguration"]["c"] = "y"
    await walk.send("POST", one, changed)
    await walk.send("GET", one)
    await walk.send("GET", one + "/same-name")
    await walk.send("GET", one + "/same-name")
    await walk.send("GET", two + "/same-name")
    smaller = application("same-name")
    del smaller["spec"]["serviceAccount"], smaller["spec"]["flinkConfiguration"]["a.b"]
    await walk.send("POST", one, smaller)
    walk.wait(500)
    await walk.send("GET", one + "/same-name")
    await walk.send("GET", one)
    for change in (
        lambda body: body.pop("spec"),
        lambda body: body.pop("kind"),
        lambda body: body.pop("apiVersion"),
        lambda body: body["metadata"].pop("name"),
        lambda body: body.update(spec=[]),
        lambda body: body.update(kind=3),
        lambda body: body["metadata"].update(name=123456),
        lambda body: body["spec"].update(job={"state": "x", "parallelism": 9}),
        lambda body: body.update(colour="red"),
    ):
        body = application("same-name", image="refused")
        change(body)
        await walk.send("POST", one, body)
        await walk.send("GET", one + "/same-name")
    await walk.send("POST", ENVIRONMENTS + "/apps-none/applications", application("lost-app"))
    await walk.send("GET", ENVIRONMENTS + "/apps-none")
    await walk.send("GET", ENVIRONMENTS + "/apps-none/applications")
    await walk.send("GET", ENVIRONMENTS + "/apps-none/applications/same-name")
    await walk.send("GET", one + "/never-made")
    for name in ("sibling-1", "sibling-2", "sibling-3"):
        await walk.send("POST", one, application(name))
    await walk.send("POST", two + "", application("moved-app"))
    await walk.send("POST", one, application("moved-app"))
    await walk.send("GET", two + "/moved-app")
    await walk.send("DELETE", one + "/sibling-2")
    for method, path in (
        ("GET", one + "/sibling-2"),
        ("GET", one),
        ("DELETE", one + "/sibling-2"),
        ("DELETE", one + "/never-made"),
        ("DELETE", one + "/same-name"),
        ("GET", two + "/same-name"),
    ):
        await walk.send(method, path)
    again = application("sibling-2")
    del again["metadata"]["labels"], again["spec"]["flinkConfiguration"]
    await walk.send("POST", one, again)
    await walk.send("GET", one + "/sibling-2")


def events(path: str) -> str:
    """The path of the events of the application with that path."""
    return path.replace("/v1/", "/v1alpha1/") + "/events"


async def lifecycle(walk: Walker) -> None:
    for name in ("life-1", "life-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
        for sibling in ("run-1", "run-2"):
            await walk.send("POST", f"{ENVIRONMENTS}/{name}/applications", application(sibling))
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


async def runs(walk: Walker) -> None:
    for name in ("runs-1", "runs-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
        for sibling in ("run-1", "run-2"):
            path = f"{ENVIRONMENTS}/{name}/applications"
            await walk.send("POST", path, application(sibling, "running"))
            walk.wait(500)
            await walk.send("POST", path, application(sibling, "running", image="again"))
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
    await nothing(walk)


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


async def pages(walk: Walker) -> None:
    await walk.send("POST", ENVIRONMENTS, environment("page"))
    home = ENVIRONMENTS + "/page/applications"
    for name in ("zulu", "alfa-long", "mike", "echo", "bravo", "kilo-9", "kilo"):
        await walk.send("POST", home, application(name))
        await walk.send("POST", ENVIRONMENTS, {"name": f"p-{name}", "kubernetesNamespace": f"n{len(name)}"})
    await walk.send("DELETE", home + "/kilo")
    for base in (home, ENVIRONMENTS):
        for query in ("", "page=0&size=2", "page=1&size=2", "page=2&size=2", "page=0&size=4", "page=1&size=4",
                      "size=2", "size=3&page=1", "page=3&size=100", "page=1&size=100", "size=4", "page=0",
                      "sort=name", "sort=name,asc", "sort=name,desc", "sort=name,desc&size=2&page=1",
                      "sort=name,desc&size=2&page=0", "sort=kubernetesNamespace,desc&sort=name",
                      "sort=kubernetesNamespace&sort=name,desc", "sort=nothing", "sort=name,up", "page=-1", "size=0",
                      "size=-3", "page=x", "page=99999999999", "size=4294967296"):  # fmt: skip
            await walk.send("GET", f"{base}?{query}")
            await walk.send("GET", f"{base}?{query}")


async def content(walk: Walker) -> None:
    texts = {"accent": "é", "composed": "e\u0301", "astral": "\U0001f600", "lines": "a\nb", "slash": "a\\b", "yes": "yes",
             "no": "no", "null": "null", "version": "1.10", "zeros": "0123", "time": "12:30:00", "empty": "", "on": "on"}  # fmt: skip
    values = {"big": 2**60 + 1, "small": 1, "fraction": 1.25, "truth": True, "one": ["x"], "many": [1, "b", None],
              "deep": {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "void": {}, "none": []}  # fmt: skip
    env = environment("text", flinkApplicationDefaults={"spec": {**values, "texts": texts}})
    app = application("text-app", texts=texts, **values)
    app["metadata"]["annotations"] = texts
    home = ENVIRONMENTS + "/text/applications"
    for write in (JSON, YAML):
        for body, path in ((env, ENVIRONMENTS), (app, home)):
            raw = (json.dumps(body) if write == JSON else yaml.safe_dump(body, allow_unicode=True)).encode()
            await walk.send("POST", path, raw=raw, content_type=write)
        for read in (JSON, YAML):
            for path in (ENVIRONMENTS + "/text", home + "/text-app", ENVIRONMENTS + "?size=50", home):
                await walk.send("GET", path, accept=read)
            await walk.send("POST", home, app, accept=read)
            await walk.send("POST", home + "/text-app/suspend", accept=read)
    await walk.send("GET", (home + "/text-app/events").replace("v1", "v1alpha1"), accept=YAML)
    await walk.send("GET", ENVIRONMENTS + "/text")
    example = yaml.safe_dump(application("curl-example")).encode()
    await walk.send("POST", home, raw=example, content_type=YAML, accept="*/*")
    await walk.send("GET", home + "/curl-example")
    await walk.send("POST", ENVIRONMENTS, raw=b'{"name": "charset"}', content_type=JSON + "; charset=utf-8")
    broken = [b'{"name": "broken-1"', b'{"name": "broken-2"} x', b"", b"[]", b'[{"name": "broken-3"}]', b"null", b'"broken-4"',
              b"5", b"{'name': 1}", b"\xff\xfe", b"\xef\xbb\xbf" + b'{"name": "broken-5"}', b"[" * 300, b'{"name": NaN}']  # fmt: skip
    for raw in broken:
        await walk.send("POST", ENVIRONMENTS, raw=raw, content_type=JSON)
        await walk.send("POST", home, raw=raw, content_type=JSON)
    aliases = b"name: many-aliases\nx: &a [1]\ny: [" + b"*a," * 30 + b"]"
    for raw in (
        b"name: broken-6\n  x: [",
        b"name: broken-7\nx: }\n",
        b"",
        b"- a",
        b"~",
        aliases,
        b"name: !!python/name:x y",
    ):
        await walk.send("POST", ENVIRONMENTS, raw=raw, content_type=YAML)
    for media_type in ("text/plain", "application/xml"):
        await walk.send("POST", ENVIRONMENTS, raw=b'{"name": "other-type"}', content_type=media_type)
        await walk.send("GET", ENVIRONMENTS + "/text", accept=media_type)
    await walk.send("GET", ENVIRONMENTS + "?size=100")


async def errors(walk: Walker) -> None:
    home = ENVIRONMENTS + "/fail"
    await walk.send("POST", ENVIRONMENTS, environment("fail"))
    await walk.send("POST", home + "/applications", application("fail-app"))
    for path in ("/hello", "/", V1 + "/nothing", ENVIRONMENTS + "/", home + "/nothing", "/actuator/health"):
        await walk.send("GET", path)
        await walk.send("GET", path, accept=YAML)
    for method in ("PUT", "PATCH", "POST", "TRACE"):
        await walk.send(method, home, environment("fail", method))
        await walk.send("GET", home)
        await walk.send(method, home + "/applications/fail-app", application("fail-app", image=method))
        await walk.send("GET", home + "/applications/fail-app")
    for name in ("a" * 300, quote("é"), "%00", "a%2Fb", "..", "x" * 254):
        await walk.send("GET", f"{ENVIRONMENTS}/{name}")
        await walk.send("GET", f"{home}/applications/{name}", accept=YAML)
        await walk.send("DELETE", f"{home}/applications/{name}")
    await walk.send("POST", home + "/applications", application("Bad"), accept=YAML)
    await walk.send("POST", home + "/applications", application("Bad"), accept=JSON)


async def caching(walk: Walker) -> None:
    home = ENVIRONMENTS + "/cache"
    await walk.send("POST", ENVIRONMENTS, environment("cache"))
    await walk.send("POST", home + "/applications", application("cached"))
    await walk.send("POST", home + "/applications", application("cached-2"))
    walk.wait(1000)
    paths = (ENVIRONMENTS, home + "/applications", home + "/applications/cached")
    labelled = application("cached")
    labelled["metadata"]["labels"] = {"new": "label"}
    changes: list[Callable[[], Any]] = [
        lambda: walk.send("POST", home + "/applications", labelled),
        lambda: walk.send("POST", home + "/applications", application("cached", image="new")),
        lambda: walk.send("POST", ENVIRONMENTS, environment("cache", "2")),
        lambda: walk.send("DELETE", home + "/applications/cached-2"),
        lambda: walk.send("DELETE", ENVIRONMENTS + "/text"),
    ]
    for change in changes:
        walk.wait(1000)
        tags = [(await walk.send("GET", path)).headers.get("etag", '"none"') for path in paths]
        for path, tag in zip(paths, tags, strict=True):
            await walk.send("GET", path, if_none_match=tag)
            await walk.send("GET", path, if_none_match='"never-given"')
            await walk.send("GET", path)
        await change()
        for path, tag in zip(paths, tags, strict=True):
            await walk.send("GET", path, if_none_match=tag)


async def concurrency(walk: Walker) -> None:
    await walk.send("POST", ENVIRONMENTS, environment("together"))
    home = ENVIRONMENTS + "/together/applications"
    await asyncio.gather(
        *(walk.send("POST", ENVIRONMENTS, environment("parallel", str(n))) for n in range(4))
    )
    await asyncio.gather(*(walk.send("POST", home, application("parallel", image=str(n))) for n in range(4)))
    await walk.send("GET", ENVIRONMENTS + "?size=50")
    await walk.send("GET", ENVIRONMENTS + "/parallel")
    await walk.send("GET", home)
    await walk.send("GET", home + "/parallel")


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
    await walk.send("DELETE", home + "/statements/stmt")
    await walk.send("GET", home + "/statements/stmt")
    walk.wait(400)
    await walk.send("GET", home + "/statements/stmt")


STAGES = (
    names,
    environments,
    applications,
    lifecycle,
    runs,
    pages,
    content,
    errors,
    caching,
    concurrency,
    statements,
)
Transcript = list[tuple[str, Reply]]


def stages_from(area: str) -> tuple[Callable[[Walker], Any], ...]:
    """Every stage, the one of that name first: what an area's faults do shows there soonest."""
    return tuple(sorted(STAGES, key=lambda stage: stage.__name__ != area))


def walk(
    server: Server,
    stages: tuple[Callable[[Walker], Any], ...] = STAGES,
    until: Callable[[Transcript], bool] = lambda _transcript: False,
) -> Transcript:
    """Walk through the server, to the end or until what was seen after a stage is enough."""
    clock = FakeClock()
    clock.at += server.clock.skew
    vars(server.clock).update(now=clock.now, stamp=clock.stamp)
    walker = Walker(Wiring(server), clock)

    async def everything() -> None:
        for stage in stages:
            await stage(walker)
            if until(walker.transcript):
                return

    with made_up_identifiers():
        asyncio.run(everything())
    return walker.transcript
