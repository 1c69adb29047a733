"""The guard and the ledger for paths of another document: only below what is this run's, and removed again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.config import Limits, Mode, Target
from conformance.errors import ReportError
from conformance.target.cleanup import from_ledger
from conformance.target.guard import Ownership, judge
from conformance.target.layout import Collection, Layout, loaded, saved
from conformance.target.ledger import Ledger
from conformance.target.routes import NotCanonical

from .server import Behaviour, Versioned

RUN = "ab12cd34"
OURS = f"cmfc-{RUN}-1"
V1 = "/cmf/api/v1"
LAYOUT = Layout(
    (
        Collection(f"{V1}/folders"),
        Collection(f"{V1}/folders/{{}}/notes", "/metadata/uid"),
        Collection(f"{V1}/environments/{{}}/applications/{{}}/savepoints"),
    ),
    (f"{V1}/environments/{{}}/applications/{{}}/savepoints/{{}}/detach",),
)


def objection(method: str, path: str, body: object = None, layout: Layout | None = LAYOUT) -> str | None:
    content = b"" if body is None else json.dumps(body).encode()
    return judge(
        method, path, [], "application/json", content, Ownership(RUN, layout=layout), Mode.CERTIFICATION
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{V1}/folders", {"metadata": {"name": OURS}}),
        ("PUT", f"{V1}/folders/{OURS}", {"metadata": {"name": OURS}}),
        ("DELETE", f"{V1}/folders/{OURS}", None),
        ("POST", f"{V1}/folders/{OURS}/notes", {"metadata": {"name": OURS}}),
        ("DELETE", f"{V1}/folders/{OURS}/notes/5f0c", None),
        ("POST", f"{V1}/environments/{OURS}/applications/any/savepoints", {"metadata": {"name": OURS}}),
        ("POST", f"{V1}/environments/{OURS}/applications/any/savepoints/some/detach", None),
    ],
)
def test_what_is_ours_may_be_written_to(method: str, path: str, body: object) -> None:
    assert objection(method, path, body) is None
    assert objection(method, path, body, Layout()) == f"no resource that may be written to: {path}"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{V1}/folders", {"metadata": {"name": "theirs"}}),
        ("POST", f"{V1}/folders", {"name": 7}),
        ("DELETE", f"{V1}/folders", None),
        ("PUT", f"{V1}/folders/theirs", {"metadata": {"name": OURS}}),
        ("PUT", f"{V1}/folders/{OURS}", {"metadata": {"name": "theirs"}}),
        ("DELETE", f"{V1}/folders/theirs", None),
        ("POST", f"{V1}/folders/theirs/notes", {"metadata": {"name": OURS}}),
        ("DELETE", f"{V1}/folders/theirs/notes/{OURS}", None),
        ("POST", f"{V1}/environments/theirs/applications/{OURS}/savepoints", {"metadata": {"name": OURS}}),
        ("POST", f"{V1}/environments/{OURS}/applications/a/savepoints", {"environment": "theirs"}),
        ("POST", f"{V1}/environments/{OURS}/applications/a/savepoints", {"metadata": {"name": "theirs"}}),
        ("POST", f"{V1}/environments/theirs/applications/{OURS}/savepoints/{OURS}/detach", None),
        ("POST", f"{V1}/folders/{OURS}%2F..%2Ftheirs/notes", {"metadata": {"name": OURS}}),
        ("DELETE", f"{V1}/folders/{OURS}/notes/..", None),
        ("DELETE", f"{V1}/folders//notes/{OURS}", None),
        ("PUT", f"{V1}/license", {"metadata": {"name": OURS}}),
        ("PUT", f"{V1}/clusters/{OURS}", {"metadata": {"name": OURS}}),
    ],
)
def test_nothing_else_is_written_to(method: str, path: str, body: object) -> None:
    assert objection(method, path, body)


def test_a_place_is_what_its_path_says() -> None:
    place = LAYOUT.locate(f"{V1}/folders/{OURS}/notes/a%20b")
    assert place is not None
    assert place.resource is not None
    assert (place.kind, place.owner) == ("folders/{}/notes", ("folders", OURS))
    assert place.resource.path == f"{V1}/folders/{OURS}/notes/a%20b"
    with pytest.raises(NotCanonical):
        LAYOUT.locate(f"{V1}/folders/a%2Fb")


def test_a_layout_survives_in_the_ledger(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "l", run_id=RUN, target_url="http://t", layout=saved(LAYOUT)).close()
    with pytest.raises(ValueError, match="7"):
        loaded("[[7]]")
    ledger = Ledger.read(tmp_path / "l")
    ledger.close()
    assert loaded(ledger.layout).collections == LAYOUT.collections
    assert saved(Layout()) == ""
    assert loaded("") == Layout()


def test_an_interrupted_run_by_another_document_is_cleaned_up(tmp_path: Path) -> None:
    folder, note = f"{V1}/folders/{OURS}", f"{V1}/folders/{OURS}/notes/1"
    existing = {folder: {}, note: {}, f"{V1}/folders/theirs": {}}
    behaviour = Behaviour((f"{V1}/folders", f"{V1}/folders/{{}}/notes"), existing=existing)
    with Versioned(behaviour) as server:
        ledger = Ledger.create(tmp_path / "l", run_id=RUN, target_url=server.url, layout=saved(LAYOUT))
        for path in (folder, note, f"{V1}/folders/theirs"):
            place = LAYOUT.locate(path)
            assert place is not None
            assert place.resource is not None
            ledger.intend(place.resource)
        ledger.close()
        left = from_ledger(tmp_path / "l", Target(server.url, limits=Limits(settle=0.3)))
        assert [each.path for each in left] == [f"{V1}/folders/theirs"]
        assert list(server.resources) == [f"{V1}/folders/theirs"]
        assert [path for method, path, _ in server.writes if method == "DELETE"] == [note, folder]


def test_a_ledger_with_a_damaged_layout_is_refused(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "l", run_id=RUN, target_url="http://t", layout="{").close()
    with pytest.raises(ReportError, match="damaged"):
        from_ledger(tmp_path / "l", Target("http://127.0.0.1:9"))
