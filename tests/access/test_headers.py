"""Headers that a gateway in front of the target wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.config import Auth, ExtraHeader, Target
from conformance.errors import ConfigurationError
from conformance.target import headers
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.wire import Wire

from .conftest import Done
from .gateway import Gateway

ENVIRONMENTS = "/cmf/api/v1/environments"
KEY = "key/of+the=gateway"
Start = Callable[..., Gateway]
Call = Callable[..., Done]


def test_values_come_from_variables_and_files(tmp_path: Path) -> None:
    (tmp_path / "tenant").write_text("blue green\n")
    given = (
        ExtraHeader("X-Key", variable="KEY"),
        ExtraHeader("X-Tenant", file=tmp_path / "tenant", secret=False),
    )
    found = headers.read(given, {"KEY": KEY})
    assert [(each.name, each.value, each.secret) for each in found] == [
        ("X-Key", KEY, True),
        ("X-Tenant", "blue green", False),
    ]
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    "name",
    [
        "Host", "content-length", "AUTHORIZATION", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding",
        "Transfer-Encoding", "Connection", "Expect", "Upgrade", "TE", "Trailer", "Cookie", "If-None-Match", "Range",
        "X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL", "Proxy-Authorization",
        "User-Agent", "", "a b", "a:b", "a\r\nHost: elsewhere", "é",
    ],
)  # fmt: skip
def test_a_header_that_would_change_a_request_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        headers.read((ExtraHeader(name, variable="KEY"),), {"KEY": KEY})
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["", " ", "two\nlines", "two\r\nX-Other: lines", "nul\0", "é"])
def test_a_value_that_cannot_be_sent_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(
        ConfigurationError, match="variable KEY holds no value for the header 'X-Key'"
    ) as caught:
        headers.read((ExtraHeader("X-Key", variable="KEY"),), {"KEY": value})
    assert not value.strip() or value not in str(caught.value)


def test_headers_that_are_twice_or_have_no_source_are_refused(tmp_path: Path) -> None:
    twice = (ExtraHeader("X-Key", variable="KEY"), ExtraHeader("x-key", variable="KEY"))
    with pytest.raises(ConfigurationError, match="'x-key' is there twice"):
        headers.read(twice, {"KEY": KEY})
    with pytest.raises(ConfigurationError, match="either a variable or a file"):
        headers.read((ExtraHeader("X-Key"),), {})
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        headers.read((ExtraHeader("X-Key", file=tmp_path / "none"),), {})


def test_every_request_carries_them_and_none_is_stored(
    gateway: Start, evidence: EvidenceLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gateway(key=("X-Api-Key", KEY))
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setenv("PIN", "1234")
    monkeypatch.setenv("TENANT", "blue-green")
    monkeypatch.setenv("CMF_CONFORMANCE_TOKEN", gate.issue())
    auth = Auth(
        headers=(
            ExtraHeader("X-Api-Key", variable="KEY"),
            ExtraHeader("X-Pin", variable="PIN"),
            ExtraHeader("X-Tenant", variable="TENANT", secret=False),
        )
    )
    with Wire(
        Target(gate.url, auth=auth), ownership=Ownership("ab12cd34"), ledger=None, evidence=evidence
    ) as wire:
        exchange = wire.send("GET", ENVIRONMENTS)
        wire.send("GET", ENVIRONMENTS, authenticate=False)
        wire.send("GET", f"/{KEY}/1234")
        wire.send("GET", ENVIRONMENTS, headers=[("x-api-key", "its-own")])
    assert gate.seen.keys == [KEY, KEY, KEY, "its-own"]
    assert exchange.response is not None
    assert exchange.response.status == 200
    sent = dict(exchange.request.headers)
    assert (sent["X-Api-Key"], sent["X-Pin"], sent["X-Tenant"]) == ("REDACTED", "REDACTED", "blue-green")
    stored = evidence.path.read_text()
    assert "/REDACTED-header/1234" in stored, "a short value is not searched for elsewhere"
    assert KEY not in stored
    assert "its-own" not in stored


def test_a_run_with_a_configuration(gateway: Start, call: Call, tmp_path: Path) -> None:
    gate = gateway(key=("X-Api-Key", KEY))
    (tmp_path / "cmf.yaml").write_text("auth: {headers: [{name: X-Api-Key, variable: KEY}]}\n")
    words = ("run", "--url", gate.url, "--config", "cmf.yaml", "--requirement", "CMF-ENV-GET-UNKNOWN", "-q")
    token = gate.issue()
    assert call(*words, KEY=KEY, CMF_CONFORMANCE_TOKEN=token).returncode == 0
    assert set(gate.seen.keys) == {KEY}
    done = call(*words, CMF_CONFORMANCE_TOKEN=token)
    assert (done.returncode, done.stdout) == (2, "")
    assert "environment variable KEY holds no value" in done.stderr
    done = call(*words, KEY="another-key", CMF_CONFORMANCE_TOKEN=token)
    assert done.returncode == 3
    assert "403" in done.stderr
