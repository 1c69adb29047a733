"""The stages of a walk about what answers have in common: pages, content, errors, caching, concurrency."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import yaml

from .samples import ENVIRONMENTS, JSON, V1, YAML, application, environment
from .walker import Walker


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
