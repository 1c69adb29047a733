"""The installed command, as a process."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from conformance import __version__
from conformance.registry import catalogue

COMMAND = Path(sys.executable).with_name("cmf-conformance")
Done: TypeAlias = "subprocess.CompletedProcess[str]"
Call = Callable[..., Done]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Run the command in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()

    def start(*words: str | Path, **variables: str) -> Done:
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "VIRTUAL_ENV") if name in os.environ
        }
        environment = {**kept, "PYTHONWARNINGS": "default", "NO_PROXY": "*", **variables}
        return subprocess.run(
            [COMMAND, *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return start


def complained(done: Done, message: str, hint: str = "") -> None:
    """The command said one line, perhaps with a hint, on standard error, and nothing like a traceback."""
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert lines[0].startswith("cmf-conformance: ")
    assert message in lines[0]
    assert len(lines) <= 2
    if hint:
        assert lines[1].startswith("  hint: ")
        assert hint in lines[1]


@pytest.fixture
def nobody() -> Iterator[str]:
    """A URL of a port that is taken but at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_help_names_every_command_and_the_exit_codes(call: Call) -> None:
    done = call("--help")
    assert done.returncode == 0
    for word in (
        "run",
        "certify",
        "verify",
        "serve",
        "list",
        "explain",
        "render",
        "baseline",
        "compare",
        "merge",
        "cleanup",
    ):
        assert f"\n  {word} " in done.stdout
    assert "130 interrupted" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "certify",
        "verify",
        "serve",
        "list",
        "explain",
        "render",
        "baseline",
        "compare",
        "merge",
        "cleanup",
    ],
)
def test_every_command_explains_itself(call: Call, command: str) -> None:
    done = call(command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: cmf-conformance {command}")


def test_version(call: Call) -> None:
    assert call("--version").stdout == f"cmf-conformance, version {__version__}\n"


def test_python_dash_m(call: Call) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, call("--version").stdout)


def test_list(call: Call) -> None:
    done = call("list")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(
        catalogue().profiles["full"].requirements
    )
    done = call("list", "--area", "caching", "--level", "may")
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["CMF-CACHE-REVALIDATE", "MAY", "caching"]
    ]
    assert len(call("list", "--profile", "runtime").stdout.splitlines()) == len(
        catalogue().profiles["runtime"].requirements
    )


def test_explain(call: Call) -> None:
    done = call("explain", "CMF-APP-SUSPEND-AGAIN")
    assert (done.returncode, done.stderr) == (0, "")
    requirement = catalogue().requirements["CMF-APP-SUSPEND-AGAIN"]
    for text in (
        requirement.sentence,
        str(requirement.sources[0]),
        "suspendApplication",
        "ERR-STATUS-CONFLICT",
    ):
        assert text in done.stdout
    assert "applies if" not in done.stdout
    assert "applies if: the target declares the feature flink" in call("explain", "CMF-APP-START").stdout


def test_every_requirement_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli import cli  # noqa: PLC0415 - in this process, for there are many

    for name in catalogue().requirements:
        cli.main(["explain", name], standalone_mode=False)
        assert capsys.readouterr().out.startswith(f"{name} (")


