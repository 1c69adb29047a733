"""The line is given to a real shell with a real curl, and what arrives is compared with what was sent."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conformance.curl import curl_line
from conformance.model import Exchange, HttpRequest

PATH = "/cmf/api/v1/environments"
JSON = (("Accept", "application/json"), ("Content-Type", "application/json"))
BODIES = {
    "plain": b'{"name": "abcd"}',
    "quotes": b"""{"a": "it's \\"quoted\\" \\\\ twice"}""",
    "shell": b"$(touch pwned) `touch pwned` ${HOME} !! ; & | > pwned \\",
    "leading at": b"@/etc/passwd",
    "leading at in bash quoting": b"@/etc/passwd\n",
    "line ends": b"a\nb\r\nc\n\n",
    "control": b"\x01\x1b[31mred\x07\x7f\t",
    "unicode": "é 漢 😀 \u202e\u2028\x85 e\u0301".encode(),
    "unicode and control": "é'\\\n漢\x1b\\x41".encode(),
    "hex after hex": b"\x01A\x0ab",
    "percent": b"100% %s %n \\n",
    "option": b"--output pwned",
    "blank": b" ",
    "newline": b"\n",
}


class Recording(BaseHTTPRequestHandler):
    """Keeps what arrives."""

    seen: list[tuple[str, str, list[tuple[str, bytes]], bytes]]

    def take(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = [(name.lower(), value.encode("latin-1")) for name, value in self.headers.items()]
        self.seen.append((self.command, self.path, headers, self.rfile.read(length)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


for _method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"):
    setattr(Recording, f"do_{_method}", Recording.take)


@pytest.fixture(scope="module")
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Recording) as listening:
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listening
        listening.shutdown()
        thread.join(5)


def exchange(
    server: HTTPServer,
    method: str = "POST",
    path: str = PATH,
    headers: tuple[tuple[str, str], ...] = JSON,
    body: bytes = b"{}",
) -> Exchange:
    url = f"http://127.0.0.1:{server.server_port}{path}"
    return Exchange("x000001", None, HttpRequest(method, url, headers, body), None, None, "", 0.0)


def repeat(sent: Exchange, folder: Path) -> tuple[str, str, dict[str, bytes], bytes]:
    Recording.seen = []
    line = curl_line(sent)
    assert "\n" not in line
    environment = {
        "PATH": os.environ["PATH"],
        "CMF_CONFORMANCE_TOKEN": "t0ken",
        "LC_ALL": "C",
        "NO_PROXY": "*",
    }
    done = subprocess.run(
        ["bash", "--norc", "-c", line],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (folder / "pwned").exists()
    ((method, path, headers, body),) = Recording.seen
    assert len(dict(headers)) == len(headers)
    return method, path, dict(headers), body


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_bodies_arrive_byte_for_byte(server: HTTPServer, tmp_path: Path, body: bytes) -> None:
    method, path, headers, arrived = repeat(exchange(server, body=body), tmp_path)
    assert (method, path, arrived) == ("POST", PATH, body)
    assert headers["content-type"] == b"application/json"
    assert headers["accept"] == b"application/json"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"nul \0 nul", b"x" * 9000], ids=["binary", "nul", "long"])
def test_other_bodies_come_from_a_file(server: HTTPServer, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x000001.body").write_bytes(body)
    sent = exchange(server, body=body)
    assert "@x000001.body" in curl_line(sent)
    assert repeat(sent, tmp_path)[3] == body


@pytest.mark.parametrize(
    ("method", "body"),
    [("HEAD", b"")]
    + [
        (method, body)
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
        for body in (b"", b"{}")
    ],
)
def test_methods(server: HTTPServer, tmp_path: Path, method: str, body: bytes) -> None:
    arrived = repeat(exchange(server, method, body=body), tmp_path)
    assert (arrived[0], arrived[3]) == (method, body)


@pytest.mark.parametrize(
    "path",
    [
        f"{PATH}?page=0&size=5&sort=name%2Cdesc",
        f"{PATH}/../environments/%2e%2e/./a",
        f"{PATH}/[a-c]/{{x,y}}/'quoted'",
        f"{PATH}/a%20b%00%C3%A9",
        f"{PATH}/$HOME`id`;&|",
        f"{PATH}//",
    ],
)
def test_paths_arrive_as_they_were_sent(server: HTTPServer, tmp_path: Path, path: str) -> None:
    assert repeat(exchange(server, "GET", path, body=b""), tmp_path)[1] == path


def test_curl_adds_no_headers_of_its_own(server: HTTPServer, tmp_path: Path) -> None:
    headers = repeat(exchange(server, headers=()), tmp_path)[2]
    assert set(headers) == {"host", "user-agent", "content-length"}


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        ('W/"1", "2"', b'W/"1", "2"'),
        ("it's $HOME", b"it's $HOME"),
        ("caf\xe9", b"caf\xe9"),
        ("", b""),
        ("a\tb", b"a\tb"),
    ],
)
def test_headers_arrive_as_they_were_sent(
    server: HTTPServer, tmp_path: Path, value: str, arrives: bytes
) -> None:
    sent = exchange(server, "GET", headers=(("If-None-Match", value),), body=b"")
    assert repeat(sent, tmp_path)[2]["if-none-match"] == arrives


def test_credentials_come_from_the_environment(server: HTTPServer, tmp_path: Path) -> None:
    sent = exchange(server, headers=(*JSON, ("Authorization", "Bearer [redacted token]")))
    assert "redacted" not in curl_line(sent)
    assert repeat(sent, tmp_path)[2]["authorization"] == b"Bearer t0ken"


def test_a_reader_sees_what_can_be_seen(server: HTTPServer) -> None:
    line = curl_line(exchange(server, body='{"note": "é 漢"}'.encode()))
    assert "é 漢" in line
    assert "\u202e" not in curl_line(exchange(server, body="\u202e".encode()))
    assert "\x1b" not in curl_line(exchange(server, path="/\x1b[31m"))
    # A lone surrogate can't be sent; showing it must not fail.
    assert curl_line(exchange(server, path="/\ud800")).isprintable()
