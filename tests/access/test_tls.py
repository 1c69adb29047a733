"""What goes wrong with certificates and tokens, as real servers make it go wrong: one line, a hint, and 3."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from .conftest import Done
from .gateway import Gateway

Start = Callable[..., Gateway]
Call = Callable[..., Done]
NOW = dt.datetime.now(dt.UTC)


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def told(done: Done, message: str, hint: str) -> None:
    """One line and a hint on standard error, and the code of a target that could not be observed."""
    assert done.returncode == 3
    line, hinted = done.stderr.splitlines()
    assert line.startswith("cmf-conformance: ")
    assert re.search(message, line)
    assert hinted.startswith("  hint: ")
    assert hint in hinted
    assert "try http" not in hinted
    assert "use https" not in hinted


@pytest.fixture
def look(call: Call, authority_file: Path) -> Callable[..., Done]:
    """Run against a URL, trusting the authority."""

    def start(url: str, *words: str | Path, trust: Path = authority_file, **variables: str) -> Done:
        options = (
            "--certificate-authority",
            trust,
            "--requirement",
            "CMF-ENV-GET-UNKNOWN",
            "--quiet",
            *words,
        )
        return call("run", "--url", url, *options, **variables)

    return start


def test_a_good_certificate_and_a_good_token(gateway: Start, look: Call, authority: trustme.CA) -> None:
    gate = gateway(serving(authority.issue_cert("127.0.0.1")))
    assert look(gate.url, CMF_CONFORMANCE_TOKEN=gate.issue()).returncode == 0


def test_the_variable_of_openssl_names_an_authority(
    gateway: Start, call: Call, authority: trustme.CA, authority_file: Path
) -> None:
    gate = gateway(serving(authority.issue_cert("127.0.0.1")))
    words = ("run", "--url", gate.url, "--requirement", "CMF-ENV-GET-UNKNOWN", "--quiet")
    assert call(*words, SSL_CERT_FILE=str(authority_file), CMF_CONFORMANCE_TOKEN=gate.issue()).returncode == 0


def test_an_expired_certificate(gateway: Start, look: Call, authority: trustme.CA) -> None:
    yesterday = NOW - dt.timedelta(days=1)
    gate = gateway(serving(authority.issue_cert("127.0.0.1", not_after=yesterday)))
    told(look(gate.url), "certificate has expired", "must be renewed")


def test_a_certificate_of_tomorrow(gateway: Start, look: Call, authority: trustme.CA) -> None:
    days = [NOW + dt.timedelta(days=number) for number in (1, 2)]
    gate = gateway(serving(authority.issue_cert("127.0.0.1", not_before=days[0], not_after=days[1])))
    told(look(gate.url), "certificate is not yet valid", "not valid yet")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_name(gateway: Start, look: Call, authority: trustme.CA, host: str) -> None:
    gate = gateway(serving(authority.issue_cert("cmf.example", str(ipaddress.ip_address("127.0.0.2")))))
    told(
        look(gate.url.replace("127.0.0.1", host)), "not valid for", "a host name in the URL that the server's"
    )


def test_a_certificate_of_an_unknown_authority(gateway: Start, look: Call, authority_file: Path) -> None:
    gate = gateway(serving(trustme.CA().issue_cert("127.0.0.1")))
    told(
        look(gate.url, trust=authority_file),
        "CERTIFICATE_VERIFY_FAILED",
        "--certificate-authority names the CA",
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_demands_a_client_certificate(
    gateway: Start, look: Call, authority: trustme.CA, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    context = serving(authority.issue_cert("127.0.0.1"))
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    gate = gateway(context)
    told(look(gate.url), "can't be reached", "client certificate")

    for issuer, name in ((authority, "mine"), (trustme.CA(), "foreign")):
        issuer.issue_cert("somebody@example.com").private_key_and_cert_chain_pem.write_to_path(
            str(tmp_path / f"{name}.pem")
        )
    token = {"CMF_CONFORMANCE_TOKEN": gate.issue()}
    assert look(gate.url, "--client-cert", tmp_path / "mine.pem", **token).returncode == 0
    told(
        look(gate.url, "--client-cert", tmp_path / "foreign.pem", **token),
        "can't be reached",
        "client certificate",
    )


def test_a_wrong_token_and_none(gateway: Start, look: Call, authority: trustme.CA, tmp_path: Path) -> None:
    gate = gateway(serving(authority.issue_cert("127.0.0.1")))
    told(look(gate.url), "refuses these credentials with 401: no token", "CMF_CONFORMANCE_TOKEN")
    told(
        look(gate.url, CMF_CONFORMANCE_TOKEN="no-such-token"),  # noqa: S106 - it is none
        "with 401: environment variable CMF_CONFORMANCE_TOKEN",
        "has it expired",
    )
    (tmp_path / "token").write_text("no-such-token")
    told(look(gate.url, "--token-file", tmp_path / "token"), "with 401: token file", "has it expired")
