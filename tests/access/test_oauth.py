"""Client credentials, at a real token endpoint."""

# ruff: noqa: S106 - the secrets are none
from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme

from conformance.config import Auth, Limits, Target
from conformance.errors import ConfigurationError, TargetError, Unreachable
from conformance.target.auth import Credentials
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import Wire

from .conftest import Done
from .gateway import Gateway

ENVIRONMENTS = "/cmf/api/v1/environments"
CLIENT = {"CMF_CONFORMANCE_CLIENT_ID": "client id", "CMF_CONFORMANCE_CLIENT_SECRET": "s3cret/wi:th+odd%chars"}
LIMITS = Limits(connect_timeout=2.0, read_timeout=2.0)
Start = Callable[..., Gateway]
Call = Callable[..., Done]


def credentials(gate: Gateway, environment: dict[str, str] | None = None, **auth: Any) -> Credentials:
    return Credentials(Auth(oauth_token_url=gate.token_url, **auth), environment or CLIENT, LIMITS)


def wire(gate: Gateway, evidence: EvidenceLog, own: Credentials) -> Wire:
    target = Target(gate.url, limits=LIMITS)
    return Wire(target, ownership=Ownership("ab12cd34"), ledger=None, evidence=evidence, credentials=own)


def test_nothing_is_asked_for_before_a_token_is_needed(gateway: Start) -> None:
    gate = gateway()
    own = credentials(gate)
    assert own.configured
    assert gate.seen.token_requests == []
    assert own.token in gate.seen.issued
    assert own.token == own.token
    assert gate.seen.token_requests == [{"grant_type": "client_credentials"}]


def test_the_names_of_the_variables_a_file_and_a_scope_can_be_given(gateway: Start, tmp_path: Path) -> None:
    gate = gateway(scope="cmf read")
    (tmp_path / "secret").write_text(CLIENT["CMF_CONFORMANCE_CLIENT_SECRET"] + "\n")
    own = credentials(
        gate,
        {"MY_ID": "client id", "CMF_CONFORMANCE_CLIENT_SECRET": "weaker than a file"},
        oauth_client_id_variable="MY_ID",
        oauth_client_secret_file=tmp_path / "secret",
        oauth_scope="cmf read",
    )
    assert own.token in gate.seen.issued
    assert credentials(
        gate,
        {"CMF_CONFORMANCE_CLIENT_ID": "client id", "MY_SECRET": CLIENT["CMF_CONFORMANCE_CLIENT_SECRET"]},
        oauth_client_secret_variable="MY_SECRET",
        oauth_scope="cmf read",
    ).token


@pytest.mark.parametrize("announced", [1.0, "1"])
def test_a_token_is_renewed_before_it_expires(gateway: Start, evidence: EvidenceLog, announced: Any) -> None:
    gate = gateway(lifetime=1.0, announced=announced)
    with wire(gate, evidence, credentials(gate)) as opened:
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            response = opened.send("GET", ENVIRONMENTS).response
            assert response is not None
            assert response.status == 200
            time.sleep(0.02)
    assert gate.seen.refused == 0
    assert 3 <= len(gate.seen.issued) <= 4


@pytest.mark.parametrize("announced", [None, 3600, "soon", -1, True, [1], float("1e999")])
def test_a_token_is_renewed_when_it_is_refused(gateway: Start, evidence: EvidenceLog, announced: Any) -> None:
    gate = gateway(announced=announced)
    with wire(gate, evidence, credentials(gate)) as opened:
        for _ in range(3):
            exchange = opened.send("GET", ENVIRONMENTS)
            assert exchange.response is not None
            assert exchange.response.status == 200
            gate.revoke_all()
    assert (len(gate.seen.issued), gate.seen.refused) == (3, 2)


def test_many_threads_renew_once(gateway: Start, evidence: EvidenceLog) -> None:
    gate = gateway()
    with wire(gate, evidence, credentials(gate)) as opened:
        opened.send("GET", ENVIRONMENTS)
        gate.revoke_all()
        gate.rules.pause = 0.3
        with ThreadPoolExecutor(8) as pool:
            exchanges = list(pool.map(lambda _: opened.send("GET", ENVIRONMENTS), range(16)))
    assert {each.response.status for each in exchanges if each.response} == {200}
    assert len(gate.seen.issued) == 2


def test_wrong_credentials_of_a_check_renew_nothing(gateway: Start, evidence: EvidenceLog) -> None:
    gate = gateway()
    with wire(gate, evidence, credentials(gate)) as opened:
        for how in ({"authenticate": False}, {"headers": [("Authorization", "Bearer wrong")]}):
            exchange = opened.send("GET", ENVIRONMENTS, **how)  # type: ignore[arg-type]
            assert exchange.response is not None
            assert (exchange.response.status, exchange.attempt) == (401, 1)
    assert len(gate.seen.issued) <= 1


