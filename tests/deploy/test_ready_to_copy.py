"""The files that pipelines copy: valid for whoever reads them, and their commands do what they say."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.cli import cli
from conformance.reference.launch import ReferenceServer
from conformance.report import document

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((DEPLOY / "gitlab.yml").read_text())
CLAIM, JOB = yaml.safe_load_all((DEPLOY / "kubernetes-job.yaml").read_text())
RELEASE = {"Release.Name": "cmf", "Release.Namespace": "streams"}
HELM_TEXT = (DEPLOY / "helm-test.yaml").read_text()
HELM = yaml.safe_load(re.sub(r"\{\{ \.([\w.]+) \}\}", lambda action: RELEASE[action[1]], HELM_TEXT))
PLUGIN = yaml.safe_load((DEPLOY / "sonobuoy-plugin.yaml").read_text())
POD = JOB["spec"]["template"]["spec"]
CONTAINER = POD["containers"][0]


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with ReferenceServer(pace=0.1) as server:
        yield server.url


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as CI servers do, with the command of this interpreter first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: os.environ[name] for name in ("HOME", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    ("schema", "file", "more"),
    [
        ("vendor.github-actions", ROOT / "action.yml", []),
        ("vendor.gitlab-ci", DEPLOY / "gitlab.yml", ["--data-transform", "gitlab-ci"]),
    ],
    ids=["github", "gitlab"],
)
def test_files_obey_the_schema_of_their_reader(schema: str, file: Path, more: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


# -- the action ----------------------------------------------------------------------------------------


def step(name: str) -> dict[str, Any]:
    (found,) = [each for each in ACTION["runs"]["steps"] if each["name"] == name]
    return dict(found)


def test_no_input_of_the_action_is_in_the_text_of_a_script() -> None:
    assert [each["name"] for each in ACTION["runs"]["steps"] if "${{" in each.get("run", "")] == []


def test_every_input_of_the_action_is_used_and_known() -> None:
    used = set(re.findall(r"inputs\.([\w-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])


def test_the_action_certifies_and_writes_its_summary(target: str, tmp_path: Path) -> None:
    given = {key: str(value["default"]) for key, value in ACTION["inputs"].items()}
    given |= {"url": target, "shard": "1/40", "report-dir": "a report"}
    variables = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for name, value in step("Certify")["env"].items()
    }
    done = shell(step("Certify")["run"], tmp_path, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    report = document.read(tmp_path / "a report" / "report.json")
    assert (report.run["shard"], report.target["url"]) == ("1/40", target)
    summary = tmp_path / "summary.md"
    done = shell(step("Summary")["run"], tmp_path, REPORT_DIR="a report", GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, summary.read_text()) == (0, (tmp_path / "a report" / "report.md").read_text())
    assert shell(step("Summary")["run"], tmp_path, REPORT_DIR="none", GITHUB_STEP_SUMMARY="x").returncode == 0
    code = 'x"; touch injected; "'
    refused = shell(step("Certify")["run"], tmp_path, **{**variables, "PROFILE": code})
    assert refused.returncode == 2
    assert not (tmp_path / "injected").exists()


# -- GitLab, Jenkins -----------------------------------------------------------------------------------


def test_the_jobs_of_gitlab_run_a_shard_and_merge_what_is_there(target: str, tmp_path: Path) -> None:
    run, merge = GITLAB["cmf-conformance"], GITLAB["cmf-conformance-report"]
    variables = {"CONFLUENT_CMF_URL": target, "CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "40"}
    done = shell("\n".join(run["script"]), tmp_path, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert document.read(tmp_path / "part-1" / "report.json").run["shard"] == "1/40"
    assert run["artifacts"]["paths"] == ["part-*"]
    lacking = shell("\n".join(merge["script"]), tmp_path)
    assert lacking.returncode == 2
    assert "Shard 2/40, 3/40" in lacking.stderr


@pytest.mark.parametrize("file", ["gitlab.yml", "Jenkinsfile", "kubernetes-job.yaml", "sonobuoy-plugin.yaml"])
def test_every_command_is_one_that_is_understood(file: str) -> None:
    lines = re.findall(r"cmf-conformance ((?:run|merge) .*)", (DEPLOY / file).read_text())
    assert lines
    for line in lines:
        name, *words = shlex.split(line.strip(" '"))
        cli.commands[name].make_context(name, words)


# -- Kubernetes ----------------------------------------------------------------------------------------


def test_the_job_says_how_many_shards_there_are() -> None:
    (shards,) = [each["value"] for each in CONTAINER["env"] if each["name"] == "CMF_CONFORMANCE_SHARDS"]
    assert int(shards) == JOB["spec"]["completions"]
    assert JOB["spec"]["completionMode"] == "Indexed"


def test_the_pod_has_no_rights_it_does_not_need() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {each["name"] for each in CONTAINER["volumeMounts"]}
    assert mounted == {each["name"] for each in POD["volumes"]}
    (claimed,) = [each["persistentVolumeClaim"] for each in POD["volumes"] if "persistentVolumeClaim" in each]
    assert claimed["claimName"] == CLAIM["metadata"]["name"]


def test_a_pod_of_the_job_runs_its_shard(target: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t0ken")
    words = [
        word.replace("$(JOB_COMPLETION_INDEX)", "2")
        .replace("/reports", str(tmp_path))
        .replace("/secrets", str(tmp_path))
        for word in CONTAINER["args"]
    ]
    words[1] = f"--url={target}"
    done = shell(
        f"cmf-conformance {shlex.join(words)}",
        tmp_path,
        JOB_COMPLETION_INDEX="2",
        CMF_CONFORMANCE_SHARDS="40",
    )
    report = document.read(tmp_path / "shard-2" / "report.json")
    assert report.run["shard"] == "3/40", done.stdout + done.stderr


def pod_of_plugin() -> dict[str, Any]:
    """The pod that Sonobuoy makes of a plugin: its container, the sidecar's volume, and the volumes it asks for."""
    volumes = [{"name": "results", "emptyDir": {}}, *PLUGIN["extra-volumes"]]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": PLUGIN["sonobuoy-config"]["plugin-name"]},
        "spec": {"restartPolicy": "Never", "containers": [PLUGIN["spec"]], "volumes": volumes},
    }


