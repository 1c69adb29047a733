"""Targets that are hostile as a whole: in all they say, or from some moment on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.reference.launch import ReferenceServer

from .conftest import CEILING, LIMITS
from .misdeeds import JSON, POISON, SCRIPT, after, answer, changed, endless, everywhere, renamed, says, to
from .runs import Ran, run
from .server import HostileServer, Misdeed, Turn

ERROR = b'{"errors":[{"message":"no"}]}'
GARBAGE = b"\x00\xff\x1b]0;owned\x07<script>\r\n\r\n"


@pytest.mark.parametrize(
    "misdeed",
    [
        says(b""),
        says(b"", then_hangs=True),
        says(GARBAGE),
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100),
        answer(b"<html>" + SCRIPT.encode(), b"text/html"),
        answer(ERROR, status=401),
    ],
    ids=["closes", "hangs", "garbage", "nothing but 1xx", "a web page", "401"],
)
def test_what_is_no_cmf_from_the_start_is_not_judged(
    run_against: Callable[..., Ran], misdeed: Misdeed
) -> None:
    ran = run_against(misdeed)
    assert ran.verdict == "incomplete"
    assert set(ran.verdicts.values()) == {"error"}
    assert ran.document["created"] == ran.document["left_behind"] == []


@pytest.mark.parametrize("more", [(), (b"Retry-After: 3600",)], ids=["500", "503"])
def test_a_target_that_only_fails_breaks_the_contract(
    run_against: Callable[..., Ran], more: tuple[bytes, ...]
) -> None:
    misdeed = answer(ERROR, JSON, *more, status=503 if more else 500)
    ran = run_against(misdeed, "--requirement", "CMF-ERR-SERVER", "--operation", "getEnvironment", max_time=8)
    assert (ran.verdict, ran.verdicts) == ("non_conformant", {"CMF-ERR-SERVER": "fail"})


FLOOD = endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100)


@pytest.mark.parametrize(
    ("right", "misdeed"),
    [(20, says(GARBAGE)), (100, says(GARBAGE)), (20, says(b"", then_hangs=True)), (20, FLOOD)],
    ids=["garbage", "garbage after 100", "silence", "nothing but 1xx"],
)
def test_a_target_that_is_lost_is_never_conformant(
    run_against: Callable[..., Ran], right: int, misdeed: Misdeed
) -> None:
    words = ("--requirement=CMF-ENV-GET",) if right < 100 else ("--area=pagination",)
    ran = run_against(after(right, misdeed), *words)
    assert ran.verdict == "incomplete"
    assert "error" in ran.verdicts.values()
    assert "fail" not in ran.verdicts.values()
    assert any("stopped answering" in note for note in ran.document["notes"])
    assert ran.document["left_behind"], "nothing that was created could be removed"


@pytest.mark.parametrize("back", [False, True], ids=["stays dead", "comes back"])
def test_a_target_that_dies_half_way(run_against: Callable[..., Ran], back: bool) -> None:  # noqa: FBT001
    async def act(turn: Turn) -> None:
        if turn.number == 21:
            await turn.server.die()
            if back:
                asyncio.get_running_loop().call_later(4, lambda: asyncio.ensure_future(turn.server.listen()))
            return
        await turn.relay()

    ran = run_against(act, settle=5 if back else 0.4)
    assert ran.verdict == "incomplete"
    assert ran.verdicts["CMF-ENV-GET"] == "error"
    assert bool(ran.document["left_behind"]) is not back


def test_a_target_that_wants_other_credentials_by_now_is_not_judged(run_against: Callable[..., Ran]) -> None:
    ran = run_against(after(20, answer(ERROR, status=401)), "--requirement=CMF-ENV-GET")
    assert (ran.verdict, ran.verdicts) == ("incomplete", {"CMF-ENV-GET": "error"})
    assert any("refuses these credentials by now" in note for note in ran.document["notes"])
    assert ran.document["left_behind"], "it lets nobody remove anything"


def test_a_target_that_is_restarted_without_its_data_breaks_the_contract(
    reference: ReferenceServer, tmp_path: Path
) -> None:
    async def act(turn: Turn) -> None:
        if turn.number == 23:
            turn.server.upstream = fresh.url
            await turn.server.die()
            asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(turn.server.listen()))
            return
        await turn.relay()

    with ReferenceServer(pace=0.1) as fresh, HostileServer(act, reference.url) as server:
        ran = run(server.url, tmp_path / "run", "--requirement=CMF-ENV-GET", ceiling=CEILING, limits=LIMITS)
    assert (ran.verdict, ran.verdicts) == ("non_conformant", {"CMF-ENV-GET": "fail"})
    assert ran.document["left_behind"] == []


def test_a_target_that_loses_everything_breaks_the_contract(
    reference: ReferenceServer, tmp_path: Path
) -> None:
    async def act(turn: Turn) -> None:
        if turn.number == 23:
            turn.server.upstream = fresh.url
        await turn.relay()

    with ReferenceServer(pace=0.1) as fresh, HostileServer(act, reference.url) as server:
        ran = run(server.url, tmp_path / "run", "--requirement=CMF-ENV-GET", ceiling=CEILING, limits=LIMITS)
    assert (ran.verdict, ran.verdicts) == ("non_conformant", {"CMF-ENV-GET": "fail"})
    assert ran.document["left_behind"] == []


def test_text_of_the_target_is_active_nowhere(run_against: Callable[..., Ran]) -> None:
    ran = run_against(changed(everywhere(POISON), b"X-Powered-By: " + SCRIPT.encode()))
    assert ran.verdict == "non_conformant"


def test_what_is_refused_whatever_it_is_proves_no_refusal(run_against: Callable[..., Ran]) -> None:
    """Every negative check first wants the same request without the violation to succeed."""
    refuses = to(lambda turn: turn.method in {"POST", "PUT"}, answer(ERROR, status=400))
    ran = run_against(refuses, "--profile=core", "--effort=quick", total_requests=20_000, max_time=40)
    assert ran.verdict == "non_conformant"
    passed = {name for name, verdict in ran.verdicts.items() if verdict == "pass"}
    # What lists of nothing and refusals of what does not exist can show.
    assert {name for name in passed if not name.endswith("-SCHEMA")} <= {
        "CMF-APP-LIST-UNKNOWN",
        "CMF-CONTENT-NULL",
        "CMF-ERR-ANSWER",
        "CMF-ERR-SERVER",
    }


def test_names_of_the_target_lead_nowhere(reference: ReferenceServer, tmp_path: Path) -> None:
    with HostileServer(changed(renamed("../../x")), reference.url) as server:
        ran = run(server.url, tmp_path / "run", "--requirement=CMF-ENV-GET", ceiling=CEILING, limits=LIMITS)
    assert ran.verdict == "non_conformant"
    # Generated names of ours may have two dots, and are sent as one segment.
    paths = [line.split(" ", 2)[1] for line in server.requests]
    assert not [path for path in paths if ".." in path.partition("?")[0].split("/") or "../" in path]
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_redirects_lead_to_nobody_and_cookies_are_not_kept(
    reference: ReferenceServer, tmp_path: Path
) -> None:
    async def redirect(turn: Turn) -> None:
        if turn.method == "GET" and turn.number > 1:
            await answer(b"", JSON, f"Location: {bystander.url}/x".encode(), status=307)(turn)
        else:
            await changed(lambda value: value, *[b"Set-Cookie: c%d=1" % number for number in range(500)])(
                turn
            )

    with HostileServer(says(b"")) as bystander, HostileServer(redirect, reference.url) as server:
        ran = run(server.url, tmp_path / "run", "--requirement=CMF-ENV-GET", ceiling=CEILING, limits=LIMITS)
    assert (ran.verdict, bystander.connections) == ("non_conformant", 0)
    assert not [head for head in server.requests if "cookie" in head.lower()]


def test_a_correct_server_of_http_1_0_is_conformant(run_against: Callable[..., Ran]) -> None:
    async def act(turn: Turn) -> None:
        reply = await turn.ask()
        await turn.send(reply.raw.replace(b"HTTP/1.1", b"HTTP/1.0", 1))

    ran = run_against(act, "--requirement", "CMF-ENV-GET", "--effort", "quick")
    assert ran.verdict == "conformant"
