"""What the wire enters in the ledger before it sends, and what an answer makes of the entry."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.model import Resource
from conformance.target.guard import Ownership
from conformance.target.ledger import Ledger
from conformance.target.wire import GuardRefusal, NoAnswer

from .conftest import ENVIRONMENTS, JSON, OURS, RUN, Api, Connect, Received, Serve, answer, named


def test_a_creation_is_on_the_disk_before_it_is_sent(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    on_disk: list[str] = []

    def handler(request: Received, _: socket.socket) -> bytes:
        on_disk.append(ledger.path.read_text())
        return answer(201, request.body, "Content-Type: application/json")

    wire = connect(serve(handler).url)
    wire.send("POST", ENVIRONMENTS, headers=[JSON], content=named(OURS))
    assert f'"event":"intend","kind":"environments","name":"{OURS}"' in on_disk[0]
    assert "created" not in on_disk[0]
    assert ledger.created == ledger.open == (Resource("environments", OURS, f"{ENVIRONMENTS}/{OURS}"),)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (201, "created"),
        (200, "created"),
        (400, "refused"),
        (422, "refused"),
        (408, "unknown"),
        (500, "unknown"),
        (302, "unknown"),
    ],
)
def test_the_answer_is_noted(serve: Serve, connect: Connect, ledger: Ledger, status: int, state: str) -> None:
    wire = connect(serve(lambda *_: answer(status)).url)
    wire.send("POST", f"{ENVIRONMENTS}/{OURS}/applications", content=b'{"metadata": {"name": "abcd"}}')
    path = f"{ENVIRONMENTS}/{OURS}/applications/abcd"
    assert ledger.state(path) == state
    assert [resource.path for resource in ledger.open] == [path]


def test_no_answer_is_unknown_and_no_connection_is_a_refusal(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    with pytest.raises(NoAnswer):
        connect(serve(lambda *_: None).url).send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}") == "unknown"
    with pytest.raises(NoAnswer, match=r"ConnectError: \[Errno \d+\] Connection refused"):
        connect(unused_url()).send("POST", ENVIRONMENTS, content=named(f"{OURS}b"))
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}b") == "refused"


def test_a_resource_is_gone_when_404_follows_its_deletion(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    api = Api()
    wire = connect(serve(api).url)
    path = f"{ENVIRONMENTS}/{OURS}"
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    wire.send("POST", f"{path}/applications", content=b'{"metadata": {"name": "abcd"}}')
    api.status["GET", path] = [404]
    wire.send("GET", path)
    assert ledger.state(path) == "created", "a 404 without a deletion proves nothing"
    wire.send("DELETE", path)
    assert ledger.state(path) == "created", "an acknowledged deletion may still be under way"
    wire.send("GET", path)
    assert ledger.open == (), "what was inside the environment is gone with it"
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    assert ledger.state(path) == "created"
    assert len(ledger.created) == 2
    api.status["GET", path] = [404]
    wire.send("GET", path)
    assert ledger.state(path) == "created", "the deletion was of the one before"


def test_a_404_does_not_close_what_is_being_created(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    path = f"{ENVIRONMENTS}/{OURS}"
    go_on = threading.Event()
    posts = []

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.method != "POST":
            return answer(404)
        posts.append(request)
        if len(posts) == 1:
            return answer(400)
        go_on.wait(5)
        return answer(201)

    wire = connect(serve(handler).url, limits={"read_timeout": 10.0})
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    with ThreadPoolExecutor(1) as pool:
        creation = pool.submit(wire.send, "POST", ENVIRONMENTS, content=named(OURS))
        while len(posts) < 2:
            time.sleep(0.005)
        for method in ("GET", "DELETE", "GET"):
            wire.send(method, path)
            assert ledger.state(path) == "refused"
        go_on.set()
        creation.result()
    assert ledger.state(path) == "created"


def test_a_404_to_a_question_from_before_the_deletion_proves_nothing(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    path = f"{ENVIRONMENTS}/{OURS}"
    asked, go_on = threading.Event(), threading.Event()

    def handler(request: Received, _: socket.socket) -> bytes:
        if request.method == "GET":
            asked.set()
            go_on.wait(5)
            return answer(404)
        return answer(201 if request.method == "POST" else 202)

    wire = connect(serve(handler).url, limits={"read_timeout": 10.0})
    wire.send("POST", ENVIRONMENTS, content=named(OURS))
    with ThreadPoolExecutor(1) as pool:
        question = pool.submit(wire.send, "GET", path)
        assert asked.wait(5)
        wire.send("DELETE", path)
        go_on.set()
        question.result()
    assert ledger.state(path) == "created"
    wire.send("GET", path)
    assert ledger.state(path) == "gone"


def test_a_name_that_the_target_changed_is_entered_too(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    wire = connect(serve(lambda *_: answer(201, named(OURS), "Content-Type: application/json")).url)
    wire.send("POST", ENVIRONMENTS, content=named(f" {OURS.upper()}"))
    assert {resource.name for resource in ledger.open} == {f" {OURS.upper()}", OURS}


def test_a_name_that_the_target_chose_is_entered_too(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(lambda *_: answer(201, b"name: 'null'", "Content-Type: application/yaml")).url)
    wire.send("POST", ENVIRONMENTS, content=b'{"name": null}')
    assert ledger.open == (Resource("environments", "null", f"{ENVIRONMENTS}/null"),)


def test_of_two_names_the_answered_one_was_created(serve: Serve, connect: Connect, ledger: Ledger) -> None:
    wire = connect(serve(lambda *_: answer(201, named(f"{OURS}b"), "Content-Type: application/json")).url)
    wire.send("POST", ENVIRONMENTS, content=f'{{"name": "{OURS}a", "name": "{OURS}b"}}'.encode())
    assert ledger.state(f"{ENVIRONMENTS}/{OURS}a") == "unknown"
    assert [resource.name for resource in ledger.created] == [f"{OURS}b"]


def test_a_write_to_a_resource_is_entered_as_it_may_create_it(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    wire = connect(serve(lambda *_: answer(200)).url)
    wire.send("PUT", f"{ENVIRONMENTS}/{OURS}", content=named(OURS))
    wire.send("POST", f"{ENVIRONMENTS}/{OURS}/applications/abcd/start")
    assert [resource.name for resource in ledger.created] == [OURS]


def test_a_claimed_name_must_have_been_seen_to_be_free(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    ownership = Ownership(RUN)
    wire = connect(serve(Api()).url, ownership=ownership)
    ownership.claim("abc")
    for method, path, content in (
        ("POST", ENVIRONMENTS, named("abc")),
        ("DELETE", f"{ENVIRONMENTS}/abc", None),
        ("PUT", f"{ENVIRONMENTS}/abc", None),
    ):
        with pytest.raises(GuardRefusal, match="not seen to be free"):
            wire.send(method, path, content=content)
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    with pytest.raises(GuardRefusal, match="not seen to be free"):
        wire.send("DELETE", f"{ENVIRONMENTS}/abc")
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    wire.send("DELETE", f"{ENVIRONMENTS}/abc")
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    assert ledger.open == ()


def test_a_claimed_name_that_can_be_none_may_be_written_to(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    ownership = Ownership(RUN)
    wire = connect(serve(lambda *_: answer(400)).url, ownership=ownership)
    ownership.claim("abc")
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    assert ledger.state(f"{ENVIRONMENTS}/abc") == "refused"


def test_a_claimed_name_that_somebody_took_meanwhile_is_given_up(
    serve: Serve, connect: Connect, ledger: Ledger
) -> None:
    ownership = Ownership(RUN)
    wire = connect(
        serve(lambda request, _: answer(404 if request.method == "GET" else 409)).url, ownership=ownership
    )
    ownership.claim("abc")
    wire.send("GET", f"{ENVIRONMENTS}/abc")
    wire.send("POST", ENVIRONMENTS, content=named("abc"))
    assert not ownership.owns("abc")
    assert ledger.open == ()


def unused_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
