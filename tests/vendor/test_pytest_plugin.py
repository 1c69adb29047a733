"""The pytest plugin: of no effect until a server is named, and then as careful as a run."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance import pytest_plugin
from conformance.reference.launch import ReferenceServer
from conformance.runner import fixtures

from .conftest import Call, Write, environments, surroundings, with_plugin

NOBODY = "http://127.0.0.1:9"


# -- in projects that have nothing to do with it -------------------------------------------------------


def test_it_is_of_no_effect_where_no_server_is_named(plain: Call, write: Write) -> None:
    text = """
        import sys

        @pytest.fixture
        def cmf(): return 1

        @pytest.fixture
        def check(): return 2

        def test_own_fixtures_of_these_names(cmf, check):
            assert (cmf, check) == (1, 2)

        @pytest.mark.requirement("JIRA-17")
        def test_a_marker_of_this_name(cmf, request):
            assert {name for name in request.fixturenames if name.startswith(("cmf", "run"))} == {"cmf"}

        def test_nothing_of_it_is_loaded():
            assert {name for name in sys.modules if name.startswith("conformance.")} == {
                "conformance.pytest_plugin", "conformance.runner", "conformance.runner.markers"
            }
        """
    folder = write("other", text)
    (folder / "test_own.py").write_text(
        (folder / "test_own.py").read_text().replace("from conformance", "# ")
    )
    done = plain(folder, "--strict-markers", "-W", "error")
    assert (done.returncode, "3 passed in" in done.stdout) == (0, True), done.stdout
    assert not (folder.parent / "cmf-conformance-runs").exists()


def test_a_fixture_that_is_missing_elsewhere_stays_an_error_with_a_hint(plain: Call, write: Write) -> None:
    done = plain(write("other", "def test_it(environment): pass"))
    assert (done.returncode, "1 error in" in done.stdout) == (1, True)
    assert "fixture 'environment' not found" in done.stdout
    assert "The fixture environment needs a CMF server: give --cmf-url or --cmf-config." in done.stdout


def test_tests_that_need_a_server_are_skipped_without_one(plain: Call, write: Write) -> None:
    text = """
        def test_one(cmf): pass

        @requirement("A-ONE")
        def test_two(suspended_application): pass
        """
    done = plain(write("mine", text, A_ONE="MUST"), "-rs", "--strict-markers")
    assert (done.returncode, "2 skipped in" in done.stdout) == (0, True)
    assert done.stdout.count("needs a CMF server: give --cmf-url or --cmf-config") == 2


def test_it_knows_the_names_of_its_fixtures() -> None:
    kind = type(fixtures.run)
    assert {name for name, each in inspect.getmembers(fixtures) if isinstance(each, kind)} == set(
        pytest_plugin.FIXTURES
    )


def test_nothing_is_sent_until_a_test_asks_for_it(plain: Call, write: Write, tmp_path: Path) -> None:
    done = plain(write("mine", "def test_it(): pass"), "--cmf-url", NOBODY)
    assert (done.returncode, "1 passed in" in done.stdout) == (0, True)
    done = plain(write("mine", "def test_it(cmf): pass"), "--cmf-url", NOBODY, "--collect-only")
    assert done.returncode == 0
    assert not (tmp_path / "cmf-conformance-runs").exists()


# -- checks --------------------------------------------------------------------------------------------


def test_checks_fail_warn_and_are_owed(plain: Call, write: Write, url: str) -> None:
    text = """
        @requirement("A-ONE", "A-TWO", "CMF-ENV-GET")
        def test_goes_on_after_a_failure(cmf, environment, check):
            with check("A-ONE", "the first"):
                require(False, "not so", expected="a", got="b")
            with check("A-TWO", "the second"):
                require(False, "nor so")
            with check("CMF-ENV-GET", "one of the contract"):
                cmf.environments.get(environment).expect(200)

        @requirement("A-SOFT")
        def test_a_should(check):
            with check("A-SOFT", "a wish"):
                require(False, "not granted")

        @requirement("A-ONE", "A-TWO")
        def test_one_is_forgotten(check):
            with check("A-ONE", "it"):
                pass

        @requirement("A-ONE")
        def test_nothing_is_checked():
            pass

        @requirement("A-ONE")
        def test_another_is_checked(check):
            with check("A-TWO", "it"):
                pass

        def test_what_is_asserted_as_always(cmf, environment):
            assert cmf.environments.get(environment).status == 418

        def test_a_step_that_can_not_be_taken(cmf):
            cmf.environments.get(cmf.name()).needed(200)
        """
    done = plain(write("mine", text, A_ONE="MUST", A_TWO="MUST", A_SOFT="SHOULD"), "--cmf-url", url)
    assert (done.returncode, "6 failed, 1 passed, 1 warning in" in done.stdout) == (1, True), done.stdout
    for part in (
        "FAIL A-ONE (MUST, private)\n  It holds.\n  check     the first\n  why       not so\n",
        "  why       nor so\n",
        "BrokenShould: A-SOFT: a wish: not granted",
        "The test ended without checking A-TWO, which it declares",
        "The test ended without checking A-ONE, which it declares",
        "UndeclaredRequirement: A-TWO is checked but not declared",
        "assert 200 == 418",
        "Unmet: the answer of getEnvironment came with status 404",
        "nothing left behind",
    ):
        assert part in done.stdout, part
    assert environments(url) == []


def test_each_test_removes_what_it_created(plain: Call, write: Write, url: str) -> None:
    text = """
        names = []

        def test_one(cmf, environment):
            names.append(environment)

        def test_two(cmf):
            assert cmf.environments.get(names[0]).status == 404
        """
    assert "2 passed" in plain(write("mine", text), "--cmf-url", url).stdout


def test_what_is_not_ours_is_not_touched(plain: Call, write: Write, url: str) -> None:
    text = """
        def test_one(cmf):
            cmf.environments.delete("somebody-elses")

        def test_two(cmf):
            cmf.environments.post({"name": "somebody-elses", "kubernetesNamespace": "default"})
        """
    done = plain(write("mine", text), "--cmf-url", url)
    assert "2 failed" in done.stdout
    assert done.stdout.count("GuardRefusal: ") >= 2
    assert environments(url) == []


def test_a_feature_that_is_declared_absent_is_a_skip(plain: Call, write: Write, url: str) -> None:
    folder = write("mine", "@needs_flink\ndef test_one(cmf): 1 // 0\n\ndef test_two(cmf): pass")
    (folder / "cmf.yaml").write_text(f"url: {url}\nfeatures:\n  flink: false\n")
    done = plain(folder, "--cmf-config", folder / "cmf.yaml", "-rs")
    assert (done.returncode, "1 passed, 1 skipped" in done.stdout) == (0, True), done.stdout
    assert "(features.flink)" in done.stdout


def test_a_token_is_used_and_stored_nowhere(plain: Call, write: Write, tmp_path: Path) -> None:
    token = "t0p-s3cret-t0ken-of-this-test"  # noqa: S105 - it is
    (tmp_path / "token").write_text(token)
    folder = write(
        "mine", "def test_one(cmf, environment): print(cmf.environments.get(environment).exchange)"
    )
    with ReferenceServer(token=token) as server:
        words = ("--cmf-url", server.url, "--cmf-report-dir", "kept", "-s")
        refused = plain(folder, *words)
        done = plain(folder, *words, "--cmf-token-file", tmp_path / "token")
    assert (refused.returncode, "refuses these credentials with 401" in refused.stdout) == (3, True)
    assert (done.returncode, token in done.stdout) == (0, False), done.stdout
    kept = tmp_path / "kept"
    assert {each.name for each in kept.iterdir()} == {"ledger.ndjson", "evidence.ndjson"}
    assert all(token not in each.read_text() for each in kept.iterdir())


# -- wrong use -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words", "code", "says"),
    [
        ("def test_it(cmf): pass", ("--cmf-url", NOBODY), 3, f"{NOBODY} can't be reached: "),
        ("def test_it(cmf): pass", ("--cmf-url", "nonsense"), 4, "'nonsense' is not an http or https URL"),
        ("def test_it(cmf): pass", ("--cmf-config", "none.yaml"), 4, "'none.yaml' can't be read"),
        ("def test_it(cmf): pass", ("--cmf-config", "empty.yaml"), 4, "empty.yaml names no url"),
        (
            "def test_it(cmf): pass",
            ("--cmf-url", NOBODY, "--cmf-token-file", "none"),
            4,
            "token file none cannot be read",
        ),
        (
            "@requirement('A-TWO')\ndef test_it(cmf): pass",
            ("--cmf-url", NOBODY),
            4,
            "::test_it checks A-TWO, which neither ",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    plain: Call, write: Write, tmp_path: Path, text: str, words: tuple[str, ...], code: int, says: str
) -> None:
    (tmp_path / "empty.yaml").write_text("")
    done = plain(write("mine", text, A_ONE="MUST"), *words)
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr


# -- however it ends -----------------------------------------------------------------------------------


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def started(folder: Path, url: str, tmp_path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        with_plugin("-p", "no:cacheprovider", folder, "--cmf-url", url, "--cmf-report-dir", "kept"),
        cwd=tmp_path,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until((folder / "there").exists)
    return process


SLEEPS = """
from pathlib import Path
import time

