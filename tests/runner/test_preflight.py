"""What stands at a URL when it is no CMF, each as a real socket."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from conformance.config import Auth, Limits, Target
from conformance.errors import HarnessError, NotCmf, TargetError, Unreachable
from conformance.runner.preflight import preflight
from conformance.target.evidence import EvidenceLog
from conformance.target.guard import Ownership
from conformance.target.wire import Wire

Serve = Callable[..., int]
LIST = "/cmf/api/v1/environments"


def response(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Listen on a port and say these bytes to whoever connects, over TLS when there is a certificate."""
    listeners: list[socket.socket] = []
    threads: list[Thread] = []

    def start(
        says: bytes | None, certificate: Path | None = None, *, waits: bool = True, stays: bool = False
    ) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    client.settimeout(3)
                    speaking = context.wrap_socket(client, server_side=True) if context else client
                    with speaking:
                        if waits:
                            speaking.recv(65536)
                        speaking.sendall(says or b"")
                        if stays or says is None:
                            speaking.recv(65536)

        threads.append(Thread(target=answer))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    command += " -addext subjectAltName=IP:127.0.0.1"
    subprocess.run(
        [*command.split(), "-keyout", path, "-out", path.with_suffix(".crt")], check=True, capture_output=True
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Callable[..., dict[str, str]]]:
    """Make the preflight at a URL."""
    opened: list[contextlib.ExitStack] = []

    def start(url: str, auth: Auth | None = None, read_timeout: float = 2.0) -> dict[str, str]:
        stack = contextlib.ExitStack()
        opened.append(stack)
        limits = Limits(connect_timeout=2.0, read_timeout=read_timeout)
        log = EvidenceLog(tmp_path / f"evidence{len(opened)}.ndjson")
        stack.callback(log.close)
        target = Target(url, auth=auth or Auth(), limits=limits)
        wire = stack.enter_context(Wire(target, ownership=Ownership("ab12cd34"), ledger=None, evidence=log))
        return preflight(wire, url)

    yield start
    for stack in opened:
        stack.close()


Look = Callable[..., dict[str, str]]


def refused(look: Look, url: str, kind: type[HarnessError], message: str, hint: str, **how: float) -> None:
    with pytest.raises(HarnessError) as caught:
        look(url, **how)
    assert type(caught.value) is kind
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert url in caught.value.message
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)


def test_a_cmf_says_what_it_is(look: Look, serve: Serve) -> None:
    headers = ("Content-Type: application/json", "Server: CMF/2.0", "Via: 1.1 proxy", "X-Other: 1")
    port = serve(response(200, b'{"items": []}', *headers))
    assert look(f"http://127.0.0.1:{port}") == {"server": "CMF/2.0", "via": "1.1 proxy"}


@pytest.mark.parametrize(
    "says",
    [
        response(200, b"items: []\n", "Content-Type: application/yaml"),
        response(200, b"[]"),
        response(500, b"<html>broken"),
        response(400, b""),
        response(406, b""),
        response(503, b""),
    ],
    ids=["yaml", "an array without type", "500", "400", "406", "503"],
)
def test_whatever_else_answers_there_is_a_target_to_be_judged(look: Look, serve: Serve, says: bytes) -> None:
    assert look(f"http://127.0.0.1:{serve(says)}") == {}


def test_nobody_is_there(look: Look) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused(
        look,
        f"http://127.0.0.1:{port}",
        Unreachable,
        "can't be reached: ConnectError",
        "is the server running",
    )


def test_no_such_host(look: Look) -> None:
    refused(look, "http://no-such-host.invalid", Unreachable, "can't be reached", "is the host name right?")


def test_silence(look: Look, serve: Serve) -> None:
    url = f"http://127.0.0.1:{serve(None)}"
    refused(look, url, Unreachable, "ReadTimeout after 0.3 s", "stays silent", read_timeout=0.3)


