"""Searches against the reference server: what they catch, and what they leave alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from chosen import TOGETHER
from searching import LIMITS, Searched, search, search_reference

from conformance.config import Effort, Limits
from conformance.model import Exchange
from conformance.reference.faults import FAULTS
from conformance.reference.launch import ReferenceServer
from conformance.reference.variations import VARIATIONS
from conformance.registry import catalogue
from conformance.runner.sequences import extent_of
from conformance.sequences.search import Extent
from conformance.sequences.steps import ALL, CORE, RUNNING, RUNNING_SQL, Cast

CAUGHT = [
    ("env-third-post-duplicates", CORE, 1, "CMF-ENV-UNIQUE"),
    ("env-list-keeps-deleted", CORE, 1, "CMF-ENV-DELETE"),
    ("env-delete-refused-first-gone", CORE, 1, "CMF-ENV-DELETE-CHILDREN"),
    ("app-namesake-deleted", CORE, 1, "CMF-APP-NAME-SCOPE"),
    ("app-update-lost-on-second", CORE, 1, "CMF-APP-UPDATE"),
    ("app-delete-takes-next", CORE, 1, "CMF-APP-DELETE"),
    ("app-namesake-started", RUNNING, 1, "CMF-APP-START"),
    ("stmt-stop-second-time-ignored", RUNNING_SQL, 1, "CMF-STMT-STOP"),
    ("stmt-resume-yaml-ignored", RUNNING_SQL, 1, "CMF-STMT-RESUME"),
    ("stmt-stop-loses-labels", RUNNING_SQL, 1, "CMF-STMT-STOP-SPEC"),
    ("pool-get-labels-lost-later", ALL, 1, "CMF-POOL-GET"),
    ("pool-list-longer-environment", ALL, 1, "CMF-POOL-LIST-SCOPE"),
    ("agree-environment-deleted-pools-back", ALL, 1, "CMF-AGREE-ENVIRONMENT-DELETED"),
    ("agree-environment-updated-mappings-lost", ALL, 2, "CMF-AGREE-ENVIRONMENT-UPDATED"),
    ("agree-secret-delete-drops-mapping", ALL, 1, "CMF-AGREE-SECRET-DELETED"),
]
LONGEST = 7
"""Requests of a counterexample, the one that shows it included."""
SHORT = Extent(steps=16, walk=16, requests=400, seconds=20.0, shortening_requests=400, shortening_seconds=8.0)


@pytest.mark.parametrize(("fault", "cast", "seed", "requirement"), CAUGHT, ids=[each[0] for each in CAUGHT])
def test_a_fault_is_caught_in_a_few_requests(fault: str, cast: Cast, seed: int, requirement: str) -> None:
    searched = search_reference(cast, [fault], seed=seed)
    assert [each.requirement for each in searched.findings] == [requirement]
    assert requirement in FAULTS[fault].breaks
    assert searched.examples[0].came_again
    assert len(searched.writes()) <= LONGEST, searched.findings[0].message
    assert f"after {len(searched.writes())} requests: POST /" in searched.findings[0].message


@pytest.mark.parametrize("taste", TOGETHER)
def test_a_correct_server_of_another_taste_is_left_alone(taste: str) -> None:
    with ReferenceServer((), TOGETHER[taste], pace=0.3) as server:
        for cast in (ALL, CORE, RUNNING, RUNNING_SQL):
            searched = search(server.url, cast, seed=5, extent=SHORT, limits=Limits(settle=4.0, deploy=4.0))
            assert [each.message for each in searched.findings] == []
            assert searched.agreed <= set(catalogue().requirements)


def test_every_variation_is_in_one_of_the_tastes() -> None:
    assert {name for taste in TOGETHER.values() for name in taste} == set(VARIATIONS)


def sent(searched: Searched) -> list[tuple[str, str, tuple[tuple[str, str], ...], bytes]]:
    """What left, byte for byte, without what tells one run and one target from another."""

    def plain(text: str) -> str:
        return text.replace(searched.prefix, "ours-")

    return [
        (
            each.request.method,
            plain(re.sub(r"^http://[^/]+", "", each.request.url)),
            tuple((name, value) for name, value in each.request.headers if name != "Host"),
            plain(each.request.body.decode()).encode(),
        )
        for each in searched.exchanges
    ]


def test_the_same_seed_sends_the_same_requests_and_another_seed_others() -> None:
    one, again, other = (search_reference(ALL, seed=seed, extent=SHORT) for seed in (7, 7, 8))
    assert len(sent(one)) > 100
    assert sent(one) == sent(again)
    assert sent(one) != sent(other)


def test_an_effort_is_kept_on_a_correct_server() -> None:
    extents = {cast: extent_of(Effort.STANDARD, cast) for cast in (ALL, CORE, RUNNING, RUNNING_SQL)}
    with ReferenceServer() as server:
        for cast, extent in extents.items():
            searched = search(server.url, cast, extent=extent)
            assert searched.search.spent <= extent.requests
    assert sum(extent.requests for extent in extents.values()) <= 240
    assert sum(extent.seconds for extent in extents.values()) <= 8.0


def test_the_opening_is_never_cut_off() -> None:
    nothing = Extent(steps=1, walk=1, requests=1, seconds=0.0, shortening_requests=0, shortening_seconds=0.0)
    searched = search_reference(ALL, extent=nothing)
    assert {"CMF-AGREE-ENVIRONMENT", "CMF-AGREE-SECRET", "CMF-STMT-GET", "CMF-CAT-LIST"} <= searched.agreed


def test_nothing_outside_of_the_cast_is_touched() -> None:
    searched = search_reference(CORE, extent=SHORT)
    words = {part for each in searched.exchanges for part in each.request.url.split("?")[0].split("/")}
    assert not words & {"statements", "secrets", "compute-pools", "secret-mappings", "kafka", "start"}


def test_a_list_is_told_by_the_exchange_that_shows_it() -> None:
    searched = search_reference(CORE, ["app-list-without-annotations"])
    (found,) = searched.findings
    last = searched.writes()[-1]
    assert found.requirement == "CMF-APP-LIST"
    assert (last.request.method, "?" in last.request.url) == ("GET", True)
    assert searched.examples[0].exchanges[-1] is last


# -- what happens once only ----------------------------------------------------------------------------


class Losing(BaseHTTPRequestHandler):
    """Passes everything on to a server, and empties the third list of applications that holds any, once."""

    protocol_version = "HTTP/1.1"
    port = 0
    lists = 0

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        kept = {name: self.headers[name] for name in ("accept", "content-type") if name in self.headers}
        connection.request(self.command, self.path, body or None, kept)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if "/applications?" in self.path and b"FlinkApplication" in content:
            type(self).lists += 1
            if self.lists == 3:
                content = json.dumps({"items": []}).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("content-type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = pass_on  # noqa: N815 - names are the base class's

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def losing(port: int) -> Iterator[str]:
    """A server in front of another."""
    handler = type("Handler", (Losing,), {"port": port, "lists": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_does_not_come_again_is_told_as_it_was_seen() -> None:
    with ReferenceServer() as server, losing(int(server.url.rpartition(":")[2])) as url:
        searched = search(url, CORE, extent=SHORT, limits=LIMITS)
    (found,) = searched.findings
    assert found.requirement == "CMF-APP-LIST"
    assert "is not listed (it was not seen again when the same was sent once more), after" in found.message
    assert "flaky" not in found.message.lower()
    example = searched.examples[0]
    assert not example.came_again
    assert shows_nothing(example.exchanges[-1])


def shows_nothing(exchange: Exchange) -> bool:
    assert exchange.response is not None
    return exchange.response.body == b'{"items": []}'
