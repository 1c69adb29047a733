"""Runs by another document than the contract, as a user makes them, against servers of what it describes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.reference.launch import ReferenceServer

from . import documents
from .server import Behaviour, Reply, Versioned

V1 = "/cmf/api/v1"
COLLECTIONS = (
    f"{V1}/folders",
    f"{V1}/folders/{{}}/notes",
    f"{V1}/catalogs/kafka/{{}}/databases",
    f"{V1}/environments/{{}}/applications/{{}}/savepoints",
)
SCHEMA = "CMF-DOCUMENT-SCHEMA"
QUICK = ("--effort", "quick", "--seed", "1", "--quiet")
SWAGGER = {"swagger": "2.0", "paths": {}}


def command(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "conformance", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def certified(url: str, spec: str, folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = command("run", "--url", url, "--spec", spec, "--report-dir", "r", *QUICK, *words, folder=folder)
    assert "Traceback" not in done.stdout + done.stderr
    assert (folder / "r" / "report.json").exists(), done.stdout + done.stderr
    return done.returncode, json.loads((folder / "r" / "report.json").read_text("utf-8"))


def verdict(report: dict[str, Any], requirement: str) -> tuple[str, str]:
    (found,) = [each for each in report["requirements"] if each["id"] == requirement]
    return found["verdict"], found["reason"]


def generated(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["operation"]: each for each in report["coverage"]["generated"]}


def behaviour(**changed: Any) -> Behaviour:
    return Behaviour(
        COLLECTIONS,
        by_id=(f"{V1}/folders/{{}}/notes",),
        fixed={f"{V1}/system-information": {"version": "2.9"}},
        existing={f"{V1}/folders/production": {"metadata": {"name": "production"}, "spec": {}}},
        **changed,
    )


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("document") / "extended.yaml"
    file.write_text(yaml.safe_dump(documents.extended()), "utf-8")
    return file


@pytest.fixture(scope="module")
def reference() -> Iterator[ReferenceServer]:
    with ReferenceServer() as server:
        yield server


@pytest.fixture(scope="module")
def whole(
    extended: Path, reference: ReferenceServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[str, Any], Versioned]:
    """A run of all that only the document knows."""
    with Versioned(behaviour(), reference.url) as server:
        code, report = certified(
            server.url, str(extended), tmp_path_factory.mktemp("run"), "--requirement", SCHEMA
        )
        return code, report, server


def test_the_report_says_which_document_it_was(whole: Any, extended: Path) -> None:
    _, report, _ = whole
    spec = report["run"]["spec"]
    digest = hashlib.sha256(extended.read_bytes()).hexdigest()
    assert (spec["title"], spec["version"], spec["sha256"]) == ("CMF, a later version", "2.9", digest)
    assert report["harness"]["contract_sha256"] == digest
    assert any("no certification" in note for note in report["notes"])


def test_every_operation_that_may_be_sent_is_reached(whole: Any) -> None:
    code, report, _ = whole
    assert verdict(report, SCHEMA)[0] == "pass"
    assert code == 0
    sent = {name: each for name, each in generated(report).items() if each["requests"]}
    good = {name for name, each in sent.items() if any(status // 100 == 2 for status in each["statuses"])}
    assert set(sent) - good == {"getCluster"}, "nobody may create clusters"
    assert len(sent) == 22


def test_what_is_not_sent_is_told_with_its_reason(whole: Any) -> None:
    _, report, _ = whole
    for name in ("createCluster", "putCluster", "putLicense"):
        assert generated(report)[name]["requests"] == 0
        assert generated(report)[name]["left_out"][0].startswith("everything: ")
    assert "path clusterName, live: nothing can be created in" in "".join(
        generated(report)["getCluster"]["left_out"]
    )


def test_nothing_but_the_runs_own_is_written_to_and_nothing_is_left(whole: Any) -> None:
    _, report, server = whole
    prefix = f"cmfc-{report['run']['id']}-"
    ours = [
        (method, path) for method, path, _ in server.writes if path.startswith((f"{V1}/folders", f"{V1}/k"))
    ]
    assert len(ours) > 50
    for method, path in ours:
        assert path == f"{V1}/folders" or path.startswith(f"{V1}/folders/{prefix}"), (method, path)
    assert list(server.resources) == [f"{V1}/folders/production"]
    assert report["left_behind"] == []
    assert {each["kind"] for each in report["created"]} >= {"folders", "folders/{}/notes"}


def test_certify_takes_no_other_document(extended: Path, tmp_path: Path) -> None:
    done = command("certify", "--spec", str(extended), folder=tmp_path)
    assert done.returncode == 2
    assert "certify judges by the contract alone" in done.stderr


@pytest.mark.parametrize(
    ("requirement", "twist", "message"),
    [
        (SCHEMA, ("GET", "getFolder", (200, {"metadata": {}, "spec": {}})), '"name" is a required property'),
        (
            "CMF-ERR-STATUS",
            ("GET", "getFolder", (301, None)),
            "getFolder answered the undocumented status 301",
        ),
        ("CMF-ERR-SERVER", ("GET", "getFolder", (503, None)), "a request was answered with 503"),
    ],
)
def test_what_breaks_the_document_is_found(
    requirement: str,
    twist: tuple[str, str, Reply],
    message: str,
    extended: Path,
    reference: ReferenceServer,
    tmp_path: Path,
) -> None:
    wrong, operation, answer = twist

    def twisted(method: str, path: str, reply: Reply) -> Reply:
        item = path.startswith(f"{V1}/folders/") and path.count("/") == 5
        return answer if method == wrong and item and reply[0] == 200 else reply

    with Versioned(behaviour(twist=twisted), reference.url) as server:
        words = ("--requirement", requirement, "--operation", operation)
        code, report = certified(server.url, str(extended), tmp_path, *words)
    assert code == 1
    found, reason = verdict(report, requirement)
    assert found == "fail"
    assert message in reason


def test_an_odd_document_crashes_nothing(tmp_path: Path) -> None:
    odd = Behaviour(("/odd/api/nodes",), flat=True, fixed={"/odd/api/status": {"up": True, "since": None}})
    with Versioned(odd) as server:
        code, report = certified(server.url, str(documents.ODD), tmp_path)
        assert server.resources == {}
    assert code == 3, "three operations are not sent"
    counts = report["counts"]
    assert (counts["fail"], counts["warn"], counts["error"], counts["not_tested"]) == (0, 0, 0, 2)
    assert "postOddUploads is not sent" in verdict(report, "CMF-ERR-STATUS")[1]
    assert verdict(report, "CMF-ENV-CREATE") == (
        "not_applicable",
        "createOrUpdateEnvironment: the document has no such operation",
    )
    accepted = {name for name, each in generated(report).items() if {200, 201, 204} & set(each["statuses"])}
    assert accepted >= {"postOddNodes", "getOddNodesByNodeName", "patchOddNodesByNodeName", "getOddStatus"}


def test_scenarios_judge_what_is_as_in_the_contract(
    extended: Path, reference: ReferenceServer, tmp_path: Path
) -> None:
    words = ("--requirement", "CMF-ENV-GET", "--requirement", "CMF-SECRET-DELETE-UNKNOWN")
    code, report = certified(reference.url, str(extended), tmp_path, *words)
    assert code == 0
    assert verdict(report, "CMF-ENV-GET")[0] == "pass"
    assert verdict(report, "CMF-SECRET-DELETE-UNKNOWN") == (
        "not_applicable",
        "deleteSecret: the document does not have 204 as a success, but 202",
    )


def test_a_document_may_come_from_a_url(reference: ReferenceServer, tmp_path: Path) -> None:
    document = json.loads(json.dumps(documents.contract(), default=str))
    with Versioned(Behaviour((), fixed={"/v3/api-docs": document, "/old": SWAGGER})) as server:
        words = ("--requirement", "CMF-ENV-LIST")
        code, report = certified(reference.url, f"{server.url}/v3/api-docs", tmp_path, *words)
        assert code == 0
        assert report["run"]["spec"]["origin"] == f"{server.url}/v3/api-docs"
        assert report["run"]["spec"]["only_here"] == []
        for path, message in (("/old", "Swagger 2.0"), ("/none", "answers 404 to GET")):
            done = command("run", "--spec", f"{server.url}{path}", folder=tmp_path)
            assert (done.returncode, message in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--spec", "none.yaml"), "The document 'none.yaml' can't be read: No such file"),
        (("--spec", "."), "can't be read: Is a directory"),
        (("--spec", "swagger.json"), "swagger.json is a Swagger 2.0 document, which is not supported"),
        (("--spec", "http://127.0.0.1:1/x"), "http://127.0.0.1:1/x can't be read"),
        (("--spec", "http://me:secret@127.0.0.1/x"), "--spec is no URL of a document"),
        (("--spec", "odd.yaml", "--shard", "1/2"), "A run by another document (--spec) can't be split"),
        (("--spec", "odd.yaml", "--operation", "getOddNothing"), "Unknown operation 'getOddNothing'"),
    ],
)
def test_what_cannot_be_used_ends_with_one_line_and_code_2(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "swagger.json").write_text(json.dumps(SWAGGER), "utf-8")
    (tmp_path / "odd.yaml").write_bytes(documents.ODD.read_bytes())
    done = command("run", *words, folder=tmp_path)
    assert done.returncode == 2
    first, *hint = done.stderr.strip().splitlines()
    assert message in first
    assert len(hint) <= 1
    assert all(line.startswith("  hint: ") for line in hint)
    assert "secret" not in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["odd.yaml", "swagger.json"]