def test_a_target_that_refuses_every_token_is_not_an_endless_reason_to_ask(
    gateway: Start, evidence: EvidenceLog
) -> None:
    gate = gateway(lifetime=0.0)
    with wire(gate, evidence, credentials(gate)) as opened:
        for _ in range(50):
            opened.send("GET", ENVIRONMENTS)
    assert len(gate.seen.issued) == 2


def test_a_renewal_that_fails_leaves_the_token_in_use(gateway: Start, evidence: EvidenceLog) -> None:
    gate = gateway(announced=0.5)
    own = credentials(gate)
    with wire(gate, evidence, own) as opened:
        first = own.token
        gate.rules.token_answer = (500, b"", {})
        time.sleep(0.6)
        for _ in range(20):
            exchange = opened.send("GET", ENVIRONMENTS)
            assert exchange.response is not None
            assert exchange.response.status == 200
        assert own.token == first
        assert not own.renew(first)


SECRETS = [CLIENT["CMF_CONFORMANCE_CLIENT_SECRET"], "odd%25chars", "Y2xpZW50"]


@pytest.mark.parametrize(
    ("answer", "kind", "message", "hint"),
    [
        (
            (401, b'{"error": "invalid_client"}', {}),
            TargetError,
            "gives no token: 401 invalid_client",
            "secret right",
        ),
        ((400, b'{"error": "invalid_scope"}', {}), TargetError, "400 invalid_scope", "--oauth-scope"),
        (
            (400, b'{"error": "s3cret/wi:th+odd%chars"}', {}),
            TargetError,
            "gives no token: 400",
            "secret right",
        ),
        ((500, b"s3cret/wi:th+odd%chars", {}), TargetError, "gives no token: 500", "token-url right"),
        (
            (302, b"", {"Location": "http://127.0.0.1:1/s3cret"}),
            TargetError,
            "answers 302",
            "token endpoint itself",
        ),
        ((307, b"", {"Location": "/cmf/elsewhere"}), TargetError, "answers 307", "token endpoint itself"),
        ((200, b"<html>", {}), TargetError, "no bearer token", "JSON"),
        ((200, b"[" * 100_000, {}), TargetError, "no bearer token", "JSON"),
        ((200, b'"text"', {}), TargetError, "no bearer token", "JSON"),
        ((200, b'{"access_token": 1}', {}), TargetError, "no bearer token", "JSON"),
        ((200, b'{"access_token": "a", "token_type": "mac"}', {}), TargetError, "no bearer token", "Bearer"),
        ((200, b'{"access_token": "a\\r\\nX: y"}', {}), TargetError, "cannot be sent", "ASCII"),
        ((200, b'{"access_token": "' + b"a" * 3_000_000 + b'"}', {}), TargetError, "no bearer token", "JSON"),
    ],
    ids=lambda value: str(value[0]) + value[1][:24].decode() if isinstance(value, tuple) else None,
)
def test_an_endpoint_that_gives_no_token(
    gateway: Start, answer: Any, kind: type[TargetError], message: str, hint: str
) -> None:
    gate = gateway(token_answer=answer)
    with pytest.raises(kind) as caught:
        _ = credentials(gate).token
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert not [secret for secret in SECRETS if secret in str(caught.value)]
    assert gate.seen.bodies == [], "a redirect was followed"