def test_it(cmf, suspended_application):
    Path(__file__).with_name("there").touch()
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_session_leaves_nothing(write: Write, url: str, tmp_path: Path, number: int) -> None:
    with started(write("mine", SLEEPS), url, tmp_path) as process:
        assert len(environments(url)) == 1
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, "nothing left behind" in said) == (2, True), said
    assert environments(url) == []


def test_cleanup_finishes_what_a_killed_session_left(
    command: Call, write: Write, url: str, tmp_path: Path
) -> None:
    with started(write("mine", SLEEPS), url, tmp_path) as process:
        process.kill()
        process.communicate(timeout=60)
    assert len(environments(url)) == 1
    done = command("cleanup", tmp_path / "kept" / "ledger.ndjson")
    assert (done.returncode, done.stdout) == (0, "nothing is left behind\n")
    assert environments(url) == []


def test_a_target_that_is_lost_ends_the_session(write: Write, plain: Call) -> None:
    text = """
        import os, signal

        def test_one(cmf, environment):
            os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
            cmf.environments.get(environment)

        def test_two(cmf): pass
        """
    with ReferenceServer() as server:
        os.environ["SERVER"] = str(server.pid)
        folder = write("mine", text)
        (folder / "cmf.yaml").write_text(f"url: {server.url}\nlimits:\n  settle: 1\n")
        done = plain(folder, "--cmf-config", folder / "cmf.yaml")
    assert "stopping after 1 failures" not in done.stdout
    assert "The target stopped answering" in done.stdout
    assert "1 failed in" in done.stdout.replace("1 failed, 1 error in", "1 failed in"), done.stdout
    assert "finish with: cmf-conformance cleanup " in done.stdout


def test_workers_of_xdist_have_a_run_each(write: Write, plain: Call, url: str, tmp_path: Path) -> None:
    text = "@pytest.mark.parametrize('n', range(6))\ndef test_it(cmf, environment, n): pass"
    done = plain(write("mine", text), "-p", "xdist", "-n", "2", "--cmf-url", url, "--cmf-report-dir", "kept")
    assert (done.returncode, "6 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert done.stdout.count("nothing left behind; ledger and evidence in ") == 2
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["gw0", "gw1"]


# -- installed -----------------------------------------------------------------------------------------


def test_an_installed_wheel_gives_pytest_the_plugin(tmp_path: Path, write: Write, url: str) -> None:
    root = Path(__file__).parents[2]
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target, root]
    built = subprocess.run(pip, capture_output=True, text=True, timeout=200, check=False)
    assert built.returncode == 0, built.stderr
    folder = write("mine", "def test_it(cmf, environment): pass")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder, "--cmf-url", url],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "cmf-conformance" in next(
        line for line in done.stdout.splitlines() if line.startswith("plugins: ")
    )
