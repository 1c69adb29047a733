"""A command that prints the token."""

# ruff: noqa: FBT003, S105 - a claim may be a truth value, and the tokens are none
from __future__ import annotations

import base64
import json
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.config import Auth, Target
from conformance.errors import ConfigurationError
from conformance.target import tokens
from conformance.target.auth import Credentials
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.wire import Wire

from .conftest import Done
from .gateway import Gateway

ENVIRONMENTS = "/cmf/api/v1/environments"
Start = Callable[..., Gateway]
Call = Callable[..., Done]


def python(program: str) -> str:
    return shlex.join([sys.executable, "-c", program])


def printing(file: Path) -> str:
    """A command that prints what a file holds, and notes each time that it does."""
    return python(
        f"import pathlib; p = pathlib.Path({str(file)!r}); print(p.read_text());"
        f"p.with_suffix('.calls').open('a').write('x')"
    )


def calls(file: Path) -> int:
    return len(file.with_suffix(".calls").read_text())


def jwt(expires: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"e30.{claims}.c2lnbmF0dXJl"


def test_what_it_prints_is_the_token() -> None:
    own = Credentials(
        Auth(token_command=python("print('  from-command ')")), {"CMF_CONFORMANCE_TOKEN": "weaker"}
    )
    assert own.token == "from-command"
    assert own.configured


def test_it_is_run_without_a_shell_and_without_input(tmp_path: Path) -> None:
    program = "import sys; print(sys.stdin.read() + '/'.join(sys.argv[1:]))"
    command = python(program) + f" '$HOME' \\; touch {tmp_path / 'made'}"
    own = Credentials(Auth(token_command=command), {})
    assert own.token == f"$HOME/;/touch/{tmp_path / 'made'}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-program-anywhere", "cannot be started: No such file or directory"),
        ("/", "cannot be started: Permission denied"),
        ("", "names no program"),
        ("   ", "names no program"),
        ("echo 'unclosed s3cret", "cannot be read: No closing quotation"),
        (python("print('s3cret'); raise SystemExit(3)"), "failed with exit code 3"),
        (python("import os; os.kill(os.getpid(), 9)"), "failed with exit code -9"),
        (python("import sys; sys.stderr.write('s3cret'); raise SystemExit(1)"), "failed with exit code 1"),
        (python("pass"), "printed no token"),
        (python("print('two s3cret words')"), "printed no token"),
        (python("print('two\\ns3crets')"), "printed no token"),
        (python("print('ü-s3cret')"), "printed no token"),
        (python("print('s3cret' * 20000)"), ""),
    ],
)
def test_a_command_that_is_of_no_use_is_one_line_without_what_it_said(command: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Credentials(Auth(token_command=command), {})
    assert message in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(60)",
        "import time; print('t', flush=True); time.sleep(60)",
        # What it has started holds its output open.
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('t')",
        "import os, time; os.close(1); time.sleep(60)",
    ],
    ids=["silent", "says it and stays", "leaves a child", "closes its output and stays"],
)
def test_a_command_that_does_not_end_is_ended(program: str) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"has not ended after 0\.7 s"):
        tokens.CommandSource(python(program), ceiling=0.7).fetch()
    assert time.monotonic() - began < 3


