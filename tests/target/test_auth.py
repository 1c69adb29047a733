"""Tokens, certificates, authorities and proxies."""

# ruff: noqa: S105, S106, FBT001, FBT003 - the tokens are none, and a fixture takes a flag
from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.config import Auth
from conformance.errors import ConfigurationError
from conformance.target.auth import Credentials, ssl_context
from conformance.target.proxy import proxy_for
from conformance.target.wire import NoAnswer, Wire

from .conftest import Server, answer

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="certificates are made with openssl"
)


def test_no_token_is_no_header() -> None:
    assert Credentials(Auth(), {}).token is None
    assert Credentials(Auth(), {"CMF_CONFORMANCE_TOKEN": " \n"}).token is None


def test_a_token_comes_from_the_variable_or_rather_from_the_file(tmp_path: Path) -> None:
    environment = {"CMF_CONFORMANCE_TOKEN": "from-variable\n", "MINE": "from-mine"}
    assert Credentials(Auth(), environment).token == "from-variable"
    assert Credentials(Auth(token_variable="MINE"), environment).token == "from-mine"
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert Credentials(Auth(token_file=file), environment).token == "from-file"


@pytest.mark.parametrize("content", ["", "two words", "two\nlines", "nön-ascii", "nul\0", b"\xff\xfe"])
def test_a_token_file_without_a_token_is_refused_and_not_shown(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        Credentials(Auth(token_file=file), {})
    assert str(file) in caught.value.message
    assert caught.value.hint
    assert "two" not in str(caught.value).replace(str(file), "")


def test_a_token_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Credentials(Auth(token_file=tmp_path / "none"), {})
    with pytest.raises(ConfigurationError, match="variable"):
        Credentials(Auth(), {"CMF_CONFORMANCE_TOKEN": "a b"})


def test_a_token_is_renewed_when_the_file_has_another_one(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    credentials = Credentials(Auth(token_file=file), {})
    assert not credentials.renew("one")
    file.write_text("two")
    assert credentials.renew("one")
    assert credentials.token == "two"
    assert credentials.renew("one"), "another thread has read the new one already"
    file.write_text("")
    assert not credentials.renew("two"), "the file is just being replaced"
    assert not Credentials(Auth(), {"CMF_CONFORMANCE_TOKEN": "one"}).renew("one")


@dataclass
class Papers:
    """Certificates of one authority for 127.0.0.1."""

    authority: Path
    certificate: Path
    key: Path
    encrypted_key: Path
    other: Path


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Make certificates that are good for a day."""
    folder = tmp_path_factory.mktemp("papers")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for name in ("ca", "other"):
        openssl(
            "req",
            "-x509",
            *curve,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.pem",
            "-days",
            "1",
            "-subj",
            f"/CN={name}",
        )
    openssl("req", *curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=127.0.0.1")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        "x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
        "-extfile", "extensions", "-out", "certificate.pem",
    )  # fmt: skip
    openssl("ec", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "encrypted.pem")
    return Papers(
        folder / "ca.pem",
        folder / "certificate.pem",
        folder / "key.pem",
        folder / "encrypted.pem",
        folder / "other.pem",
    )


@pytest.fixture
def secure(papers: Papers) -> Iterator[Callable[[bool], str]]:
    """Start a TLS target, which may insist on a client certificate; gives its URL."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(insist: bool) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(papers.certificate, papers.key)
        if insist:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(papers.authority)
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    client.settimeout(5)
                    with context.wrap_socket(client, server_side=True) as tls:
                        while tls.recv(65536):
                            tls.sendall(answer(304) if insist else answer(200, b"secure"))

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"https://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(6)


@needs_openssl
def test_certificates_are_verified(
    papers: Papers,
    secure: Callable[[bool], str],
    connect: Callable[..., Wire],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("conformance.target.wire._PAUSES", (0.0, 0.0))
    url = secure(False)
    trusting = connect(url, auth=Auth(certificate_authority=papers.authority))
    response = trusting.send("GET", "/x").response
    assert response is not None
    assert response.body == b"secure"
    trusting.close()
    for auth in (Auth(), Auth(certificate_authority=papers.other)):
        with pytest.raises(NoAnswer, match=r"ConnectError: .*CERTIFICATE_VERIFY_FAILED"):
            connect(url, auth=auth).send("GET", "/x")


@needs_openssl
def test_a_client_certificate_is_shown(
    papers: Papers,
    secure: Callable[[bool], str],
    connect: Callable[..., Wire],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("conformance.target.wire._PAUSES", (0.0, 0.0))
    url = secure(True)
    shown = Auth(
        certificate_authority=papers.authority, client_cert=papers.certificate, client_key=papers.key
    )
    wire = connect(url, auth=shown)
    response = wire.send("GET", "/x").response
    assert response is not None
    assert (response.status, response.body) == (304, b"")
    wire.close()
    with pytest.raises(NoAnswer):
        connect(url, auth=Auth(certificate_authority=papers.authority)).send("GET", "/x")


@needs_openssl
def test_certificates_that_cannot_be_used_are_a_configuration_error(papers: Papers, tmp_path: Path) -> None:
    garbage, none = tmp_path / "garbage", tmp_path / "none"
    garbage.write_text("garbage")
    for auth in (
        Auth(certificate_authority=none),
        Auth(certificate_authority=garbage),
        Auth(client_key=papers.key),
        Auth(client_cert=papers.certificate),
        Auth(client_cert=none, client_key=papers.key),
        Auth(client_cert=papers.certificate, client_key=none),
        Auth(client_cert=papers.certificate, client_key=garbage),
        Auth(client_cert=papers.other, client_key=papers.key),
        Auth(client_cert=papers.certificate, client_key=papers.encrypted_key),
    ):
        with pytest.raises(ConfigurationError) as caught:
            ssl_context(auth)
        assert caught.value.hint
    ssl_context(Auth(certificate_authority=tmp_path))


PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any proxy."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_proxies_come_from_the_environment(no_proxies: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context()
    assert proxy_for("http", "cmf.example", context) is None
    no_proxies.setenv("http_proxy", "http://user:p%40ss@proxy.example")
    no_proxies.setenv("no_proxy", "direct.example")
    proxy = proxy_for("http", "cmf.example", context)
    assert proxy is not None
    assert (proxy.url.host, proxy.url.port, proxy.auth) == (b"proxy.example", 80, (b"user", b"p@ss"))
    for host in ("direct.example", "localhost", "a.localhost", "127.0.0.1", "::1"):
        assert proxy_for("http", host, context) is None
    assert proxy_for("https", "cmf.example", context) is None
    for url in ("socks5://proxy.example", "http://", "ftp://x"):
        no_proxies.setenv("all_proxy", url)
        with pytest.raises(ConfigurationError, match="proxy"):
            proxy_for("https", "cmf.example", context)


def test_a_proxy_is_told_the_whole_url(
    no_proxies: pytest.MonkeyPatch, serve: Callable[..., Server], connect: Callable[..., Wire]
) -> None:
    server = serve(lambda *_: answer(200))
    no_proxies.setenv("http_proxy", server.url)
    exchange = connect("http://cmf.example:8080").send("GET", "/a/../%7e")
    assert exchange.response is not None
    assert server.received[0].target == b"http://cmf.example:8080/a/../%7e"
    assert server.received[0].headers["host"] == "cmf.example:8080"