@pytest.mark.parametrize(
    ("stays", "why"),
    [(True, "ReadTimeout after 0.3 s, with 89 bytes"), (False, "peer closed connection")],
    ids=["silent", "closed"],
)
def test_headers_without_the_body_that_they_announce(
    look: Look, serve: Serve, why: str, *, stays: bool
) -> None:
    says = response(200, b"{}", "Content-Type: application/json").replace(b"{}", b"{")
    url = f"http://127.0.0.1:{serve(says, stays=stays)}"
    with pytest.raises(Unreachable) as caught:
        look(url, read_timeout=0.3)
    assert caught.value.message.startswith(f"{url} answers, but never completely: ")
    assert why in caught.value.message
    assert caught.value.message.endswith(": its headers came, but not the whole body")
    assert "does not send all of the body" in caught.value.hint


def test_plain_where_tls_was_asked_for(look: Look, serve: Serve) -> None:
    port = serve(response(400, b"speak HTTP"))
    refused(
        look, f"https://127.0.0.1:{port}", Unreachable, "SSL", "the server speaks no TLS there: try http://"
    )


def test_tls_where_plain_was_asked_for(look: Look, serve: Serve, certificate: Path) -> None:
    port = serve(response(200, b"{}"), certificate)
    refused(look, f"http://127.0.0.1:{port}", Unreachable, "can't be reached", "for TLS use https://")


def test_a_certificate_nobody_trusts(look: Look, serve: Serve, certificate: Path) -> None:
    port = serve(response(200, b"{}"), certificate)
    url = f"https://127.0.0.1:{port}"
    refused(look, url, Unreachable, "CERTIFICATE_VERIFY_FAILED", "--certificate-authority names the CA")


def test_a_certificate_that_is_trusted(look: Look, serve: Serve, certificate: Path) -> None:
    body = b'{"items": []}'
    port = serve(response(200, body, "Content-Type: application/json"), certificate)
    authority = Auth(certificate_authority=certificate.with_suffix(".crt"))
    assert look(f"https://127.0.0.1:{port}", auth=authority) == {}


@pytest.mark.parametrize(
    "says",
    [b"220 mail.example ESMTP\r\n", b"SSH-2.0-OpenSSH_9\r\n", b"\x00\x01\x02", b"", b"HTTP/1.1 200"],
    ids=["smtp", "ssh", "binary", "nothing", "half a status line"],
)
@pytest.mark.parametrize("waits", [True, False])
def test_no_http(look: Look, serve: Serve, says: bytes, *, waits: bool) -> None:
    url = f"http://127.0.0.1:{serve(says, waits=waits)}"
    with pytest.raises(Unreachable) as caught:
        look(url)
    assert "can't be reached" in caught.value.message
    assert caught.value.hint
    assert caught.value.hint != "is the URL right?"


def test_another_server_that_knows_no_such_path(look: Look, serve: Serve) -> None:
    port = serve(response(404, b"not here", "Content-Type: text/plain"))
    refused(
        look, f"http://127.0.0.1:{port}", NotCmf, f"answers 404 to GET {LIST}", "give the URL below which"
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(look: Look, serve: Serve, status: int) -> None:
    port = serve(response(status, b"", "Location: https://elsewhere.example/login"))
    url = f"http://127.0.0.1:{port}"
    refused(look, url, NotCmf, f"answers {status}", "it points to https://elsewhere.example/login")


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused(look: Look, serve: Serve, status: int) -> None:
    port = serve(response(status, b"", "WWW-Authenticate: Bearer"))
    url = f"http://127.0.0.1:{port}"
    refused(look, url, TargetError, f"refuses these credentials with {status}", "CMF_CONFORMANCE_TOKEN")


@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"hello", b"", b"{", b"\xff\xfe"])
def test_a_page_for_people(look: Look, serve: Serve, body: bytes) -> None:
    port = serve(response(200, body, "Content-Type: text/html"))
    refused(look, f"http://127.0.0.1:{port}", NotCmf, "neither JSON nor YAML", "give the URL below which")