@pytest.mark.parametrize("name", ["claim", "job", "helm", "sonobuoy"])
def test_manifests_obey_the_schemas_of_kubernetes(name: str, tmp_path: Path) -> None:
    manifest = {"claim": CLAIM, "job": JOB, "helm": HELM, "sonobuoy": pod_of_plugin()}[name]
    file = tmp_path / "manifest.yaml"
    file.write_text(yaml.safe_dump(manifest))
    command = [Path(sys.executable).with_name("kubernetes-validate"), "--strict", "--version", "1.31", file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def without_rights(pod: dict[str, Any], container: dict[str, Any]) -> bool:
    everywhere = {**pod.get("securityContext", {}), **container["securityContext"]}
    mounted = {each["name"] for each in container["volumeMounts"]}
    return (
        everywhere["runAsNonRoot"] is True
        and everywhere["runAsUser"] == POD["securityContext"]["runAsUser"]
        and everywhere["allowPrivilegeEscalation"] is False
        and everywhere["readOnlyRootFilesystem"] is True
        and everywhere["capabilities"] == {"drop": ["ALL"]}
        and mounted == {each["name"] for each in pod["volumes"]}
    )


# -- Helm ----------------------------------------------------------------------------------------------


def test_the_helm_test_is_a_hook_that_needs_no_values() -> None:
    assert set(re.findall(r"\{\{(.*?)\}\}", HELM_TEXT)) == {f" .{name} " for name in RELEASE}
    annotations = HELM["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "test"
    assert HELM["spec"]["restartPolicy"] == "Never"
    assert HELM["spec"]["automountServiceAccountToken"] is False
    (container,) = HELM["spec"]["containers"]
    assert without_rights(HELM["spec"], container)
    assert "--url=http://cmf-service.streams.svc.cluster.local" in container["args"]


@pytest.mark.parametrize(("faults", "code"), [([], 0), (["env-update-lost-on-second"], 1)])
def test_the_pod_of_the_helm_test_ends_as_the_run_does(tmp_path: Path, faults: list[str], code: int) -> None:
    (tmp_path / "token").write_text("t0ken")
    (container,) = HELM["spec"]["containers"]
    words = [
        word.replace("/reports", str(tmp_path)).replace("/secrets", str(tmp_path))
        for word in container["args"]
    ]
    with ReferenceServer(faults=faults, pace=0.1) as server:
        words[1] = f"--url={server.url}"
        done = shell(f"cmf-conformance {shlex.join(words)} --area environments", tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert document.read(tmp_path / "report" / "report.json").run["profile"] == "core"


# -- Sonobuoy ------------------------------------------------------------------------------------------


def test_the_plugin_is_one_of_sonobuoy() -> None:
    assert set(PLUGIN) == {"sonobuoy-config", "spec", "extra-volumes"}
    config = PLUGIN["sonobuoy-config"]
    assert (config["driver"], config["result-format"]) == ("Job", "junit")
    assert set(config) <= {"driver", "plugin-name", "result-format", "description"}
    pod = pod_of_plugin()["spec"]
    assert without_rights(pod, PLUGIN["spec"])
    (results,) = [each for each in PLUGIN["spec"]["volumeMounts"] if each["name"] == "results"]
    assert results["mountPath"] == "/tmp/sonobuoy/results"  # noqa: S108 - where Sonobuoy looks


def plugin(folder: Path, url: str, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run what the container of the plugin runs, with its volumes below a folder."""
    (folder / "token").write_text("t0ken")
    shell_name, option = PLUGIN["spec"]["command"]
    (script,) = PLUGIN["spec"]["args"]
    script = script.replace("/secrets", str(folder)).replace("--no-color", f"--no-color {more}")
    return shell(
        shlex.join([shell_name, option, script]),
        folder,
        CONFLUENT_CMF_URL=url,
        SONOBUOY_RESULTS_DIR=str(folder / "results"),
    )


def test_the_plugin_hands_over_junit_and_the_whole_report(target: str, tmp_path: Path) -> None:
    done = plugin(tmp_path, target, "--area environments")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CONFORMANT" in done.stdout
    handed = Path((tmp_path / "results" / "done").read_text())
    assert handed == tmp_path / "results" / "report.tar.gz"
    with tarfile.open(handed) as packed:
        names = set(packed.getnames())
    assert {"./junit.xml", "./report.json", "./report.html", "./evidence.ndjson", "./output.txt"} <= names


def test_the_plugin_is_done_also_when_nothing_could_be_run(tmp_path: Path) -> None:
    done = plugin(tmp_path, "no url")
    assert done.returncode == 2
    assert "is not an http or https URL" in done.stdout
    with tarfile.open((tmp_path / "results" / "done").read_text()) as packed:
        assert packed.getnames() == [".", "./output.txt"]


# -- the image -----------------------------------------------------------------------------------------


def test_the_image_runs_without_rights() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    (user,) = re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)
    assert int(user) == POD["securityContext"]["runAsUser"] != 0
    assert text.index("USER ") < text.index("ENTRYPOINT")


def test_what_the_image_copies_is_enough_for_a_whole_wheel(tmp_path: Path) -> None:
    text = (DEPLOY / "Containerfile").read_text()
    for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE):
        *sources, to = line.split()
        for source in sources:
            kept = tmp_path / to if to != "./" else tmp_path / source
            (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, kept)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--wheel-dir",
            tmp_path / "w",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "w").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "conformance/specs/schemas/waivers.schema.json",
        "conformance/scenarios/durations.json",
        "conformance/report/report.schema.json",
    } <= names