def test_an_endpoint_that_does_not_answer_in_time(gateway: Start) -> None:
    gate = gateway(pause=3.0)
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"ReadTimeout after 0\.5 s"):
        _ = Credentials(Auth(oauth_token_url=gate.token_url), CLIENT, Limits(read_timeout=0.5)).token
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("url", "environment", "message"),
    [
        ("http://login.example/token", CLIENT, "is spoken to without TLS"),
        ("https://user:s3cret@login.example/token", CLIENT, "holds credentials"),
        ("ftp://login.example/token", CLIENT, "is not the address of an HTTP server"),
        ("https://login.example/token#a", CLIENT, "is not the address of an HTTP server"),
        ("https://login.example/to ken", CLIENT, "cannot be sent"),
        ("https://login.example:port/", CLIENT, "is no URL"),
        ("https://login.example/é", CLIENT, "is no URL"),
        ("", CLIENT, "is not the address of an HTTP server"),
        ("https://login.example", {}, "variable CMF_CONFORMANCE_CLIENT_ID holds no OAuth client id"),
        (
            "https://x",
            {"CMF_CONFORMANCE_CLIENT_ID": "a"},
            "CMF_CONFORMANCE_CLIENT_SECRET holds no OAuth client secret",
        ),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_sent(
    url: str, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Credentials(Auth(oauth_token_url=url), environment)
    assert message in caught.value.message
    assert caught.value.hint
    assert "s3cret" not in str(caught.value)


def test_one_source_of_tokens_at_most() -> None:
    with pytest.raises(ConfigurationError, match="token_file, token_command, oauth_token_url"):
        Credentials(Auth(token_file=Path("a"), token_command="b", oauth_token_url="c"), {})
    with pytest.raises(ConfigurationError, match="client secret file none cannot be read: No such file"):
        Credentials(Auth(oauth_token_url="https://x", oauth_client_secret_file=Path("none")), CLIENT)


def test_the_endpoint_is_spoken_to_with_the_tls_of_the_target(
    gateway: Start, authority: trustme.CA, authority_file: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    gate = gateway(context)
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED") as caught:
        _ = credentials(gate).token
    assert "--certificate-authority" in caught.value.hint
    assert gate.seen.token_requests == []
    assert credentials(gate, certificate_authority=authority_file).token in gate.seen.issued


def test_a_run_outlives_its_tokens(gateway: Start, call: Call, tmp_path: Path) -> None:
    gate = gateway(lifetime=0.7, announced=None)
    done = call(
        "run", "--url", gate.url, "--oauth-token-url", gate.token_url, "--area", "environments", "--seed", "1", "--effort", "quick",
        "--report-dir", "report", **CLIENT,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert len(gate.seen.issued) >= 2
    assert gate.seen.refused >= 1
    document = json.loads((tmp_path / "report" / "report.json").read_text())
    assert document["counts"]["fail"] == document["counts"]["error"] == document["counts"]["not_tested"] == 0
    assert document["left_behind"] == []


def test_a_run_that_gets_no_token_is_incomplete_and_has_a_report(
    gateway: Start, call: Call, tmp_path: Path
) -> None:
    gate = gateway()
    wrong = {**CLIENT, "CMF_CONFORMANCE_CLIENT_SECRET": "not-the-right-secret"}
    done = call(
        "run",
        "--url",
        gate.url,
        "--oauth-token-url",
        gate.token_url,
        "--report-dir",
        "report",
        "--quiet",
        **wrong,
    )
    assert done.returncode == 3
    line, hint = done.stderr.splitlines()
    assert line.endswith("gives no token: 401 invalid_client")
    assert "id and secret right" in hint
    assert json.loads((tmp_path / "report" / "report.json").read_text())["verdict"] == "incomplete"
    assert gate.seen.bodies == []


def test_a_clean_up_gets_a_token_first_or_says_why_not(gateway: Start, call: Call, tmp_path: Path) -> None:
    gate = gateway()
    name, ledger = "cmfc-ab12cd34-left", tmp_path / "ledger.ndjson"
    book = Ledger.create(ledger, run_id="ab12cd34", target_url=gate.url)
    log = EvidenceLog(tmp_path / "evidence.ndjson")
    own = credentials(gate)
    target, ownership = Target(gate.url, limits=LIMITS), Ownership("ab12cd34")
    with Wire(target, ownership=ownership, ledger=book, evidence=log, credentials=own) as opened:
        body = json.dumps({"name": name}).encode()
        typed = [("Content-Type", "application/json")]
        response = opened.send("POST", ENVIRONMENTS, headers=typed, content=body).response
        assert response is not None
        assert response.status == 201
    book.close()
    log.close()
    words = ("cleanup", ledger, "--oauth-token-url", gate.token_url)
    done = call(*words, **{**CLIENT, "CMF_CONFORMANCE_CLIENT_SECRET": "another"})
    assert (done.returncode, done.stdout) == (3, "")
    assert "gives no token: 401 invalid_client" in done.stderr.splitlines()[0]
    done = call(*words, **CLIENT)
    assert (done.returncode, done.stdout) == (0, "nothing is left behind\n")


def test_a_run_without_a_client_is_wrong_usage_and_leaves_nothing(call: Call, tmp_path: Path) -> None:
    done = call("run", "--url", "http://127.0.0.1:1", "--oauth-token-url", "https://127.0.0.1:1/token")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_endpoint_is_told(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = call(
        "run",
        "--url",
        "http://127.0.0.1:1",
        "--oauth-token-url",
        f"http://127.0.0.1:{port}/token",
        "-q",
        **CLIENT,
    )
    assert done.returncode == 3
    assert f"OAuth token endpoint http://127.0.0.1:{port} can't be reached" in done.stderr
    assert len(done.stderr.splitlines()) == 2
