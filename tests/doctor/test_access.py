"""Credentials: refused, accepted, not needed, and running out."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.config import Auth, ExtraHeader
from conformance.doctor.finding import State

from .conftest import Findings, Front

Start = Callable[..., Front]
Look = Callable[..., Findings]
OPENS, OTHER = "opens-the-door", "opens-another"
ENDPOINT = "http://127.0.0.1:1/token"
COMMAND = "no-such-program-here"
OK, WARNING, PROBLEM = State.OK, State.WARNING, State.PROBLEM


def jwt(seconds: float) -> str:
    """A token that ends in so many seconds."""
    parts = ({"alg": "none"}, {"exp": int(time.time() + seconds)})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2ln"])


def test_none_given_and_none_demanded(front: Start, look: Look) -> None:
    found = look(front().url)
    found.told("credentials", OK, "no token is given and none is demanded")
    assert "token" not in found


def test_none_given_but_demanded(front: Start, look: Look) -> None:
    found = look(front(token=OPENS).url)
    found.told(
        "credentials", PROBLEM, "refuses these credentials with 401: no token was given", "--token-file"
    )
    assert found.exit_code == 3
    assert found.all[-1].subject == "credentials"
    found.told("connection", OK, "answers")


def test_accepted(front: Start, look: Look) -> None:
    found = look(front(token=OPENS).url, token=OPENS)
    found.told(
        "credentials", OK, "variable CMF_CONFORMANCE_TOKEN: accepted, and without it the answer is 401"
    )
    assert not any(OPENS in line for each in found.all for line in each.lines)


def test_refused(front: Start, look: Look) -> None:
    found = look(front(token=OPENS).url, token=OTHER)
    found.told("credentials", PROBLEM, "refuses .* CMF_CONFORMANCE_TOKEN", "is the token right")
    assert found.exit_code == 3


def test_forbidden(front: Start, look: Look) -> None:
    found = look(front(answers=[("GET .*", 403, b"")]).url, token=OTHER)
    found.told("credentials", PROBLEM, "refuses these credentials with 403", "must be allowed to list")


def test_not_needed(front: Start, look: Look) -> None:
    found = look(front().url, token=OTHER)
    found.told("credentials", WARNING, "without it the answer is 200, too", "leave the token out")
    assert found.exit_code == 0


def test_a_token_that_has_ended(front: Start, look: Look) -> None:
    found = look(front(token=OPENS).url, token=jwt(-7200))
    found.told("credentials", PROBLEM, "by its own words the token ended 2 h ago", "get a new one")


@pytest.mark.parametrize(("seconds", "state"), [(600, WARNING), (7200, OK)])
def test_a_token_that_can_not_be_renewed(front: Start, look: Look, seconds: float, state: State) -> None:
    token = jwt(seconds)
    found = look(front(token=token).url, token=token)
    found.told("token", state, "it is good until 20", "--token-command" if state is WARNING else "")


def test_a_token_that_can_be_renewed(front: Start, look: Look, tmp_path: Path) -> None:
    token = jwt(600)
    (tmp_path / "token").write_text(token, "utf-8")
    found = look(front(token=token).url, auth=Auth(token_file=tmp_path / "token"))
    found.told("token", OK, "asked again for another")


def test_a_token_endpoint_that_is_not_there(
    front: Start, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMF_CONFORMANCE_CLIENT_ID", "me")
    monkeypatch.setenv("CMF_CONFORMANCE_CLIENT_SECRET", "s3cret-of-mine")
    gate = front()
    found = look(gate.url, auth=Auth(oauth_token_url=ENDPOINT))
    found.told("credentials", PROBLEM, "token endpoint .* can't be reached")
    assert found.exit_code == 3
    assert gate.rules.asked == []


@pytest.mark.parametrize(
    "auth",
    [
        Auth(token_file=Path("nowhere")),
        Auth(certificate_authority=Path("nowhere")),
        Auth(client_cert=Path("nowhere")),
        Auth(headers=(ExtraHeader("x-key", variable="NOT_SET"),)),
        Auth(token_command=COMMAND),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_sent(front: Start, look: Look, auth: Auth) -> None:
    gate = front()
    found = look(gate.url, auth=auth)
    (only,) = found.all
    assert (only.subject, only.state) == ("configuration", PROBLEM)
    assert only.hint
    assert found.exit_code == 2
    assert gate.rules.asked == []