def test_faults_and_variations_are_listed(call: Call) -> None:
    done = call("serve", "--list")
    assert done.returncode == 0
    assert set(json.loads(done.stdout)) == {"faults", "variations"}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (
            ("run", "--requirement", "CMF-ENV-GTE"),
            "Unknown requirement 'CMF-ENV-GTE'",
            "did you mean CMF-ENV-GET",
        ),
        (("explain", "cmf-env-get"), "Unknown requirement", "CMF-ENV-GET"),
        (("run", "--profile", "cor"), "Unknown profile 'cor'", "did you mean core"),
        (("list", "--area", "cachin"), "Unknown area 'cachin'", "did you mean caching"),
        (("run", "--operation", "getEnviroment"), "Unknown operation", "did you mean getEnvironment"),
        (("run", "--area", "caching", "--level", "SHOULD"), "matches no requirement", "cmf-conformance list"),
        (("run", "--level", "COULD"), "'COULD' is not one of", ""),
        (("run", "--url", "cmf.example"), "is not an http or https URL", "for example https://"),
        (("run", "--url", "http://user:secret@x"), "must not hold credentials", "CMF_CONFORMANCE_TOKEN"),
        (("run", "--url", "http://x/../y"), "cannot be used", ""),
        (("run", "--nonsense"), "No such option", ""),
        (("run", "--max-time", "soon"), "is not a duration", ""),
        (("run", "--config", "missing.yaml"), "missing.yaml", "--config names a YAML file"),
        (("run", "--url", "http://127.0.0.1:1", "--token-file", "missing"), "missing", ""),
        (("run", "--url", "https://127.0.0.1:1", "--client-cert", "missing"), "missing", ""),
        (("nonsense",), "No such command", ""),
        (("explain",), "Missing argument", ""),
        (("render", "missing.json"), "there is no report at missing.json", ""),
        (("cleanup", "missing.ndjson"), "missing.ndjson", ""),
        (("serve", "--fault", "no-such-fault"), "", ""),
        (("serve", "--port", "99999"), "99999", ""),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_one_line_and_exit_2(
    call: Call, words: tuple[str, ...], message: str, hint: str
) -> None:
    done = call(*words)
    assert done.returncode == 2
    assert "secret" not in done.stderr
    assert done.stdout == ""
    if message:
        complained(done, message, hint)
    else:
        assert "no-such-fault" in done.stderr


