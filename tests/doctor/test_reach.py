"""The way to the target: nobody there, certificates as real servers have them, clocks, and slow answers."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from conformance.config import Auth, Target
from conformance.doctor import reach
from conformance.doctor.finding import State

from .conftest import Findings, Front

Start = Callable[..., Front]
Look = Callable[..., Findings]
NOW = dt.datetime.now(dt.UTC)
OK, UNKNOWN, WARNING, PROBLEM = State.OK, State.UNKNOWN, State.WARNING, State.PROBLEM


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that issues certificates."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> Auth:
    """Who trusts it."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return Auth(certificate_authority=tmp_path / "ca.pem")


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def test_nobody_listens(look: Look) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        found = look(f"http://127.0.0.1:{taken.getsockname()[1]}")
    found.told("connection", PROBLEM, "can't be reached", "is the server running")
    assert found.exit_code == 3
    assert found.all[-1].subject == "connection"


def test_a_name_that_means_nothing(look: Look) -> None:
    found = look("http://no-such-host.invalid:8080")
    found.told("name", PROBLEM, "no-such-host.invalid can't be resolved")
    assert found.exit_code == 3
    assert "connection" not in found


def test_a_name_that_means_something(front: Start, look: Look) -> None:
    found = look(front().url.replace("127.0.0.1", "localhost"))
    found.told("name", OK, r"localhost is .*127\.0\.0\.1")


def test_a_proxy_is_left_to_find_the_name(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    found = look("http://cmf.example:8080")
    found.told("name", OK, "left to the proxy 127.0.0.1:1")
    found.told("connection", PROBLEM, "can't be reached")


def test_a_server_that_says_nothing(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = look(f"http://127.0.0.1:{silent.getsockname()[1]}", limits={"read_timeout": 0.5})
    found.told("connection", PROBLEM, "ReadTimeout after 0.5 s", "stays silent")
    assert found.exit_code == 3


def test_a_certificate_that_is_good_for_long(
    front: Start, look: Look, authority: trustme.CA, trusting: Auth
) -> None:
    found = look(front(serving(authority.issue_cert("127.0.0.1"))).url, auth=trusting)
    found.told("certificate", OK, "the server's certificate is good until 3000-01-01")
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("hours", "message"), [(24 * 9 + 1, "in 9 days"), (5, "UTC, today"), (0.2, "before the end of a run")]
)
def test_a_certificate_that_ends_soon(
    front: Start, look: Look, authority: trustme.CA, trusting: Auth, hours: float, message: str
) -> None:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    found = look(front(serving(authority.issue_cert("127.0.0.1", not_after=ends))).url, auth=trusting)
    found.told("certificate", WARNING, message, "renew it")
    assert found.exit_code == 0


def test_an_expired_certificate(front: Start, look: Look, authority: trustme.CA, trusting: Auth) -> None:
    ended = NOW - dt.timedelta(days=1)
    found = look(front(serving(authority.issue_cert("127.0.0.1", not_after=ended))).url, auth=trusting)
    found.told("certificate", PROBLEM, "certificate has expired", "must be renewed")
    assert found.exit_code == 3


def test_a_certificate_for_another_host(
    front: Start, look: Look, authority: trustme.CA, trusting: Auth
) -> None:
    found = look(front(serving(authority.issue_cert("cmf.example"))).url, auth=trusting)
    found.told("certificate", PROBLEM, "not valid for '127.0.0.1'", "a host name in the URL")
    assert found.exit_code == 3


def test_a_certificate_of_an_unknown_authority(front: Start, look: Look, trusting: Auth) -> None:
    found = look(front(serving(trustme.CA().issue_cert("127.0.0.1"))).url, auth=trusting)
    found.told("certificate", PROBLEM, "CERTIFICATE_VERIFY_FAILED", "--certificate-authority")
    assert found.exit_code == 3


def test_tls_where_there_is_none_and_none_where_there_is(
    front: Start, look: Look, authority: trustme.CA, trusting: Auth
) -> None:
    plain = look(front().url.replace("http:", "https:"), auth=trusting)
    plain.told("connection", PROBLEM, "can't be reached", "try http://")
    secure = look(front(serving(authority.issue_cert("127.0.0.1"))).url.replace("https:", "http:"))
    secure.told("connection", PROBLEM, "can't be reached", "use https://")


def test_a_client_certificate_is_demanded_and_looked_at(
    front: Start, look: Look, authority: trustme.CA, trusting: Auth, tmp_path: Path
) -> None:
    context = serving(authority.issue_cert("127.0.0.1"))
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    gate = front(context)
    found = look(gate.url, auth=trusting)
    found.told("connection", PROBLEM, "can't be reached", "client certificate")
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=3, hours=1)
    mine = authority.issue_cert("me@example.com", not_after=ends)
    mine.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
    auth = Auth(certificate_authority=trusting.certificate_authority, client_cert=tmp_path / "me.pem")
    found = look(gate.url, auth=auth)
    found.told("client cert", WARNING, "the client certificate is good until .* in 3 days", "renew it")
    found.told("credentials", OK, "none is demanded; the run shows a client certificate")
    assert found.exit_code == 0


def test_no_tls_is_worth_a_word_unless_it_stays_on_this_machine() -> None:
    assert reach.certificate(Target("http://127.0.0.1:8080"), None).state is OK
    assert reach.certificate(Target("http://cmf.example:8080"), None).state is WARNING


@pytest.mark.parametrize(
    ("ahead", "state", "message"),
    [
        (0.0, OK, "agrees with ours"),
        (-240.0, OK, "agrees with ours"),
        (600.0, WARNING, "10 min ahead of ours"),
        (-3 * 3600.0, WARNING, "3 h behind ours"),
        (10 * 86400.0, WARNING, "10 days ahead of ours"),
        (None, UNKNOWN, "no Date"),
    ],
)
def test_the_clock(front: Start, look: Look, ahead: float | None, state: State, message: str) -> None:
    found = look(front(ahead=ahead).url)
    found.told("clock", state, message)
    assert found.exit_code == 0


def test_slow_answers(front: Start, look: Look) -> None:
    found = look(front(delay=0.15).url, limits={"read_timeout": 0.6, "max_time": 60.0})
    found.told("speed", WARNING, r"1\d\d ms, .*an answer that takes 0.6 s counts as none", "--read-timeout")
    found.told(
        "pace", WARNING, r"about \d{3} requests fit into a run; not enough for core \(3,400\)", "--max-time"
    )


def test_a_server_that_is_no_cmf_or_is_broken(front: Start, look: Look) -> None:
    for status, content, message in (
        (404, b"", "no CMF API here"),
        (200, b"<html>", "no CMF API here"),
        (503, b"", "is answered with 503"),
    ):
        found = look(front(answers=[("GET .*", status, content)]).url)
        found.told("api", PROBLEM, message)
        found.told("connection", OK, "answers")
        assert found.exit_code == 3
        assert found.all[-1].subject == "api"
