"""The stages of a walk that create, change and remove environments and applications."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .samples import ENVIRONMENTS, YAML, application, environment
from .walker import Walker


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
    walk.wait(10)
    await walk.send(
        "POST", ENVIRONMENTS, environment("env-one", "4", computePoolDefaults={"spec": {"mark": "alone"}})
    )
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
    await walk.send("POST", ENVIRONMENTS, {"name": "env-far", "kubernetesNamespace": "f" * 300})
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
    await walk.send("POST", another + "/applications", application("child-3"))
    await walk.send("DELETE", one)
    await walk.send("GET", another + "/applications")
    await walk.send("POST", ENVIRONMENTS, environment("env-yaml"))
    await walk.send("POST", ENVIRONMENTS, {"name": "env-yaml"}, content_type=YAML)
    await walk.send("GET", ENVIRONMENTS + "/env-yaml")
    await walk.send("GET", ENVIRONMENTS + "/env-none", accept=YAML)


async def applications(walk: Walker) -> None:
    for name in ("apps-1", "apps-2"):
        await walk.send("POST", ENVIRONMENTS, environment(name))
    one, two = ENVIRONMENTS + "/apps-1/applications", ENVIRONMENTS + "/apps-2/applications"
    await walk.send("GET", one)
    await walk.send("POST", one, application("same-name"))
    await walk.send("GET", two + "/same-name")
    await walk.send("GET", two)
    await walk.send("GET", ENVIRONMENTS + "/apps-none/applications", accept=YAML)
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
    unlabelled = {**smaller, "metadata": {"name": "same-name"}}
    await walk.send("POST", one, unlabelled, content_type=YAML)
    await walk.send("GET", one + "/same-name")
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