@pytest.mark.parametrize(
    "content", [b"limits: {settle: soon}", b"[", b"\xff\xfe", b"url: 2025-99-99", b"- 1"]
)
def test_a_configuration_that_cant_be_used(call: Call, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    done = call("run", "--config", path)
    assert done.returncode == 2
    complained(done, "")


def test_an_unreachable_target_is_incomplete_with_a_report(call: Call, tmp_path: Path, nobody: str) -> None:
    done = call("run", "--url", nobody, "--report-dir", tmp_path / "report")
    assert done.returncode == 3
    complained(done, f"{nobody} can't be reached", "is the server running")
    assert "INCOMPLETE" in done.stdout
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert (report["verdict"], report["complete"]) == ("incomplete", True)
    assert report["counts"]["error"] + report["counts"]["not_applicable"] == len(report["requirements"])
    assert {"report.html", "junit.xml", "report.md"} <= {
        path.name for path in (tmp_path / "report").iterdir()
    }
    assert report["created"] == report["left_behind"] == []


def test_a_report_goes_below_the_current_folder_by_default(call: Call, tmp_path: Path, nobody: str) -> None:
    assert call("run", "--url", nobody).returncode == 3
    (report,) = (tmp_path / "here" / "cmf-conformance-runs").glob("*/report.json")
    assert json.loads(report.read_text("utf-8"))["run"]["id"] == report.parent.name


def test_the_url_can_come_from_the_environment(call: Call, nobody: str) -> None:
    complained(call("run", CONFLUENT_CMF_URL=nobody), f"{nobody} can't be reached")


def test_quiet_prints_the_verdict_only(call: Call, nobody: str) -> None:
    done = call("run", "--url", nobody, "--quiet")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("INCOMPLETE: ")
    assert len(lines) <= 4
    assert "target" not in lines[0]
    assert "cleaning up" not in done.stdout


@pytest.mark.parametrize("place", ["file", "missing/../file/below", "/proc/nothing"])
def test_a_report_folder_that_cant_be_written(call: Call, tmp_path: Path, nobody: str, place: str) -> None:
    (tmp_path / "here" / "file").write_text("", "utf-8")
    done = call("run", "--url", nobody, "--report-dir", place)
    assert done.returncode == 2
    complained(done, "can't be written", "--report-dir names another")


def test_a_foreign_ledger_in_the_report_folder_is_not_overwritten(
    call: Call, tmp_path: Path, nobody: str
) -> None:
    (tmp_path / "ledger.ndjson").write_text("mine\n", "utf-8")
    done = call("run", "--url", nobody, "--report-dir", tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "ledger.ndjson").read_text("utf-8") == "mine\n"


def test_a_report_that_was_cut_is_refused(call: Call, tmp_path: Path, nobody: str) -> None:
    call("run", "--url", nobody, "--report-dir", tmp_path / "r")
    whole = (tmp_path / "r" / "report.json").read_bytes()
    done = call("render", tmp_path / "r" / "report.json", "--output", tmp_path / "again")
    assert (done.returncode, done.stderr) == (0, "")
    assert [Path(line).name for line in done.stdout.splitlines()] == ["report.html", "junit.xml", "report.md"]
    for size in (0, 1, len(whole) // 2, len(whole) - 3):
        (tmp_path / "r" / "report.json").write_bytes(whole[:size])
        done = call("render", tmp_path / "r" / "report.json")
        assert done.returncode == 2
        complained(done, "report.json")


def test_cleaning_up_after_a_run_that_left_nothing(call: Call, tmp_path: Path, nobody: str) -> None:
    call("run", "--url", nobody, "--report-dir", tmp_path / "r")
    done = call("cleanup", tmp_path / "r" / "ledger.ndjson")
    assert (done.returncode, done.stdout) == (0, "nothing is left behind\n")


def test_cleaning_up_on_a_target_that_is_gone(call: Call, tmp_path: Path, nobody: str) -> None:
    call("run", "--url", nobody, "--report-dir", tmp_path / "r")
    ledger = tmp_path / "r" / "ledger.ndjson"
    prefix = json.loads(ledger.read_text("utf-8"))["prefix"]
    path = f"/cmf/api/v1/environments/{prefix}a"
    entry = {"event": "intend", "kind": "environments", "name": f"{prefix}a", "path": path, "at": "x"}
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    (tmp_path / "quick.yaml").write_text("limits: {settle: 0.5}", "utf-8")
    done = call("cleanup", ledger, "--config", tmp_path / "quick.yaml")
    assert done.returncode == 3
    assert f"left behind: environments {path}" in done.stdout


def test_output_without_a_terminal_is_plain(call: Call, nobody: str) -> None:
    done = call("run", "--url", nobody, TERM="xterm-256color")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout


def test_no_colour(call: Call, nobody: str) -> None:
    coloured = re.compile(r"\x1b\[[0-9;]*3[0-7]m")
    assert coloured.search(call("run", "--url", nobody, FORCE_COLOR="1").stdout)
    assert not coloured.search(call("run", "--url", nobody, FORCE_COLOR="1", NO_COLOR="1").stdout)
    assert not coloured.search(call("run", "--url", nobody, "--no-color", FORCE_COLOR="1").stdout)


def test_a_terminal_without_unicode(call: Call, nobody: str) -> None:
    done = call("run", "--url", nobody, PYTHONIOENCODING="ascii")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_changes_nothing(tmp_path: Path, nobody: str) -> None:
    for words, code in ((("list",), 0), (("run", "--url", nobody, "--report-dir", str(tmp_path)), 3)):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [COMMAND, *words], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        os.close(writing)
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
        assert done.returncode == code
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["complete"] is True


def test_a_defect_of_the_harness_is_never_a_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from conformance.cli import main, requirements  # noqa: PLC0415 - this test alone looks inside

    def defect() -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(requirements, "catalogue", defect)
    monkeypatch.setattr(sys, "argv", ["cmf-conformance", "list"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 3
    assert "cmf-conformance: The harness failed: ZeroDivisionError: oops" in capsys.readouterr().err