def test_what_it_has_started_is_ended_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = (
        f"import os, pathlib, time; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    program = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); print('t')"
    with pytest.raises(ConfigurationError, match="has not ended"):
        tokens.CommandSource(python(program), ceiling=2.0).fetch()
    state = Path(f"/proc/{pid.read_text()}/stat")
    for _ in range(100):
        try:
            if state.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def test_it_is_run_again_once_for_each_refusal(gateway: Start, evidence: EvidenceLog, tmp_path: Path) -> None:
    gate, file = gateway(), tmp_path / "token"
    file.write_text("stale")
    target = Target(gate.url, auth=Auth(token_command=printing(file)))
    with Wire(target, ownership=Ownership("ab12cd34"), ledger=None, evidence=evidence) as wire:
        file.write_text(gate.issue())
        assert calls(file) == 1
        for _ in range(3):
            response = wire.send("GET", ENVIRONMENTS).response
            assert response is not None
            assert response.status == 200
        assert calls(file) == 2
        gate.revoke_all()
        file.write_text("of-no-use-either")
        for _ in range(10):
            response = wire.send("GET", ENVIRONMENTS).response
            assert response is not None
            assert response.status == 401
        assert calls(file) == 3


def test_a_command_that_fails_later_leaves_the_token_in_use(
    gateway: Start, evidence: EvidenceLog, tmp_path: Path
) -> None:
    gate, file = gateway(), tmp_path / "token"
    file.write_text(gate.issue())
    target = Target(gate.url, auth=Auth(token_command=printing(file)))
    with Wire(target, ownership=Ownership("ab12cd34"), ledger=None, evidence=evidence) as wire:
        file.unlink()
        saved = dict(gate.seen.issued)
        gate.revoke_all()
        exchange = wire.send("GET", ENVIRONMENTS)
        assert exchange.response is not None
        assert (exchange.response.status, exchange.attempt) == (401, 1)
        gate.seen.issued = saved
        response = wire.send("GET", ENVIRONMENTS).response
        assert response is not None
        assert response.status == 200


def test_it_is_run_again_before_a_jwt_expires(tmp_path: Path) -> None:
    file = tmp_path / "token"
    first, second = jwt(time.time() + 1), jwt(time.time() + 3600)
    file.write_text(first)
    own = Credentials(Auth(token_command=printing(file)), {})
    file.write_text(second)
    assert own.token == first
    time.sleep(1)
    assert own.token == second
    assert own.token == second
    assert calls(file) == 2


def test_a_jwt_that_stays_the_same_is_not_asked_for_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(jwt(time.time() + 0.5))
    own = Credentials(Auth(token_command=printing(file)), {})
    time.sleep(0.6)
    for _ in range(20):
        assert own.token
    assert calls(file) == 2


@pytest.mark.parametrize(
    "token",
    ["opaque", "a.b", "a.b.c", "a.é.c", "..", jwt("soon"), jwt(None), jwt(True), jwt(0), jwt(-1), "a.W10.c"],
)
def test_a_token_that_does_not_say_when_it_expires(token: str) -> None:
    assert tokens.seconds_left(token) is None


def test_a_token_is_not_in_its_representation() -> None:
    assert "s3cret" not in repr(tokens.Token("s3cret"))


def test_a_run_and_its_report(gateway: Start, call: Call, tmp_path: Path) -> None:
    gate, file = gateway(), tmp_path / "token"
    file.write_text(gate.issue())
    command = printing(file) + " an-argument-that-may-be-a-secret"
    words = ("run", "--url", gate.url, "--requirement", "CMF-ENV-DELETE", "--report-dir", "report")
    for given in (("--token-command", command), (f"--token-command={command}",)):
        done = call(*words, *given)
        assert (done.returncode, done.stderr) == (0, "")
        for path in (tmp_path / "report").rglob("*"):
            assert not path.is_file() or b"may-be-a-secret" not in path.read_bytes()
    done = call(*words, "--token-command", python("raise SystemExit(1)"))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2


def test_cleanup_takes_it_too(gateway: Start, call: Call, tmp_path: Path) -> None:
    gate, file = gateway(), tmp_path / "token"
    file.write_text(gate.issue())
    words = ("run", "--url", gate.url, "--requirement", "CMF-ENV-DELETE", "--report-dir", "report")
    assert call(*words, "--token-command", printing(file)).returncode == 0
    ledger = tmp_path / "report" / "ledger.ndjson"
    done = call("cleanup", ledger, "--token-command", printing(file))
    assert (done.returncode, done.stdout) == (0, "nothing is left behind\n")
    done = call("cleanup", ledger, "--token-command", python("raise SystemExit(1)"))
    assert done.returncode == 2
